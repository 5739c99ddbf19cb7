"""What a table is given is divided among its partitions, and kept as a row of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.bucket import BURST_US, burst
from dynaproof.impl.capacity.controller import MOST, ONE
from dynaproof.impl.capacity.rates import (
    LEAST_RATE,
    LEAST_US,
    MOST_KEPT,
    MOST_RATE,
    Fill,
    Provisioned,
    Rates,
    Usage,
    Version,
    change,
    is_sound,
    part_of,
    rates_of,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.costs import size_of_item
from dynaproof.impl.partition.messages.requests import SetRates
from dynaproof.impl.partition.metered import Metered
from dynaproof.impl.partition.records import RatesSet
from dynaproof.impl.partition.requests import sound
from dynaproof.impl.paxos.ids import NO_BALLOT, RequestId
from dynaproof.impl.paxos.log import Accepted, encode
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item

RATE = st.integers(LEAST_RATE, MOST_RATE)
GIVEN = st.builds(
    Provisioned, RATE, RATE, st.integers(LEAST_US, BURST_US), st.none() | RATE, st.none() | RATE
)
WRITES = st.lists(st.tuples(st.integers(1, 400 * MICRO), st.integers(0, 10**9)), max_size=20)
CLIENT = NodeId("region", "a", "router-a")


@given(GIVEN, st.integers(1, 500))
def test_shares_add_up_to_what_the_table_is_given_and_can_be_set(table: Provisioned, count: int) -> None:
    assert is_sound(table)
    rates = [rates_of(table, Version(1), count, index) for index in range(count)]
    assert sum(one.read.rate for one in rates) == table.read
    assert sum(one.write.rate for one in rates) == table.write
    assert all(sound(SetRates(one)) for one in rates)


@given(RATE)
def test_a_partition_keeps_the_burst_of_the_service(rate: int) -> None:
    rates = rates_of(Provisioned(rate, rate), Version(1), 1, 0)
    assert rates.write.capacity == burst(rate)


@given(GIVEN, WRITES, GIVEN)
def test_buckets_come_back_from_their_row_as_they_were(
    table: Provisioned, writes: list[tuple[int, int]], other: Provisioned
) -> None:
    metered = Metered.begin(rates_of(table, Version(1), 3, 0), 0)
    timestamp = 0
    for cost, later in writes:
        timestamp += later
        metered.fold(cost, timestamp)
    metered.change(rates_of(other, Version(2), 3, 0), timestamp + 1, 7)
    again = Metered.restore(metered.row())
    assert again.writes == metered.writes
    assert (again.rates, again.ids_before, again.row()) == (metered.rates, 7, metered.row())


@given(GIVEN, WRITES, st.integers(1, 500), st.integers(0, 10**9))
def test_two_children_have_what_their_parent_has_and_no_more(
    table: Provisioned, writes: list[tuple[int, int]], count: int, later: int
) -> None:
    parent = Metered.begin(rates_of(table, Version(1), count, 0), 0)
    timestamp = 0
    for cost, pause in writes:
        timestamp += pause
        parent.fold(cost, timestamp)
    timestamp += later
    left, right = (Metered.restore(parent.row()).child(index, timestamp, 7) for index in range(2))
    parent.writes.own.refill(timestamp)
    whole, both = parent.writes.own, (left.writes.own, right.writes.own)
    # Less than a grain a child is lost, and what does not fit where one of them keeps a micro-unit less.
    assert 0 <= whole.level - sum(own.level for own in both) <= 1 + MICRO
    assert {own.at_us for own in both} == {whole.at_us}
    assert max(whole.rate, 2) == sum(own.rate for own in both)
    assert whole.capacity == sum(own.capacity for own in both)
    for child in left, right:
        assert sound(SetRates(child.rates))
        assert (child.rates.version, child.ids_before) == (Version(1), 7)
        assert (child.rates.read_cap, child.rates.write_cap) == (
            parent.rates.read_cap,
            parent.rates.write_cap,
        )


@given(GIVEN)
def test_a_change_of_rates_is_journalled_whole(table: Provisioned) -> None:
    record = RatesSet(1, NO_BALLOT, 0, 5, RequestId(CLIENT, 1, 1), 9, rates_of(table, Version(1), 1, 0))
    frame = Accepted(NO_BALLOT, 1, (record,), 0)
    assert decode(encode(frame)) == frame


@given(st.binary(max_size=40))
def test_whatever_bytes_are_there_have_a_size(data: bytes) -> None:
    assert size_of_item(data) >= 0


def test_an_item_has_the_documented_size() -> None:
    assert size_of_item(encode_item({"id": S("abc")})) == 5
    assert size_of_item(None) == 0


USAGE = st.builds(Usage, *[st.integers(0, 10**12)] * 4)


@given(USAGE, USAGE)
def test_usage_since_a_report_adds_up_and_a_restart_counts_from_nothing(before: Usage, more: Usage) -> None:
    after = Usage()
    after.add(before)
    after.add(more)
    assert after.since(before) == more
    assert Usage(0, 0, 0, 0).since(Usage(1, 0, 0, 0)) == Usage()


@given(GIVEN, st.integers(1, 500), st.integers(ONE, MOST))
def test_a_boost_raises_the_fill_and_not_what_is_kept(
    table: Provisioned, count: int, multiplier: int
) -> None:
    plain = rates_of(table, Version(1), count, 0)
    boosted = rates_of(table, Version(1, 1, 1), count, 0, write_multiplier=multiplier)
    assert sound(SetRates(boosted))
    assert plain.version < boosted.version < Version(1, 2, 0) < Version(2)
    assert boosted.write.kept == plain.write.kept
    assert plain.write.rate <= boosted.write.rate <= plain.write.rate * MOST // ONE
    assert boosted.read == plain.read


@pytest.mark.parametrize("field", ["read", "read_refused", "write", "write_refused"])
def test_no_use_is_below_0_whatever_was_counted_before_a_restart(field: str) -> None:
    """What is less in one count alone was counted anew: what a table refused raises its multiplier."""
    after = Usage(1, 2, 3, 4)
    assert after.since(structs.replace(after, **{field: 9})) == after
    assert after.since(Usage()) == after


TINY = Fill(1, 0)


def test_a_child_fills_however_often_its_line_was_split_before_it_hears_its_own_rates() -> None:
    """With nothing at all it would admit nothing for ever, and say when to come again by a rate of 0."""
    rates = Rates(Version(1), TINY, Fill(3, 3), Fill(5, 5), Fill(7, 7))
    for _ in range(4):
        for index in range(2):
            child = part_of(rates, index)
            assert child.is_sound()
            assert sound(SetRates(child))
            assert min(child.read.rate, child.write.rate) >= 1
        rates = part_of(rates, 1)


FULL = rates_of(Provisioned(10 * MICRO, 10 * MICRO, write_cap=20 * MICRO), Version(1), 1, 0)


def test_what_is_left_of_a_cap_is_divided_among_children_too() -> None:
    """Each has a whole cap, but no split mints what fills that."""
    parent = Metered.begin(FULL, 0)
    parent.fold(15 * MICRO, 0)
    children = [parent.child(index, 0, 0) for index in range(2)]
    levels = [one.writes.cap.level for one in children if one.writes.cap is not None]
    assert levels == [5 * MICRO * MICRO // 2] * 2
    caps = [one.writes.cap for one in children]
    assert {None if cap is None else (cap.rate, cap.capacity) for cap in caps} == {
        (20 * MICRO, 20 * MICRO * MICRO)
    }


def test_a_change_of_rates_fills_no_cap() -> None:
    writes = FULL.full("Write", 0)
    assert writes.admit(20 * MICRO, 0, 0) is None
    raised = structs.replace(FULL, version=Version(2), write=Fill(30 * MICRO, 0))
    lifted = structs.replace(FULL, version=Version(3), write_cap=None)
    levels = []
    for rates in (raised, lifted, FULL):  # One that was not there begins full.
        change(writes, rates, 0)
        levels.append(None if writes.cap is None else writes.cap.level)
    assert levels == [0, None, 20 * MICRO * MICRO]


@pytest.mark.parametrize("field", ["read", "write", "read_cap", "write_cap"])
def test_a_table_is_given_no_rate_beyond_the_bounds(field: str) -> None:
    given = Provisioned(MICRO, MICRO)
    for rate in (LEAST_RATE, MOST_RATE):
        assert is_sound(structs.replace(given, **{field: rate}))
    for rate in (-1, 0, LEAST_RATE - 1, MOST_RATE + 1):
        assert not is_sound(structs.replace(given, **{field: rate}))


def test_a_bucket_keeps_no_less_and_no_more_than_the_service_has() -> None:
    given = Provisioned(MICRO, MICRO)
    for burst_us, expected in (
        (LEAST_US - 1, False),
        (LEAST_US, True),
        (BURST_US, True),
        (BURST_US + 1, False),
    ):
        assert is_sound(structs.replace(given, burst_us=burst_us)) == expected


UNSOUND = (
    Fill(0, 1),
    Fill(-1, 1),
    Fill(1, -1),
    Fill(MOST_RATE * (MOST // ONE) + 1, 1),
    Fill(1, MOST_KEPT + 1),
)


@pytest.mark.parametrize("field", ["read", "write", "read_cap", "write_cap"])
def test_rates_at_which_no_bucket_can_fill_are_not_set(field: str) -> None:
    """At a rate of 0 nobody can be told when to come again."""
    assert sound(SetRates(FULL))
    assert not sound(SetRates(structs.replace(FULL, version=Version(0))))
    for fill in UNSOUND:
        assert not sound(SetRates(structs.replace(FULL, **{field: fill})))
