"""What users may be answered of the items of a table, by its generations, and of what tables there are."""

from types import SimpleNamespace
from typing import Any

import pytest

from dynaproof.checkers.workloads.judge import Judge
from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import (
    Action,
    Batch,
    BatchGetItem,
    DeleteItem,
    Described,
    DescribeTable,
    Done,
    GetItem,
    Items,
    ListTables,
    Names,
    PutItem,
    QueryTable,
    Result,
    ScanTable,
)
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema, encode_key
from dynaproof.specs.observe.impl.told_tables import ToldObserver
from dynaproof.specs.observe.impl.users import UserObserver
from dynaproof.specs.promises.region import (
    batches_do_some_of_it,
    pages_stay_within_their_limit,
    query_returns_its_partition_key,
    scan_returns_each_once,
    tables_are_told_as_committed,
    users_see_one_table,
)
from dynaproof.specs.views.region import RegionView

SCHEMA = KeySchema(KeyAttribute("id", "S"), KeyAttribute("at", "S"))
NODE = NodeId("region", "user", "u0")
PLACE: Any = SimpleNamespace(name="u0")
ORDER = RequestId(NODE, 1, 99)
DONE = Done(None)


def item(id_: str, at: str = "s", value: str = "") -> bytes:
    more = {"value": S(value)} if value else {}
    return encode_item({"id": S(id_), "at": S(at), **more})


def key(id_: str, at: str = "s") -> bytes:
    return encode_key(SCHEMA, {"id": S(id_), "at": S(at)})


def table(generation: int, status: Any = "active") -> TableRecord:
    return TableRecord("t", generation, status, SCHEMA, 3, (generation,), ORDER, 0)


def put(id_: str, value: str, at: str = "s") -> PutItem:
    return PutItem("t", item(id_, at, value))


def get(id_: str, at: str = "s") -> GetItem:
    return GetItem("t", item(id_, at), strong=True)


class Users:
    """Some users, and what they are answered."""

    def __init__(self, *, with_table: bool = True) -> None:
        self.view = RegionView()
        self.users = UserObserver(self.view, Judge, lambda _: None)
        self.numbers = 0
        if with_table:
            self.users.table_changed("t", table(1))

    def ask(self, action: Action) -> RequestId:
        self.numbers += 1
        request = RequestId(NODE, 1, self.numbers)
        self.users.on_asked(PLACE, UserAsked(request, action))
        return request

    def hear(self, request: RequestId, result: Result | None, error: str = "", definite: bool = True) -> None:
        self.users.on_answered(PLACE, UserAnswered(request, result, error, definite))

    def do(self, action: Action, result: Result | None = DONE, **said: Any) -> None:
        self.hear(self.ask(action), result, **said)

    def lose(self, action: Action) -> None:
        self.do(action, None, definite=False)

    def told(self, spec: Any) -> list[str]:
        return [one.sentence for one in spec.check(self.view)]


# --- Generations ---


def test_each_generation_of_a_table_has_its_own_items() -> None:
    users = Users()
    users.do(put("a", "1"))
    users.do(get("a"), Done(item("a", value="1")))
    users.users.table_changed("t", table(1, "deleting"))
    users.do(get("a"), Done(item("a", value="1")))
    users.users.table_changed("t", None)
    users.users.table_changed("t", table(2, "creating"))
    users.do(get("a"), Done(None))
    assert users.told(users_see_one_table) == []
    users.do(get("a"), Done(item("a", value="1")))
    assert len(users.told(users_see_one_table)) == 1


def test_what_is_under_way_while_a_table_comes_may_take_effect_there() -> None:
    users = Users()
    under_way = users.ask(put("a", "1"))
    users.users.table_changed("t", None)
    users.users.table_changed("t", table(2))
    users.do(get("a"), Done(item("a", value="1")))
    users.hear(under_way, Done(None))
    users.do(get("a"), Done(item("a", value="1")))
    assert users.told(users_see_one_table) == []


def test_what_nobody_knows_of_may_take_effect_in_a_table_that_comes_later() -> None:
    users = Users()
    users.lose(put("a", "1"))
    users.users.table_changed("t", None)
    users.users.table_changed("t", table(2))
    users.do(get("a"), Done(None))
    users.do(get("a"), Done(item("a", value="1")))
    assert users.told(users_see_one_table) == []
    users.do(get("a"), Done(None))
    assert len(users.told(users_see_one_table)) == 1


def test_what_ended_before_a_table_came_takes_no_effect_there() -> None:
    users = Users()
    users.do(put("a", "1"))
    users.do(put("b", "2"), None, error="ResourceNotFoundException")
    users.users.table_changed("t", None)
    users.users.table_changed("t", table(2))
    users.do(get("b"), Done(item("b", value="2")))
    assert len(users.told(users_see_one_table)) == 1


@pytest.mark.parametrize("action", [put("a", "1"), get("a"), DeleteItem("t", item("a"))])
def test_nothing_is_done_where_there_is_no_table(action: Action) -> None:
    users = Users(with_table=False)
    users.do(action, None, error="ResourceNotFoundException")
    assert users.told(users_see_one_table) == []
    users.do(action)
    assert len(users.told(users_see_one_table)) == 1


def test_an_eventual_read_shows_what_was_written_under_its_key() -> None:
    users = Users()
    read = GetItem("t", item("a"))
    users.do(put("a", "1"))
    users.do(put("b", "2"))
    users.users.table_changed("t", None)
    users.do(read, Done(item("a", value="1")))  # Of a replica that was left over.
    assert users.told(users_see_one_table) == []
    users.do(read, Done(item("b", value="2")))
    assert len(users.told(users_see_one_table)) == 1


# --- Pages ---

SCAN = ScanTable("t", strong=True)
QUERY = QueryTable("t", encode_item({"id": S("a")}), strong=True)


def page(*items: tuple[str, str, str], after: bytes | None = None) -> Items:
    """A page of these, in the order of their keys."""
    found = sorted((key(id_, at), item(id_, at, value)) for id_, at, value in items)
    return Items(tuple(found), after)


def of_two() -> Users:
    """Two items of one partition key, and one of another."""
    users = Users()
    for id_, at, value in (("a", "1", "x"), ("a", "2", "y"), ("b", "1", "z")):
        users.do(put(id_, value, at))
    return users


A1, A2, B1 = ("a", "1", "x"), ("a", "2", "y"), ("b", "1", "z")


def test_a_page_that_is_as_it_was_asked_for_breaks_nothing() -> None:
    users = of_two()
    users.do(SCAN, page(A1, A2, B1))
    users.do(QUERY, page(A1, A2))
    users.do(QueryTable("t", QUERY.key, None, 1, strong=True), page(A1, after=key("a", "1")))
    users.do(QueryTable("t", QUERY.key, key("a", "1"), 1, strong=True), page(A2))
    specs = (users_see_one_table, scan_returns_each_once, query_returns_its_partition_key)
    assert [users.told(spec) for spec in (*specs, pages_stay_within_their_limit)] == [[]] * 4


@pytest.mark.parametrize(
    ("action", "shown", "spec"),
    [
        (SCAN, page(A1, A2), scan_returns_each_once),
        (SCAN, page(A1, A2, after=max(key("a", "2"), key("b", "1"))), scan_returns_each_once),
        (SCAN, Items(page(A1, A2, B1).items[::-1], None), scan_returns_each_once),
        (ScanTable("t", key("a", "1")), page(A1), scan_returns_each_once),
        (ScanTable("t", None, 9, 0, 1 << 19), page(A1), scan_returns_each_once),
        (QUERY, page(A1), query_returns_its_partition_key),
        (QUERY, page(A1, A2, B1), query_returns_its_partition_key),
        (QUERY, Items(page(A1, A2).items[::-1], None), query_returns_its_partition_key),
        (QueryTable("t", QUERY.key, key("a", "1")), page(A1, A2), query_returns_its_partition_key),
        (QueryTable("t", QUERY.key, None, 1), page(A1, A2), pages_stay_within_their_limit),
        (ScanTable("t", None, 2), page(A1, A2, B1), pages_stay_within_their_limit),
        (SCAN, page(A1, A2, ("b", "1", "never")), users_see_one_table),
        (SCAN, Items(((key("b", "1"), item("a", "1", "x")),), None), users_see_one_table),
    ],
)
def test_a_page_that_is_not_what_was_asked_for_is_seen(action: Action, shown: Items, spec: Any) -> None:
    users = of_two()
    users.do(action, shown)
    assert users.told(spec) != []


def test_a_strong_page_shows_nothing_that_was_overwritten_before_it_was_asked_for() -> None:
    users = of_two()
    early = users.ask(QUERY)
    users.do(put("a", "x2", "1"))
    users.hear(early, page(A1, A2))
    users.do(QueryTable("t", QUERY.key), page(A1, A2))
    assert users.told(users_see_one_table) == []
    users.do(QUERY, page(A1, A2))
    assert len(users.told(users_see_one_table)) == 1


def test_an_item_that_may_have_been_deleted_may_be_missing() -> None:
    users = of_two()
    users.lose(DeleteItem("t", item("a", "1")))
    users.do(QUERY, page(A2))
    users.do(QUERY, page(A1, A2))
    users.do(put("a", "x2", "1"))
    users.do(QUERY, page(A2))
    assert users.told(query_returns_its_partition_key) == []


def test_a_page_over_two_generations_may_show_either() -> None:
    users = of_two()
    under_way = users.ask(SCAN)
    users.users.table_changed("t", None)
    users.users.table_changed("t", table(2))
    users.hear(under_way, page(A1))
    assert users.told(scan_returns_each_once) == []
    users.do(SCAN, page())
    assert users.told(scan_returns_each_once) == []


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_batch_that_is_answered_has_done_a_part(left: int) -> None:
    users = Users()
    unprocessed = tuple((index, True) for index in range(left))
    users.do(BatchGetItem((get("a"), get("b"))), Batch((None, None), unprocessed))
    assert bool(users.told(batches_do_some_of_it)) == (left == 2)


# --- Tables ---


class Told:
    """A user that is told of tables; the metadata has the table `t` from slot 5 on, and `u` from slot 7."""

    def __init__(self) -> None:
        self.view = RegionView()
        self.told = ToldObserver(self.view)
        self.told.changed(5, "t", table(1))
        self.told.changed(7, "u", table(2))

    def ask(
        self, action: Action, result: Result | None, known: int, through: int, error: str = ""
    ) -> list[str]:
        request = RequestId(NODE, 1, 1)
        self.told.asked(UserAsked(request, action), known)
        self.told.answered(UserAnswered(request, result, error, True), through)
        specs = (tables_are_told_as_committed, pages_stay_within_their_limit)
        return [one.sentence for spec in specs for one in spec.check(self.view)]


LIST = ListTables()


@pytest.mark.parametrize(
    ("action", "names", "more", "known", "through", "is_true"),
    [
        (LIST, ("t", "u"), False, 7, 9, True),
        (LIST, ("t",), False, 6, 9, True),
        (LIST, ("t",), False, 7, 9, False),
        (LIST, ("t", "u"), False, 0, 6, False),
        (LIST, (), False, 4, 9, True),
        (LIST, (), False, 5, 9, False),
        (LIST, ("t",), True, 7, 9, True),
        (LIST, ("t", "u"), True, 7, 9, False),
        (LIST, ("u", "t"), False, 7, 9, False),
        (ListTables("t"), ("u",), False, 7, 9, True),
        (ListTables("t"), ("t", "u"), False, 7, 9, False),
        (ListTables("", 1), ("t", "u"), False, 7, 9, False),
    ],
)
def test_a_list_of_tables_is_one_that_was_committed(
    action: ListTables, names: tuple[str, ...], more: bool, known: int, through: int, is_true: bool
) -> None:
    assert (Told().ask(action, Names(names, more), known, through) == []) == is_true


@pytest.mark.parametrize(
    ("action", "said", "known", "through", "is_true"),
    [
        (DescribeTable("t"), table(1), 5, 5, True),
        (DescribeTable("t"), table(1), 0, 4, False),
        (DescribeTable("t"), table(1, "creating"), 5, 9, False),
        (DescribeTable("t"), "ResourceNotFoundException", 5, 9, False),
        (DescribeTable("t"), "ResourceNotFoundException", 4, 9, True),
        (DescribeTable("t"), "ServiceUnavailable", 5, 9, True),
        (CreateTable("t", SCHEMA), table(1), 4, 9, True),
        (CreateTable("t", KeySchema(KeyAttribute("id", "S"))), table(1), 4, 9, False),
        (CreateTable("v", SCHEMA), "ResourceInUseException", 4, 9, False),
        (DeleteTable("t"), table(1), 4, 9, False),
        (DeleteTable("v"), "ResourceNotFoundException", 7, 9, True),
    ],
)
def test_what_is_said_of_a_table_was_committed(
    action: Action, said: TableRecord | str, known: int, through: int, is_true: bool
) -> None:
    result = None if isinstance(said, str) else Described(said)
    error = said if isinstance(said, str) else ""
    assert (Told().ask(action, result, known, through, error) == []) == is_true


def test_a_description_may_be_as_old_as_the_look_up_that_it_shares() -> None:
    told = Told()
    router: Any = SimpleNamespace(tables=SimpleNamespace(look_ups={1: SimpleNamespace(table="t")}))
    told.told.looked_up("router-a", router, 4)
    told.told.looked_up("router-a", router, 6)
    assert told.ask(DescribeTable("t"), None, 7, 9, "ResourceNotFoundException") == []
    router.tables.look_ups.clear()
    told.told.looked_up("router-a", router, 7)
    assert told.ask(DescribeTable("t"), None, 7, 9, "ResourceNotFoundException") != []
