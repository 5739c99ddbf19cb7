"""What an admin reads of the metadata in pieces comes whole; no order is answered by what nobody knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.orders import Ordered, Orders, Write
from dynaproof.impl.admin.reading import PAGE_ITEMS, Metadata
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.orders import NotActive, Order, SplitAt
from dynaproof.impl.metadata.records import PartitionRecord, encode, partition_key
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.partition.messages.requests import GetMany, Page
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.call import Ending
from dynaproof.impl.sessions import Session
from dynaproof.impl.values.key_range import whole

NODE, ROUTER = NodeId("region", "a", "sa"), NodeId("region", "a", "router-a")
ASKED = RequestId(ROUTER, 1, 1)
CONFIG = Config(0, (Member(NODE, 1),), 2)
STORED = {
    partition_key(number): StoredItem(
        encode(PartitionRecord(number, "books", 1, whole(), "listed", CONFIG)), number, number
    )
    for number in range(1, 251)
}


@pytest.mark.parametrize("fit", [7, PAGE_ITEMS, 2 * PAGE_ITEMS])
def test_all_keys_that_an_admin_reads_are_found_however_many_pages_that_takes(fit: int) -> None:
    """`fit` items fit a page in bytes; a key that was not asked for would pass for one that is not there."""
    calls: list[tuple[GetMany, Any]] = []
    found: list[Read] = []
    caller = SimpleNamespace(begin=lambda _to, _of, read, _us, purpose: calls.append((read, purpose)))
    parts = SimpleNamespace(has_read={str: lambda _, read: found.append(read)})
    metadata = Metadata(cast(Any, caller), Whereabouts((NODE,)), cast(Any, parts), 1)
    metadata.read(tuple(sorted(STORED)), "all")
    while not found:
        read, purpose = calls.pop()
        assert len(read.keys) <= PAGE_ITEMS
        items = tuple((key, STORED[key]) for key in read.keys[:fit])
        page = Page(ASKED, 1, 251, items, read.keys[fit] if len(read.keys) > fit else None)
        metadata.ended(cast(Any, SimpleNamespace(purpose=purpose)), "ok", page)
    assert [key for key in STORED if found[0].record(key) is None] == []


@pytest.mark.parametrize(("ending", "is_answered"), [("definite", True), ("indefinite", False)])
def test_an_order_of_which_nobody_knows_whether_it_was_written_stays_unanswered(
    ending: Ending, is_answered: bool
) -> None:
    """An admin that says that it is not active says that the order has had no effect."""
    sent: list[tuple[NodeId, Message]] = []
    session = Session(1, 1)
    env = SimpleNamespace(boot=1, enter=lambda _: None, send=lambda *said: sent.append(said))
    term = SimpleNamespace(last_active="admin-b")
    settings = SimpleNamespace(sessions=10)
    orders = Orders(
        cast(Any, env), cast(Any, settings), cast(Any, None), cast(Any, term), *[cast(Any, None)] * 5
    )
    orders.under_way[ASKED] = Ordered(ROUTER, Order(session, 1, ASKED, SplitAt(1, None)))
    orders.written(Write(ASKED), ending, 0)
    assert sent == ([(ROUTER, NotActive(ASKED, session, "admin-b"))] if is_answered else [])
    assert list(orders.answers) == ([ASKED] if is_answered else []), "a copy of it hears the same"
    assert not orders.under_way
