"""The token service: has the buckets of all tables under global admission, and answers the draws of routers.

It has no disk and asks nobody: it hears what a table is given from the routers that draw, and the highest
version that it has heard of stands. So a change of what a table is given takes effect as soon as one router
that draws knows it.

*Invariants.* A draw is granted once, by its router's boot and its number; a copy of the last one gets the
same answer again, and an older one is not answered. What a draw carries back counts only in the life of the
bucket that answered the router before, because a copy of a draw that an earlier life knew would count twice.
A bucket begins a life with one second's fill: so a crash mints no more than that, and forgives a debt.

*Bounds.* One answer is kept for each of the region's routers and each bucket. Of `tables` buckets, the one
least recently drawn from makes room for another if it has at least a second's fill, so that forgetting it
mints nothing; otherwise the draw is not answered, and its router throttles.
"""

from __future__ import annotations

from dynaproof.impl.capacity.admission import waits
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.bucket import Bucket
from dynaproof.impl.capacity.global_admission import TableTokens
from dynaproof.impl.capacity.shares import one_second, succeeded
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.tokens.messages import Draw, Drawn, Granted, Life, TableOf
from dynaproof.impl.tokens.settings import TokenSettings


class Tokens:
    """One bucket in one life."""

    __slots__ = ("answered", "life", "table", "version")

    def __init__(self, table: TableTokens, life: Life, version: int) -> None:
        self.table = table
        self.life = life
        self.version = version
        """The version of what the table is given, as far as it was heard."""
        self.answered: dict[NodeId, Drawn] = {}
        """By router, the last answer."""


class TokenService:
    """The token service of a region with these routers; see the module."""

    def __init__(self, env: Env, routers: tuple[NodeId, ...], settings: TokenSettings) -> None:
        self.env = env
        self.settings = settings
        self.routers = frozenset(router.address for router in routers)
        self.tables: dict[TableOf, Tokens] = {}
        """The one drawn from last at the end."""
        self.begun = 0

    def on_start(self) -> None:
        """Nothing is known before a router draws."""

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Answer a router; messages from other nodes are ignored."""
        if isinstance(message, Draw) and sender.address in self.routers and is_sound(message):
            self.on_draw(sender.address, message)

    def on_timer(self, timer: Timer) -> None:
        """No timer is ever set."""

    def on_draw(self, router: NodeId, m: Draw) -> None:
        """Take back what has expired, and grant what there is, once."""
        tokens = self.tokens_of(m)
        if tokens is None:
            return  # There is no room: the router takes that like any silence.
        last = tokens.answered.get(router)
        if last is not None and (m.boot, m.number) <= (last.boot, last.number):
            if (m.boot, m.number) == (last.boot, last.number):
                self.env.send(router, last)
            return
        now, table = self.env.now, tokens.table
        if m.version > tokens.version:
            tokens.version = m.version
            table.bucket.change(m.fill.rate, m.fill.capacity, now)
        believed = m.returned if m.life == tokens.life else 0
        grant = table.draw(m.held, believed, m.asked, now)
        wanted = min(m.asked, max(0, self.settings.most - m.held))
        bucket = table.bucket
        after_us = 0
        if grant < wanted:
            after_us = max(1, waits(bucket.level, wanted - grant, bucket.rate, bucket.capacity))
        answer = Drawn(m.of, m.boot, m.number, tokens.life, grant, after_us)
        tokens.answered[router] = answer
        self.env.note(Granted(router, m, answer, believed, bucket.level // MICRO + grant, now))
        self.env.send(router, answer)

    def tokens_of(self, m: Draw) -> Tokens | None:
        """The bucket of a draw; the first draw begins it. None if there is no room."""
        tokens = self.tables.pop(m.of, None)
        if tokens is None:
            if len(self.tables) >= self.settings.tables and not self.makes_room():
                return None
            self.begun += 1
            fill = m.fill
            level = succeeded(False, 0, 0, fill.rate, fill.capacity)
            bucket = Bucket(fill.rate, fill.capacity, level, self.env.now)
            life = Life(self.env.boot, self.begun)
            tokens = Tokens(TableTokens(bucket, self.settings.most), life, m.version)
        self.tables[m.of] = tokens
        return tokens

    def makes_room(self) -> bool:
        """Forget the bucket least recently drawn from, unless it would begin again with more than it has."""
        of, tokens = next(iter(self.tables.items()))
        bucket = tokens.table.bucket
        bucket.refill(self.env.now)
        if bucket.level < min(bucket.capacity, one_second(bucket.rate)):
            return False
        del self.tables[of]
        return True

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """The queues that grow with what routers ask: name, length and bound of each."""
        answers = max((len(one.answered) for one in self.tables.values()), default=0)
        return (
            ("buckets", len(self.tables), self.settings.tables),
            ("answers kept of a bucket", answers, len(self.routers)),
        )


def is_sound(m: Draw) -> bool:
    """Whether a router may send this draw."""
    return m.fill.is_sound() and m.version > 0 and min(m.held, m.returned, m.asked) >= 0
