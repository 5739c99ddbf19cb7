"""How a node goes on when something is wrong while it makes a child: a rotten page of the parent, files of an
earlier making that are not durable yet, a copy of the pages that a peer still reads.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.acceptor import Acceptor
from dynaproof.impl.paxos.files import logs_of, pages_of
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.learner import Learner
from dynaproof.impl.paxos.messages.leadership import Release
from dynaproof.impl.paxos.messages.membership import DropReplica
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.storage_node.making import Making
from dynaproof.impl.storage_node.messages import DropPartition, Written
from dynaproof.impl.storage_node.node_journal import Made, NodeJournal, Silent
from dynaproof.impl.tree.page_file import Part
from dynaproof.impl.tree.pages import RottenPageError
from tests.examples.split_group import CONFIG, HIGH, LEFT, LOW, PARENT, RIGHT, SETTINGS, SPLIT, SplitGroup

BORN = "dynaproof.impl.storage_node.making.born"
RECOVERED = "a recovery"


def without_children(group: SplitGroup, lost: tuple[int, ...], silent: tuple[int, ...]) -> None:
    """`sb` has applied the barrier, and crashed before the files of some children were durable; others have
    fallen silent.
    """
    group.put(LOW)
    group.prepare()
    group.tell("sa", SPLIT)
    node = group.node("sb")
    group.wait(lambda: LEFT in node.making and RIGHT in node.making)
    group.go(100)
    group.crash("sb")
    disk = group.place("sb").disk
    for child in lost:
        for name in disk.logs(logs_of(child)):
            disk.remove_log(name)
        for name in disk.files(pages_of(child)):
            disk.remove_file(name)
    journal = NodeJournal(disk, SETTINGS.node_frames)
    journal.recover()
    for child in silent:
        journal.append(Silent(child, 1))
    disk.sync_started()
    disk.sync_done()


@pytest.mark.parametrize(
    ("lost", "silent"), [((LEFT, RIGHT), ()), ((RIGHT,), ()), ((), ()), ((), (LEFT,)), ((RIGHT,), (LEFT,))]
)
def test_a_node_that_finds_rot_when_it_makes_children_at_its_start_has_looked_at_its_disk(
    lost: tuple[int, ...], silent: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would report nothing more in this life, and remove no page file."""

    def rotten(*_: Any) -> Any:
        raise RottenPageError("a page on the path of the cut")

    group = SplitGroup()
    without_children(group, lost, silent)
    monkeypatch.setattr(BORN, rotten)
    group.restart("sb")
    node = group.node("sb")
    assert not node.broken
    assert node.lines.known
    assert PARENT not in node.replicas
    assert node.journal.silent_incarnation(PARENT), "it is the parent that has forgotten something"


@pytest.mark.parametrize("rotten", ["dynaproof.impl.partition.birth.take_part", RECOVERED])
def test_what_was_changed_before_rot_was_found_takes_no_room_in_the_cache(
    rotten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would until the node starts again, and leave the others little."""
    group = SplitGroup()
    for number in range(8):
        for side in (LOW, HIGH):
            group.put(side + bytes([number]), bytes(100))
    if rotten == RECOVERED:
        apply_chosen = Replica.apply_chosen

        def applies(replica: Replica[Any]) -> None:
            apply_chosen(replica)
            dirty.append(group.node("sb").cache.dirty_bytes)
            raise RottenPageError("a page that is needed to apply what follows")

        dirty: list[int] = []
        monkeypatch.setattr(Learner, "apply_chosen", applies)
        group.restart("sb")
        assert dirty[0] > 0
    else:

        def takes(*_: Any) -> None:
            raise RottenPageError("a page on the way to the buckets")

        monkeypatch.setattr(rotten, takes)
        group.prepare()
        group.tell("sa", SPLIT)
        group.wait(lambda: PARENT not in group.node("sb").replicas)
    assert PARENT not in group.node("sb").replicas
    assert not group.node("sb").cache.dirty_bytes


@pytest.mark.parametrize(
    ("incarnation", "there", "split", "unread", "comes"),
    [
        (1, True, SPLIT, False, True),
        (1, True, None, False, False),
        (1, False, None, True, True),
        (1, False, None, False, False),
        (2, True, SPLIT, False, False),
    ],
)
def test_a_child_that_its_parent_here_is_about_to_make_is_not_made_empty_by_a_command(
    incarnation: int, there: bool, split: Any, unread: bool, comes: bool
) -> None:
    """Three disks that stall for long would leave three empty children, and nobody who has the data."""
    parent = SimpleNamespace(state=SimpleNamespace(split=split))
    node = SimpleNamespace(
        replicas={PARENT: parent} if there else {}, unread={PARENT: True} if unread else {0: True}
    )
    command = SimpleNamespace(parent=PARENT, member=SimpleNamespace(incarnation=incarnation))
    making = cast(Any, SimpleNamespace(node=node))
    assert Making.comes_by_split(making, cast(Any, command)) == comes
    command.parent = 0
    assert not Making.comes_by_split(making, cast(Any, command)), "it has no parent"


@pytest.mark.parametrize("there", [0, 1])
def test_a_child_is_made_by_copy_only_if_another_voter_of_it_is_there(there: int) -> None:
    """Else all of its voters could be made empty, and nobody would have the data (model `hosting`)."""
    voters = [Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc"]
    child = SimpleNamespace(
        state="listed", config=SimpleNamespace(voters=voters), config_slot=4, parent=PARENT
    )
    sent: list[NodeId] = []
    splits = SimpleNamespace(
        env=SimpleNamespace(now=0, enter=lambda _: None, send=lambda to, _: sent.append(to)),
        settings=SimpleNamespace(make_us=10),
        term=SimpleNamespace(term=1),
        nodes=SimpleNamespace(
            must_be_made=lambda voter, *_: voters.index(voter) >= there,
            is_there=lambda voter, _: voters.index(voter) < there,
        ),
    )
    one = SimpleNamespace(heard=SimpleNamespace(missing_since={}))
    for now in (0, 10):
        splits.env.now = now
        Splits.make(cast(Any, splits), cast(Any, one), LEFT, cast(Any, child))
    assert sent == ([voter.node for voter in voters[1:]] if there else [])


def test_the_pages_of_a_parent_that_falls_silent_go_though_its_children_were_being_made() -> None:
    group = SplitGroup()
    group.put(LOW)
    group.prepare()
    group.tell("sa", SPLIT)
    node, disk = group.node("sb"), group.place("sb").disk
    group.wait(lambda: LEFT in node.making and not node.journal.was_made(LEFT))
    group.world.run(group.place("sb"), node.silence, node.replicas[PARENT].incarnation, lane=PARENT)
    group.go(50_000)
    assert not node.making
    assert not disk.files(), "nobody names them any more"


def test_the_pages_of_a_parent_go_with_the_last_of_its_children_that_is_dropped() -> None:
    group = SplitGroup()
    group.put(LOW)
    group.prepare()
    group.tell("sa", SPLIT)
    group.wait(group.have_children)
    disk = group.place("sb").disk
    (pages,) = disk.files(pages_of(PARENT))
    for number in (PARENT, LEFT):
        group.tell("sb", DropReplica(group.replica("sb", number).member), number)
        group.go(3_000)
    assert not group.replica("sb", RIGHT).state.pages.home, "else this shows nothing"
    assert pages in disk.files()
    group.tell("sb", DropReplica(group.replica("sb", RIGHT).member), RIGHT)
    group.go(3_000)
    assert not disk.files()


def test_the_pages_of_a_parent_go_with_the_last_of_its_children_that_is_buried() -> None:
    """A table may be deleted before its children have brought their pages home (A7, P6)."""
    group = SplitGroup(region=True)
    group.put(LOW)
    group.prepare()
    group.tell("sa", SPLIT)
    group.wait(group.have_children)
    disk = group.place("sb").disk
    (pages,) = disk.files(pages_of(PARENT))
    for number, stay in ((PARENT, True), (LEFT, True), (RIGHT, False)):
        homeless = not group.replica("sb", RIGHT).state.pages.home
        assert homeless, "else this shows nothing"
        group.tell("sb", DropPartition(1, 0 if number == PARENT else PARENT), number)
        group.go(3_000)
        assert (pages in disk.files()) == stay


def test_a_child_is_not_marked_by_the_word_that_files_of_an_earlier_making_are_durable() -> None:
    """A crash could keep the mark and lose the files."""
    marked: list[Any] = []
    journal = SimpleNamespace(append=lambda record: marked.append(record) or 1)
    env = SimpleNamespace(lane=LEFT, me=None, send=lambda *_: None)
    making = Making(cast(Any, SimpleNamespace(env=env, journal=journal, replicas={})))
    making.under_way[LEFT] = cast(Any, SimpleNamespace())
    making.unsynced[LEFT] = 2
    making.on_written(Written(1))
    assert marked == []
    making.on_written(Written(1))
    assert marked == [Made(LEFT, 1, 0)]
    assert not making.unsynced


def test_pages_that_a_peer_copies_keep_the_files_of_their_line_though_a_copy_has_replaced_them() -> None:
    """The parent's file must stay as long as one reads in it (P6)."""

    def pages(held: bool, *older: str) -> Any:
        return SimpleNamespace(held={1: 1} if held else {}, older=tuple(Part(name, 0) for name in older))

    def files(*replaced: Any) -> tuple[str, ...]:
        replica = SimpleNamespace(
            state=SimpleNamespace(pages=pages(True)),
            log=SimpleNamespace(head=SimpleNamespace(older=(Part("named", 0),))),
            upkeep=SimpleNamespace(replaced=list(replaced)),
        )
        return Learner.files_of_others(cast(Any, replica))

    assert files() == ("named",)
    assert files(pages(False, "parent")) == ("named",)
    assert files(pages(True, "parent"), pages(True, "grandparent")) == ("grandparent", "named", "parent")


@pytest.mark.parametrize("granted", [True, False])
def test_whoever_hears_that_a_leader_ends_learns_what_it_knew_to_be_chosen(granted: bool) -> None:
    """Nobody would say the barrier again (H6)."""
    learned: list[Any] = []
    ballot, other = Ballot(3, "sa", 1), Ballot(2, "sb", 2)
    me = CONFIG.voters[2]
    replica = SimpleNamespace(
        grant=SimpleNamespace(released=other, to=ballot if granted else other),
        commit_through=lambda *given: learned.append(given),
        log=SimpleNamespace(commit=8),
        copying=False,
        fetch=learned.append,
        env=SimpleNamespace(now=5),
        lease_granted_until=9,
        heard_alive_at=4,
        member=me,
    )
    source = Member(CONFIG.voters[0].node, 1)
    release = Release(source, 1, ballot, 9, None)
    Acceptor.on_release(cast(Any, replica), source.node, release)
    assert learned == [(9, ballot), source]
    assert (replica.lease_granted_until == 5) == granted, "only a lease that was granted to it is over"
