"""The inner loop of the search for states from which a condition is out of reach, compiled like `engine`.

Each entry of the table of known states can have a mark: the condition holds there, or can still come true. A
pass over the states, the last found first, marks those that have a marked successor; once a pass marks
nothing, the states without a mark are those from which the condition is out of reach. No transition is
stored: the successors of a state are computed again when they are needed.
"""

from dynaproof.checkers.state_space.engine import (
    DIRECT,
    HIGH_HALF,
    LOW_HALF,
    MASK,
    OUT,
    SHIFT,
    TABLE,
    TAKEN,
    VOID,
    WORDS,
    canonical,
    expand,
    hash_of,
    parent_at,
    same,
    state_at,
)
from dynaproof.checkers.state_space.kernel import load, load_byte, load_half, store_byte


def possible(at: int, wanted: int) -> int:
    """The model's `always_possible` conditions (`machine`)."""
    raise NotImplementedError


def slot_of(ctx: int, at: int) -> int:
    """The place of a found state in the table."""
    table = load(ctx + TABLE)
    mask = load(ctx + MASK)
    hashed = hash_of(at)
    slot = hashed >> load(ctx + SHIFT)
    if DIRECT != 0:
        while load(table + slot * 8) != load(at) + 1:
            slot = (slot + 1) & mask
        return slot
    half = hashed & HIGH_HALF
    while True:
        there = load(table + slot * 8)
        if (there & HIGH_HALF) == half:
            equal = same(at, state_at(ctx, (there & LOW_HALF) - 1))
            if equal != 0:
                return slot
        slot = (slot + 1) & mask


def leads_to_marked(ctx: int, own: int, marks: int, state: int) -> int:
    """Whether a successor of the state is marked."""
    out = load(own + OUT)
    count = expand(state, out, load(own + TAKEN))
    at = 0
    while at < count:
        canonical(out + at * WORDS * 8)
        if load_byte(marks + slot_of(ctx, out + at * WORDS * 8)) != 0:
            return 1
        at += 1
    return 0


def mark(ctx: int, own: int, marks: int, wanted: int, first: int, end: int) -> int:
    """One pass over a range of states; gives how many it marked."""
    changed = 0
    index = end
    while index > first:
        index -= 1
        if load_half(parent_at(ctx, index)) != VOID:
            state = state_at(ctx, index)
            place = marks + slot_of(ctx, state)
            if load_byte(place) == 0:
                good = possible(state, wanted)
                if good == 0:
                    good = leads_to_marked(ctx, own, marks, state)
                if good != 0:
                    store_byte(place, 1)
                    changed += 1
    return changed


def first_unmarked(ctx: int, marks: int, end: int) -> int:
    """One more than the index of the first state without a mark; 0 if all have one."""
    index = 0
    while index < end:
        if load_half(parent_at(ctx, index)) != VOID:
            unmarked = load_byte(marks + slot_of(ctx, state_at(ctx, index)))
            if unmarked == 0:
                return index + 1
        index += 1
    return 0


KERNELS = (slot_of, leads_to_marked, mark, first_unmarked)
