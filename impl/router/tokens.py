"""The tokens of a router: what it draws in advance for tables under global admission, and spends on requests.

A part of a user's request takes the least that it costs (`estimates`) before it is forwarded, and is settled
when it is answered. If the router holds too little, it draws, and the part waits for the answer behind those
that wait already; parts that the answer does not admit are throttled, with a hint when there will be enough.

*Fail safe.* A router that hears nothing from the service forwards nothing beyond what it holds: the parts
that wait are throttled after `draw_us`. A draw that is not answered is sent again, with its number, as long
as a part waits for it, so nothing is lost with a message.

*Not paid for*: an attempt at a read whose answer was lost, and what a write that was answered from memory, or
not at all, has cost beyond the least.

*Bounds.* Two purses for each known table, and those that parts wait for; each has at most one draw under way.
A purse that is dropped takes its tokens with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from dynaproof.impl.capacity.admission import PROVISIONED
from dynaproof.impl.capacity.global_admission import RouterTokens, asked_for
from dynaproof.impl.capacity.rates import Fill, Provisioned, of_table
from dynaproof.impl.metadata.records import ProvisionedTable, TableRecord
from dynaproof.impl.node import ONLY_LANE, Env, Microseconds, NodeId, Timer
from dynaproof.impl.partition.messages.requests import READS, Operation
from dynaproof.impl.router.asked import Paid
from dynaproof.impl.router.estimates import least_cost
from dynaproof.impl.router.keys import MAX_GETS
from dynaproof.impl.router.notes import TokensMoved, TokensRefused
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.tokens.messages import NO_LIFE, Draw, Drawn, TableOf


class DrawTimer(Timer, frozen=True, gc=False, tag="draw"):
    """The service has not answered a draw of this bucket."""

    of: TableOf


class HoldTimer(Timer, frozen=True, gc=False, tag="hold_tokens"):
    """What was drawn of this bucket has expired, unless more was drawn since."""

    of: TableOf


class Purse:
    """What a router has of one bucket."""

    __slots__ = ("draw", "fill", "life", "tokens", "until", "version", "waits")

    def __init__(self, settings: RouterSettings) -> None:
        self.tokens = RouterTokens(most=settings.tokens.most, hold_us=settings.hold_us)
        self.version = 0
        """The version of what the table is given, as far as the router knows."""
        self.fill = Fill(1, 0)
        """How its bucket fills, by that version."""
        self.life = NO_LIFE
        """The life of the bucket that answered last."""
        self.draw: Draw | None = None
        """The draw under way."""
        self.until: Microseconds = 0
        """Until when its answer is waited for."""
        self.waits: list[tuple[int, int, int]] = []
        """The parts that wait: what was asked for, which part of it, and what that costs at the least."""


class Spenders(Protocol):
    """Spends tokens, and waits for them."""

    def has_tokens(self, number: int, index: int, paid: Paid) -> None:
        """The tokens for a part are taken: forward it."""
        ...

    def lacks_tokens(self, number: int, index: int, reason: str, after_us: Microseconds) -> None:
        """There are no tokens for a part."""
        ...


class Purses:
    """The purses of one router; see the module."""

    def __init__(
        self, env: Env, settings: RouterSettings, service: NodeId | None, spenders: Spenders
    ) -> None:
        self.env = env
        self.settings = settings
        self.service = None if service is None else service.address
        self.spenders = spenders
        self.purses: dict[TableOf, Purse] = {}
        """By bucket; the one used last at the end."""
        self.draws = 0
        """How many there were in this life."""

    # --- Spending ---

    def spend(self, table: TableRecord, number: int, index: int, operation: Operation) -> bool:
        """Whether a part needs no tokens. If it does, its spender hears, perhaps at once, that they are taken
        or that there are none.
        """
        given = table.given if isinstance(table, ProvisionedTable) else None
        if given is None or given.adapts != "global":
            return True
        assert isinstance(table, ProvisionedTable)
        of = TableOf(table.name, table.generation, "Read" if isinstance(operation, READS) else "Write")
        purse = self.purse(of, given, table.version)
        cost = min(least_cost(operation), purse.tokens.most)
        self.expire(of, purse)
        if not purse.waits and self.take(of, purse, number, index, cost):
            return False
        if self.service is None:
            self.refuse(of, purse, number, index, cost, 0)
            return False
        purse.waits.append((number, index, cost))
        if purse.draw is None:
            self.draw(of, purse)
        elif self.env.now >= purse.until:  # Its answer was no longer waited for.
            self.send(of, purse)
        return False

    def purse(self, of: TableOf, given: Provisioned, version: int) -> Purse:
        """The purse of a bucket, by the newest that is known of the table."""
        purse = self.purses.pop(of, None) or Purse(self.settings)
        self.purses[of] = purse
        if version > purse.version:
            purse.version, purse.fill = version, of_table(given, of.direction)
        too_many = len(self.purses) - 2 * self.settings.tables
        if too_many > 0:
            idle = [one for one, its in self.purses.items() if not its.waits and one != of]
            for dropped in idle[:too_many]:
                del self.purses[dropped]
        return purse

    def take(self, of: TableOf, purse: Purse, number: int, index: int, cost: int) -> bool:
        """Forward a part, if there are tokens for it."""
        if not purse.tokens.take(cost):
            return False
        self.note(of, purse, "taken", cost)
        self.spenders.has_tokens(number, index, Paid(of, cost))
        return True

    def settle(self, paid: Paid, consumed: int) -> None:
        """A call was answered: owe what it has cost beyond what was taken for it."""
        purse, more = self.purses.get(paid.of), consumed - paid.cost
        if purse is not None and more > 0:
            purse.tokens.settle(more)
            self.note(paid.of, purse, "settled", more)

    def give_back(self, paid: Paid) -> None:
        """A call has had no effect, and never will: give its tokens back."""
        purse = self.purses.get(paid.of)
        if purse is not None:
            purse.tokens.give_back(paid.cost)
            self.note(paid.of, purse, "given back", paid.cost)

    def expire(self, of: TableOf, purse: Purse) -> None:
        """Let go of what was drawn too long ago."""
        before = purse.tokens.expired
        purse.tokens.expire(self.env.now)
        if purse.tokens.expired > before:
            self.note(of, purse, "expired", purse.tokens.expired - before)

    def refuse(
        self, of: TableOf, purse: Purse, number: int, index: int, cost: int, after_us: Microseconds
    ) -> None:
        """Throttle a part; `after_us` is 0 if the service has said nothing."""
        waited_us = self.env.now - (purse.until - self.settings.draw_us)
        self.env.note(TokensRefused(of, cost, purse.tokens.held, after_us, waited_us))
        self.spenders.lacks_tokens(number, index, f"Table{of.direction}{PROVISIONED}", after_us)

    # --- Drawing ---

    def draw(self, of: TableOf, purse: Purse) -> None:
        """Ask for what is missing, and as much again."""
        tokens = purse.tokens
        self.draws += 1
        wanted = sum(cost for _, _, cost in purse.waits)
        asked = max(0, asked_for(tokens.held, wanted)) if wanted else 0
        held, returned = max(0, tokens.held), tokens.returned()
        purse.draw = Draw(
            of, purse.version, purse.fill, self.env.boot, self.draws, purse.life, held, returned, asked
        )
        self.note(of, purse, "carried back", returned)
        self.send(of, purse)

    def send(self, of: TableOf, purse: Purse) -> None:
        """Send a draw, and again for a while."""
        purse.until = self.env.now + self.settings.draw_us
        self.send_again(of, purse)

    def send_again(self, of: TableOf, purse: Purse) -> None:
        """Send a draw once."""
        assert self.service is not None, "nothing is drawn without a service"
        assert purse.draw is not None, "only a draw is sent"
        self.env.enter(ONLY_LANE)
        self.env.send(self.service, purse.draw)
        self.env.set_timer(self.settings.caller.attempt_us, DrawTimer(of))

    def on_drawn(self, sender: NodeId, m: Drawn) -> None:
        """Take what is granted, once; forward the parts that it admits, and throttle the others."""
        purse = self.purses.get(m.of)
        if sender.address != self.service or purse is None or purse.draw is None:
            return
        if (m.boot, m.number) != (purse.draw.boot, purse.draw.number):
            return
        purse.draw, purse.life = None, m.life
        purse.tokens.credit(m.grant, self.env.now)
        self.note(m.of, purse, "credited", m.grant)
        self.env.cancel_timer(DrawTimer(m.of))
        self.env.set_timer(self.settings.hold_us, HoldTimer(m.of))
        self.serve(m.of, purse, m.after_us)

    def serve(self, of: TableOf, purse: Purse, after_us: Microseconds) -> None:
        """Forward the parts that waited, in order, or throttle them; draw again for those that came later."""
        while purse.waits:
            number, index, cost = purse.waits[0]
            if purse.tokens.held < cost and not after_us:
                break
            del purse.waits[0]
            if not self.take(of, purse, number, index, cost):
                self.refuse(of, purse, number, index, cost, after_us)
        if purse.waits:
            self.draw(of, purse)

    # --- Timers ---

    def on_draw_timer(self, timer: DrawTimer) -> None:
        """Ask again; or throttle the parts that wait."""
        purse = self.purses.get(timer.of)
        if purse is None or purse.draw is None:
            return
        if self.env.now < purse.until:
            self.send_again(timer.of, purse)
            return
        waits, purse.waits = purse.waits, []
        for number, index, cost in waits:
            self.refuse(timer.of, purse, number, index, cost, 0)

    def on_hold_timer(self, timer: HoldTimer) -> None:
        """Carry back what has expired."""
        purse = self.purses.get(timer.of)
        if purse is None:
            return
        self.expire(timer.of, purse)
        if purse.draw is None and purse.tokens.expired:
            self.draw(timer.of, purse)

    def note(self, of: TableOf, purse: Purse, what: str, amount: int) -> None:
        """Say what becomes of tokens."""
        if amount:
            self.env.note(TokensMoved(of, what, amount, purse.tokens.held))

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """The queues that grow with what users ask: name, length and bound of each."""
        parts = self.settings.requests * MAX_GETS
        waiting = sum(len(one.waits) for one in self.purses.values())
        return (
            ("purses", len(self.purses), 2 * self.settings.tables + parts),
            ("parts that wait for tokens", waiting, parts),
        )

    TIMERS: ClassVar[Mapping[type[Timer], Callable[..., None]]] = {
        DrawTimer: on_draw_timer,
        HoldTimer: on_hold_timer,
    }
