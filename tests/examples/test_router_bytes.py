"""What a router takes of users and reads for them is bounded in bytes, and a batch in items. Beyond, a user
is throttled, the rest of a batch is left unprocessed, and a page ends early; nothing has happened then.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.impl.node import NodeId
from dynaproof.impl.router import errors
from dynaproof.impl.router.asked import Asked, Piece, what_became_of
from dynaproof.impl.router.keys import single
from dynaproof.impl.router.messages import (
    Action,
    Ask,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    Done,
    Failed,
    GetItem,
    Items,
    PutItem,
    ScanTable,
)
from dynaproof.impl.router.room import Room
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import Session
from dynaproof.impl.values.errors import InvalidValue
from tests.examples.small_region import SmallRegion, item

ME = NodeId("region", "a", "router-a")
KEYS = [item("a", str(at)) for at in range(5)]
ITEMS = [item("a", str(at), text="x" * 100) for at in range(5)]
SIZE = len(ITEMS[0])
GETS = BatchGetItem(tuple(GetItem("books", key, strong=True) for key in KEYS))


def written(**router: Any) -> SmallRegion:
    """A region with a table that has five items of the same size, and these bounds from here on."""
    region = SmallRegion(users=2)
    region.create("books", partitions=2)
    for one in ITEMS:
        assert region.ask(PutItem("books", one)) == Done()
    room: Any = region.router.node.room  # type: ignore[union-attr]
    room.most, room.of_a_batch = (
        router.get("bytes_at_once", room.most),
        router.get("batch_bytes", room.of_a_batch),
    )
    return region


def test_batches_are_bounded_as_the_api_says() -> None:
    assert RouterSettings().batch_bytes == 16 * 1024 * 1024


@pytest.mark.parametrize(
    ("most", "batch"),
    [
        (25, lambda items: BatchWriteItem(tuple(PutItem("books", one) for one in items))),
        (100, lambda items: BatchGetItem(tuple(GetItem("books", one) for one in items))),
    ],
)
def test_a_batch_may_have_as_many_items_as_the_api_says_and_not_one_more(
    most: int, batch: Callable[[list[bytes]], Action]
) -> None:
    """API reference, BatchWriteItem and BatchGetItem."""
    items = [item("a", str(at)) for at in range(most + 1)]
    assert len(single(batch(items[:most]))) == most
    with pytest.raises(InvalidValue):
        single(batch(items))


@pytest.mark.parametrize("fit", [1, 3, 5])
def test_a_batch_reads_as_much_as_it_may_and_leaves_the_rest_unprocessed(fit: int) -> None:
    region = written(batch_bytes=fit * SIZE + SIZE - 1)
    said = region.ask(GETS)
    assert isinstance(said, Batch)
    there = [index for index, one in enumerate(said.items) if one is not None]
    assert all(said.items[index] == ITEMS[index] for index in there)
    assert len(there) == fit
    assert said.unprocessed == tuple((index, True) for index in range(5) if index not in there)


def test_a_batch_of_which_nothing_has_room_is_throttled() -> None:
    region = written(batch_bytes=SIZE - 1)
    said = region.ask(GETS)
    assert isinstance(said, Failed)
    assert (said.error, said.definite) == ("ThrottlingException", True)


def test_a_batch_of_writes_that_is_too_large_is_refused_as_a_whole() -> None:
    region = SmallRegion(router={"batch_bytes": 3 * SIZE})
    region.create("books")
    said = region.ask(BatchWriteItem(tuple(PutItem("books", one) for one in ITEMS[:4])))
    assert isinstance(said, Failed)
    assert (said.error, said.definite) == ("ValidationException", True)
    assert said.message == f"The total request size exceeds {3 * SIZE} bytes"
    assert region.ask(ScanTable("books", strong=True)) == Items((), None)
    said = region.ask(BatchWriteItem(tuple(PutItem("books", one) for one in ITEMS[:3])))
    assert said == Batch((None, None, None), ())


@pytest.mark.parametrize("second", [PutItem("books", ITEMS[1]), GETS])
def test_a_user_for_whose_request_there_is_no_room_is_throttled_until_there_is(second: Action) -> None:
    region = written(bytes_at_once=SIZE + 40)
    for place in region.hosts:
        region.cut(region.router, place)
    region.begin(PutItem("books", ITEMS[0]))
    assert region.go(lambda: len(region.router.node.asked) == 1)  # type: ignore[union-attr]
    throttled = region.ask(second, user=1)
    assert isinstance(throttled, Failed)
    assert (throttled.error, throttled.message) == ("ThrottlingException", "Rate exceeded")
    assert throttled.definite
    region.world.cut_links.clear()
    assert region.go(lambda: region.asker().said == Done())
    assert region.router.node.room.taken == 0, "nothing is under way"  # type: ignore[union-attr]
    assert region.ask(PutItem("books", ITEMS[1]), user=1) == Done()


def test_what_has_no_room_when_it_was_read_is_throttled_and_a_batch_leaves_it_unprocessed() -> None:
    region = written(bytes_at_once=len(KEYS[0]) + SIZE - 1)
    throttled = region.ask(GetItem("books", KEYS[0]))
    assert isinstance(throttled, Failed)
    assert (throttled.error, throttled.definite) == ("ThrottlingException", True)
    put = PutItem("books", KEYS[0], conditional=True, expected=None)
    throttled = region.ask(put)
    assert isinstance(throttled, Failed)
    assert (throttled.error, throttled.observed) == ("ThrottlingException", None), "its condition fails"
    region = written(bytes_at_once=5 * len(KEYS[0]) + 2 * SIZE)
    said = region.ask(GETS)
    assert isinstance(said, Batch)
    assert len(said.unprocessed) == 3
    assert all(definite for _, definite in said.unprocessed)


def test_a_page_ends_where_there_is_no_room_and_the_next_one_goes_on() -> None:
    region = written(bytes_at_once=3 * SIZE + 100)
    found: list[bytes] = []
    after: bytes | None = None
    for _ in range(5):
        said = region.ask(ScanTable("books", after, strong=True))
        assert isinstance(said, Items)
        found += [one for _, one in said.items]
        after = said.after
        if after is None:
            break
    assert sorted(found) == sorted(ITEMS)


def test_as_much_is_taken_as_there_is_room_for_and_not_a_byte_more() -> None:
    room = Room(100, 40)
    asked = Asked(ME, Ask(Session(1, 1), 1, GETS), 0, 0)
    assert room.take(asked, 60)
    assert not room.take(asked, 41)
    assert not room.keep(asked, 41), "a batch reads less than there is room for"
    assert room.keep(asked, 40)
    assert (room.left, room.take(asked, 1)) == (0, False)
    room.free(asked)
    assert room.left == 100


def test_a_batch_of_which_nothing_was_done_hears_of_what_is_still_there() -> None:
    """One item was not kept; the table of the other one is gone, which is not for its user to hear."""
    asked = Asked(ME, Ask(Session(1, 1), 1, GETS), 0, 1_000)
    operation: Any = None
    for key, gone, error in ((b"a", True, errors.NO_METADATA), (b"b", False, errors.THROTTLED)):
        piece = Piece("books", 1, key, operation)
        piece.done, piece.gone, piece.error = True, gone, error
        asked.pieces.append(piece)
    assert what_became_of(asked) == (errors.THROTTLED, None)
    asked.pieces[0].error = errors.UNKNOWN
    assert what_became_of(asked) == (errors.UNKNOWN, None)
