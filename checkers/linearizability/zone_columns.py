"""Algorithm A in numpy, where nothing is conditional or deleted: plain reads and writes of one key.

What `zones` does, over columns instead of operation by operation, and with nothing to compile: each chain is
then a write and its reads, the absence at the beginning is a chain of its own before all others, and without
deletes nothing has to be swept. A pending write may stay even if nobody read it: it goes behind all others.
`zones` is the readable reference, and tests hold the two against each other.
"""

from typing import NamedTuple

import numpy as np

from dynaproof.checkers.linearizability import chains
from dynaproof.checkers.linearizability.register import ASK_DIFFERS, ASK_PUT, ASK_READ, Asks
from dynaproof.specs.history import ABSENT, NEVER, Column


class Found(NamedTuple):
    """Places in the columns: an order of them, or with a cause, those at fault, as in `chains.Decided`."""

    order: Column
    cause: str | None = None
    fault: tuple[int, ...] = ()


def room(values: int) -> Column:
    """Room to work in, for one key after the other of a history with so many values."""
    return np.full(values, -1, dtype=np.int64)


def is_plain(asks: Asks) -> bool:
    """Whether all operations are reads and writes of values."""
    reads = asks.kind == ASK_READ
    return bool((reads | ((asks.kind == ASK_PUT) & (asks.value != ABSENT))).all())


def why_outside(asks: Asks, lo: int, hi: int) -> str | None:
    """Why `zones` cannot decide the key whose operations are `lo` to `hi`, in its words; None: ask it.

    Two operations that happened wrote one value: that shows at once, whatever else there is.
    """
    kind, value = asks.kind[lo:hi], asks.value[lo:hi]
    values = np.sort(value[(kind >= ASK_PUT) & (asks.ret[lo:hi] != NEVER) & (value != ABSENT)])
    if not (values[1:] == values[:-1]).any():
        return None
    return chains.UNSEEN_CONDITION if (kind == ASK_DIFFERS).any() else chains.DUPLICATE_VALUE


def decide(asks: Asks, lo: int, hi: int, writer: Column) -> Found | None:
    """Decide the key whose operations, plain ones, are `lo` to `hi`; None: that is left to the reference.

    That is so if a value is written twice, or absence was read too late. `writer` is the working room, and is
    left as it was found.
    """
    kind, call, ret = asks.kind[lo:hi], asks.call[lo:hi], asks.ret[lo:hi]
    is_read = kind == ASK_READ
    reads, puts = np.flatnonzero(is_read), np.flatnonzero(~is_read)
    need, value = asks.need[lo:hi][reads], asks.value[lo:hi][puts]
    initial = len(puts)
    writer[value] = numbers = np.arange(initial)
    writer[ABSENT] = initial
    twice = bool((writer[value] != numbers).any())
    of = writer[need]
    writer[value] = writer[ABSENT] = -1
    found = None if twice else _decide(reads, puts, of, call, ret)
    if found is None:
        return None
    return Found(found.order + lo, found.cause, tuple(i + lo for i in found.fault))


def _decide(reads: Column, puts: Column, of: Column, call: Column, ret: Column) -> Found | None:
    """Steps 1 to 4; `of` is the chain of each read: the place of its write in `puts`, or their number."""
    initial = len(puts)
    read_call, read_ret = call[reads], ret[reads]
    if len(of) and of.min() < 0:
        return _failed(chains.GARBAGE_READ, (int(reads[np.argmax(of < 0)]),))
    last_call, first_ret = np.full(initial + 1, -NEVER), np.full(initial + 1, -NEVER)
    last_call[:initial], first_ret[:initial] = call[puts], ret[puts]
    early = read_ret < last_call[of]
    if early.any():
        at = int(np.argmax(early))
        return _failed(chains.ORDER_INVERSION, (int(reads[at]), int(puts[of[at]])))
    np.minimum.at(first_ret, of, read_ret)
    np.maximum.at(last_call, of, read_call)
    first_ret[initial] = -NEVER

    def ends_of(chain: int) -> tuple[int, int]:
        """The operations of a chain that returned first and that was called last."""
        members = np.concatenate([puts[chain : chain + 1], reads[of == chain]])
        return int(members[np.argmin(ret[members])]), int(members[np.argmax(call[members])])

    forward = first_ret < last_call
    zones, instants = np.flatnonzero(forward), np.flatnonzero(~forward)
    zones = zones[np.argsort(first_ret[zones], kind="stable")]
    starts, ends = first_ret[zones], last_call[zones]
    overlap = starts[1:] < ends[:-1]
    if overlap.any():
        at = int(np.argmax(overlap))
        one, other = int(zones[at]), int(zones[at + 1])
        return None if one == initial else _failed(chains.ZONES, (*ends_of(one), *ends_of(other)))
    release, deadline = last_call[instants], first_ret[instants]
    if len(zones) and len(instants):
        at_release, at_deadline = (np.searchsorted(ends, side, side="right") for side in (release, deadline))
        starts_after, ends_after = np.append(starts, NEVER), np.append(ends, NEVER)
        inside = (starts_after[at_release] < release) & (deadline < ends_after[at_release])
        if inside.any():
            at = int(np.argmax(inside))
            zone, chain = int(zones[at_release[at]]), int(instants[at])
            return None if zone == initial else _failed(chains.INSIDE, (*ends_of(zone), *ends_of(chain)))
        deadline = np.minimum(deadline, starts_after[at_deadline])
    in_order = np.concatenate([instants, zones])  # At equal times instants go first: the sort is stable.
    in_order = in_order[np.argsort(np.concatenate([deadline, starts]), kind="stable")]
    place = np.empty(initial + 1, dtype=np.int64)
    place[in_order] = np.arange(initial + 1)
    by_call = np.argsort(read_call, kind="stable")
    members = np.concatenate([puts, reads[by_call]])
    places = np.concatenate([place[:initial], place[of[by_call]]])
    return Found(members[np.argsort(places, kind="stable")])


def _failed(cause: str, fault: tuple[int, ...]) -> Found:
    return Found(np.zeros(0, dtype=np.int64), cause, fault)
