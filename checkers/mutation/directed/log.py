"""The log of a directed scenario: a line per step, and below it what the step changed at each node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynaproof.checkers.mutation.directed.fixture import ScriptedClient
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import ONLY_LANE
from dynaproof.impl.partition.messages.requests import Delete, Get, ItemOperation
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import decode_item
from dynaproof.specs.observe.impl.place import replica_of

Facts = tuple[str, ...]
"""The state of a node, each fact as text."""


class Log:
    """Lines of a trace. What changed between two of them is indented below the first."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.places = places
        self.lines: list[str] = []
        self.known: dict[str, Facts] = {}

    def begin(self) -> None:
        """From here on changes are logged."""
        self.known = {name: facts(place) for name, place in self.places.items()}

    def say(self, line: str) -> None:
        """The next step."""
        self.changes()
        self.lines.append(line)

    def changes(self) -> None:
        """What the last step changed."""
        for name, place in self.places.items():
            now, before = facts(place), self.known.get(name, ())
            new = [fact for fact in now if fact not in before]
            self.known[name] = now
            if new:
                self.lines.append(f"    {name} {', '.join(new)}")


def facts(place: Place) -> Facts:
    """The state of a node that a reader of a trace should see."""
    node: Any = place.node if place.up else None
    if isinstance(node, ScriptedClient):
        return () if node.ending is None else (f"has its answer: {node.ending}",)
    replica = replica_of(place, ONLY_LANE)
    return () if replica is None else replica_facts(replica)


def replica_facts(replica: PartitionReplica) -> Facts:
    """The same for a replica."""
    log = replica.log
    found = [f"is incarnation {replica.incarnation}", f"has promised ballot {log.promised}"]
    if log.last:
        found.append(f"holds slots {log.first} to {log.last}")
    if log.commit:
        found.append(f"knows slots through {log.commit} chosen")
    if replica.leading is not None:
        found.append(f"leads ballot {replica.leading}")
        if replica.serving:
            found.append("serves clients")
    elif replica.campaign is not None:
        found.append(f"campaigns with ballot {replica.campaign.ballot}")
    else:
        found.append(f"follows {replica.leader.node.name if replica.leader is not None else 'nobody'}")
    return tuple(found)


def words(operation: ItemOperation) -> str:
    """A client's operation."""
    key = operation.key.decode()
    if isinstance(operation, Get):
        return f"{'a strong' if operation.strong else 'an eventual'} read of {key}"
    if isinstance(operation, Delete):
        return f"the delete of {key}"
    (attribute,) = decode_item(operation.item).values()
    assert isinstance(attribute, S), "scenarios write strings"
    return f"the write of {attribute.value!r} under {key}"
