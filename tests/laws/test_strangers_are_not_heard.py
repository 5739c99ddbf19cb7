"""What replicas say to each other counts only from the node of the incarnation that it names.

A client that sends what a voter would say changes nothing: not one field, not one byte on the disk, no
answer. For each kind of message there is one that does change something when its voter sends it.
"""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import ONLY_LANE, Message, NodeId, Note, Timer
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.partition.messages.requests import Put, Request
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos import replica as paxos
from dynaproof.impl.paxos.entrance import OWN
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.paxos.messages.catch_up import (
    Chosen,
    CopiedLog,
    CopiedPages,
    CopyLater,
    CopyLog,
    CopyOffer,
    CopyPages,
    CopyWanted,
    Fetch,
)
from dynaproof.impl.paxos.messages.checkpoint import CheckpointDurable, CheckpointWritten
from dynaproof.impl.paxos.messages.election import (
    Alive,
    AskAlive,
    ElectionTimer,
    Prepare,
    Promise,
    Ready,
    Refused,
    TooFarBehind,
)
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Behind, Heard, Heartbeat, Release, Vote
from dynaproof.impl.paxos.messages.membership import CreateReplica, Vacant
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Config, NoOp
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.tree.codec import LeafBody, encode
from dynaproof.impl.tree.pages import Page, PageRef, digest_of_page, encode_page

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))
ME, PEER, OTHER = (Member(node, index + 1) for index, node in enumerate(NODES))
GROUP = Config(0, (ME, PEER, OTHER), 4)
CLIENT = NodeId("region", "client", "c0")
SETTINGS = Settings(checkpoint_slots=2, retained_slots=1)
THEIRS = Ballot(2, "sb", 2)
LEAF = Page(encode(LeafBody([], [], [])))
ROOTS = PageRef(0, digest_of_page(LEAF)), PageRef(1, digest_of_page(LEAF))
PAGES = tuple((root.page, encode_page(root.page, LEAF, Settings().page_bytes)) for root in ROOTS)
HELD = Hold("reader", 4, 0, 100, 1 << 20)
COPY = PartitionSnapshot(9, THEIRS, THEIRS, 9, 0, GROUP, 0, ROOTS, 0, 0, 0, (HELD,))


LEFT_OUT = (
    "codec",
    "disk",
    "env",
    "lines",
    "making",
    "replica",
    "services",
    "settings",
    "_disk",
    "_handlers",
)
"""Of objects: what never changes, and what is shown by itself."""


class Alone:
    """An `Env` of a node without a world: what it tells itself waits in `own`."""

    def __init__(self) -> None:
        self.me = NODES[0]
        self.boot = 1
        self.lane = ONLY_LANE
        self.now = self.wall = 10_000_000
        self.disk = SimDisk(Outbox())
        self.own: list[Message] = []
        self.sent: list[tuple[NodeId, Message]] = []
        self.timers: dict[Timer, int] = {}

    def enter(self, lane: int) -> None:
        self.lane = lane

    def random(self, label: str, n: int) -> int:
        return 0

    def send(self, to: NodeId, message: Message) -> None:
        if to == self.me:
            self.own.append(message)
        else:
            self.sent.append((to, message))

    def set_timer(self, delay: int, timer: Timer) -> None:
        self.timers[timer] = delay

    def cancel_timer(self, timer: Timer) -> None:
        self.timers.pop(timer, None)

    def note(self, event: Note) -> None:
        pass


class Group:
    """One replica of three, and the voices of the others."""

    def __init__(self) -> None:
        self.env = Alone()
        self.node = StorageNode(self.env, NODES, SETTINGS)  # type: ignore[arg-type]
        self.node.on_start()
        self.node.on_message(NODES[0], CreateReplica(ME, GROUP, 0))
        self.hear_own()

    @property
    def replica(self) -> Any:
        return self.node.replicas.get(ONLY_LANE)

    def hear(self, message: Peer) -> None:
        self.node.on_message(message.source.node, message)

    def hear_own(self) -> None:
        while self.env.own:
            own, self.env.own = self.env.own, []
            for message in own:
                self.node.on_message(self.env.me, message)

    def shown(self) -> Any:
        """All that a message can change: the state, field by field, the disk, and what was sent."""
        return (
            plain(self.replica),
            [plain(service) for service in self.replica.services],
            {name: self.env.disk.read(name, 0, self.env.disk.size(name)) for name in self.env.disk.logs()},
            {name: tuple(self.env.disk.pages(name)) for name in self.env.disk.files()},
            (list(self.env.sent), list(self.env.own), dict(self.env.timers)),
        )


def plain(value: Any) -> Any:
    """A value as text, objects of ours by their fields."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Struct) or not type(value).__module__.startswith("dynaproof"):
        return repr(value) if isinstance(value, Struct | str | int | bytes | None) else type(value).__name__
    fields = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
    return {name: plain(getattr(value, name)) for name in fields if name not in LEFT_OUT}


def follower() -> Group:
    return Group()


def candidate() -> Group:
    group = Group()
    group.replica.start_campaign()
    group.hear_own()
    return group


def asking() -> Group:
    group = Group()
    group.node.on_timer(ElectionTimer())
    return group


def leader() -> Group:
    group = candidate()
    ballot = group.replica.log.promised
    group.hear(Promise(PEER, 1, ballot, NO_BALLOT, 0, 0, 0, None, (), group.env.wall))
    group.hear_own()
    assert group.replica.leading == ballot
    return group


def serving() -> Group:
    """It leads, and two writes more make a checkpoint due."""
    group = leader()
    ballot = group.replica.leading
    group.hear(Vote(PEER, 1, ballot, 1, group.env.now, group.env.wall))
    for number in (1, 2):
        request = Request(
            RequestId(CLIENT, 1, number), 1, ballot, group.env.wall + 10_000_000, Put(b"k", b"v")
        )
        group.node.on_message(CLIENT, request)
    group.env.now += 1
    return group


def written() -> Group:
    """A checkpoint's pages are written, and its word to itself is on its way."""
    group = serving()
    for _ in range(2):  # The second write waits for the own vote for the first (rule W7).
        own, group.env.own = group.env.own, []
        for message in own:
            group.node.on_message(group.env.me, message)
    group.hear(Vote(PEER, 1, group.replica.leading, 3, group.env.now, group.env.wall))
    assert group.replica.checkpoint is not None
    group.env.own = []
    return group


def named() -> Group:
    """The log names the checkpoint, and its word to itself is on its way."""
    group = written()
    group.hear(CheckpointWritten(ME, 1, group.replica.checkpoint.number))
    assert group.replica.checkpoint.named
    group.env.own = []
    return group


def durable() -> Group:
    """The checkpoint is durable, so that there is something to copy."""
    group = named()
    group.hear(CheckpointDurable(ME, 1, group.replica.checkpoint.number))
    assert group.replica.checkpoint is None
    return group


def asked() -> Group:
    """A peer needs a copy, and has been offered one."""
    group = durable()
    group.hear(Fetch(PEER, 1, 0))
    group.env.now += 1
    return group


def view_of(group: Group) -> int:
    (view,) = group.replica.views.open()
    number: int = view.number
    return number


def copying() -> Group:
    """A copy was offered."""
    group = follower()
    group.hear(CopyOffer(PEER, 1, 7, COPY))
    assert group.replica.copy is not None
    return group


def copied() -> Group:
    """All pages of a copy are here, but not the log that is held."""
    group = copying()
    group.hear(CopiedPages(PEER, 1, 7, PAGES, ()))
    assert group.replica.copy.pages.whole
    return group


def granted() -> Group:
    """A lease was granted to a leader."""
    group = follower()
    group.hear(Heartbeat(PEER, 1, THEIRS, group.env.now, 0, 1, True))
    group.env.now += 1
    return group


def no_ops(first: int, last: int, ballot: Ballot = THEIRS) -> tuple[NoOp, ...]:
    return tuple(NoOp(slot, ballot, 0, slot) for slot in range(first, last + 1))


def adopted() -> Group:
    """The first batch of a peer's ballot is here."""
    group = follower()
    group.hear(Adopt(PEER, 1, THEIRS, group.env.now, 0, no_ops(1, 1), 0))
    return group


def ballot_of(group: Group) -> Ballot:
    ballot: Ballot = group.replica.log.promised
    return ballot


CASES: dict[type[Peer], tuple[Callable[[], Group], Callable[[Group], Peer]]] = {
    AskAlive: (follower, lambda _: AskAlive(PEER, 1, 5)),
    Alive: (asking, lambda g: Alive(PEER, 1, g.env.now, False, 0)),
    Ready: (candidate, lambda _: Ready(PEER, 1)),
    Prepare: (follower, lambda _: Prepare(PEER, 1, THEIRS, 0)),
    Promise: (candidate, lambda g: Promise(PEER, 1, ballot_of(g), NO_BALLOT, 0, 0, 0, None, (), g.env.wall)),
    Refused: (leader, lambda g: Refused(PEER, 1, ballot_of(g), THEIRS)),
    TooFarBehind: (candidate, lambda g: TooFarBehind(PEER, 1, ballot_of(g), 9, 1, None)),
    Adopt: (follower, lambda g: Adopt(PEER, 1, THEIRS, g.env.now, 0, no_ops(1, 1), 0)),
    Accept: (adopted, lambda g: Accept(PEER, 1, THEIRS, g.env.now, 2, no_ops(2, 2), 1, 0)),
    Vote: (leader, lambda g: Vote(PEER, 1, ballot_of(g), 1, g.env.now, g.env.wall)),
    Heartbeat: (follower, lambda g: Heartbeat(PEER, 1, THEIRS, g.env.now, 0, 1, True)),
    Heard: (leader, lambda g: Heard(PEER, 1, ballot_of(g), g.env.now, True, 1, 0, 0, g.env.wall, True)),
    Release: (granted, lambda _: Release(PEER, 1, THEIRS, 0, OTHER)),
    Fetch: (durable, lambda _: Fetch(PEER, 1, 2)),
    Chosen: (follower, lambda _: Chosen(PEER, 1, 1, no_ops(1, 2), (THEIRS, THEIRS), 2)),
    Behind: (adopted, lambda g: Behind(PEER, 1, THEIRS, g.env.now, 9)),
    CopyWanted: (durable, lambda _: CopyWanted(PEER, 1, 2)),
    CopyOffer: (follower, lambda _: CopyOffer(PEER, 1, 7, COPY)),
    CopyLater: (follower, lambda _: CopyLater(PEER, 1, 9)),
    CopyPages: (asked, lambda g: CopyPages(PEER, 1, view_of(g), (0,))),
    CopiedPages: (copying, lambda _: CopiedPages(PEER, 1, 7, PAGES, ())),
    CopyLog: (asked, lambda g: CopyLog(PEER, 1, view_of(g), 2)),
    CopiedLog: (copied, lambda _: CopiedLog(PEER, 1, 7, 5, 5, no_ops(5, 9), (THEIRS,) * 5)),
    CheckpointWritten: (written, lambda g: CheckpointWritten(ME, 1, g.replica.checkpoint.number)),
    CheckpointDurable: (named, lambda g: CheckpointDurable(ME, 1, g.replica.checkpoint.number)),
}
"""Of each kind that only a peer may send: a state, and a message that changes it."""

KINDS = sorted(CASES, key=lambda kind: kind.__name__)


def test_every_kind_that_peers_send_is_among_the_cases() -> None:
    assert set(CASES) == {kind for kind in paxos.HANDLERS if issubclass(kind, Peer)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_client_that_speaks_for_a_voter_changes_nothing(kind: type[Peer]) -> None:
    make, message = CASES[kind]
    group = make()
    before = group.shown()
    group.node.on_message(CLIENT, message(group))
    assert group.shown() == before


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_same_words_of_the_voter_itself_change_something(kind: type[Peer]) -> None:
    make, message = CASES[kind]
    group = make()
    before = group.shown()
    group.hear(message(group))
    assert group.shown() != before


@pytest.mark.parametrize("kind", sorted(OWN, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_no_peer_says_what_is_durable_here(kind: type[Any]) -> None:
    group = CASES[kind][0]()
    before = group.shown()
    group.hear(kind(PEER, 1, group.replica.checkpoint.number))
    assert group.shown() == before


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_said_to_another_incarnation_changes_nothing(kind: type[Peer]) -> None:
    make, message = CASES[kind]
    group = make()
    before = group.shown()
    said = message(group)
    group.hear(type(said)(said.source, 2, *[getattr(said, name) for name in said.__struct_fields__[2:]]))
    assert group.shown() == before


def test_only_a_node_itself_or_a_voter_says_that_it_is_vacant() -> None:
    group = serving()
    group.hear_own()
    group.hear(Vote(PEER, 1, group.replica.leading, 3, group.env.now, group.env.wall))
    vacant = Vacant(NodeId("region", "c", "sc", 2), 3)
    before = group.shown()
    group.node.on_message(CLIENT, vacant)
    assert group.shown() == before
    group.node.on_message(NODES[1], vacant)
    assert group.replica.leadership.config_in_flight
    assert group.shown() != before


def test_a_client_has_no_replica_made() -> None:
    env = Alone()
    node = StorageNode(env, NODES, SETTINGS)  # type: ignore[arg-type]
    node.on_start()
    node.on_message(CLIENT, CreateReplica(ME, GROUP, 0))
    assert not node.making
    node.on_message(NODES[1], CreateReplica(ME, GROUP, 0))
    assert list(node.making) == [ONLY_LANE]
