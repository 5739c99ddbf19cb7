"""A kind of node: how such nodes are placed and made, who listens to them, how they are shown and broken.

A replica host, a client, a reader, a user's own node: each is one object of `Kind`, and a scenario is
composed of them. What listens is a table from the type of a note or message to a function `(observation,
place, it)`, where the observation is what the scenario gathers in a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.words import Knowledge, fields_of, state_of
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, Message, Node, NodeId

Table: TypeAlias = Mapping[type[Any], Callable[..., None]]


class Budget(Protocol):
    """What synced state the nodes of one kind may lose at a time; one for each run."""

    def permits(self, place: Place) -> bool:
        """Whether the node there may lose synced state now."""
        ...

    def impaired(self, place: Place) -> None:
        """It has lost some."""
        ...

    def whole(self) -> bool:
        """Whether all that was lost is made good."""
        ...


class Unlimited:
    """The budget of nodes that may lose their disks at any time."""

    def __init__(self, _observation: Any, _places: Mapping[str, Place]) -> None: ...

    def permits(self, place: Place) -> bool:
        """Always."""
        return True

    def impaired(self, place: Place) -> None:
        """Nothing is counted."""

    def whole(self) -> bool:
        """Nothing is missed."""
        return True


def nowhere(_place: Place) -> bool:
    """Of a kind without such nodes."""
    return False


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of node; `nodes` and `make` are all that it must have."""

    name: str
    nodes: Callable[[Any], Sequence[NodeId]]
    """Where they are: a configuration to the nodes, each with region, zone and name."""
    make: Callable[[Env, Any], Node]
    """A node, of its environment and the configuration; at every start."""

    notes: Table = {}
    """Who is told of a note, by its type: `(observation, place, note)`."""
    sent: Table = {}
    """Who is told of a message that leaves, by its type: `(observation, place, message)`."""
    handled: Callable[..., None] | None = None
    """Is told after each handler: `(observation, place)`."""
    synced: Callable[..., None] | None = None
    crashed: Callable[..., None] | None = None
    """`(observation, place, lost_disk)`"""
    damaged: Callable[..., None] | None = None
    restarted: Callable[..., None] | None = None

    knowledge: Callable[[Place], Knowledge] = state_of
    """What a node knows, in words; by default, its public attributes."""
    brief: Callable[[Message], str] = fields_of
    """A message that it gets in a few words; by default, its fields."""

    faults: tuple[FaultKind, ...] = ()
    """Faults that only such nodes have; a scenario has those of any world besides."""
    suffers: bool = True
    """Whether the faults of a run hit them."""
    foremost: Callable[[Place], bool] = nowhere
    """Whether a node is one that faults look for: a leader, say."""
    budget: Callable[[Any, Mapping[str, Place]], Budget] = Unlimited
    """Of a run's observation and the places of its nodes."""
    needs_new_disk: Callable[[Place], bool] = nowhere
    """Whether a node that has just been started can make nothing of its disk."""

    def listening(self, observation: Any) -> Listening:
        """What is told of a node of this kind in a run."""

        def bound(told: Callable[..., None] | None) -> Any:
            return None if told is None else MethodType(told, observation)

        return Listening(
            notes={kind: bound(told) for kind, told in self.notes.items()},
            sent={kind: bound(told) for kind, told in self.sent.items()},
            handled=bound(self.handled),
            synced=bound(self.synced),
            crashed=bound(self.crashed),
            damaged=bound(self.damaged),
            restarted=bound(self.restarted),
        )
