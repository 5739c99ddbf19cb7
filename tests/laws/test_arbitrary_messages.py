"""No handler raises, whatever well-typed message comes in whatever state (the boundary's rule 9).

Messages are built from their types, field by field, out of small pools, so that ballots, slots, members and
pages often fit each other, and often do not: records with holes, ballots of nobody, copies of pages that hold
something else. A third of the sequences begins with a replica that leads.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import structs

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.user_file import imported
from dynaproof.impl.metadata.directory import Directory
from dynaproof.impl.metadata.records import TableRecord, table_key
from dynaproof.impl.metadata.records import encode as encode_record
from dynaproof.impl.node import ONLY_LANE, Message, NodeId, Timer
from dynaproof.impl.partition.cursor import Hold, LogCursor
from dynaproof.impl.partition.messages.split import SplitPartition
from dynaproof.impl.partition.readers import Readers
from dynaproof.impl.partition.records import ChildSpec, LogRecord, StoredItem
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.partition.splitting import Splitting
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.messages.catch_up import Chosen, CopiedPages
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt
from dynaproof.impl.paxos.messages.membership import CreateReplica, VacantTimer
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.replica import HANDLERS, TIMERS
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.storage_node.agent import Agent, Region
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import SpeakTimer
from dynaproof.impl.tree.codec import LeafBody, encode
from dynaproof.impl.tree.pages import Page, PageRef, digest_of_page, encode_page
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.impl.values.key_range import KeyRange, equal_parts, whole

ARBITRARY: Any = imported(Path(__file__).resolve().parent / "arbitrary.py")
NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))
CLIENT = NodeId("region", "client", "c0")
VOTERS = tuple(Member(node, index + 1) for index, node in enumerate(NODES))
STRANGER = Member(NodeId("region", "d", "sd"), 4)
GROUP = Config(0, VOTERS, 4)
ADMIN = NodeId("region", "a", "admin-a")
REGION = Region(NODES, (ADMIN,))
TABLE = TableRecord(
    "books", 1, "active", KeySchema(KeyAttribute("id", "S")), 3, (1, 2), RequestId(CLIENT, 1, 1), 0
)
SETTINGS = Settings(
    checkpoint_slots=2, retained_slots=1, in_flight_slots=2, holds=1, chunk_slots=3, page_bytes=256
)
LEAF = Page(encode(LeafBody([b"k"], [StoredItem(b"i", 1, 1)], [])))
ROOT = PageRef(0, digest_of_page(LEAF))
PAGE = encode_page(0, LEAF, SETTINGS.page_bytes)
FIRST, SECOND = Ballot(1, "sa", 1), Ballot(2, "sb", 2)
"""The ballot of the replica that leads, and one that may depose it."""


POOLS: dict[Any, SearchStrategy[Any]] = {
    int: st.sampled_from((0, 1, 1, 2, 2, 3, 4, 5, -1, 10_000_000, 1 << 40)),
    bool: st.booleans(),
    str: st.sampled_from(("reader", "ok", "", "books")),
    bytes: st.sampled_from((b"k", b"i", b"", PAGE, table_key("books"), encode_record(TABLE))),
    NodeId: st.sampled_from((*NODES, STRANGER.node, CLIENT)),
    Member: st.sampled_from((*VOTERS, *VOTERS, STRANGER, Member(NODES[1], 9))),
    Ballot: st.sampled_from(
        (NO_BALLOT, FIRST, FIRST, SECOND, SECOND, Ballot(2, "sc", 3), Ballot(3, "sd", 4))
    ),
    RequestId: st.builds(RequestId, st.just(CLIENT), st.just(1), st.integers(1, 3)),
    KeyRange: st.sampled_from((whole(), *equal_parts(2), *equal_parts(4)[:2])),
    ChildSpec: st.builds(
        ChildSpec,
        st.sampled_from((0, 1, 2, 3)),
        st.sampled_from((whole(), *equal_parts(2), *equal_parts(4)[:2])),
        st.sampled_from((tuple(Member(node, 1) for node in NODES), VOTERS, (STRANGER,), ())),
    ),
    PageRef: st.sampled_from((ROOT, PageRef(1, b"x" * 16))),
    Hold: st.builds(Hold, st.just("reader"), *(st.integers(-1, 7) for _ in range(4))),
    LogCursor: st.builds(LogCursor, st.integers(-1, 9), st.integers(-1, 9)),
    Config: st.sampled_from(
        (GROUP, GROUP.replacing(VOTERS[1], STRANGER), GROUP.replacing(VOTERS[0], STRANGER), Config(3, (), 9))
    ),
}
"""What fields are drawn from, by type."""


CARRIED: dict[Any, Any] = {Record: LogRecord, Snapshot: PartitionSnapshot}
"""What a partition puts where the protocol leaves open what it replicates."""

ASKED = (
    *HANDLERS,
    *Requests.HANDLERS,
    *Readers.HANDLERS,
    *Splitting.HANDLERS,
    *Membership.HANDLERS,
    *StorageNode.ASKED,
    *Agent.HANDLERS,
    *Directory.HANDLERS,
)


def refine(kind: type, fields: dict[str, SearchStrategy[Any]]) -> None:
    """Let the pages of a copy, and whom a message is for, fit as often as not."""
    if kind is CopiedPages:
        fields["pages"] = st.just(((0, PAGE),)) | fields["pages"]
        fields["left_out"] = st.just(()) | fields["left_out"]
    if kind is SplitPartition:
        fields["at"] = st.sampled_from((equal_parts(2)[1].start, equal_parts(4)[1].start, b""))
    if issubclass(kind, Peer):
        fields["to"] = st.just(1)


VALUES = ARBITRARY.Values(POOLS, CARRIED, refine)
built = VALUES.built


def fitting(kind: type, slot: str, records: str) -> SearchStrategy[Any]:
    """The same, with records that count on from where the message says."""
    return st.tuples(built(kind), st.lists(VALUES.of(LogRecord), min_size=1, max_size=3)).map(
        lambda drawn: in_order(drawn[0], slot, records, drawn[1])
    )


def in_order(message: Any, slot: str, records: str, drawn: list[Any]) -> Any:
    """Give the records the slots that the message begins with, and the rest of the message what follows."""
    first = getattr(message, slot) + (slot == "known")
    placed = tuple(structs.replace(record, slot=first + at) for at, record in enumerate(drawn))
    more = {"held_at": (SECOND,) * len(placed)} if isinstance(message, Chosen) else {}
    if isinstance(message, Promise):
        more = {"last_slot": placed[-1].slot}
    return structs.replace(message, **{records: placed}, **more)


ANY = [built(kind) for kind in ASKED]
FITTING = [
    fitting(Adopt, "known", "records"),
    fitting(Accept, "first", "records"),
    fitting(Chosen, "first", "records"),
    fitting(Promise, "known", "tail"),
]
TIMER = st.sampled_from([kind() for kind in (*TIMERS, SpeakTimer, VacantTimer)])
WHAT = st.one_of(*ANY, *FITTING, *FITTING, TIMER)
SENDERS = st.sampled_from((*NODES, CLIENT, ADMIN))
STEPS = st.lists(st.tuples(SENDERS, st.sampled_from((0, 0, 0, 1)), WHAT), min_size=10, max_size=40)
Steps = list[tuple[NodeId, int, Message | Timer]]
"""Who sends, in which lane, and what."""


def follow(leads: bool, region: Region | None, steps: Steps) -> None:
    """A node gets all of this, and what it tells itself."""
    env = ARBITRARY.Alone(NODES[0])
    node = StorageNode(env, NODES, SETTINGS, region=region)
    node.on_start()
    node.on_message(NODES[0], CreateReplica(VOTERS[0], GROUP, 0))
    env.hear_own(node)
    env.lane = ONLY_LANE
    replica = node.replicas[ONLY_LANE]
    if leads:
        replica.start_campaign()
        env.hear_own(node)
        ballot = replica.log.promised
        node.on_message(NODES[1], Promise(VOTERS[1], 1, ballot, NO_BALLOT, 0, 0, 0, None, (), env.wall))
        env.hear_own(node)
        assert replica.leading is not None
    for sender, lane, what in steps:
        env.lane = ONLY_LANE if region is None else lane
        if isinstance(what, Timer):
            node.on_timer(what)
        elif isinstance(what, Peer):
            node.on_message(what.source.node, what)
        else:
            node.on_message(sender, what)
        env.hear_own(node)
        env.pass_time(1_000)


@settings(max_examples=150)
@given(st.booleans(), STEPS)
def test_no_message_makes_a_replica_raise(leads: bool, steps: Steps) -> None:
    follow(leads, None, steps)


@settings(max_examples=150)
@given(st.booleans(), STEPS)
def test_no_message_makes_a_storage_node_of_a_region_raise(leads: bool, steps: Steps) -> None:
    follow(leads, REGION, steps)


def test_messages_of_any_shape_make_a_replica_raise_that_does_not_look_at_it() -> None:
    @settings(max_examples=300, phases=(Phase.generate,), report_multiple_bugs=False, database=None)
    @given(st.booleans(), STEPS)
    def search(leads: bool, steps: Steps) -> None:
        follow(leads, None, steps)

    bug = seeded(MUTANTS["shapes_not_looked_at"])
    with bug, pytest.raises((TypeError, ValueError, IndexError, AssertionError)):
        search()
