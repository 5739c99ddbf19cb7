"""What a router does for users who create, update, delete, describe and list tables, and for operators.

Orders go to the active admin, each in a session of its own, again and again until it
is answered; the admins are asked in turn until one says that it is active. So an order is carried out once at
the most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol

from dynaproof.impl.metadata.orders import (
    ACTIONS,
    Declined,
    NotActive,
    Obeyed,
    Order,
    not_found,
    wrong_with,
)
from dynaproof.impl.metadata.records import METADATA, TABLES, TableRecord, end_of, table_key
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Page, Reply, Scan
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router import errors
from dynaproof.impl.router.asked import Asked, PartOf
from dynaproof.impl.router.caller import Caller
from dynaproof.impl.router.errors import ApiError
from dynaproof.impl.router.messages import Described, Done, ListTables, Names, Result
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import OpenSession, Session, SessionGone, SessionOpened
from dynaproof.impl.values.errors import out_of_bounds

MOST_LISTED = 100
"""Names in one answer (API reference, ListTables)."""

NAME_BYTES = 1 << 18
"""The size of the records whose names are listed, at the most."""


WAITS: Final = 4
"""How often the router can wait for an admin within the time of one request, at the least."""


class OrderTimer(Timer, frozen=True, gc=False, tag="order"):
    """An admin has not answered, or it is time to ask another one."""

    number: int


class Ordering:
    """An order under way."""

    __slots__ = ("request", "session", "to")

    def __init__(self, request: RequestId) -> None:
        self.request = request
        self.to: NodeId | None = None
        """The admin that is asked."""
        self.session: Session | None = None
        """The session with it in which the order was sent; None before that."""


class Answers(Protocol):
    """Answers users."""

    caller: Caller
    asked: dict[int, Asked]

    def members(self, partition: int) -> tuple[NodeId, ...]:
        """Where a partition is, as far as this router knows."""
        ...

    def end(self, number: int, said: Result | ApiError, observed: bytes | None = None) -> None:
        """Answer what was asked for."""
        ...


class Control:
    """The control plane, as a router's users see it; see the module."""

    def __init__(
        self, env: Env, settings: RouterSettings, admins: tuple[NodeId, ...], router: Answers
    ) -> None:
        self.env = env
        self.settings = settings
        self.admins = tuple(admin.address for admin in admins)
        self.router = router
        self.orders: dict[int, Ordering] = {}
        """The orders under way, by the number of what was asked for."""
        self.numbers: dict[RequestId, int] = {}
        """These numbers, by the request ids of the orders."""
        self.active: NodeId | None = None
        """The admin that was active last, as far as is known."""
        self.turn = 0

    def start(self) -> None:
        """Begin with any admin: routers do not all ask the same one first."""
        self.turn = self.env.random("admin", len(self.admins))

    # --- Tables that come and go ---

    def begin(self, number: int, asked: Asked) -> None:
        """Order what can be ordered; list tables."""
        action = asked.action
        if isinstance(action, ListTables):
            self.list_tables(number, asked, action)
            return
        assert isinstance(action, ACTIONS), "these are what can be ordered"
        wrong = wrong_with(action, self.settings.partitions_per_write)
        if wrong is not None:
            self.router.end(number, errors.invalid(wrong))
            return
        request = self.router.caller.ids.next()
        self.numbers[request], self.orders[number] = number, Ordering(request)
        self.order(number, asked)

    def order(self, number: int, asked: Asked) -> None:
        """Send the order in its session; first open one, with the active admin or the admins in turn."""
        ordering = self.orders[number]
        assert isinstance(asked.action, ACTIONS), "these are what can be ordered"
        if ordering.session is None:
            ordering.to = self.active
            if ordering.to is None:
                ordering.to = self.admins[self.turn % len(self.admins)]
                self.turn += 1
            self.env.send(ordering.to, OpenSession(number))
        elif ordering.to is not None:
            self.env.send(ordering.to, Order(ordering.session, 1, ordering.request, asked.action))
        # Within the time of a request there is time for another admin, if this one is down.
        wait_us = min(self.settings.caller.attempt_us * 5, self.settings.timeout_us // WAITS)
        self.env.set_timer(max(1, wait_us), OrderTimer(number))

    def on_session_opened(self, sender: NodeId, m: SessionOpened) -> None:
        """An admin takes the order."""
        ordering = self.orders.get(m.number)
        if ordering is not None and ordering.session is None and sender.address == ordering.to:
            ordering.session = m.session
            self.order(m.number, self.router.asked[m.number])

    def on_session_gone(self, sender: NodeId, m: SessionGone) -> None:
        """The admin has crashed since it was asked: nobody knows what it has done."""
        for ordering in list(self.orders.values()):
            if ordering.session == m.session and ordering.to == sender.address:
                self.over(ordering.request, errors.NO_ADMIN)

    def on_order_timer(self, timer: OrderTimer) -> None:
        """Send the order again; or give up: if an admin got it, without knowing what will become of it."""
        asked, ordering = self.router.asked[timer.number], self.orders[timer.number]
        if ordering.session is None and ordering.to == self.active:
            self.active = None  # Another one that was heard of since stays.
        if self.env.now < asked.until:
            self.order(timer.number, asked)
        else:
            unknown = ordering.session is not None
            self.over(ordering.request, errors.NO_ADMIN if unknown else errors.NO_ACTIVE_ADMIN)

    def on_obeyed(self, sender: NodeId, m: Obeyed) -> None:
        """The order is under way."""
        self.active = sender.address
        self.over(m.request, Done() if m.table is None else Described(m.table))

    def on_declined(self, sender: NodeId, m: Declined) -> None:
        """The order has no effect."""
        self.active = sender.address
        self.over(m.request, ApiError(m.refusal.error, m.refusal.message))

    def on_not_active(self, sender: NodeId, m: NotActive) -> None:
        """The order has no effect there: another admin is active, perhaps the one that is named. What is said
        of an earlier session does not count: in this one the order may be under way.
        """
        number = self.numbers.get(m.request)
        if number is None:
            return
        ordering = self.orders[number]
        if ordering.to != sender.address or ordering.session != m.session:
            return
        ordering.session = None
        named = [admin for admin in self.admins if admin.name == m.active and admin != sender.address]
        self.active = named[0] if named else None
        attempt_us = self.settings.caller.attempt_us
        self.env.set_timer(1 + self.env.random("order", attempt_us), OrderTimer(number))

    def over(self, request: RequestId, said: Result | ApiError) -> None:
        """An order is answered."""
        number = self.numbers.pop(request, None)
        if number is not None:
            del self.orders[number]
            self.env.cancel_timer(OrderTimer(number))
            self.router.end(number, said)

    # --- Tables that are there ---

    def describe(self, number: int, name: str, table: TableRecord | None) -> None:
        """Say what a table is."""
        if table is None:
            refusal = not_found(name)
            self.router.end(number, ApiError(refusal.error, refusal.message))
        else:
            self.router.end(number, Described(table))

    def list_tables(self, number: int, asked: Asked, action: ListTables) -> None:
        """Read the records of some tables."""
        wrong = out_of_bounds("limit", action.limit, 1, MOST_LISTED)
        if wrong is not None:
            self.router.end(number, errors.invalid(wrong.message))
            return
        low = table_key(action.after) + b"\x00" if action.after else TABLES
        scan = Scan(low, end_of(TABLES), action.limit, NAME_BYTES, strong=True)
        left_us, members = asked.until - self.env.now, self.router.members(METADATA)
        self.router.caller.begin(METADATA, members, scan, left_us, PartOf(number))

    def listed(self, number: int, answer: Reply | Page | None) -> None:
        """Answer with the names of the tables."""
        if not isinstance(answer, Page):
            self.router.end(number, errors.NO_METADATA)
            return
        names = tuple(key[len(TABLES) :].decode(errors="replace") for key, _ in answer.items)
        self.router.end(number, Names(names, answer.through is not None))

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        SessionOpened: on_session_opened,
        SessionGone: on_session_gone,
        Obeyed: on_obeyed,
        Declined: on_declined,
        NotActive: on_not_active,
    }
