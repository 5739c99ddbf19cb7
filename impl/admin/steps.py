"""Drives the workflows of single partitions, each of which is known by its record (rules A2 and A4 of
docs/table.md); `replacements` and `splits` know what their steps are.

A step reads its record, then writes down what was answered, if that is anything new, or sends its command,
again and again. Answers are kept in memory only: an admin that takes over asks again, and is answered again.

*Invariant.* A command is sent only for what stood in the record when it was last read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from msgspec import Struct, structs

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import PartitionWork, workflow_key
from dynaproof.impl.metadata.replacements import Plan, abandon, is_under_way
from dynaproof.impl.metadata.splits import PlanSplit
from dynaproof.impl.node import ONLY_LANE, Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.call import Ending

HOPS = 3
"""How often a command or a question is passed on to a leader that is named, before it waits."""


class PartitionStepTimer(Timer, frozen=True, gc=False, tag="partition_step"):
    """Time to send the command of this workflow again."""

    workflow: int


class Step(Struct, frozen=True, gc=False):
    """How does a workflow of a partition stand?"""

    workflow: int


class Stepped(Struct, frozen=True, gc=False):
    """What a step writes down; `ends`: it was the last one."""

    workflow: int
    ends: bool


class Driven:
    """A workflow of a partition that this admin drives."""

    __slots__ = ("again", "asks", "began_at", "heard", "hops", "leader", "waits", "work")

    def __init__(self, work: Any, heard: Any, now: Microseconds) -> None:
        self.work: Any = work
        """Its record as it was read last, of the kind that drives it."""
        self.heard: Any = heard
        """What its kind has heard of it, with the `answers` that a step writes down."""
        self.began_at = now
        """When the step began, as far as this admin knows."""
        self.leader: NodeId | None = None
        """The partition's leader, as it was named last."""
        self.hops = 0
        """How often the command was passed on to a named leader since the timer sent it."""
        self.asks = False
        """Whether its record is being read or written."""
        self.again = False
        """Whether something was answered meanwhile."""
        self.waits = 0
        """How often its command was sent without an answer."""


class Hopping(Protocol):
    """A command or question that is passed on to a leader that is named."""

    hops: int


def may_hop(one: Hopping) -> bool:
    """Whether to pass it on once more: two nodes that name each other as leader are not asked for ever."""
    if one.hops >= HOPS:
        return False
    one.hops += 1
    return True


class Kind(Protocol):
    """What is done in the steps of workflows of one kind."""

    def begin(self) -> Any:
        """What was heard of a workflow that is new here: nothing."""
        ...

    def keys(self, work: Any) -> tuple[bytes, ...]:
        """What a step looks at and changes, in order."""
        ...

    def is_same_step(self, before: Any, after: Any) -> bool:
        """Whether two records of one workflow are of the same step."""
        ...

    def decide(self, one: Driven, read: Read) -> Change | None:
        """The change to write now; None if the command of the step should be sent."""
        ...

    def command(self, one: Driven, read: Read) -> None:
        """Send the command of the step."""
        ...

    ANSWERS: ClassVar[Mapping[type[Message], Callable[..., None]]]
    """What is done at an answer in the lane of the partition."""


class Steps:
    """The workflows of partitions under way; see the module."""

    def __init__(
        self, env: Env, settings: AdminSettings, metadata: Metadata, term: Term, nodes: Nodes
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.nodes = nodes
        self.kinds: Mapping[type[PartitionWork], Kind] = {}
        """By the type of their records."""
        self.known: dict[int, Driven] = {}
        self.by_partition: dict[int, Driven] = {}
        self.read = False
        """Whether this term has read which workflows there are."""
        self.begun: list[Plan | PlanSplit] = []
        """The workflows that this term has begun since."""

    # --- Which there are ---

    def activated(self) -> None:
        """Forget all workflows: they are read anew (A2)."""
        self.read, self.begun = False, []
        for one in list(self.known.values()):
            self.forget(one)

    def found(self, there: Mapping[int, PartitionWork], is_all: bool) -> None:
        """Drive what is new, and forget what has ended; `is_all`: nothing was begun since that was read."""
        self.read = True
        if is_all:
            self.begun = []
        for number in [number for number in self.known if number not in there]:
            self.forget(self.known[number])
        for number, work in there.items():
            if number not in self.known:
                heard = self.kinds[type(work)].begin()
                one = self.known[number] = Driven(work, heard, self.env.now)
                self.by_partition[work.partition] = one
                self.step(one)

    def forget(self, one: Driven) -> None:
        """A workflow has ended."""
        del self.known[one.work.workflow]
        if self.by_partition.get(one.work.partition) is one:
            del self.by_partition[one.work.partition]
        self.env.enter(ONLY_LANE)
        self.env.cancel_timer(PartitionStepTimer(one.work.workflow))

    def of(self, kind: type[PartitionWork]) -> list[Driven]:
        """The workflows of a kind."""
        return [one for one in self.known.values() if isinstance(one.work, kind)]

    # --- A step ---

    def on_timer(self, timer: PartitionStepTimer) -> None:
        """Look again."""
        one = self.known.get(timer.workflow)
        if one is not None and self.term.active:
            one.hops = 0
            self.step(one)

    def step(self, one: Driven) -> None:
        """Read how the workflow stands (A2)."""
        one.again = one.asks
        if not one.asks:
            one.asks = True
            self.metadata.read(self.kinds[type(one.work)].keys(one.work), Step(one.work.workflow))

    def stepped(self, m: Step, read: Read) -> None:
        """Write down what is new, or send the command of the step (A2)."""
        one = self.known.get(m.workflow)
        if one is None:
            return
        one.asks = False
        if not self.term.governs(read):
            return
        work: PartitionWork | None = read.record(workflow_key(m.workflow))
        if work is None or type(work) is not type(one.work):
            self.forget(one)
            return
        kind = self.kinds[type(work)]
        if not kind.is_same_step(one.work, work):
            one.began_at, one.waits, one.hops = self.env.now, 0, 0
        one.work = work
        under_way = is_under_way(read, one.work)
        change = kind.decide(one, read) if under_way else abandon(read, one.work)
        if change is None:
            kind.command(one, read)
            return
        one.asks = True
        key = workflow_key(m.workflow)
        ends = any(part.key == key and part.item is None for part in change.parts)
        self.metadata.change(change, Stepped(m.workflow, ends))

    def unread(self, m: Step) -> None:
        """The metadata did not answer."""
        one = self.known.get(m.workflow)
        if one is not None:
            one.asks = False
            self.wait(one)

    def written(self, m: Stepped, ending: Ending, slot: int) -> None:
        """Go on from what is written; otherwise look again later."""
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

    def order(self, one: Driven, config: Config, message: Message) -> None:
        """Send a command for the leader, to it or to a voter that may know it."""
        to, number = one.leader, one.work.partition
        if to is None:
            # A lost voter does not answer; but one that was taken for lost may lead.
            there = [voter for voter in config.voters if not self.nodes.has_lost(voter, number)]
            voters = there or config.voters
            to = voters[self.env.random("asked", len(voters))].node.address
        one.leader = None  # Until it answers.
        self.env.enter(number)
        self.env.send(to, message)

    def wait(self, one: Driven, leads: bool = False) -> None:
        """Look again soon if the node that was asked `leads`, as far as is known, else more and more seldom;
        at once if something was answered meanwhile.
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
        self.env.set_timer(wait_us, PartitionStepTimer(one.work.workflow))

    # --- Answers ---

    def on_answer(self, sender: NodeId, m: Message) -> None:
        """An answer has come in the lane of a partition: hand it to the workflow that this admin drives
        there, if any.
        """
        one = self.by_partition.get(self.env.lane) if self.term.active else None
        if one is not None:
            kind = self.kinds[type(one.work)]
            hears = kind.ANSWERS.get(type(m))
            if hears is not None:
                hears(kind, one, sender, m)

    def answered(self, one: Driven, sender: NodeId) -> None:
        """The node that answered leads, or knows more than others."""
        one.leader, one.waits = sender.address, 0

    def learn(self, one: Driven, config: Config, slot: int, anew: bool = False) -> None:
        """Learn a chosen config; go on if that, or something else that was said with it, is news."""
        known = one.heard.answers.config
        if config.epoch > one.work.expected_epoch and (known is None or config.epoch > known.epoch):
            one.heard.answers = structs.replace(one.heard.answers, config=config, config_slot=slot)
            anew = True
        if anew:
            self.step(one)

    def follow(self, one: Driven, sender: NodeId, leader: NodeId | None) -> None:
        """Nothing can be done where the command arrived: ask the leader that was named there, but not too
        often; else try again soon.
        """
        one.waits, one.leader = 0, leader  # Somebody leads, or will soon.
        if leader is not None and leader.address != sender.address and not one.asks and may_hop(one):
            self.step(one)
