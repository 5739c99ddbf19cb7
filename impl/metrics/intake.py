"""Takes each emission of a storage node once, and puts its values into the metrics.

*Invariant.* No emission is counted twice in one life of the service: emissions are numbered within a life of
their node, a node's lives by their boots, and nothing more is taken from a life that is over. A node sends
again no more than its newest `MOST_KEPT` emissions; an older one is a late copy, or was given up.

What is remembered is bounded for each source, and the sources by `most`: emissions of further nodes are not
answered, and counted in `refused`.
"""

from __future__ import annotations

from typing import Final

from dynaproof.impl.capacity.metrics import Metric, MetricStore
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.storage_node.emitter import MOST_KEPT, TABLES_PER_EMISSION
from dynaproof.impl.storage_node.messages import Emission

NAMESPACE: Final = "dynaproof"
READS, WRITES = "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"
READS_THROTTLED, WRITES_THROTTLED = "ThrottledReadCapacityUnits", "ThrottledWriteCapacityUnits"
"""The names of the metrics of a table; their values are micro-units."""


def of_table(name: str, table: str) -> Metric:
    """A metric of a table."""
    return Metric(NAMESPACE, name, (("TableName", table),))


class Source:
    """A life of a node that emits."""

    __slots__ = ("boot", "newest", "taken")

    def __init__(self, boot: int) -> None:
        self.boot = boot
        self.newest = 0
        """The highest number that was taken."""
        self.taken: dict[int, bool] = {}
        """The numbers that were taken, of those that may be sent again."""


class Intake:
    """What was taken, by node; see the module."""

    def __init__(self, store: MetricStore, most: int) -> None:
        self.store = store
        self.most = most
        self.sources: dict[NodeId, Source] = {}
        self.refused = 0
        """Emissions that were not counted, and are not answered."""

    def take(self, sender: NodeId, m: Emission, clock_us: Microseconds) -> int | None:
        """Count an emission, unless it was counted; return for how many values there was no room. None if it
        is neither counted nor answered: it comes from a life that is over, or was given up, or there is no
        room for its source; or its clock is ahead, so that it would drive out values of use, and it has to
        come again.
        """
        ahead = m.at_us >= clock_us + self.store.period_us
        source = None if ahead or sender != m.node or not is_sound(m) else self.source(sender.address, m.boot)
        if source is None or m.number <= source.newest - MOST_KEPT:
            self.refused += 1
            return None
        if m.number in source.taken:
            return 0
        source.taken[m.number] = True
        source.newest = max(source.newest, m.number)
        source.taken = {one: True for one in source.taken if one > source.newest - MOST_KEPT}
        return self.put(m)

    def source(self, address: NodeId, boot: int) -> Source | None:
        """The source of a node's newest life; None for an older life, or if there is no room."""
        source = self.sources.get(address)
        if source is None and len(self.sources) >= self.most:
            return None
        if source is None or source.boot < boot:
            source = self.sources[address] = Source(boot)
        return source if source.boot == boot else None

    def put(self, m: Emission) -> int:
        """Put the values into the metrics of their tables."""
        shed = self.store.shed
        for one in m.tables:
            values = (
                (READS, one.usage.read),
                (WRITES, one.usage.write),
                (READS_THROTTLED, one.usage.read_refused),
                (WRITES_THROTTLED, one.usage.write_refused),
            )
            for name, value in values:
                self.store.put(of_table(name, one.table), value, m.at_us)
        return self.store.shed - shed


def is_sound(m: Emission) -> bool:
    """Whether a node can have emitted this."""
    amounts = (
        amount
        for one in m.tables
        for amount in (one.usage.read, one.usage.write, one.usage.read_refused, one.usage.write_refused)
    )
    return (
        m.number > 0
        and m.at_us >= 0
        and len(m.tables) <= TABLES_PER_EMISSION
        and all(amount >= 0 for amount in amounts)
    )
