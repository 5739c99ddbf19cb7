"""How a partition is split at the command of an admin (A12 of docs/table.md), and what who knows the barrier
answers.
"""

from __future__ import annotations

from dynaproof.impl.node import Message
from dynaproof.impl.partition.records import Split
from dynaproof.impl.values.key_range import KeyRange


class SplitPartition(Message, frozen=True, gc=False, tag="split_partition"):
    """Split the partition of this range at the position `at` into `left` and `right`, if its config is of the
    expected epoch. Answered with `SplitDone`, `OtherEpoch` or `NotNow`.
    """

    expected_epoch: int
    range: KeyRange
    at: bytes
    left: int
    right: int


class SplitDone(Message, frozen=True, gc=False, tag="split_done"):
    """The split is chosen: this is its record. Answered by every replica that knows the barrier, for ever."""

    split: Split


class SplitAlready(Message, frozen=True, gc=False, tag="split_already"):
    """A command that changes the config, or asks for it, comes too late: the partition is split, for ever."""

    expected_epoch: int
    split: Split
