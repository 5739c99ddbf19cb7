"""The promises about capacity: a table gets what it is given, no more and no less."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.capacity_facts import (
    MICRO,
    Boosted,
    Charged,
    Exceeded,
    LevelApart,
    ReadCharged,
    ReadsBegan,
    TableAdmitted,
    TakesLess,
)
from dynaproof.specs.views.group import GroupView

GUIDE = "DynamoDB developer guide, Burst capacity"


@spec("always", source=GUIDE, over=GroupView, on=(Charged, ReadCharged, TableAdmitted))
def admitted_within_bound(view: GroupView) -> Iterable[Violation]:
    """In every window a partition admits its burst, what the window fills and one request at the most, and no
    more than its cap; a table, what its partitions may together.
    """
    for fact in view.take(Charged):
        if fact.level < fact.cost * MICRO and fact.level < fact.capacity:
            yield Violation(
                f"slot {fact.slot} costs {fact.cost} micro-units, and {fact.bucket} had {fact.level // MICRO}"
            )
    for read in view.take(ReadCharged):
        if read.level < min(0, read.capacity - read.cost * MICRO):
            yield Violation(
                f"{read.name} admitted a read of {read.cost} micro-units, which leaves {read.bucket} with "
                f"{read.level // MICRO}"
            )
    for table in view.take(TableAdmitted):
        if table.above > table.bound:
            yield Violation(
                f"{table.table} admitted {table.above // MICRO} micro-units above its rate in a window, and "
                f"may {table.bound // MICRO}"
            )


@spec("always", source=GUIDE, over=GroupView, on=(Exceeded,))
def never_throttled_under_rate(view: GroupView) -> Iterable[Violation]:
    """A write is throttled only where what was admitted before has left less than it costs, and the bucket is
    not full.
    """
    for fact in view.take(Exceeded):
        if fact.expected >= fact.cost * MICRO or fact.expected >= fact.capacity:
            yield Violation(
                f"{fact.name} throttled {fact.request} ({fact.reason}), which costs {fact.cost} micro-units, "
                f"with {fact.expected // MICRO} left"
            )


@spec("always", source="impl/capacity/admission.py, the invariant", over=GroupView, on=(Exceeded,))
def throttled_request_has_no_effect(view: GroupView) -> Iterable[Violation]:
    """What a leader throttles changes no bucket: it goes by what the chosen records leave, and those in
    flight, and by nothing else.
    """
    for fact in view.take(Exceeded):
        if fact.level != fact.expected // MICRO:
            yield Violation(
                f"{fact.name} throttled {fact.request} with {fact.level} micro-units left, and the log "
                f"leaves {fact.expected // MICRO}"
            )


@spec("always", source="impl/capacity/shares.py", over=GroupView, on=(LevelApart, ReadsBegan))
def tokens_conserved(view: GroupView) -> Iterable[Violation]:
    """The buckets of writes are the same fold of the log on every replica, whoever led and whatever crashed;
    a new leader mints no reads beyond what it had not heard of, and gives none away.
    """
    for fact in view.take(LevelApart):
        yield Violation(f"{fact.name} has {fact.level} at slot {fact.slot}; the log leaves {fact.expected}")
    for began in view.take(ReadsBegan):
        if began.level > (began.second if began.heard is None else max(began.most, began.second)):
            yield Violation(
                f"{began.name} begins to admit reads with {began.level} micro-units; no heartbeat leaves it "
                f"more than {began.most}, and a second fills {began.second}"
            )
        elif began.level < (began.second if began.heard is None else began.heard):
            yield Violation(
                f"{began.name} begins to admit reads with {began.level} micro-units, and had heard of "
                f"{began.second if began.heard is None else began.heard}"
            )


@spec(
    "always",
    source="DynamoDB developer guide, Capacity unit consumption",
    over=GroupView,
    on=(Charged,),
)
def writes_cost_what_they_should(view: GroupView) -> Iterable[Violation]:
    """A write costs a unit for each kilobyte begun of the larger one of the items before and after; one whose
    condition fails costs a unit at the least.
    """
    for fact in view.take(Charged):
        if fact.cost < fact.owed:
            yield Violation(
                f"slot {fact.slot} was charged {fact.cost} micro-units, and costs {fact.owed} at the least"
            )


@spec("always", source="impl/capacity/controller.py", over=GroupView, on=(Boosted,))
def multiplier_within_bounds(view: GroupView) -> Iterable[Violation]:
    """A partition's rates are its shares of what the table is given, times a multiplier between 1 and 10; or
    1, where the table does not adapt.
    """
    for fact in view.take(Boosted):
        if not fact.share <= fact.rate <= fact.share * fact.most:
            yield Violation(
                f"slot {fact.slot} sets the rate of {fact.what} to {fact.rate}, and the share is {fact.share}"
            )


@spec(
    "always",
    source="DynamoDB developer guide, On-demand capacity mode",
    over=GroupView,
    on=(TakesLess,),
)
def on_demand_never_takes_less(view: GroupView) -> Iterable[Violation]:
    """What an on-demand table takes never becomes less, whichever admin is active: only its partitions become
    more.
    """
    for fact in view.take(TakesLess):
        if fact.rate < fact.before:
            yield Violation(
                f"slot {fact.slot} sets the rate of {fact.what} to {fact.rate}, which was {fact.before}"
            )


SPECS: tuple[AnySpec, ...] = (
    admitted_within_bound,
    throttled_request_has_no_effect,
    never_throttled_under_rate,
    tokens_conserved,
    multiplier_within_bounds,
    writes_cost_what_they_should,
    on_demand_never_takes_less,
)
"""The specs of this module, in the order in which they are listed."""
