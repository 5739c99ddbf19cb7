"""Two admins: one is active, each order is decided once whichever of them hears it, and what is under way is
ended by the other one when the first is gone or cut off.
"""

from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.user_file import imported
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.orders import (
    CreateTable,
    Declined,
    DeleteTable,
    NotActive,
    Obeyed,
    Order,
)
from dynaproof.impl.metadata.records import AdminRecord, WorkflowRecord
from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import Described, Done, Failed, GetItem, PutItem
from dynaproof.impl.sessions import OpenSession
from dynaproof.impl.storage_node.messages import Fenced

REGION: Any = imported(Path(__file__).resolve().parent / "small_region.py")
SCHEMA, KEY = REGION.SCHEMA, REGION.item("a", "b")


def active_of(region: Any) -> list[Place]:
    """The admins that think that they are active."""
    return [place for place in region.admins if place.up and place.node.term.active]


def terms(region: Any) -> tuple[int, str]:
    """The term and the name of the active admin, as the metadata has them."""
    (record,) = region.run.observation.metadata.of(AdminRecord)
    return record.term, record.name


def sent_by(region: Any, place: Place, message: Message) -> list[Any]:
    """What an admin answers the router to this, once it has done what it does."""
    heard: list[Any] = []
    router = region.router.node
    listen = router.on_message
    router.on_message = lambda sender, said: (heard.append(said), listen(sender, said))[1]
    region.world.run(place, place.node.on_message, region.router.id, message)
    region.go(lambda: any(isinstance(one, (Declined, NotActive, Obeyed)) for one in heard), 500)
    del router.on_message
    return [one for one in heard if isinstance(one, (Declined, NotActive, Obeyed))]


def order_of(region: Any, place: Place, number: int, action: Any) -> Order:
    """An order of the router, in a session of its own that the admin there has opened."""
    sessions = place.node.orders.sessions
    heard: list[Any] = []
    send, place.node.env.send = place.node.env.send, lambda _to, said: heard.append(said)
    sessions.on_open(region.router.id, OpenSession(number))
    place.node.env.send = send
    (opened,) = heard
    return Order(opened.session, 1, RequestId(region.router.id, 1, number), action)


def test_one_admin_becomes_active_and_the_other_one_names_it() -> None:
    region = REGION.SmallRegion()
    (active,) = active_of(region)
    (other,) = [place for place in region.admins if place is not active]
    assert terms(region) == (1, active.name)
    region.go(lambda: other.node.term.last_active)
    order = order_of(region, other, 99, CreateTable("books", SCHEMA))
    assert sent_by(region, other, order) == [NotActive(order.request, order.session, active.name)]
    assert region.tables() == {}


@pytest.mark.parametrize("cut_off", [False, True])
def test_the_other_admin_ends_what_was_begun_with_a_higher_term(cut_off: bool) -> None:
    region = REGION.SmallRegion()
    (active,) = active_of(region)
    region.world.crash(region.hosts[3], "test")
    assert isinstance(region.ask(CreateTable("books", SCHEMA, 2, 5)), Described)
    if cut_off:
        for place in region.world.places.values():
            if place is not active:
                region.cut(active, place)
    else:
        region.world.crash(active, "test")
    region.world.start(region.hosts[3])
    assert region.go(lambda: region.tables() == {"books": "active"}, 30_000)
    (other,) = [place for place in region.admins if place is not active]
    assert terms(region) == (2, other.name)
    assert other.node.term.active
    assert region.ask(PutItem("books", KEY)) == Done()
    if cut_off:
        assert active.node.term.active, "it has heard nothing yet: two think that they are active"
        region.world.cut_links.clear()
        assert region.go(lambda: active_of(region) == [other], 30_000)
    assert region.go(lambda: min(place.node.journal.durable_fence for place in region.hosts) == 2, 30_000)


def test_an_admin_that_restarts_takes_over_from_its_earlier_life_at_once() -> None:
    region = REGION.SmallRegion()
    (active,) = active_of(region)
    region.world.crash(active, "test")
    region.world.start(active)
    assert region.go(lambda: active.node.term.active, 5_000)
    assert terms(region) == (2, active.name)


def test_an_admin_that_a_node_has_fenced_takes_no_more_orders() -> None:
    """A node that refuses its commands tells it of its successor sooner than the metadata does."""
    region = REGION.SmallRegion(admin={"touch_us": 60_000_000})
    (active,) = active_of(region)
    (term, _), host = terms(region), region.hosts[0]
    order = order_of(region, active, 99, CreateTable("books", SCHEMA))
    region.world.run(active, active.node.on_message, host.id, Fenced(term))
    assert active_of(region) == [active], "its own fence"
    region.world.run(active, active.node.on_message, host.id, Fenced(term + 1))
    assert sent_by(region, active, order) == [NotActive(order.request, order.session, active.name)]
    assert region.tables() == {}


def test_a_repeated_order_is_obeyed_as_the_first_one_was_though_no_further_one_would_be() -> None:
    region = REGION.SmallRegion(admin={"workflows": 1})
    (active,) = active_of(region)
    region.world.crash(region.hosts[3], "test")
    order = order_of(region, active, 99, CreateTable("books", SCHEMA, 2, 5))
    (first,) = sent_by(region, active, order)
    assert isinstance(first, Obeyed)
    assert region.go(lambda: active.node.workflows.known)
    (again,) = sent_by(region, active, order)
    assert again == first, "it was done: that it has no effect would be wrong"
    (further,) = sent_by(region, active, order_of(region, active, 100, order.action))
    assert isinstance(further, Declined)
    assert further.refusal.error == "ResourceInUseException"


def test_a_late_copy_of_an_order_does_nothing_a_second_time() -> None:
    region = REGION.SmallRegion()
    (active,) = active_of(region)
    assert isinstance(region.ask(CreateTable("books", SCHEMA)), Described)
    assert region.go(lambda: region.tables() == {"books": "active"}, 30_000)
    delete = order_of(region, active, 99, DeleteTable("books"))
    (first,) = sent_by(region, active, delete)
    assert region.go(lambda: region.tables() == {}, 30_000)
    assert isinstance(region.ask(CreateTable("books", SCHEMA)), Described)
    assert region.go(lambda: region.tables() == {"books": "active"}, 30_000)
    assert sent_by(region, active, delete) == [first], "the copy gets the answer again, and that is all"
    region.go(lambda: False, 2_000)
    assert region.tables() == {"books": "active"}


@pytest.mark.parametrize(
    "action",
    [CreateTable("a/b", SCHEMA), CreateTable("books", SCHEMA, 0), CreateTable("books", SCHEMA, 1 << 40)],
)
def test_an_admin_looks_at_an_order_itself(action: CreateTable) -> None:
    region = REGION.SmallRegion()
    (active,) = active_of(region)
    (said,) = sent_by(region, active, order_of(region, active, 99, action))
    assert isinstance(said, Declined)
    assert said.refusal.error == "ValidationException"
    assert region.tables() == {}


def test_orders_that_are_looked_at_together_do_not_pass_the_bound_of_workflows() -> None:
    region = REGION.SmallRegion(admin={"workflows": 2}, router={"requests": 16}, users=4)
    region.world.crash(region.hosts[3], "test")
    for user in range(4):
        region.begin(CreateTable(f"table-{user}", SCHEMA, 2, 5), user)
    assert region.go(lambda: all(region.asker(user).doing is None for user in range(4)))
    said = [region.asker(user).said for user in range(4)]
    refused = [one for one in said if isinstance(one, Failed)]
    assert {one.error for one in refused} == {"LimitExceededException"}
    assert len(refused) == 2
    assert len(region.tables()) == 2


def test_a_table_that_is_deleted_while_it_is_created_goes_with_what_was_made_of_it() -> None:
    region = REGION.SmallRegion()
    region.world.crash(region.hosts[3], "test")
    assert region.ask(CreateTable("books", SCHEMA, 2, 5)).table.status == "creating"
    assert region.ask(DeleteTable("books")).table.status == "deleting"
    assert region.go(lambda: region.tables() == {}, 30_000), "one node of each partition may be down"
    assert region.run.observation.metadata.of(WorkflowRecord) == []
    region.world.start(region.hosts[3])
    assert region.go(lambda: not any(set(place.node.replicas) - {0} for place in region.hosts), 30_000)
    failed = region.ask(GetItem("books", KEY))
    assert failed.error == "ResourceNotFoundException"
