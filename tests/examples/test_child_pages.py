"""What replicas of a child need before its voters are replaced, and its older page files go (rule M2 of
docs/replication.md; P3 and P6 of docs/table.md).
"""

from __future__ import annotations

import pytest

from dynaproof.impl.paxos.files import pages_of
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import DropReplica, Gone, NotNow, ReplaceVoter
from tests.examples.split_group import HIGH, LEFT, LOW, PARENT, RIGHT, SPLIT, SplitGroup, member


def split() -> SplitGroup:
    """A group that was split, with an item in each child at all nodes."""
    group = SplitGroup(home_us=20_000)
    group.put(LOW, b"low")
    group.put(HIGH, b"high")
    group.tell("sa", SPLIT)
    group.wait(group.have_children)
    return group


def test_no_voter_of_a_child_is_replaced_before_all_others_were_heard_of() -> None:
    group = SplitGroup()
    group.put(LOW)
    group.cut("sc")
    group.tell("sa", SPLIT)
    group.wait(lambda: group.have_children("sa", "sb"))
    leader = group.replica("sa", LEFT)
    group.wait(lambda: leader.serving)
    out, new = leader.config.voters[1], Member(member("sb").node, leader.config.next_incarnation)
    group.tell("sa", ReplaceVoter(0, out, new, "log"), LEFT)
    group.wait(lambda: group.heard(NotNow))
    assert group.heard(NotNow)[0].reason == "a voter is not admitted"
    assert leader.config.epoch == 0


def dropped_at(group: SplitGroup, name: str) -> None:
    """The parent's replica goes there."""
    group.tell(name, DropReplica(group.replica(name).member))
    group.wait(lambda: group.heard(Gone, name))


@pytest.mark.parametrize("number", range(3))
def test_a_crash_never_finds_a_child_that_lacks_pages_of_its_parent(number: int) -> None:
    group = split()
    disk = group.place("sb").disk
    dropped_at(group, "sb")
    group.wait(lambda: not disk.files(pages_of(PARENT)), 1_000_000)
    group.world.crash(group.place("sb"), f"crash {number}", spare=True)
    group.world.start(group.place("sb"))
    group.wait(lambda: not group.node("sb").unread)
    for child, key, item in ((LEFT, LOW, b"low"), (RIGHT, HIGH, b"high")):
        assert group.replica("sb", child).state.items.get(key).item == item


def test_a_page_file_stays_while_a_peer_copies_from_it() -> None:
    group = split()
    disk = group.place("sb").disk
    pages = group.replica("sb", LEFT).state.pages
    held = pages.hold_durable()
    dropped_at(group, "sb")
    group.wait(lambda: pages.home, 1_000_000)
    group.go(500_000)
    assert disk.files(pages_of(PARENT))
    pages.let_go(held)
    group.world.run(group.place("sb"), group.replica("sb", LEFT).remove_unneeded_files, lane=LEFT)
    group.wait(lambda: not disk.files(pages_of(PARENT)), 1_000_000)
