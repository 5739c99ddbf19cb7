"""What replicas of a child need before its voters are replaced, and whose pages are whose: when a file goes,
who moves pages home, and whom damage silences (rule M2 of docs/replication.md; P1 and P3 to P8 of
docs/table.md).
"""

from __future__ import annotations

import pytest

from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.split import SplitPartition
from dynaproof.impl.paxos.files import logs_of, pages_of
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import DropReplica, Gone, NotNow, ReplaceVoter
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import whole
from tests.examples.pinned_regions import run_pinned
from tests.examples.split_group import HIGH, LEFT, LOW, MIDDLE, PARENT, RIGHT, SPLIT, SplitGroup, member

NAMES = ("sa", "sb", "sc")
FIRST, SECOND = 4, 5
"""The children of the left child."""


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


def test_two_voters_of_a_child_of_five_are_replaced_though_neither_was_ever_heard_of() -> None:
    """Found by `split-and-repair`: each of the two waited until the other one was heard of."""
    assert run_pinned("two_voters_of_a_child_lost_unheard").failure is None


@pytest.mark.parametrize(("voters", "lacks"), [(1, 0), (3, 0), (5, 1), (7, 2)])
def test_a_child_may_lack_fewer_voters_than_it_may_lose_and_others_lack_none(voters: int, lacks: int) -> None:
    nodes = [NodeId("region", f"zone {place}", f"s{place}") for place in range(voters)]
    child = Config(0, tuple(Member(node, 1) for node in nodes), voters + 1)
    first = Config(0, tuple(Member(node, place + 1) for place, node in enumerate(nodes)), voters + 1)
    assert child.may_lack == lacks
    assert first.may_lack == 0
    assert child.replacing(child.voters[0], Member(nodes[0], child.next_incarnation)).may_lack == 0


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


def test_what_a_child_brings_home_with_one_checkpoint_does_not_grow_with_what_it_has() -> None:
    group = SplitGroup(home_us=10_000_000, home_pages=2)
    for number in range(60):
        group.put(LOW + bytes([number]), b"item" * 50)
    group.tell("sa", SPLIT)
    group.wait(group.have_children)
    place, child = group.place("sb"), group.replica("sb", LEFT)
    pages, checkpoints = child.state.pages, 0
    while not pages.home:
        before = place.disk.bytes_written
        group.world.run(place, child.write_checkpoint, lane=LEFT)
        assert place.disk.bytes_written - before < 10 * pages.page_bytes
        checkpoints += 1
        group.wait(lambda: child.checkpoint is None)
    assert checkpoints >= 10
    assert len([*child.state.items.range()]) == 60


def test_a_page_file_that_a_copy_has_replaced_goes() -> None:
    group = SplitGroup(checkpoint_slots=8, retained_slots=4)
    disk = group.place("sc").disk
    late = group.replica("sc")
    for number in range(60):
        if number == 20:
            group.wait(lambda: late.log.head.snapshot is not None)
            before = disk.files(pages_of(PARENT))
            group.cut("sc")
        group.put(LOW + bytes([number]))
    group.mend()
    assert before == [late.state.pages.name]
    group.wait(lambda: late.state.pages.name not in before)
    group.wait(lambda: late.checkpoint is None)
    assert disk.files(pages_of(PARENT)) == [late.state.pages.name]


def test_what_was_changed_in_a_tree_that_a_copy_has_replaced_takes_no_room_in_the_cache() -> None:
    """It would until the node starts again, and leave the others little."""
    group = SplitGroup(checkpoint_slots=8, retained_slots=4)
    late, cache = group.replica("sc"), group.node("sc").cache
    for number in range(40):
        if number == 4:
            group.cut("sc")
        group.put(LOW + bytes([number]))
    replaced = late.state.pages
    assert replaced.dirty_bytes, "else this shows nothing"
    group.mend()
    group.wait(lambda: late.state.pages is not replaced)
    assert not replaced.dirty_bytes
    assert cache.dirty_bytes == late.state.pages.dirty_bytes


def test_what_was_changed_in_a_replica_that_is_dropped_takes_no_room_in_the_cache() -> None:
    group = SplitGroup()
    group.put(LOW)
    cache, pages = group.node("sb").cache, group.replica("sb").state.pages
    group.wait(lambda: pages.dirty_bytes)
    dropped_at(group, "sb")
    assert not pages.dirty_bytes
    assert not cache.dirty_bytes


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


def test_a_page_file_stays_while_a_copy_is_written_into_it() -> None:
    group = SplitGroup(checkpoint_slots=8, retained_slots=4, chunk_pages=1, chunk_slots=2)
    group.cut("sc")
    for number in range(40):
        group.put(LOW + bytes([number]), b"item" * 50)
    group.mend()
    late = group.replica("sc")
    group.wait(lambda: late.copy is not None and late.env.disk.page_end(late.copy.pages.file))
    file = late.copy.pages.file
    group.world.run(group.place("sc"), late.write_checkpoint, lane=PARENT)
    group.wait(lambda: late.checkpoint is None)
    assert late.copy is not None, "the checkpoint has ended, and the copy has not"
    assert file in group.place("sc").disk.files(pages_of(PARENT))
    group.wait(lambda: late.state.applied == group.replica("sa").state.applied)
    assert group.replica("sc") is late, "it did not fall silent"


def test_a_child_is_split_again_only_while_its_pages_lie_in_fewer_files_than_they_may() -> None:
    group = SplitGroup(home_us=1_000_000, files_per_head=2)
    for key in (LOW, HIGH):
        group.put(key)
    group.tell("sa", SPLIT)
    group.wait(group.have_children)
    leader, (half, _) = group.replica("sa", LEFT), whole().split(MIDDLE)
    group.wait(lambda: leader.serving)
    group.wait(lambda: all(leader.leadership.progress[voter].full for voter in leader.others()))
    again = SplitPartition(0, half, half.midpoint(), FIRST, SECOND)
    assert not leader.state.pages.home
    group.tell("sa", again, LEFT)
    group.wait(lambda: group.heard(NotNow))
    assert group.heard(NotNow)[-1].reason == "its pages lie in as many files as they may"
    group.wait(lambda: leader.state.pages.home, 1_000_000)
    group.tell("sa", again, LEFT)
    group.wait(lambda: all(FIRST in group.node(name).replicas for name in NAMES))


def test_a_child_that_was_split_brings_nothing_home_any_more() -> None:
    group = split()
    leader, (half, _) = group.replica("sa", LEFT), whole().split(MIDDLE)
    group.wait(lambda: leader.serving)
    group.wait(lambda: all(leader.leadership.progress[voter].full for voter in leader.others()))
    group.tell("sa", SplitPartition(0, half, half.midpoint(), FIRST, SECOND), LEFT)
    group.wait(lambda: all(FIRST in group.node(name).replicas for name in NAMES))
    frozen, child = group.replica("sb", LEFT), group.replica("sb", FIRST)
    assert not frozen.state.pages.home, "it was split before its pages were home"
    group.wait(lambda: frozen.rooted)
    roots = frozen.log.head.snapshot.roots
    group.wait(lambda: child.state.pages.home, 1_000_000)
    assert frozen.log.head.snapshot.roots == roots
    group.restart("sb")
    assert group.replica("sb", FIRST).state.items.get(LOW).item == b"low"


def test_a_damaged_page_of_the_parent_is_not_brought_home() -> None:
    group, first = SplitGroup(), b"first" * 12
    group.put(LOW, first)
    for number in range(20):
        group.put(LOW + bytes([number]), b"other" * 12)
    group.put(HIGH)
    group.tell("sa", SPLIT)
    group.wait(group.have_children)
    disk = group.place("sb").disk
    group.wait(lambda: disk.written == disk.durable)
    group.crash("sb")
    ((file, page, at),) = [
        (file, page, data.index(first))
        for file, pages in disk.durable_files().items()
        for page, data in pages.items()
        if first in data
    ]
    assert file.startswith(pages_of(PARENT)), "no child has copied it"
    disk.rot_page(file, page, at, 1)
    group.world.start(group.place("sb"))
    group.wait(lambda: not group.node("sb").unread)
    child, journal = group.replica("sb", LEFT), group.node("sb").journal
    group.wait(lambda: journal.silent_incarnation(LEFT) or child.state.pages.home, 1_000_000)
    assert journal.silent_incarnation(LEFT)
    assert journal.live(RIGHT), "it has not read that page"


def test_the_pages_of_a_parent_that_falls_silent_stay_for_its_children() -> None:
    group = split()
    disk = group.place("sb").disk
    (pages,) = disk.files(pages_of(PARENT))
    group.world.run(group.place("sb"), group.node("sb").silence, member("sb", 2).incarnation, lane=PARENT)
    group.wait(lambda: disk.written == disk.durable and not disk.logs(logs_of(PARENT)))
    assert disk.files(pages_of(PARENT)) == [pages]
    group.restart("sb")
    assert group.replica("sb", LEFT).state.items.get(LOW).item == b"low"
    assert group.replica("sb", RIGHT).state.items.get(HIGH).item == b"high"
