"""The scenario `partition`: one replica group in three zones, a few clients, few keys; faults, then a fair
end.

Fixture: the replicas are created and a leader serves. Then `length` steps under the configuration's strategy
and faults. Then the faults stop, time is fair again, and what must happen eventually is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynaproof.checkers.simulator import fair_end
from dynaproof.checkers.simulator.evaluation import Evaluation
from dynaproof.checkers.simulator.events import Strategy
from dynaproof.checkers.simulator.faults import Injector
from dynaproof.checkers.simulator.judge import Judge
from dynaproof.checkers.simulator.run import Failure, Outcome, RunConfig
from dynaproof.checkers.simulator.workload import WorkloadClient
from dynaproof.checkers.simulator.world import Observer, World
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.strategies.untimed import Pct, Pos, RandomWalk
from dynaproof.impl.node import Env, Node, NodeId
from dynaproof.impl.router.reader import LogReader, ReaderSettings
from dynaproof.impl.storage.host import StorageNode
from dynaproof.impl.storage.ids import Member
from dynaproof.impl.storage.messages import CreateReplica, Get, Put
from dynaproof.impl.storage.records import Config
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.promises import OF_A_GROUP
from dynaproof.specs.spec import AnySpec

UNTIMED: dict[str, type[RandomWalk]] = {"random": RandomWalk, "pct": Pct, "pos": Pos}
"""The strategies of untimed mode; `timed` is the other."""

REPLICAS = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))

END_OPERATIONS = 50
"""What a client still does once the faults have stopped, at the most."""

READER = NodeId("region", "client", "reader")
"""Reads the log through a cursor, as an archive does."""

FRESH = b"fresh"
FRESH_ITEM = encode_item({"id": S("fresh")})
"""What is written, and must be read, when all is quiet."""

PRUNED = 4096
"""Steps between two looks at what no spec can ask for any more."""

ASKED = 8
"""Steps between two looks at whether a phase is over: a phase ends a few steps late, never early."""


class Watcher(ImplObserver, Observer):
    """Observes a world's nodes; see `ImplObserver`."""


class PartitionRun:
    """One run, step by step."""

    world_class = World

    def __init__(self, config: RunConfig, specs: tuple[AnySpec, ...] = OF_A_GROUP) -> None:
        """Make the nodes, and hold the specs against what is observed.

        Raises:
            SpecError: a spec would never be judged.
        """
        self.config = config
        self.failure: Failure | None = None
        self.fixture_steps = 0
        voters = tuple(Member(node, index + 1) for index, node in enumerate(REPLICAS))
        self.group = Config(0, voters, len(voters) + 1)
        self.watcher = Watcher(self.group, {}, Judge)
        provided = (*self.watcher.PROVIDES, *fair_end.PROVIDES)
        self.evaluation = Evaluation(specs, (self.watcher.view,), provided)
        self.clients = [f"c{number}" for number in range(config.clients)]
        nodes = [(node, self._storage()) for node in REPLICAS]
        nodes += [(NodeId("region", "client", name), self._client) for name in self.clients]
        nodes.append((READER, self._reader))
        self.fair = Timed(config.seed)
        self.world = self.world_class(nodes, self.fair, config.options, self.watcher)
        self.world.keep_trace = False
        for name in (*self.clients, READER.name):
            self.world.slots[name].watched = False
        self.injector = Injector(self.world, config, self.watcher, [node.name for node in REPLICAS])

    def _storage(self) -> Any:
        def make(env: Env) -> Node:
            return StorageNode(env, REPLICAS, self.config.settings)

        return make

    def _client(self, env: Env) -> Node:
        config = self.config
        reads_only = env.me.name in self.clients[len(self.clients) - config.readers :]
        return WorkloadClient(env, REPLICAS, config.client, config.operations, config.keys, reads_only)

    def _reader(self, env: Env) -> Node:
        pause = self.config.settings.heartbeat_us // 2
        return LogReader(env, REPLICAS, ReaderSettings(pause_us=pause, questions=2 * self.config.operations))

    # --- Phases ---

    def fixture(self) -> None:
        """Create the replicas and wait for a serving leader."""
        world = self.world
        for node in REPLICAS:
            world.start(world.slots[node.name])
        for voter in self.group.voters:
            slot = world.slots[voter.node.name]
            world.run(slot, slot.node.on_message, slot.id, CreateReplica(voter, self.group, 0))
        # A replica with a slow clock would hardly ever win an election, so who leads first is drawn.
        first = world.slots[REPLICAS[self.config.seed % len(REPLICAS)].name]
        world.run(first, first.node.replica.start_campaign)  # type: ignore[attr-defined]
        self.advance(lambda: self.leader() is not None, 5_000)
        self.fixture_steps = world.steps
        for name in (*self.clients, READER.name):
            world.start(world.slots[name])

    def faulty(self) -> None:
        """The steps in which things go wrong."""
        world = self.world
        self.go_wrong()
        end = world.steps + self.config.length
        injector, first = self.injector, self.fixture_steps
        while world.steps < end and self.failure is None:
            pause = min(end, world.steps + PRUNED)
            while world.steps < pause and self.failure is None:
                if world.steps - first >= injector.next:
                    injector.at(world.steps - first)
                    self.check()
                if not self.step():
                    return
            self.watcher.prune()
            self.check()

    def go_wrong(self) -> None:
        """Hand over to the configuration's strategy, and let the network lose and repeat messages."""
        config, world = self.config, self.world
        world.loss, world.duplication = config.loss, config.duplication
        if config.strategy in UNTIMED:
            self.swap(UNTIMED[config.strategy](config.seed, config.timer_weight), timed=False)

    def heal(self) -> None:
        """Faults off, fair and timed from here on."""
        config, world = self.config, self.world
        if config.strategy in UNTIMED:
            self.swap(Timed(config.seed + 1), timed=True)
        world.fault("end", world.slots[REPLICAS[0].name], 0)
        for name in self.clients:
            client = world.slots[name].node
            assert isinstance(client, WorkloadClient)
            client.left = min(client.left, END_OPERATIONS)
        self.injector.heal(config.end)

    def end(self) -> None:
        """Judge what must happen once the faults have stopped."""
        fair_end.judge_end(self)

    def probe(self) -> bytes:
        """A client begins to write a fresh key and to read it: an event, as the end of the faults is one."""
        slot = self.world.slots[self.clients[0]]
        self.world.fault("probe", slot, 0)
        assert isinstance(slot.node, WorkloadClient)
        slot.node.ask(Put(FRESH, FRESH_ITEM), Get(FRESH, strong=True))
        self.world.run(slot, slot.node.begin)
        return FRESH

    def swap(self, strategy: Strategy, timed: bool) -> None:
        """Hand all enabled events to another strategy."""
        world = self.world
        for event in world.strategy.drain():
            event.due = max(event.due, world.tau)
            strategy.add(event)
        world.strategy = strategy
        world.timed = timed

    def advance(self, done: Callable[[], bool], limit: int) -> None:
        """Step until `done()`, which is asked now and then, at most `limit` times."""
        for number in range(limit):
            if not number % ASKED and done():
                return
            self.step()
            if self.failure is not None:
                return

    def advance_until(self, done: Callable[[], bool], duration: int, limit: int) -> None:
        """Step until `done()`, or this much time has passed; at most `limit` times."""
        until = self.world.tau + duration
        self.advance(lambda: self.world.tau >= until or done(), limit)

    def step(self) -> bool:
        """One event, and the specs on what it changed."""
        world = self.world
        event = world.strategy.pop()
        if event is None:
            return False
        world.happen(event)
        if self.watcher.view.fresh:
            self.check()
        return True

    def check(self) -> None:
        """Evaluate the specs that look at a fresh fact."""
        for spec, sentence in self.evaluation.broken(self.world.tau):
            self.fail(spec.name, sentence)

    def fail(self, spec: str, sentence: str) -> None:
        """Keep the first failure."""
        if self.failure is None:
            self.failure = Failure(spec, sentence, self.world.steps - self.fixture_steps)

    # --- What phases wait for ---

    def replicas(self) -> list[Any]:
        """The live, admitted replicas."""
        found = []
        for node in REPLICAS:
            slot = self.world.slots[node.name]
            replica = getattr(slot.node, "replica", None)
            if slot.up and replica is not None and node.name != self.injector.excluded:
                found.append(replica)
        return found

    def leader(self) -> Any:
        """The replica that may serve, if there is one."""
        for replica in self.replicas():
            if replica.may_serve():
                return replica
        return None

    def clients_done(self) -> bool:
        """Whether every client has nothing more to do."""
        for name in self.clients:
            client = self.world.slots[name].node
            assert isinstance(client, WorkloadClient)
            if client.left or client.request is not None:
                return False
        return True

    def expected_replicas(self) -> int:
        """How many replicas the group must have in the end."""
        return 2 if self.injector.excluded else 3

    def quiet(self) -> bool:
        """Whether every live replica shows the fold of all that is chosen, and a leader serves."""
        replicas = self.replicas()
        if len(replicas) < self.expected_replicas() or self.leader() is None:
            return False
        return all(
            replica.admitted and replica.log.commit == replica.log.last and self.differs(replica) is None
            for replica in replicas
        )

    def caught_up(self) -> bool:
        """Whether every live replica knows all that is chosen."""
        through = self.watcher.view.chosen_through
        return all(replica.admitted and replica.log.commit >= through for replica in self.replicas())

    def differs(self, replica: Any) -> str | None:
        """In what a replica's state is not the fold of the chosen entries, as the observer made it."""
        watcher, state = self.watcher, replica.state
        if state.applied != watcher.view.chosen_through:
            return "applied slots"
        if dict(state.items.range()) != watcher.items:
            return "items"
        if state.config != watcher.config:
            return "config"
        if state.remembered != watcher.remembered(state.timestamp):
            return "remembered requests"
        holds = {name: (hold.through, hold.lapses_at) for name, hold in state.holds.items()}
        return "holds" if holds != watcher.view.holds else None


def execute(config: RunConfig, specs: tuple[AnySpec, ...] = OF_A_GROUP) -> Outcome:
    """Run a configuration to its end, or to the first failure of these specs.

    Raises:
        SpecError: a spec would never be judged.
    """
    run = PartitionRun(config, specs)
    return finish(run)


def finish(run: PartitionRun) -> Outcome:
    """All phases of a run."""
    run.fixture()
    if run.failure is None:
        run.faulty()
    if run.failure is None:
        run.end()
    return outcome_of(run)


def outcome_of(run: PartitionRun) -> Outcome:
    """What came of a run that is over."""
    world, watcher = run.world, run.watcher
    return Outcome(
        world.digest(),
        world.steps,
        world.tau,
        run.failure,
        watcher.endings,
        watcher.reached,
        {**run.injector.injected, **world.fell},
        len(watcher.judges),
        sum(judge.overflowed for judge in watcher.judges.values()),
    )
