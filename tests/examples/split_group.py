"""A group of three in the simulator that is led and may be split: what replicas and their nodes do about it,
without a region. Its client hears what it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.group import REPLICAS, first_config
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.place import Place
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Operation, Put, Request
from dynaproof.impl.partition.messages.split import SplitPartition
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.splitting import Preparing, Splitting
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.messages.membership import CreateReplica
from dynaproof.impl.storage_node.agent import Region
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.values.key_range import whole
from dynaproof.specs.observe.impl.place import sent

CONFIG = first_config()
CLIENT = NodeId("region", "client", "c0")
PARENT, LEFT, RIGHT = 1, 2, 3
MIDDLE = whole().midpoint()
LOW, HIGH = b"\x10" * 16 + b"a", b"\xf0" * 16 + b"a"
"""Keys of the one half and of the other."""
SPLIT = SplitPartition(0, whole(), MIDDLE, LEFT, RIGHT)
SETTINGS = Settings(
    repairs_itself=False, heartbeat_us=20_000, lease_us=100_000, election_us=50_000, page_bytes=512
)
STEPS = 20_000


class Listener:
    """A client that hears, and says nothing."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.heard: list[tuple[NodeId, int, Message]] = []
        """From whom, in which lane, what."""

    def on_start(self) -> None: ...

    def on_message(self, sender: NodeId, message: Message) -> None:
        self.heard.append((sender, self.env.lane, message))

    def on_timer(self, timer: Timer) -> None: ...


class SplitGroup:
    """Group 1, on `sa`, `sb` and `sc`; it is led by `sa`, which has heard of all voters, unless told not to
    wait for that. In a `region` the client is the admin.
    """

    def __init__(self, *, waits: bool = True, region: bool = False, **settings: Any) -> None:
        chosen = structs.replace(SETTINGS, **settings)
        of = Region(REPLICAS, (CLIENT,)) if region else None

        def host(env: Env) -> Any:
            return StorageNode(env, REPLICAS, chosen, (), (CLIENT,), of)

        self.said: list[tuple[str, Message]] = []
        """What the handler that ran last has sent, with the name of its node."""
        nodes: list[tuple[NodeId, Any]] = [*((node, host) for node in REPLICAS), (CLIENT, Listener)]
        self.world = World(nodes, Timed(1), Options(latencies=(500,), sync_us=(100,)), (self,))
        for place in self.world.places.values():
            self.world.start(place)
        self.requests = 0
        for voter in CONFIG.voters:
            self.tell(voter.node.name, CreateReplica(voter, CONFIG, 0))
        self.wait(lambda: all(self.replica(name) for name in ("sa", "sb", "sc")))
        if not region:
            self.world.run(self.place("sa"), self.replica("sa").start_campaign, lane=PARENT)
        if waits:
            self.wait(lambda: self.replica("sa").serving)
            others = self.replica("sa").leadership.progress
            self.wait(lambda: all(others[voter].full for voter in CONFIG.voters[1:]))

    def listens(self, place: Place) -> Listening:
        """To what each handler sends."""
        return Listening(handled=self.handled)

    def handled(self, place: Place) -> None:
        self.said = [(place.name, message) for message in sent(place)]  # type: ignore[arg-type]

    # --- Who is there ---

    def place(self, name: str) -> Place:
        return self.world.places[name]

    def node(self, name: str) -> Any:
        return self.place(name).node

    def replica(self, name: str, group: int = PARENT) -> Any:
        """The replica of a group that a node hosts; None where there is none."""
        return self.node(name).replicas.get(group)

    def heard(self, kind: type[Message], of: str = "") -> list[Any]:
        """What the client has heard of a kind, from one node or from all."""
        heard: Any = self.world.at(CLIENT).node
        return [m for sender, _, m in heard.heard if isinstance(m, kind) and of in {"", sender.name}]

    def is_split(self, *names: str) -> bool:
        """Whether these nodes know the barrier, or all."""
        return all(self.replica(name).state.barrier for name in names or ("sa", "sb", "sc"))

    def have_children(self, *names: str) -> bool:
        """Whether these nodes have both children, or all."""
        groups = [self.node(name).replicas for name in names or ("sa", "sb", "sc")]
        return all(LEFT in there and RIGHT in there for there in groups)

    # --- What happens ---

    def wait(self, done: Callable[[], Any], steps: int = STEPS) -> None:
        for _ in range(steps):
            if done():
                return
            assert self.world.step()
            assert not self.world.failed
        raise AssertionError("it does not come to that")

    def go(self, microseconds: int) -> None:
        until = self.world.tau + microseconds
        self.wait(lambda: self.world.tau >= until, 1_000_000)

    def tell(self, name: str, message: Message, lane: int = PARENT) -> None:
        """A node gets a message of the client now."""
        self.world.run(self.place(name), self.node(name).on_message, CLIENT, message, lane=lane)

    def ask(self, name: str, operation: Operation, lane: int = PARENT, **fields: Any) -> Request:
        """A node gets a request of the client now; what was asked."""
        self.requests += 1
        replica = self.replica(name, lane)
        request_id, deadline = RequestId(CLIENT, 1, self.requests), self.world.tau + 1_000_000
        request = Request(request_id, 1, replica.leader_ballot, deadline, operation)
        request = structs.replace(request, **fields)
        self.tell(name, request, lane)
        return request

    def prepare(self, command: SplitPartition = SPLIT) -> None:
        """All voters have written their checkpoints for a command, as far as the leader knows (P1)."""
        leader = self.replica("sa")
        splitting = next(service for service in leader.services if isinstance(service, Splitting))
        splitting.preparing = Preparing(CLIENT, command, 0)
        splitting.preparing.over = True

    def put(self, key: bytes, item: bytes = b"item") -> Request:
        """Put an item at the parent's leader, and wait for that."""
        put = self.ask("sa", Put(key, item))
        state = self.replica("sa").state
        self.wait(lambda: state.items.get(key) is not None and state.items.get(key).item == item)
        return put

    def cut(self, *names: str) -> None:
        """Nothing passes between these and other storage nodes."""
        for name in names:
            for other in ("sa", "sb", "sc"):
                if other != name:
                    self.world.cut_links[f"{name}>{other}"] = self.world.cut_links[f"{other}>{name}"] = 0

    def mend(self) -> None:
        """All links work."""
        self.world.cut_links.clear()

    def crash(self, name: str) -> None:
        """A node crashes; of what was not synced chance says what it keeps."""
        self.world.crash(self.place(name), "test", spare=True)

    def restart(self, name: str) -> None:
        """It comes back, and has looked at its disk."""
        if self.place(name).up:
            self.crash(name)
        self.world.start(self.place(name))
        self.wait(lambda: not self.node(name).unread)


def member(name: str, incarnation: int = 1) -> Member:
    """An incarnation on a node."""
    return Member(next(node for node in REPLICAS if node.name == name), incarnation)
