"""What the observer of drained nodes takes for a change that nobody has ordered, and for an order in vain."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.metadata.orders import DrainNode, NotActive, Obeyed, Order
from dynaproof.impl.metadata.records import NodeRecord
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.sessions import Session
from dynaproof.specs.observe.impl.drains import DrainObserver
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.promises.drains import drain_orders_last
from dynaproof.specs.views.lineage import LineageView
from dynaproof.specs.views.region import RegionView

ROUTER = NodeId("region", "a", "router")


class Told:
    """An observer that is told of orders, answers and records."""

    def __init__(self) -> None:
        self.view = RegionView()
        self.metadata = MetadataObserver(self.view, lambda _name, _generation: LineageView(), lambda _: None)
        self.acknowledged = 0
        self.metadata.acknowledged = lambda: self.acknowledged
        self.observer = DrainObserver(self.view, self.metadata)
        self.record: NodeRecord | None = None

    def wrong(self) -> list[str]:
        """What is wrong about what it was told since it was asked last."""
        found = [one.sentence for one in drain_orders_last.check(self.view)]
        self.view.fresh.clear()
        return found

    def handles(self, admin: str, payload: object, *answers: Message) -> None:
        """An admin is given something, and answers."""
        outbox = SimpleNamespace(handler=[(ROUTER, answer, 0) for answer in answers])
        world = SimpleNamespace(last=SimpleNamespace(payload=payload))
        self.observer.handled(cast(Any, SimpleNamespace(name=admin, outbox=outbox, world=world)))

    def ordered(
        self, number: int, draining: bool = True, admin: str = "admin-a", session: int = 1, *answers: Message
    ) -> None:
        """An admin is given an order, and may answer at once."""
        action = DrainNode("sa", draining)
        self.handles(admin, Order(Session(1, session), 1, request(number), action), *answers)

    def written(self, draining: bool, dead: bool = False) -> None:
        """The next record of the node is chosen."""
        self.metadata.slot += 1
        before, self.record = self.record, NodeRecord("sa", "a", draining, dead)
        self.observer.changed(before, self.record)

    def obeyed(self, number: int, admin: str = "admin-a") -> None:
        """An admin says that it has obeyed."""
        self.handles(admin, None, Obeyed(request(number), None))


def request(number: int) -> RequestId:
    """That of an order."""
    return RequestId(ROUTER, 1, number)


@pytest.fixture
def told() -> Told:
    """The node has a record, and is not drained."""
    told = Told()
    told.written(draining=False)
    return told


def test_a_node_is_drained_from_an_order_until_another_one(told: Told) -> None:
    told.ordered(1)
    told.written(draining=True)
    told.obeyed(1)
    told.written(draining=True, dead=True)
    told.ordered(2, draining=False)
    told.written(draining=False, dead=True)
    told.obeyed(2)
    assert told.wrong() == []


def test_a_record_that_loses_what_was_ordered_is_found(told: Told) -> None:
    told.ordered(1)
    told.written(draining=True)
    told.obeyed(1)
    told.written(draining=False)
    assert told.wrong() == ["the record of sa says that it is not drained any more, and nobody orders that"]


def test_an_order_that_was_answered_drains_nothing_later(told: Told) -> None:
    told.ordered(1)
    told.written(draining=True)
    told.obeyed(1)
    told.ordered(2, draining=False)
    told.written(draining=False)
    told.obeyed(2)
    told.ordered(1)  # A late copy.
    told.written(draining=True)
    assert told.wrong() == ["the record of sa says that it is drained, and nobody orders that"]


def test_an_order_without_an_answer_may_take_effect_later(told: Told) -> None:
    told.ordered(1)
    told.ordered(2, admin="admin-b")
    told.handles("admin-b", None, NotActive(request(2), Session(1, 1), "admin-a"))
    told.written(draining=True)
    assert told.wrong() == []


def test_an_order_that_has_had_no_effect_may_be_taken_by_another_admin(told: Told) -> None:
    told.ordered(1, admin="admin-b")
    told.handles("admin-b", None, NotActive(request(1), Session(1, 1), "admin-a"))
    told.ordered(1)
    told.written(draining=True)
    told.obeyed(1)
    assert told.wrong() == []


def test_a_late_copy_of_an_order_that_had_no_effect_says_nothing_of_the_order_in_another_session(
    told: Told,
) -> None:
    """Found by a hunt, which took this for a record that nobody had ordered."""
    refused = NotActive(request(1), Session(1, 1), "admin-b")
    told.ordered(1)
    told.handles("admin-a", None, refused)
    told.ordered(1, session=2)
    told.ordered(1, True, "admin-a", 1, refused)
    told.written(draining=True)
    told.obeyed(1)
    assert told.wrong() == []


def test_an_order_is_obeyed_in_vain_only_if_no_record_has_said_so_since_it_came(told: Told) -> None:
    told.ordered(1)
    told.obeyed(1)
    assert told.wrong() == ["that sa be drained is obeyed, and no record of it says so"]
    told.ordered(2, draining=False)
    told.obeyed(2)  # It was not drained all the time.
    told.ordered(3)
    told.written(draining=True)
    told.ordered(4, draining=False)  # What the admin read is not older than what was acknowledged.
    told.obeyed(4)
    assert told.wrong() == []
    told.obeyed(3)
    told.acknowledged = told.metadata.slot
    told.ordered(5, draining=False)
    told.obeyed(5)
    assert told.wrong() == ["that sa be drained no longer is obeyed, and no record of it says so"]


def test_a_late_refusal_says_nothing_of_the_order_in_a_later_session(told: Told) -> None:
    """Found by `drain`: nobody knew what became of the second write, and a copy was told of the first."""
    refused = NotActive(request(1), Session(1, 1), "")
    told.ordered(1)
    told.handles("admin-a", None, refused)
    told.ordered(1, True, "admin-a", 2)
    told.ordered(1, True, "admin-a", 2, refused)
    told.written(draining=True)
    assert told.wrong() == []


def test_an_order_that_has_had_no_effect_has_none_later(told: Told) -> None:
    told.ordered(1)
    told.handles("admin-a", None, NotActive(request(1), Session(1, 1), ""))
    told.written(draining=True)
    assert told.wrong() == ["the record of sa says that it is drained, and nobody orders that"]
