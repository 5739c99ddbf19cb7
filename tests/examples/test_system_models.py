"""The models of the system: exhausted within their bounds, their counts pinned, their seeded bugs caught.

Each bug's shortest trace is pinned by the invariant that it breaks and by its number of steps.
"""

from dataclasses import dataclass, field

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bug_of, bugs_of
from dynaproof.checkers.state_space.explore import Exploration, explore
from dynaproof.checkers.state_space.induction import bounded
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.checkers.state_space.liveness import check_liveness
from dynaproof.model.catch_up import CatchUp
from dynaproof.model.dns_plan import DnsPlan
from dynaproof.model.language import Model
from dynaproof.model.language.model import narrowed
from dynaproof.model.lease import Lease
from dynaproof.model.long_tail import LongTail
from dynaproof.model.multi_paxos.one_no_op import OneNoOp
from dynaproof.model.request_id import RequestId
from dynaproof.model.restore import Restore
from dynaproof.model.shard import Shard
from dynaproof.model.split import Split


@dataclass(frozen=True)
class Case:
    """A model: constants with which a default test run exhausts it, and the steps to each bug's violation.

    `counts` are those with these constants, where the model states none.
    """

    model: type[Model]
    steps: dict[str, int]
    quick: dict[str, int] = field(default_factory=dict)
    counts: tuple[int, int, int] | None = None


CASES = (
    Case(
        Lease,
        {
            "CountsFromTheAnswer": 10,
            "IgnoresDrift": 11,
            "HalfTheDrift": 11,
            "UsesTheLastInstant": 11,
            "RetransmissionProlongs": 12,
            "RestartDoesNotWait": 10,
            "PromisesUnderALease": 9,
            "ReleasesAndServesOn": 11,
        },
        {"ballots": 2},
    ),
    Case(OneNoOp, {"AddsBehindANoOp": 7, "TakesTheLastForANoOp": 9}, {"ballots": 2}),
    Case(
        LongTail,
        {
            "KeepsNothing": 8,
            "KeepsItsOwn": 8,
            "KeepsItsOwnInTwoWindows": 13,
            "NoWindow": 10,
            "ProposesBehindItsBatch": 6,
            "NoOpsPileUp": 8,
            "PromisesWhatDoesNotFit": 11,
        },
    ),
    Case(
        CatchUp,
        {
            "NamedBeforeDurable": 9,
            "CutsPastTheSlowestCursor": 9,
            "CutsWhatIsApplied": 6,
            "CopyWithoutIds": 15,
            "CopyWithoutLog": 18,
            "CutUnderAView": 21,
            "MixedCopy": 22,
        },
        {"slots": 2},
        (129_041, 1_241_642, 45),
    ),
    Case(
        Split,
        {
            "AcknowledgesBehindTheSplit": 7,
            "ChildDoesNotWait": 9,
            "GrantsBehindTheSplit": 9,
            "IdsStayBehind": 13,
            "TimestampsBeginAnew": 7,
            "MetadataInTwoSteps": 3,
        },
        {"slots": 2},
    ),
    Case(
        RequestId,
        {
            "ForgottenAtLeaderChange": 7,
            "ForgetsWhatIsInFlight": 5,
            "DeadlineIgnored": 5,
            "TimestampFromWall": 7,
            "FailedConditionNotLogged": 6,
            "Evicts": 8,
            "AnswersBeforeChosen": 4,
            "PastLeaderRefusesForGood": 8,
            "ForgetsWhatItThrottled": 7,
            "ThrottlesPastTheDeadline": 9,
        },
    ),
    Case(
        Shard,
        {
            "TakesOverlaps": 6,
            "CutsWhatIsChosen": 2,
            "ClosesOutOfTurn": 3,
            "ChildBesideParent": 9,
            "CheckpointsFirst": 8,
        },
        {"workers": 1},
    ),
    Case(
        Restore,
        {
            "IgnoresHoles": 5,
            "SnapshotPastT": 4,
            "ArchivesWhatIsInFlight": 2,
            "SilentChildForgotten": 5,
            "TimestampFromWall": 5,
            "ParentDroppedAtTheSplit": 12,
        },
    ),
    Case(DnsPlan, {"ThreeSteps": 9, "CleansUpWhatIsNotNewest": 5, "CleansUpFirst": 3}),
)
NAMES = [one.model.__name__ for one in CASES]


def exhaust(model: Model, counts: tuple[int, int, int] | None = None) -> None:
    """Explore a model whole, and compare with these counts, or with what it says of itself."""
    found = explore(model, symmetry=True)
    assert found.violation is None
    assert found.exhausted
    assert found.not_fired == ()
    assert found.not_reached == ()
    if counts is None:
        default = type(model)().constants
        known = [one for one in model.expected if {**default, **one.constants} == model.constants]
        assert known, f"{type(model).__name__} states no counts for {model.constants}"
        counts = (known[0].distinct, known[0].generated, known[0].depth)
    assert (found.distinct, found.generated, found.depth) == counts


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_model_is_exhausted_and_every_action_fires_and_every_sometimes_is_reached(case: Case) -> None:
    exhaust(case.model(**case.quick), case.counts)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_model_is_exhausted_within_its_default_bounds(case: Case) -> None:
    for one in case.model.expected:
        exhaust(case.model(**one.constants))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_every_seeded_bug_is_caught_by_a_shortest_trace(case: Case) -> None:
    assert {bug.__name__ for bug in bugs_of(case.model)} == set(case.steps)
    assert len(case.steps) >= 2
    for bug in bugs_of(case.model):
        violation = explore(narrowed(bug(), promise=bug.violates), symmetry=True).violation
        assert violation is not None, f"{bug.__name__} is not caught"
        assert (bug.__name__, violation.name) == (bug.__name__, bug.violates)
        assert (bug.__name__, len(violation.trace) - 1) == (bug.__name__, case.steps[bug.__name__])


@pytest.mark.parametrize(
    "model",
    [
        Lease(ballots=1, lease=2, crashes=0),
        OneNoOp(ballots=1),
        LongTail(slots=2, ballots=1),
        CatchUp(slots=1, readers=1),
        Split(keys=1, requests=1, slots=1, elections=0),
        RequestId(requests=1, slots=2, elections=1),
        Shard(slots=2, leaders=1, workers=1),
        Restore(times=2),
        DnsPlan(enactors=2),
    ],
    ids=NAMES,
)
def test_plain_python_finds_the_same_states_of_a_small_configuration(model: Model) -> None:
    exploration = Exploration(model)
    found = exploration.run()
    plain = Interpreter(model).explore(10_000)
    assert plain.exhausted
    assert exploration.states() == list(plain.states)
    assert (found.distinct, found.generated, found.depth) == (plain.distinct, plain.generated, plain.depth)
    assert (found.fired, found.reached) == (plain.fired, plain.reached)


def test_shortest_trace_of_three_steps_is_the_outage_of_october_2025() -> None:
    violation = explore(bug_of(DnsPlan, "ThreeSteps")()).violation
    assert violation is not None
    assert [str(label) for label, _ in violation.trace if label is not None] == [
        "make_plan()",
        "take(0)",
        "make_plan()",
        "take(1)",
        "check(0)",
        "check(1)",
        "apply(1)",
        "apply(0)",
        "clean_up(1)",
    ]


def test_newest_dns_plan_is_applied_in_the_end_although_an_enactor_crashes() -> None:
    assert check_liveness(DnsPlan(enactors=2)) is None


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        (bug_of(DnsPlan, "ThreeSteps")(enactors=2, plans=3), 9),
        (bug_of(RequestId, "AnswersBeforeChosen")(), 4),
        (bug_of(Split, "MetadataInTwoSteps")(slots=2), 3),
    ],
    ids=["ThreeSteps", "AnswersBeforeChosen", "MetadataInTwoSteps"],
)
def test_bounded_model_checking_finds_the_violation_where_exploration_does(model: Model, steps: int) -> None:
    assert bounded(model, steps - 1).holds
    found = bounded(model, steps)
    assert (found.holds, found.broken, len(found.trace) - 1) == (False, model.violates, steps)
