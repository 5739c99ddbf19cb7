"""A small region in the simulator, without faults, whose users ask what a test tells them to. Every promise
of the scenario `table` is judged at every step.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.region import ADMIN_NODES, ROUTER_NODES, RegionConfig, hosts
from dynaproof.checkers.kinds.region_kinds import KINDS, USERS
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import nothing
from dynaproof.checkers.scenarios.table import TABLE, an_admin_is_active, boot, draw_table
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.user import User
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.place import Place
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.orders import CreateTable
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.node import Env, Message, Microseconds, NodeId
from dynaproof.impl.partition.records import Item
from dynaproof.impl.router.messages import Action, Answered, Described, Failed, Result
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema

SCHEMA = KeySchema(KeyAttribute("id", "S"), KeyAttribute("at", "S"))
STEPS = 5_000
"""Events until an answer, at the most."""


def make_config() -> RegionConfig:
    """Small constants, a steady network, and one user."""
    drawn = draw_table(1, "timed")
    settings = structs.replace(
        drawn.settings,
        heartbeat_us=100_000,
        lease_us=400_000,
        drift_ppm=200,
        election_us=200_000,
        retry_us=50_000,
        closed_us=5_000_000,
        scan_items=1_000,
        scan_bytes=1 << 20,
        deadline_span_us=60_000_000,
    )
    return structs.replace(
        drawn,
        settings=settings,
        options=Options(latencies=(300, 500), sync_us=(100, 200)),
        faults=(),
        loss=0,
        duplication=0,
        users=1,
        user=structs.replace(drawn.user, timeout_us=20_000_000),
        router=structs.replace(
            drawn.router,
            timeout_us=10_000_000,
            scan_items=1_000,
            refreshes=16,
            bytes_at_once=RouterSettings().bytes_at_once,
            batch_bytes=RouterSettings().batch_bytes,
        ),
        admin=structs.replace(drawn.admin, heard_us=10_000_000, collected_at_once=100, commands=64),
        chunk_reports=100,
    )


CONFIG = make_config()


class Asker(User):
    """Asks one router what it is told to, when it is told to."""

    def __init__(self, env: Env, config: RegionConfig) -> None:
        super().__init__(env, ROUTER_NODES[:1], config.user)
        self.next: Action | None = None
        self.said: Result | Failed | None = None
        """What it was answered last; None while it waits, and where no answer came."""
        self.consumed = 0
        """Of capacity, by the last answer."""

    def on_start(self) -> None:
        pass

    def think(self, pause_us: Microseconds) -> None:
        pass

    def next_action(self) -> Action:
        assert self.next is not None
        return self.next

    def on_message(self, sender: NodeId, message: Message) -> None:
        if isinstance(message, Failed) and message.number == self.numbers:
            self.said = message
        elif isinstance(message, Answered) and message.number == self.numbers:
            self.consumed = message.consumed
        super().on_message(sender, message)

    def end(self, result: Result | None, error: str, definite: bool, observed: Item | None) -> None:
        if result is not None:
            self.said = result
        super().end(result, error, definite, observed)
        self.scan, self.left, self.tries = None, 1, 1


class SmallRegion:
    """A region that has booted; see the module."""

    def __init__(
        self,
        router: dict[str, Any] | None = None,
        admin: dict[str, Any] | None = None,
        kinds: tuple[Kind, ...] = KINDS,
        **changes: Any,
    ) -> None:
        config: RegionConfig = structs.replace(CONFIG, **changes)
        self.config = structs.replace(
            config,
            router=structs.replace(config.router, **(router or {})),
            admin=structs.replace(config.admin, **(admin or {})),
        )
        asking = structs.replace(USERS, make=Asker)
        scenario = structs.replace(
            TABLE,
            kinds=tuple(asking if kind is USERS else kind for kind in kinds),
            place=boot,
            stages=(),
            ready=an_admin_is_active,
            begin=nothing,
        )
        self.run = Run(scenario, self.config, Timed(1))
        self.world = self.run.world
        self.run.set_up()
        assert self.run.is_set_up
        for place in self.users:
            self.world.start(place)

    # --- Nodes ---

    @property
    def users(self) -> list[Place]:
        """The places of the users."""
        return [place for name, place in self.world.places.items() if name.startswith("u")]

    @property
    def hosts(self) -> list[Place]:
        """The places of the storage nodes."""
        return [self.world.at(node) for node in hosts(self.config)]

    @property
    def admins(self) -> list[Place]:
        """The places of the admins."""
        return [self.world.at(node) for node in ADMIN_NODES]

    @property
    def router(self) -> Place:
        """The place of the router that is asked."""
        return self.world.at(ROUTER_NODES[0])

    def asker(self, user: int = 0) -> Asker:
        """A user."""
        asker = self.users[user].node
        assert isinstance(asker, Asker)
        return asker

    def cut(self, one: Place, other: Place) -> None:
        """Nothing passes between two nodes from here on."""
        for link in (f"{one.name}>{other.name}", f"{other.name}>{one.name}"):
            self.world.cut_links[link] = 0

    # --- Asking ---

    def begin(self, action: Action, user: int = 0) -> None:
        """Let a user ask, and do not wait."""
        asker = self.asker(user)
        asker.next, asker.said, asker.left, asker.tries = action, None, 1, 1
        self.world.run(self.users[user], asker.begin)

    def go(self, done: Any, steps: int = STEPS) -> bool:
        """Step until something holds; whether it came to that."""
        for _ in range(steps):
            if done():
                return True
            self.run.step()
            assert self.run.failure is None, self.run.failure
        return bool(done())

    def ask(self, action: Action, user: int = 0) -> Any:
        """What a user is answered."""
        self.begin(action, user)
        assert self.go(lambda: self.asker(user).doing is None), f"{action} was not answered"
        return self.asker(user).said

    def tables(self) -> dict[str, str]:
        """The status of each table, as it is in the metadata."""
        metadata = self.run.observation.metadata  # type: ignore[attr-defined]
        return {one.name: one.status for one in metadata.of(TableRecord)}

    def create(
        self,
        name: str,
        partitions: int = 1,
        replicas: int = 3,
        schema: KeySchema = SCHEMA,
        given: Provisioned | None = None,
    ) -> None:
        """Create a table, and wait until it is active."""
        said = self.ask(CreateTable(name, schema, partitions, replicas, given))
        assert isinstance(said, Described), said
        assert self.go(lambda: self.tables().get(name) == "active")


def item(id_: str, at: str, **more: str) -> Item:
    """An item, or its key, in a table of `SCHEMA`."""
    return encode_item({"id": S(id_), "at": S(at), **{name: S(value) for name, value in more.items()}})
