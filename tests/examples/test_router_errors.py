"""Every refusal of a router and of the control plane is an error of DynamoDB's API, by its name and in its
words, and what was refused has had no effect.
"""

from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.user_file import imported
from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.impl.router.messages import (
    Action,
    Ask,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    Described,
    DescribeTable,
    Done,
    Failed,
    GetItem,
    Items,
    ListTables,
    Names,
    PutItem,
    QueryTable,
    ScanTable,
    Session,
)
from dynaproof.impl.values.attribute import N, S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.impl.values.size import MAX_ITEM_BYTES

REGION: Any = imported(Path(__file__).resolve().parent / "small_region.py")
SCHEMA, item = REGION.SCHEMA, REGION.item
KEY = item("a", "b")


@pytest.fixture(scope="module")
def region() -> Any:
    """A region with one table, `books`, of two partitions."""
    region = REGION.SmallRegion()
    region.create("books", 2)
    return region


def is_refused(region: Any, action: Action, error: str, message: str) -> None:
    failed = region.ask(action)
    assert isinstance(failed, Failed), failed
    assert (failed.error, failed.message, failed.definite) == (error, message, True)


# --- Words ---


def out_of_bounds(name: str, value: int, bound: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must have value {bound}"
    )


LEAST, FIRST, MOST = (
    "greater than or equal to 1",
    "greater than or equal to 0",
    "less than or equal to 1000000",
)


# --- Tables ---


@pytest.mark.parametrize(
    "action",
    [
        GetItem("absent", KEY),
        PutItem("absent", KEY),
        DeleteItem("absent", KEY),
        BatchGetItem((GetItem("absent", KEY),)),
        BatchWriteItem((PutItem("books", KEY), PutItem("absent", KEY))),
        ScanTable("absent"),
        QueryTable("absent", encode_item({"id": S("a")})),
    ],
    ids=lambda action: type(action).__name__,
)
def test_items_of_a_table_that_is_not_there_are_not_found(region: Any, action: Action) -> None:
    is_refused(region, action, "ResourceNotFoundException", "Requested resource not found")
    assert region.ask(GetItem("books", KEY, strong=True)) == Done(None), "no part of the batch took effect"


@pytest.mark.parametrize("action", [DescribeTable("absent"), DeleteTable("absent")])
def test_a_table_that_is_not_there_is_not_found_by_its_name(region: Any, action: Action) -> None:
    message = "Requested resource not found: Table: absent not found"
    is_refused(region, action, "ResourceNotFoundException", message)


def test_a_table_whose_name_is_taken_is_not_created(region: Any) -> None:
    before = region.ask(DescribeTable("books"))
    message = "Table already exists: books"
    is_refused(region, CreateTable("books", SCHEMA), "ResourceInUseException", message)
    assert region.ask(DescribeTable("books")) == before


def test_a_table_that_is_being_created_has_no_items_and_a_name() -> None:
    region = REGION.SmallRegion()
    region.world.crash(region.hosts[3], "test")  # One replica of the table cannot be made.
    assert region.ask(CreateTable("books", SCHEMA, 2, 5)).table.status == "creating"
    is_refused(region, GetItem("books", KEY), "ResourceNotFoundException", "Requested resource not found")
    message = "Table already exists: books"
    is_refused(region, CreateTable("books", SCHEMA), "ResourceInUseException", message)


def test_a_table_that_is_being_deleted_keeps_its_name_and_is_deleted_once() -> None:
    region = REGION.SmallRegion(rows=1)
    region.create("books")
    for place in region.hosts[1:]:
        for admin in region.admins:
            region.cut(place, admin)  # So the delete cannot end, for they do not answer.
    first = region.ask(DeleteTable("books"))
    assert first.table.status == "deleting"
    assert region.ask(DeleteTable("books")) == first == region.ask(DescribeTable("books"))
    message = "Table already exists: books"
    is_refused(region, CreateTable("books", SCHEMA), "ResourceInUseException", message)


def test_a_read_of_a_table_that_is_gone_since_its_router_has_looked_is_not_found() -> None:
    region = REGION.SmallRegion()
    region.create("books")
    for action in (GetItem("books", KEY, strong=True), ScanTable("books"), QueryTable("books", ID)):
        assert not isinstance(region.ask(action), Failed)
    region.ask(DeleteTable("books"))
    assert region.go(lambda: not region.tables())
    assert "books" in region.router.node.tables.known
    message = "Requested resource not found"
    is_refused(region, GetItem("books", KEY, strong=True), "ResourceNotFoundException", message)


def test_a_batch_of_a_table_that_is_gone_since_its_router_has_looked_is_not_found() -> None:
    region = REGION.SmallRegion()
    region.create("books")
    other = item("b", "b")
    assert region.ask(BatchGetItem((GetItem("books", KEY), GetItem("books", other)))) == Batch(
        (None, None), ()
    )
    region.ask(DeleteTable("books"))
    assert region.go(lambda: not region.tables())
    message = "Requested resource not found"
    assert "books" in region.router.node.tables.known
    batch = BatchGetItem((GetItem("books", KEY, strong=True), GetItem("books", other, strong=True)))
    is_refused(region, batch, "ResourceNotFoundException", message)


def test_as_many_tables_as_may_be_are_created_and_deleted_at_the_same_time() -> None:
    region = REGION.SmallRegion(admin={"workflows": 1})
    region.create("books")
    assert region.go(lambda: not any(place.node.workflows.known for place in region.admins))
    region.world.crash(region.hosts[3], "test")
    assert isinstance(region.ask(CreateTable("films", SCHEMA, 2, 5)), Described)
    message = "Subscriber limit exceeded: Only 1 tables can be created, updated, or deleted simultaneously"
    is_refused(region, CreateTable("songs", SCHEMA), "LimitExceededException", message)
    is_refused(region, DeleteTable("books"), "LimitExceededException", message)
    message = "Table already exists: books"
    is_refused(region, CreateTable("books", SCHEMA), "ResourceInUseException", message)
    assert region.tables() == {"books": "active", "films": "creating"}


def test_replicas_that_have_no_place_are_not_made() -> None:
    region = REGION.SmallRegion(rows=1)
    message = (
        "Too few storage nodes have reported to place 5 replicas so that no zone has more of them than may "
        "be lost"
    )
    is_refused(region, CreateTable("books", SCHEMA, 1, 5), "ServiceUnavailable", message)
    assert region.tables() == {}


NAME = (
    "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain "
    "only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (CreateTable("ab", SCHEMA), NAME),
        (CreateTable("a" * 256, SCHEMA), NAME),
        (CreateTable("b/c", SCHEMA), NAME),
        (CreateTable("bücher", SCHEMA), NAME),
        (CreateTable("books\n", SCHEMA), NAME),
        (DeleteTable(""), NAME),
        (CreateTable("films", SCHEMA, 0), "A table is created with 1 to 500 partitions, not 0"),
        (CreateTable("films", SCHEMA, 501), "A table is created with 1 to 500 partitions, not 501"),
        (CreateTable("films", SCHEMA, 1, 4), "A partition has 3 replicas or 5, not 4"),
        (
            CreateTable("films", KeySchema(KeyAttribute("id", "S"), KeyAttribute("id", "N"))),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (ListTables(limit=0), out_of_bounds("limit", 0, LEAST)),
        (ListTables(limit=101), out_of_bounds("limit", 101, "less than or equal to 100")),
    ],
)
def test_an_order_that_breaks_a_rule_is_not_given(region: Any, action: Action, message: str) -> None:
    is_refused(region, action, "ValidationException", message)
    assert region.ask(ListTables()) == Names(("books",), False)


# --- Items ---

INVALID = "One or more parameter values were invalid: "
EMPTY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
    "empty string value. Key: "
)
DOES_NOT_MATCH = "The provided key element does not match the schema"
LARGE = item("a", "b", text="x" * MAX_ITEM_BYTES)
SEGMENT = "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: "
OUTSIDE = "The provided starting key is outside query boundaries"
NOTHING = (
    "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must "
    "have length greater than or equal to 1"
)
TWICE = "Provided list of item keys contains duplicates"
ID = encode_item({"id": S("a")})


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (PutItem("books", ID), f"{INVALID}Missing the key at in the item"),
        (
            PutItem("books", encode_item({"id": S("a"), "at": N("1")})),
            f"{INVALID}Type mismatch for key at expected: S actual: N",
        ),
        (PutItem("books", item("", "b")), f"{EMPTY}id"),
        (PutItem("books", item("a", "")), f"{EMPTY}at"),
        (
            PutItem("books", item("a" * 2_049, "b")),
            f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            PutItem("books", item("a", "b" * 1_025)),
            f"{INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
        (PutItem("books", LARGE), "Item size has exceeded the maximum allowed size"),
        (GetItem("books", ID), DOES_NOT_MATCH),
        (GetItem("books", item("a", "b", more="c")), DOES_NOT_MATCH),
        (DeleteItem("books", encode_item({"id": S("a"), "at": N("1")})), DOES_NOT_MATCH),
        (GetItem("books", item("a", "")), f"{EMPTY}at"),
        (ScanTable("books", limit=0), out_of_bounds("limit", 0, LEAST)),
        (QueryTable("books", ID, limit=-1), out_of_bounds("limit", -1, LEAST)),
        (QueryTable("books", KEY), "Query condition missed key schema element"),
        (QueryTable("books", encode_item({})), "Query condition missed key schema element"),
        (ScanTable("books", segment=2, segments=2), f"{SEGMENT}2 is not less than TotalSegments: 2"),
        (ScanTable("books", segment=-1, segments=2), out_of_bounds("segment", -1, FIRST)),
        (ScanTable("books", segments=0), out_of_bounds("totalSegments", 0, LEAST)),
        (ScanTable("books", segments=1_000_001), out_of_bounds("totalSegments", 1_000_001, MOST)),
        (ScanTable("books", after=b""), OUTSIDE),
        (ScanTable("books", after=b"\xff" * 17, segment=0, segments=2), OUTSIDE),
        (QueryTable("books", ID, after=b"\xff" * 40), OUTSIDE),
        (BatchGetItem(()), NOTHING),
        (BatchWriteItem(()), NOTHING),
        (
            BatchGetItem(tuple(GetItem("books", item("a", str(one))) for one in range(101))),
            "Too many items requested for the BatchGetItem call",
        ),
        (
            BatchWriteItem(tuple(PutItem("books", item("a", str(one))) for one in range(26))),
            "Too many items requested for the BatchWriteItem call",
        ),
        (BatchGetItem((GetItem("books", KEY), GetItem("books", KEY, strong=True))), TWICE),
        (BatchWriteItem((PutItem("books", item("a", "b", more="c")), DeleteItem("books", KEY))), TWICE),
        (
            BatchWriteItem((PutItem("books", KEY), PutItem("books", ID))),
            f"{INVALID}Missing the key at in the item",
        ),
    ],
)
def test_what_breaks_a_rule_is_not_done(region: Any, action: Action, message: str) -> None:
    is_refused(region, action, "ValidationException", message)
    assert region.ask(ScanTable("books", strong=True)) == Items((), None)


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"\x81", encode_item({"id": S("a")})[:-1], b"\x81\xa1\xff\xc0"]
)
def test_bytes_that_are_no_item_are_said_to_be_none(region: Any, data: bytes) -> None:
    for action in (PutItem("books", data), GetItem("books", data), QueryTable("books", data)):
        failed = region.ask(action)
        assert isinstance(failed, Failed)
        assert failed.error == "ValidationException"
        assert failed.message.startswith("These bytes are not an item: ")


@pytest.mark.parametrize("levels", [33, 450, 100_000])
def test_an_item_of_too_many_levels_is_not_written(region: Any, levels: int) -> None:
    data = b"\x81\xa1a" + b"\x92\xa1L\x91" * (levels - 1) + b"\x91\xa4NULL"
    message = (
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond "
        "supported limit"
    )
    is_refused(region, PutItem("books", data), "ValidationException", message)


def test_a_number_that_is_none_is_invalid(region: Any) -> None:
    numbered = encode_item({"id": S("a"), "at": S("b"), "n": N("one")})
    is_refused(
        region,
        PutItem("books", numbered),
        "ValidationException",
        "The parameter cannot be converted to a numeric value: one",
    )


def test_a_condition_that_fails_says_so_and_shows_the_item() -> None:
    region = REGION.SmallRegion()
    region.create("books")
    there = item("a", "b", text="there")
    message = "The conditional request failed"
    error = "ConditionalCheckFailedException"
    is_refused(region, DeleteItem("books", KEY, True, there), error, message)
    assert region.asker().said.observed is None
    assert region.ask(PutItem("books", there, True, None)) == Done()
    is_refused(region, PutItem("books", KEY, True, None), error, message)
    assert region.asker().said.observed == there
    assert region.ask(GetItem("books", KEY, strong=True)) == Done(there)


# --- Bounds ---


def hold_up(region: Any, action: Action) -> None:
    """Let the first user ask, and the router wait for an answer."""
    region.begin(action)
    assert region.go(lambda: region.router.node.asked)


def cut_off(region: Any) -> None:
    """The router hears no storage node from here on."""
    for place in region.hosts:
        region.cut(region.router, place)


@pytest.mark.parametrize("second", [GetItem("books", KEY), ListTables(), CreateTable("films", SCHEMA)])
def test_a_user_beyond_the_requests_that_a_router_takes_is_throttled(second: Action) -> None:
    region = REGION.SmallRegion(router={"requests": 1}, users=2)
    region.create("books")
    cut_off(region)
    hold_up(region, PutItem("books", KEY))
    throttled = region.ask(second, user=1)
    assert (throttled.error, throttled.message) == ("ThrottlingException", "Rate exceeded")
    assert throttled.definite
    region.world.cut_links.clear()
    assert region.go(lambda: region.asker().said == Done())
    assert not isinstance(region.ask(second, user=1), Failed)


@pytest.mark.parametrize("second", [ScanTable("books"), QueryTable("books", ID), ListTables()])
def test_a_page_beyond_those_that_a_router_reads_at_once_is_throttled_and_nothing_else(
    second: Action,
) -> None:
    region = REGION.SmallRegion(router={"scans_at_once": 1}, users=2)
    region.create("books")
    cut_off(region)
    hold_up(region, ScanTable("books"))
    throttled = region.ask(second, user=1)
    assert (throttled.error, throttled.message) == ("ThrottlingException", "Rate exceeded")
    region.begin(GetItem("books", KEY), user=1)
    region.world.cut_links.clear()
    assert region.go(lambda: region.asker(1).said == Done(None))
    assert region.go(lambda: region.asker().said == Items((), None))


# --- No answer ---


def test_what_nobody_answers_ends_with_an_error_that_says_whether_anything_happened() -> None:
    region = REGION.SmallRegion(router={"timeout_us": 1_000_000})
    region.create("books")
    assert region.ask(GetItem("books", KEY)) == Done(None)
    cut_off(region)
    unavailable = "No leader of the partition answered in time; nothing was changed"
    is_refused(region, GetItem("books", KEY), "ServiceUnavailable", unavailable)
    is_refused(region, ScanTable("books"), "ServiceUnavailable", unavailable)
    unheard = "The partition metadata service did not answer in time"
    is_refused(region, GetItem("films", KEY), "ServiceUnavailable", unheard)
    is_refused(region, ListTables(), "ServiceUnavailable", unheard)
    failed = region.ask(PutItem("books", KEY))
    assert (failed.error, failed.definite) == ("InternalServerError", False)
    assert failed.message == "No answer came in time; whether the request took effect is not known"
    failed = region.ask(BatchWriteItem((PutItem("books", KEY),)))
    assert (failed.error, failed.definite) == ("InternalServerError", False)
    is_refused(region, BatchGetItem((GetItem("books", KEY),)), "ServiceUnavailable", unavailable)
    for admin in region.admins:
        region.cut(region.router, admin)
    no_admin = "No active admin answered in time; nothing was changed"
    is_refused(region, CreateTable("films", SCHEMA), "ServiceUnavailable", no_admin)


def test_a_batch_over_more_tables_than_a_router_keeps_in_mind_ends() -> None:
    region = REGION.SmallRegion(router={"tables": 1})
    for name in ("books", "films"):
        region.create(name)
    writes = BatchWriteItem((PutItem("books", KEY), PutItem("films", KEY)))
    assert region.ask(writes) == Batch((None, None), ())
    assert region.ask(BatchGetItem((GetItem("films", KEY, True), GetItem("books", KEY, True)))) == Batch(
        (KEY, KEY), ()
    )


# --- Sessions ---


def test_a_request_is_taken_once_and_in_its_own_session_only(region: Any) -> None:
    region.ask(ListTables())
    router, user = region.router, region.users[0]
    session, number = region.asker().sessions[router.id.address], region.asker().numbers
    asked = router.node.numbers
    for sender, message in (
        (user.id, Ask(session, number, ListTables())),  # A copy that comes late.
        (user.id, Ask(Session(session.boot, 99), number + 1, ListTables())),
        (user.id, Ask(Session(session.boot + 1, session.number), number + 1, ListTables())),
        (region.hosts[0].id, Ask(session, number + 1, ListTables())),  # The session is another one's.
    ):
        region.world.run(router, router.node.on_message, sender, message)
    assert router.node.numbers == asked
