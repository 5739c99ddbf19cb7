"""A region whose metadata is moved from node to node by an operator: its kinds of nodes, and what a run shows
of where the metadata is.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import structs

from dynaproof.checkers.kinds.membership import OPERATOR, THE_OPERATOR
from dynaproof.checkers.kinds.region import RegionConfig, hosts, region_of
from dynaproof.checkers.kinds.region_kinds import KINDS, ROUTERS
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.replica_host import brief
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.workloads.metadata_operator import MetadataOperator, MovesSettings
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.messages import Located, MetadataAt, NotServing
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.impl.partition.messages.requests import WrongPartition
from dynaproof.impl.paxos.hosts import Hosts, hosts_by
from dynaproof.impl.router.router import Router
from dynaproof.impl.storage_node.messages import NodeReport
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import ShownHosts


class MovesConfig(RegionConfig, frozen=True, kw_only=True):
    """What a run of a region with an operator of the metadata depends on."""

    operator: MovesSettings


class MovesObservation(RegionObservation):
    """What a run shows of a region whose metadata moves."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (*RegionObservation.PROVIDES, ShownHosts)

    def __init__(self, config: MovesConfig) -> None:
        super().__init__(config)
        first = hosts_by(region_of(config).first_config())
        self.configured = first.members
        self.hosts: dict[int, tuple[NodeId, ...]] = {0: first.members}
        """Where each chosen config says that the metadata is, by epoch;"""
        self.newest = 0
        """and the highest epoch of these."""
        self.shown: dict[NodeId, int] = {}
        """The highest epoch that each node has shown, for each of its disks."""
        self.known: dict[str, Hosts] = {}
        """By router, the hosts that it knew when it was last seen."""

    def chosen(self, record: Any) -> None:
        """A record of the metadata is chosen; perhaps a config that moves it elsewhere."""
        if record.config is not None:
            members = hosts_by(record.config).members
            self.hosts[record.config.epoch], self.newest = members, record.config.epoch
            if not any(node in members for node in self.configured):
                self.reach(sometimes_of_regions.ALL_HAVE_LEFT)
        super().chosen(record)

    def shows(self, place: Place, hosts: Hosts | None) -> None:
        """A storage node lets out a message that says where the metadata is."""
        if hosts is None:
            hosts = Hosts(0, self.configured)
        before, chosen = self.shown.get(place.id, 0), self.hosts.get(hosts.epoch, ())
        if hosts.epoch < before or hosts.members != chosen:
            names = tuple(node.name for node in hosts.members)
            self.region.file(
                ShownHosts(place.name, hosts.epoch, names, before, tuple(node.name for node in chosen))
            )
        self.shown[place.id] = max(before, hosts.epoch)

    def metadata_at(self, place: Place, m: MetadataAt) -> None:
        """A node tells another one, which may know less, where the metadata is."""
        self.shows(place, m.hosts)

    def located_at(self, place: Place, m: Located) -> None:
        """A replica says so to a router, with what the router has asked for."""
        self.shows(place, Hosts(m.epoch, m.members))

    def not_served(self, place: Place, m: NotServing) -> None:
        """A node says so to a router that it cannot serve."""
        self.shows(place, m.hosts)

    def not_here(self, place: Place, m: WrongPartition) -> None:
        """A node says so to a caller that calls the metadata there in vain."""
        if place.lane == METADATA:
            self.shows(place, m.hosts)

    def reported(self, place: Place, message: NodeReport) -> None:
        """A node says so to an admin."""
        super().reported(place, message)
        self.shows(place, message.metadata)

    def router_handled(self, place: Place) -> None:
        """A handler of a router has run; it may have learnt where the metadata is."""
        super().router_handled(place)
        router = place.node
        assert isinstance(router, Router)
        knows, before = router.tables.whereabouts.newest, self.known.get(place.name)
        if knows is before:
            return
        self.known[place.name] = knows
        if before is not None and knows.epoch > before.epoch:
            now = self.hosts[self.newest]
            if not any(node in now for node in (*before.members, *self.configured)):
                self.reach(sometimes_of_regions.LED_ON)


def knowledge(place: Place) -> Knowledge:
    """What an operator knows."""
    operator: Any = place.node
    move = operator.move
    doing = "nothing" if move is None else f"replaces {move.out} by {move.new}"
    return {"config": " ".join(str(voter) for voter in operator.config.voters), "does": doing}


def operator(env: Env, config: MovesConfig) -> NodeProtocol:
    """The operator of the metadata."""
    return MetadataOperator(env, hosts(config), region_of(config).first_config(), config.operator)


OPERATORS = Kind(
    name=OPERATOR,
    nodes=lambda _config: (THE_OPERATOR,),
    make=operator,
    knowledge=knowledge,
    brief=brief,
    suffers=False,
)

_HOSTS, *_OTHERS = KINDS

KINDS_OF_MOVES = (
    structs.replace(
        _HOSTS,
        sent={
            **_HOSTS.sent,
            MetadataAt: MovesObservation.metadata_at,
            Located: MovesObservation.located_at,
            NotServing: MovesObservation.not_served,
            WrongPartition: MovesObservation.not_here,
            NodeReport: MovesObservation.reported,
        },
    ),
    *(
        structs.replace(kind, handled=MovesObservation.router_handled) if kind is ROUTERS else kind
        for kind in _OTHERS
    ),
    OPERATORS,
)
