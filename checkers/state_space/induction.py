"""Proofs by Z3: invariants that are inductive, and the absence of violations up to a depth.

An invariant is inductive if every initial state satisfies it, and every action keeps it from *any* state of
the variables' types that satisfies it, reachable or not. So a proof needs no exploration; and a
counterexample to induction is a state, often an unreachable one, that shows what the invariant does not yet
say.
"""

import time
from dataclasses import dataclass

import z3

from dynaproof.checkers.state_space.interpreter import AssertionFails, Interpreter, Label, State
from dynaproof.checkers.state_space.lower import Lowered, lower
from dynaproof.checkers.state_space.solver import Translation
from dynaproof.checkers.state_space.trace import as_object, describe
from dynaproof.checkers.state_space.values import ASSERTION
from dynaproof.model.language import Model, ModelError


@dataclass(frozen=True)
class Answer:
    """What Z3 says: whether the claim holds, the claim, and a trace against it if it does not.

    `unknown` names the reason if Z3 gave up; then neither is known, and `holds` is False.
    """

    holds: bool
    claim: str
    names: tuple[str, ...]
    seconds: float
    broken: str | None = None
    trace: tuple[tuple[Label | None, State], ...] = ()
    unknown: str | None = None

    def lines(self) -> list[str]:
        """For people."""
        verdict = "holds" if self.holds else f"unknown ({self.unknown})" if self.unknown else "does not hold"
        lines = [f"{self.claim}: {verdict} ({self.seconds:.2f} s)"]
        if self.trace:
            lines += [f"  {self.broken} is broken:", *describe(self.trace, self.names)]
        return lines

    def as_object(self) -> dict[str, object]:
        """For programs."""
        return {
            "claim": self.claim,
            "holds": self.holds,
            "unknown": self.unknown,
            "seconds": round(self.seconds, 3),
            "broken": self.broken,
            **as_object(self.trace, self.names),
        }


def _chosen(lowered: Lowered, name: str | None) -> list[int]:
    names = [one.name for one in lowered.always]
    if name is None:
        return list(range(len(names)))
    if name not in names:
        raise ModelError(f"no invariant {name!r}; its invariants: {', '.join(names)}")
    return [names.index(name)]


def inductive(model: Model, invariant: str | None = None, *, timeout_seconds: float = 600) -> Answer:
    """Whether an invariant (without a name: all of them together) is inductive."""
    begun = time.perf_counter()
    lowered = lower(model)
    chosen = _chosen(lowered, invariant)
    names = tuple(model.types)
    claim = f"{invariant or 'the conjunction of all invariants'} is inductive in {type(model).__name__}"
    interpreter = Interpreter(model)
    for state in interpreter.initial_states():
        for at in chosen:
            if not interpreter.holds(model.always[at], state):
                seconds = time.perf_counter() - begun
                return Answer(False, claim, names, seconds, model.always[at].name, ((None, state),))
    translation = Translation(lowered)
    old, new = translation.state("old"), translation.state("new")
    conditions = [lowered.always[at] for at in chosen]
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", int(timeout_seconds * 1000))
    solver.add(translation.typed(old), *translation.truths([one.node for one in conditions], old))
    after = translation.truths([one.node for one in conditions], new)
    for instance in lowered.instances:
        solver.push()
        faults = translation.truths([one.condition for one in (*instance.early, *instance.late)], old)
        kept = z3.And(translation.step(instance, old, new), z3.Not(z3.And(*after)))
        solver.add(z3.Or(kept, *faults))
        found = solver.check()
        if found == z3.sat:
            solution = solver.model()
            before = lowered.layout.decode(translation.read(solution, old))
            # Raises ModelError if the action's text is in error in that state.
            try:
                then = dict(interpreter.successors(before))[instance.label]
            except AssertionFails as failed:
                trace = ((None, before), (failed.label, before))
                return Answer(False, claim, names, time.perf_counter() - begun, failed.name, trace)
            broken = next(
                model.always[at].name for at in chosen if not interpreter.holds(model.always[at], then)
            )
            trace = ((None, before), (instance.label, then))
            return Answer(False, claim, names, time.perf_counter() - begun, broken, trace)
        if found == z3.unknown:
            reason = f"{instance.label}: {solver.reason_unknown()}"
            return Answer(False, claim, names, time.perf_counter() - begun, unknown=reason)
        solver.pop()
    return Answer(True, claim, names, time.perf_counter() - begun)


def bounded(model: Model, depth: int, *, timeout_seconds: float = 600) -> Answer:
    """Whether no behaviour of at most `depth` steps violates an invariant; a found violation is shortest."""
    begun = time.perf_counter()
    lowered = lower(model)
    translation = Translation(lowered)
    names = tuple(model.types)
    claim = f"no invariant of {type(model).__name__} is violated within {depth} steps"
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", int(timeout_seconds * 1000))
    states = [translation.state("0")]
    cells = [lowered.layout.unpack(words) for words in lowered.starts]
    solver.add(z3.Or(*(_equals(translation, states[0], one) for one in cells)))
    every = [one.node for one in lowered.always]
    failing = [
        fault.condition
        for one in lowered.instances
        for fault in (*one.early, *one.late)
        if fault.problem == ASSERTION
    ]
    for step in range(depth + 1):
        # An assert in the step after the last does not count: its depth would be one more.
        failed = translation.truths(failing if step < depth else [], states[-1])
        holds = z3.And(*translation.truths(every, states[-1]), z3.Not(z3.Or(*failed)))
        solver.push()
        solver.add(z3.Not(holds))
        found = solver.check()
        if found == z3.sat:
            solution = solver.model()
            path = [lowered.layout.decode(translation.read(solution, one)) for one in states]
            return _violated(model, claim, names, path, time.perf_counter() - begun)
        if found == z3.unknown:
            reason = f"step {step}: {solver.reason_unknown()}"
            return Answer(False, claim, names, time.perf_counter() - begun, unknown=reason)
        solver.pop()
        solver.add(holds)
        if step < depth:
            states.append(translation.state(str(step + 1)))
            steps = [translation.step(one, states[-2], states[-1]) for one in lowered.instances]
            solver.add(z3.Or(*steps))
    return Answer(True, claim, names, time.perf_counter() - begun)


def _equals(translation: Translation, state: list[object], cells: list[int]) -> object:
    return z3.And(*(term == translation.value(at, cells[at]) for at, term in enumerate(state)))


def _violated(model: Model, claim: str, names: tuple[str, ...], path: list[State], seconds: float) -> Answer:
    """The path with the labels that the interpreter finds for its steps, which also checks the path."""
    interpreter = Interpreter(model)
    trace: list[tuple[Label | None, State]] = [(None, path[0])]
    for state in path[1:]:
        label = next(label for label, made in interpreter.successors(trace[-1][1]) if made == state)
        trace.append((label, state))
    broken = next((one.name for one in model.always if not interpreter.holds(one, path[-1])), None)
    if broken is None:
        failed = _failing_assert(interpreter, path[-1])
        broken = failed.name
        trace.append((failed.label, path[-1]))
    return Answer(False, claim, names, seconds, broken, tuple(trace))


def _failing_assert(interpreter: Interpreter, state: State) -> AssertionFails:
    try:
        for _ in interpreter.successors(state):
            pass
    except AssertionFails as failed:
        return failed
    raise AssertionError("the interpreter finds no violation where Z3 found one")
