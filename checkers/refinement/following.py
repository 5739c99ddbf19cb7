"""Is a run of a user's protocol a behaviour of a user's model? An abstraction says which state it is in.

After each handler, sync and crash the abstraction is asked for the state of the model that the nodes are in;
a sync counts as many times as there were handlers whose writes it covers. The state is as before, or a short
sequence of the model's enabled actions leads there; the model's own text decides, run by the interpreter.

Source: Abadi and Lamport, *The Existence of Refinement Mappings*, 1991.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct

from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.scenarios.given import name_of
from dynaproof.checkers.state_space.interpreter import Interpreter, Label, State, shown
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.model.language import Model
from dynaproof.specs.views.nodes import NodeState

MOST_ACTIONS = 4
"""Actions of the model that one step of a run may be, if nothing else is said."""

MOST_STATES = 20_000
"""States that are looked at for one step, at the most."""


class Seen:
    """A node as an abstraction sees it: its public state if it runs, and what is durable on its disk."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._logs: dict[str, bytes] = {}
        """What is durable, as it is shown now, of the logs that were asked for."""
        self._unsynced: list[tuple[int, dict[str, bytes]]] = []
        """The logs after each handler that has written: with how much had been written by then."""

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
            self._unsynced.append((disk.written, {log: disk.read(log) for log in self._logs}))

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
"""The nodes by name, in the order of their scenario, to the values of the model's variables by name."""


class AbstractionError(ValueError):
    """What an abstraction gives is no state of its model; the message says why."""


class Difference(Struct, frozen=True):
    """A step of a run that is no step of the model."""

    step: int
    node: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def __str__(self) -> str:
        told = [changed(name, self.before[name], self.after[name]) for name in self.before]
        return f"step {self.step} at {self.node} is no step of the model: {'; '.join(filter(None, told))}"


def changed(name: str, before: Any, after: Any) -> str:
    """How a variable differs; of a set, its members that come and go. Empty if it does not."""
    if before == after:
        return ""
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        gone = f", less {shown(before - after)}" if before - after else ""
        return f"{name} with {shown(after - before)}{gone}"
    return f"{name} from {shown(before)} to {shown(after)}"


class Followed(Struct, frozen=True):
    """What came of following one run."""

    steps: int
    """Changes of the abstract state."""
    actions: Mapping[str, int]
    """How often each action of the model was taken."""
    difference: Difference | None


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

    def _successors(self, state: State) -> dict[State, Label]:
        found = self._after.get(state)
        if found is None:
            found = self._after[state] = {}
            for label, made in self.interpreter.successors(state):
                found.setdefault(made, label)
        return found


class Follower:
    """An observer that follows a run through a model."""

    def __init__(self, paths: Paths, abstract: Abstraction) -> None:
        self.paths = paths
        self.abstract = abstract
        self.nodes: dict[str, Seen] = {}
        self.state: State | None = None
        self.steps = 0
        self.actions: dict[str, int] = {}
        self.difference: Difference | None = None

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
        if self.difference is not None:
            return
        given = self.abstract(self.nodes)
        names = self.paths.interpreter.names
        if sorted(given) != sorted(names):
            raise AbstractionError(
                f"the abstraction gives {', '.join(given)}; the model has {', '.join(names)}"
            )
        after = tuple(given[name] for name in names)
        if self.state is None:
            starts = self.paths.interpreter.initial_states()
            self.state = starts[0] if after not in starts else after
        if after == self.state:
            return
        taken = self.paths.between(self.state, after)
        if taken is None:
            before = dict(zip(names, self.state, strict=True))
            self.difference = Difference(place.world.steps, place.name, before, dict(given))
            return
        self.steps += 1
        for action in taken:
            self.actions[action] = self.actions.get(action, 0) + 1
        self.state = after


def follow(
    scenario: Scenario | str,
    model: Model,
    abstract: Abstraction,
    *,
    schedules: int,
    seed: int = 1,
    strategy: str = "portfolio",
    most_actions: int = MOST_ACTIONS,
) -> tuple[Followed, ...]:
    """Follow the runs of a campaign through a model: each change of state is a few of its actions.

    `abstract` is given the nodes by name, each with its public state (`running`, None while it is down) and
    what is durable on its disk (`durable(log)`), and gives the values of the model's variables by name. The
    model's constants must be large enough for what the runs reach. The last run followed is the first that
    differs, if one does.

    Raises:
        AbstractionError: the abstraction does not give the model's variables.
    """
    name = scenario if isinstance(scenario, str) else name_of(scenario)
    paths = Paths(model, most_actions)
    found: list[Followed] = []
    for number in range(schedules):
        follower = Follower(paths, abstract)
        execute(find(name), config_of(name, strategy, seed, number), (follower,))
        found.append(Followed(follower.steps, follower.actions, follower.difference))
        if follower.difference is not None:
            break
    return tuple(found)
