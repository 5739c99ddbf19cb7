"""Bad patterns of a register: a few operations that exclude every order, found in O(n log n) without search.

They hold whatever else there is, including values written twice and crashed operations. An operation x that
found v, a read or a cas that succeeded, is excluded

1. if nothing that can have left v had been called when x returned: a garbage read;
2. if all that can have left v had returned before the call of an operation that knew another value there and
   had itself returned before x was called: a stale read, a new-old inversion, a lost update, or an absence
   observed while a value was present. An operation that read, wrote or replaced a value knows it.

`docs/linearizability-proof.md` proves both; `explain` words them.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from dynaproof.checkers.linearizability.register import ASK_DIFFERS, ASK_PUT, FINDING, Ask
from dynaproof.specs.history import ABSENT, NEVER


class Pattern(NamedTuple):
    """A bad pattern, by indices: `at` found a value that cannot have been there.

    `source` is the last operation that had left that value, `over` one that knew another since; both None:
    no operation had begun to write it.
    """

    at: int
    source: int | None = None
    over: int | None = None


def find(asks: Sequence[Ask], initial: int = ABSENT) -> Pattern | None:
    """The bad pattern of one key whose excluded operation returned first; None: there is none."""
    sources = _Sources(asks, initial)
    witnesses = _Witnesses(asks)
    found: Pattern | None = None
    for at, (kind, need, _, call, ret, _) in enumerate(asks):
        if kind not in FINDING or ret == NEVER:
            continue
        if found is not None and (asks[found.at].ret, found.at) < (ret, at):
            continue
        last, source = sources.last_return(need, ret)
        if last is None:
            found = Pattern(at)
        elif last < call:
            over = witnesses.of_another(need, last, call)
            if over is not None:
                found = Pattern(at, source, over)
    return found


class _Sources:
    """By value, the operations that can have left it, in the order of their calls."""

    def __init__(self, asks: Sequence[Ask], initial: int) -> None:
        self.calls: dict[int, list[int]] = {initial: [-NEVER]}
        self.latest: dict[int, list[tuple[int, int | None]]] = {initial: [(-NEVER, None)]}
        writes = [
            (call, ret, i, value) for i, (kind, _, value, call, ret, _) in enumerate(asks) if kind >= ASK_PUT
        ]
        writes.sort()
        for call, ret, i, value in writes:
            latest = self.latest.setdefault(value, [])
            self.calls.setdefault(value, []).append(call)
            latest.append((ret, i) if not latest or ret > latest[-1][0] else latest[-1])

    def last_return(self, value: int, until: int) -> tuple[int | None, int | None]:
        """The latest return of those called by then, and its operation (None: the beginning)."""
        at = bisect_right(self.calls.get(value, ()), until)
        return self.latest[value][at - 1] if at else (None, None)


class _Witnesses:
    """The operations that knew values, by their calls; and the least return of those called later, for two
    values.
    """

    def __init__(self, asks: Sequence[Ask]) -> None:
        known: list[tuple[int, int, int, int]] = []
        for i, (kind, need, value, call, ret, _) in enumerate(asks):
            if ret == NEVER or kind == ASK_DIFFERS:
                continue
            if kind != ASK_PUT:
                known.append((call, ret, need, i))
            if kind >= ASK_PUT:
                known.append((call, ret, value, i))
        known.sort()
        self.calls = [one[0] for one in known]
        first = second = (NEVER, -1, -1)
        self.soonest = [(first, second)]
        for _, ret, value, i in reversed(known):
            if ret < first[0]:
                if value != first[1]:
                    second = first
                first = ret, value, i
            elif ret < second[0] and value != first[1]:
                second = ret, value, i
            self.soonest.append((first, second))
        self.soonest.reverse()

    def of_another(self, value: int, after: int, before: int) -> int | None:
        """An operation called after the one time that returned before the other and knew another value."""
        for ret, known, i in self.soonest[bisect_right(self.calls, after)]:
            if known != value and ret < before:
                return i
        return None
