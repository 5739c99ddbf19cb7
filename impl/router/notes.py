"""What clients and readers report of themselves to their observers; nothing depends on it."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, Note
from dynaproof.impl.partition.messages.requests import Operation
from dynaproof.impl.partition.records import Item, LogRecord, StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.messages import Action, Result
from dynaproof.impl.tokens.messages import TableOf


class Invoked(Note, frozen=True, gc=False, tag="invoked"):
    """An operation begins; it takes effect by `deadline`, in commit timestamps, or never."""

    request: RequestId
    operation: Operation
    deadline: Microseconds


class Crossed(Note, frozen=True, gc=False, tag="crossed"):
    """An operation goes on, under the same id, at a descendant of its partition: what is noted of it next is
    in the lane of `child`. This note is in the lane of `parent`, which need not be the child's direct parent.
    `final`: no attempt so far had an effect, or will.
    """

    request: RequestId
    parent: int
    child: int
    final: bool


class Ended(Note, frozen=True, gc=False, tag="ended"):
    """An operation ends; `slot` and `observed` as in the reply."""

    request: RequestId
    ending: Ending
    slot: int
    observed: StoredItem | None


class Shown(Note, frozen=True, gc=False, tag="shown"):
    """A read of several items is about to end with these, in order; all as they stood at `slot`. They are
    complete up to `through`, exclusive; None if all that was asked for was looked at.
    """

    request: RequestId
    slot: int
    items: tuple[tuple[bytes, StoredItem], ...]
    through: bytes | None


class LogTaken(Note, frozen=True, gc=False, tag="log_taken"):
    """A reader took consecutive records."""

    records: tuple[LogRecord, ...]


class UserAsked(Note, frozen=True, gc=False, tag="user_asked"):
    """A user asks a router for something; the request names the user and its life."""

    request: RequestId
    action: Action


class UserAnswered(Note, frozen=True, gc=False, tag="user_answered"):
    """A user has a result; or an error, `definite` and `observed` as in `Failed`; or waits no longer."""

    request: RequestId
    result: Result | None
    error: str
    definite: bool
    observed: Item | None = None


class TokensMoved(Note, frozen=True, gc=False, tag="tokens_moved"):
    """A router's tokens change: this many are credited, taken, settled, given back, expired or carried back;
    and what the router holds then. In micro-units.
    """

    of: TableOf
    what: str
    amount: int
    held: int


class TokensSpent(Note, frozen=True, gc=False, tag="tokens_spent"):
    """A request is forwarded, and this much was taken for it."""

    request: RequestId
    of: TableOf
    cost: int


class TokensSettled(Note, frozen=True, gc=False, tag="tokens_settled"):
    """An answered request has cost this much more than was taken for it; less than 0: it had no effect, and
    that much is given back.
    """

    request: RequestId
    more: int


class TokensRefused(Note, frozen=True, gc=False, tag="tokens_refused"):
    """A router throttles a request of this cost, while it holds this much; the service has said that there
    will be enough after a time, or, if that is 0, has said nothing for `waited_us`.
    """

    of: TableOf
    cost: int
    held: int
    after_us: Microseconds
    waited_us: Microseconds
