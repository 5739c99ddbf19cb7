"""On which nodes the replicas of new partitions lie.

*Invariant.* Of a partition's n replicas a zone has at most (n - 1) / 2, and a node at most one (rule M2), so
the loss of a zone leaves a quorum.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config


class Candidate(Struct, frozen=True, gc=False):
    """A node that may get a replica, and how many it has."""

    node: NodeId
    replicas: int
    room: int = 1_000
    """How many more it may get (H12): one, at the least."""


def place(candidates: Sequence[Candidate], partitions: int, replicas: int) -> list[tuple[NodeId, ...]] | None:
    """The nodes of each partition, spread over the zones (M2), those with the fewest replicas first, and none
    beyond its room; None if there are not enough. The first node of each partition leads it at first: among
    nodes that have equally many, the zones take turns.
    """
    load = {one.node: one.replicas for one in candidates}
    most = {one.node: one.replicas + one.room for one in candidates}
    placed = []
    for number in range(partitions):
        chosen = _emptiest(load, replicas)
        if chosen is None:
            return None
        for node in chosen:
            load[node] += 1
            if load[node] >= most[node]:
                del load[node]  # It is full (H12).
        first = number % replicas
        placed.append((*chosen[first:], *chosen[:first]))
    return placed


def place_one(
    candidates: Sequence[Candidate], config: Config, out: Member, taken: Sequence[NodeId]
) -> NodeId | None:
    """The node with the fewest replicas, not among the addresses `taken`, that may have a new replica in the
    place of the voter `out` (M2); None if there is none.
    """
    others = [voter.node.address for voter in config.voters if voter != out]
    for one in sorted(candidates, key=lambda one: (one.replicas, one.node)):
        address = one.node.address
        new = Member(one.node, config.next_incarnation)
        if address not in others and address not in taken and not config.replacing(out, new).crowded():
            return one.node
    return None


def _emptiest(load: dict[NodeId, int], replicas: int) -> tuple[NodeId, ...] | None:
    most, zones = (replicas - 1) // 2, dict.fromkeys((node.zone for node in load), 0)
    chosen: list[NodeId] = []
    for node in sorted(load, key=lambda node: (load[node], node)):
        if len(chosen) < replicas and zones[node.zone] < most:
            zones[node.zone] += 1
            chosen.append(node)
    return tuple(chosen) if len(chosen) == replicas else None
