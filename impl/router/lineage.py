"""Where an operation goes when its partition is split, and whether a split that is reported can be true."""

from __future__ import annotations

from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.partition.messages.requests import Operation, Scan, SetRates, keys_of
from dynaproof.impl.partition.records import Split


def place_of(operation: Operation) -> bytes:
    """The storage key by which the partition of an operation is found: the first one that it is about. Rates
    are for a whole partition, which is found by its number.
    """
    if isinstance(operation, Scan):
        return operation.low
    return b"" if isinstance(operation, SetRates) else keys_of(operation)[0]


def is_sound(split: Split, partition: int, operation: Operation) -> bool:
    """Whether a split can be the one of this partition, which was asked for this operation: there are two
    children, hosted somewhere, made later than the partition, side by side, and one of them has the key. The
    metadata is never split.
    """
    left, right = split.children
    return (
        METADATA != partition < min(left.partition, right.partition)
        and left.partition != right.partition
        and bool(left.voters and right.voters)
        and left.range.end == right.range.start
        and (
            isinstance(operation, SetRates)
            or any(child.range.contains(place_of(operation)) for child in split.children)
        )
    )
