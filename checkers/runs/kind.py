"""A kind of node: how such nodes are placed, made, listened to, shown and broken.

A replica host, a client, a reader, a user's own node: each is one object of `Kind`, and a scenario is
composed of them. What listens is a table from the type of a note or message to a function `(observation,
place, it)`, where the observation is what the scenario gathers in a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MethodType
from typing import Any, Protocol, TypeAlias

from msgspec import Struct, structs

from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.watched import Making, Watched, notes_of, telling
from dynaproof.checkers.runs.words import Knowledge, fields_of, state_of
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.handlers import Node as Handled
from dynaproof.impl.handlers import node_id
from dynaproof.impl.node import Env, Message, NodeId, NodeProtocol, Note

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
    """False: the kind has no such nodes."""
    return False


class KindError(ValueError):
    """A kind of node that lacks what it must have; the message says what."""


class Placed(Struct, frozen=True):
    """The same nodes in every run."""

    ids: tuple[NodeId, ...]

    def __call__(self, _config: Any) -> Sequence[NodeId]:
        """Where they are."""
        return self.ids


def twice_named(ids: Iterable[NodeId]) -> NodeId | None:
    """The first of these nodes that has the place of one before it; None if each has its own."""
    found: set[NodeId] = set()
    for one in ids:
        if one.address in found:
            return one
        found.add(one.address)
    return None


def _is_note(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, Note)


def unplaced(_config: Any) -> Sequence[NodeId]:
    """Stands for the nodes of a kind until they are given."""
    return ()


def unmade(_env: Env, _config: Any) -> NodeProtocol:
    """Stands for the `make` of a kind whose nodes are of a class."""
    raise AssertionError("a kind without a class and without make is rejected when it is made")


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of node: a class and the names of its nodes, or else `name`, `nodes` and `make`.

    If the class inherits from `Node`, all that it notes is filed for the specs, and so is its state after
    each step; `names` may be names (each in a zone of its own) or whole `NodeId`s.
    """

    node: type[Handled] | None = None
    names: tuple[str | NodeId, ...] = ()
    arguments: tuple[Any, ...] = ()
    """What the class is given besides the environment."""

    name: str = ""
    """By default, that of the class."""
    nodes: Callable[[Any], Sequence[NodeId]] = unplaced
    """Where they are: from a configuration to the nodes, each with region, zone and name."""
    make: Callable[[Env, Any], Any] = unmade
    """Makes a node, at every start, from its environment and the configuration."""

    notes: Table | tuple[type[Note], ...] = {}
    """What is called for a note, by its type: `(observation, place, note)`. For a class: the types of notes
    that its own methods do not name.
    """
    sent: Table = {}
    """What is called for a message that leaves, by its type: `(observation, place, message)`."""
    handled: Callable[..., None] | None = None
    """Called after each handler: `(observation, place)`."""
    synced: Callable[..., None] | None = None
    crashed: Callable[..., None] | None = None
    """`(observation, place, lost_disk)`"""
    damaged: Callable[..., None] | None = None
    """`(observation, place, file)`"""
    rotted: Callable[..., None] | None = None

    knowledge: Callable[[Place], Knowledge] = state_of
    """What a node knows, as text; by default, its public attributes."""
    brief: Callable[[Message], str] = fields_of
    """A message that it gets, in a few words; by default, its fields."""

    faults: tuple[FaultKind, ...] = ()
    """Faults that fall on such nodes only; a scenario has those of any world besides."""
    suffers: bool = True
    """Whether the faults of any world may hit such nodes."""
    may_stay_cut: bool = True
    """Whether such a node may be cut off for good from one node of a scenario's first kind, in an end that
    leaves all else whole; not if it has work to do there that nobody else does for it.
    """
    foremost: Callable[[Place], bool] = nowhere
    """Whether a node is one that faults look for: a leader, say."""
    budget: Callable[[Any, Mapping[str, Place]], Budget] = Unlimited
    """Makes the budget from a run's observation and the places of its nodes."""
    needs_new_disk: Callable[[Place], bool] = nowhere
    """Whether a node that has just been started cannot use its disk."""

    def __post_init__(self) -> None:
        if self.node is not None:
            self._of_class(self.node)
        who = self.name or "a kind without a name"
        if self.make is unmade:
            raise KindError(f"{who} has no class of nodes: Kind(node=A_CLASS, names=(...))")
        if self.nodes is unplaced:
            raise KindError(f"{who} has no place: give the names of its nodes, names=('a', 'b', 'c')")
        faults: Any = self.faults
        if not isinstance(faults, tuple | list) or not all(isinstance(one, FaultKind) for one in faults):
            raise KindError(f"{who} has faults={faults!r:.60}: they are a tuple of faults, (A_FAULT, ...)")
        if not self.name:
            raise KindError("a kind that makes its nodes itself has a name: Kind(name=..., ...)")

    def _of_class(self, node: Any) -> None:
        if not (isinstance(node, type) and issubclass(node, Handled)):
            raise KindError(f"Kind(node={node!r}): it must be a class that inherits from Node")
        names: Any = self.names
        if isinstance(names, str):
            raise KindError(f"Kind(names={names!r}): names is a tuple of names, ({names!r},)")
        if not isinstance(names, tuple | list):
            raise KindError(f"Kind(names={names!r:.60}): names is a tuple of names, ('a', 'b', 'c')")
        for one in names:
            if one == "" or not isinstance(one, str | NodeId):
                raise KindError(f"Kind(names={names!r}): {one!r} is no name; a name is a text or a NodeId")
        arguments: Any = self.arguments
        notes: Any = self.notes
        if not isinstance(arguments, tuple | list):
            raise KindError(f"Kind(arguments={arguments!r:.60}): arguments is a tuple, ({arguments!r:.60},)")
        if not isinstance(notes, Mapping | tuple | list) or not all(_is_note(one) for one in notes):
            raise KindError(f"Kind(notes={notes!r:.60}): notes is a tuple of classes that inherit from Note")
        set_field = structs.force_setattr
        if not self.name:
            set_field(self, "name", node.__name__)
        if self.names:
            ids = tuple(one if isinstance(one, NodeId) else node_id(one) for one in self.names)
            twice = twice_named(ids)
            if twice is not None:
                raise KindError(f"Kind(names={names!r}): two nodes are named {twice}")
            set_field(self, "nodes", Placed(ids))
        own = {note: telling(note) for note in notes_of(node)}
        set_field(self, "notes", {**own, **self.table()})
        set_field(self, "make", Making(node, self.arguments, frozenset(self.table())))
        for field, heard in (("handled", Watched.stepped), ("crashed", Watched.crashed)):
            if getattr(self, field) is None:
                set_field(self, field, heard)

    def table(self) -> Table:
        """What is called for a note, by its type."""
        if isinstance(self.notes, Mapping):
            return self.notes
        return {note: telling(note) for note in self.notes}

    @property
    def noted(self) -> tuple[type[Any], ...]:
        """The types of notes that are filed for the specs unchanged."""
        return tuple(self.notes) if self.node is not None else ()

    def listening(self, observation: Any) -> Listening:
        """What a run's observation hears of a node of this kind."""

        def bound(heard: Callable[..., None] | None) -> Any:
            return None if heard is None else MethodType(heard, observation)

        return Listening(
            notes={kind: bound(heard) for kind, heard in self.table().items()},
            sent={kind: bound(heard) for kind, heard in self.sent.items()},
            handled=bound(self.handled),
            synced=bound(self.synced),
            crashed=bound(self.crashed),
            damaged=bound(self.damaged),
            rotted=bound(self.rotted),
        )
