"""Runs of regions, and of many groups, as schedules: what their users ask at the end is part of them."""

import pytest

from dynaproof.checkers.runs.exploring import record
from dynaproof.checkers.runs.schedule import follow
from dynaproof.checkers.scenarios.catalogue import config_of, find


@pytest.mark.parametrize("schedule", range(2))
@pytest.mark.parametrize("name", ["table", "split", "burst-after-idle", "many-groups", "metadata-moves"])
def test_a_recorded_run_is_followed_exactly_to_its_end(name: str, schedule: int) -> None:
    scenario, config = find(name), config_of(name, "portfolio", 7, schedule)
    outcome, recorded = record(scenario, config)
    assert outcome.failure is None
    assert follow(scenario, config, recorded) == (outcome, recorded)
    acts = [kind for kind, _, _ in recorded.events if kind in (*scenario.actions, "end")]
    assert acts[:3] == ["end", "watch", "stop"]
