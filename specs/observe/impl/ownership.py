"""What records of the metadata say of who owns which keys."""

from __future__ import annotations

from dynaproof.impl.metadata.records import MetadataRecord, PartitionRecord, TableRecord

KEY_SPACE = 1 << 128


def reshapes(before: MetadataRecord | None, after: MetadataRecord | None) -> str:
    """The name of the table of which a change of one record may have changed who owns its keys, or its
    lineage; empty if of none.
    """
    one = before if after is None else after
    if isinstance(one, TableRecord):
        return one.name
    if not isinstance(one, PartitionRecord):
        return ""
    if isinstance(before, PartitionRecord) and isinstance(after, PartitionRecord):
        same = before.range == after.range and before.state == after.state and before.parent == after.parent
        return "" if same else one.table
    return one.table


def is_split(record: PartitionRecord) -> bool:
    """Whether a partition's children own its range."""
    return record.state in ("split", "gone")


def ends_of(record: PartitionRecord) -> tuple[int, int]:
    """The half-open range of hashes that a partition owns."""
    low, end = record.range.start, record.range.end
    return int.from_bytes(low, "big"), KEY_SPACE if end is None else int.from_bytes(end, "big")
