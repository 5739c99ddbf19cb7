"""Is a recorded run a behaviour of `model/multi_paxos`? Its text decides, evaluated without its bounds.

*The abstraction.* A replica's promise, last accepted ballot, commit index and log are the model's, as of the
last handler all of whose writes are synced. A record is its identity, the ballot that proposed it. A slot
below the log's first is cut, or covered by a copied checkpoint, and stands for its chosen record: to catch up
by copy is to learn every slot that the copy covers. A vote is an accept that is synced. A ballot is a
candidate's once the promise that its campaign journals is synced. What a candidate counts is decided
afterwards: a promise is the model's `promise` if it was among those that made a leader, and `promise_lost` if
not (a prophecy, as in Abadi and Lamport). A restart is the model's `crash`, after as many of the unsynced
handlers as the disk kept, and before it learns what the journal says is chosen. A replica whose synced state
is damaged or gone is silent.

*Left out*, so never checked here: configs (a run is checked up to the first record that is a config, or the
first incarnation that was not there from the start, and then counts as having left), leases and clocks, what
records say, requests and replies, what is in a checkpoint and which records a copy covers, and the ballot of
an entry (the model has none, so what a catch-up says of it is compared with nothing).

*Each step* is a short sequence of actions, found among few candidates by what changed, or changes nothing.
What a message says must be true when it leaves: see `spoken.py`.

Source: Abadi and Lamport, *The Existence of Refinement Mappings*, 1991.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from dynaproof.checkers.refinement.recording import (
    Behaviour,
    Forgot,
    Happening,
    Left,
    Restarted,
    Sent,
    Synced,
)
from dynaproof.checkers.refinement.spoken import Spoken, misstated
from dynaproof.checkers.refinement.unbounded import Label, Unbounded, Undo
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot
from dynaproof.model.multi_paxos.one_no_op import OneNoOp

Visit = Callable[["Unbounded"], None]
"""Called with the state after each action."""


class Difference(Struct, frozen=True):
    """A step that is no behaviour of the model: the nearest action, and what differs after it."""

    step: int
    node: str
    what: str
    """What happened."""
    nearest: str
    """The sequence of actions that came nearest."""
    differs: tuple[str, ...]
    """The variables that differ, each with the model's and the implementation's value; or the guard that does
    not hold."""

    def sentence(self) -> str:
        """The difference as a sentence."""
        return (
            f"step {self.step}: {self.what} at {self.node} is no step of multi_paxos; "
            f"nearest: {self.nearest}; " + "; ".join(self.differs)
        )


class Refined(Struct, frozen=True):
    """The result of checking one run."""

    steps: int
    """How many happenings were checked."""
    actions: dict[str, int]
    """How often each action of the model was taken."""
    left: str | None
    """Why the run left the model's domain, if it did."""
    left_at: int | None
    difference: Difference | None
    seconds: float = 0.0


class Refinement:
    """Follows one recorded run through the model."""

    def __init__(self, behaviour: Behaviour, visit: Visit | None = None) -> None:
        self.behaviour = behaviour
        self.visit = visit
        self.names = sorted(behaviour.members)
        self.number = {name: at for at, name in enumerate(self.names)}
        ballots = sorted(set(ballots_of(behaviour)) - {NO_BALLOT})
        self.rank: dict[Ballot, int] = {ballot: at + 1 for at, ballot in enumerate(ballots)}
        self.rank[NO_BALLOT] = 0
        self.owner = {self.rank[ballot]: ballot.node for ballot in ballots}
        slots = 2 + max((what.last for _, one in behaviour.happenings for what in synced_of(one)), default=0)
        self.model: Any = Unbounded(
            OneNoOp, {"acceptors": len(self.names), "slots": slots, "ballots": max(1, len(ballots))}
        )
        self.bases = {self.rank[b]: base for b, base in behaviour.bases.items() if b in self.rank}
        self.spoken = Spoken(self.model, self.number, self.rank)
        self.actions: dict[str, int] = {}
        self.silent: dict[str, bool] = {}

    def check(self) -> Refined:
        """Follow the run to its end, to where it leaves the model's domain, or to the first difference."""
        steps = 0
        for step, what in self.behaviour.happenings:
            if isinstance(what, Left):
                return Refined(steps, self.actions, what.why, step, None)
            found = self.follow(step, what)
            if found is not None:
                return Refined(steps, self.actions, None, None, found)
            steps += 1
        return Refined(steps, self.actions, None, None, None)

    def follow(self, step: int, what: Happening) -> Difference | None:
        """One happening: the difference, if no sequence of actions explains it."""
        if isinstance(what, Sent):
            if what.node in self.silent:
                return Difference(step, what.node, "a message", "none", ("it forgot, and speaks",))
            untrue = self.spoken.untrue(what.node, what.message)
            if untrue is None:
                return None
            kind = type(what.message).__name__
            article = "an" if kind[0] in "AEIOU" else "a"
            return Difference(step, what.node, f"{article} {kind} that left", "none", (untrue,))
        if isinstance(what, Forgot):
            self.silent[what.node] = True
            return self.take(step, what.node, "a loss", [(("forget", self.number[what.node]),)], None)
        if isinstance(what, Restarted):
            return self.restarted(step, what)
        assert isinstance(what, Synced)
        if what.node in self.silent:
            return Difference(step, what.node, what.handled, "none", ("it forgot, and goes on",))
        found = self.take(step, what.node, what.handled, self.plans(what), what)
        if found is None:
            untold = [wrong for promise in what.promises for wrong in misstated(promise, what)]
            if untold:
                return Difference(step, what.node, "a Promise", "none", tuple(untold))
        return found

    def restarted(self, step: int, what: Restarted) -> Difference | None:
        """A prefix of what was not synced was kept; then the crash; then what the journal says is chosen."""
        state = what.state
        if state.node in self.silent:
            return Difference(step, state.node, "a restart", "none", ("it forgot, and goes on",))
        nearest: Difference | None = None
        done: list[Undo] = []
        for kept in range(len(what.waiting) + 1):
            if kept:
                waited = what.waiting[kept - 1]
                found, undo = self.explain(step, waited.node, waited.handled, self.plans(waited), waited)
                if found is not None:
                    break
                done.append(undo)
            a = self.number[state.node]
            crash: tuple[Label, ...] = (("crash", a),) if self.model.known[a] > 0 else ()
            plan = (*crash, *self.learning(a, 0, state))
            found, undo = self.explain(step, state.node, "a restart", [plan], state)
            if found is None:
                return None
            nearest = nearest if nearest is not None and len(nearest.differs) <= len(found.differs) else found
        for undo in reversed(done):
            self.model.undo(undo)
        assert nearest is not None
        return nearest

    # --- Which actions may explain a change ---

    def plans(self, state: Synced) -> Iterator[tuple[Label, ...]]:
        """Sequences of actions that may lead to a state, the likeliest first."""
        a = self.number[state.node]
        first = tuple(self.promising(a, state))
        b = self.rank[state.last_accepted]
        learns = tuple(self.learning(a, self.model.known[a], state))
        again = tuple(self.asking_again(a, state))
        batch: tuple[Label, ...] = (("accept_batch", a, b),)
        alone = tuple(self.accepting(a, b, state))
        accepts = [batch, alone] if state.handled in {"Adopt", "Promise"} else [alone, batch]
        if not self.accepted(a, state):
            accepts.insert(0, ())
        if learns and any(name == "campaign" for name, *_ in first):
            yield (*learns, *first, *again)  # It asks from what a `Release` has just told it.
        for accept in accepts:
            yield (*first, *accept, *learns, *again)
            if accept and learns:
                yield (*first, *learns, *accept, *again)
        if learns:
            yield (*learns, *first, *again)

    def accepted(self, a: int, state: Synced) -> bool:
        """Whether an accept must be among the actions."""
        return bool(self.model.last_accepted[a] != self.rank[state.last_accepted])

    def promising(self, a: int, state: Synced) -> Iterator[Label]:
        """Campaigns and promises."""
        model, raised = self.model, self.rank[state.promised]
        for promise in state.promises:
            if id(promise) in self.behaviour.counted:
                yield ("promise", a, self.rank[promise.ballot])
                if self.rank[promise.ballot] == raised:
                    return
        if raised > model.promised[a]:
            if self.owner[raised] == state.node and model.role[raised] == "unused":
                yield ("campaign", a, raised)
            yield ("promise_lost", a, raised)

    def accepting(self, a: int, b: int, state: Synced) -> Iterator[Label]:
        """Proposals in the replica's own ballot, and accepts of single slots behind what is held."""
        model = self.model
        held = model.last_slot(a) if model.last_accepted[a] == b else int(model.known[a])
        for n in range(held + 1, state.last + 1):
            if self.owner.get(b) == state.node and n > model.proposed[b]:
                yield ("propose", b)
            yield ("accept", a, b, n)

    def learning(self, a: int, known: int, state: Synced) -> Iterator[Label]:
        """Every slot that is newly known to be chosen, in a ballot that chose it."""
        for n in range(known + 1, state.known + 1):
            wanted = self.rank[state.records[n - state.first]] if n >= state.first else None
            yield ("learn", a, self.chooser(n, wanted, self.rank[state.last_accepted]), n)

    def chooser(self, n: int, wanted: int | None, likely: int) -> int:
        """A ballot that chose this record in this slot; if none did, the likely one, whose guard will not
        hold.
        """
        model = self.model
        candidates: tuple[int, ...] = (likely, *range(len(self.rank) - 1, 0, -1))
        for b in candidates:
            if b and model.chosen(b, n) and (wanted is None or model.records[b, n] == wanted):
                return b
        return likely or 1

    def asking_again(self, a: int, state: Synced) -> Iterator[Label]:
        """The promises that a candidate will lead from are known at this point."""
        b = self.rank[state.promised]
        base = self.bases.get(b)
        if base is not None and base == state.known and self.owner[b] == state.node:
            model = self.model
            if model.role[b] == "candidate" and model.base[b] != base:
                yield ("ask_again", a, b)

    # --- Trying them ---

    def take(
        self, step: int, node: str, what: str, plans: Iterable[tuple[Label, ...]], goal: Synced | None
    ) -> Difference | None:
        """Take the first sequence that leads to the goal."""
        return self.explain(step, node, what, plans, goal)[0]

    def explain(
        self, step: int, node: str, what: str, plans: Iterable[tuple[Label, ...]], goal: Synced | None
    ) -> tuple[Difference | None, Undo]:
        """The same, with what would undo it."""
        nearest: Difference | None = None
        for plan in plans:
            done: Undo = []
            refused = ""
            for label in plan:
                undo = self.model.attempt(label)
                if undo is None:
                    refused = self.shown(label)
                    break
                done += undo
                if self.visit is not None:
                    self.visit(self.model)
            differs = self.differences(goal) if goal is not None else []
            if not refused and not differs:
                for label in plan:
                    self.actions[label[0]] = self.actions.get(label[0], 0) + 1
                return None, done
            self.model.undo(done)
            if refused:
                differs.insert(0, f"{refused} is not enabled")
            if nearest is None or len(differs) < len(nearest.differs):
                shown = ", ".join(self.shown(label) for label in plan) or "no action"
                nearest = Difference(step, node, what, shown, tuple(differs))
        assert nearest is not None, "there is at least one sequence"
        return nearest, []

    def shown(self, label: Label) -> str:
        """An action with the names of the implementation."""
        kinds = self.model.model.actions
        parameters = next(one.parameters for one in kinds if one.name == label[0])
        arguments = []
        for name, value in zip(parameters, label[1:], strict=True):
            arguments.append(
                self.names[value] if name == "a" else self.ballot(value) if name == "b" else str(value)
            )
        return f"{label[0]}({', '.join(arguments)})"

    def ballot(self, rank: int | None) -> str:
        """A ballot in the implementation's words."""
        return "nothing" if rank is None else next(str(b) for b, at in self.rank.items() if at == rank)

    def differences(self, goal: Synced) -> list[str]:
        """The variables of the replica that are not as in the implementation."""
        model, a = self.model, self.number[goal.node]
        found = [
            f"{name} is {text(mine)} in the model and {text(theirs)} in the implementation"
            for name, mine, theirs, text in (
                ("promised", model.promised[a], self.rank[goal.promised], self.ballot),
                ("last_accepted", model.last_accepted[a], self.rank[goal.last_accepted], self.ballot),
                ("known", model.known[a], goal.known, str),
            )
            if mine != theirs
        ]
        rank, log = self.rank, model.log
        for at, identity in enumerate(goal.records):
            n = goal.first + at
            if log[a, n] != rank[identity]:
                found.append(
                    f"log[{n}] is {self.ballot(log[a, n])} in the model and {identity} in the implementation"
                )
        n = goal.last + 1
        if log[a, n] is not None:
            found.append(
                f"log[{n}] is {self.ballot(log[a, n])} in the model and nothing in the implementation"
            )
        return found


def synced_of(what: Happening) -> tuple[Synced, ...]:
    """The states in a happening."""
    if isinstance(what, Synced):
        return (what,)
    return (what.state, *what.waiting) if isinstance(what, Restarted) else ()


def ballots_of(behaviour: Behaviour) -> Iterator[Ballot]:
    """Every ballot that a recorded run names."""
    for _, what in behaviour.happenings:
        for state in synced_of(what):
            yield state.promised
            yield state.last_accepted
            yield from state.records
            yield from (promise.ballot for promise in state.promises)
        if isinstance(what, Sent):
            yield from Spoken.ballots(what.message)
