"""What a leader charges for reads that others answered, and what a page of reads costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.capacity.admission import node_buckets
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import MOST_RATE, Fill, Rates, Version
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.costs import cost_of_read
from dynaproof.impl.partition.messages.requests import GetMany, Page
from dynaproof.impl.partition.meter import Meter
from dynaproof.impl.partition.metered import Metered
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId

ME, FOLLOWER, OTHER = (Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc")
FILL = Fill(10 * MICRO, 50 * MICRO)
RATES = Rates(Version(1), FILL, FILL, None, None)


def led() -> tuple[Meter, Any]:
    """The meter of a leader that has heard of no level, and its replica; no time passes."""
    replica = SimpleNamespace(
        env=SimpleNamespace(now=0, note=lambda _: None),
        state=SimpleNamespace(metered=Metered.begin(RATES, 0)),
        serving=True,
        leading=Ballot(1, "sa", 1),
        member=ME,
    )
    return Meter(cast(Any, replica), Settings(), node_buckets(MOST_RATE, MOST_RATE, 0)), replica


def left(meter: Meter) -> int:
    """What may still be read, in units."""
    level = meter.level()
    assert level is not None
    return level // MICRO


def test_a_leader_charges_what_followers_have_taken_since_they_last_said_so() -> None:
    meter, replica = led()
    assert left(meter) == 10, "one second's fill"
    meter.hears_used(FOLLOWER, 7 * MICRO)
    assert left(meter) == 10, "an earlier leader knows what was taken before"
    meter.hears_used(FOLLOWER, 9 * MICRO)
    meter.hears_used(FOLLOWER, 9 * MICRO)
    assert left(meter) == 8
    meter.hears_used(OTHER, 90 * MICRO)
    meter.hears_used(OTHER, 91 * MICRO)
    assert left(meter) == 7
    replica.leading = Ballot(3, "sa", 1)
    meter.hears_used(FOLLOWER, 12 * MICRO)
    assert left(meter) == 7, "another one led meanwhile"
    meter.hears_used(FOLLOWER, 13 * MICRO)
    assert left(meter) == 6


def test_a_follower_that_counts_from_0_again_gives_no_capacity_back() -> None:
    meter, _ = led()
    for used in (80, 3, 4):
        meter.hears_used(FOLLOWER, used * MICRO)
    assert left(meter) == 6


KEYS = (b"a", b"b", b"c", b"d")
ITEM = StoredItem(b"x" * 5_000, 1, 1)
"""Two pieces of 4 KB."""


@pytest.mark.parametrize(
    ("there", "through", "pieces"),
    [
        ((), None, 4),  # An absent item costs as much as a small one.
        ((b"a", b"d"), None, 2 + 1 + 1 + 2),
        ((b"a",), b"c", 2 + 1),  # What comes behind the page is not looked at,
        ((b"a",), b"b", 2),
        ((), b"b", 1),
    ],
)
def test_several_items_are_charged_as_far_as_they_were_looked_at(
    there: tuple[bytes, ...], through: bytes | None, pieces: int
) -> None:
    page = Page(RequestId(ME.node, 1, 1), 1, 5, tuple((key, ITEM) for key in there), through)
    assert cost_of_read(GetMany(KEYS, True), page) == pieces * MICRO
    assert cost_of_read(GetMany(KEYS, False), page) == pieces * MICRO // 2
