"""Whom a router asks for what its users order, while one of the admins is down."""

from typing import Any

from dynaproof.impl.metadata.orders import DeleteTable, NotActive, Obeyed, Order
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router import errors
from dynaproof.impl.router.asked import Asked
from dynaproof.impl.router.control import Control, OrderTimer
from dynaproof.impl.router.messages import Ask
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import OpenSession, Session, SessionGone, SessionOpened
from dynaproof.impl.values.key import KeyAttribute, KeySchema

DOWN, ACTIVE = NodeId("region", "a", "admin-a"), NodeId("region", "b", "admin-b")
ME = NodeId("region", "a", "router-a")
TABLE = TableRecord(
    "music", 1, "deleting", KeySchema(KeyAttribute("id", "S")), 3, (1,), RequestId(ME, 1, 2), 1
)


class Surroundings:
    """An environment that keeps what was sent to whom, and a router that keeps what its users are told."""

    now = 0

    def __init__(self) -> None:
        self.asked: dict[int, Asked] = {}
        self.caller = self.ids = self
        self.made = 0
        self.to: list[NodeId] = []
        self.sent: list[Message] = []
        self.said: list[object] = []

    def next(self) -> RequestId:
        self.made += 1
        return RequestId(ME, 1, self.made)

    def random(self, _label: str, _n: int) -> int:
        return 0

    def set_timer(self, _delay: int, _timer: object) -> None: ...

    def cancel_timer(self, _timer: object) -> None: ...

    def send(self, to: NodeId, message: Message) -> None:
        self.to.append(to.address)
        self.sent.append(message)

    def end(self, number: int, said: object, _observed: object = None) -> None:
        del self.asked[number]
        self.said.append(said)


def ordering() -> tuple[Any, Control]:
    """A router that has asked the admin that is active for a session, for an order."""
    around: Any = Surroundings()
    control = Control(around, RouterSettings(), (ACTIVE, DOWN), around)
    control.start()
    around.asked[1] = Asked(ME, Ask(Session(1, 1), 1, DeleteTable(TABLE.name)), 0, 10_000_000)
    control.begin(1, around.asked[1])
    assert (around.to, around.sent) == ([ACTIVE.address], [OpenSession(1)])
    return around, control


def test_an_order_that_got_no_answer_goes_to_the_admin_that_has_answered_another_since() -> None:
    """Found by `errors_stop_after_faults`: two orders took turns at one counter, and one met the admin that
    was down each time, until its user was told that none was active.
    """
    around: Any = Surroundings()
    control = Control(around, RouterSettings(), (DOWN, ACTIVE), around)
    control.start()
    for number in (1, 2):
        around.asked[number] = Asked(ME, Ask(Session(1, 1), number, DeleteTable(TABLE.name)), 0, 10_000_000)
        control.begin(number, around.asked[number])
    assert around.to == [DOWN.address, ACTIVE.address]
    control.on_obeyed(ACTIVE, Obeyed(RequestId(ME, 1, 2), TABLE))
    control.on_order_timer(OrderTimer(1))
    assert around.to[-1] == ACTIVE.address


def test_an_order_is_given_in_one_session_only_and_that_is_with_the_admin_that_was_asked() -> None:
    """In two sessions an admin would take it for two orders, and delete the next table of that name too."""
    around, control = ordering()
    control.on_session_opened(DOWN, SessionOpened(1, Session(4, 4)))
    assert len(around.sent) == 1
    for number in (5, 6):  # The network has brought the question twice.
        control.on_session_opened(ACTIVE, SessionOpened(1, Session(1, number)))
    control.on_order_timer(OrderTimer(1))
    orders = [m.session for m in around.sent if isinstance(m, Order)]
    assert orders == [Session(1, 5)] * 2


def test_only_the_admin_that_has_an_order_can_have_lost_it() -> None:
    around, control = ordering()
    control.on_session_opened(ACTIVE, SessionOpened(1, Session(1, 5)))
    control.on_session_gone(DOWN, SessionGone(Session(1, 5)))
    control.on_session_gone(ACTIVE, SessionGone(Session(1, 4)))
    assert not around.said
    control.on_session_gone(ACTIVE, SessionGone(Session(1, 5)))
    assert around.said == [errors.NO_ADMIN]


def test_an_order_that_an_admin_may_have_got_is_not_said_to_have_had_no_effect() -> None:
    for given, error in ((False, errors.NO_ACTIVE_ADMIN), (True, errors.NO_ADMIN)):
        around, control = ordering()
        if given:
            control.on_session_opened(ACTIVE, SessionOpened(1, Session(1, 5)))
        around.now = 10_000_000
        control.on_order_timer(OrderTimer(1))
        assert around.said == [error]
        assert error.definite != given


def test_an_order_stays_with_the_admin_that_has_it_when_another_one_says_late_that_it_is_not_active() -> None:
    around, control = ordering()
    control.on_not_active(DOWN, NotActive(RequestId(ME, 1, 1), Session(1, 5), ""))
    control.on_session_opened(ACTIVE, SessionOpened(1, Session(1, 5)))
    control.on_not_active(DOWN, NotActive(RequestId(ME, 1, 1), Session(1, 5), ""))
    control.on_order_timer(OrderTimer(1))
    assert [m.session for m in around.sent if isinstance(m, Order)] == [Session(1, 5)] * 2


def test_an_order_is_not_refused_by_what_was_said_of_it_in_an_earlier_session() -> None:
    """The admin has taken it anew by then: it may be under way, and a third session would begin it again."""
    around, control = ordering()
    refused = NotActive(RequestId(ME, 1, 1), Session(1, 5), "")
    control.on_session_opened(ACTIVE, SessionOpened(1, Session(1, 5)))
    control.on_not_active(ACTIVE, refused)
    for _ in (DOWN, ACTIVE):
        control.on_order_timer(OrderTimer(1))
    control.on_not_active(ACTIVE, refused)
    control.on_session_opened(ACTIVE, SessionOpened(1, Session(1, 6)))
    control.on_not_active(ACTIVE, refused)
    around.now = 10_000_000
    control.on_order_timer(OrderTimer(1))
    assert around.said == [errors.NO_ADMIN]
