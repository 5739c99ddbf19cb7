"""An invariant of a model that names a spec says what the spec says, on every state."""

import pytest

from checkers.state_space.catalogue import NAMES, find
from checkers.state_space.explore import Exploration, Result
from checkers.state_space.interpreter import Interpreter, State
from model.language import Model, always
from model.lease import PromisesUnderALease
from specs import clients, consensus
from specs.observe.model import observable, view_of
from specs.promise import ALL

SMALL = {
    "multi_paxos": {"slots": 2, "ballots": 2},
    "paxos": {"max_ballot": 1},
    "lease": {"ballots": 2, "lease": 2},
    "request_id": {"slots": 2, "elections": 1},
}
"""Constants under which every state is compared."""
EVERY = 3
"""Of the states of the implementation's model, each so-manieth by default; all of them in the slow suite."""
SAMPLE = 200
"""Of each seeded bug: the shortest trace, and so many states from all over its state space."""
UNSEEN = {"catch_up", "restore", "shard", "split", "two_phase_commit"}
"""Models that name specs and have no view yet: their invariants are not compared."""

assert consensus
assert clients


def naming() -> list[str]:
    return [
        name
        for name in NAMES
        if observable(find(name)) and any(one.spec in ALL for one in find(name)().always)
    ]


def explored(model: Model) -> tuple[Exploration, Result]:
    exploration = Exploration(model, symmetry=model.symmetric)
    return exploration, exploration.run()


def disagreements(model: Model, states: list[State]) -> tuple[int, list[str]]:
    """On how many states a promise was broken, and where the two forms of it differ."""
    interpreter = Interpreter(model)
    broken, found = 0, []
    named = [one for one in model.always if one.spec in ALL]
    for state in states:
        view = view_of(model, state)
        for one in named:
            assert one.spec is not None
            kept = interpreter.holds(one, state)
            broken += not kept
            told = [violation.sentence for violation in ALL[one.spec].check(view)]
            if kept != (not told):
                found.append(f"{one.name} is {kept}, {one.spec} says {told} of {state}")
    return broken, found


def test_every_model_that_names_a_spec_has_a_view_or_is_known_to_have_none() -> None:
    named = {name for name in NAMES if any(one.spec is not None for one in find(name)().always)}
    assert {"multi_paxos", "paxos"} <= named
    for name in sorted(named - UNSEEN):
        assert observable(find(name)), f"{name} has no view in specs/observe/model.py"
        assert {one.spec for one in find(name)().always if one.spec is not None} <= set(ALL)


@pytest.mark.parametrize("name", naming())
@pytest.mark.parametrize("every", [EVERY, pytest.param(1, marks=pytest.mark.slow)])
def test_invariant_and_spec_agree_on_every_state(name: str, every: int) -> None:
    model = find(name)(**SMALL.get(name, {}))
    exploration, result = explored(model)
    states = exploration.states()[::every]
    assert len(states) == -(-result.distinct // every) > 50
    assert disagreements(model, states) == (0, [])


SLOW_BUGS = {"KnownChosenInsideTail", "CutsByEntryBallot"}
"""Those with three slots, of which tens of millions of states come before the violation."""


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, id=bug.__name__, marks=[pytest.mark.slow] if bug.__name__ in SLOW_BUGS else [])
        for name in naming()
        for bug in find(name).bugs
    ],
)
def test_invariant_and_spec_agree_on_the_states_of_seeded_bugs(bug: type[Model]) -> None:
    model = bug()
    exploration, result = explored(model)
    assert result.violation is not None
    trace = [state for _, state in result.violation.trace]
    count = result.distinct
    sample = [
        exploration.state_of(exploration.words_of(at)) for at in range(0, count, max(1, count // SAMPLE))
    ]
    broken, found = disagreements(model, [*trace, *sample])
    assert found == []
    violated = next(one for one in model.always if one.name == bug.violates)
    assert broken > 0 or violated.spec is None


class LookedAtLate(PromisesUnderALease):
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
    assert disagreements(model, [state for _, state in result.violation.trace]) == (1, [])
