"""A leader whose wall clock is off stamps nothing: neither a barrier nor a config."""

from __future__ import annotations

import pytest

from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.messages.membership import RaiseEpoch
from dynaproof.impl.paxos.records import ConfigChange
from tests.examples.split_group import SETTINGS, SPLIT, SplitGroup

EPSILON = SETTINGS.epsilon_us
STEPS = [(0, True), (EPSILON // 2, True), (2 * EPSILON, False), (-2 * EPSILON, False)]
"""How far a leader's wall clock steps, and whether it may go by it."""


def stepped(step_us: int) -> SplitGroup:
    """The wall clock of the leader has stepped since it was compared last."""
    group = SplitGroup()
    group.place("sa").wall_offset += step_us
    return group


def proposed(group: SplitGroup) -> list[type]:
    """What the leader has proposed, and is not chosen yet."""
    leader = group.replica("sa")
    log = leader.log
    records = [log.record(slot) for slot in range(log.commit + 1, log.last + 1)]
    return [type(one) for one in (*records, *leader.leadership.next_batch)]


@pytest.mark.parametrize(("step_us", "is_trusted"), STEPS)
def test_a_leader_whose_clock_is_far_from_the_others_stamps_no_split(step_us: int, is_trusted: bool) -> None:
    """All timestamps of the children will be above that of the barrier."""
    group = stepped(step_us)
    group.prepare()
    group.tell("sa", SPLIT)
    assert proposed(group) == ([Split] if is_trusted else [])


@pytest.mark.parametrize(("step_us", "is_trusted"), STEPS)
def test_a_leader_whose_clock_is_far_from_the_others_stamps_no_config(step_us: int, is_trusted: bool) -> None:
    """All later timestamps of the partition will be above that of the config."""
    group = stepped(step_us)
    group.tell("sa", RaiseEpoch(0))
    assert proposed(group) == ([ConfigChange] if is_trusted else [])
