"""Directed scenarios: the system goes through each of them, and the bugs that they are written for do not."""

import pytest

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.directed.catalogue import DIRECTED, trace_of
from dynaproof.checkers.mutation.directed.golden import TRACES, golden
from dynaproof.checkers.patches import seeded

WRITTEN_FOR = [(scenario.name, name) for scenario in DIRECTED.values() for name in scenario.kills]


@pytest.mark.parametrize("name", DIRECTED)
def test_the_system_survives_every_directed_scenario_to_its_end(name: str) -> None:
    trace = trace_of(DIRECTED[name])
    assert trace.failure is None
    assert trace.stuck is None
    assert DIRECTED[name].sentence.endswith(".")


@pytest.mark.parametrize(("scenario", "name"), WRITTEN_FOR)
def test_a_directed_scenario_kills_the_bug_that_it_is_written_for(scenario: str, name: str) -> None:
    with seeded(MUTANTS[name]):
        failure = trace_of(DIRECTED[scenario]).failure
    assert failure is not None
    assert MUTANTS[name].counts(failure.spec)


@pytest.mark.parametrize("name", DIRECTED)
def test_a_directed_scenario_goes_by_its_golden_trace(name: str) -> None:
    written = (TRACES / f"{name}.txt").read_text(encoding="utf-8")
    assert golden(DIRECTED[name]) == written, (
        "read what has changed; then `./run python -m dynaproof.checkers.mutation.directed.golden` writes it"
    )


def test_every_golden_trace_is_of_a_scenario() -> None:
    assert sorted(path.stem for path in TRACES.glob("*")) == sorted(DIRECTED)
