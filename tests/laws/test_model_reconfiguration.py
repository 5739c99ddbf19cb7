"""The model of replacing voters: its counts, and its seeded bugs with the lengths of their traces."""

import pytest

from checkers.state_space.explore import explore
from model.language import Expected, Model
from model.reconfiguration import Reconfiguration

TRACES = {"OldPromisesCount": 15, "LearningIsNoPromise": 16}
"""Steps of the shortest trace to each bug's violation."""
SLOW = {"LearningIsNoPromise"}


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(one, id=str(dict(one.constants)), marks=[] if one.constants else [pytest.mark.slow])
        for one in Reconfiguration.expected
    ],
)
def test_expected_counts_come_out(expected: Expected) -> None:
    result = explore(Reconfiguration(**expected.constants), symmetry=True)
    assert result.exhausted
    assert (result.distinct, result.generated, result.depth) == (
        expected.distinct,
        expected.generated,
        expected.depth,
    )
    assert result.not_fired == ()
    assert result.not_reached == (("config_adopted",) if expected.constants else ())


def test_every_seeded_bug_has_a_length() -> None:
    assert {bug.__name__ for bug in Reconfiguration.bugs} == set(TRACES)


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, id=bug.__name__, marks=[pytest.mark.slow] if bug.__name__ in SLOW else [])
        for bug in Reconfiguration.bugs
    ],
)
def test_seeded_bug_is_caught_by_a_shortest_trace(bug: type[Model]) -> None:
    result = explore(bug(), symmetry=True)
    assert result.violation is not None
    assert result.violation.name == bug.violates
    assert len(result.violation.trace) - 1 == TRACES[bug.__name__]
