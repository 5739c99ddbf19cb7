"""Tokens of tables under global admission, seen through a `RegionView`: the service's buckets and the
routers' purses by exact folds of what both say, and what was taken for each request.

The buckets and purses here are written a second time, on purpose: they do not share a bug with the system's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import ClassVar

from dynaproof.impl.capacity.rates import Fill
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Page, Reply
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.notes import Ended, TokensMoved, TokensRefused, TokensSettled, TokensSpent
from dynaproof.impl.router.router import Router
from dynaproof.impl.tokens.messages import Draw, Drawn, Granted, Life, TableOf
from dynaproof.impl.tokens.service import TokenService
from dynaproof.specs import sometimes_of_capacity
from dynaproof.specs.observe.impl.buckets import Reference
from dynaproof.specs.observe.impl.place import Place, given
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.capacity_facts import MICRO
from dynaproof.specs.views.region import Overfull, RegionView
from dynaproof.specs.views.token_facts import (
    RequestPaid,
    TokensGranted,
    TokensHeld,
    TokensShort,
    WritePaid,
)

SECOND_US = 1_000_000


class Bucket:
    """The service's bucket of a table, over all lives of the service."""

    __slots__ = ("back", "life", "lives", "rates", "reference", "seen", "spent", "version")

    def __init__(self) -> None:
        self.life: Life | None = None
        self.lives = 0
        self.version = 0
        self.reference = Reference(Fill(1, 0), 0)
        self.seen: dict[tuple[NodeId, int, int], bool] = {}
        """Draws that this life has granted: the router, its boot and the number."""
        self.rates: list[tuple[Microseconds, Fill]] = []
        """Its fills, each with the global time from which on it applied,"""
        self.spent: dict[RequestId, tuple[Microseconds, int]] = {}
        """what routers have taken of it for requests, each with the global time,"""
        self.back: list[tuple[Microseconds, Microseconds, int]] = []
        """and what they have given back: from when to when it was taken, and how much."""

    def give_back(self, request: RequestId, at_us: Microseconds) -> None:
        """What was taken for a request, if it was of this bucket, is a router's again."""
        taken = self.spent.pop(request, None)
        if taken is not None:
            self.back.append((taken[0], at_us, taken[1]))

    def begin(self, life: Life, fill: Fill, at_us: int) -> None:
        """A life begins with one second's fill."""
        self.life, self.lives, self.version, self.seen = life, self.lives + 1, 0, {}
        self.reference = Reference(fill, at_us)
        self.reference.level = min(self.reference.capacity, fill.rate * SECOND_US)


class Purse:
    """A router's tokens of a bucket, in one life of the router."""

    __slots__ = ("expired", "held", "node")

    def __init__(self, node: object) -> None:
        self.node = node
        self.held = self.expired = 0

    def hold(self, amount: int, most: int) -> None:
        """Hold more, up to a bound."""
        there = self.held + amount
        self.held = min(there, most)
        self.expired += there - self.held


class TokenObserver:
    """Files facts about tokens; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        RequestPaid,
        TokensGranted,
        TokensHeld,
        TokensShort,
        WritePaid,
    )
    """The types of all facts that are filed."""

    def __init__(
        self,
        view: RegionView,
        reach: Callable[[Sometimes], None],
        given: Mapping[tuple[str, int], Mapping[int, ProvisionedTable]],
    ) -> None:
        self.view = view
        self.reach = reach
        self.given = given
        """By table and generation, and by version: what the table was given."""
        self.buckets: dict[TableOf, Bucket] = {}
        self.purses: dict[tuple[str, TableOf], Purse] = {}
        self.grants: dict[tuple[NodeId, int, int], list[int]] = {}
        """By draw: what each life of the service has granted to it and is not yet credited."""
        self.paid: dict[RequestId, int] = {}
        """What was taken for each request, settled once its cost is known."""
        self.charged: dict[RequestId, bool] = {}
        """Writes that are chosen."""
        self.open: dict[tuple[str, TableOf], int] = {}
        """What was taken in the running handler and is not spent yet."""
        self.ended: list[RequestId] = []
        """Calls that have ended in that handler."""
        self.has_granted = False
        """Whether the service has granted something in that handler."""

    # --- Partitions ---

    def chose(self, table: ProvisionedTable, request: RequestId) -> None:
        """A write is chosen in a table."""
        if table.given.adapts == "global":
            self.charged[request] = True
            self.view.file(WritePaid(table.name, request, self.paid.get(request)))

    # --- The service ---

    def granted(self, place: Place, note: Granted) -> None:
        """The service has granted something, perhaps nothing."""
        draw, answer, tau = note.draw, note.answer, place.world.tau
        bucket = self.buckets.setdefault(draw.of, Bucket())
        if bucket.life != answer.life:
            if bucket.lives:
                self.reach(sometimes_of_capacity.TOKENS_BEGAN_AGAIN)
            bucket.begin(answer.life, draw.fill, note.at_us)
        if draw.version > bucket.version:
            bucket.version = draw.version
            bucket.reference.change(draw.fill, note.at_us)
            bucket.rates.append((tau, draw.fill))
        key, reference = (note.router, draw.boot, draw.number), bucket.reference
        again = key in bucket.seen
        reference.to(note.at_us)
        if draw.life == answer.life and not again:
            reference.level = min(reference.capacity, reference.level + draw.returned * MICRO)
            if draw.returned:
                self.reach(sometimes_of_capacity.TOKENS_RETURNED)
        bucket.seen[key] = self.has_granted = True
        service = place.node
        assert isinstance(service, TokenService)
        self.view.file(
            TokensGranted(
                shown(draw.of),
                note.router.name,
                draw.held,
                draw.asked,
                answer.grant,
                service.settings.most,
                note.level,
                reference.level,
                reference.capacity,
                draw.fill in self.fills(draw.of, draw.version),
                again,
            )
        )
        reference.level -= answer.grant * MICRO
        self.grants.setdefault(key, []).append(answer.grant)

    def fills(self, of: TableOf, version: int) -> list[Fill]:
        """How a table's bucket may fill by a version of what the table is given."""
        found = self.given.get((of.table, of.generation), {}).get(version)
        if found is None:
            return []
        rate = found.given.read if of.direction == "Read" else found.given.write
        return [Fill(rate, rate * found.given.burst_us // SECOND_US)]

    def service_handled(self, place: Place) -> None:
        """A handler of the service has run."""
        service = place.node
        assert isinstance(service, TokenService)
        if isinstance(given(place), Draw) and not self.has_granted:
            self.reach(sometimes_of_capacity.LATE_DRAW)
        self.has_granted = False
        for what, length, bound in service.queues():
            if length > bound:
                self.view.file(Overfull(place.name, what, length, bound))

    # --- Routers ---

    def moved(self, place: Place, note: TokensMoved) -> None:
        """Something became of a router's tokens."""
        router = place.node
        assert isinstance(router, Router)
        key, most, wrong = (place.name, note.of), router.settings.tokens.most, ""
        purse = self.purses.get(key)
        if purse is None or purse.node is not router:
            purse = self.purses[key] = Purse(router)
        if note.what == "credited":
            wrong = self.credited(place, note.amount)
            purse.hold(note.amount, most)
        elif note.what == "given back":
            purse.hold(note.amount, most)
        elif note.what == "carried back":
            purse.expired -= note.amount
            wrong = "more is carried back than has expired" if purse.expired < 0 else ""
        else:
            purse.held -= note.amount
            if note.what == "expired":
                purse.expired += note.amount
            elif note.what == "taken":
                self.open[key] = self.open.get(key, 0) + note.amount
            if note.what != "settled" and purse.held < 0:
                wrong = "it has not so many"
        self.view.file(TokensHeld(place.name, shown(note.of), note.what, note.held, purse.held, most, wrong))

    def credited(self, place: Place, amount: int) -> str:
        """What is wrong with a grant that a router credits by the message that it has just got."""
        told = given(place)
        if not isinstance(told, Drawn):
            return "the service has said nothing"
        grants = self.grants.get((place.id.address, told.boot, told.number), [])
        if amount not in grants:
            return "the service has not granted that, or it was taken before"
        grants.clear()
        return ""

    def spent(self, place: Place, note: TokensSpent) -> None:
        """A request for which something was taken is forwarded."""
        key = (place.name, note.of)
        self.open[key] = self.open.get(key, 0) - note.cost
        self.paid[note.request] = note.cost
        self.buckets.setdefault(note.of, Bucket()).spent[note.request] = place.world.tau, note.cost

    def settled(self, place: Place, note: TokensSettled) -> None:
        """A request has cost more, or nothing because it had no effect."""
        if note.more >= 0:
            self.paid[note.request] += note.more
            return
        del self.paid[note.request]
        for bucket in self.buckets.values():
            bucket.give_back(note.request, place.world.tau)
        if note.request in self.charged:
            self.view.file(WritePaid("a table", note.request, None))

    def refused(self, place: Place, note: TokensRefused) -> None:
        """A router throttles for want of tokens."""
        said = note.after_us > 0
        if said:
            self.reach(sometimes_of_capacity.TOKENS_SHORT)
        else:
            self.reach(sometimes_of_capacity.TOKENS_UNHEARD)
        router = place.node
        assert isinstance(router, Router)
        draw_us = router.settings.draw_us
        self.view.file(
            TokensShort(place.name, shown(note.of), note.cost, note.held, said, note.waited_us, draw_us)
        )

    def call_ended(self, note: Ended) -> None:
        """A call of a router has ended."""
        self.ended.append(note.request)

    def router_handled(self, place: Place) -> None:
        """A handler of a router has run: it has spent what it took, and what was answered is settled."""
        for (name, of), amount in self.open.items():
            if amount:
                held = self.purses[name, of].held if (name, of) in self.purses else 0
                wrong = f"{amount} micro-units were taken for no request"
                self.view.file(TokensHeld(name, shown(of), "spent", held, held, held, wrong))
        self.open.clear()
        answer = given(place)
        for request in self.ended:
            if isinstance(answer, (Reply, Page)) and answer.request == request and request in self.paid:
                self.view.file(RequestPaid(place.name, request, answer.consumed, self.paid[request]))
        self.ended.clear()

    def crashed(self, place: Place) -> None:
        """A router is gone, perhaps with tokens."""
        node = place.node
        if any(purse.node is node and purse.held > 0 for purse in self.purses.values()):
            self.reach(sometimes_of_capacity.ROUTER_DIED_WITH_TOKENS)


def shown(of: TableOf) -> str:
    """A bucket's name."""
    return f"{of.table}'s bucket of {'reads' if of.direction == 'Read' else 'writes'}"


def above_its_rate(bucket: Bucket, drift_ppm: int) -> int:
    """The most by which what routers took in some window exceeds what the bucket fills in it, in grains."""
    above = most = 0
    before, rate = 0, 0
    rates = [(at, fastest(fill.rate, drift_ppm)) for at, fill in bucket.rates]
    events = sorted(
        [(at, 0, new) for at, new in rates] + [(at, 1, cost) for at, cost in bucket.spent.values()]
    )
    for at_us, is_spent, amount in events:
        above, before = max(0, above - rate * (at_us - before)), at_us
        if is_spent:
            above += amount * MICRO
            most = max(most, above)
        else:
            rate = amount
    return most


def fastest(rate: int, drift_ppm: int) -> int:
    """The rate at which a bucket fills by the fastest clock."""
    return rate + rate * drift_ppm // 1_000_000 + 1


def may_be_above(bucket: Bucket, routers: int, most: int) -> int:
    """How much that excess may be: the burst, what all routers hold or have yet to be given back, a debt, and
    each later life's start.
    """
    fills = [fill for _, fill in bucket.rates]
    kept = max((fill.kept * MICRO for fill in fills), default=0)
    second = max((min(fill.rate * SECOND_US, fill.kept * MICRO) for fill in fills), default=0)
    held = (routers + 1) * most + most_under_way(bucket)
    return kept + held * MICRO + max(0, bucket.lives - 1) * (second + most * MICRO)


def most_under_way(bucket: Bucket) -> int:
    """The most that was taken at one time and given back later, in micro-units."""
    steps = [(at, cost) for at, _, cost in bucket.back] + [(until, -cost) for _, until, cost in bucket.back]
    in_order = sorted(steps, key=lambda step: (step[0], -step[1]))
    return max(accumulate((cost for _, cost in in_order), initial=0))
