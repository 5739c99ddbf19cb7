"""Tells partitions at which rates their buckets fill: before a table is active, and when what it is given
has changed (rule A16 of docs/table.md).

What a partition has is a function of the metadata: of what its table is given, the version of that, and the
order of the table's partitions. So it does no harm if an admin that was deposed tells a partition, or two do:
only a higher version than the partition's own has an effect. Storage nodes report which version each replica
has applied; where the metadata has a later one, it is told again.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.capacity.rates import Rates, rates_of
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import (
    TABLES,
    PartitionRecord,
    ProvisionedTable,
    partition_key,
    table_key,
)
from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import SetRates
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.caller import Caller
from dynaproof.impl.storage_node.messages import NodeReport


class LookAtTables(Struct, frozen=True, gc=False):
    """Which tables are given something, and what?"""


class LookAtHomes(Struct, frozen=True, gc=False):
    """Where are the partitions that are to be told?"""

    rates: tuple[tuple[int, Rates], ...]


class Rating(Struct, frozen=True, gc=False):
    """A partition is told its rates; for a workflow, or for none (0)."""

    partition: int
    version: int
    workflow: int = 0


class Ratings:
    """What partitions were told, and are to be told; see the module."""

    def __init__(
        self, env: Env, settings: AdminSettings, metadata: Metadata, term: Term, caller: Caller
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.caller = caller
        self.applied: dict[int, int] = {}
        """By partition with rates, the highest version that a replica of it has reported."""
        self.telling: dict[int, int] = {}
        """By partition, the version that it is being told."""
        self.looks = False
        self.looked_at: Microseconds = 0

    # --- Which are to be told ---

    def on_report(self, m: NodeReport) -> None:
        """Where a replica has rates, look from time to time whether they are still those of the metadata."""
        for partition, version in m.rates:
            self.applied[partition] = max(version, self.applied.get(partition, 0))
        if m.rates and self.env.now - self.looked_at >= self.settings.survey_us:
            self.look()

    def look(self) -> None:
        """Read what tables are given."""
        if self.term.active and not self.looks:
            self.looks, self.looked_at = True, self.env.now
            self.metadata.scan(TABLES, LookAtTables())

    def tables_read(self, _: LookAtTables, read: Read) -> None:
        """Find the partitions that have not reported the version of their table (A16)."""
        behind: list[tuple[int, Rates]] = []
        there: dict[int, int] = {}
        for table in read.records():
            if not isinstance(table, ProvisionedTable):
                continue
            for partition, rates in rates_in(table):
                there[partition] = self.applied.get(partition, 0)
                known = max(there[partition], self.telling.get(partition, 0))
                if table.status == "active" and known < table.version:
                    behind.append((partition, rates))
        self.applied = there
        behind.sort(key=lambda pair: pair[0])
        some = tuple(behind[: self.settings.commands])
        if some:
            self.metadata.read(tuple(partition_key(partition) for partition, _ in some), LookAtHomes(some))
        else:
            self.looks = False

    def homes_read(self, m: LookAtHomes, read: Read) -> None:
        """Tell those."""
        self.looks = False
        for partition, rates in m.rates:
            record = read.record(partition_key(partition))
            if isinstance(record, PartitionRecord):
                self.tell(record, rates, 0)

    def unread(self, _: LookAtTables | LookAtHomes) -> None:
        """The metadata did not answer: the next report is looked at."""
        self.looks = False

    # --- Telling ---

    def tell(self, record: PartitionRecord, rates: Rates, workflow: int) -> None:
        """Tell a partition its rates, unless that is under way (A16)."""
        if self.telling.get(record.partition, 0) >= rates.version:
            return
        self.telling[record.partition] = rates.version
        rating = Rating(record.partition, rates.version, workflow)
        timeout_us = self.settings.call_us
        self.caller.begin(record.partition, voters_of(record), SetRates(rates), timeout_us, rating)

    def told(self, m: Rating, ending: Ending) -> bool:
        """A call has ended; whether the partition has these rates, or later ones."""
        if self.telling.get(m.partition) == m.version:
            del self.telling[m.partition]
        has = ending in ("ok", "condition_failed")
        if has:
            self.applied[m.partition] = max(m.version, self.applied.get(m.partition, 0))
        return has


def rates_in(table: ProvisionedTable) -> list[tuple[int, Rates]]:
    """By partition of a table, what it has of what the table is given."""
    count = len(table.partitions)
    return [
        (partition, rates_of(table.given, table.version, count, index))
        for index, partition in enumerate(table.partitions)
    ]


def rates_needed(read: Read, name: str) -> list[tuple[PartitionRecord, Rates]]:
    """The partitions of a table, each with the rates that it is to have; none where nothing is given."""
    table = read.record(table_key(name))
    if not isinstance(table, ProvisionedTable):
        return []
    return [(read.record(partition_key(number)), rates) for number, rates in rates_in(table)]


def voters_of(record: PartitionRecord) -> tuple[NodeId, ...]:
    """Where a partition is asked."""
    return tuple(voter.node.address for voter in record.config.voters)
