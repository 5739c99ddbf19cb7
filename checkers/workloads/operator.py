"""An operator of one group, as a node: it replaces voters, lost ones and live ones, by the steps of an auto
admin.

One piece of work at a time: choose a voter to leave and a free node; have a learner made there; have the
leader put it in the voter's place; wait until all voters are admitted; have whatever no config names
dropped. If a voter is lost and all others have trees, a *log replica* takes its place at once: it is made
when the leader says that the others hold the log through its config. If the leader does not say so in time,
or the work is given up before, it is written down that the log replica is made empty. What a step chooses is
written down before any command names it, and each command is sent again until it is answered. A piece of work
that does not get on is given up by raising the epoch, which makes its late commands void. A replica that a
chosen config may name is made all the same, for the next leader may need its promise (rule 14).

*Invariant.* The copy of the config only goes forward, and only to a chosen config. A replica is dropped only
when that config does not name it, and no command that names it can still count; one that had a vote, only
when all voters are admitted and hold the log through the config.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, TypeAlias

from msgspec import Struct

from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import (
    AskReport,
    ConfigStatus,
    Counted,
    Created,
    CreateReplica,
    DropReplica,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
    Replaced,
    ReplaceVoter,
    Report,
    Role,
    Status,
)
from dynaproof.impl.paxos.records import Config

Step: TypeAlias = Literal["create", "replace", "make", "void"]


class OperatorSettings(Struct, frozen=True):
    """How an operator paces itself, by its own clock."""

    retry_us: Microseconds
    """The time after which a command is sent again,"""
    dead_us: Microseconds
    """after which a node that says nothing is taken for dead,"""
    patience_us: Microseconds
    """and after which a piece of work is given up."""
    held_us: Microseconds
    """How long after it asked for a config, or heard of it, it waits to hear that a log may begin there."""
    moves: int
    """How many live voters it replaces."""


class OperatorTimer(Timer, frozen=True, gc=False, tag="operator"):
    """Time to look for work."""


class Work:
    """One voter that is being replaced."""

    __slots__ = ("began_at", "chosen", "expected_epoch", "held", "new", "out", "role", "step")

    def __init__(
        self, out: Member, new: Member, role: Role, expected_epoch: int, began_at: Microseconds
    ) -> None:
        self.out = out
        self.new = new
        self.expected_epoch = expected_epoch
        self.began_at = began_at
        self.role = role
        """A log replica's until it is written down that it is made empty."""
        self.step: Step = "create" if role == "full" else "replace"
        self.chosen = False
        """Whether the config is chosen, and the new voter is not known to be there."""
        self.held: Counted | None = None
        """Where the log of a log replica begins, once it may."""


class Operator:
    """Keeps a group whole, and moves its voters."""

    def __init__(
        self, env: Env, nodes: tuple[NodeId, ...], config: Config, settings: OperatorSettings
    ) -> None:
        self.env = env
        self.nodes = tuple(node.address for node in nodes)
        self.settings = settings
        self.config = config
        """The newest chosen config that it has heard of,"""
        self.config_slot = 0
        self.admitted = True
        """and whether all voters of that are admitted,"""
        self.held = True
        """and hold the log through it."""
        self.reports: dict[NodeId, tuple[Report, Microseconds]] = {}
        """What each node said last, by its address, and when that came."""
        self.expected: dict[Member, int] = {}
        """The epoch that the command for each replica that was to become a voter expects."""
        self.voted = dict.fromkeys(config.voters, True)
        """All replicas that have had a vote."""
        self.next_incarnation = config.next_incarnation
        self.work: Work | None = None
        self.unmade: dict[Member, bool] = {}
        """Log replicas that a chosen config names or may name, and that are not known to be there."""
        self.leader: NodeId | None = None
        self.moves = settings.moves
        self.tell: Callable[[Config], None] = lambda _: None
        """Called with a config that is new to it."""

    def on_start(self) -> None:
        """Begin soon; until nodes have had time to answer, none is dead."""
        unknown, now = Report(-1, self.env.me, None, False), self.env.now
        self.reports = dict.fromkeys(self.nodes, (unknown, now))
        self.env.set_timer(self.settings.retry_us, OperatorTimer())

    def finish(self) -> None:
        """Move no more live voters."""
        self.moves = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and all voters are there."""
        return self.work is None and not any(map(self.lost, self.config.voters))

    # --- What is to be done ---

    def on_timer(self, timer: Timer) -> None:
        """Ask what there is, and go on with the work, or choose some."""
        self.env.set_timer(self.settings.retry_us, OperatorTimer())
        for node in self.nodes:
            self.env.send(node, AskReport(self.env.now))
        if self.work is None:
            self.choose()
        if self.work is not None:
            self.go_on(self.work)
        else:
            self.command(ConfigStatus())
        self.make_given_up()
        self.collect()

    def choose(self) -> None:
        """Replace a lost voter, or else move one, if there is a free node for it."""
        voters, brought = self.config.voters, self.config.brought
        out = next((voter for voter in voters if self.lost(voter)), None)
        if not self.admitted:
            if brought is None or not self.lost(brought):
                return
            out = brought  # No other voter may be replaced before it is.
        role: Role = "log" if out is not None and self.all_full(out) else "full"
        if out is None:
            if not self.moves or self.env.random("move", 2):
                return
            out = voters[self.env.random("out", len(voters))]
            self.moves -= 1
        number = max(self.config.next_incarnation, self.next_incarnation)
        free = [new for new in self.free(number) if not self.config.replacing(out, new).crowded()]
        if not free:
            return
        new = free[self.env.random("target", len(free))]
        self.next_incarnation = number + 1
        self.expected[new] = self.config.epoch
        self.work = Work(out, new, role, self.config.epoch, self.env.now)
        if role == "log":
            self.unmade[new] = True

    def free(self, incarnation: int) -> list[Member]:
        """A new replica on each live node that has none."""
        return [
            Member(report.node, incarnation)
            for node, (report, at) in self.reports.items()
            if report.node.address == node and report.member is None and not self.silent(at)
        ]

    def lost(self, voter: Member) -> bool:
        """Whether a voter's node no longer hosts it, or is dead as far as this operator can tell."""
        report, at = self.reports[voter.node.address]
        heard = report.node.address == voter.node.address
        return self.silent(at) or (heard and report.member != voter)

    def all_full(self, out: Member) -> bool:
        """Whether all voters but `out` say that they have trees."""
        others = [voter for voter in self.config.voters if voter != out]
        return all(not self.lost(v) and self.reports[v.node.address][0].full for v in others)

    def silent(self, heard_at: Microseconds) -> bool:
        """Whether nothing was heard for so long that a node is taken for dead."""
        return self.env.now - heard_at >= self.settings.dead_us

    def go_on(self, work: Work) -> None:
        """Send the command of the step."""
        waited = self.env.now - work.began_at
        if work.step == "replace" and work.role == "log":
            self.make_log_replica(work, waited)
        if waited >= self.settings.patience_us:
            if work.chosen:
                self.work = None  # The new voter is lost, like any other.
                return
            work.role, work.step = "full", "void"
        if work.step in ("create", "make"):
            self.env.send(work.new.node, CreateReplica(work.new, self.config, self.config_slot, work.held))
        elif work.step == "replace":
            self.command(ReplaceVoter(work.expected_epoch, work.out, work.new, work.role))
        else:
            self.command(RaiseEpoch(work.expected_epoch))

    def make_log_replica(self, work: Work, waited: Microseconds) -> None:
        """Go on to make a log replica once its log may begin; or write down that it is made empty, if the
        leader does not say so in time, whether or not its config is known to be chosen: a leader that is lost
        in the middle of the config says nothing, and the next one may need this voter's promise (rule 14).
        """
        if work.held is not None:
            work.step = "make"
        elif waited >= self.settings.held_us:
            work.role, work.step = "full", "make" if work.chosen else "create"

    def make_given_up(self) -> None:
        """Have log replicas made empty if their work was given up before they were there: without their
        promise there may be no leader, and so nobody who could replace them.
        """
        work = self.work
        for new in self.unmade:
            if work is None or new != work.new or work.step == "void":
                self.env.send(new.node, CreateReplica(new, self.config, self.config_slot))

    def command(self, message: Message) -> None:
        """Send a command to the leader, or to any node that may know who leads."""
        to = self.leader
        if to is None:
            to = self.nodes[self.env.random("asked", len(self.nodes))]
        self.leader = None  # Until it answers.
        self.env.send(to, message)

    def collect(self) -> None:
        """Have what no config names dropped: replicas that have left or were given up (rule M7)."""
        work = self.work
        for report, _ in self.reports.values():
            member = report.member
            if member is None or member in self.config.voters or (work is not None and member == work.new):
                continue
            # It may have what the new voter lacks, and be the only one in reach of a voter that does not know
            # the config yet.
            needed = member in self.voted and not (self.admitted and self.held)
            if not needed and self.config.epoch > self.expected.get(member, 0):
                self.env.send(member.node, DropReplica(member))

    # --- Answers ---

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an answer."""
        handler = self.HANDLERS.get(type(message))
        if handler is not None:
            handler(self, sender, message)

    def on_report(self, sender: NodeId, m: Report) -> None:
        """A node says what it hosts; perhaps the voter that was to be made."""
        if sender != m.node or m.asked_at < self.reports[sender.address][0].asked_at:
            return
        self.reports[sender.address] = (m, self.env.now)
        if m.member is not None:
            self.unmade.pop(m.member, None)
        if self.work is not None and self.work.step == "make" and m.member == self.work.new:
            self.work = None

    def on_created(self, sender: NodeId, m: Created) -> None:
        """The learner is there."""
        self.unmade.pop(m.member, None)
        work = self.work
        if work is not None and work.step == "create" and m.member == work.new:
            work.step = "replace"

    def on_replaced(self, sender: NodeId, m: Replaced) -> None:
        """The config is chosen: the work is done, except for a log replica that is still to be made."""
        self.learn(m.config, m.config_slot, m.admitted)
        if m.config == self.config:
            self.held = m.admitted and m.held is not None
        self.leader = sender
        work = self.work
        if work is not None and work.step == "replace" and m.new == work.new:
            work.held = m.held

    def on_other_epoch(self, sender: NodeId, m: OtherEpoch) -> None:
        """The command is void; the config says whether it took effect before."""
        self.learn(m.config, m.config_slot, None)
        self.leader = sender

    def on_status(self, sender: NodeId, m: Status) -> None:
        """Which config governs."""
        self.learn(m.config, m.config_slot, m.admitted)
        if m.config == self.config:
            self.held = m.held
        self.leader = sender

    def on_not_now(self, sender: NodeId, m: NotNow) -> None:
        """Try again, where the answer says."""
        self.leader = m.leader

    def learn(self, config: Config, slot: int, admitted: bool | None) -> None:
        """Learn of a chosen config; work that expects an older epoch is over."""
        if config.epoch < self.config.epoch:
            return
        if config.epoch > self.config.epoch:
            self.config, self.config_slot, self.admitted, self.held = config, slot, False, False
            self.tell(config)
            self.voted |= dict.fromkeys(config.voters, True)
            for new in [new for new in self.unmade if new not in config.voters]:
                if self.expected[new] < config.epoch:
                    del self.unmade[new]
        if admitted is not None:
            self.admitted = admitted
        work = self.work
        if work is None or config.epoch <= work.expected_epoch:
            return
        made = work.role == "full" and work.step in ("replace", "void") and work.new not in self.unmade
        if made or work.new not in config.voters:
            self.work = None
        elif not work.chosen:
            work.chosen, work.began_at = True, self.env.now
            work.step = "replace" if work.role == "log" else "make"

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Report: on_report,
        Created: on_created,
        Replaced: on_replaced,
        OtherEpoch: on_other_epoch,
        Status: on_status,
        NotNow: on_not_now,
    }
