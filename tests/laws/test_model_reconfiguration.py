"""The model of replacing voters: its counts, and its seeded bugs with the lengths of their traces."""

import re
from pathlib import Path
from types import new_class

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bug_of, bugs_of
from dynaproof.checkers.state_space.explore import explore
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.model.language import Constant, Expected, Model, action, always, require
from dynaproof.model.reconfiguration import Reconfiguration, seeded

TRACES = {
    "OldPromisesCount": 15,
    "LearningIsNoPromise": 15,
    "OnlyConfigsPromise": 16,
    "ForgetsWhenItWill": 7,
    "SpeaksAtOnce": 8,
    "ConfigChosenAgain": 14,
    "BatchTruncated": 10,
    "TailOnAnotherPrefix": 13,
}
"""Steps of the shortest trace to each bug's violation, from where the bug starts."""
LONG_SEARCHES = {"OnlyConfigsPromise", "BatchTruncated", "TailOnAnotherPrefix"}
"""Bugs whose shortest trace takes most of the time that all take together; the slow suite finds them."""


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
    assert {bug.__name__ for bug in bugs_of(Reconfiguration)} == set(TRACES)


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, id=bug.__name__, marks=[pytest.mark.slow] if bug.__name__ in LONG_SEARCHES else [])
        for bug in bugs_of(Reconfiguration)
    ],
)
def test_seeded_bug_is_caught_by_a_shortest_trace(bug: type[Model]) -> None:
    result = explore(bug(), symmetry=True)
    assert result.violation is not None
    assert result.violation.name == bug.violates
    assert len(result.violation.trace) - 1 == TRACES[bug.__name__]


def test_documented_variants_of_the_rules_have_the_lengths_of_their_traces() -> None:
    text = Path("docs/system-models.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| .* \| `reconfiguration` \| `(\w+)` \| (\d+)", text, re.MULTILINE))
    assert len(rows) == 5
    assert {name: int(steps) for name, steps in rows.items()} == {name: TRACES[name] for name in rows}


class InAnyOrder(Reconfiguration):
    """Chosen in the specs' words: by the slot's quorum in one ballot, whatever it did to lower slots."""

    @always
    def quorums_agree(self) -> bool:
        """What quorums have voted for in a slot is the same in every ballot."""
        return all(
            not (self.counted(b, n) and self.counted(c, n)) or self.records[b, n] == self.records[c, n]
            for n in self.Slot
            for b in self.Ballot
            for c in self.Ballot
            if b < c
        )


class InAnyOrderUndisturbed(seeded.Undisturbed, InAnyOrder):
    pass


@pytest.mark.parametrize(
    ("model", "states"),
    [
        (InAnyOrderUndisturbed, 502_882),
        pytest.param(InAnyOrder, 7_624_740, marks=pytest.mark.slow),
    ],
)
def test_quorums_agree_on_a_slot_even_if_votes_are_not_counted_in_order(
    model: type[Model], states: int
) -> None:
    result = explore(model(), symmetry=True)
    assert result.exhausted
    assert (result.violation, result.distinct) == (None, states)


class ChainAdopted(seeded.Undisturbed, Reconfiguration):
    """Ballot 2 begins once ballot 1 has proposed two configs, one behind the other; then anything."""

    spares = Constant(2)

    @action(a=Reconfiguration.Member, b=Reconfiguration.Ballot)
    def campaign(self, a: int, b: int) -> None:
        """The first ballot, and then those that meet a chain."""
        require(b == 1 or (self.is_config(1, 1) and self.is_config(1, 2)))
        require(self.role[b] == "unused" and self.admitted(a))
        self.role[b] = "candidate"
        self.base[b] = self.known[a]
        self.best_last[b] = self.known[a]
        for n in self.Slot:
            if n <= self.known[a]:
                self.records[b, n] = self.log[a, n]


@pytest.mark.slow
def test_chain_of_two_configs_is_safe_under_a_later_ballot() -> None:
    result = explore(ChainAdopted(), symmetry=True)
    assert result.exhausted
    assert result.violation is None
    assert (result.distinct, result.generated, result.depth) == (6_086_943, 60_481_255, 35)
    assert "config_adopted" not in result.not_reached


class LossUnseen:
    """Looks past lost records, to what the loss leads to."""

    @always
    def chosen_survives(self) -> bool:
        """Nothing is said."""
        return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "steps"), [("LearningIsNoPromise", 16), ("ConfigChosenAgain", 18), ("BatchTruncated", 10)]
)
def test_what_is_lost_is_chosen_anew(bug: str, steps: int) -> None:
    model = new_class(f"{bug}ChoosesTwice", (LossUnseen, bug_of(Reconfiguration, bug)))
    result = explore(model(), symmetry=True)
    assert result.violation is not None
    assert result.violation.name == "one_record_per_slot"
    assert len(result.violation.trace) - 1 == steps


@pytest.mark.parametrize(
    ("bug", "opening"),
    [
        (
            "BatchTruncated",
            (
                "campaign(1, 1); promise(1, 1); promise(2, 1); begin_with_config(1, 1, 0); "
                "accept_batch(2, 1); accept_batch(3, 1); propose(1); learn(0, 1, 1); "
                "accept(0, 1, 2); accept(3, 1, 2)"
            ),
        ),
        (
            "TailOnAnotherPrefix",
            "campaign(1, 1); promise(1, 1); promise(3, 1); accept_batch(3, 1); propose(1); accept(3, 1, 2)",
        ),
    ],
)
def test_where_a_bug_starts_the_rules_lead_too(bug: str, opening: str) -> None:
    wrong = bug_of(Reconfiguration, bug)()
    rules = Interpreter(Reconfiguration(**wrong.constants))
    state = next(
        one for one in rules.initial_states() if one[rules.names.index("first")] == frozenset({1, 2, 3})
    )
    for step in opening.split("; "):
        state = next(made for label, made in rules.successors(state) if str(label) == step)
    assert state in set(Interpreter(wrong).initial_states())
