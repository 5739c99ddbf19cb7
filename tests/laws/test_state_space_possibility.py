"""Promises that something can always still happen, deadlocks, and asserts in actions: both engines alike."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dynaproof.checkers.state_space.explore import Exploration, Limits, Result, explore
from dynaproof.checkers.state_space.induction import bounded, inductive
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.model.language import (
    Array,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    action,
    always,
    always_possible,
    eventually,
    require,
    sometimes,
    terminal,
)


class Trap(Model):
    """A counter that may be stopped for good once it is at 4."""

    Clerk = Scalar(3)
    count = Int(0, 5)
    last = Option(Clerk)
    stopped = Int(0, 1)

    @action(who=Clerk)
    def step(self, who):
        require(self.count < 5 and self.stopped == 0)
        self.count = self.count + 1
        self.last = who

    @action
    def back(self):
        require(self.count > 0 and self.stopped == 0)
        self.count = self.count - 1

    @action
    def stop(self):
        require(self.count == 4 and self.stopped == 0)
        self.stopped = 1

    @always_possible
    def can_count(self):
        return self.count > 0

    @always_possible
    def can_rest(self):
        return self.count == 0


class Released(Trap):
    """The same where what was stopped starts anew."""

    @action
    def release(self):
        require(self.stopped == 1)
        self.stopped = 0
        self.count = 0


class GoodEnd(Trap):
    """The same where being stopped is a good end."""

    @terminal
    def stopped_for_good(self):
        return self.stopped == 1


class Asserts(Model):
    """A counter whose action says what it must never meet."""

    count = Int(0, 5)

    @action
    def step(self):
        require(self.count < 5)
        assert self.count < 3, "it stays small"
        self.count = self.count + 1

    @sometimes
    def at_two(self):
        return self.count == 2


def test_stuck_state_is_found_with_a_shortest_trace():
    result = explore(Trap())
    assert (result.violation.name, result.violation.kind) == ("can_rest", "always_possible")
    assert [str(label) for label, _ in result.violation.trace[1:]] == ["step(0)"] * 4 + ["stop()"]
    assert result.distinct == 1 + 5 * 3 + 3 + 3  # Back at 0 the last clerk is kept; 3 states are stopped.
    reduced = explore(Trap(), symmetry=True)
    assert (reduced.violation.name, len(reduced.violation.trace)) == ("can_rest", 6)
    threaded = explore(Trap(), threads=2)
    assert (threaded.violation.name, len(threaded.violation.trace)) == ("can_rest", 6)


def test_state_that_can_be_left_is_not_stuck():
    for symmetry in (False, True):
        result = explore(Released(), symmetry=symmetry)
        assert (result.exhausted, result.violation, result.unjudged) == (True, None, ())


def test_unjudged_promise_names_what_stood_in_its_way():
    limited = explore(Trap(), limits=Limits(states=5))
    assert limited.unjudged == (("can_count", "limit of states"), ("can_rest", "limit of states"))
    reduced = explore(Trap(), por=True)
    assert [reason for _, reason in reduced.unjudged] == ["partial order reduction"] * 2
    assert (limited.violation, reduced.violation) == (None, None)


def test_deadlocks_are_counted_but_for_good_ends():
    result = explore(Trap())
    assert (result.deadlocks, result.deadlock_depth) == (3, 5)
    assert explore(GoodEnd()).deadlocks == 0
    assert Interpreter(Trap()).explore().deadlocks == 3


def test_assert_of_an_action_is_a_promise_with_a_trace():
    line = Asserts.step.method.__code__.co_firstlineno + 3
    expected = f"assert of step, line {line}: it stays small"
    result, slow = explore(Asserts()), Interpreter(Asserts()).explore()
    assert (result.violation.name, result.violation.kind) == (expected, "assert")
    assert (slow.violated, slow.trace) == (expected, result.violation.trace)
    assert [str(label) for label, _ in result.violation.trace[1:]] == ["step()"] * 4
    assert [state for _, state in result.violation.trace] == [(0,), (1,), (2,), (3,), (3,)]
    assert (result.exhausted, result.reached) == (False, {"at_two"})


def test_assert_of_an_action_is_a_promise_for_z3_too():
    step = Asserts.step.method
    name = f"assert of step, line {step.__code__.co_firstlineno + 3}: it stays small"
    assert bounded(Asserts(), 3).holds
    answer = bounded(Asserts(), 4)
    assert (answer.holds, answer.broken) == (False, name)
    assert [state for _, state in answer.trace] == [(0,), (1,), (2,), (3,), (3,)]
    answer = inductive(Asserts())
    assert (answer.holds, answer.broken) == (False, name)
    assert answer.trace[0][1] == answer.trace[1][1] >= (3,)


def test_eventually_that_holds_at_once_is_named():
    class AtOnce(Model):
        n = Int(0, 1)

        @action
        def step(self):
            self.n = 1

        @eventually
        def small(self):
            return self.n < 1

        @eventually
        def large(self):
            return self.n == 1

    assert explore(AtOnce()).true_at_once == ("small",)


def graph_model(edges: dict[int, set[int]], goals: set[int]) -> Model:
    """A model whose states are numbers and whose steps are the given ones."""
    size = max([*edges, *(to for each in edges.values() for to in each), *goals, 1])
    pairs = tuple((source, target) for source, targets in sorted(edges.items()) for target in sorted(targets))
    pairs = pairs or ((size + 1, 0),)
    wanted = tuple(sorted(goals))

    class Walk(Model):
        at = Int(0, size)

        @action(edge=Range(0, len(pairs) - 1))
        def walk(self, edge):
            require(self.at == pairs[edge][0])
            self.at = pairs[edge][1]

        @always
        def inside(self):
            return self.at <= size

        @always_possible
        def goal(self):
            return self.at in wanted

        @terminal
        def good(self):
            return self.at == 2

    return Walk()


def reachable(edges: dict[int, set[int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


NODES = st.integers(0, 7)


@settings(deadline=None, max_examples=12)
@given(st.dictionaries(NODES, st.sets(NODES, max_size=3), max_size=8), st.sets(NODES, min_size=1, max_size=3))
def test_out_of_reach_is_what_reachability_says(edges: dict[int, set[int]], goals: set[int]) -> None:
    model = graph_model(edges, goals)
    states = reachable(edges, 0)
    stuck = {state for state in states if not reachable(edges, state) & goals}
    compiled: Result = Exploration(model, cached=False).run()
    slow = Interpreter(model).explore()
    assert (compiled.violation is not None) == bool(stuck)
    assert (slow.violated is not None) == bool(stuck)
    assert compiled.distinct == slow.distinct == len(states)
    ends = {state for state in states if not edges.get(state) and state != 2}
    assert compiled.deadlocks == slow.deadlocks == len(ends)
    if compiled.violation is not None:
        assert compiled.violation.trace == slow.trace
        assert compiled.violation.trace[-1][1][0] in stuck


def test_array_guarded_against_none_by_a_filter_is_no_error():
    """The smallest model that once ended in "a bug in dynaproof"."""

    class Confirmed(Model):
        Node = Range(1, 2)
        confirmed = Array(Node, Option(Range(1, 2)))
        hold = Int(0, 2)
        total = Int(0, 4)

        @action(n=Node)
        def put(self, n):
            self.confirmed[n] = 2

        @action
        def move(self):
            require(self.greatest() > self.hold)
            self.hold = self.greatest()
            self.total = sum(self.confirmed[n] for n in self.Node if self.confirmed[n] is not None)

        def greatest(self):
            return max((self.confirmed[n] for n in self.Node if self.confirmed[n] is not None), default=0)

        @sometimes
        def full(self):
            return self.total == 4

    result, slow = explore(Confirmed()), Interpreter(Confirmed()).explore()
    assert result.exhausted
    assert (result.distinct, result.generated) == (slow.distinct, slow.generated) == (8, 20)
    assert result.reached == slow.reached == {"full"}


def test_memory_that_runs_out_ends_with_what_was_found():
    from dynaproof.model.paxos import Paxos

    result = explore(Paxos(), limits=Limits(megabytes=3))
    assert (result.limit, result.exhausted, result.violation) == ("memory", False, None)
    assert result.distinct > 1_000
    assert result.peak_bytes <= 4 << 20


def test_refused_allocation_ends_with_what_was_found(monkeypatch):
    from dynaproof.model.paxos import Paxos

    exploration = Exploration(Paxos())
    grow, calls = exploration._grow, []

    def refused() -> None:
        calls.append(None)
        if len(calls) > 2:
            raise MemoryError
        grow()

    monkeypatch.setattr(exploration, "_grow", refused)
    result = exploration.run()
    assert (result.limit, result.exhausted) == ("memory", False)
    assert 0 < result.distinct < 185_369
