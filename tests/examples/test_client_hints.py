"""Where a client turns after a refusal; both were found by exploration of the fair end."""

from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.workloads.client import Client, ClientSettings
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Get, Operation, Put, Rejected, Request
from dynaproof.impl.paxos.ids import Ballot, RequestId
from dynaproof.impl.router.call import Call, Route

NAMES = ("sa", "sb", "sc")
REPLICAS = tuple(NodeId("region", name, name) for name in NAMES)


class Refusing:
    """Refuses everything, and names a leader."""

    def __init__(self, env: Env, leader: NodeId) -> None:
        self.env = env
        self.leader = leader
        self.asked = 0

    def on_start(self) -> None:
        pass

    def on_timer(self, timer: Timer) -> None:
        pass

    def on_message(self, sender: NodeId, message: Message) -> None:
        assert isinstance(message, Request)
        self.asked += 1
        ballot = Ballot(3, "sa", 1)
        self.env.send(
            sender, Rejected(message.request, message.attempt, "not_leader", True, self.leader, ballot)
        )


class Asking(Client):
    def next_operation(self) -> Operation | None:
        return Get(b"k", strong=True) if self.ended == 0 else None


def asked(leaders: tuple[NodeId, ...], place: NodeId = REPLICAS[0]) -> dict[str, int]:
    """How often each replica is asked; the first one stands at `place`."""
    nodes = [
        (node, lambda env, leader=leader: Refusing(env, leader))
        for node, leader in zip((place, *REPLICAS[1:]), leaders, strict=True)
    ]
    client = NodeId("region", "client", "c0")
    nodes.append((client, lambda env: Asking(env, REPLICAS, ClientSettings())))
    world = World(nodes, Timed(1), Options())
    for slot in world.places.values():
        world.start(slot)
    while world.step():
        pass
    return {name: world.places[name].node.asked for name in NAMES}  # type: ignore[attr-defined]


def test_a_replica_that_names_itself_and_does_not_serve_is_not_asked_for_ever() -> None:
    counts = asked((REPLICAS[0], REPLICAS[0], REPLICAS[0]))
    assert min(counts.values()) >= 5


def test_a_hint_that_another_replica_repeats_is_followed() -> None:
    """The leader's disk was lost: only the hints know its new incarnation."""
    moved = NodeId("region", "sa", "sa", 2)
    counts = asked((REPLICAS[1], moved, moved), moved)
    assert counts["sa"] >= 5


def test_a_client_reaches_replicas_on_new_disks_that_no_hint_names() -> None:
    """Found by a campaign (seed 2026, schedule 1853): two disks were lost, the third replica was down."""
    new = tuple(NodeId(node.region, node.zone, node.name, 2) for node in REPLICAS)
    nobody = [(node, lambda env: Refusing(env, REPLICAS[0])) for node in new]
    client = NodeId("region", "client", "c0")
    world = World(
        [*nobody, (client, lambda env: Asking(env, REPLICAS, ClientSettings()))],
        Timed(1),
        Options(),
    )
    for slot in world.places.values():
        world.start(slot)
    while world.step():
        pass
    assert all(world.places[name].node.asked for name in ("sb", "sc"))  # type: ignore[attr-defined]


def test_refusal_of_an_attempt_aimed_at_an_older_ballot_is_tried_again_at_the_newer_one() -> None:
    leader, old, new = REPLICAS[0], Ballot(1, "sb", 1), Ballot(3, "sa", 1)
    request = RequestId(NodeId("region", "client", "c0"), 1, 1)
    route, call = Route(), Call(request, Put(b"k", b"item"), 0)
    for aimed, what, known in ((old, "try now", leader.address), (new, "try later", None)):
        attempt = call.ask(leader, aimed).attempt
        refusal = Rejected(request, attempt, "not_leader", True, leader, new)
        route.learn(refusal)  # Perhaps by the refusal of another request.
        assert call.rejected(refusal, route) == what
        assert route.leader == known
