"""A scenario says what is run: kinds of nodes, a setup, faults, specs, an end. It is a value, ours or a
user's.

A run of it has three parts. The *setup* makes the system ready: `place` does what has to be done by hand,
then events happen until `ready`, then `begin` starts the load. Then, for as many steps as the configuration
says, things go wrong. Then the faults stop, time is fair, and `end` judges what must happen eventually.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from dynaproof.checkers.runs.config import RunConfig
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.world_faults import OF_ANY_WORLD
from dynaproof.checkers.world.place import Place, place_names
from dynaproof.impl.node import Message
from dynaproof.specs.promise import Spec

MOST_SETUP_STEPS = 5_000
"""Events of a setup, at the most."""


class Observation(Protocol):
    """What the observers of a run's kinds gather: a view for the specs, and counts."""

    @property
    def view(self) -> Any:
        """What the specs look at: its `fresh` facts, by topic, and the time `tau`."""
        ...

    reached: dict[str, int]
    """How often each situation was reached that a campaign should reach."""
    endings: dict[str, int]
    """How many operations of clients ended how."""

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its node had written was durable."""
        ...

    def raised(self, place: Place, payload: object, error: Exception) -> None:
        """A handler has raised."""
        ...

    def prune(self) -> None:
        """Forget what no spec can ask for any more."""
        ...

    def judged(self) -> tuple[int, int]:
        """Keys whose history was judged, and how many of them not to the end."""
        ...


class Facts:
    """A view without any tables: the facts of the current step, by topic."""

    def __init__(self) -> None:
        self.fresh: dict[str, list[Any]] = {}
        self.tau = 0

    def file(self, topic: str, fact: Any) -> None:
        """File a fact of the current step."""
        self.fresh.setdefault(topic, []).append(fact)


class Gathered:
    """An observation that files facts for specs; a scenario without one of its own has this."""

    def __init__(self, _config: Any) -> None:
        self.view: Any = Facts()
        self.reached: dict[str, int] = {}
        self.endings: dict[str, int] = {}

    def reach(self, what: str) -> None:
        """Count a situation that a campaign should reach."""
        self.reached[what] = self.reached.get(what, 0) + 1

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its node had written was durable."""
        self.view.file("uncovered", (place.name, type(message).__name__))

    def raised(self, place: Place, payload: object, error: Exception) -> None:
        """A handler has raised."""
        self.view.file("raised", (place.name, type(payload).__name__, f"{type(error).__name__}: {error}"))

    def prune(self) -> None:
        """Nothing is kept longer than a step."""

    def judged(self) -> tuple[int, int]:
        """No histories are judged."""
        return 0, 0


def start_all(run: Any) -> None:
    """The setup of a scenario without one of its own: every node starts."""
    for place in run.world.places.values():
        run.world.start(place)


def at_once(_run: Any) -> bool:
    """A system that is ready as soon as its nodes have started."""
    return True


def nothing(_run: Any) -> None:
    """No step of a scenario that does without it."""


def no_load(_config: Any) -> int:
    """The load of a scenario that has none."""
    return 0


def none_smaller(_config: Any) -> Iterable[Any]:
    """A configuration of which nothing but faults and noise can be left out."""
    return ()


class Scenario(Struct, frozen=True, kw_only=True):
    """What is run; see the module. All functions but `draw` and `observe` are given the run."""

    name: str
    sentence: str
    draw: Callable[[int, str], Any]
    """The configuration of a seed under a strategy."""
    kinds: tuple[Kind, ...]
    specs: tuple[Spec, ...]
    """What is judged at each step in which a fact is fresh that they look at."""
    config: type[RunConfig] = RunConfig
    """The type of its configurations, by which run files are read."""
    faults: tuple[FaultKind, ...] = OF_ANY_WORLD
    """What may go wrong, in the order in which the kinds of faults are drawn."""
    observe: Callable[[Any], Observation] = Gathered
    """What the kinds' observers gather in a run of this configuration."""
    place: Callable[[Any], None] = start_all
    ready: Callable[[Any], bool] = at_once
    begin: Callable[[Any], None] = nothing
    relieve: Callable[[Any], None] = nothing
    """The faults are about to stop: what else is to change for the end."""
    end: Callable[[Any], None] = nothing
    acts: Mapping[str, Callable[[Any], None]] = {}
    """What the end has nodes do, by the name of the event under which it happens and is replayed."""
    act_sentences: Mapping[str, str] = {}

    load: Callable[[Any], int] = no_load
    """How much a configuration asks of its system: of two that fail alike, the smaller is kept."""
    smaller: Callable[[Any], Iterable[Any]] = none_smaller
    """Configurations that ask less, the most promising first, for shrinking; faults and noise are left out
    anyhow.
    """

    @property
    def eventual(self) -> frozenset[str]:
        """The names of the specs that only a whole run can break."""
        return frozenset(spec.name for spec in self.specs if spec.kind == "eventually")

    def fault_kinds(self) -> dict[str, FaultKind]:
        """What may go wrong, by name."""
        return {kind.name: kind for kind in self.faults}

    def node_names(self, config: Any) -> list[str]:
        """The names of a run's nodes, as they are shown."""
        return place_names([node for kind in self.kinds for node in kind.nodes(config)])
