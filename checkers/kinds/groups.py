"""Many groups on the same storage nodes: their hosts and clients as kinds of nodes, and what a run shows of
each group by itself.

*Invariant.* The group is part of every key once, here: what a host does is seen by the observer of the lane
in which it does it, and each observer has a view of its own, on which every spec is evaluated. So no observer
and no spec of one group knows that there are others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, ClassVar

from msgspec import structs

from dynaproof.checkers.kinds.client import CLIENTS, clients
from dynaproof.checkers.kinds.group import (
    REPLICAS,
    GroupConfig,
    GroupObservation,
    first_config,
    is_damaged,
)
from dynaproof.checkers.kinds.replica_faults import OneVoter
from dynaproof.checkers.kinds.replica_host import replica_host
from dynaproof.checkers.runs.kind import Kind, Table
from dynaproof.checkers.workloads.workload import WorkloadClient
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, Message, NodeId, NodeProtocol
from dynaproof.impl.paxos.files import replicas_named
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.observe.impl.place import replica_of
from dynaproof.specs.views.base import Fact, View, Views

NODES = (*REPLICAS, *(NodeId("region", zone, f"s{zone}") for zone in ("d", "e")))
"""The storage nodes, of which a configuration has the first few."""

VOTERS = 3
"""The voters of each group."""

NAMES = 4096
"""The most file names whose groups are kept."""


class GroupsConfig(GroupConfig, frozen=True, kw_only=True):
    """What a run of many groups depends on; `clients` ask the first `busy` groups, in turn."""

    groups: int
    busy: int
    nodes: int = VOTERS


def hosts(config: GroupsConfig) -> tuple[NodeId, ...]:
    """The storage nodes of a configuration."""
    return NODES[: config.nodes]


def nodes_of(config: GroupsConfig, group: int) -> tuple[NodeId, ...]:
    """Where the voters of a group are: on three nodes in a row, from a different one on for each group."""
    there = hosts(config)
    return tuple(there[(group + offset) % len(there)] for offset in range(VOTERS))


def make_host(env: Env, config: GroupsConfig) -> NodeProtocol:
    """A host of all groups that have a voter there."""
    here = [group for group in range(config.groups) if env.me.address in addresses(config, group)]
    return StorageNode(env, hosts(config), config.settings, tuple(here))


def addresses(config: GroupsConfig, group: int) -> tuple[NodeId, ...]:
    """The addresses of a group's nodes, whichever incarnation runs there."""
    return tuple(node.address for node in nodes_of(config, group))


def make_client(env: Env, config: GroupsConfig) -> NodeProtocol:
    """A client of one of the busy groups."""
    number = clients(config).index(env.me) if env.me in clients(config) else 0
    group = number % config.busy
    mix = structs.replace(config.mix, item_bytes=config.item_bytes)
    replicas = nodes_of(config, group)
    return WorkloadClient(env, replicas, config.client, config.operations, config.keys, mix, group)


class GroupsObservation:
    """What a run shows of its groups, each by its own observer."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = GroupObservation.PROVIDES

    def __init__(
        self, config: Any, first: Mapping[int, Config], beside: Mapping[Hashable, View[Any]]
    ) -> None:
        """Observe these groups, each with its first config, and file other facts in the views `beside`."""
        self.config = config
        self.groups: dict[int, GroupObservation] = {}
        self.view: Views[View[Any]] = Views(dict(beside))
        self.reached: dict[str, int] = {}
        self.endings: dict[str, int] = {}
        self._group_of: dict[str, int | None] = {}
        """The group of a file, by its name: names are read once, for a file is synced again and again."""
        for group, config_of_group in first.items():
            self.open(group, config_of_group)

    def open(self, group: int, first: Config) -> GroupObservation:
        """Observe one more group."""
        one = self.groups[group] = GroupObservation(self.config, first, group)
        one.reached, one.endings = self.reached, self.endings
        self.view.add(group, one.view)
        return one

    def of(self, group: int) -> GroupObservation:
        """The observer of a group."""
        return self.groups[group]

    def nearest(self, place: Place) -> GroupObservation:
        """The observer of the group in whose lane a node is; another group's if that one is not observed: it
        is only planned, and may never exist.
        """
        return self.groups.get(place.lane) or next(iter(self.groups.values()))

    def at(self, place: Place) -> list[int]:
        """The groups of which a replica was seen at a place."""
        return [group for group, one in self.groups.items() if place.name in one.members]

    def concerned(self, place: Place, file: str) -> Iterable[int]:
        """The groups at a place to which a file matters: the group that owns it, or all if it is the node's
        own.
        """
        node = place.node
        named = node.lines.named.get(file, ()) if isinstance(node, StorageNode) else ()
        return [*(group for group, _ in replicas_named([file])), *named] or self.at(place)

    # --- What happens to nodes ---

    def synced(self, place: Place) -> None:
        """Files of some groups became longer."""
        disk, group_of = place.disk, self._group_of
        concerned: dict[int, None] = {}
        for file in (*disk.grown, *dict(disk.paged)):
            if file not in group_of:
                self._read_name(file)
            group = group_of[file]
            if group is not None:
                concerned[group] = None
        for group in concerned:
            self.groups[group].synced(place)

    def _read_name(self, file: str) -> None:
        if len(self._group_of) >= NAMES:
            self._group_of.clear()
        self._group_of[file] = next((group for group, _ in replicas_named([file])), None)

    def crashed(self, place: Place, lost_disk: bool) -> None:
        """A host is gone, and with it a replica of each of its groups."""
        for group in self.at(place):
            self.of(group).crashed(place, lost_disk)

    def client_crashed(self, place: Place, lost_disk: bool) -> None:
        """A client is gone."""
        assert isinstance(place.node, WorkloadClient)
        self.of(place.node.group).client_crashed(place, lost_disk)

    def damaged(self, place: Place, file: str) -> None:
        """A synced byte of a journal rotted."""
        for group in self.concerned(place, file):
            self.of(group).damaged(place, file)

    def rotted(self, place: Place, file: str) -> None:
        """A synced byte of a page rotted."""
        for group in self.concerned(place, file):
            self.of(group).rotted(place, file)

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its lane had written was durable."""
        self.nearest(place).uncovered(place, message)

    def shed(self, place: Place, to: NodeId, message: Message) -> None:
        """A queue was full, so a message was dropped."""
        self.nearest(place).shed(place, to, message)

    def vanished(self, place: Place, message: Message) -> None:
        """A message is gone, and nobody noted that."""
        self.nearest(place).vanished(place, message)

    def raised(self, place: Place, payload: object, error: Exception) -> None:
        """A handler has raised."""
        self.nearest(place).raised(place, payload, error)

    def prune(self) -> None:
        """Forget what no spec can need any more."""
        for one in self.groups.values():
            one.prune()

    def judged(self) -> tuple[int, int]:
        """Keys that clients used, and how many of them are no longer judged."""
        lines = {
            id(one.judges): one for one in self.groups.values()
        }  # A line of splits has one judge for each key.
        each = [one.judged() for one in lines.values()]
        return sum(keys for keys, _ in each), sum(unjudged for _, unjudged in each)


def observe(config: GroupsConfig) -> GroupsObservation:
    """The observation of a run of many groups."""
    first = {group: first_config(nodes_of(config, group)) for group in range(config.groups)}
    return GroupsObservation(config, first, {})


class OneVoterOfEach:
    """The budget of many groups: in each, one voter at a time has impaired durable state. A lost disk impairs
    one voter of each group there, and so does rot of the node's own journal.
    """

    def __init__(self, observation: GroupsObservation, places: Mapping[str, Place]) -> None:
        self.observation = observation
        self.budgets = {group: OneVoter(one, places) for group, one in observation.groups.items()}

    def permits(self, place: Place) -> bool:
        """Whether all groups are whole; a host without a replica has nothing to lose."""
        return bool(self.observation.at(place)) and self.whole()

    def impaired(self, place: Place) -> None:
        """The voters that the fault has just hit here are now impaired."""
        for group, budget in self.budgets.items():
            one, replica = self.observation.groups[group], replica_of(place, group)
            if replica is not None and is_damaged(one, replica.member):
                budget.impaired(place)

    def whole(self) -> bool:
        """Whether every voter that lost something was replaced, and its successor admitted."""
        return all(budget.whole() for budget in self.budgets.values())


def in_its_lane(heard: Callable[..., None]) -> Callable[..., None]:
    """The same for a note or a message, passed to the observer of the group in whose lane it happens."""

    def told(observation: GroupsObservation, place: Place, what: Any) -> None:
        heard(observation.groups[place.lane], place, what)

    return told


def handled_in_its_lane(heard: Callable[..., None]) -> Callable[..., None]:
    """The same for a handler that has run."""

    def told(observation: GroupsObservation, place: Place) -> None:
        heard(observation.groups[place.lane], place)

    return told


def in_its_group(kind: Kind, **changes: Any) -> Kind:
    """A kind of nodes of one group, as a kind of nodes of many."""

    def table(heard: Table) -> Table:
        return {what: in_its_lane(listen) for what, listen in heard.items()}

    handled = None if kind.handled is None else handled_in_its_lane(kind.handled)
    return structs.replace(kind, notes=table(kind.table()), sent=table(kind.sent), handled=handled, **changes)


HOSTS_OF_MANY = in_its_group(
    replica_host(),
    nodes=hosts,
    make=make_host,
    synced=GroupsObservation.synced,
    crashed=GroupsObservation.crashed,
    damaged=GroupsObservation.damaged,
    rotted=GroupsObservation.rotted,
    budget=OneVoterOfEach,
)

CLIENTS_OF_MANY = in_its_group(CLIENTS, make=make_client, crashed=GroupsObservation.client_crashed)
