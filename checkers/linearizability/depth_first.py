"""Algorithm B depth first: one configuration at a time, for the many histories in which that is soon enough.

The steps are those of `frontier`: the same events, configurations `(state, used, hidden)` and rules 1 to 3.
But where `frontier` takes all configurations along in time, this follows one, tries what looks best first,
and goes back where a return cannot be explained. A configuration at a return is not tried again, nor is one
that differs from a tried one in having used more of what never returns (rule 4 in part). So a history that
the first guesses explain costs one configuration per write; where guesses are wrong too often, `frontier`,
which compares all that it keeps, takes over.

Tried first at a return: that the operation was hidden, then the operation itself, then what leaves a value
that somebody waits for, the earliest return first. What never returns comes last, for it may be needed later.

Sources: Wing and Gong (1993); Lowe (2017), for the memory of configurations. `docs/linearizability-proof.md`
argues the rules.
"""

from collections.abc import Callable, Iterator, Sequence

from dynaproof.checkers.linearizability.frontier import Configuration, Searched, Trail, linearized
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_PUT, ASK_READ, Ask
from dynaproof.checkers.linearizability.result import endless
from dynaproof.specs.history import ABSENT, NEVER

ASK_EVERY = 64
"""The budget is asked for at the first of so many configurations."""

_Node = tuple[int, Configuration, Trail]
"""The number of the event, a configuration that does not explain its return yet, and how it came about."""


def search(
    asks: Sequence[Ask],
    initial: int = ABSENT,
    exhausted: Callable[[int], bool] = endless,
) -> Searched:
    """Decide one key; `exhausted(configurations)` is asked now and then, of those remembered."""
    return _Search(asks).run(initial, exhausted)


class _Search:
    """The events in the order of time, and what is open at each return.

    An event is the index of the operation that is called, or its complement where it returns. The columns
    `open_reads`, `open_writes`, `plain` (bits of the open plain writes) and `pending_at` (how many of those
    that never return have been called) are by number of the event, and hold what is asked for at returns.
    """

    def __init__(self, asks: Sequence[Ask]) -> None:
        self.asks = asks
        columns: list[list[int]] = [list(column) for column in zip(*asks, strict=True)] or [[]] * 6
        self.kinds, self.needs, self.values, calls, self.rets, _ = columns
        # At equal times calls come first, then the order is that of the operations: numbers sort fastest.
        count = max(1, len(asks))
        by_time = [2 * count * call + i for i, call in enumerate(calls)]
        by_time += [(2 * ret + 1) * count + i for i, ret in enumerate(self.rets) if ret != NEVER]
        by_time.sort()
        self.events = [~(at % count) if at // count & 1 else at % count for at in by_time]
        self.bits = [0] * len(asks)
        self.called_at = [0] * len(asks)
        self.pending: list[int] = []
        self.open_reads: list[tuple[int, ...]] = [()] * len(self.events)
        self.open_writes: list[tuple[int, ...]] = [()] * len(self.events)
        self.plain = [0] * len(self.events)
        self.pending_at = [0] * len(self.events)
        self._look_ahead()
        # Bits of their own, so that those of one configuration can be compared with those of another.
        width = max(self.bits, default=0).bit_length()
        for place, i in enumerate(self.pending, width):
            self.bits[i] = 1 << place
        self.pending_bits = (1 << len(self.pending)) - 1 << width

    def _look_ahead(self) -> None:
        bits, kinds, rets, pending = self.bits, self.kinds, self.rets, self.pending
        reads: dict[int, None] = {}
        writes: dict[int, None] = {}
        plain, free = 0, -1
        for event, i in enumerate(self.events):
            if i < 0:
                self.open_reads[event] = tuple(reads)
                self.open_writes[event] = tuple(writes)
                self.plain[event] = plain
                self.pending_at[event] = len(pending)
                free |= bits[~i]
                plain &= ~bits[~i]
                del (reads if kinds[~i] < ASK_PUT else writes)[~i]
                continue
            self.called_at[i] = event
            if rets[i] == NEVER:
                pending.append(i)
                continue
            bits[i] = free & -free
            free ^= bits[i]
            (reads if kinds[i] < ASK_PUT else writes)[i] = None
            if kinds[i] == ASK_PUT:
                plain |= bits[i]

    def run(self, initial: int, exhausted: Callable[[int], bool]) -> Searched:
        bits, kinds, needs = self.bits, self.kinds, self.needs
        events, pending_bits = self.events, self.pending_bits
        end = len(events)
        state, used, hidden = initial, 0, 0
        event = 0
        trail: Trail = None
        reached: Trail = None
        tried: dict[tuple[int, int, int, int], list[int]] = {}
        todo: list[Iterator[_Node]] = []
        visited = furthest = 0
        while event < end:
            i = events[event]
            if i >= 0:
                if kinds[i] < ASK_PUT and (needs[i] == state) == (kinds[i] == ASK_READ):
                    used |= bits[i]
                    trail = (i, event, trail)
                event += 1
                continue
            bit = bits[~i]
            if used & bit:
                used ^= bit
                event += 1
                continue
            node: _Node | None = None
            spent = used & pending_bits
            before = tried.setdefault((event, state, used ^ spent, hidden), [])
            if not before or not any(not other & ~spent for other in before):
                before.append(spent)
                visited += 1
                if event >= furthest:
                    furthest, reached = event, trail
                if visited % ASK_EVERY == 1 and exhausted(visited):
                    done, prefix = self._returns(furthest), self._order(reached)
                    return Searched(None, None, done, visited, prefix, ~events[furthest])
                here = event, (state, used, hidden), trail
                todo.append(self._others(*here))
                node = self._guess(*here)
            while node is None and todo:
                node = next(todo[-1], None)
                if node is None:
                    todo.pop()
            if node is None:
                return Searched(None, ~events[furthest], self._returns(furthest), visited)
            event, (state, used, hidden), trail = node
        return Searched(self._order(trail), None, self._returns(end), visited)

    def _order(self, trail: Trail) -> list[int]:
        """The operations in the order of a trail."""
        steps = []
        while trail is not None:
            i, at, trail = trail
            steps.append((i, at))
        return linearized(self.asks, steps[::-1], self.called_at)

    def _guess(self, event: int, configuration: Configuration, trail: Trail) -> _Node | None:
        """The best guess: that what is about to return was hidden, or else that it happens now."""
        state, used, hidden = configuration
        x = ~self.events[event]
        if hidden & self.bits[x]:
            return event + 1, (state, used, hidden ^ self.bits[x]), (x, -1, trail)
        return self._after(x, event, configuration, trail) if self._can_go(x, state) else None

    def _others(self, event: int, configuration: Configuration, trail: Trail) -> Iterator[_Node]:
        """What else can be linearized next, the best first."""
        state, used, hidden = configuration
        kinds, values, bits = self.kinds, self.values, self.bits
        x = ~self.events[event]
        waiting, picky = self._waiting(event, used)
        tried: set[tuple[int, int]] = set()  # Those of one kind that can go now have all met the same value.
        if self._can_go(x, state):
            tried.add((kinds[x], values[x]))
            if hidden & bits[x]:
                yield self._after(x, event, configuration, trail)
        for i in self._moves(event):
            kind, value, bit = kinds[i], values[i], bits[i]
            if i == x or used & bit or (kind, value) in tried or not self._can_go(i, state):
                continue
            wanted = kind == ASK_CAS and self.rets[i] != NEVER
            wanted = wanted or bool(waiting.get(value, 0) & ~bit)
            if wanted or any(self.needs[r] != value for r in picky):
                tried.add((kind, value))
                yield self._after(i, event, configuration, trail)

    def _can_go(self, i: int, state: int) -> bool:
        """Whether a write can happen in that state."""
        return self.kinds[i] == ASK_PUT or (self.kinds[i] == ASK_CAS and self.needs[i] == state)

    def _moves(self, event: int) -> list[int]:
        """The open writes by their returns; of those that never return conditional ones first."""
        moves = sorted(self.open_writes[event], key=self.rets.__getitem__)
        pending = self.pending[: self.pending_at[event]]
        return moves + sorted(pending, key=self.kinds.__getitem__, reverse=True)

    def _waiting(self, event: int, used: int) -> tuple[dict[int, int], list[int]]:
        """By value the bits of those that wait for it, and the conditions that wait for any other."""
        waiting: dict[int, int] = {}
        picky = []
        for i in (*self.open_reads[event], *self.open_writes[event], *self.pending[: self.pending_at[event]]):
            if used & self.bits[i]:
                continue
            if self.kinds[i] in {ASK_READ, ASK_CAS}:
                waiting[self.needs[i]] = waiting.get(self.needs[i], 0) | self.bits[i]
            elif self.kinds[i] != ASK_PUT:
                picky.append(i)
        return waiting, picky

    def _after(self, i: int, event: int, configuration: Configuration, trail: Trail) -> _Node:
        """Linearize a write, and the open reads that find what it leaves."""
        _, used, hidden = configuration
        bits, kinds, value = self.bits, self.kinds, self.values[i]
        used |= bits[i]
        if kinds[i] == ASK_PUT:
            hidden = (hidden | self.plain[event]) & ~used
        trail = (i, event, trail)
        reads = self.open_reads[event]
        if not reads:
            return event, (value, used, hidden), trail
        needs = self.needs
        for r in reads:
            if not used & bits[r] and (needs[r] == value) == (kinds[r] == ASK_READ):
                used |= bits[r]
                trail = (r, event, trail)
        return event, (value, used, hidden), trail

    def _returns(self, event: int) -> int:
        return sum(i < 0 for i in self.events[:event])
