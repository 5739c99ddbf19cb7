"""Weaker promises than linearizability, judged in O(n log n): what even eventual reads may not do.

- `eventual`: every read returned a value that was committed, or may have been, by the time it returned; and
  how stale the values were.
- `read-your-writes`: no read of a process returned a value older than what this process had written before.
- `monotonic-reads`: no read of a process returned a value older than what this process had read before.

All reads of a history are judged, so give histories of those reads that promise no more. "Older" is what real
time says for certain: version u is older than version v if every write that can have left u had ended before
any that can have left v began. Where a value was written several times the interpretation most in favour of
the store counts. So whatever is reported is a violation under every order of the writes; one that only the
combination of several reads would show is not looked for.

A read is stale by the time from when its value had certainly been replaced (the first return of a write that
began after the value's own write had ended) to the read's call: a lower bound, as is the number of versions
that it missed.

Sources: Terry et al., *Session Guarantees for Weakly Consistent Replicated Data* (1994), 3.1 and 3.2;
DynamoDB's developer guide, "Read consistency".
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np

from dynaproof.checkers.linearizability.beginning import BEGINNING
from dynaproof.checkers.linearizability.explain import before, did, name, phrase, value_text
from dynaproof.checkers.linearizability.result import Failure
from dynaproof.specs.history import ABSENT, APPEND, DELETE, NEVER, READ, Completion, History, Operation

ALWAYS: Final = -NEVER
"""The time of what was there from the beginning."""

NOT_DONE: Final = (Completion.FAILED.value, Completion.NO_EFFECT.value)
"""How operations end that had no effect."""

TOLD_AT_MOST: Final = 100
"""How many violations an answer names; it counts all."""

NOT_COMMITTED: Final = "value that was not committed"
OLDER_THAN_WRITTEN: Final = "read older than the own write"
OLDER_THAN_READ: Final = "read older than the one before"


class NotARegisterError(ValueError):
    """A history with an operation that writes no version of its own; `operation` is the first."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(f"this promise is judged for registers, which have no {operation.function}")
        self.operation = operation


class Staleness(msgspec.Struct, frozen=True, kw_only=True):
    """How stale the values read were, at least: times in the clock of the history, over all reads judged.

    `reads`, of which `stale_reads` were certainly stale; percentiles and maximum of the time; `versions_max`
    and `versions_mean` of how many committed versions a read had missed.
    """

    reads: int
    stale_reads: int
    p50: int
    p90: int
    p99: int
    max: int
    versions_mean: float
    versions_max: int


@dataclass(frozen=True)
class Promised:
    """The answer for one promise: kept unless there are `violations`, of which the first are listed.

    `staleness` is there for `eventual`; `by_read` then has (row, staleness, versions missed) of each read.
    """

    promise: str
    reads: int
    violations: int
    told: tuple[Failure, ...] = ()
    staleness: Staleness | None = None
    by_read: Sequence[tuple[int, int, int]] = field(default=(), repr=False)

    @property
    def kept(self) -> bool:
        """Whether the history breaks the promise nowhere."""
        return self.violations == 0


class _Version:
    """What can have left a value in a key: calls in order, the latest return among the first, and rows."""

    __slots__ = ("calls", "latest", "rows")

    def __init__(self, writes: Sequence[tuple[int, int, int]]) -> None:
        ordered = sorted(writes)
        self.calls = [call for call, _, _ in ordered]
        self.rows = [row for _, _, row in ordered]
        self.latest: list[int] = np.maximum.accumulate([ret for _, ret, _ in ordered]).tolist()

    def ended_by(self, time: int) -> int | None:
        """When the last of those begun by `time` had ended; None if none had begun."""
        at = bisect_right(self.calls, time)
        return self.latest[at - 1] if at else None

    def last_row(self, time: int) -> int:
        """The last write that had begun by `time`."""
        return self.rows[bisect_right(self.calls, time) - 1]


class _Versions:
    """All versions of all keys, and the reads by call and return: the order of those of one process."""

    def __init__(self, history: History) -> None:
        c = history.columns
        strange = np.flatnonzero(c.function >= APPEND)
        if len(strange):
            raise NotARegisterError(history[int(strange[0])])
        self.history = history
        writes = (c.function != READ) & ~np.isin(c.outcome, NOT_DONE)
        value = np.where(c.function == DELETE, ABSENT, c.value)
        begun = set(c.key[c.line == BEGINNING].tolist())  # What begins with a value was never absent before.
        found: dict[tuple[int, int], list[tuple[int, int, int]]] = {
            (key, ABSENT): [(ALWAYS, ALWAYS, -1)] for key in range(len(history.keys)) if key not in begun
        }
        rows = np.flatnonzero(writes)
        columns = (c.key[rows], value[rows], c.call[rows], c.ret[rows], rows)
        for key, code, call, ret, row in zip(*(column.tolist() for column in columns), strict=True):
            found.setdefault((key, code), []).append((call, ret, row))
        self.of = {version: _Version(some) for version, some in found.items()}
        reads = np.flatnonzero((c.function == READ) & (c.outcome == Completion.OK.value))
        self.reads: list[int] = reads[np.lexsort((c.ret[reads], c.call[reads]))].tolist()
        self.values: list[int] = value.tolist()

    def read_by(self, row: int) -> _Version | None:
        """The version that a read returned; None if no write can have left it by then."""
        c = self.history.columns
        version = self.of.get((int(c.key[row]), self.values[row]))
        return version if version is not None and version.ended_by(int(c.ret[row])) is not None else None

    def follows(self, row: int, other: int) -> bool:
        """Whether an operation came after another of its process: of two at one instant nobody knows."""
        c = self.history.columns
        return bool(c.call[other] < c.call[row] or c.ret[other] < c.ret[row])


def eventual(history: History) -> Promised:
    """Every read returned a value that was committed, or may have been, by the time it returned."""
    versions = _Versions(history)
    c = history.columns
    replaced = _replacements(history)
    told: list[Failure] = []
    measured: list[tuple[int, int, int]] = []
    for row in versions.reads:
        version = versions.read_by(row)
        if version is None:
            told.append(_not_committed(history, row))
            continue
        ended = version.ended_by(int(c.ret[row]))
        assert ended is not None
        measured.append((row, *replaced[int(c.key[row])](ended, int(c.call[row]))))
    answer = _answer("eventual", versions, told)
    return Promised(
        answer.promise, answer.reads, answer.violations, answer.told, _staleness(measured), measured
    )


def read_your_writes(history: History) -> Promised:
    """No read of a process returned a value older than what this process had written before."""
    versions = _Versions(history)
    c = history.columns
    wrote = c.function != READ
    rows = np.flatnonzero((wrote | (c.function == READ)) & (c.outcome == Completion.OK.value))
    told: list[Failure] = []
    own: dict[tuple[int, int], int] = {}
    # Of a read and a write of one instant nobody knows which came first, so the read does.
    for row in rows[np.lexsort((wrote[rows], c.ret[rows], c.call[rows]))].tolist():
        session = int(c.process[row]), int(c.key[row])
        if wrote[row]:
            own[session] = row
            continue
        version = versions.read_by(row)
        written = own.get(session)
        if version is None or written is None:
            continue
        ended = version.ended_by(int(c.ret[row]))
        if ended is not None and ended < c.call[written]:
            told.append(_older(history, OLDER_THAN_WRITTEN, row, written, version))
    return _answer("read-your-writes", versions, told)


def monotonic_reads(history: History) -> Promised:
    """No read of a process returned a value older than what this process had read before."""
    versions = _Versions(history)
    c = history.columns
    told: list[Failure] = []
    newest: dict[tuple[int, int], tuple[int, int]] = {}
    for row in versions.reads:
        version = versions.read_by(row)
        if version is None:
            continue
        session = int(c.process[row]), int(c.key[row])
        began, read = newest.get(session, (ALWAYS, -1))
        ended = version.ended_by(int(c.ret[row]))
        if ended is not None and ended < began and versions.follows(row, read):
            told.append(_older(history, OLDER_THAN_READ, row, read, version))
        if version.calls[0] > began:
            newest[session] = version.calls[0], row
    return _answer("monotonic-reads", versions, told)


PROMISES: Final[Mapping[str, Callable[[History], Promised]]] = {
    "eventual": eventual,
    "read-your-writes": read_your_writes,
    "monotonic-reads": monotonic_reads,
}
"""The promises by their names on the command line."""


def _replacements(history: History) -> list[Callable[[int, int], tuple[int, int]]]:
    """For each key: how stale, at least, a value whose writes had ended by one time was at another."""
    c = history.columns
    wrote = (c.function != READ) & (c.outcome == Completion.OK.value)
    return [_replacement(*part) for part in _writes_of_keys(history, wrote)]


def _writes_of_keys(history: History, wrote: np.ndarray) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """For each key, the calls in order, the least return from each of them on, and the returns in order."""
    c = history.columns
    for rows in history.rows_of_keys():
        some = rows[wrote[rows]]
        some = some[np.argsort(c.call[some], kind="stable")]
        rets = c.ret[some]
        soonest = np.minimum.accumulate(rets[::-1])[::-1]
        yield c.call[some].tolist(), soonest.tolist(), np.sort(rets).tolist()


def _replacement(
    calls: list[int], soonest: list[int], rets: list[int]
) -> Callable[[int, int], tuple[int, int]]:
    def stale(ended: int, time: int) -> tuple[int, int]:
        first = bisect_right(calls, ended)
        if first == len(calls) or soonest[first] >= time:
            return 0, 0
        # Of those that had returned, all but the ones begun before the value's own write had ended are newer.
        return time - soonest[first], max(1, bisect_left(rets, time) - first)

    return stale


def _staleness(measured: Sequence[tuple[int, int, int]]) -> Staleness:
    times = np.sort(np.array([time for _, time, _ in measured] or [0], dtype=np.int64))
    versions = np.array([missed for _, _, missed in measured] or [0], dtype=np.int64)
    p50, p90, p99 = (int(times[(len(times) - 1) * part // 100]) for part in (50, 90, 99))
    return Staleness(
        reads=len(measured),
        stale_reads=int((times > 0).sum()),
        p50=p50,
        p90=p90,
        p99=p99,
        max=int(times[-1]),
        versions_mean=round(float(versions.mean()), 3),
        versions_max=int(versions.max()),
    )


def _answer(promise: str, versions: _Versions, told: Sequence[Failure]) -> Promised:
    return Promised(promise, len(versions.reads), len(told), tuple(told[:TOLD_AT_MOST]))


def _not_committed(history: History, row: int) -> Failure:
    op: Operation = history[row]
    c = history.columns
    left = np.where(c.function == DELETE, ABSENT, c.value)
    writers = np.flatnonzero((c.key == c.key[row]) & (left == c.value[row]) & (c.function != READ))
    if not len(writers):
        return Failure(NOT_COMMITTED, (row,), f"{did(op)}, but nobody ever wrote {value_text(op.value)}")
    writers = writers[np.lexsort((c.call[writers], np.isin(c.outcome[writers], NOT_DONE)))]
    writer: Operation = history[int(writers[0])]
    if writer.outcome in NOT_DONE:
        reason = f"{name(writer)}, which alone wrote it, had failed"
    else:
        reason = (
            f"{phrase(writer)} began {before(history, op, writer).removesuffix(' before')} after it had ended"
        )
    return Failure(NOT_COMMITTED, (row, writer.index), f"{did(op)}, but {reason}")


def _older(history: History, cause: str, row: int, known: int, version: _Version) -> Failure:
    op, earlier = history[row], history[known]
    source = version.last_row(op.ret)
    witness = [row, known]
    if source < 0:
        age = f"{value_text(op.value)}, as in the beginning,"
    else:
        witness.append(source)
        age = phrase(history[source])
    said = "had written" if earlier.function != "read" else "had read"
    thing = value_text(None if earlier.function == "delete" else earlier.value)
    sentence = (
        f"{did(op)}, though its process {said} {thing} by {name(earlier)}, which ended "
        f"{before(history, earlier, op)} it began; {age} is certainly older"
    )
    return Failure(cause, tuple(witness), sentence)
