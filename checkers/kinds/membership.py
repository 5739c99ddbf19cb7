"""A group whose voters are replaced by an operator: nodes that host it and spare ones, the operator, and what
synced state they may lose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.client import CLIENTS, READERS, ZONE, clients
from dynaproof.checkers.kinds.group import GroupConfig, GroupObservation, first_config
from dynaproof.checkers.kinds.replica_faults import leading
from dynaproof.checkers.kinds.replica_host import brief, replica_host
from dynaproof.checkers.runs.fault import Falling, Ground
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.runs.world_faults import Cut, all_others, into, out_of
from dynaproof.checkers.workloads.log_reader import LogReader, ReaderSettings
from dynaproof.checkers.workloads.operator import Operator, OperatorSettings
from dynaproof.checkers.workloads.workload import WorkloadClient
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.specs.observe.impl.place import replica_of

OPERATOR = "operator"
THE_OPERATOR = NodeId("region", ZONE, "operator")

ZONES = ("a", "b", "c")


class MembershipConfig(GroupConfig, frozen=True, kw_only=True):
    """What a run of a group with an operator depends on."""

    operator: OperatorSettings
    voters: int = 3


def nodes_of(config: MembershipConfig) -> tuple[NodeId, ...]:
    """The nodes: first those that host the voters at the beginning, over all zones in turn, then spare ones:
    so many in each zone that one may be down for good, and another still kept by a voter that has left.
    """
    rows = config.voters // 2 + 2
    return tuple(
        NodeId("region", zone, f"s{zone}{row if row > 1 else ''}")
        for row in range(1, rows + 1)
        for zone in ZONES
    )


def first_of(config: MembershipConfig) -> Config:
    """The config that the group begins with."""
    return first_config(nodes_of(config)[: config.voters])


class MembershipObservation(GroupObservation):
    """What a run shows of its group and its clients."""

    __slots__ = ()

    def __init__(self, config: MembershipConfig) -> None:
        super().__init__(config, first_of(config))


class UnheardConfig(Cut):
    """A config is on its way, and a minority of its voters hears nothing of it, nor of anything else: the one
    that it brings, and of five another one. The others choose it.
    """

    name = "unheard config"
    sentence = "voters do not hear of the config that {} has proposed"
    running = True
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """While a leader there has proposed a config that brings a voter."""
        return bool(lagging(place, 0))

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """All of those voters."""
        there = [ground.world.at(voter.node) for voter in lagging(place, fault.amount)]
        cut = [
            link
            for one in there
            for link in (*into(one, all_others(ground, one)), *out_of(one, all_others(ground, one)))
        ]
        return list(dict.fromkeys(cut))


def lagging(place: Place, chosen: int) -> list[Member]:
    """The voters that do not hear of the config that a leader there has proposed."""
    for replica in leading(place):
        slot = replica.leadership.config_in_flight if replica.leadership is not None else 0
        config = replica.log.record(slot).config if slot else None
        if config is not None and config.brought is not None:
            others = [one for one in config.voters if one not in (config.brought, replica.member)]
            minority = (len(config.voters) - 1) // 2
            first = chosen % len(others)
            return [config.brought, *(others[first:] + others[:first])[: minority - 1]]
    return []


UNHEARD_CONFIG = UnheardConfig()


class VotersLose:
    """The budget of a group with an operator: a voter may lose its synced state if this leaves a quorum of
    the newest config that is durably admitted and has lost nothing: of three voters, one is lost at a time,
    of five, two.
    """

    def __init__(self, observation: Any, places: Mapping[str, Place]) -> None:
        self.view = observation.view
        self.group: int = observation.group
        self.impaired_members: dict[Any, bool] = {}

    def permits(self, place: Place) -> bool:
        """Whether it is a voter that would lose something, and the others can bear it."""
        replica, voters = replica_of(place, self.group), self.view.configs[-1][1]
        if replica is None or replica.member not in voters:
            return False
        return self.bears(place)

    def bears(self, place: Place) -> bool:
        """Whether a quorum is left if whatever is at this place is lost."""
        replica, voters = replica_of(place, self.group), self.view.configs[-1][1]
        here = None if replica is None else replica.member
        others: int = sum(voter != here for voter in self.lacking())
        most = (len(voters) - 1) // 2
        return others < most

    def impaired(self, place: Place) -> None:
        """The voter there is now impaired."""
        replica = replica_of(place, self.group)
        if replica is not None:
            self.impaired_members[replica.member] = True

    def whole(self) -> bool:
        """Whether every voter of the newest chosen config is admitted, and remembers that after a crash."""
        return not self.lacking()

    def lacking(self) -> list[Any]:
        """The voters of that config that are not durably admitted, or have lost something."""
        view = self.view
        slot, voters = view.configs[-1]
        return [
            voter
            for voter in voters
            if voter in self.impaired_members
            or voter in view.forgetful
            or (
                slot > max(view.pruned_through, view.checkpoints.get(voter, 0), view.bare.get(voter, 0))
                and voter not in view.accepted.get(slot, {})
            )
        ]


def knowledge(place: Place) -> Knowledge:
    """What an operator knows."""
    operator: Any = place.node
    work = operator.work
    doing = "nothing" if work is None else f"{work.step}s {work.new} for {work.out}"
    return {"config": " ".join(str(voter) for voter in operator.config.voters), "does": doing}


def operator(env: Env, config: MembershipConfig) -> NodeProtocol:
    """The operator of the group."""
    return Operator(env, nodes_of(config), first_of(config), config.operator)


def workload(env: Env, config: MembershipConfig) -> NodeProtocol:
    """A client that draws its operations; the last ones only read."""
    reads_only = env.me in clients(config)[config.clients - config.readers :]
    mix = structs.replace(config.mix, reads_only=reads_only, item_bytes=config.item_bytes)
    return WorkloadClient(env, nodes_of(config), config.client, config.operations, config.keys, mix)


def log_reader(env: Env, config: MembershipConfig) -> NodeProtocol:
    """Reads the log through a cursor, as an archive does."""
    reader = ReaderSettings(config.settings.heartbeat_us // 2, questions=2 * config.operations)
    return LogReader(env, nodes_of(config), reader)


OPERATORS = Kind(
    name=OPERATOR,
    nodes=lambda _config: (THE_OPERATOR,),
    make=operator,
    knowledge=knowledge,
    brief=brief,
    suffers=False,
)

HOSTS = replica_host(nodes_of, (THE_OPERATOR,))

KINDS = (
    structs.replace(HOSTS, faults=(*HOSTS.faults, UNHEARD_CONFIG), budget=VotersLose),
    structs.replace(CLIENTS, make=workload),
    structs.replace(READERS, make=log_reader),
    OPERATORS,
)
