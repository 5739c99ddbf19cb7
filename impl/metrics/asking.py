"""Asks routers, one thing at a time, as any user of the region does: in a session, and never a second time.

A question that is not answered in time is given up: whether it took effect is not known, and the part that
had it asked finds out by asking how things are. Then another router is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.router.messages import Answered, Ask, DescribeTable, Failed, Result
from dynaproof.impl.sessions import OpenSession, Session, SessionGone, SessionOpened


class AnswerTimer(Timer, frozen=True, gc=False, tag="answer"):
    """The router has not answered this."""

    number: int


class Asks(Protocol):
    """The part that has something asked."""

    def answered(self, action: DescribeTable | UpdateTable, result: Result | None) -> None:
        """The question was answered; None: it was refused, or it is not known what became of it."""
        ...


class Asking:
    """What is under way with which router; see the module."""

    def __init__(
        self,
        env: Env,
        routers: tuple[NodeId, ...],
        connect_us: Microseconds,
        answer_us: Microseconds,
        asks: Asks,
    ) -> None:
        self.env = env
        self.routers = tuple(router.address for router in routers)
        self.connect_us = connect_us
        self.answer_us = answer_us
        self.asks = asks
        self.turn = 0
        """Which router is asked."""
        self.session: Session | None = None
        """The session with that router, if there is one."""
        self.number = 0
        """The number of what was asked last, in this life."""
        self.action: DescribeTable | UpdateTable | None = None
        """What is under way."""

    @property
    def router(self) -> NodeId:
        """The router that is asked."""
        return self.routers[self.turn % len(self.routers)]

    def ask(self, action: DescribeTable | UpdateTable) -> None:
        """Ask this, when nothing is under way."""
        assert self.action is None, "one thing at a time"
        self.action = action
        self.number += 1
        if self.session is None:
            self.env.send(self.router, OpenSession(self.number))
            self.env.set_timer(self.connect_us, AnswerTimer(self.number))
        else:
            self.send(self.session, action)

    def send(self, session: Session, action: DescribeTable | UpdateTable) -> None:
        """Ask it in a session, once."""
        self.env.send(self.router, Ask(session, self.number, action))
        self.env.set_timer(self.answer_us, AnswerTimer(self.number))

    def on_session_opened(self, sender: NodeId, m: SessionOpened) -> None:
        """Ask what is under way, unless it was asked already."""
        if self.action is None or self.session is not None:
            return
        if sender.address == self.router and m.number == self.number:
            self.session = m.session
            self.send(m.session, self.action)

    def on_session_gone(self, sender: NodeId, m: SessionGone) -> None:
        """The router has crashed since: nobody knows what it has done."""
        if sender.address == self.router and m.session == self.session:
            self.session = None
            self.end(None)

    def on_answered(self, sender: NodeId, m: Answered) -> None:
        """The question was answered."""
        if self.is_for(sender, m):
            self.end(m.result)

    def on_failed(self, sender: NodeId, m: Failed) -> None:
        """The question was refused, or the router does not know what became of it."""
        if self.is_for(sender, m):
            self.end(None)

    def is_for(self, sender: NodeId, m: Answered | Failed) -> bool:
        """Whether this answers what is under way."""
        at = (sender.address, m.session, m.number)
        return self.action is not None and at == (self.router, self.session, self.number)

    def on_timer(self, timer: AnswerTimer) -> None:
        """Give up, and ask another router next."""
        if timer.number == self.number and self.action is not None:
            self.turn, self.session = self.turn + 1, None
            self.end(None)

    def end(self, result: Result | None) -> None:
        """The question under way is over."""
        action, self.action = self.action, None
        self.env.cancel_timer(AnswerTimer(self.number))
        if action is not None:
            self.asks.answered(action, result)

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        SessionOpened: on_session_opened,
        SessionGone: on_session_gone,
        Answered: on_answered,
        Failed: on_failed,
    }
