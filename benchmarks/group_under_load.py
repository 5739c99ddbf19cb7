"""One replica group at its default settings in simulated time, with clients that write as fast as they are
answered: what `load_faults.py` measures. No spec is judged and nothing is observed but the clients.

    ./run python benchmarks/group_under_load.py [--beside COMMIT]

says what a put costs where many clients write: messages, syncs of the three replicas, and CPU time of the one
process in which all of them run, simulator and clients included. Messages and syncs take no time there, so
the counts are the same on every machine. With `--beside` the same is measured of another commit, by turns,
each time in a process of its own, and the best of each is compared. Exit status 1 if a figure is over its
bound.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

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
AT_ONCE = Options(latencies=(1,), sync_us=(1,), capacity=1 << 20)
"""Messages and syncs take no time."""
CLIENTS, WARM_PUTS, PUTS, ROUNDS = 256, 4_096, 16_384, 5
MESSAGES, SYNCS, CPU_RATIO = 2.5, 0.1, 0.65
"""The bounds of what a put costs, and of its CPU time against that of another commit."""


def mean_round_trip(options: Options) -> float:
    """Of two messages, in microseconds."""
    return mean_round_trip_us(options.latencies)


class Writer(Client):
    """Puts items of one size under random keys, one after the other."""

    def __init__(
        self, env: Env, settings: ClientSettings, load: GroupUnderLoad, keys: int, item_bytes: int
    ) -> None:
        super().__init__(env, REPLICAS, settings)
        self.load, self.keys, self.item = load, keys, b"x" * item_bytes
        self.stopped = False
        self.began = 0

    def next_operation(self) -> Operation | None:
        """The next put."""
        if self.stopped:
            return None
        self.began = self.load.world.tau
        return Put(b"k%07d" % self.env.random("key", self.keys), self.item)

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Count refusals by their reason."""
        if isinstance(message, Rejected):
            self.load.refused[message.reason] += 1
        super().on_message(sender, message)

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """Keep how long it took."""
        self.load.ended[ending] += 1
        self.load.took.append(self.load.world.tau - self.began)


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
        for voter in config.voters:  # As any commit that this is measured beside does it, too.
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

    def messages(self) -> int:
        """How many messages have left for other nodes so far."""
        links = [link for place in self.world.places.values() for link in place.links.values()]
        distinct = {link.name: link for link in links if link is not None}
        return sum(link.sent for link in distinct.values() if ">" in link.name)

    def syncs(self) -> int:
        """How many syncs the replicas have begun so far."""
        return sum(self.world.at(node).syncs for node in REPLICAS)


class Cost(Struct, frozen=True):
    """What a put costs."""

    messages: float
    syncs: float
    cpu_us: float

    def __str__(self) -> str:
        return f"{self.messages:.2f} messages, {self.syncs:.3f} syncs, {self.cpu_us:.0f} us of CPU time a put"


def cost() -> Cost:
    """Of a put, where many clients write."""
    group = GroupUnderLoad(CLIENTS, options=AT_ONCE)
    group.start()

    def write(puts: int) -> None:
        goal = len(group.took) + puts
        while len(group.took) < goal:
            group.world.step()

    write(WARM_PUTS)
    messages, syncs = group.messages(), group.syncs()
    gc.collect()
    began = time.process_time()
    write(PUTS)
    took = time.process_time() - began
    assert set(group.ended) == {"ok"}, "every put is answered"
    return Cost((group.messages() - messages) / PUTS, (group.syncs() - syncs) / PUTS, took * 1_000_000 / PUTS)


def cost_in(tree: Path) -> Cost:
    """The same of the code in a directory, in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--once"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, cwd=tree, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Cost)


def best(costs: Sequence[Cost]) -> Cost:
    """The one that took least."""
    return min(costs, key=lambda cost: cost.cpu_us)


def by_turns(commit: str) -> tuple[Cost, Cost]:
    """What a put costs here and at another commit, the best of several turns of each.

    Raises:
        subprocess.CalledProcessError: git knows no such commit.
    """
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as directory:
        there = Path(directory) / "tree"
        git = ["git", "-C", str(here), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(there), commit], check=True)
        try:
            turns = [(cost_in(here), cost_in(there)) for _ in range(ROUNDS)]
        finally:
            subprocess.run([*git, "remove", "--force", str(there)], check=True)
    return best([one for one, _ in turns]), best([other for _, other in turns])


def main() -> int:
    """Measure, print, and compare with the bounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--beside", metavar="COMMIT", help="measure this commit too, by turns")
    parser.add_argument("--once", action="store_true", help="measure once, and print JSON")
    arguments = parser.parse_args()
    if arguments.once:
        print(msgspec.json.encode(cost()).decode())
        return 0
    if arguments.beside is None:
        found, ratio = cost(), 0.0
    else:
        try:
            found, other = by_turns(arguments.beside)
        except subprocess.CalledProcessError as error:
            print(f"{arguments.beside} cannot be measured: {error}", file=sys.stderr)
            return 2
        ratio = found.cpu_us / other.cpu_us
        print(f"at {arguments.beside}: {other}; here {ratio:.2f} of that CPU time ({CPU_RATIO} at the most)")
    print(f"here: {found} ({MESSAGES} messages and {SYNCS} syncs at the most)")
    return 0 if found.messages <= MESSAGES and found.syncs <= SYNCS and ratio <= CPU_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
