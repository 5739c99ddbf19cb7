"""Metrics, alarms and scaled tables, seen through a `RegionView`.

What is stored is compared with a fold of the emissions that were answered; the states of alarms and the
orders with what this fold makes of them, in exact fractions; the metadata with what was ordered. All of that
is written a second time here, on purpose, so as not to share a bug with the system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import ClassVar

from msgspec import Struct

from dynaproof.impl.capacity.rates import Provisioned, Usage
from dynaproof.impl.capacity.scaling import Tracking
from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.metadata.records import ProvisionedTable, SplitRecord
from dynaproof.impl.metrics.intake import READS, READS_THROTTLED, WRITES, WRITES_THROTTLED, of_table
from dynaproof.impl.metrics.notes import Evaluated, Ordered
from dynaproof.impl.metrics.service import MetricsService
from dynaproof.impl.metrics.settings import MetricsSettings
from dynaproof.impl.partition.replica import metered
from dynaproof.impl.storage_node.messages import Emission, EmissionStored
from dynaproof.specs import sometimes_of_scaling as seen
from dynaproof.specs.observe.impl.place import Place, given, replica_of, sent
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import RegionView
from dynaproof.specs.views.scaling_facts import (
    AlarmAt,
    ChangeOrdered,
    Emitted,
    OrderGiven,
    Provision,
    SplitForCapacity,
    Stored,
    Turned,
)

SECOND_US = 1_000_000
RATE_ONE = 1 << 20
"""The rate of a clock that is right."""

ROUNDED_US = 2
"""By so much two readings of a clock may be closer together than the time that has passed on it."""

Series = tuple[str, str]
"""A metric of a table, by the table's name and its own."""


def amounts(usage: Usage) -> dict[str, int]:
    """By metric, what was counted."""
    return {
        READS: usage.read,
        WRITES: usage.write,
        READS_THROTTLED: usage.read_refused,
        WRITES_THROTTLED: usage.write_refused,
    }


def rates_of(what: Provisioned) -> dict[str, int]:
    """By metric, what a table is given."""
    return {READS: what.read, WRITES: what.write}


class Followed(Struct):
    """What a life of the metrics service should know of one metric that it scales by."""

    provisioned: int
    learned_us: int
    """When it learned of that, by its clock of cooldowns,"""
    counts_from_us: int
    evaluated_us: int
    """and when it evaluated its alarms last, by that of the metrics."""
    states: dict[str, str]
    """The states of its alarms."""


class Changed(Struct):
    """The last change of what a table is given."""

    tau: int
    out: bool | None = None
    consumed: int = 0
    """What was consumed in the period by which it was decided."""


class ScalingObserver:
    """Files facts about metrics and scaled tables; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        AlarmAt,
        ChangeOrdered,
        Emitted,
        OrderGiven,
        Provision,
        SplitForCapacity,
        Stored,
        Turned,
    )
    """The types of all facts that are filed."""

    def __init__(
        self, view: RegionView, settings: MetricsSettings, reach: Callable[[Sometimes], None]
    ) -> None:
        self.view = view
        self.reach = reach
        self.period_us = settings.period_us
        self.policies: dict[Series, Tracking] = {}
        for policy in settings.policies:
            for metric, tracking in ((READS, policy.reads), (WRITES, policy.writes)):
                if tracking is not None:
                    self.policies[policy.table, metric] = tracking
        self.counted: dict[tuple[str, int, int, int], Usage] = {}
        """By storage node, its boot, group and incarnation: what a replica had counted when it was seen last.
        """
        self.totals: dict[Series, int] = {}
        """What all replicas have counted,"""
        self.emitted: dict[Series, int] = {}
        """and how much of it was emitted."""
        self.emissions: dict[tuple[str, int, int], bool] = {}
        """The emissions, by node, boot and number."""
        self.rate = RATE_ONE
        """The rate of the metrics service's clock."""
        self.tables: dict[str, ProvisionedTable] = {}
        self.changes: dict[Series, Changed] = {}
        self.orders: dict[tuple[str, int, int, Provisioned], dict[str, int]] = {}
        """By table, generation, version and what was ordered: a period's consumption, by metric."""
        self.begin()

    def begin(self) -> None:
        """A life of the metrics service begins: it knows nothing."""
        self.taken: dict[tuple[str, int, int], bool] = {}
        """Emissions that were answered."""
        self.periods: dict[Series, dict[int, list[int]]] = {}
        """By series and period: the values that were put there."""
        self.followed: dict[Series, Followed] = {}

    # --- Storage nodes ---

    def host_handled(self, place: Place, group: int) -> None:
        """A handler of a storage node has run for a group; perhaps its replica has counted something."""
        replica = replica_of(place, group)
        found = None if replica is None else metered(replica)
        if replica is None or found is None or not found[0].table:
            return
        rates, usage = found
        at = (place.name, replica.env.boot, group, replica.incarnation)
        before = self.counted.get(at)
        if usage == before:
            return
        self.counted[at] = now = Usage(usage.read, usage.read_refused, usage.write, usage.write_refused)
        earlier = amounts(before or Usage())
        for metric, amount in amounts(now).items():
            series = (rates.table, metric)
            self.totals[series] = self.totals.get(series, 0) + amount - earlier[metric]

    def emits(self, _place: Place, m: Emission) -> None:
        """An emission leaves, the first time or again."""
        at = (m.node.name, m.boot, m.number)
        if at in self.emissions:
            return
        self.emissions[at] = True
        for one in m.tables:
            for metric, amount in amounts(one.usage).items():
                series = (one.table, metric)
                emitted = self.emitted[series] = self.emitted.get(series, 0) + amount
                self.view.file(Emitted(one.table, metric, emitted, self.totals.get(series, 0)))

    # --- What is stored ---

    def handled(self, place: Place) -> None:
        """A handler of the metrics service has run; perhaps it has stored an emission."""
        self.rate, m = place.rate, given(place)
        if not isinstance(m, Emission):
            return
        at = (m.node.name, m.boot, m.number)
        if at in self.taken:
            self.reach(seen.COPY_CAME_LATE)
        elif any(isinstance(one, EmissionStored) and one.shed == 0 for one in sent(place)):
            self.taken[at] = True
            for one in m.tables:
                for metric, amount in amounts(one.usage).items():
                    periods = self.periods.setdefault((one.table, metric), {})
                    periods.setdefault(m.at_us // self.period_us, []).append(amount)
        service = place.node
        assert isinstance(service, MetricsService)
        for one in m.tables:
            for metric in amounts(one.usage):
                self.compare(service, (one.table, metric), m.at_us // self.period_us)

    def compare(self, service: MetricsService, series: Series, period: int) -> None:
        """Compare a period of a series; what is older than everything kept is gone."""
        table, metric = series
        kept = service.store.series.get(of_table(metric, table), {})
        if period not in kept and kept and period < min(kept):
            return
        values = self.periods.get(series, {}).get(period, [])
        expected = (len(values), sum(values), max(values, default=0))
        there = kept.get(period)
        stored = (0, 0, 0) if there is None else (there.count, there.sum, there.maximum)
        self.view.file(Stored(table, metric, period, stored, expected))

    def crashed(self, place: Place) -> None:
        """The metrics service is gone, with everything it knew."""
        service = place.node
        if isinstance(service, MetricsService) and isinstance(service.asking.action, UpdateTable):
            self.reach(seen.SCALER_DIED)
        self.begin()

    # --- Alarms ---

    def last(self, series: Series, count: int, clock_us: int, since_us: int) -> list[int | None]:
        """The sums of the last periods that began since then and are over; None: nothing was put there."""
        newest = clock_us // self.period_us - 1
        periods = self.periods.get(series, {})
        return [
            sum(periods[number]) if number in periods and number * self.period_us >= since_us else None
            for number in range(newest - count + 1, newest + 1)
        ]

    def evaluated(self, place: Place, note: Evaluated) -> None:
        """The service has evaluated the two alarms of a metric."""
        series = (note.table, note.metric)
        tracking = self.policies[series]
        followed = self.followed.get(series)
        if followed is None:
            states = {"high": "INSUFFICIENT_DATA", "low": "INSUFFICIENT_DATA"}
            followed = Followed(
                note.provisioned, place_now(place), note.counts_from_us, note.clock_us, states
            )
            self.followed[series] = followed
        elif followed.provisioned != note.provisioned:
            followed.provisioned, followed.learned_us = note.provisioned, place_now(place)
            followed.counts_from_us = note.clock_us
        followed.evaluated_us = note.clock_us
        target = Fraction(tracking.target_percent, 100)
        low = max(target - Fraction(1, 5), Fraction(tracking.target_percent // 2, 100))
        each: tuple[tuple[str, int, Callable[[Fraction], bool], str], ...] = (
            ("high", tracking.high_periods, lambda used: used > target, note.high),
            ("low", tracking.low_periods, lambda used: used < low, note.low),
        )
        for alarm, count, breaches, state in each:
            points = self.last(series, count, note.clock_us, followed.counts_from_us)
            used = [
                None if one is None else self.utilisation(one, note.provisioned, tracking) for one in points
            ]
            breaching = sum(one is not None and breaches(one) for one in used)
            missing = sum(one is None for one in used)
            before = followed.states[alarm]
            expected = state_of(before, breaching, missing, count, tracking.missing)
            if missing and before != "INSUFFICIENT_DATA" and not breaching >= count > breaching + missing:
                self.reach(seen.DATA_MISSING)
            followed.states[alarm] = expected
            self.view.file(AlarmAt(note.table, alarm, state, expected, breaching, missing))

    def utilisation(self, consumed: int, provisioned: int, tracking: Tracking) -> Fraction:
        """How much of what is provisioned a period has consumed."""
        return Fraction(consumed * SECOND_US, provisioned * tracking.unit * self.period_us)

    def ordered(self, place: Place, note: Ordered) -> None:
        """The service orders a change."""
        order, consumed_by = note.order, {}
        wanted = rates_of(order.given)
        for series, followed in self.followed.items():
            table, metric = series
            if table != order.name:
                continue
            tracking, before = self.policies[series], followed.provisioned
            (consumed,) = self.last(series, 1, note.clock_us, followed.counts_from_us)
            since_us = place_now(place) - followed.learned_us
            expected = decided(before, consumed, followed.states, tracking, self.period_us)
            ordered = ceil(Fraction(wanted[metric], tracking.unit))
            why = f"{followed.states} with {consumed} consumed, {since_us} us after its last change,"
            held = since_us < max(tracking.out_cooldown_us, tracking.in_cooldown_us)
            bounds = (tracking.least, tracking.most)
            self.view.file(OrderGiven(table, metric, before, ordered, expected, why, held, *bounds))
            if consumed is not None:
                consumed_by[metric] = consumed
        if order.as_of is not None:
            at = (order.name, order.as_of.generation, order.as_of.version, order.given)
            self.orders[at] = consumed_by

    # --- The metadata ---

    def table_is(self, table: ProvisionedTable, tau: int) -> None:
        """The metadata says that a table is like this from here on."""
        before = self.tables.get(table.name)
        self.tables[table.name] = table
        series = [one for one in self.policies if one[0] == table.name]
        if before is None or before.generation != table.generation:
            self.changes.update((one, Changed(tau)) for one in series)
            return
        if before.given == table.given:
            return
        at = (table.name, before.generation, before.version, table.given)
        consumed_by = self.orders.get(at)
        for one in series:
            self.moved(one, rates_of(before.given)[one[1]], rates_of(table.given)[one[1]], consumed_by, tau)
        self.view.file(ChangeOrdered(table.name, before.version, 0 if consumed_by is None else 1))

    def moved(
        self, series: Series, before: int, after: int, consumed_by: Mapping[str, int] | None, tau: int
    ) -> None:
        """The rate that is provisioned of one metric may have changed."""
        if before == after:
            return
        table, metric = series
        tracking, last, out = self.policies[series], self.changes[series], after > before
        self.reach(seen.SCALED_OUT if out else seen.SCALED_IN)
        since_us = (tau - last.tau) * self.rate // RATE_ONE + ROUNDED_US
        cooldown_us = tracking.out_cooldown_us if out else tracking.in_cooldown_us
        was, now = (ceil(Fraction(rate, tracking.unit)) for rate in (before, after))
        bounds = (tracking.least, tracking.most)
        self.view.file(Provision(table, metric, was, now, *bounds, since_us, cooldown_us))
        consumed = (consumed_by or {}).get(metric)
        if last.out not in (None, out):
            self.view.file(Turned(table, metric, out, last.consumed, consumed))
        self.changes[series] = Changed(tau, out, consumed or 0)

    def split_planned(self, split: SplitRecord) -> None:
        """A split of a partition begins."""
        table = self.tables.get(split.table)
        if split.reason == "capacity" and table is not None:
            partitions, needed = len(table.partitions), partitions_needed(table.given)
            self.view.file(SplitForCapacity(split.table, split.partition, partitions, needed))

    def split_listed(self, split: SplitRecord) -> None:
        """The children of a split are listed."""
        if split.reason == "capacity":
            self.reach(seen.CAPACITY_SPLIT)


def place_now(place: Place) -> int:
    """What the clock of the service shows."""
    service = place.node
    assert isinstance(service, MetricsService)
    return service.env.now


def state_of(before: str, breaching: int, missing: int, needed: int, rule: str) -> str:
    """The state of an alarm that looks at just as many periods as it needs."""
    if rule == "missing" and missing == needed:
        return "INSUFFICIENT_DATA"
    if rule == "ignore" and missing and breaching + missing >= needed:
        return before
    return "ALARM" if breaching + (missing if rule == "breaching" else 0) >= needed else "OK"


def decided(
    before: int,
    consumed: int | None,
    states: Mapping[str, str],
    tracking: Tracking,
    period_us: int,
) -> int:
    """What is provisioned next, if no cooldown lasts."""
    if consumed is None:
        return before
    per_unit = Fraction(tracking.target_percent * tracking.unit * period_us, 100 * SECOND_US)
    goal = min(tracking.most, max(tracking.least, ceil(consumed / per_unit)))
    after = before
    if states["high"] == "ALARM" and goal > before:
        after = goal
    elif states["low"] == "ALARM":
        after = min(before, goal)
    return min(tracking.most, max(tracking.least, after))


def partitions_needed(what: Provisioned) -> int:
    """How many partitions a table needs so that no share of what it is given exceeds a partition's cap."""
    pairs = ((what.read, what.read_cap), (what.write, what.write_cap))
    return max([1, *(ceil(Fraction(rate, cap)) for rate, cap in pairs if cap is not None)])


def crowded(tables: Sequence[ProvisionedTable]) -> list[tuple[str, int, int]]:
    """The active tables that have fewer partitions than they need, with both numbers."""
    found = [
        (one.name, len(one.partitions), partitions_needed(one.given))
        for one in tables
        if one.status == "active"
    ]
    return [one for one in found if one[1] < one[2]]
