"""One replica group at its default settings in simulated time, with clients that write as fast as they are
answered: what `load_faults.py` measures. No spec is judged and nothing is observed but the clients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dynaproof.checkers.kinds.group import REPLICAS, first_config
from dynaproof.checkers.load.measuring import mean_round_trip_us
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.client import Client, ClientSettings
from dynaproof.checkers.world.listening import Observer
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import ONLY_LANE, Env, Message, NodeId
from dynaproof.impl.partition.messages.requests import Operation, Put, Rejected
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.messages.membership import CreateReplica
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.observe.impl.place import replica_of

SECOND = 1_000_000
OPTIONS = Options(capacity=1 << 20)
"""Latencies and syncs by default, and no full link."""


def mean_round_trip(options: Options) -> float:
    """Of two messages, in microseconds."""
    return mean_round_trip_us(options.latencies)


class Writer(Client):
    """Puts items of one size under random keys, one after the other."""

    def __init__(
        self, env: Env, settings: ClientSettings, group: GroupUnderLoad, keys: int, item_bytes: int
    ) -> None:
        super().__init__(env, REPLICAS, settings)
        self.group, self.keys, self.item = group, keys, b"x" * item_bytes
        self.stopped = False
        self.began = 0

    def next_operation(self) -> Operation | None:
        """The next put."""
        if self.stopped:
            return None
        self.began = self.group.world.tau
        return Put(b"k%07d" % self.env.random("key", self.keys), self.item)

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Count refusals by their reason."""
        if isinstance(message, Rejected):
            self.group.refused[message.reason] += 1
        super().on_message(sender, message)

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """Keep how long it took."""
        self.group.ended[ending] += 1
        self.group.took.append(self.group.world.tau - self.began)


class GroupUnderLoad:
    """Three replicas, and writers that start when a leader serves."""

    def __init__(
        self,
        clients: int,
        *,
        settings: Settings | None = None,
        options: Options = OPTIONS,
        think_us: int = 1,
        keys: int = 4_096,
        item_bytes: int = 100,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.settings = settings = Settings() if settings is None else settings
        self.ended: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.took: list[int] = []
        """Microseconds of each write that ended."""
        client = ClientSettings(think_us=think_us)
        self.clients = [NodeId("region", "client", f"c{number}") for number in range(clients)]

        def host(env: Env) -> Any:
            return StorageNode(env, REPLICAS, settings)

        def writer(env: Env) -> Any:
            return Writer(env, client, self, keys, item_bytes)

        nodes = [(node, host) for node in REPLICAS] + [(node, writer) for node in self.clients]
        self.world = World(nodes, Timed(1), options, observers)
        self.world.keep_trace = False
        self._serve()

    def _serve(self) -> None:
        world, config = self.world, first_config()
        for node in REPLICAS:
            world.start(world.at(node))
        for voter in config.voters:
            place = world.at(voter.node)
            world.run(place, place.node.on_message, place.id, CreateReplica(voter, config, 0))
        first = REPLICAS[0]
        while self.replica(first) is None:
            world.step()
        world.run(world.at(first), self.replica(first).start_campaign)
        while self.leader() is None:
            world.step()

    def fill(self, items: int, item_bytes: int) -> None:
        """Put a tree into every replica, as if it had been there from the beginning; each has written it down
        when this returns.
        """
        stored = StoredItem(b"y" * item_bytes, 0, 0)
        for node in REPLICAS:
            replica = self.replica(node)
            for number in range(items):
                replica.state.items.put(b"k%07d" % number, stored)
        self.checkpoint()

    def checkpoint(self) -> None:
        """Have every replica write down what it has applied, and cut its log below what it retains."""
        for node in REPLICAS:
            self.world.run(self.world.at(node), self.replica(node).write_checkpoint)
        assert self.run(60 * SECOND, self.written_down), "a checkpoint is durable after a few syncs"

    def written_down(self) -> bool:
        """Whether every replica has a checkpoint, and none under way."""
        logs = [(replica.checkpoint, replica.log.head.snapshot) for replica in map(self.replica, REPLICAS)]
        return all(under_way is None and snapshot is not None for under_way, snapshot in logs)

    def start(self) -> None:
        """Let the clients write."""
        for node in self.clients:
            self.world.start(self.world.at(node))

    def stop(self) -> None:
        """Let them begin nothing more."""
        for node in self.clients:
            self.world.at(node).node.stopped = True  # type: ignore[attr-defined]

    def replica(self, node: NodeId) -> Any:
        """The replica on a storage node; None where there is none."""
        return replica_of(self.world.at(node), ONLY_LANE)

    def leader(self) -> Any:
        """The replica that serves; None if none does."""
        for node in REPLICAS:
            place = self.world.at(node)
            replica = self.replica(node) if place.up else None
            if replica is not None and replica.may_serve():
                return replica
        return None

    def followers(self) -> list[NodeId]:
        """The nodes whose replica does not serve."""
        leader = self.leader()
        return [node for node in REPLICAS if leader is None or node.name != leader.member.node.name]

    def chosen(self) -> int:
        """The highest commit index."""
        found = [self.replica(node) for node in REPLICAS if self.world.at(node).up]
        return max(replica.log.commit for replica in found if replica is not None)

    def run(self, microseconds: int, done: Callable[[], bool] | None = None) -> bool:
        """Let so much time pass, or less if `done()`; whether it was done."""
        world = self.world
        until = world.tau + microseconds
        while world.tau < until:
            if done is not None and done():
                return True
            world.step()
        return done is not None and done()
