"""Membership: a voter that has forgotten is replaced by a new incarnation, one `ConfigChange` at a time.

*Invariant.* A config is proposed when all below it is chosen, and nothing above it until it is counted
chosen (rule 9). A new incarnation promises at once, and votes once it knows the log through its own config
(rule 14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.leader import Leader
from dynaproof.impl.paxos.leadership import Progress
from dynaproof.impl.paxos.messages.membership import CreateReplica, Vacant
from dynaproof.impl.paxos.records import Config, ConfigChange, Record
from dynaproof.impl.paxos.service import Service


class Membership(Service):
    """Replaces voters."""

    def __init__(self, replica: Leader[Any]) -> None:
        self.replica = replica
        self.wanted: Vacant | None = None
        """The vacancy for which a config waits until all below is chosen."""

    def on_vacant(self, sender: NodeId, m: Vacant) -> None:
        """A node that hosts a voter has lost it: replace it by a new incarnation (rules 9 and 14)."""
        replica, leadership = self.replica, self.replica.leadership
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
            elif replica.log.commit < replica.log.last:
                # Under load some slot is always in flight: nothing more is proposed until all are chosen.
                self.wanted, leadership.config_waits = m, True
            elif replica.clock_trusted():
                new = Member(m.node, replica.config.next_incarnation)
                config = replica.config.replacing(voter, new)
                slot, epoch = replica.log.last + 1, replica.config.epoch
                replica.propose(
                    ConfigChange(slot, leadership.ballot, epoch, replica.next_timestamp(), config)
                )

    def has_room(self) -> None:
        """Propose the config that waits, once all below it is chosen (rule 9)."""
        leadership, wanted = self.replica.leadership, self.wanted
        if wanted is None or leadership is None or self.replica.log.commit < self.replica.log.last:
            return
        self.wanted, leadership.config_waits = None, False
        self.on_vacant(wanted.node, wanted)

    def stepped_down(self) -> None:
        """The next leader hears of the vacancy too."""
        self.wanted = None

    def applied(self, record: Record) -> None:
        """A chosen config governs."""
        if record.config is not None:
            self.config_chosen(record.slot, record.config)

    def config_chosen(self, slot: int, config: Config) -> None:
        """From here on the new config governs: votes, leases and proposals."""
        replica, leadership = self.replica, self.replica.leadership
        assert leadership is not None, "only a leadership has slots in flight"
        if slot == leadership.config_in_flight:
            leadership.config_in_flight = 0
        known, new = leadership.progress, replica.log.last + 1
        leadership.progress = {v: known.get(v) or Progress(new) for v in config.voters}
        leadership.lease_start = leadership.lease_from(config)
        if replica.member not in leadership.progress:
            replica.step_down()
            return
        for voter in config.voters:
            if voter != replica.member:
                replica.env.send(voter.node, CreateReplica(voter, config, slot))

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {Vacant: on_vacant}
