"""Chains of a register: which operations stand together in every linearization (algorithm A, steps 0 to 2).

Where every value except absent is written at most once, each operation except deletes and reads of absent
belongs to one chain: a plain write or put-if-absent, the reads of what it left, the cas from that, the reads
of what this left, and so on. `dynaproof.checkers.linearizability.zones` has the whole of algorithm A.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_PUT, ASK_READ, FINDING, Ask
from dynaproof.specs.history import ABSENT, NEVER

GARBAGE_READ: Final = "garbage read"
LOST_UPDATE: Final = "lost update"
CYCLE: Final = "cyclic conditional writes"
ORDER_INVERSION: Final = "order inversion inside a chain"
ZONES: Final = "zones overlap"
INSIDE: Final = "inside a zone"
ABSENCE: Final = "unexplained absence"
PUT_IF_ABSENT: Final = "unexplained put-if-absent"

DUPLICATE_VALUE: Final = "a value is written twice"
UNSEEN_CONDITION: Final = "a failed condition did not record what it saw"
SET_ASIDE: Final = "an absence could be due to a conditional delete of unknown outcome"


class Decided(NamedTuple):
    """What the algorithm found; exactly one of `order`, `cause` and `outside` is there.

    `order`: indices of operations, in an order that linearizes them. `cause`: one of the names above, with
    the indices of the operations at fault (for zones: those with the least return and the greatest call of
    each of the two). `outside`: why the algorithm cannot tell.
    """

    order: list[int] | None = None
    cause: str | None = None
    fault: tuple[int, ...] = ()
    outside: str | None = None


class Chain(NamedTuple):
    """A chain: its operations in groups; its least return and greatest call, and whose they are."""

    groups: list[list[int]]
    first_ret: int
    last_call: int
    first: int
    last: int
    needs_absent: bool
    ends_absent: bool


def keep(asks: Sequence[Ask]) -> tuple[list[int], bool]:
    """Step 0: the operations that happened, and whether conditional deletes that may have were set aside.

    A pending write with a new value happened exactly if its value was read, or was the source of a cas that
    happened. A pending delete is kept: it is there for whatever needs it.
    """
    needed = {need for kind, need, _, _, ret, _ in asks if ret != NEVER and kind in FINDING}
    pending: dict[int, list[int]] = {}
    for i, (_, _, value, _, ret, _) in enumerate(asks):
        if ret == NEVER and value != ABSENT:
            pending.setdefault(value, []).append(i)
    happened: set[int] = set()
    queue = [value for value in pending if value in needed]
    while queue:
        for i in pending.pop(queue.pop(), ()):
            happened.add(i)
            if asks[i].kind == ASK_CAS:
                queue.append(asks[i].need)
    kept, set_aside = [], False
    for i, ask in enumerate(asks):
        if ask.ret != NEVER or i in happened or (ask.kind == ASK_PUT and ask.value == ABSENT):
            kept.append(i)
        elif ask.kind == ASK_CAS and ask.value == ABSENT:
            set_aside = True
    return kept, set_aside


_Index = tuple[dict[int, list[int]], dict[int, int], dict[int, int], Decided | None]


def index_values(asks: Sequence[Ask], kept: Sequence[int]) -> _Index:
    """Step 1: by value, its readers, the cas from it and its writer; and what is already wrong with them."""
    readers: dict[int, list[int]] = {}
    successors: dict[int, int] = {}
    writer: dict[int, int] = {}
    twice: tuple[int, ...] | None = None
    for i in kept:
        ask = asks[i]
        if ask.kind == ASK_READ:
            readers.setdefault(ask.need, []).append(i)
            continue
        if ask.value != ABSENT and writer.setdefault(ask.value, i) != i:
            return readers, successors, writer, Decided(outside=DUPLICATE_VALUE)
        if ask.kind == ASK_CAS and ask.need != ABSENT and successors.setdefault(ask.need, i) != i:
            twice = twice or (successors[ask.need], i)
    for value, i in [(value, some[0]) for value, some in readers.items()] + list(successors.items()):
        if value not in writer and value != ABSENT:
            return readers, successors, writer, Decided(cause=GARBAGE_READ, fault=(i,))
    if twice is not None:
        return readers, successors, writer, Decided(cause=LOST_UPDATE, fault=twice)
    return readers, successors, writer, None


def follow(
    asks: Sequence[Ask],
    kept: Sequence[int],
    readers: dict[int, list[int]],
    successors: dict[int, int],
    writer: dict[int, int],
) -> tuple[list[Chain], Decided | None]:
    """Step 2: follow each chain from its root; time must not run against it."""
    chains: list[Chain] = []
    reached = 0
    for root in kept:
        ask = asks[root]
        if ask.kind == ASK_READ or ask.value == ABSENT or (ask.kind == ASK_CAS and ask.need != ABSENT):
            continue
        groups = [[root]]
        now: int | None = root
        while now is not None:
            reached += 1
            value = asks[now].value
            now = None
            if value != ABSENT:
                if value in readers:
                    groups.append(sorted(readers[value], key=lambda i: asks[i].call))
                now = successors.get(value)
                if now is not None:
                    groups.append([now])
        verdict = _against_time(asks, groups)
        if verdict is not None:
            return chains, verdict
        members = [i for group in groups for i in group]
        first = min(members, key=lambda i: asks[i].ret)
        last = max(members, key=lambda i: asks[i].call)
        tail = asks[groups[-1][0]]
        ends_absent = tail.kind != ASK_READ and tail.value == ABSENT
        chains.append(
            Chain(groups, asks[first].ret, asks[last].call, first, last, ask.kind == ASK_CAS, ends_absent)
        )
    if reached != len(writer) + sum(asks[i].value == ABSENT for i in successors.values()):
        return chains, Decided(cause=CYCLE, fault=_cycle(asks, writer, chains))
    return chains, None


def _against_time(asks: Sequence[Ask], groups: Sequence[Sequence[int]]) -> Decided | None:
    """Whether an operation of a chain had returned before one that goes in front of it was called."""
    latest, by = -NEVER, -1
    for group in groups:
        for i in group:
            if asks[i].ret < latest:
                return Decided(cause=ORDER_INVERSION, fault=(i, by))
        for i in group:
            if asks[i].call > latest:
                latest, by = asks[i].call, i
    return None


def _cycle(asks: Sequence[Ask], writer: dict[int, int], chains: Sequence[Chain]) -> tuple[int, ...]:
    """The conditional writes of a cycle that no root reaches."""
    reached = {i for chain in chains for group in chain.groups for i in group}
    at = next(i for i in writer.values() if i not in reached)
    seen: list[int] = []
    while at not in seen:
        seen.append(at)
        at = writer[asks[at].need]
    return tuple(seen[seen.index(at) :])
