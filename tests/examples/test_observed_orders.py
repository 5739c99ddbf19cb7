"""When an order counts as given in two sessions at a time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from dynaproof.impl.metadata.orders import DeleteTable, NotActive, Order
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.sessions import Session
from dynaproof.specs.observe.impl.orders import SessionObserver
from dynaproof.specs.promises.orders import orders_are_in_one_session
from dynaproof.specs.views.region import RegionView

ROUTER = NodeId("region", "a", "router")
REQUEST = RequestId(ROUTER, 1, 1)


def wrong(*steps: tuple[str, int] | tuple[str, Message]) -> list[str]:
    """What is wrong if an admin each is given the order in the session of that number, or says that."""
    view = RegionView()
    observer = SessionObserver(view)
    for admin, step in steps:
        is_given = isinstance(step, int)
        payload = Order(Session(1, step), 1, REQUEST, DeleteTable("books")) if is_given else None
        handler = [] if is_given else [(ROUTER, step, 0)]
        world = SimpleNamespace(last=SimpleNamespace(payload=payload))
        outbox = SimpleNamespace(handler=handler)
        observer.handled(cast(Any, SimpleNamespace(name=admin, outbox=outbox, world=world)))
    return [one.sentence for one in orders_are_in_one_session.check(view)]


def refusal(session: int) -> NotActive:
    """That the order has no effect in that session."""
    return NotActive(REQUEST, Session(1, session), "")


def test_an_order_may_go_to_another_session_once_it_had_no_effect_in_the_one_before() -> None:
    refused = ("admin-a", refusal(1))
    assert not wrong(("admin-a", 1), ("admin-a", 1), refused, ("admin-b", 1), ("admin-a", 1))
    assert not wrong(("admin-a", 1), refused, ("admin-a", 2), refused, ("admin-a", 1))


def test_an_order_that_may_yet_have_an_effect_is_given_in_no_other_session() -> None:
    said = "{} was given {} in a new session, and admin-a had not said that it had no effect before"
    assert wrong(("admin-a", 1), ("admin-a", 2)) == [said.format("admin-a", REQUEST)]
    assert wrong(("admin-a", 1), ("admin-b", 1)) == [said.format("admin-b", REQUEST)]
    late = [("admin-a", 1), ("admin-a", refusal(1)), ("admin-a", 2), ("admin-a", refusal(1)), ("admin-a", 3)]
    assert wrong(*late) == [said.format("admin-a", REQUEST)]
