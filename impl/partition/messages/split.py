"""How a partition is split at an admin's command (A12 of docs/table.md), and what a replica that knows the
barrier answers.

Before it proposes the barrier a leader has every voter write a checkpoint (P1).
"""

from __future__ import annotations

from dynaproof.impl.node import Message
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.peer import Peer
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
    """A command that changes the config comes too late: the partition is split, for ever."""

    expected_epoch: int
    split: Split


class Finish(Message, frozen=True, gc=False, tag="finish"):
    """The parent has no leader any more: see to it that those who must read its log have it through the
    barrier. Answered with `Finished` by a replica that knows the barrier, for ever; any other one says
    nothing, and the next one is asked.
    """


class Finished(Message, frozen=True, gc=False, tag="finished"):
    """All who must read the log of this partition have it through the barrier."""


class CheckpointFirst(Peer, frozen=True, gc=False, tag="checkpoint_first"):
    """The leader of this ballot is about to propose a barrier: write a checkpoint, so that the last one has
    little left to write. Answered with `CheckpointDone`, or not at all.
    """

    ballot: Ballot


class CheckpointDone(Peer, frozen=True, gc=False, tag="checkpoint_done"):
    """The log durably names a checkpoint that is newer than the question of the leader of this ballot."""

    ballot: Ballot
