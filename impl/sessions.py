"""Sessions turn a network that repeats messages and delivers them late into one that brings each request
once, or not at all, as a connection does. Users have them with routers, and routers with admins.

*Invariant.* A request is taken at most once, over all lives of the node that serves it: a session belongs to
one life, and its requests are numbered.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from dynaproof.impl.kept import keep_newest
from dynaproof.impl.node import Env, Message, NodeId


class Session(Struct, frozen=True, gc=False, array_like=True):
    """A session with one life of a node, and with no other: what was asked in it lapses when that life
    crashes.
    """

    boot: int
    number: int


class OpenSession(Message, frozen=True, gc=False, tag="open_session"):
    """The sender wants a session; `number` is the sender's own."""

    number: int


class SessionOpened(Message, frozen=True, gc=False, tag="session_opened"):
    """What is asked in this session from here on is taken, until the node goes or has too many others."""

    number: int
    session: Session


class SessionGone(Message, frozen=True, gc=False, tag="session_gone"):
    """There is no such session: what was asked in it is not known here."""

    session: Session


class Numbered(Protocol):
    """A request in a session; the numbers of a session ascend."""

    @property
    def session(self) -> Session:
        """The session."""
        ...

    @property
    def number(self) -> int:
        """Its number there."""
        ...


class Sessions:
    """The sessions that are open with this node, the one used last at the end."""

    def __init__(self, env: Env, most: int) -> None:
        self.env = env
        self.most = most
        self.opened = 0
        self.open: dict[Session, tuple[NodeId, int]] = {}
        """Each with the node that opened it, and the number of its last request."""

    def on_open(self, sender: NodeId, m: OpenSession) -> None:
        """Open a session."""
        self.opened += 1
        session = Session(self.env.boot, self.opened)
        self.open[session] = (sender, 0)
        keep_newest(self.open, self.most)
        self.env.send(sender, SessionOpened(m.number, session))

    def takes(self, sender: NodeId, m: Numbered) -> bool:
        """Whether a request is a new one of an open session; if the session is not open, say so."""
        found = self.open.pop(m.session, None)
        if found is None or found[0] != sender:
            self.env.send(sender, SessionGone(m.session))
            return False
        self.open[m.session] = (sender, max(found[1], m.number))
        return m.number > found[1]
