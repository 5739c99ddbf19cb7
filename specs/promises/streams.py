"""The promises about streams: what a shard holds, and the order in which a consumer sees shards."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.base import Name
from dynaproof.specs.views.stream import Change, Consumed, ShardChanged, StreamView


@spec(
    "always",
    source="developer guide, Change data capture for DynamoDB Streams",
    over=StreamView,
    on=(ShardChanged,),
)
def stream_complete_and_single(view: StreamView) -> Iterable[Violation]:
    """A shard has each change of its log up to its last slot once, in commit order; the old image of a record
    is the new image of the one before.

    A closed shard has got to the end of its log. That every shard gets there once all is quiet is a matter of
    liveness, and not checked here.
    """
    for fact in view.take(ShardChanged):
        name = fact.shard
        shard = view.shards[name]
        due = [change for change in view.changes.get(name, ()) if change.slot <= shard.through]
        if list(shard.records) != due:
            slots = [record.slot for record in shard.records]
            yield Violation(
                f"shard {name} has records of slots {slots}, and through slot {shard.through} "
                f"its log changed something in {[change.slot for change in due]}"
            )
        yield from _images(view, name)
        if shard.closed and shard.through != view.log_ends.get(name):
            yield Violation(
                f"shard {name} is closed at slot {shard.through}; its log ends at {view.log_ends.get(name)}"
            )


def _images(view: StreamView, name: Name) -> Iterable[Violation]:
    """Each record's old image is the new image of the item's record before, in the shard or its ancestors."""
    line: list[Change] = []
    at: Name | None = name
    while at is not None and at in view.shards:
        line[:0] = view.shards[at].records
        at = view.shards[at].parent
    images: dict[Hashable, Hashable] = {}
    for record in line:
        if images.get(record.key, record.old) != record.old:
            yield Violation(
                f"the record of slot {record.slot} in the line of shard {name} has old image {record.old} "
                f"of {record.key}, and {images[record.key]} was there"
            )
        images[record.key] = record.new


@spec(
    "always",
    source="developer guide, DynamoDB Streams (reading and processing)",
    over=StreamView,
    on=(Consumed,),
)
def parent_before_children(view: StreamView) -> Iterable[Violation]:
    """A consumer sees all of a parent shard before any record of its children."""
    for fact in view.take(Consumed):
        name = fact.shard
        parent = view.shards[name].parent
        if parent is None or view.consumed[name] == 0:
            continue
        held, seen = view.shards[parent], view.consumed.get(parent, 0)
        if not held.closed or seen < len(held.records):
            yield Violation(
                f"{view.consumed[name]} records of shard {name} were processed after {seen} of its parent "
                f"{parent}, which is {'closed' if held.closed else 'open'} with {len(held.records)}"
            )


SPECS: tuple[AnySpec, ...] = (
    stream_complete_and_single,
    parent_before_children,
)
"""The specs of this module, in the order in which they are listed."""
