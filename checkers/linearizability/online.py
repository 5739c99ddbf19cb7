"""Linearizability of one key while it is being used: a verdict at every return.

For the simulator's hot loop. `KeyFrontier` is algorithm B (frontier search), fed event by event. Its memory
follows concurrency, not length. A verdict is exact: after each `returned` or `abandon` it says whether the
history so far, open operations pending, is linearizable for a register with compare-and-set and delete.

How it works. A configuration is `(state, used, hidden)`: the value of the key, the open operations that were
linearized already, and the open plain writes that may have been, unseen, just before another plain write (so
one configuration stands for all subsets of `hidden`). When x returns, configurations without x linearize open
operations until x is in; where none is left, the history is not linearizable. Four rules keep them few, and
each only drops what another covers:

1. A read is linearized in each configuration as soon as the state is what it returned.
2. A plain write other than x, and any write of unknown outcome, is linearized by itself only if an open
   operation waits for its value. Unseen, a pending one need not have happened, and a plain one is hidden. A
   cas of unknown outcome waits only if some operation waits for what it would leave, and no write of unknown
   outcome is linearized where it changes neither the value nor what is hidden.
3. Of writes of unknown outcome that do the same, the one that was called last is linearized first. Whatever
   follows, the other could have done the same, and still can; when one is settled, `changed` finds the
   configurations again in which an earlier one stands for a later one.
4. Of two configurations in the same state the one that leaves at least the other's possibilities is kept.

What a read returns is known only when it returns. Until then it is left out; then the events since its call
are replayed with it, from the configurations of that moment. So an operation costs what happens while it
runs. A cas is an optional write until it returns; one that failed is replayed as a read.

Bits name open operations and are reused once these have returned. Deciding a register with compare-and-set is
NP-complete (Gibbons and Korach, *Testing Shared Memories*, 1997), so the work can be bounded.

Source: Wing and Gong, *Testing and Verifying Concurrent Objects* (1993); Lowe, *Testing for Linearizability*
(2017), for searching forward by configurations. The rules are argued in `docs/linearizability-proof.md`.
"""

import sys
from collections.abc import Hashable, Sequence
from typing import Any, Final

from dynaproof.checkers.linearizability.configurations import (
    CAS,
    DELETE,
    READ,
    Configuration,
    OpenOperation,
    changed,
    later_twins,
    mark,
    of_use,
    twins,
    uncovered,
    without,
)

UNSEEN: Final = object()
"""What a failed condition saw, if that is unknown."""


class FrontierError(Exception):
    """The bound on work was reached: there is no verdict, and the frontier is no longer of use."""


_Event = tuple[OpenOperation, tuple[OpenOperation, ...] | None, int]
"""The call of an observer (None), or a return with the writes open at that moment; and its number."""

TRIM_LOG_OVER = 32
COMPARE_AT_MOST = 64


class KeyFrontier:
    """One key, from its first operation on. Calls and returns must come in order of time.

    At equal times give calls before returns. Values are hashable and compared by `==`; None is absent.
    With `most`, an event that would make more configurations than that raises `FrontierError`.
    """

    __slots__ = (
        "_base", "_closing", "_configurations", "_crashed", "_crashed_bits", "_free", "_left", "_log",
        "_lost", "_most", "_mutators", "_number", "_observers", "_open", "_returns",
    )  # fmt: skip

    def __init__(self, initial: Hashable = None, most: int | None = None) -> None:
        self._most = sys.maxsize if most is None else most
        self._left = self._most  # How much more the present event may cost.
        self._configurations: list[Configuration] = [
            (initial, 0, 0)
        ]  # Never changed in place: snapshots share it.
        self._open: dict[Hashable, OpenOperation] = {}
        self._mutators: dict[OpenOperation, None] = {}  # Open and of use as a write.
        self._observers: dict[OpenOperation, None] = {}  # Open and of use as a read, the oldest first.
        self._crashed: dict[Any, list[OpenOperation]] = {}  # By the value that they would leave.
        self._crashed_bits = 0
        self._lost: dict[Hashable, OpenOperation] = {}  # The crashed ones that may be settled.
        self._closing: list[OpenOperation] = []  # Settled, but still needed for a replay.
        self._log: list[_Event] = []  # Since the call of the oldest observer.
        self._base = 0  # How many events were dropped from the log.
        self._free = -1
        self._number = 0
        self._returns = 0

    @property
    def legal(self) -> bool:
        """Whether the history so far is linearizable."""
        return bool(self._configurations)

    @property
    def size(self) -> int:
        """How many configurations, remembered events and open operations there are: memory follows these."""
        crashed = sum(map(len, self._crashed.values()))
        return len(self._configurations) + len(self._log) + len(self._open) + crashed

    def call(self, op_id: Hashable, kind: int, value: Hashable = None, expected: Hashable = None) -> None:
        """An operation begins: READ, PUT of `value`, DELETE, or CAS from `expected` to `value`.

        A conditional delete is a CAS to None, a put-if-absent a CAS from None.
        """
        free = self._free
        bit = free & -free
        self._free = free ^ bit
        self._number += 1
        op = OpenOperation(bit, kind, None if kind == DELETE else value, expected, self._number)
        self._open[op_id] = op
        if kind != READ:
            self._mutators[op] = None
        if kind in {READ, CAS}:
            op.snapshot = self._configurations
            op.beside = tuple(self._observers)
            op.log_at = self._base + len(self._log)
            op.returns_at = self._returns
            self._observers[op] = None
            self._log.append((op, None, self._number))

    def returned(self, op_id: Hashable, observed: Any = None, *, applied: bool = True) -> bool:
        """An operation ends, and its outcome is known; gives whether the history so far is linearizable.

        `observed` is what a READ returned, and what a CAS with `applied=False` saw (`UNSEEN`: anything but
        what it expected).
        """
        self._left = self._most
        op = self._open.pop(op_id)
        if op.kind == READ:
            op.value = observed
            op.reads = True
        elif op.kind == CAS and not applied:
            op.reads = True
            op.alive = False
            op.value = observed
            op.differs = observed is UNSEEN
            if observed == op.expected:
                self._refuse()
        if op.reads:
            self._replay(op)
        mutators = tuple(self._mutators)
        self._mutators.pop(op, None)
        self._observers.pop(op, None)
        self._number += 1
        self._configurations = self._require(
            self._configurations, op, mutators, (op,) if op.reads else (), self._number
        )
        if self._observers:
            self._returns += 1
            self._log.append((op, mutators, self._number))
        self._close(op)
        self._free |= op.bit
        return bool(self._configurations)

    def unknown(self, op_id: Hashable) -> None:
        """The outcome of an operation will never be known: a write stays open forever."""
        self._left = self._most
        op = self._open.pop(op_id)
        self._observers.pop(op, None)
        if op.kind == READ:
            self._free |= op.bit
        else:
            del self._mutators[op]
            op.crashed = True
            self._lost[op_id] = op
            self._crashed.setdefault(op.value, []).append(op)
            self._crashed_bits |= op.bit
        self._close(op)

    def settle(self, op_id: Hashable, *, never: bool) -> bool:
        """A write of unknown outcome has taken effect by now, or never will; with `never`, certainly not.

        Gives whether the history so far is linearizable. So that the unknown costs few configurations, a
        write that nobody saw may also count as one that never took effect.
        """
        self._left = self._most
        op = self._lost.pop(op_id)
        if op.forgotten:
            if never:
                self._refuse()
            return bool(self._configurations)
        if never:
            op.alive = False
            earlier = [y for y in twins(op, self._crashed.get(op.value, [])) if y.number < op.number]
            self._configurations = without(changed(self._configurations, earlier, [op]), op.bit)
            for other in self._observers:
                if other.number > op.number:  # As in `abandon`.
                    other.snapshot = without(changed(other.snapshot, earlier, [op]), op.bit)
            self._forget([op])
        else:
            self._closing.append(op)
            if not self._observers:
                self._close_settled()
        return bool(self._configurations)

    def abandon(self, op_id: Hashable) -> bool:
        """An operation certainly did not happen; gives whether the history so far is linearizable."""
        self._left = self._most
        op = self._open.pop(op_id)
        self._observers.pop(op, None)
        if op.kind != READ:
            del self._mutators[op]
            op.alive = False
            self._configurations = without(self._configurations, op.bit)
            for other in self._observers:
                if other.number > op.number:  # In earlier snapshots the bit was another operation's.
                    other.snapshot = without(other.snapshot, op.bit)
        self._close(op)
        self._free |= op.bit
        return bool(self._configurations)

    def _replay(self, read: OpenOperation) -> None:
        """Bring the configurations to now as if the result of `read` had been known since its call."""
        active = [other for other in read.beside if other.reads]
        if read.returns_at == self._returns:
            self._configurations = mark(self._configurations, read)
            return
        configurations = read.snapshot
        for other in active:
            configurations = mark(configurations, other)
        for op, mutators, number in self._log[read.log_at - self._base :]:
            if mutators is not None:
                configurations = self._require(configurations, op, mutators, active, number)
                if op.reads:
                    active.remove(op)
            elif op.reads:
                active.append(op)
                configurations = mark(configurations, op)
            elif op in self._observers:
                op.snapshot = configurations
        self._configurations = configurations

    def _require(
        self,
        configurations: list[Configuration],
        x: OpenOperation,
        mutators: tuple[OpenOperation, ...],
        readers: Sequence[OpenOperation],
        number: int,
    ) -> list[Configuration]:
        """The configurations after the return of x: each linearizes what it needs for x to be in."""
        bit = x.bit
        done: dict[Configuration, None] = {}
        todo: list[Configuration] = []
        for configuration in configurations:
            state, used, hidden = configuration
            if used & bit:
                done[state, used ^ bit, hidden] = None
                continue
            if hidden & bit:  # Either it happened, unseen, or it happens now.
                done[state, used, hidden ^ bit] = None
            todo.append(configuration)
        if todo:
            if not readers and not self._crashed and len(mutators) == 1:
                for state, used, _ in todo:  # Alone: by far the most frequent case.
                    if x.kind != CAS or state == x.expected:
                        done[x.value, used, 0] = None
            else:
                self._expand(todo, done, x, mutators, readers, number)
        return self._prune(list(done), number) if len(done) > 1 else list(done)

    def _expand(
        self,
        todo: list[Configuration],
        done: dict[Configuration, None],
        x: OpenOperation,
        mutators: tuple[OpenOperation, ...],
        readers: Sequence[OpenOperation],
        number: int,
    ) -> None:
        """Linearize open writes from the configurations in `todo` until x is in; those go to `done`."""
        wanted: dict[Any, int] = {}  # By value, the bits of the operations that wait for it.
        picky = [r for r in readers if r.differs]
        plain = 0
        for r in readers:
            if not r.differs:
                wanted[r.value] = wanted.get(r.value, 0) | r.bit
        for y in mutators:
            if y.kind == CAS and y.alive and not y.crashed:
                wanted[y.expected] = wanted.get(y.expected, 0) | y.bit
            elif y.alive and not y.crashed:
                plain |= y.bit
        moves = [y for y in mutators if y.alive and not y.crashed]
        crashed = of_use(self._crashed, wanted, picky, number)
        later = later_twins(crashed) if len(crashed) > 1 else {}
        moves += crashed
        seen = set(todo)
        left = self._left
        bit = x.bit
        while todo:
            state, used, hidden = todo.pop()
            left -= len(moves)
            if left < 0:
                raise FrontierError
            for y in moves:
                value = y.value
                if used & y.bit or (y.kind == CAS and state != y.expected):
                    continue
                if y.crashed and state == value and (y.kind == CAS or not plain & ~(used | hidden)):
                    continue
                if y.crashed and later and later[y] & ~used:
                    continue
                if y is not x and (y.crashed or y.kind != CAS):
                    waiting = wanted.get(value, 0) & ~used & ~y.bit
                    if not waiting and not any(r.expected != value and not used & r.bit for r in picky):
                        continue
                now_used = used | y.bit
                now_hidden = hidden if y.kind == CAS else (hidden | plain) & ~now_used
                for r in readers:
                    if r.expected != value if r.differs else r.value == value:
                        now_used |= r.bit
                if now_used & bit:
                    done[value, now_used ^ bit, now_hidden & ~bit] = None
                    continue
                after = (value, now_used, now_hidden)
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        self._left = left

    def _prune(self, configurations: list[Configuration], number: int) -> list[Configuration]:
        """Drop what another configuration in the same state covers (rule 4)."""
        if len(configurations) > COMPARE_AT_MOST:
            return configurations
        crashed = 0
        for ys in self._crashed.values():
            for y in ys:
                if y.number < number:  # In a replay a later one's bit may still be another operation's.
                    crashed |= y.bit
        return uncovered(configurations, crashed)

    def _close(self, op: OpenOperation) -> None:
        """Forget what can no longer be asked for once `op` is not open."""
        op.beside = ()
        op.snapshot = []
        if self._observers:
            oldest = next(iter(self._observers)).log_at - self._base
            if oldest > TRIM_LOG_OVER:
                del self._log[:oldest]
                self._base += oldest
            return
        self._base += len(self._log)
        self._log.clear()
        if self._closing:
            self._close_settled()
        if self._crashed_bits:
            self._forget_used()

    def _refuse(self) -> None:
        """No order explains what was seen, whatever is replayed later."""
        for other in self._observers:
            other.snapshot = []
        self._configurations = []

    def _close_settled(self) -> None:
        """Let what was settled happen now, or not at all; at this moment nothing can be replayed."""
        for op in self._closing:
            if op.forgotten:
                continue
            later = [y for y in twins(op, self._crashed.get(op.value, [])) if y.number > op.number]
            self._configurations = changed(self._configurations, [op], later)
            self._forget([op])
            op.crashed = False
            self._number += 1
            before = without(self._configurations, op.bit)
            now = self._require(self._configurations, op, (*self._mutators, op), (), self._number)
            self._configurations = self._prune(list(dict.fromkeys([*now, *before])), self._number)
        self._closing.clear()

    def _forget(self, ops: Sequence[OpenOperation]) -> None:
        """Remove operations from those of unknown outcome; no configuration may have their bits by then."""
        gone = sum(op.bit for op in ops)
        left = {value: [y for y in ys if not y.bit & gone] for value, ys in self._crashed.items()}
        self._crashed = {value: ys for value, ys in left.items() if ys}
        self._crashed_bits &= ~gone
        self._free |= gone

    def _forget_used(self) -> None:
        """Forget writes of unknown outcome that happened in every configuration."""
        common = self._crashed_bits
        for _, used, _ in self._configurations:
            common &= used
        if not common or not self._configurations:
            return
        for ys in self._crashed.values():
            for y in ys:
                if not y.bit & common:  # It may come to stand for a later twin.
                    common &= ~sum(z.bit for z in twins(y, ys) if z.number > y.number)
        if not common:
            return
        self._configurations = [(s, used & ~common, hidden) for s, used, hidden in self._configurations]
        known = [y for ys in self._crashed.values() for y in ys if y.bit & common]
        for op in known:
            op.forgotten = True
        self._forget(known)
