"""A table under a constant open load of 0.9 of its partitions' rates, without faults, in simulated time: one
partition, and four. More partitions must serve as much more, as fast, for as few syncs.

    ./run python benchmarks/busy_table.py [--seconds N] [--rate N]

Prints a row for each number of partitions: writes that were answered and refused, their latencies from the
time at which they were due, and the syncs of all storage nodes for each write. Exits with 1 if something is
refused, or if four partitions are slower than 1.2 times one, or need more syncs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from msgspec import structs

from dynaproof.checkers.kinds.region import (
    ADMIN_NODES,
    ROUTER_NODES,
    RegionConfig,
    hosts,
    make_admin,
    make_host,
    make_router,
)
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.user import SCHEMA, UserSettings
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.orders import CreateTable
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.messages import (
    Answered,
    Ask,
    DescribeTable,
    Failed,
    PutItem,
)
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import OpenSession, Session, SessionOpened
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item

LOADER = NodeId("region", "user", "loader")
SHARE = 0.9
"""Of the rate,"""
WARM_US = 1_000_000
"""and how long the load is on before anything counts."""
SLOWER = 1.2
"""By how much the p99 of four partitions may be above that of one."""


class DueTimer(Timer, frozen=True, gc=False, tag="due"):
    """A write is due."""


class Loader:
    """Writes at a constant rate through all routers in turn, whether or not it was answered."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.sessions: dict[NodeId, Session] = {}
        self.numbers = 0
        self.made = 0
        """Writes so far."""
        self.interval_us = 0.0
        self.first_due_us = 0
        self.due: dict[int, int] = {}
        """When each write that was not answered was due."""
        self.took: list[tuple[int, int]] = []
        """When each was due, and how long it took."""
        self.refused: dict[str, int] = {}

    def on_start(self) -> None:
        """Open a session with each router."""
        for router in ROUTER_NODES:
            self.env.send(router.address, OpenSession(0))

    def load(self, writes_per_s: float) -> None:
        """Begin."""
        self.interval_us, self.first_due_us = 1_000_000 / writes_per_s, self.env.now
        self.env.set_timer(1, DueTimer())

    def stop(self) -> None:
        """Write no more."""
        self.env.cancel_timer(DueTimer())

    def ask(self, action: object) -> None:
        """Ask some router."""
        router = ROUTER_NODES[self.numbers % len(ROUTER_NODES)].address
        self.numbers += 1
        self.env.send(router, Ask(self.sessions[router], self.numbers, action))  # type: ignore[arg-type]

    def on_timer(self, timer: Timer) -> None:
        """Make all writes that are due."""
        while True:
            due = self.first_due_us + round(self.made * self.interval_us)
            if due > self.env.now:
                self.env.set_timer(due - self.env.now, DueTimer())
                return
            self.made += 1
            self.ask(PutItem("busy", encode_item({"id": S(f"k{self.numbers}"), "value": S("x" * 100)})))
            self.due[self.numbers] = due

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an answer."""
        if isinstance(message, SessionOpened):
            self.sessions[sender.address] = message.session
        elif isinstance(message, (Answered, Failed)) and message.number in self.due:
            due = self.due.pop(message.number)
            if isinstance(message, Answered):
                self.took.append((due, self.env.now - due))
            else:
                self.refused[message.error] = self.refused.get(message.error, 0) + 1


def region(rate: int) -> RegionConfig:
    """Six storage nodes, three routers and two admins, with the constants of the service."""
    settings = Settings(repairs_itself=False, admitted_writes_per_s=rate)
    user = UserSettings(timeout_us=10_000_000, think_us=1, operations=0, keys=1)
    return RegionConfig(
        scenario="busy-table",
        seed=1,
        strategy="timed",
        settings=settings,
        report_us=1_000_000,
        admin=AdminSettings(),
        router=structs.replace(RouterSettings(), requests=100_000),
        user=user,
        users=0,
    )


def measure(partitions: int, rate: int, seconds: int) -> dict[str, float]:
    """A table of so many partitions at 0.9 of its rate."""
    config = region(rate)
    nodes = [(node, lambda env: make_host(env, config)) for node in hosts(config)]
    nodes += [(node, lambda env: make_admin(env, config)) for node in ADMIN_NODES]
    nodes += [(node, lambda env: make_router(env, config)) for node in ROUTER_NODES]
    nodes.append((LOADER, Loader))  # type: ignore[arg-type]
    world = World(nodes, Timed(1), Options(latencies=(300, 500, 900), sync_us=(100, 200)))
    world.keep_trace = False
    for place in world.places.values():
        world.start(place)

    def run(duration_us: int) -> None:
        until = world.tau + duration_us
        while world.tau < until and world.step():
            pass

    loader, place = world.places[LOADER.name].node, world.places[LOADER.name]
    assert isinstance(loader, Loader)
    run(15_000_000)
    world.run(place, loader.ask, CreateTable("busy", SCHEMA, partitions))
    run(3_000_000)
    for _ in ROUTER_NODES:  # Each router knows the table.
        world.run(place, loader.ask, DescribeTable("busy"))
    run(1_000_000)
    syncs, began = sum(world.places[node.name].syncs for node in hosts(config)), time.process_time()
    world.run(place, loader.load, SHARE * rate * partitions)
    start = world.tau
    run(WARM_US + seconds * 1_000_000)
    world.run(place, loader.stop)
    run(2_000_000)
    syncs = sum(world.places[node.name].syncs for node in hosts(config)) - syncs
    took = sorted(us for due, us in loader.took if due >= start + WARM_US)
    return {
        "partitions": partitions,
        "writes": len(took),
        "refused": sum(loader.refused.values()) + len(loader.due),
        "writes_per_s": len(took) / seconds,
        "p50_ms": took[len(took) // 2] / 1_000,
        "p99_ms": took[len(took) * 99 // 100] / 1_000,
        "most_ms": took[-1] / 1_000,
        "syncs_per_write": syncs / max(1, len(loader.took)),
        "cpu_s": time.process_time() - began,
    }


def main(arguments: Sequence[str]) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="A table under a constant load of 0.9 of its rate.")
    parser.add_argument("--seconds", type=int, default=5, help="simulated seconds that count")
    parser.add_argument("--rate", type=int, default=1_000, help="writes per second of one partition")
    asked = parser.parse_args(arguments)
    rows = [measure(partitions, asked.rate, asked.seconds) for partitions in (1, 4)]
    print("  ".join(f"{name:>15}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:15,.2f}" for value in row.values()))
    one, four = rows
    wrong = []
    if one["refused"] or four["refused"]:
        wrong.append("something was refused")
    if four["p99_ms"] > SLOWER * one["p99_ms"]:
        wrong.append(f"the p99 of four partitions is above {SLOWER} times that of one")
    if four["syncs_per_write"] > one["syncs_per_write"]:
        wrong.append("four partitions need more syncs for a write")
    print("; ".join(wrong) or "within all bounds")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
