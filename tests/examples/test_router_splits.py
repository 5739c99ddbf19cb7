"""What a router does when a partition is split under its requests (rules R1, R4 to R6, R8, R9)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.mutation.seeded.router_splits import BUGS
from dynaproof.checkers.mutation.seeded.unreached import BUGS as UNREACHED
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.user_file import imported
from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.messages import Locate, Located
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord
from dynaproof.impl.node import Message, NodeId, Note
from dynaproof.impl.partition.messages.requests import Get, Page, Put, Rejected, Reply, Scan, WrongPartition
from dynaproof.impl.partition.records import ChildSpec, Split, StoredItem
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.router.call import Call
from dynaproof.impl.router.caller import AttemptTimer, BackoffTimer, GiveUpTimer
from dynaproof.impl.router.messages import (
    Action,
    Answered,
    Ask,
    Batch,
    BatchWriteItem,
    Done,
    GetItem,
    Items,
    PutItem,
    QueryTable,
    ScanTable,
)
from dynaproof.impl.router.notes import Crossed, Ended, Invoked
from dynaproof.impl.router.router import Router
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import OpenSession, Session
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema, encode_key
from dynaproof.impl.values.key_range import KeyRange, whole

ALONE: Any = imported(Path(__file__).resolve().parents[1] / "laws" / "arbitrary.py").Alone
NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))
A, B, C = (node.address for node in NODES)
ADMINS = (NodeId("region", "a", "admin-a"),)
ME, USER = NodeId("region", "a", "router-a"), NodeId("region", "user", "u0")
SCHEMA = KeySchema(KeyAttribute("id", "S"))
CONFIG = first_config(NODES)
ORDERED = RequestId(ME, 1, 99)


def key_of(name: str) -> bytes:
    return encode_key(SCHEMA, {"id": S(name)})


NAMES = sorted("abcdefgh", key=key_of)
"""Of eight items, in the order of their storage keys: a split at the third and one at the fifth."""
AT, LATER = key_of(NAMES[3])[:16], key_of(NAMES[5])[:16]
VOTERS = tuple(Member(node, 1) for node in NODES)
TO_END = KeyRange(AT, None)
SPLIT = Split(
    9,
    Ballot(3, "sa", 1),
    0,
    50,
    ChildSpec(2, KeyRange(whole().start, AT), VOTERS),
    ChildSpec(3, TO_END, VOTERS),
)
LAST = KeyRange(LATER, None)
SPLIT_AGAIN = Split(
    5, Ballot(1, "sb", 1), 0, 70, ChildSpec(4, KeyRange(AT, LATER), VOTERS), ChildSpec(5, LAST, VOTERS)
)
"""Of partition 3."""
PARENT = PartitionRecord(1, "books", 1, whole(), "listed", CONFIG)
CHILDREN = tuple(
    PartitionRecord(child.partition, "books", 1, child.range, "listed", CONFIG) for child in SPLIT.children
)
LEFT, RIGHT = NAMES[0], NAMES[6]
LED = Ballot(7, "sa", 1)
"""By which the parent was led."""


def item(name: str) -> bytes:
    return encode_item({"id": S(name)})


class Surroundings(ALONE):  # type: ignore[misc]
    """Keeps what the node notes, too, with the lane."""

    def __init__(self) -> None:
        super().__init__(ME)
        self.notes: list[tuple[int, Note]] = []

    def note(self, event: Note) -> None:
        self.notes.append((self.lane, event))


class Books:
    """A router that knows a table of one partition, and its user."""

    def __init__(self, **settings: Any) -> None:
        self.env = Surroundings()
        self.router = Router(self.env, NODES, ADMINS, RouterSettings(**settings))
        self.router.on_start()
        self.router.on_message(USER, OpenSession(1))
        self.asked = 0
        self.slot = 0
        self.ask(GetItem("books", item(LEFT), strong=True))
        self.look_up()
        self.reply()

    def ask(self, action: Action) -> None:
        self.asked += 1
        self.env.lane = 0
        self.router.on_message(USER, Ask(Session(1, 1), self.asked, action))

    def look_up(self, *partitions: PartitionRecord) -> None:
        """The metadata answers the last look-up."""
        partitions = partitions or (PARENT,)
        number = max(m.number for _, _, m in self.env.sent if isinstance(m, Locate))
        self.slot += 1
        ids = tuple(one.partition for one in partitions)
        table = TableRecord("books", 1, "active", SCHEMA, 3, ids, ORDERED, 0)
        self.env.lane = 0
        self.router.on_message(A, Located(number, self.slot, table, partitions, (), 0, NODES))

    @property
    def last(self) -> tuple[int, NodeId, Any]:
        """The last request, its lane, and whom it asks."""
        return next(one for one in reversed(self.env.sent) if hasattr(one[2], "operation"))

    def hear(self, make: Callable[[RequestId, int], Message], of: Any = None) -> None:
        """The answer to a request, or to the last one."""
        lane, to, m = of or self.last
        self.env.lane = lane
        self.router.on_message(to, make(m.request, m.attempt))

    def reply(self, observed: StoredItem | None = None) -> None:
        self.hear(lambda request, attempt: Reply(request, attempt, "ok", 4, observed))

    def is_split(
        self, split: Split = SPLIT, final: bool = True, first: NodeId | None = B, of: Any = None
    ) -> None:
        self.hear(lambda request, attempt: WrongPartition(request, attempt, final, None, split, first), of)

    def is_not_there(self) -> None:
        self.hear(lambda request, attempt: WrongPartition(request, attempt, False))

    def refuse(
        self, reason: str, final: bool, of: Any = None, leader: Any = None, ballot: Ballot = NO_BALLOT
    ) -> None:
        self.hear(lambda request, attempt: Rejected(request, attempt, reason, final, leader, ballot), of)

    def page(self, *names: str, through: bytes | None = None) -> None:
        found = tuple((key_of(name), StoredItem(item(name), 3, 3)) for name in names)
        self.hear(lambda request, attempt: Page(request, attempt, 4, found, through))

    def fire(self, kind: Any) -> None:
        """The one timer of this kind of the last request is due."""
        due = [each for each in self.env.timers if isinstance(each[1], kind)]
        assert len(due) == 1
        lane, timer = due[0]
        assert lane == self.last[0], "the timers of a request are in the lane of its partition"
        self.env.fire(self.router, list(self.env.timers).index((lane, timer)))

    @property
    def said(self) -> Any:
        """The last answer to the user: its result, or whether nothing has happened."""
        to, m = self.env.sent[-1][1:]
        assert to == USER
        return m.result if isinstance(m, Answered) else m

    def ends(self) -> Any:
        """The time of the last request is up."""
        self.fire(GiveUpTimer)
        return self.said

    def crossed(self) -> list[tuple[int, int, int, bool]]:
        """The calls that went over a split: the lane in which that was said, from where, where to."""
        notes = ((lane, one) for lane, one in self.env.notes if isinstance(one, Crossed))
        return [(lane, one.parent, one.child, one.final) for lane, one in notes]


def put(books: Books, name: str = RIGHT, partition: int = 1) -> None:
    """Ask for a write, which comes to the leader of the partition."""
    books.ask(PutItem("books", item(name)))
    assert books.last[0] == partition


# --- R4: where a call goes on ---


def test_a_request_goes_on_at_the_child_that_has_its_key() -> None:
    for name, child in ((LEFT, 2), (RIGHT, 3)):
        books = Books()
        put(books, name)
        _, _, before = books.last
        books.env.pass_time(1_000_000)
        books.is_split()
        lane, to, after = books.last
        assert (lane, to) == (child, B), "first it asks the node whose children campaign first"
        assert (after.request, after.deadline, after.operation) == (
            before.request,
            before.deadline,
            before.operation,
        )
        assert (after.attempt, after.ballot) == (before.attempt + 1, NO_BALLOT)
        assert books.crossed() == [(1, 1, child, True)]
        own = {timer: (lane, due) for (lane, timer), due in books.env.timers.items()}
        number = before.request.number
        assert own[GiveUpTimer(number)] == (child, 20_000_000), "it has as long as it ever had"
        assert own[AttemptTimer(number)] == (child, 11_200_000)
        books.reply()
        assert books.said == Done(None)
        ended = [(lane, one.request) for lane, one in books.env.notes if isinstance(one, Ended)]
        assert ended[-1] == (child, before.request)
        assert not books.env.timers


def test_a_read_of_one_item_goes_on_at_the_child_too() -> None:
    for strong in (True, False):
        books = Books()
        books.ask(GetItem("books", item(RIGHT), strong))
        books.is_split()
        assert books.last[0] == 3
        assert books.last[2].operation == Get(key_of(RIGHT), strong)
        books.reply(StoredItem(item(RIGHT), 3, 3))
        assert books.said == Done(item(RIGHT))


def test_the_leader_of_a_child_is_followed_whatever_ballots_its_parent_had() -> None:
    books = Books()
    put(books)
    books.refuse("not_leader", True, leader=NODES[0], ballot=LED)
    assert (books.last[1], books.last[2].ballot) == (A, LED)
    books.is_split()
    assert books.last[2].ballot == NO_BALLOT
    books.refuse("not_leader", True, leader=NODES[2], ballot=Ballot(1, "sc", 1))
    assert (books.last[0], books.last[1], books.last[2].ballot) == (3, C, Ballot(1, "sc", 1))


def test_a_child_that_nobody_leads_yet_is_asked_again() -> None:
    books = Books()
    put(books)
    books.is_split(first=None)
    asked = {books.last[1]}
    for _ in range(2):
        books.refuse("not_leader", True)
        books.fire(BackoffTimer)
        assert books.last[0] == 3
        asked.add(books.last[1])
    assert asked == {A, B, C}


def test_an_answer_of_the_parent_that_comes_late_changes_nothing() -> None:
    books = Books()
    put(books)
    late = books.last
    books.is_split()
    sent = len(books.env.sent)
    books.is_split(of=late)
    books.refuse("not_leader", True, of=late)
    books.hear(lambda request, attempt: Reply(request, attempt, "ok", 4, None), late)
    assert len(books.env.sent) == sent
    assert len(books.router.caller) == 1


def test_an_attempt_that_was_refused_before_does_not_hide_the_split() -> None:
    """The network may bring one attempt twice, and the second one behind the barrier."""
    books = Books()
    put(books)
    books.refuse("not_leader", True)
    books.is_split()
    assert books.last[0] == 3
    books.fire(AttemptTimer)
    assert books.last[0] == 3, "the pause of before is over"


@pytest.mark.parametrize(
    "split",
    [
        structs.replace(SPLIT, left=structs.replace(SPLIT.left, partition=1)),
        structs.replace(SPLIT, left=structs.replace(SPLIT.left, partition=3)),
        structs.replace(SPLIT, right=structs.replace(SPLIT.right, voters=())),
        structs.replace(SPLIT, right=structs.replace(SPLIT.right, range=KeyRange(LATER, None))),
        structs.replace(SPLIT, left=SPLIT.right, right=SPLIT.left),
        structs.replace(
            SPLIT,
            left=structs.replace(SPLIT.left, range=KeyRange(AT, LATER)),
            right=structs.replace(SPLIT.right, range=KeyRange(LATER, None)),
        ),
    ],
)
def test_a_split_that_cannot_be_is_a_hint_that_what_is_known_is_old(split: Split) -> None:
    books = Books()
    put(books, LEFT)
    books.is_split(split)
    assert not books.crossed()
    assert isinstance(books.env.sent[-1][2], Locate)
    books.fire(BackoffTimer)
    assert books.last[0] == 1


# --- R4 to R6: what is certain ---


def unanswered_twice(books: Books) -> None:
    """A write whose first attempt got no answer, and whose second one waits for it."""
    put(books)
    books.fire(AttemptTimer)
    assert (
        books.last[2].attempt == books.router.caller.running[books.last[2].request.number].call.attempt == 2
    )


def test_one_final_answer_that_the_partition_is_split_covers_all_attempts_there() -> None:
    books = Books()
    unanswered_twice(books)
    books.is_split(final=True)
    books.refuse("not_leader", True)
    failed = books.ends()
    assert (failed.error, failed.definite) == ("ServiceUnavailable", True)


def test_it_covers_no_attempt_at_the_child() -> None:
    books = Books()
    put(books)
    parent = books.last
    books.is_split(final=True)
    books.is_split(final=True, of=parent)
    assert not books.ends().definite


def test_an_answer_that_is_not_final_leaves_the_attempts_at_the_parent_open() -> None:
    books = Books()
    put(books)
    books.is_split(final=False)
    assert books.crossed() == [(1, 1, 3, False)]
    books.refuse("not_leader", True)
    failed = books.ends()
    assert (failed.error, failed.definite) == ("InternalServerError", False)


def test_what_the_leader_of_a_child_refuses_by_choice_did_not_happen_at_the_parent() -> None:
    books = Books()
    unanswered_twice(books)
    books.is_split(final=False)
    books.refuse("throttled", True)
    failed = books.ends()
    assert (failed.error, failed.definite) == ("ThrottlingException", True)
    books = Books()
    put(books)
    books.is_split(final=False)
    books.refuse("too_far_ahead", True)
    assert books.said.definite


@pytest.mark.parametrize(
    ("reason", "final"),
    [("not_leader", True), ("not_leader", False), ("throttled", False), ("expired", False)],
)
def test_no_other_refusal_of_a_child_says_so(reason: str, final: bool) -> None:
    books = Books()
    put(books)
    books.is_split(final=False)
    books.refuse(reason, final)
    failed = books.said if reason == "expired" else books.ends()
    assert not failed.definite


def test_a_refusal_of_one_attempt_at_the_child_is_none_of_another() -> None:
    books = Books()
    put(books)
    books.is_split(final=False)
    books.fire(AttemptTimer)
    books.refuse("throttled", True)
    assert not books.ends().definite


def test_a_call_that_crosses_two_splits_is_answered_for_by_the_last() -> None:
    books = Books()
    put(books, NAMES[4])
    books.is_split(final=False)
    books.is_split(SPLIT_AGAIN, final=True, first=C)
    assert books.last[:2] == (4, C)
    assert books.crossed() == [(1, 1, 3, False), (3, 3, 4, True)]
    assert isinstance(books.last[2].operation, Put)
    books.refuse("not_leader", True)
    assert books.ends().definite
    books = Books()
    put(books, NAMES[4])
    books.is_split(final=True)
    books.is_split(SPLIT_AGAIN, final=False)
    books.refuse("not_leader", True)
    assert not books.ends().definite


def test_a_leader_that_has_seen_no_split_answers_for_nothing_but_its_attempt() -> None:
    call = Call(ORDERED, Put(b"k", b"item"), 5)
    for to in NODES[:2]:
        call.ask(to, LED)
    assert call.refused(Rejected(ORDERED, 2, "throttled", True, None, LED))
    assert list(call.unanswered) == [1]
    assert call.given_up() == "indefinite"


# --- R1: what is known of a table ---


def test_the_children_of_a_split_that_was_heard_of_are_asked_at_once() -> None:
    books = Books()
    put(books)
    books.is_split()
    books.reply()
    for name, child in ((LEFT, 2), (RIGHT, 3)):
        books.ask(GetItem("books", item(name), strong=True))
        assert books.last[:2] == (child, B)
        books.reply()
    assert list(books.router.tables.homes) == [2, 3]


def test_a_look_up_that_lists_the_parent_yet_sends_no_call_back() -> None:
    books = Books()
    put(books)
    books.is_split()
    books.is_not_there()  # No child is made yet.
    books.look_up(PARENT)
    assert list(books.router.tables.homes) == [1]
    for _ in range(2):
        books.fire(BackoffTimer)
        assert books.last[0] == 3
        books.is_not_there()
    books.fire(BackoffTimer)
    books.reply()
    put(books, LEFT)
    books.is_split()
    books.reply()
    put(books, partition=3)  # And the parent is mended by the first that asks it.
    books.reply()
    books.router.tables.refresh("books")
    books.look_up(*CHILDREN)
    put(books, partition=3)


def test_a_look_up_that_lists_the_children_has_the_last_word() -> None:
    books = Books()
    put(books)
    elsewhere = first_config((NODES[0],))
    books.router.tables.refresh("books")
    books.look_up(*(structs.replace(one, config=elsewhere) for one in CHILDREN))
    books.is_split(first=None)
    assert books.last[:2] == (3, A), "the metadata knows better where the child is by now"
    assert books.router.tables.homes == {2: (A,), 3: (A,)}


def test_of_a_split_that_the_metadata_contradicts_only_the_call_goes_on() -> None:
    books = Books()
    put(books)
    right = structs.replace(SPLIT.right, range=KeyRange(AT, b"\xff" * 16))
    books.is_split(structs.replace(SPLIT, right=right))
    assert books.last[0] == 3
    assert list(books.router.tables.homes) == [1]


def test_a_call_of_a_parent_that_was_dropped_goes_on_at_the_child_when_that_is_known() -> None:
    books = Books()
    put(books)
    books.is_not_there()
    books.look_up(*CHILDREN)
    books.fire(BackoffTimer)
    assert books.last[0] == 1
    books.is_not_there()
    assert books.last[0] == 3
    assert books.crossed() == [(1, 1, 3, False)]
    books.refuse("not_leader", True)
    assert not books.ends().definite, "what became of it at the parent nobody says"


# --- R8 and R9: pages and batches ---


def scan(books: Books, **changes: Any) -> None:
    books.ask(ScanTable("books", **changes))


def test_a_page_that_waits_for_the_parent_goes_on_in_both_children() -> None:
    books = Books()
    scan(books)
    begun = books.last[2]
    books.is_split()
    assert books.last[0] == 2
    assert books.last[2].request != begun.request, "a read is asked anew: it has no effect"
    assert books.last[2].operation == Scan(whole().start, AT, 1_000, 1 << 20, False)
    books.page(*NAMES[:3])
    assert books.last[0] == 3
    assert books.last[2].operation.low == AT
    assert books.last[2].operation.high is None
    books.page(*NAMES[3:])
    assert books.said == Items(tuple((key_of(name), item(name)) for name in NAMES), None)
    assert not books.crossed()
    begins = [one.request for lane, one in books.env.notes if isinstance(one, Invoked) and lane == 1]
    ends = [one.request for lane, one in books.env.notes if isinstance(one, Ended) and lane == 1]
    assert begins == ends, "each piece begins and ends in one lane"


RANGES = {1: whole(), 2: SPLIT.left.range, 3: TO_END, 4: SPLIT_AGAIN.left.range, 5: SPLIT_AGAIN.right.range}


def serve(books: Books, splits: dict[int, Split]) -> None:
    """The partition that is asked for a piece answers; of these some are split."""
    lane, _, request = books.last
    if lane in splits:
        books.is_split(splits[lane])
        return
    scanned: Scan = request.operation
    found = [
        name
        for name in NAMES
        if scanned.low <= key_of(name) and (scanned.high is None or key_of(name) < scanned.high)
        if RANGES[lane].contains(key_of(name))
    ]
    more = found[scanned.items :]
    books.page(*found[: scanned.items], through=key_of(more[0]) if more else None)


@pytest.mark.parametrize("limit", [1, 2, 3, 8])
@pytest.mark.parametrize("first", range(12))
@pytest.mark.parametrize("second", [0, 1, 2, 20])
def test_a_scan_returns_each_item_once_whenever_its_partitions_are_split(
    limit: int, first: int, second: int
) -> None:
    """A token that a parent gave is good for its children; and what has answered says how far it went."""
    books, served = Books(), 0
    after, found = None, []
    while True:
        scan(books, after=after, limit=limit)
        while books.env.sent[-1][1] != USER:
            splits = {1: SPLIT, 3: SPLIT_AGAIN} if served >= first + second else {1: SPLIT}
            serve(books, splits if served >= first else {})
            served += 1
        assert len(books.said.items) <= limit
        found += [key for key, _ in books.said.items]
        after = books.said.after
        if after is None:
            break
        assert after == found[-1]
    assert found == [key_of(name) for name in NAMES]
    assert served <= 8 + 5 + 2 + first + second


def test_a_page_that_is_half_full_goes_on_behind_what_it_has_read() -> None:
    """The first partition gave one item; then the second one is split."""
    books = Books()
    scan(books)
    books.is_split()
    books.page(*NAMES[:3])
    books.is_split(SPLIT_AGAIN)
    assert books.last[0] == 4
    assert books.last[2].operation == Scan(AT, LATER, 997, (1 << 20) - size(NAMES[:3]), False)
    books.page(*NAMES[3:5])
    assert books.last[0] == 5
    books.page(*NAMES[5:])
    assert [key for key, _ in books.said.items] == [key_of(name) for name in NAMES]


def size(names: list[str]) -> int:
    return sum(len(key_of(name)) + len(item(name)) for name in names)


def test_a_page_behind_a_token_does_not_begin_the_child_again() -> None:
    books = Books()
    scan(books, after=key_of(NAMES[4]))
    books.is_split()
    assert (books.last[0], books.last[2].operation.low) == (3, key_of(NAMES[4]) + b"\x00")


@pytest.mark.parametrize("first", range(4))
def test_a_segment_of_a_parallel_scan_is_read_to_its_end_in_whatever_partitions(first: int) -> None:
    found = []
    for segment in range(3):
        books, served = Books(), 0
        scan(books, segment=segment, segments=3)
        while books.env.sent[-1][1] != USER:
            serve(books, {1: SPLIT, 3: SPLIT_AGAIN} if served >= first else {})
            served += 1
        assert books.said.after is None
        found += [key for key, _ in books.said.items]
    assert found == [key_of(name) for name in NAMES]


def test_a_query_goes_on_at_the_one_child_that_has_its_items() -> None:
    books = Books()
    books.ask(QueryTable("books", item(RIGHT)))
    books.is_split()
    assert books.last[0] == 3
    books.page(RIGHT)
    assert books.said == Items(((key_of(RIGHT), item(RIGHT)),), None)


def test_a_page_of_a_child_that_splits_while_its_parent_is_listed_gets_there() -> None:
    """The look-up has brought the parent back: each of the two says of itself that it is split."""
    books = Books()
    scan(books, after=key_of(NAMES[4]))
    books.is_split()
    books.router.tables.refresh("books")
    books.look_up(PARENT)
    books.is_split(SPLIT_AGAIN)
    assert books.last[0] == 1
    books.is_split()
    assert books.last[0] == 3
    books.is_split(SPLIT_AGAIN)
    assert books.last[0] == 4
    books.page()
    books.page(*NAMES[5:])
    assert [key for key, _ in books.said.items] == [key_of(name) for name in NAMES[5:]]


def test_a_page_of_a_parent_that_was_dropped_goes_on_in_the_children() -> None:
    books = Books()
    scan(books)
    books.is_not_there()
    books.look_up(*CHILDREN)
    books.fire(BackoffTimer)
    books.is_not_there()
    assert books.last[0] == 2


def test_the_parts_of_a_batch_are_dealt_to_the_children() -> None:
    books = Books()
    books.ask(BatchWriteItem((PutItem("books", item(LEFT)), PutItem("books", item(RIGHT)))))
    first, second = books.env.sent[-2:]
    books.is_split(of=first)
    of_left = books.last
    books.is_split(of=second, final=False)
    of_right = books.last
    assert (of_left[0], of_right[0]) == (2, 3)
    books.hear(lambda request, attempt: Reply(request, attempt, "ok", 4, None), of_left)
    books.refuse("not_leader", True, of=of_right)
    assert books.ends() == Batch((None, None), ((1, False),))


# --- Each of the bugs is seen ---

SEEN_BY: dict[str, Callable[[], None]] = {
    "wrong_partition_by_hearsay": test_an_answer_that_is_not_final_leaves_the_attempts_at_the_parent_open,
    "nothing_happened_at_what_is_gone": (
        test_a_call_of_a_parent_that_was_dropped_goes_on_at_the_child_when_that_is_known
    ),
    "last_answer_counts": test_a_refusal_of_one_attempt_at_the_child_is_none_of_another,
    "another_request_at_the_child": test_a_request_goes_on_at_the_child_that_has_its_key,
    "hint_outlives_its_partition": (test_the_leader_of_a_child_is_followed_whatever_ballots_its_parent_had),
    "call_goes_back_to_the_parent": test_a_look_up_that_lists_the_parent_yet_sends_no_call_back,
    "begins_the_partition_again": test_a_page_behind_a_token_does_not_begin_the_child_again,
    "child_answers_for_its_parent": test_a_page_that_waits_for_the_parent_goes_on_in_both_children,
    "page_ends_with_the_split": test_a_page_that_waits_for_the_parent_goes_on_in_both_children,
}


OF_SPLITS = {bug.name: bug for bug in (*BUGS, *UNREACHED) if bug.name in SEEN_BY}


@pytest.mark.parametrize("bug", OF_SPLITS.values(), ids=lambda bug: bug.name)
def test_each_bug_of_splits_is_seen(bug: Any) -> None:
    assert set(SEEN_BY) == {*OF_SPLITS}
    with seeded(bug), pytest.raises(AssertionError):
        SEEN_BY[bug.name]()
