"""One replica group with its clients: its configuration, and the group of a run as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dynaproof.checkers.runs.config import RunConfig
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.workloads.client import ClientSettings
from dynaproof.checkers.workloads.judge import Judge
from dynaproof.checkers.workloads.log_reader import ReaderSettings
from dynaproof.checkers.workloads.workload import Mix, WorkloadClient
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import ONLY_LANE, Microseconds, NodeId
from dynaproof.impl.partition.memory import Row
from dynaproof.impl.partition.memory import remembered as remembered_in
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import CreateReplica
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.tree.comparison import digest_of
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import RottenPageError
from dynaproof.impl.tree.view import TreeView
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.place import is_cut_off, replica_of, services_of
from dynaproof.specs.promises.load import NEAR_SLOTS

REPLICAS = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))

HOST = "replica host"
CLIENT = "client"
READER = "reader"
"""The kinds of nodes around a group."""


class GroupConfig(RunConfig, frozen=True, kw_only=True):
    """What a run of one replica group depends on."""

    settings: Settings
    client: ClientSettings
    clients: int
    operations: int
    keys: int
    item_bytes: int = 0
    """How much longer an item may be than its key and its number; 0: no item is."""
    readers: int = 0
    """Clients that make only strong reads: they keep asking a leader that can get nothing chosen any more."""
    mix: Mix = Mix()
    """What the others ask for."""
    reader: ReaderSettings | None = None
    """How the log is read; by default, a few records in half a heartbeat."""


def first_config(nodes: tuple[NodeId, ...] | None = None) -> Config:
    """The config that a group begins with, a voter on each of these nodes; by default, on the usual three."""
    nodes = REPLICAS if nodes is None else nodes
    voters = tuple(Member(node, index + 1) for index, node in enumerate(nodes))
    return Config(0, voters, len(voters) + 1)


def command_voters(world: World, config: Config, lane: int = ONLY_LANE) -> None:
    """The node of each voter gets the command to make its replica."""
    for voter in config.voters:
        place = world.at(voter.node)
        world.run(place, place.node.on_message, place.id, CreateReplica(voter, config, 0), lane=lane)


class GroupObservation(ImplObserver):
    """What a run shows of its group and its clients."""

    __slots__ = ()

    def __init__(self, _config: Any, first: Config | None = None, group: int = ONLY_LANE) -> None:
        super().__init__(first_config() if first is None else first, {}, Judge, group)

    def judged(self) -> tuple[int, int]:
        """Keys that clients used, and how many of them are no longer judged."""
        return len(self.judges), sum(judge.overflowed for judge in self.judges.values())


class Group:
    """A group of a run, and its clients; by default, the only group."""

    def __init__(self, run: Run, number: int = ONLY_LANE, observation: Any = None) -> None:
        self.run = run
        self.number = number
        self.observation: Any = run.observation if observation is None else observation

    def replicas(self) -> list[Any]:
        """The live, admitted replicas."""
        found = []
        for place in self.run.places_of(HOST):
            replica = replica_of(place, self.number)
            there = place.up and replica is not None and place.name != self.run.injector.excluded
            if there and self.counts(replica):
                found.append(replica)
        return found

    def counts(self, replica: Any) -> bool:
        """Whether a replica is one of the group's: on a spare node there may be one without a vote."""
        return replica.settings.repairs_itself or replica.member in self.observation.config.voters

    def leader(self) -> Any:
        """The replica that may serve, if there is one."""
        return leader_of(self.replicas())

    def clients(self) -> list[WorkloadClient]:
        """The clients, in order."""
        found = []
        for place in self.run.places_of(CLIENT):
            assert isinstance(place.node, WorkloadClient)
            if place.node.group == self.number:
                found.append(place.node)
        return found

    def clients_done(self) -> bool:
        """Whether every client has nothing more to do."""
        return not any(client.left or client.request is not None for client in self.clients())

    def expected_replicas(self) -> int:
        """How many replicas the group must have in the end."""
        config: Config = self.observation.config
        excluded, at = self.run.injector.excluded, self.run.world.at
        return sum(at(voter.node).name != excluded for voter in config.voters)

    def quiet(self) -> bool:
        """Whether every live replica shows the fold of everything chosen, and a leader serves."""
        replicas = self.replicas()
        if leader_of(replicas) is None or len(replicas) < self.expected_replicas():
            return False
        through = self.observation.view.chosen_through
        for replica in replicas:  # Checked first, because it costs least.
            log = replica.log
            if (
                not replica.admitted
                or not replica.full
                or log.commit != log.last
                or replica.state.applied != through
            ):
                return False
        return all(self.differs(replica) is None for replica in replicas)

    def near(self, replica: Any) -> bool:
        """Whether a replica is admitted, has a tree, and is within a window and 64 slots of what is
        chosen.
        """
        reach = self.run.config.settings.in_flight_slots + NEAR_SLOTS
        whole = replica.admitted and replica.full
        return bool(whole and replica.log.commit + reach >= self.observation.view.chosen_through)

    def keeps_up(self) -> bool:
        """Whether all replicas are there and near, and a leader serves."""
        replicas = self.replicas()
        return leader_of(replicas) is not None and self.all_near(replicas)

    def all_near(self, replicas: Sequence[Any]) -> bool:
        """Whether these are all replicas, and near."""
        return len(replicas) >= self.expected_replicas() and all(self.near(replica) for replica in replicas)

    def settled(self, since: Mapping[Member, Microseconds]) -> bool:
        """Whether all keep up and no election is on: a quorum has renewed the leader's lease, and the others
        have heard from that leader, and that its lease was renewed, all since these times by their own
        clocks; and nobody campaigns above it.
        """
        replicas = self.replicas()
        leader = leader_of(replicas)
        if leader is None or not self.all_near(replicas):
            return False
        ballot = leader.leading
        for replica in replicas:
            mark, campaign = since.get(replica.member, replica.env.now), replica.campaign
            heard_at = leader.leadership.lease_start
            if replica is not leader:
                heard_at = min(replica.contact_at, replica.heard_alive_at)
            follows = replica is leader or replica.leader_ballot == ballot
            if not follows or heard_at <= mark or (campaign is not None and campaign.ballot > ballot):
                return False
        return True

    def is_over(self) -> bool:
        """Whether there is no group any more."""
        return False

    def is_damaged(self) -> bool:
        """Whether a voter has lost something that it had synced: it falls silent when it finds that, with the
        next scrub at the latest.
        """
        return any(is_damaged(self.observation, voter) for voter in self.observation.config.voters)

    def calm(self) -> bool:
        """Whether no election is on, and none can begin while nothing is lost: a leader serves, and nobody
        campaigns above it. A replica within its reach counts it as alive, and so neither campaigns nor lets
        another one. A replica that is cut off from it, as at a gray link, is not asking just now: the answers
        that it has may be from before.
        """
        replicas = self.replicas()
        leader = leader_of(replicas)
        if leader is None or not self.all_near(replicas):
            return False
        for replica in replicas:
            if replica.campaign is not None and replica.campaign.ballot > leader.leading:
                return False
            if is_cut_off(self.run.world.at(replica.member.node), leader.member):
                if replica.inquiry is not None:
                    return False
            elif replica.leader_ballot != leader.leading or not replica.hears_leader():
                return False
        return True

    def has_room(self) -> bool:
        """Whether the leader remembers at most half of what its rate admits, and so refuses no write."""
        leader = self.leader()
        if leader is None:
            return False
        requests, memory = services_of(leader)[0], leader.state.memory
        return bool(
            memory.count * 2 <= requests.meter.remembered_requests()
            and memory.bytes * 2 <= requests.remembered_bytes
        )

    def caught_up(self) -> bool:
        """Whether every live replica knows everything chosen."""
        through = self.observation.view.chosen_through
        return all(replica.admitted and replica.log.commit >= through for replica in self.replicas())

    def differs(self, replica: Any) -> str | None:
        """In what a replica's state is not the fold of the chosen entries, as the observer made it, or is
        laid out in pages otherwise than another's.
        """
        observation, state = self.observation, replica.state
        if state.applied != observation.view.chosen_through:
            return "applied slots"
        try:
            items, memory = beside_the_cache(state)
            stored = dict(items.range())
            found = {one.request: one for one in remembered_in(memory, state.timestamp)}
        except RottenPageError:
            return "pages"  # A scrub will find this too.
        if stored != observation.items:
            return "items"
        if (state.config, state.config_slot) != (observation.config, observation.config_slot):
            return "config"
        newest = observation.view.chosen.get(state.applied)
        if newest is not None and state.timestamp != newest.record.timestamp:
            return "timestamp"
        if newest is not None and state.proposed_at != newest.record.record.proposed_at:
            return "identity of the last record"
        if state.largest_delete != observation.largest_delete:
            return "timestamp of the last delete"
        if found != observation.remembered(state.timestamp):
            return "remembered requests"
        if rows(state) != rows(self.replicas()[0].state):
            return "rows of memory"
        if state.log_bytes != observation.holds.log_bytes:
            return "bytes of the log"
        return "holds" if state.holds != observation.holds.holds else None


def is_damaged(observation: Any, member: Member) -> bool:
    """Whether a member of the group that this observes has lost something that it had synced."""
    return member in observation.view.forgetful or member in observation.logs.with_rot


def leader_of(replicas: Sequence[Any]) -> Any:
    """Of these replicas the one that may serve, if there is one."""
    return next((replica for replica in replicas if replica.may_serve()), None)


def beside_the_cache(state: PartitionState) -> tuple[TreeView[StoredItem], TreeView[Row]]:
    """The trees of a state, read beside the cache of the node, so that looking changes nothing."""
    pages = state.pages
    beside = PageFile(pages.disk, pages.name, pages.page_bytes, PageCache(0), pages.older, pages.first)
    items, memory = (TreeView(beside, tree.codec, tree.root) for tree in state.trees)
    return items, memory


def rows(state: PartitionState) -> tuple[int, int, bytes]:
    """How many rows a state remembers, how much they take, and their digest; forgotten rows that have not
    gone yet are among them.
    """
    return state.memory.count, state.memory.bytes, digest_of(state.memory.tree)
