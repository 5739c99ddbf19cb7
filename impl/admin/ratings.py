"""Tells partitions the rates at which their buckets fill: before a table is active, and when what it is given
has changed (rule A16 of docs/table.md).

A partition's rates are a function of the metadata: of what its table is given, the version of that, and the
order of the table's partitions. So it does no harm if a deposed admin tells a partition its rates, or two
admins do: only a higher version than the partition's own has an effect. Storage nodes report which version
each replica has applied; where the metadata has a later one, the partition is told again.

A table may *adapt* (`Provisioned.adapts`): the demand that its replicas report goes, once in a while, to a
controller of the table's reads and to one of its writes (`capacity/controller.py`), and the rates are the
shares times the controller's multiplier. That is soft: another active admin begins with 1, and its term makes
its versions later ones.

An *on-demand* table takes twice its previous peak, by a multiplier that never falls (`on_demand.py` there).
What it takes is kept by its partitions, because rates are records of their logs: another active admin waits
until each of them has reported its rates, and goes on from the greatest. A late command of an earlier admin
may still raise a partition's rates, so each command names the version onto which it was decided, and what a
partition has of an earlier term counts as soon as it reports it (model `on_demand`). The peak of a window
that an admin did not see end is lost with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US, ceiling
from dynaproof.impl.capacity.controller import ONE
from dynaproof.impl.capacity.policies import OnDemand, Reading, policy_named
from dynaproof.impl.capacity.rates import (
    NO_VERSION,
    Adapting,
    Rates,
    Usage,
    Version,
    partitions_needed,
    rates_of,
)
from dynaproof.impl.capacity.shares import share
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import (
    TABLES,
    PartitionRecord,
    ProvisionedTable,
    partition_key,
    table_key,
)
from dynaproof.impl.metadata.splits import lacks_partitions
from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import SetRates
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.caller import Caller
from dynaproof.impl.storage_node.messages import NodeReport


class LookAtTables(Struct, frozen=True, gc=False):
    """Which tables are given capacity, and how much?"""


class LookAtHomes(Struct, frozen=True, gc=False):
    """Where are the partitions that must be told?"""

    commands: tuple[tuple[int, SetRates], ...]


class Rating(Struct, frozen=True, gc=False):
    """A partition is told its rates; for a workflow, or for none (0)."""

    partition: int
    command: SetRates
    workflow: int = 0

    @property
    def version(self) -> Version:
        """That of the rates."""
        return self.command.rates.version


class Filled(NamedTuple):
    """The rates at which the buckets of a partition fill."""

    version: Version
    read: int
    write: int


class Ratings:
    """What partitions were told, and must be told; see the module."""

    def __init__(
        self, env: Env, settings: AdminSettings, metadata: Metadata, term: Term, caller: Caller
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.caller = caller
        self.applied: dict[int, Version] = {}
        """By partition with rates, the highest version that a replica of it has reported."""
        self.telling: dict[int, Version] = {}
        """By partition, the version that it is being told."""
        self.fills: dict[int, Filled] = {}
        """By partition, the rates that it has, by the highest version that was heard of."""
        self.reported: dict[tuple[NodeId, int], Usage] = {}
        """By replica, the usage that it reported last."""
        self.usage: dict[int, Usage] = {}
        """By partition, the usage that has come in since its table was looked at."""
        self.boosts: dict[tuple[str, int], Boost] = {}
        """By table and generation, of this term."""
        self.lacking: dict[str, int] = {}
        """By table whose shares pass a partition's cap, how many partitions it lacked when its record was
        last read (A18).
        """
        self.looks = False
        self.looked_at: Microseconds = 0

    # --- Which must be told ---

    def activated(self) -> None:
        """Drop what an earlier term of this admin has heard, told and boosted."""
        self.applied, self.fills, self.reported, self.usage = {}, {}, {}, {}
        self.boosts, self.lacking = {}, {}

    def on_report(self, m: NodeReport) -> None:
        """Where a replica has rates, look from time to time whether they are still those of the metadata."""
        if not self.term.active:
            return
        for one in m.metered:
            self.hear(one.partition, Filled(one.version, one.read, one.write))
            at = (m.node.address, one.partition)
            more = one.usage.since(self.reported.get(at, one.usage))
            self.reported[at] = one.usage
            self.usage.setdefault(one.partition, Usage()).add(more)
        if m.metered and self.env.now - self.looked_at >= self.settings.survey_us:
            self.look()

    def hear(self, partition: int, filled: Filled) -> None:
        """A partition has these rates, or later ones."""
        self.applied[partition] = max(filled.version, self.applied.get(partition, NO_VERSION))
        known = self.fills.get(partition)
        if known is None or filled.version > known.version:
            self.fills[partition] = filled

    def look(self) -> None:
        """Read what tables are given."""
        if self.term.active and not self.looks:
            self.looks, self.looked_at = True, self.env.now
            self.metadata.scan(TABLES, LookAtTables())

    def tables_read(self, _: LookAtTables, read: Read) -> None:
        """Find the partitions that have not reported the version of their table (A16)."""
        behind: list[tuple[int, SetRates]] = []
        there: dict[int, Version] = {}
        named: dict[int, bool] = {}
        boosts, self.boosts = self.boosts, {}
        self.lacking = {}
        for table in read.records():
            if not isinstance(table, ProvisionedTable):
                continue
            key = (table.name, table.generation)
            named |= dict.fromkeys(table.partitions, True)
            boost = boosts.get(key)
            if boost is None or boost.adapts != table.given.adapts:
                boost = self.begin(table)
            if boost is None:
                continue  # What it takes is not known yet.
            self.boosts[key] = boost
            on_demand = boost.adapts == "on_demand"
            if on_demand:
                boost.resume(table, self.fills, self.term.term)
            self.adapt(table, boost)
            if lacks_partitions(table):
                self.lacking[table.name] = partitions_needed(table.given) - len(table.partitions)
            for partition, rates in rates_in(table, boost, self.term.term):
                there[partition] = self.applied.get(partition, NO_VERSION)
                known = max(there[partition], self.telling.get(partition, NO_VERSION))
                if table.status != "active" or known >= rates.version:
                    continue
                if not on_demand:
                    behind.append((partition, SetRates(rates)))
                elif partition in self.fills:
                    behind.append((partition, SetRates(rates, self.fills[partition].version)))
        self.applied = there
        self.fills = {partition: fill for partition, fill in self.fills.items() if partition in named}
        self.usage = {partition: used for partition, used in self.usage.items() if partition in there}
        self.reported = {at: used for at, used in self.reported.items() if at[1] in there}
        behind.sort(key=lambda pair: pair[0])
        some = tuple(behind[: self.settings.commands])
        if some:
            self.metadata.read(tuple(partition_key(partition) for partition, _ in some), LookAtHomes(some))
        else:
            self.looks = False

    def begin(self, table: ProvisionedTable) -> Boost | None:
        """Begin to adapt a table; None if it is on demand, and a partition has not reported its rates."""
        adapts = table.given.adapts
        if adapts == "on_demand" and any(partition not in self.fills for partition in table.partitions):
            return None
        return Boost(adapts, self.env.now, self.settings.on_demand_window_us)

    def adapt(self, table: ProvisionedTable, boost: Boost) -> None:
        """Tell a table's controllers the usage since they were last told."""
        elapsed_us = self.env.now - boost.at
        if elapsed_us < self.settings.survey_us:
            return
        used = [self.usage.pop(partition, Usage()) for partition in table.partitions]
        boost.observe(table, used, elapsed_us, self.env.now)

    def homes_read(self, m: LookAtHomes, read: Read) -> None:
        """Tell these partitions their rates."""
        self.looks = False
        for partition, command in m.commands:
            record = read.record(partition_key(partition))
            if isinstance(record, PartitionRecord) and record.state == "listed":
                self.tell(record, command, 0)

    def unread(self, _: LookAtTables | LookAtHomes) -> None:
        """The metadata did not answer: look again at the next report."""
        self.looks = False

    # --- Telling ---

    def tell(self, record: PartitionRecord, command: SetRates, workflow: int) -> None:
        """Tell a partition its rates, unless that is under way (A16)."""
        rating = Rating(record.partition, command, workflow)
        if self.telling.get(record.partition, NO_VERSION) >= rating.version:
            return
        self.telling[record.partition] = rating.version
        timeout_us = self.settings.call_us
        self.caller.begin(record.partition, voters_of(record), command, timeout_us, rating)

    def told(self, m: Rating, ending: Ending) -> bool:
        """A call has ended; return whether the partition has these rates, or later ones. One that had others
        than was expected reports which.
        """
        if self.telling.get(m.partition) == m.version:
            del self.telling[m.partition]
        if ending == "ok":
            rates = m.command.rates
            self.hear(m.partition, Filled(m.version, rates.read.rate, rates.write.rate))
        elif ending == "condition_failed" and m.command.onto is None:
            self.applied[m.partition] = max(m.version, self.applied.get(m.partition, NO_VERSION))
        else:
            return False
        return True


class Boost:
    """What the active admin multiplies the shares of a table by."""

    __slots__ = ("adapts", "at", "reads", "step", "writes")

    def __init__(self, adapts: Adapting, now: Microseconds, window_us: Microseconds) -> None:
        self.adapts = adapts
        self.reads = policy_named(adapts, 0, 0)
        self.writes = policy_named(adapts, 0, 0)
        self.step = 0
        """How often a multiplier has changed."""
        self.at = now
        """When the controllers were told last."""
        for policy in (self.reads, self.writes):
            if isinstance(policy, OnDemand):
                policy.window_us = window_us

    def resume(self, table: ProvisionedTable, fills: Mapping[int, Filled], term: int) -> None:
        """Go on from what partitions of an on-demand table have of earlier terms than this one (A16)."""
        before, given, count = self.multipliers(), table.given, len(table.partitions)
        for index, partition in enumerate(table.partitions):
            filled = fills.get(partition)
            if filled is not None and filled.version.term < term:
                for policy, whole, rate in (
                    (self.reads, given.read, filled.read),
                    (self.writes, given.write, filled.write),
                ):
                    assert isinstance(policy, OnDemand), "only such a table goes on"
                    multiplier = ceiling(rate * MICRO, share(whole, count, index))
                    policy.multiplier = max(policy.multiplier, multiplier)
        self.step += self.multipliers() != before

    def multipliers(self) -> tuple[int, int]:
        """Of reads and of writes, in millionths."""
        return self.reads.multiplier, self.writes.multiplier

    def observe(
        self, table: ProvisionedTable, used: Sequence[Usage], elapsed_us: Microseconds, now: Microseconds
    ) -> None:
        """Tell the controllers the usage of a period, by partition."""
        before, given = self.multipliers(), table.given
        reads = [(one.read, one.read_refused) for one in used]
        writes = [(one.write, one.write_refused) for one in used]
        self.reads.observe(reading(given.read, reads, elapsed_us))
        self.writes.observe(reading(given.write, writes, elapsed_us))
        self.step += self.multipliers() != before
        self.at = now


def reading(provisioned: int, used: Sequence[tuple[int, int]], elapsed_us: Microseconds) -> Reading:
    """What a controller is told of a period: rates, also those of the partition that was asked for most."""

    def rate(amount: int) -> int:
        return amount * SECOND_US // elapsed_us

    consumed, refused = max(used, key=sum)
    total = rate(sum(admitted for admitted, _ in used))
    return Reading(provisioned // len(used), rate(consumed), rate(refused), total, provisioned, elapsed_us)


def rates_in(table: ProvisionedTable, boost: Boost | None = None, term: int = 0) -> list[tuple[int, Rates]]:
    """Each partition of a table with its rates: its share of what the table is given, times the multiplier of
    an admin of this term.
    """
    given, count, version = table.given, len(table.partitions), Version(table.version)
    read_multiplier = write_multiplier = ONE
    if boost is not None and given.adapts not in ("none", "global"):
        version = Version(table.version, term, boost.step)
        read_multiplier, write_multiplier = boost.multipliers()
    return [
        (
            partition,
            rates_of(
                given,
                version,
                count,
                index,
                read_multiplier=read_multiplier,
                write_multiplier=write_multiplier,
                table=table.name,
            ),
        )
        for index, partition in enumerate(table.partitions)
    ]


def rates_needed(read: Read, name: str) -> list[tuple[PartitionRecord, Rates]]:
    """The partitions of a table, each with the rates that it should have; none if it is given nothing."""
    table = read.record(table_key(name))
    if not isinstance(table, ProvisionedTable):
        return []
    return [(read.record(partition_key(number)), rates) for number, rates in rates_in(table)]


def voters_of(record: PartitionRecord) -> tuple[NodeId, ...]:
    """The nodes where a partition is asked."""
    return tuple(voter.node.address for voter in record.config.voters)
