"""The inner loop of breadth-first exploration, compiled by `kernel` together with a model's functions.

Every state is kept, in segments in the order of discovery, with the index of its parent; a level of the
search is a range of indexes. The table of known states uses open addressing with linear probing, in the order
of the hash, so that doubling it walks both tables once. A state of at most 63 bits is its own table entry;
for a larger one an entry has the high half of its hash and its index, and the state is compared where the
halves agree: no two states are ever confused.

Several threads may work on one level: entries are claimed by atomic operations, and indexes in blocks, so
that neighbouring states belong to one thread. What a block has left at the end of a slice is given back if no
block lies behind it, else left void. Only in the table do two threads write to the same cache line, and they
seldom meet there: what all read, what all count with, and what each has for itself begin separate lines.
"""

from dynaproof.checkers.state_space.kernel import (
    fetch_add,
    load,
    load_half,
    load_shared,
    prefetch,
    store,
    store_byte,
    store_half,
    swap_if,
)

LINE_BYTES = 128
"""Two cache lines: processors fetch them in pairs."""

# The shared context: offsets in bytes. COUNT and NEXT change all the time, the others seldom.
TABLE, SHIFT, MASK, STATES, PARENTS, END, LIMIT, STOP = range(0, 64, 8)
SAFE, VIOLATED, WHICH, FAULTY, INSTANCE = range(64, 104, 8)
COUNT, NEXT, CONTEXT_BYTES = LINE_BYTES, 2 * LINE_BYTES, 3 * LINE_BYTES
# A worker's own memory: offsets in bytes.
OUT, TAKEN, HASHES, FIRED, GENERATED, WANTED, VOIDS, FREE, BLOCK_END = range(0, 72, 8)
DEADLOCKS, FIRST_DEADLOCK, OWN_BYTES = range(72, 96, 8)

ROOT, VOID = 0xFFFFFFFE, 0xFFFFFFFF
SEGMENT_BITS = 16
SLICE = 1 << 17
"""States that each worker visits, on average, before time, memory and interruptions are looked at."""
CHUNK = 64
"""States that a worker takes at a time to visit them."""
BLOCK = 256
"""Indexes that a worker takes at a time for the states that it finds."""
LOW_HALF = 0xFFFFFFFF
HIGH_HALF = -(1 << 32)

# Set by the compiler for each model.
WORDS, DIRECT, REDUCED = 1, 1, 0
FIRST, SECOND = -7046029254386353131, -4658895280553007687


def expand(at: int, out: int, taken: int) -> int:
    """The model's successors (`machine`)."""
    raise NotImplementedError


def check(at: int) -> int:
    """The model's invariants (`machine`)."""
    raise NotImplementedError


def seen(at: int, wanted: int) -> int:
    """The model's `sometimes` conditions (`machine`)."""
    raise NotImplementedError


def ends(at: int) -> int:
    """Whether one of the model's `terminal` conditions holds (`machine`)."""
    raise NotImplementedError


def canonical(at: int) -> int:
    """Put the representative of a state in its place (`symmetry`)."""
    raise NotImplementedError


def state_at(ctx: int, index: int) -> int:
    """The address of a state."""
    segment = load(load(ctx + STATES) + (index >> SEGMENT_BITS) * 8)
    return segment + (index & ((1 << SEGMENT_BITS) - 1)) * WORDS * 8


def parent_at(ctx: int, index: int) -> int:
    """The address of the index of a state's parent."""
    segment = load(load(ctx + PARENTS) + (index >> SEGMENT_BITS) * 8)
    return segment + (index & ((1 << SEGMENT_BITS) - 1)) * 4


def hash_of(at: int) -> int:
    """A state's hash; its high bits are its place in the table."""
    hashed = load(at) * FIRST
    hashed = hashed ^ (hashed >> 32)
    word = 1
    while word < WORDS:
        hashed = (hashed + load(at + word * 8)) * FIRST
        hashed = hashed ^ (hashed >> 29)
        word += 1
    return hashed * SECOND


def same(one: int, two: int) -> int:
    """Whether two states are equal."""
    word = 0
    while word < WORDS:
        if load(one + word * 8) != load(two + word * 8):
            return 0
        word += 1
    return 1


def free_index(ctx: int, own: int) -> int:
    """The index of the worker's next new state."""
    index = load(own + FREE)
    if index == load(own + BLOCK_END):
        index = fetch_add(ctx + COUNT, BLOCK)
        store(own + FREE, index)
        store(own + BLOCK_END, index + BLOCK)
    return index


def settle(ctx: int, own: int) -> int:
    """Give back what is left of the worker's block, or leave it void; no other worker may be at work."""
    index = load(own + FREE)
    end = load(own + BLOCK_END)
    if end == load(ctx + COUNT):
        store(ctx + COUNT, index)
    else:
        store(own + VOIDS, load(own + VOIDS) + (end - index))
        while index < end:
            store_half(parent_at(ctx, index), VOID)
            index += 1
    store(own + FREE, 0)
    store(own + BLOCK_END, 0)
    return 0


def record(ctx: int, index: int, at: int, parent: int) -> int:
    """Write a new state at an index."""
    place = state_at(ctx, index)
    word = 0
    while word < WORDS:
        store(place + word * 8, load(at + word * 8))
        word += 1
    store_half(parent_at(ctx, index), parent)
    return place


def judge(ctx: int, own: int, index: int, at: int) -> int:
    """Check a new state against the invariants and against what should be seen."""
    broken = check(at)
    if broken != 0:
        first = swap_if(ctx + VIOLATED, 0, index + 1)
        if first == 0:
            store(ctx + WHICH, broken)
            store(ctx + STOP, 1)
    wanted = load(own + WANTED)
    if broken == 0 and wanted != 0:
        store(own + WANTED, wanted ^ seen(at, wanted))
    return 0


def insert_direct(ctx: int, own: int, at: int, hashed: int, parent: int) -> int:
    """Enter a state that is its own table entry; gives 1 if it is new."""
    table = load(ctx + TABLE)
    mask = load(ctx + MASK)
    slot = hashed >> load(ctx + SHIFT)
    key = load(at) + 1
    while True:
        place = table + slot * 8
        there = load_shared(place)
        if there == 0:
            there = swap_if(place, 0, key)
            if there == 0:
                index = free_index(ctx, own)
                record(ctx, index, at, parent)
                store(own + FREE, index + 1)
                judge(ctx, own, index, at)
                return 1
        if there == key:
            return 0
        slot = (slot + 1) & mask


def insert_indexed(ctx: int, own: int, at: int, hashed: int, parent: int) -> int:
    """Enter a state whose table entry is half of its hash and its index; gives 1 if it is new."""
    table = load(ctx + TABLE)
    mask = load(ctx + MASK)
    slot = hashed >> load(ctx + SHIFT)
    half = hashed & HIGH_HALF
    while True:
        place = table + slot * 8
        there = load_shared(place)
        if there == 0:
            index = free_index(ctx, own)
            record(ctx, index, at, parent)
            there = swap_if(place, 0, half | (index + 1))
            if there == 0:
                store(own + FREE, index + 1)
                judge(ctx, own, index, at)
                return 1
        if (there & HIGH_HALF) == half:
            equal = same(at, state_at(ctx, (there & LOW_HALF) - 1))
            if equal != 0:
                return 0
        slot = (slot + 1) & mask


def insert(ctx: int, own: int, at: int, hashed: int, parent: int) -> int:
    """Enter a state; gives 1 if it is new."""
    if DIRECT != 0:
        return insert_direct(ctx, own, at, hashed, parent)
    return insert_indexed(ctx, own, at, hashed, parent)


def take_alone(ctx: int, own: int, index: int, count: int) -> int:
    """Enter one successor by a safe instance, if one is new (`independence`); whether there was one."""
    out = load(own + OUT)
    taken = load(own + TAKEN)
    at = 0
    while at < count:
        instance = load_half(taken + at * 4)
        if load_half(load(ctx + SAFE) + instance * 4) != 0:
            place = out + at * WORDS * 8
            new = insert(ctx, own, place, hash_of(place), index)
            if new != 0:
                store_byte(load(own + FIRED) + instance, 1)
                return 1
        at += 1
    return 0


def visit(ctx: int, own: int, index: int) -> int:
    """Enter the successors of a state; gives how many there are."""
    out = load(own + OUT)
    taken = load(own + TAKEN)
    hashes = load(own + HASHES)
    count = expand(state_at(ctx, index), out, taken)
    if count < 0:
        if swap_if(ctx + FAULTY, 0, index + 1) == 0:
            store(ctx + INSTANCE, (0 - count) - 1)
            store(ctx + STOP, 1)
        return 0
    if count == 0:
        if ends(state_at(ctx, index)) == 0:
            if load(own + DEADLOCKS) == 0:
                store(own + FIRST_DEADLOCK, index)
            store(own + DEADLOCKS, load(own + DEADLOCKS) + 1)
        return 0
    if REDUCED != 0:
        alone = take_alone(ctx, own, index, count)
        if alone != 0:
            return 1
    table = load(ctx + TABLE)
    shift = load(ctx + SHIFT)
    fired = load(own + FIRED)
    at = 0
    while at < count:
        canonical(out + at * WORDS * 8)
        hashed = hash_of(out + at * WORDS * 8)
        store(hashes + at * 8, hashed)
        # The table is far larger than any cache; asking for all entries first lets the waits overlap.
        prefetch(table + (hashed >> shift) * 8)
        store_byte(fired + load_half(taken + at * 4), 1)
        at += 1
    at = 0
    while at < count:
        insert(ctx, own, out + at * WORDS * 8, load(hashes + at * 8), index)
        at += 1
    return count


def work(ctx: int, own: int, until: int) -> int:
    """Visit states of the level, some at a time, until it is done or memory must grow.

    A worker also stops when the next state that any of them would take is at `until` or beyond: then all stop
    together, however fast each of them was.
    """
    generated = 0
    end = load(ctx + END)
    while load_shared(ctx + NEXT) < until:
        if load_shared(ctx + COUNT) >= load(ctx + LIMIT) or load_shared(ctx + STOP) != 0:
            break
        index = fetch_add(ctx + NEXT, CHUNK)
        if index >= end:
            break
        last = index + CHUNK
        last = min(last, end)
        while index < last:
            if load_half(parent_at(ctx, index)) != VOID and load_shared(ctx + STOP) == 0:
                generated += visit(ctx, own, index)
            index += 1
    store(own + GENERATED, load(own + GENERATED) + generated)
    return 0


def start(ctx: int, own: int, at: int) -> int:
    """Enter an initial state."""
    canonical(at)
    return insert(ctx, own, at, hash_of(at), ROOT)


def refill(ctx: int, old: int, first: int, end: int, scratch: int) -> int:
    """Move a part of an old table's entries into the context's table, which is larger and has no others."""
    table = load(ctx + TABLE)
    mask = load(ctx + MASK)
    shift = load(ctx + SHIFT)
    at = first
    while at < end:
        entry = load(old + at * 8)
        if entry != 0:
            hashed = entry & HIGH_HALF
            if DIRECT != 0:
                store(scratch, entry - 1)
                hashed = hash_of(scratch)
            slot = hashed >> shift
            # Runs of one part may reach into the places of another, which another thread fills.
            while swap_if(table + slot * 8, 0, entry) != 0:
                slot = (slot + 1) & mask
        at += 1
    return 0


KERNELS = (
    state_at,
    parent_at,
    hash_of,
    same,
    free_index,
    settle,
    record,
    judge,
    insert_direct,
    insert_indexed,
    insert,
    take_alone,
    visit,
    work,
    start,
    refill,
)
