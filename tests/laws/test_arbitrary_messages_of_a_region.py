"""No handler of a router or an admin raises, whatever well-typed message comes from whomever, in whatever
lane and state (the boundary's rule 9).

Half of the messages are answers: they name what the node has asked, and say anything else.
"""

from pathlib import Path
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dynaproof.checkers.user_file import imported
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.messages import Locate, Located
from dynaproof.impl.metadata.orders import CreateTable, Declined, Order
from dynaproof.impl.metadata.records import (
    AdminRecord,
    Barrier,
    Ids,
    NodeRecord,
    PartitionRecord,
    Pending,
    ReplacementRecord,
    SplitRecord,
    SplitStep,
    TableRecord,
    Target,
    TouchedRecord,
    WorkflowRecord,
    encode,
    key_of,
)
from dynaproof.impl.node import ONLY_LANE, Message, NodeId
from dynaproof.impl.partition.messages.requests import Page, Rejected, Reply, Request, WrongPartition
from dynaproof.impl.partition.messages.split import Finished, SplitAlready, SplitDone
from dynaproof.impl.partition.records import ChildSpec, Split, StoredItem
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.paxos.messages.membership import (
    Created,
    Gone,
    NotCaughtUp,
    NotNow,
    OtherEpoch,
    Replaced,
    Status,
)
from dynaproof.impl.router.caller import Caller
from dynaproof.impl.router.control import Control
from dynaproof.impl.router.messages import Ask, BatchGetItem, GetItem, PutItem, ScanTable
from dynaproof.impl.router.router import Router
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.router.tables import Tables
from dynaproof.impl.sessions import OpenSession, Session
from dynaproof.impl.storage_node.messages import Fenced, NodeReport, NoRoom, PartitionGone
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema, encode_key
from dynaproof.impl.values.key_range import KeyRange, equal_parts, whole

ARBITRARY: Any = imported(Path(__file__).resolve().parent / "arbitrary.py")
NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))
ADMINS = tuple(NodeId("region", zone, f"admin-{zone}") for zone in ("a", "b"))
ROUTER = NodeId("region", "a", "router-a")
USER = NodeId("region", "user", "u0")

SCHEMA = KeySchema(KeyAttribute("id", "S"))
KEY = encode_item({"id": S("a")})
OTHER_KEY = encode_item({"id": S("b")})
STORED_KEY = encode_key(SCHEMA, {"id": S("a")})
ORDERED = RequestId(ROUTER, 1, 1)
CONFIG = first_config(NODES)
NEW = Member(NODES[0], 8)
TARGETS = tuple(Target(partition, CONFIG) for partition in (1, 2))
RECORDS = (
    AdminRecord(1, ADMINS[0].name),
    AdminRecord(2, ADMINS[1].name),
    TouchedRecord(1),
    Ids(3, 2, 2, 1),
    NodeRecord(NODES[0].name, "a"),
    TableRecord("books", 1, "active", SCHEMA, 3, (1, 2), ORDERED, 0),
    TableRecord("books", 1, "creating", SCHEMA, 3, (1, 2), ORDERED, 1),
    TableRecord("books", 1, "deleting", SCHEMA, 3, (1, -2), ORDERED, 1),
    *(
        PartitionRecord(number, "books", 1, part, "listed", CONFIG)
        for number, part in enumerate(equal_parts(2), 1)
    ),
    WorkflowRecord(1, "create", "books", 1, TARGETS, ORDERED),
    WorkflowRecord(1, "delete", "books", 1, TARGETS, ORDERED),
    WorkflowRecord(1 << 40, "create", "films", 2, (), ORDERED),
    PartitionRecord(2, "books", 1, whole(), "listed", CONFIG, 4, 9, (Pending(NEW, 0, False),), 3),
    ReplacementRecord(3, 2, "repair", CONFIG.voters[0], NEW, "log", "replace", 0),
    ReplacementRecord(3, 2, "drain", CONFIG.voters[0], NEW, "full", "create", 0),
    ReplacementRecord(3, 2, "move", CONFIG.voters[0], NEW, "full", "void", 0, True),
    NodeRecord(NODES[1].name, "b", True, True),
    PartitionRecord(1, "books", 1, whole(), "listed", CONFIG, workflow=4, children=(2, 3)),
    PartitionRecord(1, "books", 1, whole(), "split", CONFIG, 3, 0, (), 4, 0, (2, 3), Barrier(5, 9)),
    PartitionRecord(2, "books", 1, equal_parts(2)[0], "gone", first_config(()), parent=1),
    *(
        SplitRecord(4, 1, "books", "order", equal_parts(2)[1].start, 2, 3, step, 0)
        for step in get_args(SplitStep)
    ),
)
STORED = [(key_of(record), StoredItem(encode(record), 3, 3)) for record in RECORDS[:7]]
STORED += [(key_of(record), StoredItem(encode(record), 3, 3)) for record in RECORDS[8:]]
KEYS = (*(key for key, _ in STORED), STORED_KEY, b"", b"table/\xff", b"\xff" * 40)
ITEMS = (*(item.item for _, item in STORED), KEY, encode(RECORDS[7]), b"", b"\xc1", b"\x81\xa1\xff\xc0")

POOLS: dict[Any, SearchStrategy[Any]] = {
    int: st.sampled_from((0, 1, 1, 2, 2, 3, 4, 5, -1, 10_000_000, 1 << 40)),
    bool: st.booleans(),
    str: st.sampled_from(("books", "films", "ok", "throttled", "expired", "admin-a", "")),
    bytes: st.sampled_from((*KEYS, *ITEMS)),
    NodeId: st.sampled_from((*NODES, *ADMINS, ROUTER, USER)),
    Ballot: st.sampled_from((NO_BALLOT, Ballot(1, "sa", 1), Ballot(2, "sb", 2))),
    RequestId: st.builds(RequestId, st.sampled_from((ROUTER, ADMINS[0])), st.just(1), st.integers(1, 9)),
    Session: st.builds(Session, st.just(1), st.integers(1, 2)),
    KeyRange: st.sampled_from((*equal_parts(2), whole())),
    KeySchema: st.sampled_from((SCHEMA, KeySchema(KeyAttribute("id", "N"), KeyAttribute("id", "B")))),
}
VALUES = ARBITRARY.Values(POOLS)

PARTITIONS = tuple(record for record in RECORDS if isinstance(record, PartitionRecord))[:2]
SPLITS = tuple(
    Split(3, NO_BALLOT, 0, 1, *(ChildSpec(first + n, half, CONFIG.voters) for n, half in enumerate(halves)))
    for first, part in ((3, PARTITIONS[0].range), (5, PARTITIONS[1].range))
    for halves in (part.split(part.midpoint()),)
)
"""Of the two partitions; what is answered so may be taken for a split of another one's child, too."""
FITTING: dict[type[Message], SearchStrategy[Any]] = {
    Located: st.builds(
        Located,
        st.just(1),
        st.integers(1, 3),
        st.sampled_from([None, *(record for record in RECORDS if isinstance(record, TableRecord))]),
        st.sampled_from((PARTITIONS, PARTITIONS, PARTITIONS[:1], ())),
        st.just(()),
        st.integers(0, 1),
        st.sampled_from((NODES, NODES, ())),
    ),
    Ask: st.builds(
        Ask,
        st.just(Session(1, 1)),
        st.just(1),
        st.sampled_from(
            (
                GetItem("books", KEY),
                PutItem("books", KEY),
                ScanTable("books", limit=2),
                BatchGetItem((GetItem("books", KEY, True), GetItem("books", OTHER_KEY))),
            )
        ),
    ),
    Page: st.builds(
        Page,
        st.just(ORDERED),
        st.just(1),
        st.integers(1, 3),
        st.lists(st.sampled_from(STORED), max_size=5, unique_by=lambda found: found[0]).map(tuple),
        st.none() | VALUES.of(bytes),
    ),
    WrongPartition: st.builds(
        WrongPartition,
        st.just(ORDERED),
        st.just(1),
        st.booleans(),
        st.none(),
        st.sampled_from(SPLITS),
        st.none() | st.sampled_from(NODES),
    ),
}
"""Answers that are as the metadata and a partition give them, more often than not."""

ASKED = (*Caller.HANDLERS, *Tables.HANDLERS, *Control.HANDLERS, *Router.HANDLERS)
TOLD = (
    *Caller.HANDLERS,
    OpenSession,
    Order,
    NodeReport,
    Created,
    NoRoom,
    Replaced,
    OtherEpoch,
    SplitDone,
    SplitAlready,
    Finished,
    NotNow,
    NotCaughtUp,
    Status,
    Gone,
    PartitionGone,
    Fenced,
)


def steps_of(kinds: tuple[type[Message], ...], often: tuple[type[Message], ...]) -> SearchStrategy[Any]:
    """Who sends what, in which lane, and which of the node's messages it answers, if it answers one; or which
    timer is due.
    """
    messages = st.one_of(*(VALUES.built(kind) | FITTING.get(kind, st.nothing()) for kind in (*kinds, *often)))
    sender = VALUES.of(NodeId)
    said = st.tuples(sender, st.sampled_from((0, 0, 1, 2)), messages, st.none() | st.integers(0, 3))
    return st.lists(said | st.integers(0, 9), min_size=10, max_size=40)


def follow(env: Any, node: Any, steps: list[Any]) -> None:
    """The node gets all of this."""
    asked = 0
    for step in steps:
        if isinstance(step, int):
            env.fire(node, step)
        else:
            sender, lane, message, answered = step
            if isinstance(message, Ask) and answered is not None:  # The user's next one.
                asked += 1
                sender, message = USER, Ask(Session(1, 1), asked, message.action)
            elif isinstance(message, Order) and answered is not None:
                asked += 1
                sender, message = ROUTER, Order(Session(1, 1), asked, message.request, message.action)
            elif answered is not None:
                lane, message = env.answers(message, answered)
            env.lane = lane
            node.on_message(sender, message)
        env.hear_own(node)
        env.pass_time(1_000)


@settings(max_examples=200)
@given(
    st.booleans(),
    st.builds(
        RouterSettings,
        timeout_us=st.sampled_from((1_000_000, 10_000_000)),
        refresh_us=st.just(1_000),
        refreshes=st.integers(1, 2),
        tables=st.integers(1, 2),
        sessions=st.sampled_from((2, 4_096)),
        requests=st.integers(1, 4),
        scan_items=st.integers(1, 3),
    ),
    steps_of(ASKED, (Ask, Ask, Ask, Located, Located, Page, Reply, WrongPartition)),
)
def test_no_message_makes_a_router_raise(
    knows: bool, given_settings: RouterSettings, steps: list[Any]
) -> None:
    env = ARBITRARY.Alone(ROUTER)
    router = Router(env, NODES, ADMINS, given_settings)
    router.on_start()
    router.on_message(USER, OpenSession(1))
    if knows:
        know_a_table(env, router)
    follow(env, router, steps)
    assert len(router.asked) <= given_settings.requests


def know_a_table(env: Any, router: Router) -> None:
    """A user has asked for an item, and the metadata has said where that is."""
    router.on_message(USER, Ask(Session(1, 1), 1, GetItem("books", KEY)))
    table = next(record for record in RECORDS if isinstance(record, TableRecord))
    env.lane, located = env.answers(Located(1, 1, table, PARTITIONS, (), 0, NODES), 0)
    router.on_message(NODES[0], located)
    assert len(router.caller) == 1


@settings(max_examples=200)
@given(
    st.booleans(),
    st.builds(
        AdminSettings, orders=st.integers(1, 3), workflows=st.integers(1, 3), commands=st.integers(1, 5)
    ),
    steps_of(TOLD, (Page, Page, Reply, Order, NodeReport)),
)
def test_no_message_makes_an_admin_raise(
    active: bool, given_settings: AdminSettings, steps: list[Any]
) -> None:
    env = ARBITRARY.Alone(ADMINS[0])
    admin = Admin(env, NODES, given_settings)
    admin.on_start()
    if active:
        become_active(env, admin)
    env.lane = ONLY_LANE
    admin.on_message(ROUTER, OpenSession(1))
    follow(env, admin, steps)


def become_active(env: Any, admin: Admin) -> None:
    """Nobody was ever active, and the storage nodes have reported."""
    env.fire(admin, 0)
    env.lane = ONLY_LANE
    for answer in (Page(ORDERED, 1, 1, (), None), Reply(ORDERED, 1, "ok", 3, None)):
        _, message = env.answers(answer, 0)
        admin.on_message(NODES[0], message)
    assert admin.term.active
    for node in NODES:
        admin.on_message(node, NodeReport(node, 1, 1, 0, 0, 0, ()))


def test_what_is_asked_and_told_reaches_all_parts_of_routers_and_admins() -> None:
    """The messages that are drawn are those that there are handlers for."""
    env = ARBITRARY.Alone(ADMINS[0])
    assert {*Caller.HANDLERS, *Admin(env, NODES, AdminSettings()).hears} == set(TOLD)
    assert {Reply, Page, Rejected, WrongPartition, Ask, Located, Declined} <= set(ASKED)


def test_an_answer_is_made_to_name_what_was_asked() -> None:
    env = ARBITRARY.Alone(ROUTER)
    env.enter(2)
    env.send(NODES[0], Request(ORDERED, 7, NO_BALLOT, 1, VALUES.of(CreateTable)))  # type: ignore[arg-type]
    env.send(NODES[0], Locate(5, "books"))
    lane, answer = env.answers(WrongPartition(RequestId(USER, 1, 1), 1, True), 1)
    assert (lane, answer) == (2, WrongPartition(ORDERED, 7, True))
    assert env.answers(Located(1, 1, None, (), (), 0, NODES), 0)[1].number == 5
