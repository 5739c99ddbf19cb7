"""What is judged of capacity when the faults of a run have stopped: tables stay within their rates, and every
partition has its share.
"""

from __future__ import annotations

from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.specs.observe.impl.capacity import MOST_MULTIPLIER
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.capacity_facts import MICRO, TableAdmitted

PROVIDES: tuple[type[Fact], ...] = (TableAdmitted,)
"""The types of all facts that are filed here."""


def judge_tables(observation: RegionObservation) -> None:
    """What the partitions of a table have admitted together is within its bound, if its rates never changed:
    the greatest of all windows is that which is furthest above what it fills.
    """
    for table in observation.metadata.of(ProvisionedTable):
        if table.version > 1:
            continue
        groups = [observation.groups[partition].capacity for partition in table.partitions]
        rate, above, most, before = table.given.write * most_multiplied(table.given), 0, 0, 0
        for at_us, cost in sorted(charge for group in groups for charge in group.charges):
            above = max(0, above - rate * (at_us - before)) + cost * MICRO
            most, before = max(most, above), at_us
        largest = sum(max((cost for _, cost in group.charges), default=0) for group in groups)
        bound = table.given.write * table.given.burst_us + largest * MICRO
        groups[0].view.file(TableAdmitted(table.name, most, bound))


def most_multiplied(given: Provisioned) -> int:
    """By how much the shares of a table may be multiplied."""
    return 1 if given.adapts == "none" else MOST_MULTIPLIER


def unrated(observation: RegionObservation) -> list[int]:
    """The partitions of active tables whose rates are not their share of what their table is given now."""
    return [
        partition
        for table in observation.metadata.of(ProvisionedTable)
        if table.status == "active"
        for partition in table.partitions
        if not observation.groups[partition].capacity.has_share(table, partition)
    ]
