"""The promises about auto scaling: what is stored was emitted, alarms follow what is stored, changes follow
alarms, and no share of a table exceeds a partition's cap.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.region import RegionView
from dynaproof.specs.views.scaling_facts import (
    AlarmAt,
    ChangeOrdered,
    Crowded,
    Emitted,
    OrderGiven,
    Provision,
    SplitForCapacity,
    Stored,
    Turned,
)

GUIDE = "DynamoDB developer guide, Managing throughput capacity automatically with auto scaling"


@spec("always", source="docs/capacity.md, Auto scaling", over=RegionView, on=(Emitted,))
def emissions_say_what_was_counted(view: RegionView) -> Iterable[Violation]:
    """All that nodes emit of a table was counted by a replica of it before, and nothing of it is in two
    emissions.
    """
    for fact in view.take(Emitted):
        if fact.emitted > fact.counted:
            yield Violation(
                f"{fact.emitted} micro-units of {fact.metric} of {fact.table} were emitted, and its replicas "
                f"have counted {fact.counted}"
            )


@spec("always", source="docs/capacity.md, Auto scaling", over=RegionView, on=(Stored,))
def metrics_conserve_what_was_emitted(view: RegionView) -> Iterable[Violation]:
    """A period has what was emitted for it and answered, each emission once, and nothing else."""
    for fact in view.take(Stored):
        if fact.stored != fact.expected:
            yield Violation(
                f"period {fact.period} of {fact.metric} of {fact.table} has (count, sum, maximum) "
                f"{fact.stored}, and the emissions make {fact.expected}"
            )


@spec("always", source="CloudWatch user guide, Using alarms", over=RegionView, on=(AlarmAt,))
def alarms_follow_their_metrics(view: RegionView) -> Iterable[Violation]:
    """An alarm is on if as many of the last periods as it needs were beyond its threshold, off if they cannot
    have been; what is missing counts by its rule, and as nothing else.
    """
    for fact in view.take(AlarmAt):
        if fact.state != fact.expected:
            yield Violation(
                f"the {fact.alarm} alarm of {fact.table} is in {fact.state}; {fact.breaching} periods breach "
                f"its threshold and {fact.missing} are missing, so it is in {fact.expected}"
            )


@spec("always", source=GUIDE, over=RegionView, on=(OrderGiven,))
def changes_follow_alarms(view: RegionView) -> Iterable[Violation]:
    """What is ordered makes the last period's consumption the target, where the high alarm is on and that is
    more, or the low one and that is less; else, or while a cooldown lasts, it is what there is.
    """
    for fact in view.take(OrderGiven):
        if fact.ordered != fact.expected and not (fact.held and fact.ordered == fact.before):
            yield Violation(
                f"{fact.ordered} units are ordered of {fact.metric} of {fact.table}, which has "
                f"{fact.before}; {fact.why} makes that {fact.expected}"
            )


@spec("always", source=GUIDE, over=RegionView, on=(OrderGiven, Provision))
def provisioned_stays_within_bounds(view: RegionView) -> Iterable[Violation]:
    """Whatever becomes of metrics, alarms and nodes, a table that is scaled stays within its bounds."""
    for order in view.take(OrderGiven):
        if not order.least <= order.ordered <= order.most:
            yield Violation(
                f"{order.ordered} units are ordered of {order.metric} of {order.table}; the bounds are "
                f"{order.least} and {order.most}"
            )
    for fact in view.take(Provision):
        if not fact.least <= fact.after <= fact.most:
            yield Violation(
                f"{fact.table} is given {fact.after} units of {fact.metric}; the bounds are {fact.least} and "
                f"{fact.most}"
            )


@spec("always", source=GUIDE, over=RegionView, on=(Provision,))
def cooldowns_hold(view: RegionView) -> Iterable[Violation]:
    """A table is not given more before the scale-out cooldown has passed since its last change, nor less
    before the other one has: whoever crashed meanwhile, and however late orders come.
    """
    for fact in view.take(Provision):
        if fact.since_us < fact.cooldown_us:
            yield Violation(
                f"{fact.metric} of {fact.table} goes from {fact.before} to {fact.after} units "
                f"{fact.since_us} us after its last change; the cooldown is {fact.cooldown_us} us"
            )


@spec("always", source="docs/table.md, A17", over=RegionView, on=(ChangeOrdered,))
def orders_change_what_they_have_seen(view: RegionView) -> Iterable[Violation]:
    """A table is changed only as was ordered by who had seen it as it then is: late orders change nothing."""
    for fact in view.take(ChangeOrdered):
        if not fact.orders:
            yield Violation(f"{fact.table} has changed, and nobody ordered that as of version {fact.before}")


@spec("always", source=GUIDE, over=RegionView, on=(Turned,))
def direction_turns_with_the_load(view: RegionView) -> Iterable[Violation]:
    """What is provisioned goes the other way than before only if consumption has, as was decided since; so
    under constant load its direction changes once at the most.
    """
    for fact in view.take(Turned):
        way = "out" if fact.out else "in"
        if fact.consumed is None:
            yield Violation(
                f"{fact.metric} of {fact.table} is scaled {way} after the contrary, as nobody has ordered"
            )
        elif (fact.consumed <= fact.consumed_before) if fact.out else (fact.consumed >= fact.consumed_before):
            yield Violation(
                f"{fact.metric} of {fact.table} is scaled {way} after the contrary, though a period consumed "
                f"{fact.consumed}, and {fact.consumed_before} before"
            )


@spec("always", source="docs/table.md, A18", over=RegionView, on=(SplitForCapacity,))
def partitions_are_split_where_needed(view: RegionView) -> Iterable[Violation]:
    """For its table's capacity a partition is split only while a share of that passes a partition's cap."""
    for fact in view.take(SplitForCapacity):
        if fact.needed <= fact.partitions:
            yield Violation(
                f"partition {fact.partition} is split for {fact.table}, which has {fact.partitions} "
                f"partitions and needs {fact.needed}"
            )


@spec("eventually", source="docs/table.md, A18", over=RegionView, on=(Crowded,))
def shares_come_to_fit_their_caps(view: RegionView) -> Iterable[Violation]:
    """A table of which a share passes a partition's cap gets more partitions, until none does."""
    for fact in view.take(Crowded):
        yield Violation(
            f"{fact.table} has {fact.partitions} partitions and needs {fact.needed}, for {fact.waited_us} us"
        )


SPECS: tuple[AnySpec, ...] = (
    emissions_say_what_was_counted,
    metrics_conserve_what_was_emitted,
    alarms_follow_their_metrics,
    provisioned_stays_within_bounds,
    changes_follow_alarms,
    direction_turns_with_the_load,
    cooldowns_hold,
    orders_change_what_they_have_seen,
    partitions_are_split_where_needed,
    shares_come_to_fit_their_caps,
)
"""The specs of this module, in the order in which they are listed."""
