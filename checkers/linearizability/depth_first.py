"""Algorithm B depth first: one configuration at a time, for the many histories for which that is fast enough.

The steps are those of `frontier`, one return after the other, with the same configurations and rules. But
where `frontier` takes all configurations `(state, used, hidden)` along in time, this follows one, tries what
looks best first, and goes back where a return cannot be explained. A configuration that is covered by one
that was tried at the same return (rule 4) is left out. So a history that the first guesses explain costs one
configuration per write; where guesses are wrong too often, `frontier` takes over.

Tried first at a return: that the operation was hidden, then the operation itself, then what leaves a value
that another operation waits for, the earliest return first. What never returns comes last, for it may be
needed later. The alternatives to the first guess are worked out only on coming back to it.

Sources: Wing and Gong (1993); Lowe (2017), for the memory of configurations. `docs/linearizability-proof.md`
argues the rules.
"""

from collections.abc import Callable, Iterator, Sequence

from dynaproof.checkers.linearizability.frontier import Searched, Trail, linearized
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_PUT, ASK_READ, Ask
from dynaproof.checkers.linearizability.result import endless
from dynaproof.specs.history import ABSENT, NEVER

ASK_EVERY = 64
"""The budget is asked once for so many configurations, at the first of them."""

_Node = tuple[int, int, int, int, Trail]
"""The number of a return, a configuration (state, used, hidden) before it, and how that came about."""


def search(
    asks: Sequence[Ask],
    initial: int = ABSENT,
    exhausted: Callable[[int], bool] = endless,
) -> Searched:
    """Decide one key; `exhausted(configurations)` is asked now and then, of those remembered."""
    return _Search(asks).run(initial, exhausted)


class _Search:
    """The returns in the order of time, and what is open at each.

    Columns by number of the return: `returning`, the operation that returns; `called`, the reads called since
    the previous return; `open_reads` and `open_writes`, the returning one among them; `plain`, the bits of
    the open plain writes; `pending_at`, of all that never returns, the bits of what had been called by then.
    """

    def __init__(self, asks: Sequence[Ask]) -> None:
        self.asks = asks
        columns: list[list[int]] = [list(column) for column in zip(*asks, strict=True)] or [[]] * 6
        self.kinds, self.needs, self.values, self.calls, self.rets, _ = columns
        # Sorting is stable: at equal times the order is that of the operations.
        by_return = sorted(range(len(asks)), key=self.rets.__getitem__)
        self.returning = by_return[: len(asks) - self.rets.count(NEVER)]
        self.bits = [0] * len(asks)
        self.called_at = [0] * len(asks)
        self.pending: list[int] = []
        self.called: list[Sequence[int]] = []
        self.open_reads: list[tuple[int, ...]] = []
        self.open_writes: list[tuple[int, ...]] = []
        self.plain: list[int] = []
        self.pending_at: list[int] = []
        self._look_ahead()
        self.called.append(())
        # Separate bits, so that those of one configuration can be compared with those of another.
        self.width = max(self.bits, default=0).bit_length()
        self.puts: dict[int, int] = {}
        self.cases: dict[int, dict[int, int]] = {}
        self.into: dict[int, dict[int, int]] = {}
        for place, i in enumerate(self.pending, self.width):
            bit = self.bits[i] = 1 << place
            need, value = self.needs[i], self.values[i]
            if self.kinds[i] == ASK_PUT:
                self.puts[value] = self.puts.get(value, 0) | bit
                continue
            for by_value, one, other in (self.cases, need, value), (self.into, value, need):
                bits = by_value.setdefault(one, {})
                bits[other] = bits.get(other, 0) | bit
        self.pending_bits = (1 << len(self.pending)) - 1 << self.width

    def _look_ahead(self) -> None:
        bits, kinds, rets, calls, pending = self.bits, self.kinds, self.rets, self.calls, self.pending
        called_at = self.called_at
        reads: dict[int, None] = {}
        writes: dict[int, None] = {}
        plain, free = 0, -1
        by_call = iter(sorted(range(len(calls)), key=calls.__getitem__))
        i = next(by_call, -1)
        for number, x in enumerate(self.returning):
            new: list[int] = []
            until = rets[x]
            while i >= 0 and calls[i] <= until:  # At equal times calls come first.
                called_at[i] = number
                if rets[i] == NEVER:
                    pending.append(i)
                else:
                    bit = bits[i] = free & -free
                    free ^= bit
                    if kinds[i] < ASK_PUT:
                        reads[i] = None
                        new.append(i)
                    else:
                        writes[i] = None
                        if kinds[i] == ASK_PUT:
                            plain |= bit
                i = next(by_call, -1)
            self.called.append(new)
            self.open_reads.append(tuple(reads))
            self.open_writes.append(tuple(writes))
            self.plain.append(plain)
            self.pending_at.append(len(pending))
            bit = bits[x]
            free |= bit
            if kinds[x] < ASK_PUT:
                del reads[x]
            else:
                del writes[x]
                plain &= ~bit

    def run(self, initial: int, exhausted: Callable[[int], bool]) -> Searched:
        bits, kinds, needs, values = self.bits, self.kinds, self.needs, self.values
        returning, called, open_reads, plain = self.returning, self.called, self.open_reads, self.plain
        end = len(returning)
        state, used, hidden = initial, 0, 0
        trail: Trail = None
        reached: Trail = None
        tried: list[dict[int, list[_Node]] | None] = [None] * end  # By state.
        todo: list[_Node | Iterator[_Node]] = []
        visited = furthest = number = 0
        for r in called[0]:
            if (needs[r] == state) == (kinds[r] == ASK_READ):
                used |= bits[r]
                trail = (r, 0, trail)
        while number < end:
            x = returning[number]
            bit = bits[x]
            if used & bit:
                used ^= bit
            else:
                node: _Node = (number, state, used, hidden, trail)
                before = tried[number]
                if before is None:
                    tried[number] = {state: [node]}
                    fresh = True
                else:
                    alike = before.setdefault(state, [])
                    fresh = not self._covered(node, alike)
                    if fresh:
                        alike.append(node)
                stuck = True
                if fresh:
                    visited += 1
                    if number >= furthest:
                        furthest, reached = number, trail
                    if visited % ASK_EVERY == 1 and exhausted(visited):
                        prefix, at = self._order(reached), returning[furthest]
                        return Searched(None, None, furthest, visited, prefix, at)
                    todo.append(node)
                    kind = kinds[x]
                    if hidden & bit:
                        hidden ^= bit
                        trail = (x, -1, trail)
                        stuck = False
                    elif kind == ASK_PUT or (kind == ASK_CAS and needs[x] == state):
                        stuck = False
                        state = values[x]
                        used |= bit
                        if kind == ASK_PUT:
                            hidden = (hidden | plain[number]) & ~used
                        trail = (x, number, trail)
                        for r in open_reads[number]:
                            if (needs[r] == state) == (kinds[r] == ASK_READ) and not used & bits[r]:
                                used |= bits[r]
                                trail = (r, number, trail)
                        used ^= bit
                if stuck:
                    found = self._next(todo)
                    if found is None:
                        return Searched(None, returning[furthest], furthest, visited)
                    number, state, used, hidden, trail = found
                    continue
            number += 1
            for r in called[number]:
                if (needs[r] == state) == (kinds[r] == ASK_READ):
                    used |= bits[r]
                    trail = (r, number, trail)
        return Searched(self._order(trail), None, end, visited)

    def _next(self, todo: list[_Node | Iterator[_Node]]) -> _Node | None:
        """What to try where nothing explains a return: what else could have gone, the last choice first."""
        while todo:
            last = todo[-1]
            if isinstance(last, tuple):  # Most nodes are never come back to.
                last = todo[-1] = self._others(last)
            node = next(last, None)
            if node is not None:
                return node
            todo.pop()
        return None

    def _covered(self, node: _Node, before: Sequence[_Node]) -> bool:
        """Whether a node tried before, at this return and state, leaves all that this one leaves (rule 4)."""
        number, _, used, hidden, _ = node
        unspent = ~used & self.pending_bits
        others = ~self.pending_bits
        reads = sum(self.bits[r] for r in self.open_reads[number])
        writes = others & ~reads
        for _, _, spent, under, _ in before:
            if (
                not spent & unspent
                and not hidden & ~under
                and not used & ~spent & reads
                and not (spent ^ used) & writes & ~under
            ):
                return True
        return False

    def _others(self, node: _Node) -> Iterator[_Node]:
        """What else can be linearized next, the best first."""
        number, state, used, hidden, _ = node
        kinds, values, bits = self.kinds, self.values, self.bits
        x = self.returning[number]
        tried: set[tuple[int, int]] = set()  # Those of one kind that can go now all meet the same value.
        if self._can_go(x, state):
            tried.add((kinds[x], values[x]))
            if hidden & bits[x]:
                yield self._after(x, node)
        # The bits of what has been called by now, never returns, and is not used.
        free = (1 << self.pending_at[number]) - 1 << self.width & ~used
        wanted, picky = self._wanted(number, used, free)
        for i in sorted(self.open_writes[number], key=lambda i: (self.rets[i], i)):
            kind, value = kinds[i], values[i]
            if i == x or used & bits[i] or (kind, value) in tried or not self._can_go(i, state):
                continue
            if kind == ASK_CAS or value in wanted or any(other != value for other in picky):
                tried.add((kind, value))
                yield self._after(i, node)
        for kind, masks in (ASK_CAS, self.cases.get(state, {})), (ASK_PUT, self.puts):
            for value, mask in masks.items():
                left = mask & free
                if not left or (kind, value) in tried:
                    continue
                if value in wanted or any(other != value for other in picky):
                    first = (left & -left).bit_length() - 1  # The others can stand for it later.
                    yield self._after(self.pending[first - self.width], node)

    def _can_go(self, i: int, state: int) -> bool:
        """Whether a write can happen in that state."""
        return self.kinds[i] == ASK_PUT or (self.kinds[i] == ASK_CAS and self.needs[i] == state)

    def _wanted(self, number: int, used: int, free: int) -> tuple[list[int], list[int]]:
        """The values that operations wait for, and those that others take anything but.

        One that never returns, of the bits `free`, waits only if what it would leave is waited for (rule 2).
        No move has to lead to what those others take: they wait in the one state that they do not take, and
        whatever else could go first would end up in another.
        """
        kinds, needs, bits = self.kinds, self.needs, self.bits
        wanted: list[int] = []
        picky: list[int] = []
        for i in self.open_reads[number]:
            if not used & bits[i]:
                (wanted if kinds[i] == ASK_READ else picky).append(needs[i])
        wanted += [needs[i] for i in self.open_writes[number] if kinds[i] == ASK_CAS and not used & bits[i]]
        if free:
            for value in wanted:  # It grows while it is walked.
                for need, mask in self.into.get(value, {}).items():
                    if mask & free and need not in wanted:
                        wanted.append(need)
        return wanted, picky

    def _after(self, i: int, node: _Node) -> _Node:
        """Linearize a write, and the open reads that find what it leaves."""
        number, _, used, hidden, trail = node
        bits, kinds, needs, value = self.bits, self.kinds, self.needs, self.values[i]
        used |= bits[i]
        if kinds[i] == ASK_PUT:
            hidden = (hidden | self.plain[number]) & ~used
        trail = (i, number, trail)
        for r in self.open_reads[number]:
            if not used & bits[r] and (needs[r] == value) == (kinds[r] == ASK_READ):
                used |= bits[r]
                trail = (r, number, trail)
        return number, value, used, hidden, trail

    def _order(self, trail: Trail) -> list[int]:
        """The operations in the order of a trail."""
        steps = []
        while trail is not None:
            i, at, trail = trail
            steps.append((i, at))
        return linearized(self.kinds, steps[::-1], self.called_at)
