"""A region at its default settings in simulated time, whose trees are there from the beginning, and a load
that does not wait for answers: what `repair.py` and `split.py` measure. No spec is judged, and nothing is
observed but the loader and what these look at.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.kinds.region import ADMIN_NODES, ROUTER_NODES, ZONES
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.user import SCHEMA
from dynaproof.checkers.world.listening import Observer
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.place import Place
from dynaproof.checkers.world.world import World
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.orders import CreateTable
from dynaproof.impl.metadata.records import (
    METADATA,
    NodeRecord,
    PartitionRecord,
    decode,
    node_key,
    partition_key,
)
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.messages import Action, Answered, Ask, DescribeTable, Failed, GetItem, PutItem
from dynaproof.impl.router.router import Router
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import OpenSession, Session, SessionOpened
from dynaproof.impl.storage_node.agent import Region
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import encode_key
from dynaproof.impl.values.key_range import equal_parts

SECOND = 1_000_000
OPTIONS = Options(capacity=1 << 20)
"""Latencies and syncs by default, and no full link."""
SLICE_US = 500
"""How exactly it is noticed when something is so."""
ROWS = 4
"""Storage nodes of each zone: the last of them hosts the metadata, so that a loss is a table's alone."""
TABLE, ITEM_BYTES = "loaded", 1_000
LOADER = NodeId("region", "user", "loader")


def storage_nodes() -> tuple[NodeId, ...]:
    """All of them, over the zones in turn."""
    return tuple(NodeId("region", zone, f"s{zone}{row}") for row in range(1, ROWS + 1) for zone in ZONES)


def key_of(number: int) -> dict[str, Any]:
    """The key of an item."""
    return {"id": S(f"k{number:07d}")}


class DueTimer(Timer, frozen=True, gc=False, tag="due"):
    """A request is due."""


class Answer(Struct, frozen=True):
    """When a request was due, and after which time it was answered."""

    due: int
    took: int


class Loader:
    """Puts and strong reads by turns, of random items, at a constant rate through all routers in turn,
    whether or not anything was answered.
    """

    def __init__(self, env: Env, items: int) -> None:
        self.env = env
        self.items = items
        self.value = S("x" * ITEM_BYTES)
        self.sessions: dict[NodeId, Session] = {}
        self.numbers = self.made = self.first_due_us = 0
        self.interval_us = 0.0
        self.due: dict[int, int] = {}
        """When each request that was not answered was due."""
        self.answers: list[Answer] = []
        self.refused: list[int] = []
        """When each request that was refused was due."""
        self.ordered: dict[int, Message | None] = {}
        """What was answered to each order."""

    def on_start(self) -> None:
        """Open a session with each router."""
        for router in ROUTER_NODES:
            self.env.send(router.address, OpenSession(0))

    def load(self, requests_per_s: int) -> None:
        """Begin."""
        self.interval_us, self.first_due_us, self.made = 1_000_000 / requests_per_s, self.env.now, 0
        self.env.set_timer(1, DueTimer())

    def stop(self) -> None:
        """Ask nothing more."""
        self.env.cancel_timer(DueTimer())

    def ask(self, action: Action) -> int:
        """Ask some router."""
        router = ROUTER_NODES[self.numbers % len(ROUTER_NODES)].address
        self.numbers += 1
        self.env.send(router, Ask(self.sessions[router], self.numbers, action))
        return self.numbers

    def order(self, action: Action) -> None:
        """Ask, and keep the answer."""
        self.ordered[self.ask(action)] = None

    def on_timer(self, timer: Timer) -> None:
        """Ask all that is due."""
        while True:
            due = self.first_due_us + round(self.made * self.interval_us)
            if due > self.env.now:
                self.env.set_timer(due - self.env.now, DueTimer())
                return
            self.made += 1
            key = key_of(self.env.random("key", self.items))
            put = PutItem(TABLE, encode_item({**key, "value": self.value}))
            action = put if self.made % 2 else GetItem(TABLE, encode_item(key), strong=True)
            self.due[self.ask(action)] = due

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an answer."""
        if isinstance(message, SessionOpened):
            self.sessions[sender.address] = message.session
        elif isinstance(message, (Answered, Failed)):
            due = self.due.pop(message.number, None)
            if due is None:
                self.ordered[message.number] = message
            elif isinstance(message, Answered):
                self.answers.append(Answer(due, self.env.now - due))
            else:
                self.refused.append(due)

    def first_answer(self, since: int) -> int:
        """When the first request that was due after a time was answered; 0 if none was."""
        return min((one.due + one.took for one in self.answers if one.due >= since), default=0)


class RegionUnderLoad:
    """A region with one table, whose partitions hold `items` items in all, written down and with no log
    below. It begins on the first `rows` of nodes of each zone, and on those of the metadata; then the others
    come.
    """

    def __init__(
        self,
        partitions: int,
        items: int,
        rows: int = ROWS,
        seed: int = 1,
        observers: Sequence[Observer] = (),
        given: Provisioned | None = None,
    ) -> None:
        self.items, self.given = items, given
        settings, nodes = Settings(repairs_itself=False), storage_nodes()
        region = Region(nodes[-len(ZONES) :], ADMIN_NODES)
        self.metadata = region.metadata

        def host(env: Env) -> StorageNode:
            groups = (METADATA,) if any(env.me.address == one.address for one in region.metadata) else ()
            return StorageNode(env, region.metadata, settings, groups, region=region)

        made: list[tuple[NodeId, Callable[[Env], Any]]] = [(node, host) for node in nodes]
        made += [(node, lambda env: Admin(env, region.metadata, AdminSettings())) for node in ADMIN_NODES]
        made += [
            (node, lambda env: Router(env, region.metadata, ADMIN_NODES, RouterSettings()))
            for node in ROUTER_NODES
        ]
        made.append((LOADER, lambda env: Loader(env, items)))
        self.world = World(made, Timed(seed), OPTIONS, observers)
        self.world.keep_trace = False
        first = nodes[: rows * len(ZONES)]
        for place in self.world.places.values():
            if place.id not in nodes or place.id in first or place.id in region.metadata:
                self.world.start(place)
        self._create(partitions)
        self._fill(partitions)
        for place in self.world.places.values():
            if not place.up:
                self.world.start(place)
        self.run(7 * SECOND)  # All have reported.

    # --- At the beginning ---

    def _create(self, partitions: int) -> None:
        self.run(8 * SECOND)  # An admin is active, and all nodes have reported.
        self.order(CreateTable(TABLE, SCHEMA, partitions, given=self.given))
        numbers = range(1, partitions + 1)
        ready = self.until(60 * SECOND, lambda: all(self.leader(one) is not None for one in numbers))
        assert ready, "every partition of a new table has a leader soon"
        for _ in ROUTER_NODES:
            self.order(DescribeTable(TABLE))
        self.run(4 * SECOND)  # And every replica has heard what is chosen.

    def _fill(self, partitions: int) -> None:
        starts = [one.start for one in equal_parts(partitions)]
        value = S("y" * ITEM_BYTES)
        replicas = [self.replicas(number) for number in range(1, partitions + 1)]
        for number in range(self.items):
            item = {**key_of(number), "value": value}
            key, stored = encode_key(SCHEMA, item), StoredItem(encode_item(item), 0, 0)
            for _, replica in replicas[bisect_right(starts, key) - 1]:
                replica.state.items.put(key, stored)
        each = [one for partition in replicas for one in partition]
        for place, replica in each:
            replica.settings = structs.replace(replica.settings, retained_slots=0)
            self.world.run(place, replica.write_checkpoint, lane=replica.group)
        done = self.until(10 * SECOND, lambda: all(replica.checkpoint is None for _, replica in each))
        assert done, "a checkpoint is durable after a few syncs"
        for _, replica in each:
            assert replica.log.first > 1, "the log is cut at it, so that who lacks the tree must copy it"
            replica.settings = structs.replace(replica.settings, retained_slots=Settings().retained_slots)

    # --- Time ---

    def run(self, microseconds: int) -> None:
        """Let so much time pass."""
        until, step = self.world.tau + microseconds, self.world.step
        while self.world.tau < until:
            step()

    def until(self, microseconds: int, done: Callable[[], bool]) -> bool:
        """Let so much time pass, or less if `done()`, which is asked now and then; whether it was done."""
        until = self.world.tau + microseconds
        while self.world.tau < until:
            if done():
                return True
            self.run(SLICE_US)
        return done()

    # --- What is done ---

    @property
    def loader(self) -> Loader:
        """Who asks."""
        node = self.world.at(LOADER).node
        assert isinstance(node, Loader)
        return node

    def load(self, requests_per_s: int) -> None:
        """From here on."""
        self.world.run(self.world.at(LOADER), self.loader.load, requests_per_s)

    def stop(self) -> None:
        """The load ends."""
        self.world.run(self.world.at(LOADER), self.loader.stop)

    def order(self, action: Action) -> None:
        """Order something, and wait until that is answered."""
        loader = self.loader
        self.world.run(self.world.at(LOADER), loader.order, action)
        number = loader.numbers
        assert self.until(20 * SECOND, lambda: loader.ordered[number] is not None), f"{action} is answered"
        answer = loader.ordered[number]
        assert isinstance(answer, Answered), f"{action}: {answer}"

    # --- What there is ---

    def replicas(self, partition: int) -> list[tuple[Place, Any]]:
        """The replicas of a partition that live."""
        found = []
        for node in storage_nodes():
            place = self.world.at(node)
            replica = place.node.replicas.get(partition) if place.up else None  # type: ignore[attr-defined]
            if replica is not None:
                found.append((place, replica))
        return found

    def leader(self, partition: int) -> Any:
        """The replica that serves; None if none does."""
        for place, replica in self.replicas(partition):
            if replica.leadership is not None:
                place.enter(partition)
                if replica.may_serve():
                    return replica
        return None

    def record(self, key: bytes) -> Any:
        """A record of the metadata as its leader has it."""
        leader = self.leader(METADATA)
        stored = None if leader is None else leader.state.items.get(key)
        return None if stored is None else decode(stored.item)

    def partition(self, number: int) -> PartitionRecord | None:
        """The record of a partition; None if the metadata has no leader now."""
        return self.record(partition_key(number))

    def node_record(self, node: NodeId) -> NodeRecord | None:
        """Likewise of a storage node."""
        return self.record(node_key(node.name))

    def admin(self) -> Admin | None:
        """The one that is active."""
        for node in ADMIN_NODES:
            admin = self.world.at(node).node
            if isinstance(admin, Admin) and admin.term.active:
                return admin
        return None

    def heard_disk(self, node: NodeId) -> int:
        """The incarnation of a node's disk, by its last report that came whole to the active admin."""
        admin = self.admin()
        heard = None if admin is None else admin.nodes.heard.get(node.address)
        return 0 if heard is None or heard.hosted is None else heard.report[0]

    def hosted(self, node: NodeId) -> int:
        """How many replicas of tables are on a node."""
        groups = self.world.at(node).node.replicas  # type: ignore[attr-defined]
        return sum(group != METADATA for group in groups)

    def has(self, node: NodeId, partition: int) -> bool:
        """Whether a node has a replica of a partition."""
        return partition in self.world.at(node).node.replicas  # type: ignore[attr-defined]
