"""A seeded bug of a model of the system is a patch of its text, and fits it exactly."""

import inspect
import os
import subprocess
import sys

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import MODEL_BUGS, bug_of, bugs_of
from dynaproof.checkers.mutation.model_bugs.patched import ModelBug, model_bug, patched
from dynaproof.checkers.patches import BugError, Edit, difference
from dynaproof.checkers.state_space.catalogue import NAMES, find
from dynaproof.checkers.state_space.explore import explore
from dynaproof.model.dns_plan import DnsPlan
from dynaproof.model.language import Action, Model, Property
from dynaproof.model.multi_paxos import MultiPaxos
from dynaproof.model.paxos import Paxos
from dynaproof.model.two_phase_commit import TwoPhaseCommit

MODEL = "dynaproof.model.two_phase_commit"


def wrong(*edits: Edit) -> type[Model]:
    return patched(TwoPhaseCommit, model_bug("Wrong", "For this test.", *edits, violates="consistent"))


def own(kind: type[Model]) -> dict[str, object]:
    """What the class body of a model with a bug has."""
    return {
        name: value for name, value in vars(kind).items() if not name.startswith("__") and name != "violates"
    }


def text_of(value: object) -> str | None:
    """The text of a method or an action; None of what is none."""
    method = value.method if isinstance(value, Action | Property) else value
    return inspect.getsource(method) if inspect.isfunction(method) else None


def test_every_model_of_the_system_has_two_seeded_bugs_at_least() -> None:
    kinds = [find(name) for name in NAMES]
    assert {f"{kind.__module__}:{kind.__qualname__}" for kind in kinds} == set(MODEL_BUGS)
    for kind in kinds:
        names = [one.__name__ for one in bugs_of(kind)]
        assert len(set(names)) == len(names) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_every_seeded_bug_is_a_bug_of_its_model_and_shows_its_text(name: str) -> None:
    kind = find(name)
    for bug, made in zip(MODEL_BUGS[f"{kind.__module__}:{kind.__qualname__}"], bugs_of(kind), strict=True):
        assert issubclass(made, kind)
        assert (made.__name__, made.__doc__, made.violates) == (bug.name, bug.sentence, bug.violates)
        assert own(made)
        for changed, value in own(made).items():
            shown = text_of(value)
            assert shown is None or shown != text_of(inspect.getattr_static(kind, changed, None))
        for line in difference(bug).splitlines()[3:]:
            if line.startswith("+") and line[1:].strip():
                assert any(line[1:] in (text_of(value) or line) for value in own(made).values())


def test_what_is_loaded_stays_as_it_was() -> None:
    cuts = MultiPaxos.cuts
    code, text = cuts.__code__, inspect.getsource(cuts)
    assert "return False" in inspect.getsource(bug_of(MultiPaxos, "NoCutOnAccept").cuts)
    assert MultiPaxos.cuts is cuts
    assert (cuts.__code__, inspect.getsource(cuts)) == (code, text)
    assert "return False" not in text


def test_a_bug_is_made_once() -> None:
    assert bugs_of(DnsPlan) == bugs_of(DnsPlan)


def test_a_bug_may_add_actions_and_change_parameters() -> None:
    three = bug_of(DnsPlan, "ThreeSteps")()
    assert [one.name for one in three.actions] == [*(one.name for one in DnsPlan().actions), "check"]
    assert explore(three).not_fired == ()
    (phase_2a,) = [one for one in bug_of(Paxos, "IgnoresEarlierVotes")().actions if one.name == "phase_2a"]
    assert list(phase_2a.parameters) == ["b", "v", "quorum"]


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (Edit(MODEL, "self.tm_state == 'nowhere'", "True"), "stands 0 times"),
        (Edit(MODEL, 'require(self.tm_state == "init")', "pass"), "stands 3 times"),
        (Edit(MODEL, "rms = Constant(3)", "rms = Constant(3)  # Three."), "says the same as without"),
        (Edit(MODEL, "rms = Constant(3)", "rms = Constant(3"), "is no Python"),
        (Edit(MODEL, "def tm_commit(self)", "def commits(self)"), "it takes tm_commit out of"),
        (
            Edit(MODEL, "class TwoPhaseCommit(Model):", "class TwoPhaseCommit(Model, object):"),
            "outside the classes of TwoPhaseCommit",
        ),
        (
            Edit(MODEL, 'self.tm_state = "aborted"', 'self.tm_state = "aborted" if __class__ else ""'),
            "TwoPhaseCommit.tm_abort would need another closure",
        ),
        (
            Edit("dynaproof.model.paxos", "max_ballot = Constant(2)", "max_ballot = Constant(3)"),
            "outside the classes of TwoPhaseCommit",
        ),
    ],
)
def test_a_bug_that_does_not_fit_the_text_is_an_error(edit: Edit, problem: str) -> None:
    with pytest.raises(BugError, match=problem):
        wrong(edit)
    assert "Wrong" not in [one.__name__ for one in TwoPhaseCommit.bugs]


class SendsNothing(TwoPhaseCommit):
    """A model of a user that has a method of ours of its own."""

    def tm_abort(self) -> None:  # type: ignore[override]
        """It does nothing."""


def test_a_bug_in_a_method_that_the_model_overrides_is_an_error() -> None:
    silent = Edit(MODEL, 'self.tm_state = "aborted"', 'self.tm_state = "committed"')
    bug: ModelBug = model_bug("Silent", "For this test.", silent, violates="consistent")
    with pytest.raises(BugError, match="SendsNothing has tm_abort of SendsNothing, not of TwoPhaseCommit"):
        patched(SendsNothing, bug)


def test_a_user_states_bugs_as_subclasses() -> None:
    class Mine(TwoPhaseCommit):
        """A user's model."""

    class Broken(Mine, violates="consistent"):
        def tm_commit(self) -> None:  # type: ignore[override]
            """It does nothing."""

    assert bugs_of(Mine) == (Broken,)


def test_names_of_kept_programs_are_those_of_every_process() -> None:
    text = (
        "from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of\n"
        "from dynaproof.checkers.state_space.origin import name_of\n"
        "from dynaproof.model.multi_paxos import MultiPaxos\n"
        "print([name_of(one()) for one in (MultiPaxos, *bugs_of(MultiPaxos))])\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert "None" not in told[0]
