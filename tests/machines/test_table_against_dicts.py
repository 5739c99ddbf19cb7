"""A region's tables against plain dicts: Hypothesis draws what a user asks of a router.

No faults, and one user that asks one thing at a time, so the dicts are exact: every answer is what they
say, and every error has its name. Every promise of the scenario `table` is checked at every step as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec import structs

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.user_file import imported
from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.impl.router.messages import (
    Action,
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
)
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import decode_item, encode_item
from dynaproof.impl.values.key import encode_key

REGION: Any = imported(Path(__file__).resolve().parents[1] / "examples" / "small_region.py")
SCHEMA, item = REGION.SCHEMA, REGION.item

Key = tuple[str, str]
"""A partition key and a sort key."""

tables = st.sampled_from(("books", "films"))
keys = st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz"))
sizes = st.integers(1, 6)


def stored_key(key: Key) -> bytes:
    return encode_key(SCHEMA, {"id": S(key[0]), "at": S(key[1])})


class Region(RuleBasedStateMachine):
    """Rules for a user."""

    @initialize(
        scan_items=st.sampled_from((2, 1_000)),
        of_a_partition=st.sampled_from((1, 1_000)),
        refreshes=st.sampled_from((1, 16)),
    )
    def boot(self, scan_items: int, of_a_partition: int, refreshes: int) -> None:
        self.region = REGION.SmallRegion(
            router={"scan_items": scan_items, "refreshes": refreshes},
            settings=structs.replace(REGION.CONFIG.settings, scan_items=of_a_partition),
        )
        self.page = scan_items
        self.tables: dict[str, dict[Key, bytes]] = {}
        self.partitions: dict[str, int] = {}
        self.written = 0

    # --- Asking ---

    def ask(self, action: Action) -> Any:
        return self.region.ask(action)

    def fails(self, action: Action, error: str) -> None:
        said = self.ask(action)
        assert isinstance(said, Failed)
        assert (said.error, said.definite) == (error, True), said

    def is_there(self, table: str, action: Action) -> bool:
        """Whether there is such a table; where there is none, what is asked of it fails."""
        if table not in self.tables:
            self.fails(action, "ResourceNotFoundException")
        return table in self.tables

    def value(self, key: Key) -> bytes:
        """A new item under a key."""
        self.written += 1
        return item(*key, v=f"v{self.written}")

    def sorted(self, table: str) -> list[tuple[bytes, bytes]]:
        """The items of a table by their storage keys, in order."""
        return sorted((stored_key(key), found) for key, found in self.tables[table].items())

    # --- Tables ---

    @rule(table=tables, partitions=st.integers(1, 4))
    def create(self, table: str, partitions: int) -> None:
        action = CreateTable(table, SCHEMA, partitions)
        if table in self.tables:
            self.fails(action, "ResourceInUseException")
            return
        said = self.ask(action)
        assert isinstance(said, Described)
        assert (said.table.status, len(said.table.partitions)) == ("creating", partitions)
        assert self.region.go(lambda: self.region.tables().get(table) == "active")
        self.tables[table], self.partitions[table] = {}, partitions

    @rule(table=tables)
    def delete_table(self, table: str) -> None:
        if not self.is_there(table, DeleteTable(table)):
            return
        assert self.ask(DeleteTable(table)).table.status == "deleting"
        assert self.region.go(lambda: table not in self.region.tables())
        del self.tables[table], self.partitions[table]
        # From here on the router knows. Before, it may have sent a write to a partition that is gone, and
        # would not know what became of that.
        self.fails(DescribeTable(table), "ResourceNotFoundException")

    @rule(table=tables)
    def describe(self, table: str) -> None:
        if self.is_there(table, DescribeTable(table)):
            found = self.ask(DescribeTable(table)).table
            assert (found.name, found.status, found.schema) == (table, "active", SCHEMA)
            assert len(found.partitions) == self.partitions[table]

    @rule(limit=sizes)
    def list_tables(self, limit: int) -> None:
        found: list[str] = []
        more = True
        while more:
            said = self.ask(ListTables(found[-1] if found else "", limit))
            assert isinstance(said, Names)
            assert 0 < len(said.names) <= limit or not self.tables
            found += said.names
            more = said.more
        assert found == sorted(self.tables)

    # --- Items ---

    @rule(table=tables, key=keys)
    def put(self, table: str, key: Key) -> None:
        value = self.value(key)
        if self.is_there(table, PutItem(table, value)):
            assert self.ask(PutItem(table, value)) == Done()
            self.tables[table][key] = value

    @rule(table=tables, key=keys, right=st.booleans(), deletes=st.booleans())
    def change_if(self, table: str, key: Key, right: bool, deletes: bool) -> None:
        before = self.tables.get(table, {}).get(key)
        expected = before if right else item(*key, v="never")
        value = None if deletes else self.value(key)
        action: Action = (
            DeleteItem(table, item(*key), True, expected)
            if value is None
            else PutItem(table, value, True, expected)
        )
        if not self.is_there(table, action):
            return
        if not right:
            self.fails(action, "ConditionalCheckFailedException")
            assert self.region.asker().said.observed == before
            return
        assert self.ask(action) == Done()
        self.store(table, key, value)

    @rule(table=tables, key=keys)
    def delete(self, table: str, key: Key) -> None:
        action = DeleteItem(table, item(*key))
        if self.is_there(table, action):
            assert self.ask(action) == Done()
            self.store(table, key, None)

    def store(self, table: str, key: Key, value: bytes | None) -> None:
        if value is None:
            self.tables[table].pop(key, None)
        else:
            self.tables[table][key] = value

    @rule(table=tables, key=keys)
    def get(self, table: str, key: Key) -> None:
        action = GetItem(table, item(*key), strong=True)
        if self.is_there(table, action):
            assert self.ask(action) == Done(self.tables[table].get(key))

    @rule(named=st.lists(st.tuples(tables, keys, st.booleans()), min_size=1, max_size=6))
    def batch_write(self, named: list[tuple[str, Key, bool]]) -> None:
        writes = [(table, key, self.value(key) if puts else None) for table, key, puts in named]
        action = BatchWriteItem(
            tuple(
                DeleteItem(table, item(*key)) if value is None else PutItem(table, value)
                for table, key, value in writes
            )
        )
        if not all(table in self.tables for table, _, _ in writes):
            self.fails(action, "ResourceNotFoundException")
        elif len({(table, key) for table, key, _ in writes}) < len(writes):
            self.fails(action, "ValidationException")
        else:
            assert self.ask(action) == Batch((None,) * len(writes), ())
            for table, key, value in writes:
                self.store(table, key, value)

    @rule(named=st.lists(st.tuples(tables, keys), min_size=1, max_size=6, unique=True))
    def batch_get(self, named: list[tuple[str, Key]]) -> None:
        action = BatchGetItem(tuple(GetItem(table, item(*key), strong=True) for table, key in named))
        if not all(table in self.tables for table, _ in named):
            self.fails(action, "ResourceNotFoundException")
        else:
            found = tuple(self.tables[table].get(key) for table, key in named)
            assert self.ask(action) == Batch(found, ())

    # --- Pages ---

    def pages(self, action: Any, limit: int) -> list[tuple[bytes, bytes]]:
        """All pages of a scan or a query, one after the other."""
        found: list[tuple[bytes, bytes]] = []
        after: bytes | None = None
        while True:
            said = self.ask(type(action)(**{**fields_of(action), "after": after, "limit": limit}))
            assert isinstance(said, Items)
            assert len(said.items) <= min(limit, self.page)
            assert not found or not said.items or found[-1][0] < said.items[0][0], (
                "a page lies behind the last"
            )
            found += said.items
            after = said.after
            if after is None:
                return found
            assert said.items, "an empty page is the last"
            assert after == said.items[-1][0]

    @rule(table=tables, partition=st.sampled_from("abcde"), limit=sizes)
    def query(self, table: str, partition: str, limit: int) -> None:
        action = QueryTable(table, encode_item({"id": S(partition)}), strong=True)
        if self.is_there(table, action):
            wanted = [
                (key, found) for key, found in self.sorted(table) if decode_item(found)["id"] == S(partition)
            ]
            assert self.pages(action, limit) == wanted

    @rule(table=tables, limit=sizes, segments=st.integers(1, 4))
    def scan(self, table: str, limit: int, segments: int) -> None:
        actions = [
            ScanTable(table, segment=segment, segments=segments, strong=True) for segment in range(segments)
        ]
        if self.is_there(table, actions[0]):
            found = [one for action in actions for one in self.pages(action, limit)]
            assert found == self.sorted(table), "the segments follow each other, and share nothing"

    @invariant()
    def is_as_it_should_be(self) -> None:
        if hasattr(self, "region"):
            assert self.region.tables() == dict.fromkeys(sorted(self.tables), "active")

    def teardown(self) -> None:
        if hasattr(self, "region"):
            for table in sorted(self.tables):
                self.scan(table, 6, 1)
                self.delete_table(table)


def fields_of(action: Any) -> dict[str, Any]:
    return {name: getattr(action, name) for name in action.__struct_fields__}


TestRegion = Region.TestCase
TestRegion.settings = settings(settings.default, max_examples=50, stateful_step_count=25)


@pytest.mark.parametrize(
    "name",
    [
        "token_is_inclusive",
        "page_ends_with_its_partition",
        "page_skips_what_did_not_fit",
        "neighbour_owns_the_key",
        "generations_given_twice",
    ],
)
def test_a_seeded_bug_of_tables_is_found(name: str) -> None:
    profile = settings(
        settings.default,
        max_examples=50,
        report_multiple_bugs=False,
        stateful_step_count=25,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
    )
    with seeded(MUTANTS[name]), pytest.raises(AssertionError):
        run_state_machine_as_test(Region, settings=profile)
