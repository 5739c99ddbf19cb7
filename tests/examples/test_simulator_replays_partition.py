"""Runs of the scenario `partition` as schedules: recorded, followed exactly, cut short, shrunk."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import json, structs

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import Edit, bug, seeded
from dynaproof.checkers.runs import exploring
from dynaproof.checkers.runs import shrink as shrinking
from dynaproof.checkers.runs.config import Failure, Fault, RunResult
from dynaproof.checkers.runs.exploring import record
from dynaproof.checkers.runs.run_file import load, rerun
from dynaproof.checkers.runs.schedule import follow
from dynaproof.checkers.runs.shrink import Budget, shrink_schedule, smaller, smaller_schedule, smallest
from dynaproof.checkers.runs.trace import Step, trace
from dynaproof.checkers.scenarios.catalogue import config_of, execute, find
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.catalogue import STRATEGIES
from dynaproof.checkers.strategies.recording import Recorded
from dynaproof.checkers.strategies.replaying import Divergence
from dynaproof.specs.observe.impl import load as load_observer

DEAF = bug(
    "deaf",
    "A replica hears no heartbeat.",
    Edit(
        "dynaproof.impl.paxos.acceptor",
        """
        if not self.admitted:
            self.follow_without_vote(m)
        """,
        "if True:",
    ),
)


FAULTS = {kind.name for kind in PARTITION.faults}
MENDING = {kind.mend for kind in PARTITION.faults} - {""}


EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples" / "runs").glob("*.json"))
RUNS = [path for path in EXAMPLES if json.decode(path.read_bytes())["config"]["scenario"] == PARTITION.name]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_recorded_run_is_the_same_run_and_follows_exactly_with_its_faults(strategy: str) -> None:
    kinds: set[str] = set()
    for seed in (21, 22):
        config = draw("partition", seed, strategy)
        outcome = execute(config)
        recorded_outcome, recorded = record(PARTITION, config)
        assert recorded_outcome == outcome
        assert follow(PARTITION, config, recorded) == (outcome, recorded)
        kinds |= {kind for kind, _, _ in recorded.events}
    assert kinds & FAULTS
    assert kinds & MENDING
    assert "end" in kinds


@pytest.mark.parametrize("seed", [100, 102, 103])
def test_a_run_in_which_a_handler_does_too_much_does_so_again_when_it_is_followed(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    config = draw("partition", seed, "timed")
    most = 0

    def bounds(place: Any, *_: object) -> tuple[int, int]:
        nonlocal most
        most = max(most, place.disk.bytes_read)
        return bound, 1 << 40

    bound = 1 << 40
    monkeypatch.setattr(load_observer, "work_bounds", bounds)
    assert execute(config).failure is None
    bound = most - 1  # Only the handler that reads the most breaks it.
    result, recorded = record(PARTITION, config)
    assert result.failure is not None
    assert result.failure.spec == "work_is_bounded"
    assert follow(PARTITION, config, recorded) == (result, recorded)
    assert follow(PARTITION, config, recorded, lenient=True) == (result, recorded)


def test_a_run_of_other_code_diverges_at_the_first_step_that_differs() -> None:
    config = draw("partition", 21, "random")
    _, recorded = record(PARTITION, config)
    with seeded(DEAF), pytest.raises(Divergence) as found:
        follow(PARTITION, config, recorded)
    step, expected = found.value.step, found.value.expected
    assert expected == recorded.events[step]
    assert expected not in found.value.enabled
    with seeded(DEAF):
        follow(PARTITION, config, Recorded(recorded.events[:step], recorded.choices))


def test_a_choice_that_is_missing_is_a_divergence_and_leniently_the_benign_default() -> None:
    config = draw("partition", 22, "timed")
    _, recorded = record(PARTITION, config)
    gone = next(choice for choice in recorded.choices if choice[0][0] == "latency" and choice[1])
    fewer = Recorded(recorded.events, tuple(choice for choice in recorded.choices if choice is not gone))
    with pytest.raises(Divergence) as found:
        follow(PARTITION, config, fewer)
    assert found.value.expected == gone[0]
    outcome, happened = follow(PARTITION, config, fewer, lenient=True)
    assert outcome.failure is None
    assert dict(happened.choices)[gone[0]] == 0


@pytest.mark.parametrize("keep", [2, 3, 5])
def test_any_part_of_a_run_is_a_legal_run_that_breaks_no_promise_and_follows_exactly(keep: int) -> None:
    config = draw("partition", 23, "pos")
    _, recorded = record(PARTITION, config)
    events = tuple(event for number, event in enumerate(recorded.events) if number % keep)
    outcome, happened = follow(PARTITION, config, Recorded(events, recorded.choices), lenient=True)
    assert outcome.failure is None
    assert 0 < len(happened.events) <= len(events)
    assert follow(PARTITION, config, happened) == (outcome, happened)


def test_a_fault_that_could_not_fall_mends_nothing() -> None:
    faults = (Fault("crash", 20, 1, 30, 0), Fault("crash", 80, 1, 30, 0))
    config = structs.replace(draw("partition", 23, "timed"), faults=faults)
    _, recorded = record(PARTITION, config)
    stops = [(kind, number) for kind, _, number in recorded.events if kind in {"crash", "start"}]
    assert stops == [("crash", 0), ("start", 0), ("crash", 1), ("start", 1)]
    events = tuple(event for event in recorded.events if event[::2] != ("start", 0))
    outcome, happened = follow(PARTITION, config, Recorded(events, recorded.choices), lenient=True)
    assert [kind for kind, _, _ in happened.events if kind in {"crash", "start"}] == ["crash"]
    assert follow(PARTITION, config, happened) == (outcome, happened)


@pytest.mark.parametrize("kept", ["watch", "probe"])
def test_nobody_asks_at_a_client_that_is_down_where_its_restart_and_the_end_are_left_out(kept: str) -> None:
    faults = (Fault("client crash", 20, 0, 30, 0),)
    config = structs.replace(draw("partition", 23, "timed"), faults=faults, end="all")
    _, recorded = record(PARTITION, config)
    assert kept in [kind for kind, _, _ in recorded.events]
    events = tuple(
        event
        for event in recorded.events
        if event[0] in {"client crash", kept} or event[0].startswith("timer")
    )
    outcome, happened = follow(PARTITION, config, Recorded(events, recorded.choices), lenient=True)
    assert [kind for kind, _, _ in happened.events if kind in {"client crash", kept}] == [
        "client crash",
        kept,
    ]
    assert follow(PARTITION, config, happened) == (outcome, happened)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_every_run_of_a_group_among_the_examples_fails_as_its_file_says_in_less_than_its_length(
    path: Path,
) -> None:
    run = load(path, find)
    assert run.mutant is not None
    assert run.schedule is not None
    assert run.result.failure is not None
    assert run.result.failure.step == len(run.schedule.events)
    with seeded(MUTANTS[run.mutant]):
        assert rerun(run, PARTITION) == run.result
    recorded = run.recorded()
    assert recorded is not None
    outcome, _ = follow(PARTITION, run.config, recorded, lenient=True)
    assert outcome.failure is None, "the system without the bug keeps its promise on the same schedule"


def test_the_example_of_the_readme_has_less_than_twenty_events_after_its_setup() -> None:
    run = load(next(path for path in RUNS if path.stem == "ignores_accepted"), find)
    assert run.schedule is not None
    assert run.result.failure is not None
    assert run.result.failure.step < 20
    assert len(run.schedule.events) < 80


def test_no_event_of_a_shrunk_run_can_be_left_out() -> None:
    run = load(next(path for path in RUNS if path.stem == "ignores_accepted"), find)
    recorded = run.recorded()
    assert recorded is not None
    assert run.result.failure is not None
    for number in range(len(recorded.events)):
        events = recorded.events[:number] + recorded.events[number + 1 :]
        with seeded(MUTANTS["ignores_accepted"]):
            outcome, happened = follow(
                PARTITION, run.config, Recorded(events, recorded.choices), lenient=True
            )
        failed = outcome.failure is not None and outcome.failure.spec == run.result.failure.spec
        assert not failed or len(happened.events) >= len(recorded.events)


def test_a_schedule_is_shrunk_to_the_events_and_choices_that_its_failure_needs() -> None:
    events = tuple(("e", "n", number) for number in range(200))
    choices = tuple((("c", "n", number), number % 3) for number in range(20))
    needed, needed_choice = {events[17], events[90], events[199]}, choices[4]
    attempts = 0

    def attempt(candidate: Recorded) -> tuple[RunResult, Recorded]:
        nonlocal attempts
        attempts += 1
        fails = needed <= set(candidate.events) and needed_choice in candidate.choices
        return ended("wanted" if fails else None, len(candidate.events)), candidate

    small = shrink_schedule(Recorded(events, choices), "wanted", attempt, Budget(400))
    assert small is not None
    assert set(small.events) == needed
    assert small.choices == (needed_choice,)
    assert attempts <= 400


def test_what_a_choice_needed_goes_once_the_choice_is_gone() -> None:
    events = tuple(("e", "n", number) for number in range(60))
    choice = (("c", "n", 0), 1)

    def attempt(candidate: Recorded) -> tuple[RunResult, Recorded]:
        asked = choice in candidate.choices and events[30] not in candidate.events
        fails = events[7] in candidate.events and not asked
        return ended("wanted" if fails else None, len(candidate.events)), candidate

    budget = Budget(400)
    small = shrink_schedule(Recorded(events, (choice,)), "wanted", attempt, budget)
    assert small == Recorded((events[7],), ())
    assert budget.left > 0


@pytest.mark.parametrize(
    ("name", "number"),
    [("ignores_accepted", 1), pytest.param("lease_not_granted", 157, marks=pytest.mark.slow)],
)
def test_a_run_that_shrinking_has_finished_stays_as_it_is_when_asked_again(name: str, number: int) -> None:
    config = config_of("partition", "portfolio", 3, number)
    with seeded(MUTANTS[name]):
        result = exploring.execute(PARTITION, config)
        small = smallest(PARTITION, config, result, name)
        recorded = small.recorded()
        assert small.minimal
        assert recorded is not None
        again = smaller_schedule(PARTITION, small.config, small.result, recorded, name)
        assert again == small
        cut_short = smallest(PARTITION, config, result, name, 1, 3)
        assert not cut_short.minimal
        assert cut_short.result.failure is not None


def test_a_failure_that_is_not_all_in_its_schedule_keeps_its_smallest_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, config = "ignores_accepted", config_of("partition", "portfolio", 3, 1)
    with seeded(MUTANTS[name]):
        result = exploring.execute(PARTITION, config)
        part = Recorded(record(PARTITION, config)[1].events[:1], ())
        assert smaller_schedule(PARTITION, config, result, part, name) is None
        monkeypatch.setattr(shrinking, "record", lambda *_: (result, part))
        small = smallest(PARTITION, config, result, name)
        assert small.schedule is None
        assert small.config != config
        assert rerun(small, PARTITION) == small.result
        assert small.result.failure is not None
    assert smaller(PARTITION, small) is None, "without the bug it does not fail any more"


def ended(spec: str | None, events: int) -> RunResult:
    failure = None if spec is None else Failure(spec, "it broke", events)
    return RunResult("00", events, 0, failure, {}, {}, {})


def test_tracing_a_run_changes_nothing_and_gives_every_step_once() -> None:
    run = load(next(path for path in RUNS if path.stem == "campaign_not_journalled"), find)
    steps: list[Step] = []
    with seeded(MUTANTS["campaign_not_journalled"]):
        assert trace(run, PARTITION, steps.append) == run.result
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert run.schedule is not None
    assert len(steps) == len(run.schedule.events)
    assert [step.changes() for step in steps].count(["state: up -> down"]) == 1
    restart = steps[-1]
    assert restart.sentence == f"{restart.node} gets Found from itself", "it looks at what its disk holds"
    assert any(change.startswith("promised: nothing -> ") for change in restart.changes())


def test_a_traced_step_shows_what_every_node_knew_then() -> None:
    run = load(next(path for path in RUNS if path.stem == "ignores_accepted"), find)
    steps: list[Step] = []
    with seeded(MUTANTS["ignores_accepted"]):
        trace(run, PARTITION, steps.append, wanted=5, until=5)
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    assert set(steps[-1].everyone) >= {"sa", "sb", "sc"}
    assert all("promised" in steps[-1].everyone[name] for name in ("sa", "sb", "sc"))
    assert all(not step.everyone for step in steps[:-1])


def test_a_run_with_an_unreachable_fault_in_its_schedule_is_refused_or_passed_over() -> None:
    config = draw("partition", 24, "timed")
    _, recorded = record(PARTITION, config)
    strange = Recorded((("crash", "sa", 99), *recorded.events[:20]), recorded.choices)
    with pytest.raises(Divergence):
        follow(PARTITION, config, strange)
    outcome, happened = follow(PARTITION, config, strange, lenient=True)
    assert outcome.failure is None
    assert happened.events == recorded.events[:20]


def test_a_run_of_a_few_steps_more_is_another_run() -> None:
    config = draw("partition", 24, "timed")
    longer = structs.replace(config, length=config.length + 8)
    assert execute(config).digest != execute(longer).digest
