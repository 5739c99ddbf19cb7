"""The algebra of ranges, against plain intervals of integers."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dynaproof.checkers.generators import key_ranges, positions
from dynaproof.impl.values.key_range import (
    InvalidRange,
    KeyRange,
    are_disjoint,
    equal_part,
    equal_parts,
    gaps,
    is_partition,
    whole,
)

SPACE = 2**128


def interval(key_range: KeyRange) -> tuple[int, int]:
    end = SPACE if key_range.end is None else int.from_bytes(key_range.end, "big")
    return int.from_bytes(key_range.start, "big"), end


def number(at: bytes) -> int:
    return int.from_bytes(at, "big")


@given(key_ranges(), positions, st.binary(max_size=3))
def test_a_range_contains_the_keys_whose_position_lies_in_it(key_range, at, rest):
    start, end = interval(key_range)
    assert key_range.contains(at) == key_range.contains(at + rest) == (start <= number(at) < end)


@given(key_ranges(), key_ranges())
def test_covering_and_overlapping_are_those_of_intervals(a, b):
    (a_start, a_end), (b_start, b_end) = interval(a), interval(b)
    assert a.covers(b) == (a_start <= b_start and b_end <= a_end)
    assert a.overlaps(b) == b.overlaps(a) == (max(a_start, b_start) < min(a_end, b_end))


@given(key_ranges(), positions)
def test_a_split_gives_two_ranges_that_make_up_the_whole(key_range, at):
    assume(key_range.contains(at) and at != key_range.start)
    left, right = key_range.split(at)
    assert is_partition((left, right), of=key_range)
    assert not left.contains(at)
    assert right.contains(at)


@given(key_ranges(), positions)
def test_a_split_outside_or_at_the_start_is_refused(key_range, at):
    assume(not key_range.contains(at) or at == key_range.start)
    with pytest.raises(InvalidRange, match="split at a position inside"):
        key_range.split(at)


@given(key_ranges())
def test_a_split_in_the_middle_gives_halves_that_differ_by_at_most_one(key_range):
    assume(key_range.positions > 1)
    left, right = key_range.split(key_range.midpoint())
    assert 0 <= right.positions - left.positions <= 1


@given(st.lists(positions, max_size=6))
def test_splits_in_any_order_keep_a_partition_of_the_space(cuts):
    ranges = [whole()]
    for cut in cuts:
        owner = next(each for each in ranges if each.contains(cut))
        if owner.start != cut:
            ranges.remove(owner)
            ranges.extend(owner.split(cut))
    assert is_partition(ranges, of=whole())
    assert sum(each.positions for each in ranges) == SPACE


@given(st.lists(key_ranges(), max_size=5))
def test_disjoint_means_that_no_two_overlap(ranges):
    pairs = [(a, b) for i, a in enumerate(ranges) for b in ranges[:i]]
    assert are_disjoint(ranges) == (not any(a.overlaps(b) for a, b in pairs))


@given(st.lists(key_ranges(), max_size=5), key_ranges())
def test_gaps_are_what_is_left_of_a_range(ranges, within):
    left_out = gaps(ranges, within)
    edges = {number(within.start), *(edge for each in (*ranges, *left_out) for edge in interval(each))}
    start, end = interval(within)
    for edge in sorted(edges):  # Membership changes at edges only.
        if start <= edge < end:
            in_some = any(low <= edge < high for low, high in map(interval, ranges))
            in_gap = any(low <= edge < high for low, high in map(interval, left_out))
            assert in_gap == (not in_some)
    assert are_disjoint(left_out)
    assert all(within.covers(gap) for gap in left_out)
    assert list(left_out) == sorted(left_out, key=lambda gap: gap.start)
    # As few as possible: between two gaps lies something.
    assert all(a.end != b.start for a, b in pairwise(left_out))


@given(st.lists(key_ranges(), max_size=4), key_ranges())
def test_a_partition_is_disjoint_without_gaps_and_nothing_sticks_out(ranges, of):
    exact = sum(each.positions for each in ranges) == of.positions
    assert is_partition(ranges, of) == (
        exact and are_disjoint(ranges) and all(of.covers(each) for each in ranges)
    )


@given(st.integers(1, 300))
def test_equal_parts_are_a_partition_and_differ_by_at_most_one(count):
    parts = equal_parts(count)
    sizes = {part.positions for part in parts}
    assert len(parts) == count
    assert is_partition(parts, of=whole())
    assert max(sizes) - min(sizes) <= 1
    assert parts == tuple(equal_part(count, number) for number in range(count))
