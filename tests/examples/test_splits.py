"""A partition ends by a split (rules H5 to H7 and A12 of docs/table.md): who obeys the command, and what is
answered by whoever knows the barrier.
"""

from __future__ import annotations

import pytest
from msgspec import structs

from dynaproof.impl.partition.messages.requests import Get, Put, Rejected, Reply, WrongPartition
from dynaproof.impl.partition.messages.split import CheckpointFirst, SplitAlready, SplitDone, SplitPartition
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.election import ElectionTimer
from dynaproof.impl.paxos.messages.leadership import Release
from dynaproof.impl.paxos.messages.membership import NotNow, OtherEpoch, RaiseEpoch
from dynaproof.impl.values.key_range import KeyRange, whole
from tests.examples.split_group import (
    HIGH,
    LEFT,
    LOW,
    MIDDLE,
    PARENT,
    RIGHT,
    SPLIT,
    SplitGroup,
    member,
)


def refusal(group: SplitGroup, command: SplitPartition = SPLIT, name: str = "sa") -> NotNow:
    """What a node answers a command that it does not obey."""
    group.tell(name, command)
    group.wait(lambda: group.heard(NotNow, name))
    answer: NotNow = group.heard(NotNow, name)[-1]
    return answer


def proposed(group: SplitGroup) -> bool:
    """Whether the leader has a `Split` in its log, or in its next batch."""
    log = group.replica("sa").log
    records = [log.record(slot) for slot in range(log.first, log.last + 1)]
    leadership = group.replica("sa").leadership
    return any(isinstance(one, Split) for one in (*records, *(leadership.next_batch if leadership else ())))


def split(group: SplitGroup) -> Split:
    """The group is split, and all know it."""
    group.tell("sa", SPLIT)
    group.wait(group.is_split)
    found: Split = group.replica("sa").state.split
    return found


# --- Who obeys ---


def test_a_leader_that_serves_proposes_the_split_and_says_so_when_it_is_chosen() -> None:
    group = SplitGroup()
    found = split(group)
    assert [child.partition for child in found.children] == [LEFT, RIGHT]
    assert [child.range.end for child in found.children] == [MIDDLE, None]
    assert all(child.voters == tuple(member(name) for name in ("sa", "sb", "sc")) for child in found.children)
    assert found.slot == group.replica("sa").state.barrier
    for name in ("sa", "sb", "sc"):
        group.tell(name, SPLIT)
        group.wait(lambda name=name: group.heard(SplitDone, name))
    assert {m.split for m in group.heard(SplitDone)} == {found}


def test_a_follower_names_the_leader_and_proposes_nothing() -> None:
    group = SplitGroup()
    answer = refusal(group, name="sb")
    assert answer.reason == "it does not lead"
    assert answer.leader == member("sa").node


def test_a_leader_that_does_not_serve_yet_does_not_split() -> None:
    group = SplitGroup(waits=False)
    group.wait(lambda: group.replica("sa").leadership is not None)
    assert refusal(group).reason == "it does not lead"
    assert not proposed(group)


def test_a_command_that_expects_another_epoch_is_void() -> None:
    group = SplitGroup()
    group.tell("sa", RaiseEpoch(0))
    group.wait(lambda: group.replica("sa").config.epoch == 1)
    group.tell("sa", SPLIT)
    group.wait(lambda: group.heard(OtherEpoch))
    assert group.heard(OtherEpoch)[-1].config.epoch == 1
    assert not proposed(group)
    group.tell("sa", structs.replace(SPLIT, expected_epoch=1))
    group.wait(group.is_split)
    assert group.replica("sa").state.split.epoch == 1


def test_configs_and_splits_wait_for_each_other() -> None:
    group = SplitGroup()
    group.tell("sa", RaiseEpoch(0))
    assert refusal(group).reason == "a config is in flight"
    group.wait(lambda: group.replica("sa").config.epoch == 1)
    command = structs.replace(SPLIT, expected_epoch=1)
    group.prepare(command)
    group.tell("sa", command)
    group.tell("sa", RaiseEpoch(1))
    group.wait(group.is_split)
    assert group.replica("sa").config.epoch == 1, "nothing is proposed above a barrier"
    group.go(2_000)
    assert group.heard(NotNow)[-1].reason == "a config is in flight"
    group.tell("sb", RaiseEpoch(1))
    group.wait(lambda: group.heard(SplitAlready, "sb"))


def test_a_split_is_proposed_once_all_below_it_is_chosen() -> None:
    group = SplitGroup()
    group.prepare()
    put = group.ask("sa", Put(LOW, b"before"))
    group.tell("sa", SPLIT)
    assert not proposed(group)
    late = group.ask("sa", Put(LOW, b"behind"))
    group.wait(lambda: proposed(group))
    assert [m.request for m in group.heard(Reply)] in ([], [put.request])
    group.wait(group.is_split)
    assert group.replica("sb").state.items.get(LOW).item == b"before"
    group.wait(lambda: group.heard(WrongPartition))
    assert group.heard(WrongPartition)[0].request == late.request


def test_a_split_waits_until_each_voter_was_heard_and_has_a_tree() -> None:
    group = SplitGroup(waits=False)
    group.cut("sc")
    leader = group.replica("sa")
    group.wait(lambda: leader.serving)
    assert refusal(group).reason == "a voter is not admitted"
    group.mend()
    group.wait(lambda: leader.leadership.progress[member("sc", 3)].asked_at >= 0)
    if not leader.leadership.progress[member("sc", 3)].full:
        assert refusal(group).reason == "a voter has no tree"
    group.wait(lambda: all(leader.leadership.progress[one].full for one in leader.others()))
    split(group)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (structs.replace(SPLIT, right=LEFT), "its children are not two"),
        (structs.replace(SPLIT, left=0), "its children are not two"),
    ],
)
def test_a_split_that_makes_no_two_partitions_is_refused(command: SplitPartition, reason: str) -> None:
    group = SplitGroup()
    assert refusal(group, command).reason == reason
    assert not proposed(group)


@pytest.mark.parametrize(
    ("at", "whose"),
    [(MIDDLE, KeyRange(MIDDLE, None)), (MIDDLE, KeyRange(whole().start, MIDDLE)), (b"a", whole())],
)
def test_a_position_that_is_not_inside_the_range_is_not_read(at: bytes, whose: KeyRange) -> None:
    group = SplitGroup()
    group.tell("sa", structs.replace(SPLIT, at=at, range=whose))
    group.go(5_000)
    assert not proposed(group)
    assert not group.heard(NotNow)


def test_a_group_that_repairs_itself_is_not_split() -> None:
    group = SplitGroup(repairs_itself=True)
    assert refusal(group).reason == "a group that repairs itself is not split"


# --- What is answered behind the barrier ---


@pytest.mark.parametrize("name", ["sa", "sb"])
@pytest.mark.parametrize(("more_us", "final"), [(-1, False), (0, True), (1, True)])
def test_wrong_partition_is_final_if_the_barrier_is_within_the_deadline(
    name: str, more_us: int, final: bool
) -> None:
    group = SplitGroup()
    found = split(group)
    request = group.ask(name, Put(HIGH, b"late"), deadline=found.timestamp + more_us)
    group.wait(lambda: group.heard(WrongPartition, name))
    (answer,) = group.heard(WrongPartition, name)
    assert (answer.request, answer.attempt, answer.final) == (request.request, 1, final)
    assert answer.split == found
    assert answer.first == (member("sa").node if name == "sa" else None), "only who led says who is first"


# --- A leader that does not hear all (A12) ---


def test_a_leader_that_never_hears_a_voter_hands_over_to_one_that_does_and_that_one_splits() -> None:
    group = SplitGroup(waits=False)
    for link in ("sa>sc", "sc>sa"):
        group.world.cut_links[link] = 0
    group.wait(lambda: group.replica("sa").serving)
    assert refusal(group).reason == "a voter is not admitted"
    assert group.replica("sa").leading is not None, "it was asked too soon to know that it never hears it"
    group.go(2 * group.replica("sa").settings.lease_us)
    assert group.replica("sa").serving
    group.tell("sa", SPLIT)
    assert group.replica("sa").leading is None
    group.wait(lambda: group.replica("sb").serving)
    others = group.replica("sb").leadership.progress
    group.wait(lambda: all(others[one].full for one in group.replica("sb").others()))
    group.tell("sb", SPLIT)
    group.wait(lambda: group.is_split("sb"))


def test_a_leader_that_has_not_heard_a_voter_for_a_lease_goes_by_nothing_that_it_heard_before() -> None:
    group = SplitGroup()
    leader = group.replica("sa")
    (deaf_to,) = (one for one in leader.others() if one.node.name == "sc")
    leader.leadership.progress[deaf_to].full = False  # It comes to its tree by a copy that "sb" sends.
    for link in ("sa>sc", "sc>sa"):
        group.world.cut_links[link] = 0
    assert refusal(group).reason == "a voter has no tree"
    assert leader.leading is not None, "it heard that a moment ago"
    group.go(2 * leader.settings.lease_us)
    assert leader.serving
    group.tell("sa", SPLIT)
    assert leader.leading is None


def test_a_leader_that_hears_all_keeps_its_place() -> None:
    group = SplitGroup(waits=False)
    group.wait(lambda: group.replica("sa").serving)
    group.go(2 * group.replica("sa").settings.lease_us)
    group.tell("sa", SPLIT)
    assert group.replica("sa").serving, "who hears all splits itself"
    group.wait(group.is_split)


# --- A checkpoint before the barrier (P1) ---


def test_all_voters_write_a_checkpoint_before_the_barrier_and_users_are_served_meanwhile() -> None:
    group = SplitGroup()
    for number in range(20):
        group.put(LOW, b"%d" % number)
    ordered_at = group.replica("sa").state.applied
    group.tell("sa", SPLIT)
    assert not proposed(group)
    group.ask("sa", Put(LOW, b"meanwhile"))
    assert group.replica("sa").in_flight, "nobody waits for the checkpoints"
    group.wait(lambda: proposed(group))
    for name in ("sa", "sb", "sc"):
        replica = group.replica(name)
        assert replica.log.head.snapshot.slot >= ordered_at - 1, "so the last one has little to write"
        assert replica.checkpoint is None
    group.wait(group.is_split)


def test_a_checkpoint_that_is_under_way_is_followed_by_the_one_before_the_barrier() -> None:
    group = SplitGroup()
    group.put(LOW, b"old")
    for name in ("sa", "sb", "sc"):
        group.world.run(group.place(name), group.replica(name).write_checkpoint, lane=PARENT)
    under_way = group.replica("sa").checkpoint.snapshot.slot
    group.put(HIGH, b"new")
    group.tell("sa", SPLIT)
    group.wait(lambda: proposed(group))
    assert group.replica("sa").log.head.snapshot.slot > under_way


def test_a_voter_that_writes_no_checkpoint_holds_no_split_back() -> None:
    group = SplitGroup()
    group.put(LOW, b"item")
    group.cut("sc")
    began = group.world.tau
    group.tell("sa", SPLIT)
    group.wait(lambda: group.is_split("sa", "sb"))
    assert group.world.tau - began < 3 * group.replica("sa").settings.heartbeat_us
    group.mend()
    group.wait(group.is_split)


def test_a_deposed_leader_prepares_nothing_and_the_next_one_is_asked_anew() -> None:
    group = SplitGroup()
    group.put(LOW, b"item")
    group.tell("sa", SPLIT)
    group.world.run(group.place("sa"), group.replica("sa").hand_over, lane=PARENT)
    group.wait(lambda: any(group.replica(name).serving for name in ("sb", "sc")))
    group.go(100_000)
    assert not proposed(group)
    leader = next(name for name in ("sb", "sc") if group.replica(name).serving)
    group.tell(leader, SPLIT)
    group.wait(group.is_split)


def test_a_leader_that_leads_again_has_checkpoints_written_anew() -> None:
    group = SplitGroup()
    group.prepare()
    for name, successor in (("sa", "sb"), ("sb", "sa")):
        group.world.run(group.place(name), group.replica(name).hand_over, lane=PARENT)
        group.wait(lambda successor=successor: group.replica(successor).serving)
    leader = group.replica("sa")
    group.wait(lambda: all(leader.leadership.progress[one].full for one in leader.others()))
    group.put(LOW)
    ordered_at = leader.state.applied
    group.tell("sa", SPLIT)
    assert not proposed(group)
    group.wait(lambda: proposed(group))
    assert all(group.replica(name).log.head.snapshot.slot >= ordered_at - 1 for name in ("sa", "sb", "sc"))


def test_a_voter_writes_no_checkpoint_for_a_leader_that_was_deposed() -> None:
    group = SplitGroup()
    group.put(LOW)
    leader, voter = group.replica("sa"), group.replica("sb")

    def asked_by(ballot: Ballot) -> bool:
        first = CheckpointFirst(leader.member, voter.incarnation, ballot)
        node = leader.member.node
        group.world.run(group.place("sb"), group.node("sb").on_message, node, first, lane=PARENT)
        return voter.checkpoint is not None

    before = leader.leading
    assert not asked_by(before._replace(round=before.round - 1))
    assert asked_by(before)


@pytest.mark.parametrize("name", ["sa", "sb", "sc"])
def test_who_knows_the_barrier_answers_what_is_remembered_and_reads_nothing(name: str) -> None:
    group = SplitGroup()
    put = group.put(LOW, b"first")
    split(group)
    group.wait(lambda: group.heard(Reply))
    (before,) = group.heard(Reply)
    group.tell(name, structs.replace(put, attempt=2))
    group.ask(name, Get(LOW, strong=False))
    group.wait(lambda: len(group.heard(Reply)) > 1 and group.heard(WrongPartition, name))
    again = group.heard(Reply)[-1]
    assert (again.request, again.attempt, again.slot) == (put.request, 2, before.slot)
    assert all(m.split is not None for m in group.heard(WrongPartition))


def test_who_waits_is_answered_in_the_step_that_applies_the_barrier() -> None:
    group = SplitGroup()
    group.prepare()
    group.tell("sa", SPLIT)
    waiting = [group.ask("sa", Put(key, b"item")) for key in (LOW, HIGH)]
    again = structs.replace(waiting[0], attempt=2)
    group.tell("sa", again)
    assert not group.heard(Rejected)
    group.wait(lambda: group.is_split("sa"))
    told = [m for name, m in group.said if isinstance(m, WrongPartition)]
    assert [(m.request, m.attempt) for m in told] == [
        (waiting[0].request, 1),
        (again.request, 2),
        (waiting[1].request, 1),
    ]
    assert all(m.final and m.first == member("sa").node for m in told)
    queues = {what: length for what, length, _ in group.replica("sa").queues()}
    assert queues["requests that wait for room"] == 0


def test_a_leader_that_steps_down_before_the_barrier_is_chosen_answers_nothing() -> None:
    group = SplitGroup()
    group.prepare()
    group.cut("sa")
    group.tell("sa", SPLIT)
    group.ask("sa", Put(LOW, b"item"))
    group.wait(lambda: group.replica("sa").leadership is None)
    assert not group.heard(WrongPartition)
    assert not group.heard(Reply)
    assert not group.is_split("sa")


# --- The leader stops ---


def test_the_leader_stops_and_releases_in_the_step_that_applies_the_barrier() -> None:
    group = SplitGroup()
    ballot = group.replica("sa").leading
    group.tell("sa", SPLIT)
    group.wait(lambda: group.is_split("sa"))
    assert group.replica("sa").leadership is None
    released = [m for name, m in group.said if isinstance(m, Release)]
    assert {(m.to, m.ballot, m.successor) for m in released} == {(n, ballot, None) for n in (1, 2, 3)}
    assert all(m.commit == group.replica("sa").state.barrier for m in released)
    group.wait(group.is_split)
    group.go(5_000)
    for name in ("sa", "sb", "sc"):
        assert group.replica(name).lease_granted_until <= group.world.tau, "nobody is bound for the parent"


def test_nobody_campaigns_for_a_parent_and_nobody_grants_it_a_lease() -> None:
    group = SplitGroup()
    split(group)
    group.go(1_000_000)
    for name in ("sa", "sb", "sc"):
        replica = group.replica(name)
        assert replica.leadership is None
        assert replica.campaign is None
        assert replica.grants_none
        timers = [timer for lane, timer in group.place(name).timers if lane == PARENT]
        assert not [timer for timer in timers if isinstance(timer, ElectionTimer)]
    assert not proposed_above(group)


def proposed_above(group: SplitGroup) -> bool:
    """Whether something stands above the barrier."""
    return any(
        group.replica(name).log.last > group.replica(name).state.barrier for name in ("sa", "sb", "sc")
    )


def test_who_missed_the_barrier_learns_it_and_makes_its_children() -> None:
    group = SplitGroup()
    group.cut("sc")
    group.tell("sa", SPLIT)
    group.wait(lambda: group.is_split("sa", "sb"))
    assert not group.is_split("sc")
    group.mend()
    group.wait(group.have_children)
    assert group.is_split("sc")
