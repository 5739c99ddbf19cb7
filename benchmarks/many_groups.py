"""Many groups on three nodes, each figure with its bound: `./run python benchmarks/many_groups.py`.

What an idle group takes: memory on all three nodes together, by the allocator, as the difference that more
groups make; and events of the simulator, which are messages, timers and syncs. And what neighbours cost: how
long a strong read takes beside groups that write as fast as they can, against the same read beside idle ones.

Times are of the simulator's clock and the default settings, so they are the same on every machine; memory
depends on the version of Python. Exit status 1 if a figure is over its bound.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from group_under_load import OPTIONS, SECOND
from msgspec import Struct

from dynaproof.checkers.kinds.group import REPLICAS, command_voters, first_config
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.client import Client, ClientSettings
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Get, Operation, Put
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.observe.impl.place import replica_of

GROUPS = 300
FEW = 100
"""Groups beside which the memory of more is measured."""
BUSY = 290
THINK_US = 20_000
"""Pause of a writer of a busy group, at the most: all together, their syncs follow one another."""
IDLE_US = 10 * SECOND
READ_US = SECOND // 4
IDLE_BYTES, IDLE_EVENTS, READ_RATIO = 100_000, 10, 1.2
"""The bounds."""


class Figure(Struct, frozen=True):
    """What was measured, and its bound."""

    what: str
    measured: float
    bound: float
    unit: str

    @property
    def within(self) -> bool:
        """Whether the bound is kept."""
        return self.measured <= self.bound


class Asker(Client):
    """Asks one group for the same thing again and again, and keeps how long each answer took."""

    def __init__(self, env: Env, group: int, operation: Operation, think_us: Microseconds) -> None:
        super().__init__(env, REPLICAS, ClientSettings(think_us=think_us), group)
        self.operation = operation
        self.began = 0
        self.took: list[int] = []

    def next_operation(self) -> Operation:
        """The same as ever."""
        self.began = self.env.now
        return self.operation

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """It is answered."""
        if ending == "ok":
            self.took.append(self.env.now - self.began)


class ManyGroups:
    """Three nodes with a replica of each of so many groups, which all have a leader; and clients."""

    def __init__(self, groups: int, busy: int = 0) -> None:
        settings = Settings()
        reader = NodeId("region", "client", "reader")
        writers = [NodeId("region", "client", f"c{group}") for group in range(1, busy + 1)]

        def host(env: Env) -> Any:
            return StorageNode(env, REPLICAS, settings, tuple(range(groups)))

        def writing(group: int) -> Callable[[Env], Any]:
            return lambda env: Asker(env, group, Put(b"key", b"x" * 100), THINK_US)

        nodes: list[tuple[NodeId, Callable[[Env], Any]]] = [(node, host) for node in REPLICAS]
        nodes.append((reader, lambda env: Asker(env, 0, Get(b"key", strong=True), 1_000)))
        nodes += [(node, writing(number + 1)) for number, node in enumerate(writers)]
        self.world = World(nodes, Timed(1), OPTIONS)
        self.world.keep_trace = False
        self.groups = groups
        self.lead()
        for node in (reader, *writers):
            if busy or node is reader:
                self.world.start(self.world.at(node))
        self.reader: Any = self.world.at(reader).node

    def lead(self) -> None:
        """Make all replicas, and let one of each group lead."""
        world, config = self.world, first_config()
        for node in REPLICAS:
            world.start(world.at(node))
        for group in range(self.groups):
            command_voters(world, config, group)
        self.until(lambda group: all(replica_of(world.at(node), group) for node in REPLICAS))
        for group in range(self.groups):
            place = world.at(REPLICAS[group % len(REPLICAS)])
            replica = replica_of(place, group)
            assert replica is not None, "all replicas are made"
            world.run(place, replica.start_campaign, lane=group)
        self.until(self.served)

    def served(self, group: int) -> bool:
        """Whether a leader of a group serves."""
        replicas = (replica_of(self.world.at(node), group) for node in REPLICAS)
        return any(replica is not None and replica.may_serve() for replica in replicas)

    def until(self, holds: Callable[[int], bool]) -> None:
        """Let time pass until something has held of every group."""
        for group in range(self.groups):
            while not holds(group):
                self.world.step()

    def run(self, microseconds: int) -> int:
        """Let so much time pass; how many events there were."""
        world, until = self.world, self.world.tau + microseconds
        before = world.steps
        while world.tau < until:
            world.step()
        return world.steps - before


def taken(groups: int) -> tuple[int, float]:
    """What so many idle groups and their nodes take: bytes in memory, and events a second."""
    gc.collect()
    tracemalloc.start()
    made = ManyGroups(groups)
    made.run(IDLE_US)
    events = made.run(IDLE_US)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size, events * SECOND / IDLE_US


def idle_group() -> tuple[float, float]:
    """What one idle group takes on three nodes: the difference that more of them make."""
    (more, often), (few, seldom) = taken(GROUPS), taken(FEW)
    return (more - few) / (GROUPS - FEW), (often - seldom) / (GROUPS - FEW)


def read_us(busy: int) -> float:
    """How long a strong read takes in one group while so many others are written to."""
    made = ManyGroups(BUSY + 1, busy)
    made.run(READ_US)
    made.reader.took.clear()
    made.run(READ_US)
    took = sorted(made.reader.took)
    return float(took[len(took) // 2])


def figures() -> list[Figure]:
    """All of them."""
    idle, busy = read_us(0), read_us(BUSY)
    print(f"strong read beside idle groups: {idle:.0f} us; beside {BUSY} busy ones: {busy:.0f} us")
    size, events = idle_group()
    return [
        Figure("memory of an idle group on three nodes", size, IDLE_BYTES, "bytes"),
        Figure("events of an idle group", events, IDLE_EVENTS, "a second"),
        Figure(f"strong read beside {BUSY} busy groups, against idle ones", busy / idle, READ_RATIO, "times"),
    ]


def main() -> int:
    """Measure, print, and compare with the bounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    found = figures()
    for figure in found:
        verdict = "within" if figure.within else "OVER"
        print(f"{figure.what}: {figure.measured:.2f} {figure.unit} ({verdict} the bound of {figure.bound:g})")
    return 0 if all(figure.within for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
