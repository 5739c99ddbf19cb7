"""What a group promises to the readers of its log."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import HeldLogGivenUp, HoldBehind, ReaderSkipped, ReadUnanswered


@spec("always", source="docs/replication.md, readers of the log", over=GroupView, on=(HeldLogGivenUp,))
def held_log_is_never_given_up(view: GroupView) -> Iterable[Violation]:
    """No reader gets the answer that the log is gone from a place that its hold protects."""
    for fact in view.take(HeldLogGivenUp):
        yield Violation(
            f"{fact.name} told {fact.reader} that slot {fact.slot} is gone, which a hold protects"
        )


@spec("always", source="docs/replication.md, readers of the log", over=GroupView, on=(HoldBehind,))
def lag_is_bounded(view: GroupView) -> Iterable[Violation]:
    """No hold that may lapse is further behind than its bound, in slots or in bytes of records."""
    for fact in view.take(HoldBehind):
        if fact.slots > fact.most_slots or fact.bytes > fact.most_bytes:
            yield Violation(
                f"{fact.reader} is {fact.slots} slots of {fact.bytes} bytes behind, and its hold has not "
                f"lapsed; its bounds are {fact.most_slots} and {fact.most_bytes}"
            )


@spec("always", source="docs/replication.md, readers of the log", over=GroupView, on=(ReadUnanswered,))
def readers_are_answered(view: GroupView) -> Iterable[Violation]:
    """A replica answers every question of a reader, however much that asks for."""
    for fact in view.take(ReadUnanswered):
        yield Violation(f"{fact.name} left the question of {fact.reader} for slot {fact.slot} unanswered")


@spec("always", source="docs/replication.md, readers of the log", over=GroupView, on=(ReaderSkipped,))
def readers_see_every_record_once_in_order(view: GroupView) -> Iterable[Violation]:
    """What a reader takes is consecutive, over restarts of replicas; one that restarts goes on from its hold
    at the latest, and one whose hold has lapsed begins anew.
    """
    for fact in view.take(ReaderSkipped):
        yield Violation(f"{fact.reader} took slot {fact.slot} where it was to take slot {fact.expected}")


SPECS: tuple[AnySpec, ...] = (
    held_log_is_never_given_up,
    lag_is_bounded,
    readers_are_answered,
    readers_see_every_record_once_in_order,
)
"""The specs of this module, in the order in which they are listed."""
