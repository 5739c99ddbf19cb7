"""Capacity beyond a single partition, seen through a `RegionView`: buckets of nodes, tokens of tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.partition.records import Outcome, Write
from dynaproof.impl.paxos.records import Record
from dynaproof.specs.observe.impl.node_limits import NodeLimits
from dynaproof.specs.observe.impl.tokens import TokenObserver
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import RegionView


class RegionCapacity:
    """Observes both, and remembers what tables were given."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (*NodeLimits.PROVIDES, *TokenObserver.PROVIDES)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView, reach: Callable[[Sometimes], None]) -> None:
        self.given: dict[tuple[str, int], dict[int, ProvisionedTable]] = {}
        """By table and generation, and by version: what the table was given."""
        self.limits = NodeLimits(view, reach)
        self.tokens = TokenObserver(view, reach, self.given)

    def changed(self, table: ProvisionedTable) -> None:
        """A table is given something, or its partitions change."""
        self.given.setdefault((table.name, table.generation), {})[table.version] = table

    def chose(self, table: object, record: Record) -> None:
        """A record is chosen in a partition of a table."""
        if isinstance(table, ProvisionedTable) and isinstance(record, (Write, Outcome)) and record.cost:
            self.tokens.chose(table, record.request)
