"""A scenario says what is run: kinds of nodes, a setup, faults, specs, an end. It is a value, ours or a
user's.

A run of it has three parts. The *setup* makes the system ready: `place` does what has to be done by hand,
then events happen until `ready`, then `begin` starts the load. Then, for as many steps as the configuration
says, things go wrong. Then the faults stop, time is fair, and `end` judges what must happen eventually.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.runs.config import RunConfig
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.observation import OF_ANY_NODE, Gathered, Observation
from dynaproof.checkers.runs.world_faults import OF_ANY_WORLD
from dynaproof.checkers.world.place import place_names
from dynaproof.specs.spec import AnySpec
from dynaproof.specs.views.base import Fact

MOST_SETUP_STEPS = 5_000
"""Events of a setup, at the most."""


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
    specs: tuple[AnySpec, ...] = OF_ANY_NODE
    """What is judged at each step in which a fact is fresh that they look at."""
    sometimes: tuple[str, ...] = ()
    """What a campaign should reach, by the names under which its observation counts it."""
    provides: tuple[type[Fact], ...] = ()
    """The types of facts that its kinds and its end file, besides those of its observation."""
    config: type[RunConfig] = RunConfig
    """The type of its configurations, by which run files are read."""
    faults: tuple[FaultKind, ...] = ()
    """What may go wrong, in the order in which it is drawn; if nothing is named, the faults of any world and
    those of its kinds of nodes.
    """
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

    def __post_init__(self) -> None:
        if not self.faults:
            own = [fault for kind in self.kinds for fault in kind.faults]
            structs.force_setattr(self, "faults", (*OF_ANY_WORLD, *own))

    @property
    def eventual(self) -> frozenset[str]:
        """The names of the specs that only a whole run can break."""
        return frozenset(spec.name for spec in self.specs if spec.kind == "eventually")

    def fault_kinds(self) -> dict[str, FaultKind]:
        """What may go wrong, by name; nothing falls that a configuration does not name."""
        return {kind.name: kind for kind in self.faults}

    def node_names(self, config: Any) -> list[str]:
        """The names of a run's nodes, as they are shown."""
        return place_names([node for kind in self.kinds for node in kind.nodes(config)])
