"""The end of a run in which hot partitions are split: one that stays hot is split. So admins that split none,
or leaders that never tell where, do not pass for a region that had none to split.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.region import ADMIN, RegionConfig
from dynaproof.checkers.kinds.region_kinds import is_active
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.region_end import regains_voters
from dynaproof.checkers.scenarios.region_run import file, listed, most_steps, observed, users_of
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.split_points import readiness
from dynaproof.impl.metadata.records import PartitionRecord, SplitRecord
from dynaproof.impl.metadata.replacements import is_free
from dynaproof.impl.node import Microseconds
from dynaproof.specs.views.region import Unended


def heat(run: Run) -> None:
    """Every user asks for all items equally often, at the pace of the load: an event."""
    run.world.fault("heat", next(iter(run.world.places.values())), 0)
    for user in users_of(run):
        place = run.world.at(user.env.me)
        if place.up:
            user.settings = structs.replace(user.settings, hot=False)
            run.world.run(place, user.go_on, run.config.user.think_us)


def time_to_split(config: RegionConfig) -> Microseconds:
    """How long a partition may stay hot, by the slowest clock, before its split is written down: what must
    have passed, the reports that say so, two walks, and answers of the metadata.
    """
    admin, lease = config.admin, config.settings.lease_us
    return 2 * (admin.heat_us + 2 * config.report_us + 2 * admin.survey_us + lease)


def splits_the_hot(run: Run) -> None:
    """While users ask for all items equally often, no partition that may be split stays hot for long, by what
    its leader has reported.
    """
    seen, bound = observed(run), time_to_split(run.config)
    if run.world.cut_links or run.config.admin.split_patience_us < run.config.settings.lease_us:
        return
    run.perform("heat")
    began_at = run.world.tau

    def wait() -> list[int]:
        """The partitions that have stayed hot for so long, and may be split."""
        late = run.world.tau - bound
        since = {one: seen.splits.heat.hot_since(one) for one in listed(run)} if late > began_at else {}
        hot = [one for one, at in since.items() if at is not None and at < late]
        return [one for one in hot if may_be_split(run, one)]

    run.advance_until(lambda: bool(seen.metadata.of(SplitRecord) or wait()), 2 * bound, most_steps(run))
    for partition in wait() if run.failure is None else ():
        file(run, Unended(f"the wait of partition {partition}, which is hot, for its split", bound))
    run.perform("stop")
    waits = 2 * run.config.user.timeout_us
    run.advance_until(lambda: all(user.doing is None for user in users_of(run)), waits, most_steps(run))
    if run.failure is None:
        regains_voters(run)


def may_be_split(run: Run, partition: int) -> bool:
    """Whether an active admin has heard of nothing that hinders the split of a partition."""
    metadata = observed(run).metadata
    record = next(one for one in metadata.of(PartitionRecord) if one.partition == partition)
    admins = [place.node for place in run.places_of(ADMIN) if is_active(place)]
    return (
        is_free(record)
        and not metadata.of(SplitRecord)
        and any(
            isinstance(one, Admin)
            and one.splits.may_plan(partition)
            and not readiness(one.nodes, record, 0).hindrance
            for one in admins
        )
    )
