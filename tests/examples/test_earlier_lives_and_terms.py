"""What comes late, of an earlier life, an earlier term, or an earlier table of that name, does no harm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from msgspec import structs

from dynaproof.impl.admin.workflows import Look, Workflows
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.orders import DeleteTable
from dynaproof.impl.metadata.records import WorkflowRecord
from dynaproof.impl.metadata.replacements import RecordNode
from dynaproof.impl.paxos.ids import Ballot, RequestId
from dynaproof.impl.paxos.messages.leadership import Adopt
from dynaproof.impl.paxos.records import NoOp
from dynaproof.impl.router.messages import ScanTable
from dynaproof.impl.sessions import OpenSession
from dynaproof.impl.storage_node.messages import DropPartition
from tests.examples.router_books import PARENT, Books
from tests.examples.test_agent import CONFIG, GONE, LEASE_US, NODES, Node
from tests.examples.test_what_admins_hear import ME, Recording


def test_a_partition_is_not_gone_while_a_lease_runs_though_the_journal_has_forgotten_who_granted_it(
    monkeypatch: Any,
) -> None:
    """A newer admin's fence lets the record go with the next roll; its command comes within the lease."""
    node = Node()
    node.create(5, term=1)
    ballot, leader = Ballot(1, NODES[1].name, 2), CONFIG.voters[1]
    adopt = Adopt(leader, 1, ballot, node.place.env.now, 0, (NoOp(1, ballot, 0, 0),), 0)
    node.world.run(node.place, node.node.on_message, NODES[1], adopt, lane=5)
    node.settle()
    granted_until = node.node.replicas[5].lease_granted_until
    assert node.tell(DropPartition(1), 5) == []
    monkeypatch.setattr(node.node.journal, "was_made", lambda _: False)
    assert node.place.env.now < granted_until - 1_000
    assert node.tell(DropPartition(2), 5) == []
    node.until(lambda: node.place.env.now >= granted_until, LEASE_US)
    assert node.tell(DropPartition(2), 5) == [(5, GONE)]


def test_no_two_lives_of_a_router_open_sessions_of_the_same_number() -> None:
    """An answer to the earlier one would bring an order into a session in which it is a late copy."""
    opened = []
    for boot in (1, 2):
        books = Books(boot=boot)
        books.ask(DeleteTable("books"))
        opened += [m.number for _, _, m in books.env.sent if isinstance(m, OpenSession)]
    assert len(opened) == len(set(opened)) == 2


def test_a_page_of_which_nothing_was_read_begins_anew_with_a_table_that_was_made_anew() -> None:
    """It may have another schema, and what the page has passed is of the table before."""
    books = Books()
    books.ask(ScanTable("books", limit=50, after=None))
    first = books.last[2].operation.low
    books.is_split()
    books.page()
    assert books.last[2].operation.low > first
    books.is_not_there()
    books.look_up(structs.replace(PARENT, partition=9, generation=2), generation=2)
    assert books.last[2].operation.low == first


def test_a_node_whose_record_an_admin_could_not_write_is_recorded_when_it_is_active_again() -> None:
    admin = Recording()
    assert admin.reports() == [RecordNode(ME)]
    term = cast(Any, admin.nodes.term)
    term.governs = lambda _: False
    admin.nodes.add(RecordNode(ME), Read([]))
    assert not admin.changes
    assert admin.reports() == [RecordNode(ME)]


def test_no_workflow_is_driven_by_what_an_admin_asked_in_an_earlier_term() -> None:
    """Another admin may have ended it since."""
    record = WorkflowRecord(4, "create", "films", 4, (), RequestId(ME, 1, 1))
    for asked, driven in ((1, []), (3, [4])):
        admin: Any = SimpleNamespace(
            looks=True,
            look_again=False,
            known={},
            steps=SimpleNamespace(found=lambda *_, **__: None),
            term=SimpleNamespace(active=True, term=3),
            is_doubtful=lambda _: False,
            wait=lambda: None,
            go_on=lambda _: None,
        )
        read: Any = SimpleNamespace(records=lambda: [record])
        Workflows.found(admin, Look(asked), read)
        assert (list(admin.known), admin.look_again) == (driven, not driven)
