"""What a node does for a partition that is split: its part of the children (rules H1 to H3, H8 and H11 of
docs/table.md).
"""

from __future__ import annotations

import pytest
from msgspec import structs

from dynaproof.impl.partition.messages.readers import CursorPlaced, MoveCursor
from dynaproof.impl.partition.messages.requests import Get, Reply
from dynaproof.impl.paxos.files import log_prefix, logs_of, pages_file, pages_of
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica, Gone
from dynaproof.impl.storage_node.agent import hosted
from dynaproof.impl.storage_node.messages import NotYet
from tests.examples.pinned_regions import run_pinned
from tests.examples.split_group import CLIENT, HIGH, LEFT, LOW, PARENT, RIGHT, SPLIT, SplitGroup, member

NAMES = ("sa", "sb", "sc")
CHILDREN = (LEFT, RIGHT)


def contents(group: SplitGroup, name: str, child: int) -> dict[bytes, bytes]:
    """The items of a child at a node."""
    return {key: stored.item for key, stored in group.replica(name, child).state.items.range()}


def applied(group: SplitGroup, name: str = "sa") -> None:
    """The group is ordered to split, until this node has applied that."""
    group.tell("sa", SPLIT)
    group.wait(lambda: group.is_split(name))


def filled() -> SplitGroup:
    """A group with an item in each half."""
    group = SplitGroup()
    group.put(LOW, b"low")
    group.put(HIGH, b"high")
    return group


def split_elsewhere() -> SplitGroup:
    """A group whose children are at `sa` and `sc`, while `sb` is cut off and knows of no split."""
    group = filled()
    group.prepare()
    group.cut("sb")
    applied(group)
    group.wait(lambda: group.have_children("sa", "sc"))
    return group


def command_left(group: SplitGroup, name: str = "sb") -> None:
    """A node is commanded to make a replica of the left child, which comes by copy."""
    head = group.replica("sa", LEFT).log.head
    group.tell(name, CreateReplica(member(name), head.config, head.config_slot, parent=PARENT), LEFT)


# --- How they are made (H1, H3) ---


def test_children_have_their_halves_and_answer_for_them() -> None:
    group = filled()
    applied(group)
    group.wait(group.have_children)
    for name in NAMES:
        assert contents(group, name, LEFT) == {LOW: b"low"}
        assert contents(group, name, RIGHT) == {HIGH: b"high"}
        for child in CHILDREN:
            replica = group.replica(name, child)
            assert replica.member == member(name)
            assert replica.config.epoch == 0
            assert replica.log.head.config_slot == group.replica(name).state.barrier
    for child, key in ((LEFT, LOW), (RIGHT, HIGH)):
        group.wait(lambda child=child: group.replica("sa", child).serving)
        asked = group.ask("sa", Get(key, strong=True), child)
        group.wait(lambda asked=asked: [m for m in group.heard(Reply) if m.request == asked.request])


def test_what_readers_hold_of_a_parent_its_children_hold_from_the_barrier_on() -> None:
    group = filled()
    group.tell("sa", MoveCursor(CLIENT, "stream", 2))
    group.wait(lambda: group.heard(CursorPlaced))
    group.put(LOW, b"unread")
    applied(group)
    group.wait(group.have_children)
    (held,) = group.replica("sa").state.holds.values()
    barrier = group.replica("sa").state.barrier
    assert held.through < barrier
    for name in NAMES:
        read = group.replica(name).log.head.snapshot.log_bytes
        for child in CHILDREN:
            holds = group.replica(name, child).state.holds
            assert holds == {"stream": structs.replace(held, through=barrier, bytes_through=read)}


def test_who_copies_what_a_child_began_with_follows_the_childs_leader() -> None:
    """The ballots of a parent are none of its children's: no copy brings a promise of them."""
    group = filled()
    for name in ("sa", "sb", "sa", "sb"):
        group.world.run(group.place(name), group.replica(name).hand_over, lane=PARENT)
        group.wait(lambda name=name: group.replica("sb" if name == "sa" else "sa").serving)
    others = group.replica("sa").leadership.progress
    group.wait(lambda: all(others[one].full for one in group.replica("sa").others()))
    of_parent = group.replica("sa").leading
    group.prepare()
    group.cut("sc")
    group.tell("sa", SPLIT)
    group.wait(lambda: group.have_children("sa", "sb"))
    group.wait(lambda: group.replica("sa", LEFT).serving)
    ballot = group.replica("sa", LEFT).leading
    assert ballot < of_parent, "else this shows nothing"
    group.tell("sc", DropReplica(group.replica("sc").member))
    command_left(group, "sc")
    group.mend()
    group.wait(lambda: group.replica("sc", LEFT) and contents(group, "sc", LEFT))
    assert contents(group, "sc", LEFT) == {LOW: b"low"}
    group.go(500_000)
    assert group.replica("sc", LEFT).log.promised == group.replica("sa", LEFT).leading == ballot


def test_a_child_is_marked_once_its_files_are_durable_and_starts_once_it_is_marked() -> None:
    group = filled()
    applied(group)
    disk, node = group.place("sa").disk, group.node("sa")
    marked_at: dict[int, int] = {}
    rooted_at: list[int] = []

    def in_order() -> bool:
        if group.replica("sa").rooted:
            rooted_at.append(disk.written)
        for child in CHILDREN:
            if node.journal.live(child):
                marked_at.setdefault(child, disk.written)
                assert disk.durable_logs(log_prefix(child, 1))
                assert rooted_at, "its parent names the barrier"
                assert disk.durable >= rooted_at[0], "and that is durable, too"
            if group.replica("sa", child) is not None:
                assert node.journal.live(child)
                assert disk.durable >= marked_at[child]
        return group.have_children("sa")

    group.wait(in_order)


@pytest.mark.parametrize("steps", range(0, 40, 2))
def test_a_crash_at_any_step_of_a_split_leaves_children_that_are_made_once(steps: int) -> None:
    group = filled()
    group.tell("sa", SPLIT)
    for _ in range(steps):
        group.world.step()
    spoke = [child for child in CHILDREN if group.replica("sa", child) is not None]
    group.restart("sa")
    assert all(group.node("sa").journal.live(child) for child in spoke)
    while not group.is_split():
        group.go(50_000)
        for name in NAMES:
            group.tell(name, SPLIT)
    group.wait(group.have_children)
    for name in NAMES:
        assert contents(group, name, LEFT) == {LOW: b"low"}
        assert contents(group, name, RIGHT) == {HIGH: b"high"}
        assert [group.replica(name, child).incarnation for child in CHILDREN] == [1, 1]


def test_children_are_made_by_a_restart_that_finds_the_barrier() -> None:
    group = filled()
    applied(group, "sb")
    group.wait(lambda: group.replica("sb").rooted and not group.have_children("sb"))
    group.wait(lambda: group.place("sb").disk.written == group.place("sb").disk.durable)
    assert not group.node("sb").journal.was_made(LEFT)
    group.crash("sb")
    group.world.start(group.place("sb"))
    group.wait(lambda: group.have_children("sb"))
    assert contents(group, "sb", LEFT) == {LOW: b"low"}


def test_what_has_no_mark_is_made_anew_and_nothing_of_it_stays() -> None:
    group = filled()
    applied(group, "sb")
    disk = group.place("sb").disk
    group.wait(lambda: disk.durable_logs(logs_of(LEFT)) and not group.node("sb").journal.was_made(LEFT))
    group.crash("sb")
    (log,) = disk.durable_logs(logs_of(LEFT))
    disk.rot(log, 20, 1)
    group.world.start(group.place("sb"))
    group.wait(lambda: group.have_children("sb"))
    assert contents(group, "sb", LEFT) == {LOW: b"low"}


def test_a_child_has_no_page_of_a_making_that_a_crash_cut_short() -> None:
    group = filled()
    applied(group, "sb")
    place, far = group.place("sb"), 999
    file = pages_file(LEFT, 1, group.replica("sb").state.barrier)
    group.wait(lambda: LEFT in group.node("sb").making)
    group.world.run(place, place.disk.write_page, file, far, b"of that making", lane=LEFT)
    group.wait(lambda: far in place.disk.durable_pages(file))
    assert not group.node("sb").journal.was_made(LEFT)
    group.restart("sb")
    group.wait(lambda: group.have_children("sb"))
    assert group.replica("sb", LEFT).state.pages.name == file
    assert far not in place.disk.pages(file)
    assert contents(group, "sb", LEFT) == {LOW: b"low"}


def test_children_are_not_made_where_something_of_them_was() -> None:
    group = filled()
    group.tell("sb", DropReplica(member("sb")), LEFT)
    group.wait(lambda: group.node("sb").journal.floor(LEFT) == 1)
    applied(group)
    group.wait(lambda: group.have_children("sa", "sc") and group.replica("sb", RIGHT))
    group.go(50_000)
    assert group.replica("sb", LEFT) is None
    group.restart("sb")
    group.go(200_000)
    assert group.replica("sb", LEFT) is None
    assert group.replica("sb", RIGHT) is not None


def test_a_child_that_fell_silent_is_not_made_again() -> None:
    group = filled()
    applied(group)
    group.wait(group.have_children)
    group.tell("sb", DropReplica(member("sb")), LEFT)
    group.wait(lambda: group.heard(Gone, "sb"))
    group.restart("sb")
    group.go(200_000)
    assert group.replica("sb", LEFT) is None
    assert group.replica("sb").rooted


def test_the_last_checkpoint_follows_one_that_is_under_way_at_once() -> None:
    group = filled()
    group.tell("sa", SPLIT)
    leader, sb = group.replica("sa"), group.replica("sb")
    group.wait(lambda: sb.log.last == leader.log.last and leader.leadership.config_in_flight == sb.log.last)
    group.wait(lambda: group.place("sb").disk.written == group.place("sb").disk.durable)
    group.place("sa").slow = 10  # Its vote is on its way, and comes before the next sync ends.
    group.world.run(group.place("sa"), leader.write_checkpoint, lane=PARENT)
    first = leader.checkpoint
    group.wait(lambda: group.is_split("sa"))
    assert leader.checkpoint is first
    assert first.snapshot.slot < leader.state.barrier
    began = group.world.tau
    group.wait(lambda: group.have_children("sa"))
    assert group.world.tau - began < 20_000


@pytest.mark.parametrize("name", NAMES)
def test_a_node_reports_of_its_parent_that_it_is_split_and_of_no_child(name: str) -> None:
    group = filled()
    assert not hosted(PARENT, group.replica(name)).split
    applied(group)
    group.wait(group.have_children)
    assert hosted(PARENT, group.replica(name)).split, "else an admin waits for it to make the children"
    assert not any(hosted(child, group.replica(name, child)).split for child in CHILDREN)


# --- When they speak (H8) ---


def test_a_child_waits_until_what_was_granted_for_its_parent_is_over() -> None:
    group = filled()
    applied(group, "sb")
    group.wait(lambda: group.replica("sb").rooted and not group.have_children("sb"))
    group.wait(lambda: group.place("sb").disk.written == group.place("sb").disk.durable)
    group.crash("sb")
    group.world.start(group.place("sb"))
    began = group.world.tau
    group.wait(lambda: LEFT in group.node("sb").making and group.node("sb").journal.live(LEFT))
    group.wait(lambda: group.have_children("sb"))
    lease = group.replica("sb").settings.lease_us
    assert group.world.tau - began >= lease, "who has restarted does not know what it has granted"


def test_a_child_whose_parent_was_released_does_not_wait() -> None:
    group = filled()
    applied(group)
    began = group.world.tau
    group.wait(group.have_children)
    assert group.world.tau - began < group.replica("sa").settings.lease_us // 4


@pytest.mark.parametrize("parent_is_there", [True, False])
def test_a_child_that_comes_by_copy_waits_for_what_was_granted_for_its_parent(parent_is_there: bool) -> None:
    group = split_elsewhere()
    granted_until = group.replica("sb").bound_until()
    assert granted_until > group.world.tau + 50_000
    if not parent_is_there:
        group.tell("sb", DropReplica(member("sb", 2)))
        group.wait(lambda: group.heard(Gone, "sb"))
        assert group.replica("sb") is None
    command_left(group)
    group.wait(lambda: group.replica("sb", LEFT))
    assert group.world.tau >= granted_until


# --- When the parent may go (H11, P3) ---


def test_a_parent_is_not_dropped_while_a_child_is_to_be_made() -> None:
    group = filled()
    applied(group)
    group.tell("sa", DropReplica(member("sa", 1)))
    group.wait(lambda: group.heard(NotYet, "sa"))
    assert not group.heard(Gone)
    assert group.replica("sa") is not None
    group.wait(lambda: group.have_children("sa"))
    group.tell("sa", DropReplica(member("sa", 1)))
    group.wait(lambda: group.heard(Gone, "sa"))
    group.wait(lambda: group.replica("sa") is None)


def test_children_outlive_their_parent_and_its_pages_stay_until_they_are_home() -> None:
    group = filled()
    applied(group)
    group.wait(group.have_children)
    disk = group.place("sb").disk
    (pages,) = disk.files(pages_of(PARENT))
    group.tell("sb", DropReplica(member("sb", 2)))
    group.wait(lambda: group.heard(Gone, "sb"))
    group.go(5_000)
    assert not disk.logs(logs_of(PARENT))
    assert disk.files(pages_of(PARENT)) == [pages]
    assert contents(group, "sb", LEFT) == {LOW: b"low"}
    group.restart("sb")
    assert disk.files(pages_of(PARENT)) == [pages], "a restart that finds no owner asks who names it"
    group.wait(lambda: not disk.files(pages_of(PARENT)), 1_000_000)
    assert contents(group, "sb", RIGHT) == {HIGH: b"high"}
    assert group.replica("sb", RIGHT).state.pages.home


def test_a_parent_that_falls_silent_takes_children_without_a_mark_with_it() -> None:
    group = filled()
    applied(group, "sb")
    group.wait(lambda: LEFT in group.node("sb").making and not group.node("sb").journal.was_made(LEFT))
    group.world.run(group.place("sb"), group.node("sb").silence, member("sb", 2).incarnation, lane=PARENT)
    group.go(200_000)
    disk = group.place("sb").disk
    assert not group.node("sb").making
    assert group.replica("sb", LEFT) is None
    assert not disk.logs(logs_of(LEFT))
    assert not disk.files(pages_of(LEFT))
    group.wait(lambda: group.have_children("sa", "sc"))


def test_a_child_that_comes_by_copy_is_made_though_its_parent_falls_silent_meanwhile() -> None:
    group = split_elsewhere()
    command_left(group)
    assert LEFT in group.node("sb").making
    group.world.run(group.place("sb"), group.node("sb").silence, member("sb", 2).incarnation, lane=PARENT)
    group.wait(lambda: group.replica("sb", LEFT))
    group.mend()
    group.wait(lambda: contents(group, "sb", LEFT) == {LOW: b"low"})


def test_voters_of_a_child_hold_what_its_parent_acknowledged_before_they_speak() -> None:
    """Found by a campaign: of five voters that had all been made the first one spoke."""
    assert run_pinned("a_child_whose_first_voter_speaks_first").failure is None


# --- What a node remembers of them (H7) ---


def test_a_node_on_which_a_child_was_made_grants_its_parent_nothing_though_that_knows_of_no_split() -> None:
    group = filled()
    group.cut("sb")
    applied(group)
    group.wait(lambda: group.have_children("sa", "sc"))
    command_left(group)
    disk = group.place("sb").disk
    group.wait(lambda: group.node("sb").journal.marked(PARENT) and disk.written == disk.durable)
    for _ in range(2):
        parent = group.replica("sb")
        before, now = parent.bound_until(), group.world.tau
        parent.grant_lease(parent.leader_ballot)
        assert not parent.state.barrier
        assert parent.bound_until() == before
        assert parent.granted(now) == -1
        group.restart("sb")


def test_a_replica_of_a_parent_that_is_made_beside_a_child_grants_nothing() -> None:
    group = split_elsewhere()
    group.tell("sb", DropReplica(member("sb", 2)))
    command_left(group)
    group.wait(lambda: group.replica("sb", LEFT))
    config = group.replica("sa").config
    group.tell("sb", CreateReplica(member("sb", config.next_incarnation), config, 0))
    group.wait(lambda: group.replica("sb"))
    parent = group.replica("sb")
    parent.grant_lease(group.replica("sa").log.last_accepted)
    assert parent.bound_until() <= group.world.tau
    assert parent.granted(group.world.tau) == -1


def test_what_was_made_of_a_child_is_remembered_when_its_parent_falls_silent() -> None:
    group = filled()
    applied(group)
    group.wait(group.have_children)
    node = group.node("sb")
    group.world.run(group.place("sb"), node.silence, member("sb", 2).incarnation, lane=PARENT)
    group.go(5_000)
    assert [node.journal.live(child) for child in CHILDREN] == [1, 1]
    group.restart("sb")
    assert not group.node("sb").broken
    assert [group.node("sb").journal.live(child) for child in CHILDREN] == [1, 1]
    assert contents(group, "sb", LEFT) == {LOW: b"low"}


def test_a_parent_goes_when_all_voters_of_its_children_are_made_though_one_copies_yet() -> None:
    """Found by `split-and-repair`: its node had lost the parent, so it was made empty, by command (H10)."""
    assert run_pinned("a_parent_dropped_beside_an_empty_voter").failure is None
