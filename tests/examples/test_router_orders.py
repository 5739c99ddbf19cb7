"""Whom a router asks for what its users order, while one of the admins is down."""

from typing import Any

from dynaproof.impl.metadata.orders import DeleteTable, Obeyed
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.asked import Asked
from dynaproof.impl.router.control import Control, OrderTimer
from dynaproof.impl.router.messages import Ask
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import Session
from dynaproof.impl.values.key import KeyAttribute, KeySchema

DOWN, ACTIVE = NodeId("region", "a", "admin-a"), NodeId("region", "b", "admin-b")
ME = NodeId("region", "a", "router-a")
TABLE = TableRecord(
    "music", 1, "deleting", KeySchema(KeyAttribute("id", "S")), 3, (1,), RequestId(ME, 1, 2), 1
)


class Surroundings:
    """An environment that keeps whom was sent to, and a router that keeps nothing."""

    now = 0

    def __init__(self) -> None:
        self.asked: dict[int, Asked] = {}
        self.caller = self.ids = self
        self.made = 0
        self.to: list[NodeId] = []

    def next(self) -> RequestId:
        self.made += 1
        return RequestId(ME, 1, self.made)

    def random(self, _label: str, _n: int) -> int:
        return 0

    def set_timer(self, _delay: int, _timer: object) -> None: ...

    def cancel_timer(self, _timer: object) -> None: ...

    def send(self, to: NodeId, _message: Message) -> None:
        self.to.append(to.address)

    def end(self, number: int, _said: object, _observed: object = None) -> None:
        del self.asked[number]


def test_an_order_that_got_no_answer_goes_to_the_admin_that_has_answered_another_since() -> None:
    """Found by `errors_stop_after_faults`: two orders took turns at one counter, and one met the admin that
    was down each time, until its user was told that none was active.
    """
    around: Any = Surroundings()
    control = Control(around, RouterSettings(), (DOWN, ACTIVE), around)
    control.start()
    for number in (1, 2):
        around.asked[number] = Asked(ME, Ask(Session(1, 1), number, DeleteTable(TABLE.name)), 10_000_000)
        control.begin(number, around.asked[number])
    assert around.to == [DOWN.address, ACTIVE.address]
    control.on_obeyed(ACTIVE, Obeyed(RequestId(ME, 1, 2), TABLE))
    control.on_order_timer(OrderTimer(1))
    assert around.to[-1] == ACTIVE.address
