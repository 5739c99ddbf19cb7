"""What a router does with pages and batches when partitions are split under them (rules R8, R9)."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.mutation.seeded.router_splits import BUGS
from dynaproof.checkers.patches import seeded
from dynaproof.impl.partition.messages.requests import Reply, Scan
from dynaproof.impl.partition.records import Split
from dynaproof.impl.router.caller import BackoffTimer
from dynaproof.impl.router.messages import (
    Batch,
    BatchWriteItem,
    Items,
    PutItem,
    QueryTable,
    ScanTable,
)
from dynaproof.impl.router.notes import Ended, Invoked
from dynaproof.impl.values.key_range import whole
from tests.examples.router_books import (
    AT,
    CHILDREN,
    LATER,
    LEFT,
    NAMES,
    PARENT,
    RIGHT,
    SPLIT,
    SPLIT_AGAIN,
    TO_END,
    USER,
    Books,
    item,
    key_of,
)

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


def test_a_page_that_has_as_many_bytes_as_it_may_ends_with_its_partition() -> None:
    books = Books(scan_bytes=size(NAMES[:3]))
    scan(books)
    books.is_split()
    books.page(*NAMES[:3])
    assert books.said == Items(tuple((key_of(name), item(name)) for name in NAMES[:3]), key_of(NAMES[2]))


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


def test_a_page_ends_where_a_table_of_the_same_name_would_go_on() -> None:
    """The table was deleted, and made anew, after the first piece."""
    books = Books()
    scan(books)
    books.is_split()
    books.page(*NAMES[:3])
    books.is_not_there()
    books.look_up(structs.replace(PARENT, partition=9, generation=2), generation=2)
    assert books.said == Items(tuple((key_of(name), item(name)) for name in NAMES[:3]), key_of(NAMES[2]))


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
    "begins_the_partition_again": test_a_page_behind_a_token_does_not_begin_the_child_again,
    "child_answers_for_its_parent": test_a_page_that_waits_for_the_parent_goes_on_in_both_children,
    "page_ends_with_the_split": test_a_page_that_waits_for_the_parent_goes_on_in_both_children,
}
OF_PAGES = {bug.name: bug for bug in BUGS if bug.name in SEEN_BY}


@pytest.mark.parametrize("name", SEEN_BY)
def test_each_bug_of_pages_over_splits_is_seen(name: str) -> None:
    with seeded(OF_PAGES[name]), pytest.raises(AssertionError):
        SEEN_BY[name]()
