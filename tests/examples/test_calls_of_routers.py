"""How a router goes on after refusals, and what it says of requests of which not all that was asked is done
(rules R1, R3 and R6 of docs/table.md).
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from dynaproof.impl.capacity.admission import PROVISIONED
from dynaproof.impl.metadata.messages import Locate, Located, NotServing
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.partition.messages.requests import Rejected, Reply
from dynaproof.impl.paxos.ids import NO_BALLOT
from dynaproof.impl.router import caller
from dynaproof.impl.router.caller import AttemptTimer, BackoffTimer, Caller, CallerSettings, GiveUpTimer
from dynaproof.impl.router.messages import (
    Ask,
    Batch,
    BatchWriteItem,
    GetItem,
    ListTables,
    PutItem,
)
from dynaproof.impl.router.tables import LocateTimer, is_whole
from dynaproof.impl.sessions import Session
from dynaproof.impl.values.key_range import KeyRange
from tests.examples.router_books import (
    CHILDREN,
    LED,
    LEFT,
    NODES,
    ORDERED,
    RIGHT,
    SCHEMA,
    USER,
    A,
    Books,
    item,
    put,
)

SETTINGS = CallerSettings()
CAPACITY = f"TableWrite{PROVISIONED}"


def until(books: Books, kind: Any) -> int:
    """After which time the one timer of this kind is due."""
    (due,) = [due for (_, timer), due in books.env.timers.items() if isinstance(timer, kind)]
    return int(due - books.env.now)


def asked(books: Books) -> int:
    """How many requests were sent to partitions."""
    return sum(hasattr(m, "operation") for _, _, m in books.env.sent)


def look_up(books: Books) -> int:
    """The number of the last look-up."""
    return max(m.number for _, _, m in books.env.sent if isinstance(m, Locate))


def tell(books: Books, m: Message) -> None:
    """The metadata says something."""
    books.env.lane = 0
    books.router.on_message(A, m)


def fire_look_up(books: Books) -> None:
    """The only look-up is due."""
    (at,) = [at for at, (_, timer) in enumerate(books.env.timers) if isinstance(timer, LocateTimer)]
    books.env.fire(books.router, at)


def throttle(books: Books, reason: str, wait_us: int) -> None:
    """The leader does not take the last request now."""
    books.hear(lambda request, attempt: Rejected(request, attempt, reason, True, None, NO_BALLOT, wait_us))


# --- Pauses ---


def test_pauses_after_refusals_grow_and_not_without_bound() -> None:
    books, pauses = Books(), []
    put(books)
    for _ in range(20):
        books.refuse("not_leader", True)
        pauses.append(until(books, BackoffTimer))
        books.fire(BackoffTimer)
    assert pauses == sorted(pauses)
    assert pauses[0] <= 1 + SETTINGS.backoff_us
    assert SETTINGS.most_backoff_us // 2 <= pauses[-1] <= 1 + SETTINGS.most_backoff_us


def test_who_is_throttled_does_not_come_back_before_it_is_told_to_and_then_to_the_same_leader() -> None:
    books = Books()
    put(books)
    books.refuse("not_leader", True, leader=NODES[0], ballot=LED)
    throttle(books, "throttled", 700_000)
    assert until(books, BackoffTimer) >= 700_000
    books.fire(BackoffTimer)
    assert (books.last[1], books.last[2].ballot) == (A, LED), "it leads, and is only busy"


def test_a_write_that_may_have_happened_is_tried_on_though_a_later_attempt_lacks_capacity() -> None:
    """Its user would hear that nobody knows, long before its time is up."""
    books = Books()
    put(books)
    books.fire(AttemptTimer)
    before = asked(books)
    throttle(books, CAPACITY, 0)
    assert len(books.router.caller) == 1
    books.fire(BackoffTimer)
    assert asked(books) == before + 1


def test_a_look_up_that_nobody_serves_pauses_no_longer_than_calls_do() -> None:
    books = Books()
    books.ask(GetItem("new", item(LEFT)))
    for _ in range(20):
        tell(books, NotServing(look_up(books), None, NO_BALLOT))
        assert until(books, LocateTimer) <= 1 + SETTINGS.most_backoff_us
        fire_look_up(books)


# --- Routes ---


def test_the_routes_that_were_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "ROUTES", 3)
    routes = Caller(Books().env, SETTINGS, None)  # type: ignore[arg-type]
    for partition in (1, 2, 3, 1, 4, 5):
        routes.learn(partition, LED, NODES[0])
    assert list(routes.routes) == [1, 4, 5]


# --- Batches (R6) ---


def batch(books: Books) -> tuple[Any, Any]:
    """Two writes of a batch, each as it was asked for at the partition."""
    books.ask(BatchWriteItem((PutItem("books", item(LEFT)), PutItem("books", item(RIGHT)))))
    first, second = books.env.sent[-2:]
    return first, second


def give_up(books: Books, of: Any) -> None:
    """The time of one request is up."""
    timer = of[0], GiveUpTimer(of[2].request.number)
    books.env.fire(books.router, list(books.env.timers).index(timer))


@pytest.mark.parametrize("refused", [0, 1])
def test_a_batch_of_which_nothing_is_known_to_be_done_may_have_happened_if_any_of_its_writes_may(
    refused: int,
) -> None:
    books = Books()
    writes = batch(books)
    books.refuse("not_leader", True, of=writes[refused])
    for one in writes:
        give_up(books, one)
    assert (books.said.error, books.said.definite) == ("InternalServerError", False)


def test_a_batch_of_which_something_is_done_is_not_begun_anew_when_its_table_is_replaced() -> None:
    """What is done would be done once more, and undo what others have written since."""
    books = Books()
    first, second = batch(books)
    books.hear(lambda request, attempt: Reply(request, attempt, "ok", 4, None), first)
    books.refuse("not_leader", True, of=second)
    books.router.tables.refresh("books")
    before = asked(books)
    (parent,) = books.router.tables.known["books"].partitions
    another = structs.replace(parent, partition=8, generation=2)
    table = structs.replace(TABLE, generation=2, partitions=(8,))
    tell(books, Located(look_up(books), 99, table, (another,), (), 0, NODES))
    assert asked(books) == before
    assert books.said == Batch((None, None), ((1, True),))


# --- What the metadata says (R1) ---

TABLE = TableRecord("books", 1, "active", SCHEMA, 3, (2, 3), ORDERED, 0)
LOW, HIGH = CHILDREN
EMPTY = structs.replace(LOW.config, voters=())


@pytest.mark.parametrize(
    ("table", "partitions", "members"),
    [
        (TABLE, CHILDREN, ()),
        (structs.replace(TABLE, name="films"), CHILDREN, NODES),
        (TABLE, (LOW,), NODES),
        (structs.replace(TABLE, partitions=(3, 2)), (HIGH, LOW), NODES),
        (structs.replace(TABLE, partitions=(2, 4)), CHILDREN, NODES),
        (structs.replace(TABLE, partitions=()), (), NODES),
        (structs.replace(TABLE, partitions=(2, 2)), (LOW, structs.replace(HIGH, partition=2)), NODES),
        (TABLE, (structs.replace(LOW, config=EMPTY), HIGH), NODES),
        (TABLE, (LOW, structs.replace(HIGH, generation=2)), NODES),
        (structs.replace(TABLE, partitions=(3,)), (HIGH,), NODES),
        (structs.replace(TABLE, partitions=(2,)), (LOW,), NODES),
        (TABLE, (LOW, structs.replace(HIGH, range=KeyRange(b"\xfe" * 16, None))), NODES),
    ],
)
def test_an_answer_that_no_sound_metadata_gives_is_not_believed(
    table: TableRecord, partitions: tuple[PartitionRecord, ...], members: tuple[NodeId, ...]
) -> None:
    assert is_whole(Located(1, 9, TABLE, CHILDREN, (), 0, NODES), "books")
    assert not is_whole(Located(1, 9, table, partitions, (), 0, members), "books")


# --- Sessions ---


def test_a_request_that_comes_late_lets_no_copy_of_a_later_one_through() -> None:
    books = Books()
    taken = []
    for number in (5, 3, 5, 4, 6):
        before = books.router.numbers
        books.env.lane = 0
        books.router.on_message(USER, Ask(Session(1, 1), number, ListTables()))
        taken.append(books.router.numbers - before)
    assert taken == [1, 0, 0, 0, 1]
