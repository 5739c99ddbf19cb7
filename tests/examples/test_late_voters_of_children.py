"""Voters of children that come late: who leads by then goes on, and nobody waits for what nobody says."""

from __future__ import annotations

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.leadership import Release
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.storage_node.node_journal import Dropped, Made, NodeJournal, Silent
from tests.examples.pinned_regions import run_pinned
from tests.examples.split_group import HIGH, LEFT, LOW, PARENT, RIGHT, SPLIT, SplitGroup


def split_without(name: str) -> SplitGroup:
    """A group that is split, and its children serve, while one node hears nothing."""
    group = SplitGroup()
    group.put(LOW)
    group.put(HIGH)
    group.prepare()
    group.cut(name)
    group.tell("sa", SPLIT)
    group.wait(lambda: group.have_children("sa", "sb"))
    group.wait(lambda: all(group.replica("sa", child).serving for child in (LEFT, RIGHT)))
    return group


def test_the_children_of_a_leader_that_finds_its_barrier_depose_nobody() -> None:
    group = split_without("sc")
    group.mend()
    group.wait(lambda: group.replica("sc").end.led)
    assert not group.replica("sc").end.proposed

    def serve() -> bool:
        return all(group.replica("sa", child).serving for child in (LEFT, RIGHT))

    while not group.have_children("sc"):
        assert group.world.step()
        assert serve()
    until = group.world.tau + 4 * group.replica("sa", LEFT).settings.lease_us
    while group.world.tau < until:
        assert group.world.step()
        assert serve()
    assert all(group.replica("sc", child).log.promised.node == "sa" for child in (LEFT, RIGHT))


def test_the_children_of_a_leader_that_finds_its_barrier_lead_where_nobody_does() -> None:
    group = SplitGroup()
    group.put(LOW)
    group.prepare()
    group.tell("sa", SPLIT)
    group.wait(lambda: any(group.replica(name).log.last > group.replica("sa").log.commit for name in ("sb",)))
    group.crash("sa")
    group.wait(lambda: group.have_children("sb", "sc"))
    settings, began = group.replica("sb", LEFT).settings, group.world.tau
    group.wait(lambda: any(group.replica(name, LEFT).serving for name in ("sb", "sc")))
    assert group.world.tau - began < settings.lease_us, "no election timer has run out"


def test_what_comes_late_from_a_leader_that_has_released_its_lease_binds_nobody() -> None:
    group = SplitGroup()
    leader, replica, place = group.replica("sa"), group.replica("sc"), group.place("sc")
    ballot = leader.leading
    assert replica.bound_until() > replica.env.now
    release = Release(leader.member, replica.incarnation, ballot, leader.log.commit, None)
    group.world.run(place, replica.on_release, leader.member.node, release, lane=PARENT)
    assert replica.bound_until() <= replica.env.now
    group.world.run(place, replica.grant_lease, ballot, lane=PARENT)
    assert replica.bound_until() <= replica.env.now
    group.world.run(place, replica.grant_lease, Ballot(ballot.round + 1, "sb", 1), lane=PARENT)
    assert replica.bound_until() > replica.env.now


def test_a_childs_voter_that_was_dropped_is_replaced_though_its_parent_is_there() -> None:
    """Found by split-and-repair: it fell silent, its successor on the same node was given up, and nothing of
    the child was said any more; so it was taken for one that is still to be made.
    """
    journal = NodeJournal(SimDisk(Outbox()), GroupSettings().node_frames)
    for record in (Made(PARENT, 1), Made(LEFT, 1, PARENT), Silent(LEFT, 1)):
        journal.append(record)
    assert journal.silent() == [(LEFT, 1)]
    for record in (Made(LEFT, 4, PARENT), Dropped(LEFT, 4, 1)):
        journal.append(record)
    assert journal.silent() == [(LEFT, 4)]
    journal.append(Dropped(PARENT, 1, 1))
    assert journal.silent() == []
    assert run_pinned("a_child_dropped_beside_its_parent").failure is None


def test_a_childs_voter_that_missed_its_first_leader_has_two_heartbeats_of_its_clock_to_be_level() -> None:
    """The first one says that it lacks something, the next that what it was sent is chosen."""
    assert run_pinned("a_childs_voter_that_hears_by_a_slow_clock").failure is None


def test_who_lacks_what_a_release_says_is_chosen_asks_for_it_at_once() -> None:
    group = SplitGroup()
    group.prepare()
    group.cut("sc")
    group.tell("sa", SPLIT)
    leader = group.replica("sa")
    group.wait(lambda: leader.state.barrier)
    group.mend()
    replica = group.replica("sc")
    release = Release(leader.member, replica.incarnation, leader.log.promised, leader.log.commit, None)
    group.world.run(group.place("sc"), replica.on_release, leader.member.node, release, lane=PARENT)
    began = group.world.tau
    group.wait(lambda: group.have_children("sc"))
    assert group.world.tau - began < replica.settings.lease_us


def test_a_voter_of_a_child_that_comes_late_is_told_who_leads() -> None:
    """Found by `split-under-load`: it had heard nothing yet when a router asked it, and could name nobody."""
    assert run_pinned("a_late_voter_that_a_router_asks").failure is None
