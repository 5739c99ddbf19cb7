"""The models of a table's routers and admins: their counts, and their seeded bugs with the lengths of their
traces.
"""

from typing import Any

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bug_of, bugs_of
from dynaproof.checkers.mutation.model_bugs.patched import model_bug, patched
from dynaproof.checkers.patches import Edit
from dynaproof.checkers.state_space.explore import explore
from dynaproof.checkers.state_space.liveness import check_liveness
from dynaproof.model.admin_members import AdminMembers
from dynaproof.model.child_voters import ChildVoters
from dynaproof.model.deaf_leader import DeafLeader
from dynaproof.model.deletion import Deletion
from dynaproof.model.floors import Floors
from dynaproof.model.hints import Hints
from dynaproof.model.language import Expected, Model
from dynaproof.model.language.model import narrowed
from dynaproof.model.mourning import Mourning
from dynaproof.model.on_demand import OnDemand
from dynaproof.model.paging import Paging
from dynaproof.model.router import Router
from dynaproof.model.tables import Tables
from dynaproof.model.takeover import Takeover

TRACES: dict[type[Model], dict[str, int]] = {
    Takeover: {"Unconditioned": 6, "EpochOnlyWhenRead": 6, "ChoosesInTheCommand": 3, "OnlyTheEpoch": 4},
    AdminMembers: {
        "ReplacesAtAnyEpoch": 11,
        "DropsWhatWasGivenUp": 9,
        "DropsByPartition": 13,
        "DropsOlderOnesToo": 13,
        "CreatesAgain": 8,
        "ZonesNotLookedAt": 6,
        "WaitsForARefusal": 6,
        "EpochNeverRaised": 13,
    },
    OnDemand: {
        "OntoAnyVersion": 13,
        "BeginsAnew": 13,
        "BeginsWithAnyReport": 13,
        "CountsAtTheBeginningOnly": 14,
        "OntoTheFirstVersion": 8,
    },
    Tables: {
        "IdByName": 12,
        "NoTombstone": 9,
        "PurgesAtOnce": 10,
        "NotFenced": 14,
        "RemovesBeforeAnswers": 9,
    },
    ChildVoters: {
        "WaitsForAllOthers": 6,
        "ReplacedUnheard": 8,
        "OneTooFewIsHeard": 8,
        "SuccessorsUnheard": 10,
    },
    Floors: {
        "ForgetsWhatNoTermDropped": 7,
        "ForgetsAtTheSameTerm": 7,
        "LowerTermsObeyed": 9,
        "OlderOneStays": 4,
    },
    Router: {
        "WrongPartitionByHearsay": 6,
        "WrongPartitionPastTheDeadline": 8,
        "ThawedMemory": 9,
        "IdsStayBehind": 8,
        "LastAnswerCounts": 8,
    },
    Paging: {
        "CountsInThePartition": 4,
        "BeginsThePartitionAgain": 4,
        "EndsWithItsPartition": 3,
        "BeginsAtTheLast": 2,
    },
}
"""Steps of the shortest trace to each bug's violation."""
MODELS = (*TRACES, DeafLeader, Deletion, Hints, Mourning)


def counted() -> list[Any]:
    """Every model with every count that it states; those of five voters are slow."""
    return [
        pytest.param(
            kind,
            expected,
            marks=[pytest.mark.slow] if expected.constants.get("voters") == 5 else [],
            id=",".join([kind.__name__, *(f"{key}={value}" for key, value in expected.constants.items())]),
        )
        for kind in MODELS
        for expected in kind.expected
    ]


@pytest.mark.parametrize(("kind", "expected"), counted())
def test_model_is_exhausted_and_its_counts_come_out(kind: type[Model], expected: Expected) -> None:
    found = explore(kind(**expected.constants), symmetry=expected.symmetry)
    assert (found.exhausted, found.violation, found.unjudged) == (True, None, ())
    assert (found.distinct, found.generated, found.depth) == (
        expected.distinct,
        expected.generated,
        expected.depth,
    )
    assert (found.not_reached, found.not_fired) == ((), ())
    if kind().eventually:
        assert check_liveness(kind()) is None


@pytest.mark.parametrize("kind", TRACES, ids=[kind.__name__ for kind in TRACES])
def test_every_seeded_bug_is_caught_by_a_shortest_trace(kind: type[Model]) -> None:
    expected = kind.expected[0]
    assert {bug.__name__ for bug in bugs_of(kind)} == set(TRACES[kind])
    for bug in bugs_of(kind):
        violation = explore(bug(), symmetry=expected.symmetry).violation
        assert violation is not None, f"{bug.__name__} is not caught"
        assert (bug.__name__, violation.name) == (bug.__name__, bug.violates)
        assert (bug.__name__, len(violation.trace) - 1) == (bug.__name__, TRACES[kind][bug.__name__])


def test_a_request_that_is_sent_round_for_ever_is_caught() -> None:
    for bug in bugs_of(Hints):
        lasso = check_liveness(bug())
        assert lasso is not None, f"{bug.__name__} is not caught"
        assert lasso.condition == bug.violates == "arrives"


def test_a_leader_that_is_not_relieved_of_a_new_replica_that_it_does_not_hear_is_caught() -> None:
    for bug in bugs_of(DeafLeader):
        lasso = check_liveness(bug())
        assert lasso is not None, f"{bug.__name__} is not caught"
        assert lasso.condition == bug.violates


def test_dead_nodes_of_other_zones_are_waited_for_but_not_for_ever() -> None:
    waits, dies = bugs_of(Mourning)
    lasso = check_liveness(waits())
    assert lasso is not None
    assert lasso.condition == waits.violates == "what_can_be_is_replaced"
    violation = explore(dies()).violation
    assert violation is not None
    assert (violation.name, len(violation.trace) - 1) == (dies.violates, 4)


def test_a_deleted_partition_waits_for_who_may_vote_and_for_nobody_else() -> None:
    planned, recorded, quorum, left = bugs_of(Deletion)
    for bug, steps in ((planned, 6), (recorded, 5), (quorum, 5)):
        violation = explore(bug()).violation
        assert violation is not None
        assert (violation.name, len(violation.trace) - 1) == (bug.violates, steps)
    lasso = check_liveness(left())
    assert lasso is not None
    assert lasso.condition == left.violates == "the_record_goes"


def test_a_report_of_what_nothing_names_is_what_lets_a_deleted_table_go() -> None:
    deaf = model_bug(
        "NobodyReports",
        "A node does not report what it has.",
        Edit("dynaproof.model.tables", "(g, n) in self.has and (self.status", "False and (self.status"),
        violates="settles",
    )
    violation = explore(patched(Tables, deaf)()).violation
    assert violation is not None
    assert violation.name == "settles"


def test_members_without_the_refusal_have_the_count_that_they_had() -> None:
    found = explore(narrowed(bug_of(AdminMembers, "WaitsForARefusal")(), promise="zones_apart"))
    assert (found.exhausted, found.violation) == (True, None)
    assert (found.distinct, found.generated, found.depth) == (31_790, 95_221, 31)


def test_a_request_without_symmetry_has_the_count_of_the_draft() -> None:
    found = explore(Router())
    assert (found.exhausted, found.distinct) == (True, 10_560)
