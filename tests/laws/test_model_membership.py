"""The models of replacing voters alive: admission, leases over configs, log replicas. Their counts, their
seeded bugs with the lengths of their traces, and the counts of the rules as they once stood.
"""

from typing import Any

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bug_of, bugs_of
from dynaproof.checkers.mutation.model_bugs.patched import model_bug, patched
from dynaproof.checkers.mutation.model_bugs.reconfiguration import (
    ONLY_CONFIGS_PROMISE,
    ONLY_THE_ADMITTED_PROMISE,
)
from dynaproof.checkers.patches import Edit
from dynaproof.checkers.state_space.explore import explore
from dynaproof.model.admission import Admission, AfterOneLoss
from dynaproof.model.config_lease import ConfigLease
from dynaproof.model.language import Expected, Model, always
from dynaproof.model.language.model import narrowed
from dynaproof.model.reconfiguration import Reconfiguration
from dynaproof.model.replacement import Replacement

TRACES: dict[type[Model], dict[str, int]] = {
    Replacement: {
        "LogReplicaBesideALaggard": 3,
        "TwoLogReplicas": 5,
        "AsksByWhatItKnows": 4,
        "PartialCopyVotes": 4,
        "DropsAtTheConfig": 6,
    },
    AfterOneLoss: {"OnlyTheAdmittedPromise": 0, "EveryoneMustPromise": 0},
    Admission: {"PromisesOfTheOldConfig": 10, "OnePromiseLess": 6},
    ConfigLease: {
        "LeaseOfTheOldConfig": 10,
        "ToldBeforeCounted": 13,
        "LearningFrees": 10,
        "GrantsOfTwoConfigs": 10,
        "ServesBeforeItsNoOp": 7,
    },
}
"""Steps of the shortest trace to each bug's violation, from where the model starts."""
QUIET = {"promise_lost", "crash", "forget"}
"""What never happens where nobody fails."""
LARGE = (Admission, ConfigLease)
UNSEEN: dict[type[Model], set[str]] = {
    Admission: {"led_with_one_that_is_not_admitted"},
    Replacement: {"two_replaced"},
}
"""What takes more ballots, or more spares, than are explored with five voters."""


def of_all(kinds: tuple[type[Model], ...]) -> list[Any]:
    """The large ones run in the slow suite."""
    return [
        pytest.param(kind, marks=[pytest.mark.slow] if kind in LARGE else [], id=kind.__name__)
        for kind in kinds
    ]


def counted() -> list[Any]:
    """Every model with every count that it states; those of large ones and of five voters are slow."""
    return [
        pytest.param(
            kind,
            expected,
            marks=[pytest.mark.slow] if kind in LARGE or expected.constants.get("voters") == 5 else [],
            id=",".join([kind.__name__, *(f"{key}={value}" for key, value in expected.constants.items())]),
        )
        for kind in TRACES
        for expected in kind.expected
    ]


@pytest.mark.parametrize(("kind", "expected"), counted())
def test_model_is_exhausted_and_its_counts_come_out(kind: type[Model], expected: Expected) -> None:
    found = explore(kind(**expected.constants), symmetry=expected.symmetry)
    assert (found.exhausted, found.violation, found.unjudged) == (True, None, ())
    counts = (found.distinct, found.generated, found.depth)
    assert counts == (expected.distinct, expected.generated, expected.depth)
    assert set(found.not_reached) == (UNSEEN[kind] if expected.constants.get("voters") == 5 else set())
    assert kind is AfterOneLoss or set(found.not_fired) <= QUIET


@pytest.mark.parametrize("kind", of_all(tuple(TRACES)))
def test_every_seeded_bug_is_caught_by_a_shortest_trace(kind: type[Model]) -> None:
    assert {bug.__name__ for bug in bugs_of(kind)} == set(TRACES[kind])
    for bug in bugs_of(kind):
        violation = explore(bug(), symmetry=True).violation
        assert violation is not None, f"{bug.__name__} is not caught"
        assert (bug.__name__, violation.name) == (bug.__name__, bug.violates)
        assert (bug.__name__, len(violation.trace) - 1) == (bug.__name__, TRACES[kind][bug.__name__])


def test_lease_that_does_not_wait_for_the_first_batch_is_caught() -> None:
    violation = explore(bug_of(ConfigLease, "ServesBeforeItsNoOp")(), symmetry=True).violation
    assert violation is not None
    assert (violation.name, len(violation.trace) - 1) == ("holder_is_led_last", 7)


# --- The rules as they once stood ---

THE_SILENT_LEARN = Edit(
    "dynaproof.model.config_lease", "a not in self.silent and self.chosen(b, n)", "self.chosen(b, n)"
)
"""As an earlier draft had it: more states, in which a voter that lost all goes on to learn, for nothing."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "edits", "constants", "counts"),
    [
        (Admission, (ONLY_CONFIGS_PROMISE,), {}, (1_997_173, 17_108_748, 30)),
        (Reconfiguration, (ONLY_CONFIGS_PROMISE,), {}, (8_015_343, 87_708_474, 31)),
        (ConfigLease, (ONLY_THE_ADMITTED_PROMISE, ONLY_CONFIGS_PROMISE), {}, (615_430, 7_126_465, 26)),
        (
            ConfigLease,
            (ONLY_THE_ADMITTED_PROMISE, ONLY_CONFIGS_PROMISE, THE_SILENT_LEARN),
            {"forgets": 1},
            (5_973_874, 60_254_967, 30),
        ),
        (
            ConfigLease,
            (ONLY_THE_ADMITTED_PROMISE, ONLY_CONFIGS_PROMISE),
            {"restarts": 1},
            (2_589_468, 35_419_186, 28),
        ),
        (ConfigLease, (ONLY_CONFIGS_PROMISE, THE_SILENT_LEARN), {"forgets": 1}, (6_105_467, 61_451_527, 30)),
    ],
)
def test_earlier_rules_have_the_counts_that_they_had(
    kind: type[Model], edits: tuple[Edit, ...], constants: dict[str, int], counts: tuple[int, int, int]
) -> None:
    promise = "holder_is_led_last" if kind is ConfigLease else "one_record_per_slot"
    made = patched(kind, model_bug("AsItStood", "The rules as they once stood.", *edits, violates=promise))
    found = explore(narrowed(made(**constants), promise=promise), symmetry=True)
    assert (found.exhausted, found.violation) == (True, None)
    assert (found.distinct, found.generated, found.depth) == counts


class AsOnceSaid(Admission):
    """`quorums_overlap` in other words: not kept, and not needed."""

    @always
    def consecutive_quorums_meet(self) -> bool:
        """Quorums that choose a config and the slot above it have a voter in common."""
        return all(
            not (self.is_config(b, n) and self.chosen(b, n + 1))
            or any(
                (a, b, n) in self.votes
                and self.votes_on(a, b, n)
                and (a, b, n + 1) in self.votes
                and self.votes_on(a, b, n + 1)
                for a in self.Member
            )
            for b in self.Ballot
            for n in self.Slot
            if n < self.slots
        )


@pytest.mark.slow
def test_quorums_of_consecutive_configs_need_not_meet() -> None:
    violation = explore(AsOnceSaid(), symmetry=True).violation
    assert violation is not None
    assert violation.name == "consecutive_quorums_meet"
