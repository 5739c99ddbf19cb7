"""Tells the metrics service what the replicas of a storage node were asked for, by table, once in a period.

A replica counts what it has admitted and refused since it started (`partition/meter.py`); an emission has the
increase since the last one, and is dated in the middle of the time that it covers. For a table of which the
node leads a partition it says 0 too: that nothing was asked is not the same as that nothing is known.

Emissions are numbered, and sent again until they are answered, each with its own number and date: one that
was lost on its way comes late, and counts in its own period. What a replica was asked for since its node's
last emission is lost with the replica.

*Invariant.* What was asked for is in one emission at the most. No more than `MOST_KEPT` emissions wait for an
answer; beyond that the oldest is given up, and counted in `given_up`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Final

from dynaproof.impl.capacity.rates import Usage
from dynaproof.impl.node import ONLY_LANE, Env, Microseconds, NodeId
from dynaproof.impl.partition.replica import PartitionReplica, metered
from dynaproof.impl.storage_node.messages import Emission, EmissionStored, EmitTimer, TableUsage

MOST_KEPT: Final = 16
"""Emissions that wait to be stored."""

TABLES_PER_EMISSION: Final = 500


class Emitter:
    """What a storage node tells the metrics service; see the module."""

    def __init__(self, env: Env, metrics: NodeId | None, period_us: Microseconds) -> None:
        self.env = env
        self.metrics = None if metrics is None else metrics.address
        self.period_us = period_us
        self.since_us: Microseconds = 0
        """When the last emission was made."""
        self.told: dict[tuple[int, int], Usage] = {}
        """By group and incarnation, what its replica had counted then."""
        self.number = 0
        self.kept: dict[int, Emission] = {}
        """By number, the emissions that were not answered."""
        self.given_up = 0

    def start(self) -> None:
        """Emit from here on, if there is a metrics service."""
        if self.metrics is not None:
            self.since_us = self.env.now
            self.wait()

    def wait(self) -> None:
        """Wait until the period is over, by the wall clock."""
        self.env.enter(ONLY_LANE)
        self.env.set_timer(self.period_us - self.env.wall % self.period_us, EmitTimer())

    def on_timer(self, replicas: Mapping[int, PartitionReplica]) -> None:
        """Make the next emission, and send all that were not answered."""
        assert self.metrics is not None, "nobody else is waited for"
        self.wait()
        covered_us = self.env.now - self.since_us
        at_us = self.env.wall - covered_us // 2
        self.since_us = self.env.now
        tables = list(self.used(replicas).items())
        for first in range(0, len(tables), TABLES_PER_EMISSION):
            self.number += 1
            chunk = tuple(TableUsage(*one) for one in tables[first : first + TABLES_PER_EMISSION])
            self.kept[self.number] = Emission(self.env.me, self.env.boot, self.number, at_us, chunk)
        while len(self.kept) > MOST_KEPT:
            del self.kept[next(iter(self.kept))]
            self.given_up += 1
        for emission in self.kept.values():
            self.env.send(self.metrics, emission)

    def used(self, replicas: Mapping[int, PartitionReplica]) -> dict[str, Usage]:
        """By table, what its replicas here were asked for since the last emission."""
        before, self.told = self.told, {}
        tables: dict[str, Usage] = {}
        for group, replica in sorted(replicas.items()):
            found = metered(replica)
            if found is None or not found[0].table:
                continue
            rates, usage = found
            at = (group, replica.incarnation)
            more = usage.since(before.get(at, Usage()))
            self.told[at] = copy(usage)
            if replica.serving or more != Usage():
                tables.setdefault(rates.table, Usage()).add(more)
        return tables

    def on_stored(self, sender: NodeId, m: EmissionStored) -> None:
        """An emission is stored: it need not be sent again."""
        if sender.address == self.metrics and m.boot == self.env.boot:
            self.kept.pop(m.number, None)
