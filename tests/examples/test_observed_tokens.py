"""What routers take of a table's tokens, as it is judged: only what is not given back counts, and what is
under way may be spent again.
"""

from types import SimpleNamespace
from typing import Any, cast

from dynaproof.impl.capacity.rates import Fill
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.notes import TokensSettled, TokensSpent
from dynaproof.impl.tokens.messages import Life, TableOf
from dynaproof.specs.observe.impl.tokens import Bucket, TokenObserver, above_its_rate, may_be_above
from dynaproof.specs.views.capacity_facts import MICRO

READS = TableOf("books", 1, "Read")
UNIT = MICRO
ROUTER = NodeId("eu", "a", "router")
SECOND_US = 1_000_000
FILL = Fill(UNIT, 2 * UNIT)
ROUTERS, MOST = 1, UNIT
BOUND = (2 + ROUTERS + 1) * UNIT * MICRO
"""A burst of two seconds, what the router may hold, and a debt."""


class Judged:
    """A bucket that fills by a unit a second, and what one router takes of it."""

    def __init__(self) -> None:
        self.tokens = TokenObserver(cast(Any, SimpleNamespace()), lambda _: None, {})
        self.bucket = self.tokens.buckets[READS] = Bucket()
        self.bucket.begin(Life(1, 1), FILL, 0)
        self.bucket.rates.append((0, FILL))
        self.at_us = 0
        self.requests = 0

    def place(self) -> Any:
        """The router's, now."""
        return SimpleNamespace(name="router", world=SimpleNamespace(tau=self.at_us))

    def spend(self, units: int = 1) -> RequestId:
        """A request is forwarded."""
        self.requests += 1
        request = RequestId(ROUTER, 1, self.requests)
        self.tokens.spent(self.place(), TokensSpent(request, READS, units * UNIT))
        return request

    def give_back(self, request: RequestId, units: int = 1) -> None:
        """It had no effect."""
        self.tokens.settled(self.place(), TokensSettled(request, -units * UNIT))

    def above(self) -> int:
        """By how much what was taken is above the rate, in some window."""
        return above_its_rate(self.bucket, 0)

    def bound(self) -> int:
        """And by how much it may be."""
        return may_be_above(self.bucket, ROUTERS, MOST)


def test_what_is_taken_within_the_rate_is_not_above_it_and_more_is() -> None:
    judged = Judged()
    for second in range(20):
        judged.at_us = second * SECOND_US
        judged.spend()
    assert judged.above() <= UNIT * MICRO
    assert judged.bound() == BOUND
    for _ in range(8):
        judged.spend()
    assert judged.above() > judged.bound()


def test_what_is_given_back_and_taken_again_counts_once() -> None:
    judged = Judged()
    for attempt in range(50):
        judged.at_us = attempt * 1_000
        judged.give_back(judged.spend())
    judged.spend()
    assert judged.above() == UNIT * MICRO
    assert judged.bound() == BOUND + UNIT * MICRO


def test_what_was_under_way_before_a_window_may_be_spent_in_it() -> None:
    judged = Judged()
    requests = [judged.spend() for _ in range(5)]
    judged.at_us = 9 * SECOND_US
    for request in requests:
        judged.give_back(request)
    assert judged.bound() == BOUND + 5 * UNIT * MICRO
    for _ in range(9):
        judged.spend()
    assert judged.above() <= judged.bound()
    judged.spend()
    assert judged.above() > judged.bound()
