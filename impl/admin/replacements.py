"""What the steps of a replacement do: a log replica or a learner is made, the partition's leader gives it the
vote, and the voter that it replaces has left (rule A10 of docs/table.md). `steps` drives them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from msgspec import structs

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Driven, Steps
from dynaproof.impl.admin.term import Term
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.placement import place_one
from dynaproof.impl.metadata.records import PartitionRecord, ReplacementRecord, partition_key
from dynaproof.impl.metadata.replacements import Answers, advance, in_turn, keys_of_replacement
from dynaproof.impl.node import Env, Message, NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.leadership import Handover
from dynaproof.impl.paxos.messages.membership import (
    Counted,
    Created,
    CreateReplica,
    NotCaughtUp,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
    Replaced,
    ReplaceVoter,
)
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.storage_node.messages import NoRoom


class Heard:
    """What was heard of a replacement."""

    __slots__ = ("answers", "blocked", "held", "in_the_way", "refused")

    def __init__(self) -> None:
        self.answers = Answers()
        self.held: Counted | None = None
        """Where the log of a log replica begins, once it may (M5)."""
        self.refused = False
        """Whether the new replica's node has no room for it."""
        self.in_the_way = False
        """Whether a repair of the partition waits for it."""
        self.blocked = False
        """Whether it cannot go on, because its partition cannot choose a config."""


class Replacements:
    """How voters are replaced; see the module."""

    def __init__(self, env: Env, settings: AdminSettings, term: Term, nodes: Nodes, steps: Steps) -> None:
        self.env = env
        self.settings = settings
        self.term = term
        self.nodes = nodes
        self.steps = steps

    def work_in(self, partition: PartitionRecord) -> ReplacementRecord | None:
        """The replacement that a partition names, as it was read last; None if it is not known yet."""
        one = self.steps.known.get(partition.workflow)
        return one.work if one is not None and isinstance(one.work, ReplacementRecord) else None

    def are_known(self) -> bool:
        """Whether all replacements that an earlier term has begun are known."""
        return self.steps.read

    def to_node(self, node: NodeId) -> list[ReplacementRecord]:
        """Those that make a replica on the node of this address."""
        return [work for work in self.going_on() if work.new.node.address == node]

    def moves(self) -> int:
        """How many replacements replace a voter that lives."""
        return sum(work.reason != "repair" for work in self.going_on())

    def going_on(self) -> list[ReplacementRecord]:
        """The replacements that others must wait for: none whose partition has lost its quorum since it
        began, for it may never go on (A10).
        """
        return [one.work for one in self.steps.of(ReplacementRecord) if not one.heard.blocked]

    def needs_repair(self, partition: PartitionRecord, *but: Member) -> bool:
        """Whether a voter, but for these, is lost and can be replaced now: its partition can choose a config,
        it is its turn, and there is a node for its successor, be it one that is drained.
        """
        config, nodes = partition.config, self.nodes
        taken = [one.member.node.address for one in partition.pending]
        free = (*nodes.candidates(), *nodes.candidates(draining=True))
        lost = [voter for voter in config.voters if nodes.has_lost(voter, partition.partition)]
        return nodes.may_choose(partition) and any(
            place_one(free, config, one, taken) is not None for one in in_turn(config, lost) if one not in but
        )

    # --- A step ---

    def keys(self, work: ReplacementRecord) -> tuple[bytes, ...]:
        """What a step looks at and changes, in order."""
        return keys_of_replacement(work)

    def begin(self) -> Heard:
        """Nothing was heard of it yet."""
        return Heard()

    def is_same_step(self, before: ReplacementRecord, after: ReplacementRecord) -> bool:
        """Whether two records are of the same step."""
        return (before.step, before.role) == (after.step, after.role)

    def decide(self, one: Driven, read: Read) -> Change | None:
        """The change that the answers call for, also those that did not come in time (rule M4), or never will
        because the new node is lost.
        """
        waited, work, heard = self.env.now - one.began_at, one.work, one.heard
        unheld = work.role == "log" and heard.held is None and waited >= self.settings.held_us
        partition: PartitionRecord = read.record(partition_key(work.partition))
        heard.blocked = not self.nodes.may_choose(partition)
        heard.in_the_way = work.reason != "repair" and self.needs_repair(partition, work.out, work.new)
        gone = heard.refused or heard.in_the_way or self.nodes.has_lost(work.new, work.partition)
        late = waited >= self.settings.patience_us
        answers = structs.replace(heard.answers, late=late, gone=gone, unheld=unheld)
        return advance(read, work, answers)

    def command(self, one: Driven, read: Read) -> None:
        """Send the command of the step (A10), and look again later, or at once if something was answered."""
        partition: PartitionRecord = read.record(partition_key(one.work.partition))
        work, leads = one.work, one.leader is not None
        if work.step in ("create", "make") and (work.role == "full" or one.heard.held is not None):
            self.create(one, partition)
        elif work.step == "void":
            self.steps.order(one, partition.config, RaiseEpoch(work.expected_epoch))
            if not work.made:  # A chosen config may name it, and its leader need its promise (rule 14).
                self.create(one, partition)
        else:
            message = ReplaceVoter(work.expected_epoch, work.out, work.new, work.role)
            self.steps.order(one, partition.config, message)
        self.steps.wait(one, leads)

    def create(self, one: Driven, partition: PartitionRecord) -> None:
        """Have the new replica made (A5)."""
        work, config, slot = one.work, partition.config, partition.config_slot
        held = one.heard.held if work.role == "log" else None
        self.env.enter(work.partition)
        self.env.send(
            work.new.node, CreateReplica(work.new, config, slot, held, self.term.term, partition.parent)
        )

    # --- Answers ---

    def on_created(self, one: Driven, sender: NodeId, m: Created) -> None:
        """The new replica is there."""
        heard = one.heard
        if sender == m.member.node and m.member == one.work.new and not heard.answers.made:
            heard.answers = structs.replace(heard.answers, made=True)
            self.steps.step(one)

    def on_no_room(self, one: Driven, sender: NodeId, m: NoRoom) -> None:
        """The new replica is never made: another node must be chosen."""
        if sender == m.member.node and m.member == one.work.new and not one.heard.refused:
            one.heard.refused = True
            self.steps.step(one)

    def on_replaced(self, one: Driven, sender: NodeId, m: Replaced) -> None:
        """The config is chosen; perhaps a log may begin there (M5)."""
        self.steps.answered(one, sender)
        if m.new == one.work.new:
            heard = one.heard
            first = heard.held is None and m.held is not None
            heard.held = m.held or heard.held
            self.steps.learn(one, m.config, m.config_slot, first)

    def on_other_epoch(self, one: Driven, sender: NodeId, m: OtherEpoch) -> None:
        """The command is void; the config says whether it took effect before. A leader that never gave the
        vote to a replica that is there may not hear it, but another voter may (A10).
        """
        work = one.work
        is_voter = work.new in m.config.voters
        is_there = work.made and not self.nodes.has_lost(work.new, work.partition)
        if work.step == "void" and is_there and not (is_voter or one.heard.in_the_way):
            self.env.note(Reached("leader that gave no vote to a new replica handed over"))
            self.env.send(sender, Handover())
        self.steps.answered(one, sender)
        self.steps.learn(one, m.config, m.config_slot, False)

    def on_not_now(self, one: Driven, sender: NodeId, m: NotNow) -> None:
        """Ask the leader that is named, unless that is the lost voter itself; another replica on its node,
        which has a new disk by now, is asked.
        """
        if one.work.step == "create":
            return
        out, leader = one.work.out, m.leader
        if leader == out.node and self.nodes.has_lost(out, one.work.partition):
            leader = None
        self.steps.follow(one, sender, leader)

    def on_not_caught_up(self, one: Driven, sender: NodeId, m: NotCaughtUp) -> None:
        """The new replica is still copying, or following: ask again soon."""
        if m.new == one.work.new:
            self.steps.answered(one, sender)

    ANSWERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Created: on_created,
        NoRoom: on_no_room,
        Replaced: on_replaced,
        OtherEpoch: on_other_epoch,
        NotNow: on_not_now,
        NotCaughtUp: on_not_caught_up,
    }
