"""Membership: voters are replaced by new incarnations, one `ConfigChange` at a time.

A voter that has forgotten is replaced on its own node, by the group itself; an operator may replace any
voter, even the leader, by a learner that has caught up, and a lost one at once by a log replica. In a group
that repairs itself the leader has the learner made, and has replicas dropped that no config names.

*Invariant.* A config is proposed when all below it is chosen, and nothing above it until it is counted chosen
(rule 9). It replaces at most one voter, and the others are admitted and have trees (rules M2, M3, M5; of a
child's, H10 says how many). A new incarnation promises at once, and votes once it knows the log through its
own config (rule 14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias

from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.leader import Leader
from dynaproof.impl.paxos.leadership import Leadership, Learner, Progress
from dynaproof.impl.paxos.messages.membership import (
    ConfigStatus,
    Counted,
    CreateReplica,
    DropReplica,
    Following,
    NotCaughtUp,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
    Replaced,
    ReplaceVoter,
    Status,
    Unnamed,
    Vacant,
)
from dynaproof.impl.paxos.records import Config, ConfigChange, Record
from dynaproof.impl.paxos.service import Service

Command: TypeAlias = Callable[[NodeId, Any], None]
"""Obeys a sender's command."""

Ended: TypeAlias = Callable[[NodeId, int], bool]
"""Whether the group is at its barrier: then the sender of a command for a config of this epoch is told."""


class Membership(Service):
    """Replaces voters."""

    def __init__(self, replica: Leader[Any], ended: Ended | None = None) -> None:
        self.replica = replica
        self.env = replica.env
        self.ended = ended
        self.wanted: tuple[Command, NodeId, Message] | None = None
        """The command whose barrier waits until all below is chosen, with what obeys it and its sender;"""
        self.waits_until = 0
        """and until when: proposals go on after that."""
        self.asked_for: ReplaceVoter | None = None
        """In a group that repairs itself, the last command that waits for its learner."""

    # --- Without an operator ---

    def on_vacant(self, sender: NodeId, m: Vacant) -> None:
        """A node that hosts a voter has lost it: replace it by a new incarnation (rules 9 and 14)."""
        replica, leadership = self.replica, self.replica.leadership
        if not replica.settings.repairs_itself:
            return  # The operator sees that no replica is there.
        if leadership is None:
            if replica.leader is not None and replica.leader != replica.member and sender == m.node:
                replica.env.send(replica.leader.node, m)
            return
        if not leadership.serving or leadership.config_in_flight:
            return
        for voter in replica.config.voters:
            same = voter.node.address == m.node.address
            if not same or voter == replica.member or m.node.incarnation < voter.node.incarnation:
                continue
            if voter.node == m.node and voter.incarnation > m.retired:
                replica.env.send(sender, CreateReplica(voter, replica.config, replica.state.config_slot))
            else:
                new = Member(m.node, replica.config.next_incarnation)
                self.change(sender, m, leadership, replica.config.replacing(voter, new))

    # --- An operator's commands ---

    def on_replace_voter(self, sender: NodeId, m: ReplaceVoter) -> None:
        """Put a learner in the place of a voter, whichever that is (rules M2 and M3), or a log replica that
        is made once the config is chosen (rule M5). The others have trees, so at most one voter has none.
        """
        replica, config = self.replica, self.replica.config
        leadership = self.obeying(sender, m.expected_epoch)
        if leadership is None:
            return
        if m.new in config.voters:
            slot, admitted = replica.state.config_slot, self.all_admitted(leadership, None)
            held = self.held(leadership, slot, m.new)
            self.env.send(sender, Replaced(m.new, config, slot, admitted, held))
        elif self.expects(sender, m.expected_epoch) and self.sound(sender, m):
            unproven = self.unproven(leadership, m.out)
            if sum(one.asked_at < 0 for one in unproven) > config.may_lack:
                self.not_now(sender, m.expected_epoch, "a voter is not admitted")
            elif sum(not one.full for one in unproven) > config.may_lack:
                self.not_now(sender, m.expected_epoch, "a voter has no tree")
            elif self.is_ready(sender, leadership, m):
                self.change(sender, m, leadership, config.replacing(m.out, m.new))

    def is_ready(self, sender: NodeId, leadership: Leadership, m: ReplaceVoter) -> bool:
        """Whether the new voter may come: it has caught up, or is to be a log replica (rule M2). A group that
        repairs itself makes no log replicas: its leader has a learner made, again and again, as long as the
        operator asks (A15). The leader must have heard from all others that they hold the log through the
        config: it may have brought in a voter itself, behind another that is not admitted yet.
        """
        replica = self.replica
        if not replica.settings.repairs_itself:
            return m.role == "log" or self.caught_up(sender, leadership, m.new)
        if not self.all_hold(leadership, replica.state.config_slot, m.out):
            self.not_now(sender, m.expected_epoch, "a voter lacks the config")
            return False
        if self.caught_up(sender, leadership, m.new):
            return True
        self.asked_for = m
        if m.new in leadership.learners:
            self.env.send(m.new.node, CreateReplica(m.new, replica.config, replica.state.config_slot))
        return False

    def on_unnamed(self, sender: NodeId, m: Unnamed) -> None:
        """Have a replica dropped that the governing config does not name, if no command that names it can
        still count and, unless no config ever named it, the voters can do without it (rule M7; A15). The
        asking node asks again, so nobody need remember which replicas have left, or were given up. A follower
        passes the question on, and the answer back.
        """
        replica, leadership = self.replica, self.replica.leadership
        if leadership is None:
            if replica.leader is not None and replica.leader != replica.member and sender == m.member.node:
                self.env.send(replica.leader.node, m)
            return
        if not leadership.serving or leadership.config_in_flight:
            return
        config = replica.config
        over = m.member not in config.voters and config.epoch > m.epoch
        if not over or not replica.settings.repairs_itself:
            return
        # A learner's only command would have brought it in with the config that followed.
        never = m.member.incarnation >= config.next_incarnation or (m.learner and config.epoch == m.epoch + 1)
        if never or self.can_do_without(leadership, m.member):
            self.env.send(sender, DropReplica(m.member))

    def can_do_without(self, leadership: Leadership, left: Member) -> bool:
        """Whether all voters are admitted and hold the log through the governing config; or all but one that
        an operator takes for lost, since it has that one replaced by a learner on the very node that the
        replica that left still occupies. What is chosen later, the others hold too, and every quorum has one
        of them (rule M7, A15; `model/replacement.py`, `drops_beside_a_loss`).
        """
        asked, lost = self.asked_for, None
        if asked is not None and asked.new.node.address == left.node.address:
            lost = asked.out if asked.expected_epoch == self.replica.config.epoch else None
        slot = self.replica.state.config_slot
        return self.all_hold(leadership, slot, lost) and self.all_admitted(leadership, lost)

    def on_raise_epoch(self, sender: NodeId, m: RaiseEpoch) -> None:
        """Void all that expects the epoch. Quorums stay as they are, so no voter need be admitted first."""
        leadership = self.obeying(sender, m.expected_epoch)
        if leadership is not None and self.expects(sender, m.expected_epoch):
            self.change(sender, m, leadership, self.replica.config.raised())

    def on_config_status(self, sender: NodeId, m: ConfigStatus) -> None:
        """Say which config governs, as a leader that serves, or who knows the barrier (rule M2)."""
        replica = self.replica
        config, slot, barrier = replica.config, replica.state.config_slot, replica.state.barrier
        if barrier:
            self.env.send(sender, Status(config, slot, False, False, False, m.lost, barrier))
            return
        leadership = self.obeying(sender, -1)
        if leadership is not None:
            admitted = self.all_admitted(leadership, None)
            held = self.all_hold(leadership, slot, None)
            others = self.all_hold(leadership, slot, m.lost)
            self.env.send(sender, Status(config, slot, admitted, held, others, m.lost))

    def obeying(self, sender: NodeId, expected_epoch: int) -> Leadership | None:
        """The leadership, if it may obey a command now; else the sender is told who might."""
        leadership = self.replica.leadership
        if self.ended is not None and self.ended(sender, expected_epoch):
            return None
        if leadership is None or not leadership.serving:
            self.not_now(sender, expected_epoch, "it does not lead")
        elif leadership.config_in_flight:
            self.not_now(sender, expected_epoch, "a config is in flight")
        else:
            return leadership
        return None

    def expects(self, sender: NodeId, expected_epoch: int) -> bool:
        """Whether a command is for the governing config; else it is void for ever."""
        config = self.replica.config
        if expected_epoch != config.epoch:
            self.env.send(sender, OtherEpoch(expected_epoch, config, self.replica.state.config_slot))
        return expected_epoch == config.epoch

    def sound(self, sender: NodeId, m: ReplaceVoter) -> bool:
        """Whether the config that a command asks for is allowed (rule M2)."""
        config = self.replica.config
        others = [voter for voter in config.voters if voter != m.out]
        reason = ""
        if len(others) == len(config.voters):
            reason = "who is to leave is no voter"
        elif m.new.incarnation < config.next_incarnation:
            reason = "the incarnation may have been used"
        elif any(voter.node.address == m.new.node.address for voter in others):
            reason = "its node has another voter"
        elif config.replacing(m.out, m.new).crowded():
            reason = "its zone has as many voters as it may"
        if reason:
            self.not_now(sender, m.expected_epoch, reason)
        return not reason

    def not_now(self, sender: NodeId, expected_epoch: int, reason: str) -> None:
        """Answer a command that has no effect now."""
        replica = self.replica
        leader = None if replica.leader is None else replica.leader.node
        if leader == self.env.me and replica.leading is None:
            leader = None  # It led last, perhaps until it was replaced.
        self.env.send(sender, NotNow(expected_epoch, reason, leader))

    def all_admitted(self, leadership: Leadership, out: Member | None) -> bool:
        """Whether all voters but `out` are admitted (rule M2): only an admitted voter votes and grants."""
        return all(one.asked_at >= 0 for one in self.unproven(leadership, out))

    def unproven(self, leadership: Leadership, out: Member | None) -> list[Progress]:
        """The voters that this leader must have heard from in its own ballot, except `out` and itself."""
        known = (out, self.replica.member)
        return [leadership.progress[one] for one in self.replica.config.unproven if one not in known]

    def all_hold(self, leadership: Leadership, slot: int, new: Member | None) -> bool:
        """Whether all voters but `new` hold the log through a slot durably, by their own account."""
        voters = [voter for voter in self.replica.config.voters if voter != new]
        return all(leadership.progress[voter].through >= slot for voter in voters)

    def held(self, leadership: Leadership, slot: int, new: Member) -> Counted | None:
        """The governing config as the log has it, if every voter but the new one holds the log through it
        durably, by its own account (rule M5); None as long as one does not, or where the log is cut above it.
        """
        log = self.replica.log
        if not self.all_hold(leadership, slot, new):
            return None
        if leadership.counted is not None:
            return Counted(leadership.counted, leadership.ballot)
        if slot < log.first:
            return None
        record = log.record(slot)
        return Counted(record, log.slot_held_at(slot)) if isinstance(record, ConfigChange) else None

    def caught_up(self, sender: NodeId, leadership: Leadership, new: Member) -> bool:
        """Whether a learner is close enough to vote; from the first such question on, the leader hears from
        it (rule M6).
        """
        replica, settings, now = self.replica, self.replica.settings, self.env.now
        learners, commit = leadership.learners, replica.log.commit
        if new not in learners:
            for silent in [m for m, one in learners.items() if now - one.heard_at > settings.lease_us]:
                del learners[silent]
            if len(learners) >= settings.learners:
                self.not_now(sender, replica.config.epoch, "it keeps track of as many learners as it may")
                return False
            learners[new] = Learner(commit, now)
            replica.ask(leadership, new)
        learner = learners[new]
        near = learner.round_us >= 0 and (
            commit - learner.through <= settings.lag_slots or learner.round_us < settings.catch_up_us
        )
        if not near:
            self.env.send(sender, NotCaughtUp(new, learner.through, commit))
        return near

    def on_following(self, sender: NodeId, m: Following) -> None:
        """A replica without a vote says how far it is."""
        leadership = self.replica.leadership
        if leadership is None or m.ballot != leadership.ballot:
            return
        learner = leadership.learners.get(m.source)
        if learner is not None:
            learner.heard(m.through, self.replica.log.commit, self.env.now)

    # --- Proposing ---

    def change(self, sender: NodeId, m: Message, leadership: Leadership, config: Config) -> None:
        """Propose a config, or have it wait until all below is chosen (rule 9)."""
        replica = self.replica
        if replica.in_flight:
            self.wait(leadership, sender, m, partial(self.HANDLERS[type(m)], self))
        elif replica.clock_trusted():
            slot, epoch = replica.next_slot, replica.config.epoch
            replica.propose(ConfigChange(slot, leadership.ballot, epoch, replica.next_timestamp(), config))

    def wait(self, leadership: Leadership, sender: NodeId, m: Message, command: Command) -> None:
        """Under load some slot is always in flight: propose nothing more until all are chosen."""
        if self.wanted is None:
            self.waits_until = self.env.now + self.replica.settings.heartbeat_us
        self.wanted, leadership.config_waits = (command, sender, m), True

    def has_room(self) -> None:
        """Propose the config that waits, once all below it is chosen (rule 9); if that takes too long, let
        proposals go on: the sender asks again.
        """
        leadership, wanted = self.replica.leadership, self.wanted
        if wanted is None or leadership is None:
            return
        chosen = not self.replica.in_flight
        if not chosen and self.env.now < self.waits_until:
            return
        self.wanted, leadership.config_waits = None, False
        if chosen:
            command, sender, message = wanted
            command(sender, message)

    def stepped_down(self) -> None:
        """Forget what waits: the next leader hears of it too."""
        self.wanted = self.asked_for = None

    # --- Counted chosen ---

    def applied(self, record: Record) -> None:
        """A chosen config governs."""
        leadership = self.replica.leadership
        if record.config is None or leadership is None:
            return
        if record.proposed_at != leadership.ballot:
            self.replica.reached("config counted late")
        if isinstance(record, ConfigChange):
            leadership.counted = record
        self.config_chosen(leadership, record.slot, record.config)

    def config_chosen(self, leadership: Leadership, slot: int, config: Config) -> None:
        """From here on the new config governs: votes, leases and proposals (rules L1 and L2)."""
        replica = self.replica
        if slot == leadership.config_in_flight:
            leadership.config_in_flight = 0
        if replica.member not in config.voters:
            replica.leave(leadership, config)
            return
        known, new = leadership.progress, replica.log.last + 1
        leadership.progress = {v: known.get(v) or Progress(new, wall_apart=0) for v in config.voters}
        leadership.lease_start = leadership.lease_from(config)
        for voter in config.voters:
            if voter == replica.member:
                continue
            if replica.settings.repairs_itself:
                replica.env.send(voter.node, CreateReplica(voter, config, slot))
            if leadership.learners.pop(voter, None) is not None:
                replica.ask(leadership, voter)  # It learns that it has a vote.

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """The replicas without a vote that a leader keeps track of."""
        leadership = self.replica.leadership
        known = 0 if leadership is None else len(leadership.learners)
        return (("learners", known, self.replica.settings.learners),)

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Vacant: on_vacant,
        ReplaceVoter: on_replace_voter,
        RaiseEpoch: on_raise_epoch,
        ConfigStatus: on_config_status,
        Following: on_following,
        Unnamed: on_unnamed,
    }
