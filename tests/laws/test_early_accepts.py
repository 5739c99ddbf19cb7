"""Accepts behind a gap are kept within bounds in slots and bytes, by what is kept and nothing else."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.early import EarlyAccepts
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.leadership import Accept
from dynaproof.impl.paxos.records import NoOp, size_bytes

BALLOT = Ballot(1, "sa", 1)
LEADER = Member(NodeId("region", "a", "sa"), 1)
BYTES = size_bytes(NoOp(1, BALLOT, 0, 1))
MOST = 6
"""Slots, and as many times what one takes."""


def accept(first: int, count: int) -> Accept:
    records = tuple(NoOp(slot, BALLOT, 0, slot) for slot in range(first, first + count))
    return Accept(LEADER, 1, BALLOT, 0, first, records, 0, 0)


@example([(3, 1), (3, 4), (3, 2), 2])
@example([(2, 4), 1, (5, 4), 4, (8, 4), 7])
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 4)) | st.integers(0, 12)))
def test_what_is_kept_and_taken_is_as_a_plain_dict_has_it(steps: list[tuple[int, int] | int]) -> None:
    """A pair comes, and is kept where there is room, in the place of a shorter one; a number is the last slot
    held, up to which a gap is filled.
    """
    early, plain = EarlyAccepts(BALLOT), dict[int, int]()
    for step in steps:
        if isinstance(step, int):
            lowest = min(plain, default=99)
            taken = early.take(step)
            assert (taken is not None) == (lowest <= step + 1)
            if taken is not None:
                assert taken == accept(lowest, plain.pop(lowest))
        else:
            first, count = step
            early.keep(accept(first, count), MOST, MOST * BYTES)
            kept = {**plain, first: max(count, plain.get(first, 0))}
            plain = kept if sum(kept.values()) <= MOST else plain
        assert (early.slots, early.size) == (sum(plain.values()), sum(plain.values()) * BYTES)
        assert early.lowest == min(plain, default=0)


def test_bytes_bound_what_is_kept_too() -> None:
    early = EarlyAccepts(BALLOT)
    for first in (3, 5, 7):
        early.keep(accept(first, 1), 99, 2 * BYTES)
    assert (early.slots, early.size, early.lowest) == (2, 2 * BYTES, 3)
