"""The promises about many partitions: who owns a key, and what a restore gives."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.base import Name
from dynaproof.specs.views.lineage import (
    LineageCommitted,
    LineageView,
    MetadataCommitted,
    OwnerChanged,
    Restored,
)


@spec(
    "always",
    source="DynamoDB (ATC 2022), 4.2 (split); docs/system-models.md (split)",
    over=LineageView,
    on=(OwnerChanged, MetadataCommitted),
)
def one_owner_per_key(view: LineageView) -> Iterable[Violation]:
    """At most one partition accepts writes for a key at a time; in each committed state of the metadata the
    ranges of a table are disjoint and cover the key space.
    """
    changed = dict.fromkeys(fact.partition for fact in view.take(OwnerChanged))
    for name in changed:
        one = view.owners[name]
        looked_at = True  # A pair of changed ones is looked at once: by the one that comes first.
        for other_name, other in view.owners.items() if view.tau < one.until else ():
            if other_name == name:
                looked_at = False
            elif looked_at and other_name in changed:
                continue
            elif other.low < one.high and one.low < other.high and view.tau < other.until:
                low, high = max(one.low, other.low), min(one.high, other.high)
                yield Violation(f"{name} and {other_name} accept writes for the keys from {low} to {high}")
    for fact in view.take(MetadataCommitted):
        yield from _cover(view.key_space, f"partition of {fact.table}", fact.ranges)


def _cover(keys: tuple[int, int], whose: str, ranges: Iterable[tuple[Name, int, int]]) -> Iterable[Violation]:
    """The ranges of (partition, low, high) are disjoint, and leave out none of the keys."""
    reached, end = keys
    for partition, low, high in [*sorted(ranges, key=lambda one: one[1:]), (None, end, end)]:
        if low > reached:
            yield Violation(f"no {whose} serves the keys from {reached} to {low}")
        elif low < reached and partition is not None:
            yield Violation(f"{partition} and another {whose} serve the keys from {low}")
        reached = max(reached, high)


@spec(
    "always",
    source="DynamoDB (ATC 2022), 4.2 (split); docs/system-models.md (admin_split)",
    over=LineageView,
    on=(LineageCommitted,),
)
def lineage_is_a_tree_that_covers(view: LineageView) -> Iterable[Violation]:
    """In each committed state of the metadata a partition that has a parent is a child of one that is split;
    those without a parent cover the key space once, and the children of each that is split cover its range.
    """
    for fact in view.take(LineageCommitted):
        split = {one.partition: one for one in fact.partitions if one.is_split}
        children: dict[Name | None, list[tuple[Name, int, int]]] = {None: []} | {name: [] for name in split}
        for one in fact.partitions:
            if one.parent in children:
                children[one.parent].append((one.partition, one.low, one.high))
            else:
                yield Violation(f"{one.partition} is a child of {one.parent}, which is not split")
        yield from _cover(view.key_space, f"first partition of {fact.table}", children.pop(None))
        for name, ranges in children.items():
            yield from _cover((split[name].low, split[name].high), f"child of {name}", ranges)


@spec(
    "always",
    source="DynamoDB (ATC 2022), 5.4; docs/system-models.md (restore)",
    over=LineageView,
    on=(Restored,),
)
def restore_is_exact(view: LineageView) -> Iterable[Violation]:
    """A restore to T gives, for each leaf of the lineage at T, exactly the chosen prefix with timestamps up
    to T.

    That what was acknowledged before T - epsilon is in, and what was invoked after T + epsilon is not,
    follows where commit timestamps are within epsilon of the time at which they are assigned;
    that is not checked.
    """
    for fact in view.take(Restored):
        time, restored = fact.time, fact.writes
        leaves = _leaves(view, time)
        for leaf in [one for one in restored if one not in leaves]:
            yield Violation(f"a restore to {time} makes {leaf}, which is no leaf of the lineage then")
        for leaf in leaves:
            yield from _exact(view, time, leaf, restored)


def _leaves(view: LineageView, time: int) -> list[Name]:
    """The partitions that exist at a time and are not split yet."""
    there = [name for name, (_, since) in view.parents.items() if since <= time]
    split = [view.parents[name][0] for name in there]
    return [name for name in there if name not in split]


def _exact(
    view: LineageView, time: int, leaf: Name, restored: Mapping[Name, tuple[Hashable, ...]]
) -> Iterable[Violation]:
    """A leaf is restored, with the writes of its line up to a time, in order."""
    if leaf not in restored:
        yield Violation(f"a restore to {time} does not make {leaf}, a leaf of the lineage then")
        return
    line: list[Name] = []
    name: Name | None = leaf
    while name is not None:
        line.insert(0, name)
        name = view.parents[name][0]
    due = tuple(write for one in line for stamp, write in view.writes.get(one, ()) if stamp <= time)
    if restored[leaf] != due:
        yield Violation(f"a restore of {leaf} to {time} gives {restored[leaf]}, and {due} were chosen")


SPECS: tuple[AnySpec, ...] = (
    one_owner_per_key,
    lineage_is_a_tree_that_covers,
    restore_is_exact,
)
"""The specs of this module, in the order in which they are listed."""
