"""A partition ends by a split: its leader proposes the barrier at an admin's command, and every replica that
knows the barrier says so from then on (rules H5, H6, P1 and A12 of docs/table.md).

Before that, every voter writes a checkpoint: then the last one, at the barrier, for which the children wait,
has little left to write. The leader waits for these at most a heartbeat, since they only help.

Behind the barrier there is no leader, but the parent's log may have readers that must get all of it. For
these any replica that knows the barrier is the *finisher*, at an admin's word (H6): it would send them what a
leader sends, from the frozen log, until they have the record of the split. No reader must so far: the holds
of all lapse, and may be given up. So the finisher has finished when it is asked (`on_finish`).

*Invariants.* A `Split` is proposed when no config is in flight and all below is chosen, under the config of
the epoch that the command expects, with every voter admitted and full: so its children have the voters that
the log's order gives them. Nothing is proposed above it but what phase 1 needs. Requests that wait while it
is in flight are answered in the step that applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from dynaproof.impl.node import Message, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Request, WrongPartition
from dynaproof.impl.partition.messages.split import (
    CheckpointDone,
    CheckpointFirst,
    Finish,
    Finished,
    SplitAlready,
    SplitDone,
    SplitPartition,
)
from dynaproof.impl.partition.records import ChildSpec, Split
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.partition.waiting import Waiting
from dynaproof.impl.paxos.ids import FIRST_INCARNATION, Member
from dynaproof.impl.paxos.leader import Leader
from dynaproof.impl.paxos.leadership import Leadership
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.paxos.service import Service
from dynaproof.impl.values.key_range import InvalidRange


def is_inside(m: SplitPartition) -> bool:
    """Whether the position is inside the range, and not its start."""
    try:
        m.range.split(m.at)
    except InvalidRange:
        return False
    return True


class Preparing:
    """A command for which the voters write checkpoints."""

    __slots__ = ("command", "over", "sender", "until", "written")

    def __init__(self, sender: NodeId, command: SplitPartition, until: Microseconds) -> None:
        self.sender = sender
        self.command = command
        self.until = until
        """Until when it waits for that."""
        self.written: dict[Member, bool] = {}
        """The voters that have written theirs."""
        self.over = False
        """Whether all have, or the wait is over."""


class Splitting(Service):
    """Ends a partition."""

    def __init__(self, replica: Leader[PartitionState], waiting: Waiting) -> None:
        self.replica = replica
        self.env = replica.env
        self.waiting = waiting
        self.membership = Membership(replica, self.says_so)
        self.preparing: Preparing | None = None
        """What this leader waits for before it proposes the barrier."""
        self.owes: CheckpointFirst | None = None
        """A leader's question, answered when a checkpoint is durable"""
        self.owes_through = 0
        """of all that was applied when it was asked."""

    # --- The command ---

    def on_split_partition(self, sender: NodeId, m: SplitPartition) -> None:
        """Propose the barrier, or say that it is chosen."""
        replica, split = self.replica, self.replica.state.split
        if split is not None:
            self.env.send(sender, SplitDone(split))
            return
        leadership = self.membership.obeying(sender, m.expected_epoch)
        if leadership is None or not self.membership.expects(sender, m.expected_epoch):
            return
        reason = self.reason_to_refuse(leadership, m)
        if reason:
            if self.is_deaf(leadership):
                self.replica.reached("leader that does not hear a voter handed over to split")
                self.replica.hand_over()
            self.membership.not_now(sender, m.expected_epoch, reason)
        elif not self.is_prepared(leadership, sender, m):
            return
        elif replica.in_flight:
            self.membership.wait(leadership, sender, m, self.on_split_partition)
        elif replica.clock_trusted():
            slot, epoch = replica.next_slot, replica.config.epoch
            timestamp, (left, right) = replica.next_timestamp(), self.children(m)
            replica.propose(Split(slot, leadership.ballot, epoch, timestamp, left, right))

    def reason_to_refuse(self, leadership: Leadership, m: SplitPartition) -> str:
        """Why it may not be split now; "" if it may, whether or not its own pages are home (P7)."""
        replica = self.replica
        others = [leadership.progress.get(voter) for voter in replica.others()]
        if replica.settings.repairs_itself:
            return "a group that repairs itself is not split"
        if not 0 < m.left != m.right > 0:
            return "its children are not two"
        if len(others) + 1 < len(replica.config.voters) or any(
            one is None or one.asked_at < 0 for one in others
        ):
            return "a voter is not admitted"
        if not all(one is not None and one.full for one in others):
            return "a voter has no tree"
        pages = replica.state.pages
        if not pages.home and len(pages.line) >= replica.settings.files_per_head:
            return "its pages lie in as many files as they may"
        return ""

    def is_deaf(self, leadership: Leadership) -> bool:
        """Whether this leader has led for a lease without hearing one of its voters, but has heard another:
        that one may hear all, and could then split (A12).
        """
        since = self.env.now - self.replica.settings.lease_us
        if leadership.began_at >= since:
            return False
        heard = [leadership.progress[voter].asked_at > since for voter in self.replica.others()]
        return any(heard) and not all(heard)

    def children(self, m: SplitPartition) -> tuple[ChildSpec, ChildSpec]:
        """The children that the command makes: their voters are on the nodes of this partition's, with
        incarnation 1 (H3).
        """
        voters = tuple(Member(voter.node, FIRST_INCARNATION) for voter in self.replica.config.voters)
        low, high = m.range.split(m.at)
        return ChildSpec(m.left, low, voters), ChildSpec(m.right, high, voters)

    # --- A checkpoint before it (P1) ---

    def is_prepared(self, leadership: Leadership, sender: NodeId, m: SplitPartition) -> bool:
        """Whether the barrier may be proposed; if not, the first time that a command comes, ask all voters
        (P1).
        """
        preparing = self.preparing
        if preparing is not None and preparing.command == m:
            preparing.sender = sender
            return preparing.over
        until = self.env.now + self.replica.settings.heartbeat_us
        self.preparing = Preparing(sender, m, until)
        for voter in self.replica.config.voters:
            self.replica.send(
                voter, CheckpointFirst(self.replica.member, voter.incarnation, leadership.ballot)
            )
        return False

    def on_checkpoint_first(self, sender: NodeId, m: CheckpointFirst) -> None:
        """Write a checkpoint for the leader; a replica without a tree has none to write."""
        if m.ballot == self.replica.leader_ballot and self.replica.full:
            self.owes, self.owes_through = m, self.replica.state.applied
            self.write_first()

    def tidied(self) -> None:
        """A checkpoint is durable: the one that is owed, or one that was under way before."""
        self.write_first()

    def write_first(self) -> None:
        """Write the checkpoint that is owed when no other is under way; say so when it is durable (P1)."""
        replica, owes, snapshot = self.replica, self.owes, self.replica.log.head.snapshot
        if owes is None or replica.checkpoint is not None:
            return
        if self.owes_through > (0 if snapshot is None else snapshot.slot):
            replica.write_checkpoint()
            return
        self.owes = None
        replica.send(owes.source, CheckpointDone(replica.member, owes.source.incarnation, owes.ballot))

    def on_checkpoint_done(self, sender: NodeId, m: CheckpointDone) -> None:
        """Go on with the command when all voters have written theirs."""
        preparing, leadership = self.preparing, self.replica.leadership
        if preparing is None or leadership is None or m.ballot != leadership.ballot:
            return
        preparing.written[m.source] = True
        if all(voter in preparing.written for voter in self.replica.config.voters):
            self.prepared(preparing)

    def has_room(self) -> None:
        """Go on with the command after a heartbeat, too: a voter that does not answer holds no split back."""
        if self.preparing is not None and self.env.now >= self.preparing.until:
            self.prepared(self.preparing)

    def prepared(self, preparing: Preparing) -> None:
        """Go on with the command, once: if that is not possible now, its sender asks again."""
        if not preparing.over:
            preparing.over = True
            self.on_split_partition(preparing.sender, preparing.command)

    def stepped_down(self) -> None:
        """The next leader is asked anew."""
        self.preparing = None

    # --- The barrier ---

    def applied(self, record: Record) -> None:
        """The leader stops in the step that applies the barrier (H6), once it has answered those that wait
        (H5).
        """
        leadership = self.replica.leadership
        if not isinstance(record, Split) or leadership is None:
            return
        end = self.replica.end
        end.led, end.proposed = True, record.proposed_at == leadership.ballot
        for waiter in self.waiting.queue:
            for sender, m in waiter.attempts:
                if isinstance(m, Request):
                    self.wrong_partition(sender, m)
        self.replica.end_at_barrier()

    def wrong_partition(self, sender: NodeId, m: Request) -> None:
        """A request comes too late: its id is not remembered, so if the barrier's timestamp is within its
        deadline, no attempt at the partition was or will be applied (R4). A replica without a tree remembers
        no ids.
        """
        split = self.replica.state.split
        assert split is not None, "only who knows the barrier says so"
        first = self.env.me if self.replica.end.led else None
        final = self.replica.full and split.timestamp <= m.deadline
        self.env.send(sender, WrongPartition(m.request, m.attempt, final, split=split, first=first))

    def says_so(self, sender: NodeId, expected_epoch: int) -> bool:
        """Whether the partition is split: then the sender of a command for its config is told (H6)."""
        split = self.replica.state.split
        if split is not None:
            self.env.send(sender, SplitAlready(expected_epoch, split))
        return split is not None

    def on_finish(self, sender: NodeId, m: Finish) -> None:
        """Say that nobody must read the frozen log any more (H6)."""
        if self.replica.state.split is not None:
            self.env.send(sender, Finished())

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Finish: on_finish,
        SplitPartition: on_split_partition,
        CheckpointFirst: on_checkpoint_first,
        CheckpointDone: on_checkpoint_done,
    }
    SHAPES: ClassVar[Mapping[type[Message], Callable[[Any], bool]]] = {SplitPartition: is_inside}
