"""Short campaigns of the scenarios under load: clean, long enough, and judged from the first step on where no
faults are drawn.
"""

from typing import Any

import pytest

from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.catalogue import config_of, execute, find
from dynaproof.checkers.scenarios.under_load import is_calm
from dynaproof.impl.partition.messages.requests import Get
from dynaproof.impl.router.notes import Invoked

SCENARIOS = (
    "busy",
    "restart-under-load",
    "copy-under-load",
    "slow-reader",
    "large-items",
    "router-restarts",
)

STRATEGIES = 4
"""How many the portfolio takes in turn: as many schedules are one of each."""


def is_clean(scenario: str, number: int) -> None:
    """The schedule of this number keeps every promise, goes on to its end, and serves its clients."""
    config = config_of(scenario, "portfolio", 21, number)
    outcome = execute(config)
    assert outcome.failure is None, (number, outcome.failure)
    assert outcome.events > config.length
    assert outcome.endings["ok"] > config.clients


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_promise_holds_in_two_schedules_of_strategies_taken_in_turn(scenario: str) -> None:
    first = SCENARIOS.index(scenario)
    for number in (first, first + 2):
        is_clean(scenario, number % STRATEGIES)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_promise_holds_in_a_schedule_of_each_strategy(scenario: str) -> None:
    for number in range(STRATEGIES):
        is_clean(scenario, number)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_answers_are_measured_from_the_first_step_on_where_no_faults_are_drawn(scenario: str) -> None:
    configs = [config_of(scenario, "timed", 22, number) for number in range(16)]
    for calm in (True, False):
        config = next(config for config in configs if is_calm(config) == calm)
        run = Run(find(scenario), config, Exploring().first(config))
        run.set_up()
        load: Any = run.observation.load  # type: ignore[attr-defined]
        for _ in range(200):
            run.step()
        assert run.failure is None
        assert bool(load.asked) == calm


def test_a_busy_run_has_ten_thousand_events_and_twenty_writes_of_each_client() -> None:
    config = config_of("busy", "timed", 22, 0)
    driver = Exploring()
    run = Run(find("busy"), config, driver.first(config))
    load: Any = run.observation.load  # type: ignore[attr-defined]
    measure, writes = load.invoked, dict.fromkeys(range(config.clients), 0)

    def invoked(note: Invoked, tau: int) -> None:
        writes[int(note.request.node.name[1:])] += not isinstance(note.operation, Get)
        measure(note, tau)

    load.invoked = invoked
    driver.drive(run)
    assert run.failure is None
    assert run.world.steps >= 10_000
    assert config.clients == 64
    assert min(writes.values()) >= 20
