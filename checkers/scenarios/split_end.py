"""What the end of a run of a region judges of splits: which partitions are to be split and are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.split_points import due, readiness
from dynaproof.impl.metadata.records import PartitionRecord


def too_large(admins: Iterable[object], partitions: Iterable[PartitionRecord]) -> Iterator[int]:
    """The partitions that are too large and may be split, as far as active admins have heard."""
    found = list(partitions)
    for admin in admins:
        if not isinstance(admin, Admin):
            continue
        for one in found:
            plan = due(admin.nodes, one)
            if plan is not None and plan.reason == "size" and not readiness(admin.nodes, one, 0).hindrance:
                yield one.partition
