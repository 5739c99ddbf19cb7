"""The end of a run in which partitions are split: one more is split when a user orders it. So a region that
refuses every split, or begins none, does not pass for one in which no split went wrong.
"""

from __future__ import annotations

from dynaproof.checkers.kinds.region import ADMIN, USER
from dynaproof.checkers.kinds.region_kinds import is_active
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.region_run import file, most_steps, observed
from dynaproof.checkers.workloads.user import User
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.split_points import readiness
from dynaproof.impl.metadata.orders import SplitAt
from dynaproof.impl.metadata.records import PartitionRecord, SplitRecord, TableRecord
from dynaproof.impl.metadata.replacements import is_free
from dynaproof.specs.views.region import Unended

ORDERS = 8
"""The most times that the split is ordered."""


def next_to_split(run: Run) -> PartitionRecord | None:
    """The first partition that may be split, as far as an active admin has heard, if there is one."""
    metadata = observed(run).metadata
    active = {one.name for one in metadata.of(TableRecord) if one.status == "active"}
    admins = [place.node for place in run.places_of(ADMIN) if is_active(place)]
    partitions: list[PartitionRecord] = metadata.of(PartitionRecord)
    for one in partitions:
        if one.table in active and is_free(one) and one.range.positions > 1:
            for admin in admins:
                if isinstance(admin, Admin) and not readiness(admin.nodes, one, 0).hindrance:
                    return one
    return None


def order(run: Run) -> None:
    """A user orders the split of a partition that may be split, in the middle of its range: an event."""
    place = next(place for place in run.places_of(USER) if place.up)
    run.world.fault("split", place, 0)
    partition = next_to_split(run)
    assert isinstance(place.node, User), "places of users have users"
    if partition is not None:
        place.node.ask_first(SplitAt(partition.partition, partition.range.midpoint()))
        run.world.run(place, place.node.begin)


def splits_once_more(run: Run) -> None:
    """A partition that may be split is split when a user orders it, and the split ends."""
    metadata, lease = observed(run).metadata, run.config.settings.lease_us
    before = split_so_far(run)
    partition = next_to_split(run)
    if partition is None or run.world.cut_links:
        return

    def is_over() -> bool:
        return split_so_far(run) > before and not metadata.of(SplitRecord)

    # A user that asks a router that stays down waits as long as it ever does, then asks another one.
    waits = max(lease, 2 * run.config.user.timeout_us)
    for _ in range(ORDERS):
        if run.failure is None and not is_over():
            if not metadata.of(SplitRecord):
                run.perform("split")
            run.advance_until(is_over, waits, most_steps(run))
    run.perform("stop")
    if run.failure is None and not is_over():
        file(run, Unended(f"the wait for a split of partition {partition.partition}", ORDERS * waits))


def split_so_far(run: Run) -> int:
    """How many partitions were split."""
    return sum(one.state == "gone" for one in observed(run).metadata.of(PartitionRecord))
