"""The invariants of a model that name a spec say together what the spec says, on every state."""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bug_of, bugs_of
from dynaproof.checkers.state_space.catalogue import NAMES, find
from dynaproof.checkers.state_space.explore import Exploration, Result
from dynaproof.checkers.state_space.interpreter import Interpreter, State
from dynaproof.model.language import Model, always
from dynaproof.model.lease import Lease
from dynaproof.specs.observe.model import observable, views_of
from dynaproof.specs.promises import PROMISES

SMALL = {
    "two_phase_commit": {"rms": 5},
    "multi_paxos": {"slots": 2, "ballots": 2},
    "one_no_op": {"slots": 2, "ballots": 2},
    "long_tail": {"slots": 2},
    "paxos": {"max_ballot": 1},
    "lease": {"ballots": 2, "lease": 2},
    "request_id": {"slots": 2, "elections": 1},
    "catch_up": {"slots": 2, "readers": 1},
    "split": {"requests": 1, "slots": 2},
    "hosting": {"crashes": 1},
    "shard": {"slots": 2, "workers": 1},
    "restore": {"times": 3},
}
"""Constants under which every state is compared."""
TAKEN = 500
"""How many states of each model are compared by default, from all over its state space, both forms evaluated
by Python. In the slow suite all of them, in which machine code has found the invariants to hold.
"""


def naming() -> list[str]:
    return [
        name
        for name in NAMES
        if observable(find(name)) and any(one.spec is not None for one in find(name)().always)
    ]


def explored(model: Model) -> tuple[Exploration, Result]:
    exploration = Exploration(model, symmetry=model.symmetric)
    return exploration, exploration.run()


def disagreements(
    model: Model, states: list[State], *, hold: bool = False
) -> tuple[dict[str, int], list[str]]:
    """On how many states each spec that the model names is broken, and where its two forms differ.

    `hold`: exploration has found that the invariants hold in these states; they are not evaluated again.
    """
    interpreter = Interpreter(model)
    named = {one.spec: [other for other in model.always if other.spec == one.spec] for one in model.always}
    broken, found = {name: 0 for name in named if name is not None}, []
    for state in states:
        views = views_of(model, state)
        for name in broken:
            failing = [one.name for one in named[name] if not hold and not interpreter.holds(one, state)]
            broken[name] += bool(failing)
            spec = PROMISES[name]
            seen = [view for view in views if isinstance(view, spec.over)]
            assert seen, f"no view of {type(model).__name__} is one that {name} is about"
            told = [violation.sentence for view in seen for violation in spec.check(view)]
            if bool(failing) != bool(told):
                found.append(f"{failing or 'nothing'} is broken, {name} says {told} of {state}")
    return broken, found


def test_every_model_that_names_a_spec_has_a_view_and_the_spec_is_registered() -> None:
    named = {name for name in NAMES if any(one.spec is not None for one in find(name)().always)}
    assert len(named) >= 9
    for name in sorted(named):
        assert observable(find(name)), f"{name} has no view in specs/observe/model.py"
        assert {one.spec for one in find(name)().always if one.spec is not None} <= set(PROMISES)


@pytest.mark.parametrize("name", naming())
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_invariants_and_specs_agree_on_every_state(name: str, whole: bool) -> None:
    model = find(name)(**SMALL.get(name, {}))
    exploration, result = explored(model)
    assert (result.exhausted, result.violation) == (True, None)
    every = 1 if whole else max(1, result.distinct // TAKEN)
    states = [exploration.state_of(exploration.words_of(at)) for at in range(0, result.distinct, every)]
    assert len(states) == -(-result.distinct // every) > 200
    broken, found = disagreements(model, states, hold=whole)
    assert found == []
    assert not any(broken.values())


def test_every_spec_that_models_name_is_broken_by_a_seeded_bug_of_theirs() -> None:
    """But for leases, whose bugs break the stronger invariant of the model first: see below."""
    models = [find(name) for name in naming()]
    named = {one.spec for model in models for one in model().always if one.spec is not None}
    violated = {
        one.spec
        for model in models
        for bug in bugs_of(model)
        for one in bug().always
        if one.name == bug.violates and one.spec is not None
    }
    assert named - violated == {"one_lease_holder"}


SLOW_BUGS = {"KnownChosenInsideTail", "CutsByEntryBallot"}
"""Those with three slots, of which tens of millions of states come before the violation."""


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, id=bug.__name__, marks=[pytest.mark.slow] if bug.__name__ in SLOW_BUGS else [])
        for name in naming()
        for bug in bugs_of(find(name))
        if bug.violates in {one.name for one in bug().always}
    ],
)
def test_invariants_and_specs_agree_on_the_states_of_seeded_bugs(
    bug: type[Model], searched: Callable[[type[Model]], Any]
) -> None:
    """On those of the shortest trace, and on some from all over the state space."""
    model = bug()
    assert model.symmetric
    result, sample = searched(bug)
    assert result.violation is not None
    trace = [state for _, state in result.violation.trace]
    broken, found = disagreements(model, [*trace, *sample])
    assert found == []
    violated = next(one for one in model.always if one.name == bug.violates)
    assert violated.spec is None or broken[violated.spec] > 0


class LookedAtLate(bug_of(Lease, "PromisesUnderALease")):  # type: ignore[misc]
    """A seeded bug of leases of which only the spec's own invariant is looked at."""

    @always
    def holder_is_led_last(self) -> bool:
        """Nothing is said."""
        return True


def test_two_holders_of_a_lease_break_the_invariant_and_the_spec() -> None:
    model = LookedAtLate(lease=2, ballots=2)
    _, result = explored(model)
    assert result.violation is not None
    assert result.violation.name == "one_lease_holder"
    broken, found = disagreements(model, [state for _, state in result.violation.trace])
    assert (broken, found) == ({"one_lease_holder": 1}, [])
