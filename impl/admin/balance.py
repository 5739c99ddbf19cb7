"""Which replica to move so that the nodes of a zone have about the same to do (A15 of docs/table.md).

A node's *score* is the sum of two shares of its zone's totals: of the bytes that its trees take on disk, and
of the recent requests to its replicas. A move is worth it if it makes the larger score of the two nodes
smaller by a margin: so moves come to an end, and none is undone. That needs reports that know of the moves
before: nothing is moved in a zone until all its living nodes have reported since a replica last came there or
went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dynaproof.impl.admin.nodes import Heard, Nodes
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.paxos.ids import Member

WHOLE = 1_000_000
"""The share of a node that has everything in its zone."""

MARGIN = 100_000
"""By how much a move must lower the larger of the two scores, which is 2,000,000 at the most."""


class Restless:
    """The zones in which replicas come or go, as the walks find them: what nodes report meanwhile counts a
    replica twice, or not at all, and would move others to and fro for ever.
    """

    __slots__ = ("before", "now", "since")

    def __init__(self) -> None:
        self.now: dict[str, bool] = {}
        """The zones that this walk has found restless,"""
        self.before: dict[str, bool] = {}
        """and the walk before it."""
        self.since: dict[str, Microseconds] = {}
        """When the last walk ended that found a zone restless, or followed one that did."""

    def look_at(self, partition: PartitionRecord, dead: Mapping[str, bool]) -> None:
        """A replica is made, or is to go, wherever a partition has a pending member, unless its node is dead:
        that may never come back.
        """
        for one in partition.pending:
            if one.member.node.name not in dead:
                self.now[one.member.node.zone] = True

    def walked(self, now: Microseconds) -> None:
        """A walk has ended."""
        for zone in (*self.before, *self.now):
            self.since[zone] = now
        self.before, self.now = self.now, {}

    def is_over(self, zone: str, nodes: Nodes) -> bool:
        """Whether all nodes of a zone that are not dead have reported since nothing came or went there."""
        since = self.since.get(zone, -1)
        return not (zone in self.now or zone in self.before) and all(
            heard.at > since
            for address, heard in nodes.heard.items()
            if address.zone == zone and not nodes.is_dead(address)
        )


def better_place(
    nodes: Nodes, restless: Restless, partition: PartitionRecord, candidates: Sequence[Candidate]
) -> tuple[Member, NodeId] | None:
    """A voter of a partition and the node of its zone to move it to (A15); None if no move is worth it, or
    those that may be are in restless zones.
    """
    number = partition.partition
    taken = [voter.node.address for voter in partition.config.voters]
    taken += [one.member.node.address for one in partition.pending]
    for voter in partition.config.voters:
        here = nodes.heard.get(voter.node.address)
        if here is None or here.hosted is None or number not in here.hosted:
            continue
        if not restless.is_over(voter.node.zone, nodes):
            continue
        zone = [heard for address, heard in nodes.heard.items() if address.zone == voter.node.zone]
        all_bytes = at_least(sum(heard.pages_bytes for heard in zone), nodes.settings.balance_bytes)
        all_load = at_least(sum(map(load_of, zone)), nodes.settings.balance_requests)
        moved = share(here.hosted[number].pages_bytes, all_bytes) + share(here.load.get(number, 0), all_load)
        before = score(here, all_bytes, all_load)
        for one in sorted(candidates, key=lambda one: (one.replicas, one.node)):
            there = nodes.heard[one.node.address]
            if one.node.zone != voter.node.zone or one.node.address in taken:
                continue
            after = score(there, all_bytes, all_load) + moved
            if max(before - moved, after) + MARGIN <= before:
                return voter, one.node
    return None


def at_least(whole: int, least: int) -> int:
    """A sum, if it is large enough to be worth balancing; else 0."""
    return whole if whole >= least else 0


def load_of(heard: Heard) -> int:
    """How many requests a node's replicas got between its last two reports."""
    return sum(heard.load.values())


def share(part: int, whole: int) -> int:
    """A part of a whole, in millionths."""
    return 0 if whole <= 0 else WHOLE * part // whole


def score(heard: Heard, all_bytes: int, all_load: int) -> int:
    """What a node has of its zone's bytes and requests, each in millionths, added up."""
    return share(heard.pages_bytes, all_bytes) + share(load_of(heard), all_load)
