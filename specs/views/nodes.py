"""What a protocol's nodes show: what they note, and the public state of those that run.

A spec over it looks at notes (each is fresh in the step in which a node emits it), or at the state of all
nodes after a step (`Stepped`), or at their state once the faults have long stopped (`Settled`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from msgspec import Struct

from dynaproof.specs.views.base import AnyFact, Fact, View

HIDDEN = ("env", "disk")
"""Public attributes that are not part of a node's state."""


class Stepped(Fact, frozen=True, gc=False):
    """A handler of this node has run, or the node has crashed."""

    node: str


class Settled(Fact, frozen=True, gc=False):
    """The faults stopped long ago: what must hold eventually must hold now."""


class NodeState:
    """The public attributes of one node, read-only: lists as tuples, sets as frozen ones, dicts as views."""

    __slots__ = ("_node", "name")

    def __init__(self, name: str, node: Callable[[], object]) -> None:
        self.name = name
        self._node = node

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_") or attribute in HIDDEN:
            raise AttributeError(f"{attribute} is no public state of {self.name}")
        try:
            return read_only(getattr(self._node(), attribute))
        except AttributeError:
            raise AttributeError(f"the node {self.name} has no {attribute}") from None


def read_only(value: Any) -> Any:
    """A value itself, or a read-only form of it."""
    if isinstance(value, list):
        return tuple(read_only(one) for one in value)
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, dict):
        return MappingProxyType({key: read_only(one) for key, one in value.items()})
    return value


class Nodes(View[Any]):
    """Notes by type, those of the step and all of the run so far; and `nodes`: those that run, by name."""

    FACTS: ClassVar[type[Struct]] = Struct

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[str, NodeState] = {}
        self.said: list[tuple[str, int, Any]] = []
        """What clients noted of their operations: the client, the global time in microseconds, the note."""
        self.nodes: Mapping[str, NodeState] = MappingProxyType(self._running)
        self._notes: dict[type[Struct], list[Any]] = {}

    def noted(self, note: AnyFact) -> None:
        """A node has noted this."""
        self._notes.setdefault(type(note), []).append(note)
        self.file(note)

    def notes(self, kind: type[AnyFact]) -> Sequence[AnyFact]:
        """All notes of a type in the run so far, in order; `take` has only those of the current step."""
        return self._notes.get(kind, ())

    def stepped(self, name: str, node: Callable[[], object]) -> None:
        """A handler of a node has run."""
        if name not in self._running:
            self._running[name] = NodeState(name, node)
        self.file(Stepped(name))

    def stopped(self, name: str) -> None:
        """A node runs no more."""
        if self._running.pop(name, None) is not None:
            self.file(Stepped(name))
