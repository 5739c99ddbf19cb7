"""Liveness with its lasso, Z3's bounded checking and induction with their traces, and the state graph."""

import itertools
import xml.etree.ElementTree as ET

import networkx as nx
import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of
from dynaproof.checkers.state_space.catalogue import find
from dynaproof.checkers.state_space.explore import explore
from dynaproof.checkers.state_space.graph import write_graph
from dynaproof.checkers.state_space.induction import bounded, inductive
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.checkers.state_space.liveness import Lasso, check_liveness
from dynaproof.model.language import (
    Array,
    Bool,
    Enum,
    Int,
    Model,
    ModelError,
    Scalar,
    action,
    always,
    eventually,
    require,
    sometimes,
)
from dynaproof.model.paxos import Paxos
from dynaproof.model.two_phase_commit import TwoPhaseCommit


class Unfair(Model):
    """A clerk may serve, or look at the clock for ever."""

    served = Bool()
    clock = Bool()

    @action
    def tick(self):
        self.clock = not self.clock

    @action
    def serve(self):
        require(not self.served)
        self.served = True

    @eventually
    def someone_is_served(self):
        return self.served


class Fair(Unfair):
    """The same clerk, who serves in the end whoever waits for ever."""

    @action(fair=True)
    def serve(self):
        require(not self.served)
        self.served = True


class OnlyOnTheHour(Unfair):
    """Serving is possible only while the clock is up: never for ever, so weak fairness asks nothing."""

    @action(fair=True)
    def serve(self):
        require(self.clock)
        self.served = True


class FairPerClient(Model):
    """Fairness is each instance's own: serving one client for ever does not excuse forgetting the other."""

    Client = Scalar(2)
    waiting = Array(Client, Bool(init=True))

    @action(fair=True, c=Client)
    def serve(self, c):
        require(self.waiting[c])
        self.waiting[c] = False

    @action
    def ask_again(self):
        self.waiting[0] = True

    @eventually
    def second_is_served(self):
        return not self.waiting[1]


class MayStop(Model):
    """Nothing need ever happen."""

    step = Int(0, 2)

    @action
    def go(self):
        require(self.step < 2)
        self.step += 1

    @eventually
    def arrives(self):
        return self.step == 2


def is_behaviour(made: Model, lasso: Lasso) -> bool:
    """Whether the interpreter takes each step, from an initial state, and the cycle closes."""
    interpreter = Interpreter(made)
    steps = [*lasso.path, *lasso.cycle]
    first = steps[0][1] in interpreter.initial_states()
    taken = all(
        after in list(interpreter.successors(before[1])) for before, after in itertools.pairwise(steps)
    )
    return first and taken and steps[-1][1] == lasso.path[-1][1]


@pytest.mark.parametrize("kind", [Unfair, OnlyOnTheHour, MayStop])
def test_what_may_never_come_true_has_a_lasso_that_is_a_behaviour(kind: type[Model]) -> None:
    made = kind()
    lasso = check_liveness(made)
    assert lasso is not None
    assert lasso.condition == made.eventually[0].name
    assert is_behaviour(made, lasso)
    interpreter = Interpreter(made)
    assert not any(interpreter.holds(made.eventually[0], state) for _, state in (*lasso.path, *lasso.cycle))


@pytest.mark.parametrize("kind", [Fair, FairPerClient])
def test_weak_fairness_makes_it_come_true(kind: type[Model]) -> None:
    assert check_liveness(kind()) is None


def test_lasso_of_what_is_only_sometimes_enabled_goes_through_where_it_is_not() -> None:
    lasso = check_liveness(OnlyOnTheHour())
    assert lasso is not None
    assert [str(label) for label, _ in lasso.cycle] == ["tick()", "tick()"]


# ---------------------------------------------------------------- Z3


@pytest.mark.parametrize("kind", [*bugs_of(TwoPhaseCommit), bugs_of(Paxos)[0]], ids=lambda one: one.__name__)
def test_bounded_checking_finds_the_violation_at_the_depth_that_exploration_does(kind: type[Model]) -> None:
    made = kind(max_ballot=1) if issubclass(kind, Paxos) else kind()
    found = explore(made).violation
    assert found is not None
    steps = len(found.trace) - 1
    assert bounded(made, steps - 1).holds
    answer = bounded(made, steps)
    assert (answer.holds, answer.broken, len(answer.trace)) == (False, found.name, steps + 1)
    interpreter = Interpreter(made)
    for before, after in itertools.pairwise(answer.trace):
        assert after in list(interpreter.successors(before[1]))


class Counters(Model):
    """Two counters that never part by more than one; `apart` alone says too little to be inductive."""

    left = Int(0, 5)
    right = Int(0, 5)
    turn = Enum("left", "right")

    @action
    def go_left(self):
        require(self.turn == "left")
        require(self.left < 5)
        self.left += 1
        self.turn = "right"

    @action
    def go_right(self):
        require(self.turn == "right")
        self.right += 1
        self.turn = "left"

    @always
    def apart(self):
        return abs(self.left - self.right) <= 1

    @always
    def in_turn(self):
        return self.left == self.right + (1 if self.turn == "right" else 0)

    @sometimes
    def full(self):
        return self.right == 5


def test_invariant_that_says_too_little_has_a_counterexample_in_the_words_of_the_model() -> None:
    answer = inductive(Counters(), "in_turn")
    assert answer.holds
    answer = inductive(Counters(), "apart")
    assert (answer.holds, answer.broken) == (False, "apart")
    (nothing, before), (label, after) = answer.trace
    interpreter = Interpreter(Counters())
    assert nothing is None
    assert (label, after) in list(interpreter.successors(before))
    assert interpreter.holds(Counters().always[0], before)
    assert not interpreter.holds(Counters().always[0], after)
    said = "\n".join(answer.lines())
    assert "apart is inductive in Counters: does not hold" in said
    assert "1. go_" in said


def test_conjunction_is_inductive_where_a_part_alone_is_not() -> None:
    assert inductive(Counters()).holds
    assert explore(Counters()).exhausted


def test_initial_state_that_breaks_an_invariant_is_its_counterexample() -> None:
    class Broken(Counters):
        @always
        def right_is_ahead(self):
            return self.right > self.left

    answer = inductive(Broken(), "right_is_ahead")
    assert (answer.holds, answer.broken, len(answer.trace)) == (False, "right_is_ahead", 1)


@pytest.mark.parametrize("kind", bugs_of(Paxos), ids=lambda one: one.__name__)
def test_no_seeded_bug_of_paxos_keeps_its_invariants_inductive(kind: type[Model]) -> None:
    assert not inductive(kind()).holds


def test_paxos_is_safe_by_induction_within_small_bounds() -> None:
    assert inductive(Paxos(max_ballot=1)).holds


# ---------------------------------------------------------------- graph


def test_graph_has_every_state_and_transition_as_graphml_and_svg(tmp_path) -> None:
    made = TwoPhaseCommit(rms=2)
    result = explore(made)
    sizes = {write_graph(made, tmp_path / name) for name in ("states.graphml", "states.svg")}
    assert sizes == {(result.distinct, result.generated - 1)}
    graph = nx.read_graphml(tmp_path / "states.graphml", force_multigraph=True)
    assert (len(graph), graph.number_of_edges()) == (result.distinct, result.generated - 1)
    assert nx.get_node_attributes(graph, "var_tm_state")["0"] == "init"
    assert "tm_commit()" in set(nx.get_edge_attributes(graph, "action").values())
    picture = ET.parse(tmp_path / "states.svg").getroot()
    circles = picture.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == result.distinct
    assert "tm_state = init" in circles[0][0].text


def test_graph_of_a_large_model_is_refused(tmp_path) -> None:
    with pytest.raises(ModelError, match="there are more than 2000 states"):
        write_graph(Paxos(), tmp_path / "states.svg")


def test_model_of_the_manual_is_what_it_says(root, tmp_path) -> None:
    text = (root / "docs" / "models.md").read_text(encoding="utf-8")
    file = tmp_path / "lock.py"
    file.write_text(text.split("```python\n")[1].split("```")[0])
    result = explore(find(str(file))())
    assert (result.exhausted, result.violation) == (True, None)
    assert (result.not_fired, result.not_reached) == ((), ())
