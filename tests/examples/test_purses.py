"""The purses of a router: who waits for tokens waits in order, and not for ever, and few purses are kept
(docs/capacity.md, global admission).
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Delete, Get, Put, Scan
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.asked import Paid
from dynaproof.impl.router.estimates import least_cost
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.router.tokens import Purses
from dynaproof.impl.tokens.messages import Draw, Drawn, Life
from dynaproof.impl.tokens.settings import TokenSettings
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from tests.laws.arbitrary import Alone

ME, SERVICE = NodeId("region", "a", "router-a"), NodeId("region", "c", "tokens-c")
GIVEN = Provisioned(MICRO, MICRO, 5_000_000, None, None, "global")
TABLE = ProvisionedTable(
    "table",
    1,
    "active",
    KeySchema(KeyAttribute("id", "S")),
    3,
    (1,),
    RequestId(ME, 1, 1),
    0,
    version=1,
    given=GIVEN,
)
KILOBYTE = 1_024


class Spending:
    """A router's purses; what becomes of the parts that need tokens."""

    def __init__(self, **settings: Any) -> None:
        self.env = Alone(ME)
        self.purses = Purses(self.env, RouterSettings(**settings), SERVICE, self)
        self.forwarded: list[int] = []
        self.throttled: list[int] = []

    def has_tokens(self, number: int, _index: int, _paid: Paid) -> None:
        self.forwarded.append(number)

    def lacks_tokens(self, number: int, _index: int, _reason: str, _after_us: Microseconds) -> None:
        self.throttled.append(number)

    def put(self, number: int, units: int = 1, table: str = "table") -> None:
        """A write that costs so much needs tokens."""
        item = encode_item({"id": S("k"), "text": S("x" * (units * KILOBYTE - 100))})
        assert not self.purses.spend(structs.replace(TABLE, name=table), number, 0, Put(b"k", item))

    def draws(self, table: str = "table") -> list[Draw]:
        """What the service was asked for."""
        return [m for _, _, m in self.env.sent if isinstance(m, Draw) and m.of.table == table]

    def grant(self, units: int, table: str = "table", sender: NodeId = SERVICE) -> None:
        """The service answers the last draw, or another node does."""
        draw = self.draws(table)[-1]
        self.purses.on_drawn(sender, Drawn(draw.of, draw.boot, draw.number, Life(1, 1), units * MICRO))


def test_who_needs_little_does_not_overtake_who_waits_for_more() -> None:
    one = Spending()
    one.put(1)
    one.grant(2)
    one.put(2, units=5)
    one.put(3)
    assert one.forwarded == [1], "there is one token, and the second one is first"
    one.grant(9)
    assert one.forwarded == [1, 2, 3]


def test_a_write_that_costs_more_than_may_be_held_goes_with_as_much_as_may() -> None:
    one = Spending(tokens=TokenSettings(most=4 * MICRO))
    one.put(1, units=9)
    one.grant(4)
    assert one.forwarded == [1]


def test_as_many_purses_are_kept_as_known_tables_have_and_those_that_somebody_waits_for() -> None:
    one = Spending(tables=2)
    one.put(0, table="waiting")
    for number in range(1, 10):
        one.put(number, table=f"table{number}")
        one.grant(1, f"table{number}")
        assert len(one.purses.purses) <= 4
    one.grant(1, "waiting")
    assert one.forwarded == [*range(1, 10), 0], "what waits is not forgotten"
    assert not one.throttled


def test_only_the_service_grants_tokens() -> None:
    one = Spending()
    one.put(1)
    one.grant(9, sender=ME)
    assert not one.forwarded
    one.grant(2)
    assert one.forwarded == [1]


def test_what_is_taken_before_a_request_is_forwarded_is_the_least_that_it_can_cost() -> None:
    """More than that would never be given back."""
    item = encode_item({"id": S("k"), "text": S("x" * (3 * KILOBYTE - 100))})
    assert least_cost(Put(b"k", item)) == 3 * MICRO
    assert least_cost(Delete(b"k")) == MICRO
    for read in (Get(b"k", True), Scan(b"", None, 10, 1 << 20, True)):
        assert least_cost(read) == MICRO
        assert least_cost(structs.replace(read, strong=False)) == MICRO // 2


def test_what_is_owed_is_paid_out_of_later_draws_and_no_draw_says_that_less_than_nothing_is_held() -> None:
    """The service answers no such draw."""
    one = Spending()
    one.put(1)
    one.grant(2)
    one.purses.settle(Paid(one.draws()[-1].of, MICRO), 6 * MICRO)
    one.put(2)
    assert (one.draws()[-1].held, one.draws()[-1].asked) == (0, 6 * MICRO)
    one.grant(6)
    assert one.forwarded == [1, 2]
