"""What the steps of a split do: the leader is told to propose it, the children are listed once it is chosen,
and the parent is dropped once nothing needs it any more (rule A12 of docs/table.md). `steps` drives them.

*Invariant.* Children are listed only on the word of a replica that knows the barrier, and a parent is dropped
when every voter of its children, by their newest configs, was reported to be there, and a replica of it has
said that nobody must read its log any more: then no node makes a child from the parent, and nobody needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from msgspec import structs

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Driven, Steps
from dynaproof.impl.admin.term import Term
from dynaproof.impl.kept import keep_newest
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import PartitionRecord, SplitRecord, partition_key
from dynaproof.impl.metadata.splits import SplitAnswers, advance_split, is_of, keys_of_split
from dynaproof.impl.node import Env, Message, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.partition.messages.split import (
    Finish,
    Finished,
    SplitAlready,
    SplitDone,
    SplitPartition,
)
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.ids import FIRST_INCARNATION, Member
from dynaproof.impl.paxos.messages.membership import (
    CreateReplica,
    DropReplica,
    Gone,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
)


class Heard:
    """What was heard of a split."""

    __slots__ = ("answers", "finished", "gone", "missing_since")

    def __init__(self) -> None:
        self.answers = SplitAnswers()
        self.finished = False
        """Whether nobody must read the parent's log any more."""
        self.gone: dict[Member, bool] = {}
        """The parent's replicas that are gone, as their nodes have answered."""
        self.missing_since: dict[tuple[int, Member], Microseconds] = {}
        """By child and voter: since when no replica is there that could make it."""


class GivenUp:
    """Of a partition, the last split that was given up because its leader took too long, how many in a row
    were, and until when this admin plans none.
    """

    __slots__ = ("times", "until", "workflow")

    def __init__(self) -> None:
        self.workflow = 0
        self.times = 0
        self.until: Microseconds = 0


MOST_DOUBLED = 3
"""How often the pause after a split that was given up is doubled."""


class Splits:
    """How partitions are split; see the module."""

    def __init__(self, env: Env, settings: AdminSettings, term: Term, nodes: Nodes, steps: Steps) -> None:
        self.env = env
        self.settings = settings
        self.term = term
        self.nodes = nodes
        self.steps = steps
        self.given_up: dict[int, GivenUp] = {}
        """By partition, the splits that were given up last: at the most as many as there may be workflows."""

    def activated(self) -> None:
        """Drop what an earlier term of this admin gave up."""
        self.given_up = {}

    def may_plan(self, partition: int) -> bool:
        """Whether a partition may be split without an order: not soon after a split was given up (A12)."""
        there = self.given_up.get(partition)
        return there is None or self.env.now >= there.until

    def gives_up(self, work: SplitRecord) -> None:
        """A split that the leader does not make is not planned again at once, because each try raises the
        epoch: the pause doubles each time (A12, 2).
        """
        there = self.given_up.pop(work.partition, None) or GivenUp()
        self.given_up[work.partition] = there
        if there.workflow != work.workflow:
            pause_us = self.settings.split_patience_us << min(there.times, MOST_DOUBLED)
            there.workflow, there.until = work.workflow, self.env.now + pause_us
            there.times += 1
        keep_newest(self.given_up, self.settings.workflows)

    def under_way(self) -> int:
        """How many partitions are being split."""
        return len(self.steps.of(SplitRecord))

    def coming(self, table: str) -> int:
        """How many more partitions a table will have through the splits whose children are not listed yet."""
        works = (one.work for one in self.steps.of(SplitRecord))
        return sum(work.table == table and work.step in ("split", "void") for work in works)

    # --- A step ---

    def keys(self, work: SplitRecord) -> tuple[bytes, ...]:
        """What a step looks at and changes, in order."""
        return keys_of_split(work)

    def begin(self) -> Heard:
        """Nothing was heard of it yet."""
        return Heard()

    def is_same_step(self, before: SplitRecord, after: SplitRecord) -> bool:
        """Whether two records are of the same step."""
        return before.step == after.step

    def decide(self, one: Driven, read: Read) -> Change | None:
        """What to write down, given the answers and the reports (A12)."""
        work: SplitRecord = one.work
        parent: PartitionRecord = read.record(partition_key(work.partition))
        if work.step == "split" and self.is_late(one):
            self.gives_up(work)
        answers = structs.replace(
            one.heard.answers,
            hopeless=work.step == "split" and self.is_hopeless(one, parent),
            made=work.step == "made"
            and self.is_finished(one, parent)
            and all(self.is_settled(child, read.record(partition_key(child))) for child in work.children),
            gone=work.step == "drop" and self.is_gone(one, parent),
        )
        return advance_split(read, work, answers)

    def is_hopeless(self, one: Driven, parent: PartitionRecord) -> bool:
        """Whether a split is given up: its leader takes too long, or a voter is lost, which cannot be
        replaced while the split has the partition (A4).
        """
        return self.is_late(one) or any(
            self.nodes.has_lost(voter, parent.partition) for voter in parent.config.voters
        )

    def is_late(self, one: Driven) -> bool:
        """Whether its leader has taken too long to split it."""
        return self.env.now - one.began_at >= self.settings.split_patience_us

    def is_settled(self, number: int, child: PartitionRecord | None) -> bool:
        """Whether no voter of a child must be made from the parent any more: all were made; or the child was
        split itself, all voters of its children were made, and nothing of the child is left.
        """
        if child is None or child.state != "listed":
            return child is not None and child.state == "gone"
        return all(self.nodes.is_there(voter, number) for voter in child.config.voters)

    def is_finished(self, one: Driven, parent: PartitionRecord) -> bool:
        """Whether nobody must read the parent's log any more, as a replica has said, or none is left that
        could say so (H6; A12, 4).
        """
        return one.heard.finished or not self.finishers(parent)

    def finishers(self, parent: PartitionRecord) -> list[Member]:
        """The parent's replicas that may know the barrier."""
        there = self.to_drop(parent)
        return [member for member in there if self.nodes.may_know_barrier(member, parent.partition)]

    def is_gone(self, one: Driven, parent: PartitionRecord) -> bool:
        """Whether all live nodes have answered that the parent's replicas are gone, and this admin is not
        looking up, with what it read before the children were listed, whether these have records (A11). What
        an admin of an older term finds is fenced, because the nodes have answered this one (A8).
        """
        answered = all(member in one.heard.gone for member in self.to_drop(parent))
        return answered and not any(map(self.nodes.looks_up, one.work.children))

    def to_drop(self, parent: PartitionRecord) -> list[Member]:
        """The parent's replicas that may be on live nodes; what a dead node has is dropped when it returns
        (A11).
        """
        members = (*parent.config.voters, *(one.member for one in parent.pending))
        return [member for member in members if not self.nodes.is_out_of_reach(member)]

    # --- Commands ---

    def command(self, one: Driven, read: Read) -> None:
        """Send the command of the step (A12), and look again later, or at once if something was answered."""
        work, leads = one.work, one.leader is not None
        parent: PartitionRecord = read.record(partition_key(work.partition))
        if work.step == "split":
            message = SplitPartition(work.expected_epoch, parent.range, work.at, work.left, work.right)
            self.steps.order(one, parent.config, message)
        elif work.step == "void":
            self.steps.order(one, parent.config, RaiseEpoch(work.expected_epoch))
        elif work.step == "made":
            self.finish(one, parent)
            for child in work.children:
                self.make(one, child, read.record(partition_key(child)))
        else:
            self.drop(one, parent)
        self.steps.wait(one, leads)

    def make(self, one: Driven, number: int, child: PartitionRecord | None) -> None:
        """Make by copy those of a child's first voters that no replica of the parent makes, once that has
        been so for long enough (A12, 4; H10), and only if another voter is there, from which it can copy. A
        lost voter is replaced like any other (A10).
        """
        if child is None or child.state != "listed":
            return
        since, now = one.heard.missing_since, self.env.now
        is_anywhere = any(self.nodes.is_there(voter, number) for voter in child.config.voters)
        for voter in child.config.voters:
            if voter.incarnation != FIRST_INCARNATION:
                continue
            if not self.nodes.must_be_made(voter, number, child.parent):
                since.pop((number, voter), None)
            elif now - since.setdefault((number, voter), now) >= self.settings.make_us and is_anywhere:
                config, slot = child.config, child.config_slot
                self.env.enter(number)
                self.env.send(
                    voter.node, CreateReplica(voter, config, slot, None, self.term.term, child.parent)
                )

    def finish(self, one: Driven, parent: PartitionRecord) -> None:
        """Ask one replica after another that may know the barrier, until one has finished (H6; A12, 4)."""
        there = self.finishers(parent)
        if there and not one.heard.finished:
            self.env.enter(parent.partition)
            self.env.send(there[one.waits % len(there)].node, Finish())

    def drop(self, one: Driven, parent: PartitionRecord) -> None:
        """Command the nodes to drop the parent's replicas, each exactly (A6; A12, 4). A node that has yet to
        make a child of it answers `NotYet`, and is asked again (H11).
        """
        self.env.enter(parent.partition)
        for member in self.to_drop(parent):
            if member not in one.heard.gone:
                self.env.send(member.node, DropReplica(member, self.term.term, parent.parent))

    # --- Answers ---

    def on_split_done(self, one: Driven, sender: NodeId, m: SplitDone) -> None:
        """The split is chosen."""
        self.is_split(one, m.split)

    def on_split_already(self, one: Driven, sender: NodeId, m: SplitAlready) -> None:
        """The split was given up too late: it is chosen."""
        self.is_split(one, m.split)

    def is_split(self, one: Driven, split: Split) -> None:
        """Go on, if this is news, and is the split that was asked for."""
        if one.heard.answers.split is None and is_of(split, one.work):
            one.heard.answers = structs.replace(one.heard.answers, split=split)
            self.steps.step(one)

    def on_finished(self, one: Driven, sender: NodeId, m: Finished) -> None:
        """Nobody must read the parent's log any more."""
        if not one.heard.finished:
            one.heard.finished = True
            self.steps.step(one)

    def on_other_epoch(self, one: Driven, sender: NodeId, m: OtherEpoch) -> None:
        """Void: no split was chosen, because a replica that knows the barrier answers with the split."""
        self.steps.answered(one, sender)
        self.steps.learn(one, m.config, m.config_slot)

    def on_not_now(self, one: Driven, sender: NodeId, m: NotNow) -> None:
        """Ask the leader that is named; if none is, try again soon."""
        if one.work.step in ("split", "void"):
            self.steps.follow(one, sender, m.leader)

    def on_gone(self, one: Driven, sender: NodeId, m: Gone) -> None:
        """A replica of the parent is gone; the last one ends the work."""
        if sender == m.member.node and one.work.step == "drop" and m.member not in one.heard.gone:
            one.heard.gone[m.member] = True
            self.steps.step(one)

    ANSWERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        SplitDone: on_split_done,
        SplitAlready: on_split_already,
        Finished: on_finished,
        OtherEpoch: on_other_epoch,
        NotNow: on_not_now,
        Gone: on_gone,
    }
