"""Drives the replacement of voters: a log replica or a learner is made, the partition's leader gives it the
vote, and whoever it replaces has left (rules A2 and A10 of docs/table.md).

A step reads its record, writes down what was answered, if that is anything new, or sends its command, again
and again. What was answered is kept in memory only: whoever takes over asks again, and is answered again.

*Invariant.* A command is sent only for what stood in the record when it was last read: whom it makes, where,
and the epoch that it expects.
"""

from __future__ import annotations

from msgspec import Struct, structs

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import (
    PartitionRecord,
    ReplacementRecord,
    partition_key,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import (
    Answers,
    abandon,
    advance,
    is_under_way,
    keys_of_replacement,
)
from dynaproof.impl.node import ONLY_LANE, Env, Message, Microseconds, NodeId, Timer
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
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.messages import NoRoom

HOPS = 3
"""How often a command follows the name of a leader before it waits."""


class ReplacementTimer(Timer, frozen=True, gc=False, tag="replacement_step"):
    """Time to send the command of this replacement again."""

    workflow: int


class Step(Struct, frozen=True, gc=False):
    """How does a replacement stand?"""

    workflow: int


class Stepped(Struct, frozen=True, gc=False):
    """What a step writes down; `ends`: it was the last one."""

    workflow: int
    ends: bool


class Replacing:
    """A replacement that this admin drives."""

    __slots__ = ("again", "answers", "asks", "began_at", "held", "hops", "leader", "refused", "waits", "work")

    def __init__(self, work: ReplacementRecord, now: Microseconds) -> None:
        self.work = work
        """As it was read last."""
        self.began_at = now
        """When the step began, as far as this admin knows."""
        self.answers = Answers()
        self.held: Counted | None = None
        """Where the log of a log replica begins, once it may (M5)."""
        self.refused = False
        """Whether the new replica's node has no room for it."""
        self.leader: NodeId | None = None
        """That of the partition, as it was named last,"""
        self.hops = 0
        """and how often the command followed that name since it was sent by the timer."""
        self.asks = False
        """Whether it is being read or written,"""
        self.again = False
        """and whether something was answered meanwhile."""
        self.waits = 0
        """How often its command was sent without an answer."""


class Replacements:
    """The replacements under way; see the module."""

    def __init__(
        self, env: Env, settings: AdminSettings, metadata: Metadata, term: Term, nodes: Nodes
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.nodes = nodes
        self.known: dict[int, Replacing] = {}
        self.by_partition: dict[int, Replacing] = {}

    # --- Which there are ---

    def activated(self) -> None:
        """All is read anew (A2)."""
        for one in list(self.known.values()):
            self.forget(one)

    def found(self, there: dict[int, ReplacementRecord]) -> None:
        """Drive what is new, and forget what has ended."""
        for number in [number for number in self.known if number not in there]:
            self.forget(self.known[number])
        for number, work in there.items():
            if number not in self.known:
                one = self.known[number] = Replacing(work, self.env.now)
                self.by_partition[work.partition] = one
                self.step(one)

    def forget(self, one: Replacing) -> None:
        """A replacement has ended."""
        del self.known[one.work.workflow]
        if self.by_partition.get(one.work.partition) is one:
            del self.by_partition[one.work.partition]
        self.env.enter(ONLY_LANE)
        self.env.cancel_timer(ReplacementTimer(one.work.workflow))

    def work_in(self, partition: PartitionRecord) -> ReplacementRecord | None:
        """The replacement that a partition names, as it was read last; None if it is not known yet."""
        one = self.known.get(partition.workflow)
        return None if one is None else one.work

    def to_node(self, node: NodeId) -> int:
        """How many make a replica on the node of this address."""
        return sum(one.work.new.node.address == node for one in self.known.values())

    def moves(self) -> int:
        """How many replace voters that live."""
        return sum(one.work.reason != "repair" for one in self.known.values())

    # --- A step ---

    def on_timer(self, timer: ReplacementTimer) -> None:
        """Look again."""
        one = self.known.get(timer.workflow)
        if one is not None and self.term.active:
            one.hops = 0
            self.step(one)

    def step(self, one: Replacing) -> None:
        """Read how it stands (A2)."""
        one.again = one.asks
        if not one.asks:
            one.asks = True
            self.metadata.read(keys_of_replacement(one.work), Step(one.work.workflow))

    def stepped(self, m: Step, read: Read) -> None:
        """Write down what is new, or send the command of the step."""
        one = self.known.get(m.workflow)
        if one is None:
            return
        one.asks = False
        if not self.term.governs(read):
            return
        work: ReplacementRecord | None = read.record(workflow_key(m.workflow))
        if work is None:
            self.forget(one)
            return
        self.read_anew(one, work)
        if not is_under_way(read, work):
            one.asks = True
            self.metadata.change(abandon(read, work), Stepped(m.workflow, True))
            return
        answers = self.answers(one)
        change = advance(read, work, answers)
        if change is None:
            self.command(one, read.record(partition_key(work.partition)))
            return
        one.asks = True
        key = workflow_key(m.workflow)
        ends = any(part.key == key and part.item is None for part in change.parts)
        self.metadata.change(change, Stepped(m.workflow, ends))

    def read_anew(self, one: Replacing, work: ReplacementRecord) -> None:
        """The record as it is; a step that is new begins now."""
        if (work.step, work.role) != (one.work.step, one.work.role):
            one.began_at, one.waits, one.hops = self.env.now, 0, 0
        one.work = work

    def answers(self, one: Replacing) -> Answers:
        """What was answered, and what was not in time, or never will be: the new replica's node is lost."""
        waited, work = self.env.now - one.began_at, one.work
        unheld = work.role == "log" and one.held is None and waited >= self.settings.held_us
        gone = one.refused or self.nodes.has_lost(work.new, work.partition)
        late = waited >= self.settings.patience_us
        return structs.replace(one.answers, late=late, gone=gone, unheld=unheld)

    def unread(self, m: Step) -> None:
        """The metadata did not answer."""
        one = self.known.get(m.workflow)
        if one is not None:
            one.asks = False
            self.wait(one)

    def written(self, m: Stepped, ending: Ending, slot: int) -> None:
        """Go on with what is written; or look what it is."""
        one = self.known.get(m.workflow)
        if one is None:
            return
        one.asks = False
        if ending == "ok" and m.ends:
            self.forget(one)
        elif ending in ("ok", "condition_failed"):
            self.step(one)
        else:
            self.wait(one)

    # --- Commands ---

    def command(self, one: Replacing, partition: PartitionRecord) -> None:
        """Send the command of the step (A10), and look again later, or at once if something was answered."""
        work, leads = one.work, one.leader is not None
        if work.step in ("create", "make") and (work.role == "full" or one.held is not None):
            self.create(one, partition)
        elif work.step == "void":
            self.order(one, partition.config)
            if not work.made:  # A chosen config may name it, and its leader need its promise (rule 14).
                self.create(one, partition)
        else:
            self.order(one, partition.config)
        self.wait(one, leads)

    def create(self, one: Replacing, partition: PartitionRecord) -> None:
        """Have the new replica made (A5)."""
        work = one.work
        held = one.held if work.role == "log" else None
        self.env.enter(work.partition)
        self.env.send(
            work.new.node,
            CreateReplica(work.new, partition.config, partition.config_slot, held, self.term.term),
        )

    def order(self, one: Replacing, config: Config) -> None:
        """Send what the leader is to do, to it or to a voter that may know it."""
        to, work = one.leader, one.work
        if to is None:
            # Who is lost does not answer; but who was taken for lost may lead.
            there = [v for v in config.voters if not self.nodes.has_lost(v, work.partition)]
            voters = there or config.voters
            to = voters[self.env.random("asked", len(voters))].node.address
        one.leader = None  # Until it answers.
        message: Message = ReplaceVoter(work.expected_epoch, work.out, work.new, work.role)
        if work.step == "void":
            message = RaiseEpoch(work.expected_epoch)
        self.env.enter(work.partition)
        self.env.send(to, message)

    def wait(self, one: Replacing, leads: bool = False) -> None:
        """Look again soon if it `leads` who was asked, as far as is known, else more and more seldom; and at
        once if something was answered meanwhile.
        """
        settings = self.settings
        if one.again:
            self.step(one)
            return
        self.env.enter(ONLY_LANE)
        wait_us = min(settings.most_retry_us, settings.command_retry_us << min(one.waits, 16))
        if leads:
            wait_us = min(wait_us, settings.leader_retry_us)
        one.waits += 1
        self.env.set_timer(wait_us, ReplacementTimer(one.work.workflow))

    # --- Answers ---

    def of_lane(self) -> Replacing | None:
        """The replacement in the partition of the lane, if this admin drives one."""
        return self.by_partition.get(self.env.lane) if self.term.active else None

    def on_created(self, sender: NodeId, m: Created) -> None:
        """The new replica is there."""
        one = self.of_lane()
        if one is not None and sender == m.member.node and m.member == one.work.new and not one.answers.made:
            one.answers = structs.replace(one.answers, made=True)
            self.step(one)

    def on_no_room(self, sender: NodeId, m: NoRoom) -> None:
        """The new replica is never made: another node is to be chosen."""
        one = self.of_lane()
        if one is not None and sender == m.member.node and m.member == one.work.new and not one.refused:
            one.refused = True
            self.step(one)

    def on_replaced(self, sender: NodeId, m: Replaced) -> None:
        """The config is chosen; perhaps a log may begin there (M5)."""
        one = self.of_lane()
        if one is None:
            return
        one.leader, one.waits = sender.address, 0
        if m.new == one.work.new:
            first = one.held is None and m.held is not None
            one.held = m.held or one.held
            self.learn(one, m.config, m.config_slot, first)

    def on_other_epoch(self, sender: NodeId, m: OtherEpoch) -> None:
        """The command is void; whether it had its effect before, the config says."""
        one = self.of_lane()
        if one is not None:
            one.leader, one.waits = sender.address, 0
            self.learn(one, m.config, m.config_slot, False)

    def learn(self, one: Replacing, config: Config, slot: int, anew: bool) -> None:
        """A chosen config; go on if that, or something else that was said with it, is news."""
        known = one.answers.config
        if config.epoch > one.work.expected_epoch and (known is None or config.epoch > known.epoch):
            one.answers = structs.replace(one.answers, config=config, config_slot=slot)
            anew = True
        if anew:
            self.step(one)

    def on_not_now(self, sender: NodeId, m: NotNow) -> None:
        """Ask who is named as the leader, once for each voter; else try again soon."""
        one = self.of_lane()
        if one is None or one.work.step == "create":
            return
        one.waits = 0  # Somebody leads, or will soon.
        out, one.leader = one.work.out, m.leader
        named = m.leader is not None and m.leader.address == out.node.address
        if named and self.nodes.has_lost(out, one.work.partition):
            one.leader = None
        another = one.leader is not None and one.leader.address != sender.address
        if another and one.hops < HOPS and not one.asks:
            one.hops += 1
            self.step(one)

    def on_not_caught_up(self, sender: NodeId, m: NotCaughtUp) -> None:
        """It is copying, or following: ask again soon."""
        one = self.of_lane()
        if one is not None and m.new == one.work.new:
            one.leader, one.waits = sender.address, 0
