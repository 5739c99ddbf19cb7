"""Is a run a behaviour of a user's model? An abstraction says which of the model's states the nodes are in.

After each handler, sync and crash the abstraction is asked for that state; a sync counts once for each
handler whose writes it covers. The state is as before, or a short sequence of the model's enabled actions
leads there; the model's own text decides, run by the interpreter.

Source: Abadi and Lamport, *The Existence of Refinement Mappings*, 1991.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, TypeAlias

from msgspec import Struct

from dynaproof.checkers.state_space.interpreter import Interpreter, Label, State, shown
from dynaproof.checkers.user_code import described
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.model.language import Model, ModelError
from dynaproof.specs.views.nodes import NodeState

MOST_ACTIONS = 3
"""The most actions of the model that one step of a run may be, by default."""

MOST_STATES = 20_000
"""The most states that are looked at for one step."""

NEAREST = 3
"""How many enabled actions are named for a step that is none of them."""


class Seen:
    """A node as an abstraction sees it: its public state if it runs, and what is durable on its disk."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._logs: dict[str, bytes] = {}
        """What is durable, as shown now, of each log that was asked for."""
        self._unsynced: list[tuple[int, dict[str, bytes]]] = []
        """The logs after each handler that has written, with how much had been written by then."""

    @property
    def running(self) -> NodeState | None:
        """The public state of the node; None while it is down."""
        place = self._place
        return NodeState(place.name, partial(getattr, place, "node")) if place.up else None

    def durable(self, log: str) -> bytes:
        """The bytes of a log that no crash can take any more."""
        if log not in self._logs:
            self._logs[log] = bytes(self._place.disk.durable_log(log))
        return self._logs[log]

    def wrote(self) -> None:
        """A handler has run: keep what the logs are with its writes."""
        disk = self._place.disk
        last = self._unsynced[-1][0] if self._unsynced else disk.durable
        if disk.written > last:
            logs = {log: disk.read(log, 0, disk.size(log)) for log in self._logs}
            self._unsynced.append((disk.written, logs))

    def synced(self) -> Iterator[None]:
        """Show what is durable now, one handler after the other: one sync covers the writes of many."""
        disk = self._place.disk
        while self._unsynced and self._unsynced[0][0] <= disk.durable:
            self._logs = self._unsynced.pop(0)[1]
            yield

    def crashed(self) -> Iterator[None]:
        """Show what the disk kept: what whole handlers left, one after the other, then all of it."""
        kept = {log: bytes(self._place.disk.durable_log(log)) for log in self._logs}
        for _, logs in self._unsynced:
            if not all(kept[log].startswith(logs[log]) for log in logs):
                break
            self._logs = logs
            yield
        self._unsynced = []
        self._logs = kept
        yield


Abstraction: TypeAlias = Callable[[Mapping[str, Seen]], Mapping[str, Any]]
"""From the nodes by name, in the order of their scenario, to the values of the model's variables by name."""


class AbstractionError(ValueError):
    """What an abstraction gives is no state of its model, or the model goes wrong; the message says why."""


class RefinementError(ValueError):
    """A refinement that says nothing; the message is a sentence."""


class Refinement(Struct, frozen=True):
    """A model that runs must follow, and how a run is seen as a behaviour of it.

    The model's constants must be large enough for what the runs reach.
    """

    model: Model
    abstract: Abstraction
    most_actions: int = MOST_ACTIONS

    def __post_init__(self) -> None:
        if not isinstance(self.model, Model):
            raise RefinementError(f"a refinement has a model, as MyModel(), and not {self.model!r}")
        if not callable(self.abstract):
            raise RefinementError(
                f"a refinement's abstract is a function of the nodes, and not {self.abstract!r}"
            )
        if self.most_actions < 1:
            raise RefinementError(f"a step may be at least one action of the model, not {self.most_actions}")

    @property
    def name(self) -> str:
        """The name under which a run that does not follow the model fails."""
        return f"follows_{type(self.model).__name__}"


class Difference(Struct, frozen=True):
    """A step of a run that is no step of the model."""

    step: int
    node: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    nearest: tuple[str, ...] = ()
    """The enabled actions that come nearest."""

    def __str__(self) -> str:
        return f"step {self.step} {self.sentence()}"

    def sentence(self) -> str:
        """What differs, where, and what the model could have done."""
        told = [changed(name, self.before[name], self.after[name]) for name in self.before]
        could = f"; nearest: {', '.join(self.nearest)}" if self.nearest else "; no action is enabled"
        return f"at {self.node} is no step of the model: {'; '.join(filter(None, told))}{could}"


def changed(name: str, before: Any, after: Any) -> str:
    """How a variable differs; for a set, which members come and go. Empty if it does not differ."""
    if before == after:
        return ""
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        gone = f", less {shown(before - after)}" if before - after else ""
        return f"{name} with {shown(after - before)}{gone}"
    return f"{name} from {shown(before)} to {shown(after)}"


class Paths:
    """Shortest sequences of a model's actions between two of its states; remembers what it has found."""

    def __init__(self, model: Model, most_actions: int = MOST_ACTIONS) -> None:
        self.interpreter = Interpreter(model)
        self.most_actions = most_actions
        self._after: dict[State, dict[State, Label]] = {}
        self._found: dict[tuple[State, State], tuple[str, ...] | None] = {}

    def between(self, before: State, after: State) -> tuple[str, ...] | None:
        """The names of the actions, in order; None if no short sequence leads there."""
        asked = (before, after)
        if asked not in self._found:
            self._found[asked] = self._search(before, after)
        return self._found[asked]

    def _search(self, before: State, after: State) -> tuple[str, ...] | None:
        reached: dict[State, tuple[str, ...]] = {before: ()}
        level = [before]
        for _ in range(self.most_actions):
            frontier: list[State] = []
            for state in level:
                for made, label in self._successors(state).items():
                    if made in reached:
                        continue
                    reached[made] = (*reached[state], label.action)
                    if made == after:
                        return reached[made]
                    frontier.append(made)
                if len(reached) > MOST_STATES:
                    return None
            level = frontier
        return None

    def nearest(self, before: State, after: State) -> list[str]:
        """The enabled actions that come nearest to a state, each with what it leaves different."""
        names = self.interpreter.names
        apart: list[tuple[int, str]] = []
        for made, label in self._successors(before).items():
            left = [name for name, one, other in zip(names, made, after, strict=True) if one != other]
            apart.append((len(left), f"{label} leaves {' and '.join(left)} different"))
        return [told for _, told in sorted(apart, key=lambda one: one[0])[:NEAREST]]

    def _successors(self, state: State) -> dict[State, Label]:
        found = self._after.get(state)
        if found is None:
            found = self._after[state] = {}
            for label, made in self.interpreter.successors(state):
                found.setdefault(made, label)
        return found


@lru_cache(maxsize=8)
def paths_of(model: Model, most_actions: int) -> Paths:
    """The paths of a model: later runs need not look for what an earlier one has found."""
    return Paths(model, most_actions)


class Follower:
    """An observer that follows a run through a model, to its first difference or mistake."""

    def __init__(self, refinement: Refinement) -> None:
        self.refinement = refinement
        self.paths = paths_of(refinement.model, refinement.most_actions)
        self.nodes: dict[str, Seen] = {}
        self.state: State | None = None
        self.steps = 0
        self.actions: dict[str, int] = {}
        self.difference: Difference | None = None
        self.problem: str | None = None
        """What is wrong with the abstraction or the model, rather than with the run."""

    def listens(self, place: Place) -> Listening:
        """Whatever can change the abstract state."""
        self.nodes[place.name] = Seen(place)
        return Listening(handled=self.handled, synced=self.synced, crashed=self.crashed)

    def handled(self, place: Place) -> None:
        """A handler has run: what it wrote is not durable yet."""
        self.nodes[place.name].wrote()
        self.look(place)

    def synced(self, place: Place) -> None:
        """A sync has ended."""
        for _ in self.nodes[place.name].synced():
            self.look(place)

    def crashed(self, place: Place, _lost_disk: bool) -> None:
        """A node has crashed."""
        for _ in self.nodes[place.name].crashed():
            self.look(place)

    def look(self, place: Place) -> None:
        """Hold the present abstract state against the one before."""
        if self.difference is not None or self.problem is not None:
            return
        try:
            self.go(place, self.abstract_state())
        except AbstractionError as error:
            self.problem = str(error)
        except ModelError as error:
            self.problem = f"the model itself goes wrong: {error}"

    def abstract_state(self) -> State:
        """The state of the model that the nodes are in.

        Raises:
            AbstractionError: the abstraction gives none.
        """
        names = self.paths.interpreter.names
        try:
            given: object = self.refinement.abstract(self.nodes)
        except Exception as error:  # Whatever a user's function raises is a mistake in it.
            raise AbstractionError(f"the abstraction itself raised {described(error)}") from error
        if not isinstance(given, Mapping) or sorted(given) != sorted(names):
            has = ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)
            raise AbstractionError(f"the abstraction gives {has}; the model has {', '.join(names)}")
        for name in names:
            try:
                hash(given[name])
            except TypeError as error:
                raise AbstractionError(
                    f"the abstraction gives {given[name]!r} for {name}, which is no value: {error}"
                ) from error
        return tuple(given[name] for name in names)

    def go(self, place: Place, after: State) -> None:
        """Go on to a state, by actions of the model."""
        names = self.paths.interpreter.names
        if self.state is None:
            starts = self.paths.interpreter.initial_states()
            self.state = starts[0] if after not in starts else after
        if after == self.state:
            return
        taken = self.paths.between(self.state, after)
        if taken is None:
            before, now = (dict(zip(names, one, strict=True)) for one in (self.state, after))
            nearest = tuple(self.paths.nearest(self.state, after))
            self.difference = Difference(place.world.steps, place.name, before, now, nearest)
            return
        self.steps += 1
        for action in taken:
            self.actions[action] = self.actions.get(action, 0) + 1
        self.state = after
