"""Algorithm B: a search along time, with all that may be true at each moment. Decides every register history.

A configuration is `(state, used, hidden)`: the value, the open operations that were linearized already, and
the open plain writes that may have been, unseen, just before another plain write. Events are processed in the
order of time, calls before returns. When x returns, configurations without x linearize open operations until
x is in; where none is left the history up to that return is not linearizable, and the return is named. So
memory follows concurrency, not length.

Four rules keep configurations few; each drops only what another configuration covers:

1. A read is linearized at once wherever it is legal, at its call or when the state comes to be its value.
2. A plain write other than x, and any pending write, is linearized by itself only if an open operation waits
   for its value. Unseen, a pending one need not have happened, and a plain one stands in `hidden`.
3. Of equal open writes the one that returns first goes first. That it may be in `hidden` and the other not
   makes no difference: linearizing either puts all other open plain writes into `hidden`, and what the later
   one keeps open there is open for longer.
4. Of two configurations in one state the one that leaves at least the other's possibilities is kept. An
   unused pending write leaves more possibilities than a used one; an operation that changes nothing is only a
   burden, so it leaves more when it is done.

This is the plain and exact reference; `by_frontier` does the same in machine code.
`docs/linearizability-proof.md` argues the rules.

Sources: Wing and Gong (1993); Lowe (2017).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ, Ask
from dynaproof.checkers.linearizability.result import endless
from dynaproof.specs.history import ABSENT, NEVER

COMPARE_AT_MOST = 1_000
ASK_EVERY = 256
"""The budget is asked at every return, and within one after so many configurations."""

Configuration = tuple[int, int, int]
Trail = tuple[int, int, Any] | None
"""The last step: the operation's index, the number of its event (-1: hidden before then), and the rest."""


class Searched(NamedTuple):
    """What a search found.

    `order` are indices of operations in an order that linearizes them; None: there is none, and the return of
    `failed_at` is the first that cannot be explained; both None: the budget ended, with `prefix` an order of
    what was linearized until then and `at` the operation whose return was to be explained next. `done` is how
    many returns were explained, `most` the largest number of configurations at a time.
    """

    order: list[int] | None
    failed_at: int | None
    done: int
    most: int
    prefix: list[int] | None = None
    at: int | None = None


def search(
    asks: Sequence[Ask],
    initial: int = ABSENT,
    exhausted: Callable[[int], bool] = endless,
) -> Searched:
    """Decide one key; `exhausted(configurations)` is asked now and then and may end the search."""
    return _Search(asks, exhausted).run(initial)


class _Search:
    def __init__(self, asks: Sequence[Ask], exhausted: Callable[[int], bool]) -> None:
        self.asks = asks
        self.exhausted = exhausted
        self.open_reads: dict[int, None] = {}
        self.open_writes: dict[int, None] = {}  # Those that return,
        self.pending: dict[int, None] = {}  # and those that do not.
        self.bits = [1 << 0] * len(asks)
        self.free = -1
        self.pending_bits = self.read_bits = 0
        self.event = 0
        self.ended = False
        self.called_at = [0] * len(asks)

    def run(self, initial: int) -> Searched:
        asks = self.asks
        events = [(ask.call, 0, i) for i, ask in enumerate(asks)]
        events += [(ask.ret, 1, i) for i, ask in enumerate(asks) if ask.ret != NEVER]
        events.sort()
        now: dict[Configuration, Trail] = {(initial, 0, 0): None}
        done = most = 0
        for self.event, (_, returns, i) in enumerate(events):
            if not returns:
                now = self._call(i, now)
                continue
            before, now = now, self._return(i, now)
            most = max(most, len(now))
            if self.ended or self.exhausted(len(now)):
                return Searched(None, None, done, most, self._order(next(iter(before.values()))), i)
            if not now:
                return Searched(None, i, done, most)
            done += 1
        return Searched(self._order(next(iter(now.values()))), None, done, most)

    def _order(self, trail: Trail) -> list[int]:
        """The operations in the order of a trail."""
        steps = []
        while trail is not None:
            i, event, trail = trail
            steps.append((i, event))
        return linearized([ask.kind for ask in self.asks], steps[::-1], self.called_at)

    def _call(self, i: int, now: dict[Configuration, Trail]) -> dict[Configuration, Trail]:
        ask = self.asks[i]
        bit = self.free & -self.free
        self.free ^= bit
        self.bits[i] = bit
        self.called_at[i] = self.event
        if ask.kind in {ASK_PUT, ASK_CAS}:
            if ask.ret == NEVER:
                self.pending[i] = None
                self.pending_bits |= bit
            else:
                self.open_writes[i] = None
            return now
        self.open_reads[i] = None
        self.read_bits |= bit
        return {
            (state, used | bit, hidden) if _legal(ask, state) else (state, used, hidden): (
                i,
                self.event,
                trail,
            )
            if _legal(ask, state)
            else trail
            for (state, used, hidden), trail in now.items()
        }

    def _return(self, i: int, now: dict[Configuration, Trail]) -> dict[Configuration, Trail]:
        bit = self.bits[i]
        done: dict[Configuration, Trail] = {}
        todo: dict[Configuration, Trail] = {}
        for configuration, trail in now.items():
            state, used, hidden = configuration
            if used & bit:
                done.setdefault((state, used ^ bit, hidden), trail)
                continue
            if hidden & bit:
                done.setdefault((state, used, hidden ^ bit), (i, -1, trail))
            todo[configuration] = trail
        if todo:
            self._expand(i, todo, done)
        self.open_reads.pop(i, None)
        self.open_writes.pop(i, None)
        self.free |= bit
        self.read_bits &= ~bit
        return self._prune(done)

    def _expand(self, x: int, todo: dict[Configuration, Trail], done: dict[Configuration, Trail]) -> None:
        asks, bits, xbit = self.asks, self.bits, self.bits[x]
        readers = [(asks[i], bits[i], i) for i in self.open_reads]
        writes = sorted(self.open_writes, key=lambda i: (asks[i].ret, i))
        wanted: dict[int, int] = {}
        picky = []
        for ask, bit, _ in readers:
            if ask.kind == ASK_READ:
                wanted[ask.need] = wanted.get(ask.need, 0) | bit
            else:
                picky.append((ask, bit))
        for i in (*writes, *self.pending):
            if asks[i].kind == ASK_CAS:
                wanted[asks[i].need] = wanted.get(asks[i].need, 0) | bits[i]
        plain = sum(bits[i] for i in writes if asks[i].kind == ASK_PUT)
        moves = [*writes, *self.pending]
        seen = dict(todo)
        queue = list(todo.items())
        for at, ((state, used, hidden), trail) in enumerate(queue, 1):  # The queue grows while it is walked.
            if at % ASK_EVERY == 0 and self.exhausted(len(seen) + len(done)):
                self.ended = True
                return
            tried: set[tuple[int, int, int]] = set()
            for i in moves:
                ask, bit = asks[i], bits[i]
                if used & bit or (ask.kind == ASK_CAS and state != ask.need):
                    continue
                if i != x and (ask.kind == ASK_PUT or ask.ret == NEVER):
                    waiting = wanted.get(ask.value, 0) & ~used & ~bit
                    if not waiting and not any(r.need != ask.value and not used & b for r, b in picky):
                        continue
                same = (ask.kind, ask.need if ask.kind == ASK_CAS else 0, ask.value)
                if same in tried and i != x:
                    continue
                tried.add(same)
                now_used = used | bit
                now_hidden = hidden if ask.kind == ASK_CAS else (hidden | plain) & ~now_used
                now_trail: Trail = (i, self.event, trail)
                for r, b, reader in readers:
                    if not now_used & b and _legal(r, ask.value):
                        now_used |= b
                        now_trail = (reader, self.event, now_trail)
                if now_used & xbit:
                    done.setdefault((ask.value, now_used ^ xbit, now_hidden & ~xbit), now_trail)
                    continue
                after = (ask.value, now_used, now_hidden)
                if after not in seen:
                    seen[after] = now_trail
                    queue.append((after, now_trail))

    def _prune(self, configurations: dict[Configuration, Trail]) -> dict[Configuration, Trail]:
        if not 1 < len(configurations) <= COMPARE_AT_MOST:
            return configurations
        kept: list[Configuration] = []
        for one in configurations:
            if any(self._covers(other, one) for other in kept):
                continue
            kept = [other for other in kept if not self._covers(one, other)]
            kept.append(one)
        return {one: configurations[one] for one in kept}

    def _covers(self, one: Configuration, other: Configuration) -> bool:
        """Whether everything that can follow `other` can follow `one`."""
        pending = self.pending_bits
        return (
            one[0] == other[0]
            and not one[1] & ~other[1] & pending
            and not other[2] & ~one[2]
            and not other[1] & ~one[1] & self.read_bits
            and not (one[1] ^ other[1]) & ~pending & ~self.read_bits & ~one[2]
        )


def linearized(kinds: Sequence[int], steps: Sequence[tuple[int, int]], called_at: Sequence[int]) -> list[int]:
    """The order of the steps of a search, each hidden write before the first plain write after its call.

    `kinds` and `called_at` (numbers of events) are those of the operations. A step is an operation and the
    event at which it was linearized, -1 if it was hidden.
    """
    hidden = sorted((i for i, event in steps if event < 0), key=called_at.__getitem__)
    if not hidden:
        return [i for i, _ in steps]
    covers = [(event, i) for i, event in steps if event >= 0 and kinds[i] == ASK_PUT]
    before: dict[int, list[int]] = {}
    at = 0
    for i in hidden:
        while covers[at][0] < called_at[i]:
            at += 1
        before.setdefault(covers[at][1], []).append(i)
    order: list[int] = []
    for i, event in steps:
        if event >= 0:
            if i in before:
                order += before[i]
            order.append(i)
    return order


def _legal(ask: Ask, state: int) -> bool:
    return state != ask.need if ask.kind == ASK_DIFFERS else state == ask.need
