"""The models of splits where partitions are hosted: their counts, and their seeded bugs with the lengths of
their traces.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bug_of, bugs_of
from dynaproof.checkers.state_space.explore import Exploration, explore
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.checkers.state_space.liveness import check_liveness
from dynaproof.model.admin_split import AdminSplit
from dynaproof.model.delete_split import DeleteSplit
from dynaproof.model.hosting import Hosting
from dynaproof.model.language import Expected, Model, eventually
from dynaproof.model.language.model import narrowed
from dynaproof.model.shared_pages import PagesComeHome, SharedPages
from dynaproof.model.shared_pages.protocol import SharedPagesRules

TRACES: dict[type[Model], dict[str, int]] = {
    Hosting: {
        "NoMark": 10,
        "SpeaksBeforeTheMark": 10,
        "CopySpeaksBeforeTheMark": 9,
        "MarkWithTheChild": 3,
        "MarkInTheParent": 17,
        "ForgetsTheBarrier": 13,
        "ChildDoesNotWait": 13,
        "DropsTheParentEarly": 3,
        "ForgetsTheUnmade": 15,
    },
    AdminSplit: {
        "ListsWhatIsProposed": 3,
        "DropsTheParentWhenListed": 7,
        "DropsTheParentAtAQuorum": 11,
        "MakesAgain": 6,
        "ListsInTwoWrites": 4,
        "ForgetsTheParent": 4,
        "CollectsTheUnlisted": 7,
        "CopiesNothing": 2,
    },
    DeleteSplit: {"DropsWhatIsListed": 10, "ChildLeavesNoTombstone": 14, "AQuorumIsEnough": 6},
    SharedPages: {
        "MarksBeforeTheParentsHead": 11,
        "MakesFromMemory": 10,
        "MarksBeforeThePages": 6,
        "ParentGoesOn": 13,
        "GoesWithItsOwner": 14,
        "SilenceRemovesTheFile": 8,
        "RemovesByTheWrittenHead": 5,
        "RemovesByTheDurableHead": 2,
        "FreesItsParentsPages": 15,
        "ForgetsViews": 18,
        "DoesNotVerify": 11,
    },
    PagesComeHome: {},
}
"""Steps of the shortest trace to each bug's violation."""
LASSOS: dict[type[Model], dict[str, tuple[str, ...]]] = {
    DeleteSplit: {"NobodyReports": ()},
    PagesComeHome: {"KeepsTheAbandoned": ("take_copy",), "StaysAway": ("take_copy", "crash")},
}
"""Bugs after which something never comes true, each with the actions without which that is found soonest."""
QUIET = {"abandon", "rot", "fall_silent", "crash", "open_view", "close_view"}
"""What may never happen within the bounds of shared pages."""


def counted() -> list[Any]:
    """Every model with every count that it states; the large ones are slow, and those whose liveness is."""
    quick = {SharedPages: {"grandchild": 0}, PagesComeHome: {"crashes": 0}}
    return [
        pytest.param(
            kind,
            one,
            marks=[] if quick.get(kind, one.constants) == one.constants else [pytest.mark.slow],
            id=",".join([kind.__name__, *(f"{key}={value}" for key, value in one.constants.items())]),
        )
        for kind in TRACES
        for one in kind.expected
    ]


@pytest.mark.parametrize(("kind", "expected"), counted())
def test_model_is_exhausted_and_its_counts_come_out(kind: type[Model], expected: Expected) -> None:
    model = kind(**expected.constants)
    found = explore(model, symmetry=expected.symmetry)
    assert (found.exhausted, found.violation, found.unjudged) == (True, None, ())
    counts = (found.distinct, found.generated, found.depth)
    assert counts == (expected.distinct, expected.generated, expected.depth)
    assert set(found.not_reached) == (
        {"shared_by_three"} if expected.constants == {"grandchild": 0} else set()
    )
    assert set(found.not_fired) <= (QUIET if issubclass(kind, SharedPagesRules) else set())
    if model.eventually:
        assert check_liveness(model) is None


@pytest.mark.parametrize("kind", LASSOS, ids=[kind.__name__ for kind in LASSOS])
def test_seeded_bug_after_which_something_stays_for_ever_is_caught(kind: type[Model]) -> None:
    for name, without in LASSOS[kind].items():
        bug = bug_of(kind, name)
        lasso = check_liveness(narrowed(bug(), without=without))
        assert lasso is not None, f"{name} is not caught"
        assert (name, lasso.condition) == (name, bug.violates)


@pytest.mark.parametrize("kind", TRACES, ids=[kind.__name__ for kind in TRACES])
def test_every_seeded_bug_is_caught_by_a_shortest_trace(
    kind: type[Model], searched: Callable[[type[Model]], Any]
) -> None:
    caught = [bug for bug in bugs_of(kind) if bug.__name__ not in LASSOS.get(kind, ())]
    assert {bug.__name__ for bug in caught} == set(TRACES[kind])
    for bug in caught:
        violation = searched(bug).result.violation
        assert violation is not None, f"{bug.__name__} is not caught"
        assert (bug.__name__, violation.name) == (bug.__name__, bug.violates)
        assert (bug.__name__, len(violation.trace) - 1) == (bug.__name__, TRACES[kind][bug.__name__])


SMALL = (
    Hosting(nodes=2, crashes=1, rots=0),
    AdminSplit(),
    DeleteSplit(nodes=2),
    narrowed(PagesComeHome(crashes=0), without=("take_copy", "free")),
)


@pytest.mark.parametrize("model", SMALL, ids=[type(model).__name__ for model in SMALL])
def test_plain_python_finds_the_same_states_of_a_small_configuration(model: Model) -> None:
    exploration = Exploration(model)
    found = exploration.run()
    plain = Interpreter(model).explore(10_000)
    assert plain.exhausted
    assert exploration.states() == list(plain.states)
    assert (found.distinct, found.generated, found.depth) == (plain.distinct, plain.generated, plain.depth)
    assert (found.fired, found.reached) == (plain.fired, plain.reached)


class EndsInTime(AdminSplit):
    """Splits and repairs that nobody gives up."""

    @eventually
    def ends(self) -> bool:
        """All is well."""
        return self.all_is_well()


@pytest.mark.parametrize("splits", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_split_ends_where_no_repair_is_given_up_for_ever(splits: int) -> None:
    model = EndsInTime(splits=splits, losses=splits)
    assert check_liveness(narrowed(model, without=("give_up_repair",))) is None


@pytest.mark.slow
def test_hosting_has_the_counts_of_three_crashes_and_of_no_symmetry() -> None:
    found = explore(Hosting(crashes=3), symmetry=True)
    assert (found.exhausted, found.violation, found.distinct) == (True, None, 477_614)
    found = explore(Hosting())
    assert (found.exhausted, found.violation, found.distinct) == (True, None, 1_982_836)
