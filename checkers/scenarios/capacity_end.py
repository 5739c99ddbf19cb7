"""What is judged of capacity when the faults of a run have stopped: tables stay within their rates, and every
partition has its share.
"""

from __future__ import annotations

from dynaproof.checkers.kinds.region import ROUTER_NODES
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.specs.observe.impl.capacity import ADAPTING, MOST_MULTIPLIER, NOTHING, CapacityObserver, Held
from dynaproof.specs.observe.impl.tokens import above_its_rate, may_be_above, shown
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.capacity_facts import MICRO, TableAdmitted

PROVIDES: tuple[type[Fact], ...] = (TableAdmitted,)
"""The types of all facts that are filed here."""


def judge_tables(observation: RegionObservation) -> None:
    """What a table's partitions have admitted together is within the table's bound, whatever it was given and
    however it was split: of all windows, the one furthest above what fills in it decides. Under global
    admission, what routers have taken for requests is judged instead.
    """
    for table in observation.metadata.of(ProvisionedTable):
        groups = [
            observation.groups[partition].capacity
            for partition, record in observation.ranges.items()
            if (record.table, record.generation) == (table.name, table.generation)
        ]
        if table.given.adapts == "global":
            judge_tokens(observation, table, groups[0])
        elif table.given.adapts != "on_demand":  # It has no rate of its own, only what it has taken.
            versions = observation.capacity.given[table.name, table.generation]
            groups[0].view.file(TableAdmitted(table.name, *above_and_bound(groups, versions)))


def above_and_bound(groups: list[CapacityObserver], versions: dict[int, ProvisionedTable]) -> tuple[int, int]:
    """How far writes were above what fills in any window, and how far they may be: the most that all buckets
    keep together, and one request of each. What fills is the sum of what each partition has at the time, by
    its own timestamps; it may exceed the table's rate for as long as some know of a split and others do not.
    """
    changes = sorted((held.at_us, 0, index, held) for index, one in enumerate(groups) for held in one.held)
    charges = sorted((at_us, 1, cost) for one in groups for at_us, cost in one.charges)
    fills: dict[int, int] = {}
    keeps: dict[int, int] = {}
    above = most = most_kept = before = 0
    upcoming = 0
    for at_us, _, cost in [*charges, (charges[-1][0] if charges else 0, 1, 0)]:
        while upcoming < len(changes) and changes[upcoming][0] <= at_us:
            changed_us, _, index, held = changes[upcoming]
            above = max(0, above - sum(fills.values()) * (changed_us - before))
            before, upcoming = changed_us, upcoming + 1
            fills[index], keeps[index] = share(held, versions)
            most_kept = max(most_kept, sum(keeps.values()))
        above = max(0, above - sum(fills.values()) * (at_us - before)) + cost * MICRO
        most, before = max(most, above), at_us
    largest = sum(max((cost for _, cost in one.charges), default=0) for one in groups)
    return most, most_kept + largest * MICRO


def share(held: Held, versions: dict[int, ProvisionedTable]) -> tuple[int, int]:
    """What a partition has, in micro-units a second, and how much of that it keeps for bursts, in grains."""
    if held.halvings == NOTHING:
        return 0, 0
    table = versions[held.version]
    whole = len(table.partitions) << held.halvings
    part = table.given.write // whole + 1 + held.halvings  # Each halving rounds one of the two up.
    return part * most_multiplied(table.given), part * table.given.burst_us


def judge_tokens(observation: RegionObservation, table: ProvisionedTable, one: CapacityObserver) -> None:
    """What routers have taken of a table's tokens is within the bound of global admission."""
    config = observation.config
    routers, most = len(ROUTER_NODES), config.router.tokens.most
    for of, bucket in observation.capacity.tokens.buckets.items():
        if (of.table, of.generation) == (table.name, table.generation):
            above = above_its_rate(bucket, config.settings.drift_ppm)
            one.view.file(TableAdmitted(shown(of), above, may_be_above(bucket, routers, most)))


def most_multiplied(given: Provisioned) -> int:
    """By how much the shares of a table may be multiplied."""
    return MOST_MULTIPLIER if given.adapts in ADAPTING else 1


def unrated(observation: RegionObservation) -> list[int]:
    """The partitions of active tables whose rates are not their share of what their table is given now."""
    return [
        partition
        for table in observation.metadata.of(ProvisionedTable)
        if table.status == "active"
        for partition in table.partitions
        if not observation.groups[partition].capacity.has_share(table, partition)
    ]
