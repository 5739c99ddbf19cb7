"""An operator of partition 0, as a node: it moves the voters of the metadata from node to node, and replaces
those on nodes that are dead.

One voter at a time: choose a voter to leave and a free node; then ask the leader to replace the voter, again
and again, until it says that the config is chosen (A15 of docs/table.md). The leader does all else: it has
the learner made, and the replica that has left dropped. A replacement that does not get on is given up by
raising the epoch, which makes late copies of the command void.

*Invariant.* No two commands name the same new incarnation. So nothing that was given up can come back, and
the leader may have it dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from msgspec import Struct

from dynaproof.impl.metadata.messages import MetadataAt
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import (
    AskReport,
    ConfigStatus,
    NotCaughtUp,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
    Replaced,
    ReplaceVoter,
    Report,
    Status,
)
from dynaproof.impl.paxos.records import Config


class MovesSettings(Struct, frozen=True):
    """How an operator paces itself, by its own clock and its own count of what it has sent."""

    retry_us: Microseconds
    """The time after which a command is sent again,"""
    ask_us: Microseconds
    """after which nodes are asked again what they host,"""
    dead: int
    """How many questions in a row a dead node leaves unanswered."""
    patience: int
    """After how many commands a replacement is given up; each next one after twice as many, until one is
    done.
    """
    moves: int
    """How many live voters it moves."""


class MoveTimer(Timer, frozen=True, gc=False, tag="move"):
    """Time to look for work."""


class AskTimer(Timer, frozen=True, gc=False, tag="move_ask"):
    """Time to ask the nodes."""


class Move:
    """One voter that is being replaced."""

    __slots__ = ("expected_epoch", "new", "out", "tries")

    def __init__(self, out: Member, new: Member, expected_epoch: int) -> None:
        self.out = out
        self.new = new
        self.expected_epoch = expected_epoch
        self.tries = 0
        """Commands that were sent for it."""


class MetadataOperator:
    """Moves the metadata; see the module."""

    def __init__(self, env: Env, nodes: tuple[NodeId, ...], config: Config, settings: MovesSettings) -> None:
        self.env = env
        self.nodes = tuple(node.address for node in nodes)
        self.settings = settings
        self.config = config
        """The newest chosen config that it has heard of."""
        self.whereabouts = Whereabouts(tuple(voter.node for voter in config.voters))
        unknown = Report(-1, env.me, None, False)
        self.reports = dict.fromkeys(self.nodes, unknown)
        """What each node said last, by its address;"""
        self.unanswered = dict.fromkeys(self.nodes, 0)
        """and how often it was asked since."""
        self.next_incarnation = config.next_incarnation
        self.move: Move | None = None
        self.leader: NodeId | None = None
        self.asked = 0
        """Commands in a row sent with no leader known to take them."""
        self.moves, self.patience = settings.moves, settings.patience

    def on_start(self) -> None:
        """Begin soon."""
        self.env.set_timer(self.settings.retry_us, MoveTimer())
        self.ask()

    def ask(self) -> None:
        """Ask the nodes what they host."""
        self.env.set_timer(self.settings.ask_us, AskTimer())
        for node in self.nodes:
            self.unanswered[node] += 1
            self.env.send(node, AskReport(self.env.now))

    def finish(self) -> None:
        """Move no more live voters."""
        self.moves = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and no voter's node is dead, as far as it can tell."""
        return self.move is None and not any(self.is_dead(voter.node.address) for voter in self.config.voters)

    # --- What is to be done ---

    def on_timer(self, timer: Timer) -> None:
        """Ask what there is; or go on with the move, or choose one."""
        if isinstance(timer, AskTimer):
            self.ask()
            return
        self.env.set_timer(self.settings.retry_us, MoveTimer())
        if self.move is None:
            self.choose()
        move = self.move
        if move is None:
            self.command(ConfigStatus())
        elif move.tries >= self.patience:
            self.command(RaiseEpoch(move.expected_epoch))
        else:
            move.tries += 1
            self.command(ReplaceVoter(move.expected_epoch, move.out, move.new, "full"))

    def choose(self) -> None:
        """Replace a voter whose node is dead, else move one, if there is a free node for it."""
        voters = self.config.voters
        out = next((voter for voter in voters if self.is_dead(voter.node.address)), None)
        if out is None:
            if not self.moves:
                return
            leading = [voter for voter in voters if voter.node.address == self.leader]
            chosen = leading if leading and self.env.random("leader", 2) else voters
            out = chosen[self.env.random("out", len(chosen))]
        number = max(self.config.next_incarnation, self.next_incarnation)
        free = [new for new in self.free(number) if not self.config.replacing(out, new).crowded()]
        if not free and self.is_dead(out.node.address):
            kept = self.kept(number)
            free = [new for new in kept if not self.config.replacing(out, new).crowded()]
        if not free:
            return
        if not self.is_dead(out.node.address):
            self.moves -= 1
        self.next_incarnation = number + 1
        new = free[self.env.random("target", len(free))]
        self.move = Move(out, new, self.config.epoch)

    def is_dead(self, node: NodeId) -> bool:
        """Whether a node has left so many questions unanswered that it is taken for dead."""
        return self.unanswered[node] > self.settings.dead

    def free(self, incarnation: int) -> list[Member]:
        """A new replica on each live node that has none."""
        return [Member(one.node, incarnation) for one in self.alive() if one.member is None]

    def kept(self, incarnation: int) -> list[Member]:
        """A new replica on each live node whose replica has left, and waits for all voters to hold the log:
        that replica may go, for the voter to be replaced is taken for lost (A15).
        """
        voters = self.config.voters
        left = (one for one in self.alive() if one.member is not None and one.member not in voters)
        return [Member(one.node, incarnation) for one in left]

    def alive(self) -> list[Report]:
        """What each live node hosts."""
        return [
            report
            for node, report in self.reports.items()
            if report.node.address == node and not self.is_dead(node)
        ]

    def command(self, message: Message) -> None:
        """Send a command to the leader, or to any node that may know who leads."""
        to = self.leader
        if to is None:
            nodes = self.whereabouts.to_ask(self.asked)
            to = nodes[self.env.random("asked", len(nodes))]
            self.asked += 1
        self.leader = None  # Until it answers.
        self.env.send(to, message)

    # --- Answers ---

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an answer."""
        handler = self.HANDLERS.get(type(message))
        if handler is not None:
            handler(self, sender, message)

    def on_report(self, sender: NodeId, m: Report) -> None:
        """A node says what it hosts."""
        if sender == m.node and m.asked_at >= self.reports[sender.address].asked_at:
            self.reports[sender.address], self.unanswered[sender.address] = m, 0

    def on_config(self, sender: NodeId, m: Replaced | OtherEpoch | Status) -> None:
        """The leader says which config governs; a move that expects an older epoch is over."""
        self.leader, self.asked = sender.address, 0
        if m.config.epoch > self.config.epoch:
            self.config = m.config
        if self.move is not None and self.config.epoch > self.move.expected_epoch:
            done = self.move.new in self.config.voters
            self.move, self.patience = None, self.settings.patience if done else self.patience * 2

    def on_not_caught_up(self, sender: NodeId, m: NotCaughtUp) -> None:
        """The leader is at it."""
        self.leader, self.asked = sender.address, 0

    def on_not_now(self, sender: NodeId, m: NotNow) -> None:
        """Try again, where the answer says."""
        self.leader = None if m.leader is None else m.leader.address

    def on_metadata_at(self, sender: NodeId, m: MetadataAt) -> None:
        """A node that has left says where the metadata is."""
        self.whereabouts.learn(m.hosts)

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Report: on_report,
        Replaced: on_config,
        OtherEpoch: on_config,
        Status: on_config,
        NotNow: on_not_now,
        NotCaughtUp: on_not_caught_up,
        MetadataAt: on_metadata_at,
    }
