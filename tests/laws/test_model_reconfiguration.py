"""The model of replacing voters: its counts, and its seeded bugs with the lengths of their traces."""

import pytest

from checkers.state_space.explore import explore
from checkers.state_space.interpreter import Interpreter
from model.language import Expected, Model, always
from model.reconfiguration import Reconfiguration, seeded

TRACES = {
    "OldPromisesCount": 15,
    "LearningIsNoPromise": 15,
    "ForgetsWhenItWill": 7,
    "SpeaksAtOnce": 8,
    "ConfigChosenAgain": 14,
    "BatchTruncated": 10,
    "TailOnAnotherPrefix": 13,
}
"""Steps of the shortest trace to each bug's violation, from where the bug starts."""


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(
            one,
            id=str(dict(one.constants)),
            marks=[] if one.constants == {"ballots": 1} else [pytest.mark.slow],
        )
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
    assert result.not_reached == (("config_adopted",) if expected.constants.get("ballots") == 1 else ())


def test_every_seeded_bug_has_a_length() -> None:
    assert {bug.__name__ for bug in Reconfiguration.bugs} == set(TRACES)


@pytest.mark.parametrize("bug", Reconfiguration.bugs, ids=lambda bug: bug.__name__)
def test_seeded_bug_is_caught_by_a_shortest_trace(bug: type[Model]) -> None:
    result = explore(bug(), symmetry=True)
    assert result.violation is not None
    assert result.violation.name == bug.violates
    assert len(result.violation.trace) - 1 == TRACES[bug.__name__]


class LossUnseen:
    """Looks past lost records, to what the loss leads to."""

    @always
    def chosen_survives(self) -> bool:
        """Nothing is said."""
        return True


class LearningChoosesTwice(LossUnseen, seeded.LearningIsNoPromise):
    pass


class AgainChoosesTwice(LossUnseen, seeded.ConfigChosenAgain):
    pass


class TruncatedChoosesTwice(LossUnseen, seeded.BatchTruncated):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "steps"), [(LearningChoosesTwice, 16), (AgainChoosesTwice, 18), (TruncatedChoosesTwice, 10)]
)
def test_what_is_lost_is_chosen_anew(bug: type[Model], steps: int) -> None:
    result = explore(bug(), symmetry=True)
    assert result.violation is not None
    assert result.violation.name == "one_record_per_slot"
    assert len(result.violation.trace) - 1 == steps


@pytest.mark.parametrize(
    ("bug", "opening"),
    [
        (
            seeded.BatchTruncated,
            (
                "campaign(1, 1); promise(1, 1); promise(2, 1); begin_with_config(1, 1, 0); "
                "accept_batch(2, 1); accept_batch(3, 1); propose(1); learn(0, 1, 1); "
                "accept(0, 1, 2); accept(3, 1, 2)"
            ),
        ),
        (
            seeded.TailOnAnotherPrefix,
            "campaign(1, 1); promise(1, 1); promise(3, 1); accept_batch(3, 1); propose(1); accept(3, 1, 2)",
        ),
    ],
)
def test_where_a_bug_starts_the_rules_lead_too(bug: type[Model], opening: str) -> None:
    rules = Interpreter(Reconfiguration(**bug().constants))
    state = next(
        one for one in rules.initial_states() if one[rules.names.index("first")] == frozenset({1, 2, 3})
    )
    for step in opening.split("; "):
        state = next(made for label, made in rules.successors(state) if str(label) == step)
    assert state in set(Interpreter(bug()).initial_states())
