"""Seeded bugs in what decides linearizability: readers, reduction, algorithms, verifier. Does fuzzing notice?

A bug is caught when a history makes the part that has it disagree with the oracle, or makes the verifier and
the definition disagree. An exception counts for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from dynaproof.checkers.linearizability.fuzzing import fuzz
from dynaproof.checkers.mutation.search_bugs import SEARCH_BUGS
from dynaproof.checkers.patches import Bug, Edit, seeded


class CheckerBug(Bug, frozen=True, kw_only=True):
    """One seeded bug, and the part of the deciders that has it."""

    part: str

    @property
    def place(self) -> str:
        """`module:function` or `module:class.method`, below `checkers` unless it is of `specs`."""
        (edit,) = self.edits
        return f"{edit.module.removeprefix('dynaproof.').removeprefix('checkers.')}:{edit.within}"


class Caught(Struct, frozen=True):
    """The result of one hunt: caught by history `histories` of the seed (None: it survived), and how."""

    name: str
    histories: int | None
    how: str
    seconds: float


def hunt(bug: CheckerBug, seed: int, at_most: int, clock: Callable[[], float] = time.monotonic) -> Caught:
    """Fuzz until the bug is caught, with at most this many histories."""
    began = clock()
    with seeded(bug):
        found = next(fuzz(seed, at_most), None)
    took = round(clock() - began, 3)
    if found is None:
        return Caught(bug.name, None, "survived", took)
    return Caught(bug.name, found.number + 1, found.what, took)


def _bugs(part: str, module: str, *rows: tuple[str, str, str, str]) -> list[CheckerBug]:
    """Bugs of one part: for each its name, the function, the right text there and the wrong one."""
    folder = "dynaproof" if module.startswith("specs.") else "dynaproof.checkers"
    return [
        CheckerBug(name, part, (Edit(f"{folder}.{module}", right, wrong, within=where),), part=part)
        for name, where, right, wrong in rows
    ]


CHECKER_BUGS: Final = {
    bug.name: bug
    for bug in [
        *_bugs(
            "readers", "histories.events",
            ("failed-is-unknown", "EventLog.add",
             "self._builder.failed(pending.row, event.time, seen=event.seen, differed=event.differed)",
             "pass"),
            ("unknown-is-ok", "EventLog.add", "self._lost[event.process] = pending.line",
             "self._builder.ok(pending.row, event.time)"),
            ("failed-cas-differs-in-edn", "EventLog.add", "differed=event.differed", "differed=True"),
            ("answer-of-a-write-is-its-value", "EventLog.add", "event.function in ANSWERS or (",
             "event.function or ("),
            ("answer-of-a-dequeue-is-passed-over", "EventLog.add", "elif event.function in ANSWERS or (",
             'elif event.function == "read" or ('),
        ),
        *_bugs(
            "readers", "histories",
            ("differed-is-nothing", "_finished", '== "differed"', '!= "differed"'),
            ("seen-is-passed-over", "_finished", "& (c.seen == NOT_RECORDED)", ""),
        ),
        *_bugs(
            "readers", "histories.edn",
            ("set-loses-an-element", "_collection", "frozenset(items)", "frozenset(items[1:])"),
        ),
        *_bugs(
            "readers", "histories.json_lines",
            ("seen-absent-is-not-recorded", "_Reader._conditions", "if line.seen is not UNSET:",
             "if line.seen is not UNSET and line.seen is not None:"),
            ("old-and-new-swapped", "_Reader._row", "expected, value = value", "value, expected = value"),
            ("failed-condition-applied", "_Reader._conditions", "if ok is False:", "if False:"),
            ("what-did-not-happen-differed", "_Reader._row", "outcome = Completion.NO_EFFECT", "pass"),
        ),
        *_bugs(
            "reduction", "linearizability.register",
            ("failed-condition-dropped", "reduce", "] = ASK_DIFFERS", "] = DROPPED"),
            ("seen-value-dropped", "reduce", "(c.function == READ) | recorded |", "(c.function == READ) |"),
            ("pending-read-counts", "reduce", "(unknown & (kind == ASK_READ))",
             "(unknown & (kind == DROPPED))"),
            ("certain-failure-happened", "reduce", "| (failed & ~is_cas)", ""),
            ("saw-what-it-expected", "reduce", "recorded & (c.seen == c.expected)", "recorded & False"),
            ("what-did-not-happen-happened", "reduce",
             "kind[c.outcome == Completion.NO_EFFECT.value] = DROPPED", "pass"),
        ),
        *_bugs(
            "beginning", "linearizability.beginning",
            ("begins-absent", "with_beginning", "WRITE, keys, code,", "WRITE, keys, ABSENT,"),
            ("begins-late", "with_beginning", "int(history.columns.call.min()) - 1",
             "int(history.columns.call.max())"),
        ),
        *_bugs(
            "beginning", "linearizability.checking",
            ("beginning-stands-in-the-order", "_without_beginning", "certificate[certificate < operations]",
             "certificate"),
        ),
        *_bugs(
            "objects", "specs.objects",
            ("set-keeps-what-was-removed", "Set.step", "return (state - {operation.value},)",
             "return (state,)"),
            ("stack-pops-the-bottom", "Stack.step", "if state[-1] == operation.value",
             "if state[0] == operation.value"),
            ("queue-gives-the-last", "Queue.step", "if state[0] == operation.value",
             "if state[-1] == operation.value"),
            ("counter-forgets-an-add", "Counter.step", "return (state + operation.value,)",
             "return (state,)"),
            ("mutex-is-never-held", "Mutex.step", 'return ("held",) if', 'return ("free",) if'),
        ),
        *_bugs(
            "objects", "linearizability.explain_objects",
            ("what-was-there-is-told-as-garbage", "causes", "thing.initial != type(thing)().initial",
             "False"),
        ),
        *_bugs(
            "objects", "linearizability.explain_containers",
            ("unknown-pop-took-nothing", "_stays", "taker.outcome is Completion.UNKNOWN or", ""),
            ("removed-since-is-told-as-lost", "of_set", "and one.ret >= add.call", "and False"),
            ("added-again-is-told-as-removed", "_present", "source.ret < one.call for", "True for"),
            ("released-between-is-told-as-held", "of_mutex", "other.ret < one.call for other",
             "other.ret < op.call for other"),
            ("popped-before-it-was-pushed-on", "of_stack", "sources[0].ret < one.call", "True"),
        ),
        *_bugs(
            "A, step 0", "linearizability.chains",
            ("no-closure-of-the-pending", "keep", "if asks[i].kind == ASK_CAS:",
             "if asks[i].kind == ASK_READ:"),
            ("pending-delete-dropped", "keep", " or (ask.kind == ASK_PUT and ask.value == ABSENT)", ""),
            ("pending-always-happened", "keep", "if ask.ret != NEVER or i in happened", "if True"),
            ("set-aside-forgotten", "keep", "set_aside = True", "set_aside = False"),
        ),
        *_bugs(
            "A, step 1", "linearizability.chains",
            ("garbage-read-passes", "index_values", "if value not in writer and value != ABSENT:",
             "if False:"),
            ("lost-update-passes", "index_values", "twice = twice or (successors[ask.need], i)", "pass"),
        ),
        *_bugs(
            "A, step 2", "linearizability.chains",
            ("half-open-in-chains", "_against_time", "if asks[i].ret < latest:", "if asks[i].ret <= latest:"),
            ("late-readers-forgotten", "_against_time", "if asks[i].call > latest:",
             "if asks[i].call > latest and asks[i].kind != ASK_READ:"),
            ("cycles-pass", "follow", "if reached != len(writer) +", "if False and reached != len(writer) +"),
            ("conditional-delete-leaves-a-value", "follow",
             "ends_absent = tail.kind != ASK_READ and tail.value == ABSENT", "ends_absent = False"),
        ),
        *_bugs(
            "A, step 3", "linearizability.zones",
            ("half-open-zones", "_Sweep._check_zones", "other.first_ret < one.last_call",
             "other.first_ret <= one.last_call"),
            ("first-zone-not-compared", "_Sweep._check_zones", "pairwise(self.zones)",
             "pairwise(self.zones[1:])"),
        ),
        *_bugs(
            "A, step 4", "linearizability.zones",
            ("half-open-inside", "_Sweep._fit_items", "if deadline < zone.last_call:",
             "if deadline <= zone.last_call:"),
            ("release-not-cut", "_Sweep._fit_items", "release = zone.last_call", "pass"),
            ("deadline-not-cut", "_Sweep._fit_items", "deadline = zones[at].first_ret", "pass"),
        ),
        *_bugs(
            "A, step 5", "linearizability.zones",
            ("released-a-tick-late", "_Sweep._sweep", "(item.release, RELEASE, i)",
             "(item.release + 1, RELEASE, i)"),
            ("zone-takes-no-delete", "_Sweep._sweep",
             "if zone.needs_absent and self.live and not self._make_absent():",
             "if zone.needs_absent and self.live:"),
            ("zone-wastes-absence", "_Sweep._sweep", "if not zone.needs_absent and not self.live:",
             "if False:"),
            ("zone-always-leaves-a-value", "_Sweep._sweep", "self._become(not self.zones[i].ends_absent,",
             "self._become(True,"),
            ("due-takes-no-delete", "_Sweep._due",
             "if item.needs_absent and self.live and not self._make_absent():",
             "if item.needs_absent and self.live:"),
            ("due-wastes-absence", "_Sweep._due", "if not item.needs_absent and not self.live:", "if False:"),
            ("latest-delete-first", "_Sweep._release", "heapq.heappush(self.making, (item.deadline, i))",
             "heapq.heappush(self.making, (-item.deadline, i))"),
            ("latest-put-if-absent-first", "_Sweep._release",
             "heapq.heappush(self.creating, (item.deadline, i))",
             "heapq.heappush(self.creating, (-item.deadline, i))"),
            ("absence-is-overwritten", "_Sweep._kill", "if self.creating:", "if False:"),
            ("absence-not-used", "_Sweep._flush", "self.killing if self.live else self.resting",
             "self.killing if self.live else []"),
        ),
        *_bugs(
            "A, numpy", "linearizability.zone_columns",
            ("outside-by-what-nobody-knows-of", "why_outside", " & (asks.ret[lo:hi] != NEVER)", ""),
            ("outside-by-absence", "why_outside", " & (value != ABSENT)", ""),
            ("columns-write-one-value-twice", "decide", "None if twice else", "None if False else"),
            ("columns-garbage-read-passes", "_decide", "if len(of) and of.min() < 0:", "if False:"),
            ("columns-half-open-in-chains", "_decide", "read_ret < last_call[of]",
             "read_ret <= last_call[of]"),
            ("columns-early-reads-forgotten", "_decide", "np.minimum.at(first_ret, of, read_ret)", "pass"),
            ("columns-late-reads-forgotten", "_decide", "np.maximum.at(last_call, of, read_call)", "pass"),
            ("columns-half-open-zones", "_decide", "starts[1:] < ends[:-1]", "starts[1:] <= ends[:-1]"),
            ("columns-half-open-inside", "_decide", "(deadline < ends_after[at_release])",
             "(deadline <= ends_after[at_release])"),
            ("columns-deadline-not-cut", "_decide", "np.minimum(deadline, starts_after[at_deadline])",
             "deadline"),
            ("columns-zones-before-what-is-due", "_decide", "np.argsort(np.concatenate([deadline, starts])",
             "np.argsort(np.concatenate([deadline + 1, starts])"),
            ("columns-readers-unsorted", "_decide", 'np.argsort(read_call, kind="stable")',
             "np.arange(len(reads))"),
        ),
        *_bugs(
            "A, machine code", "linearizability.chain_kernels",
            ("links-leak-into-the-next-key", "clear", "w.last_call[value] = -1", "pass"),
            ("kernel-first-return-is-the-last", "link", "c.ret[i] <= c.ret[w.first_ret[need]]",
             "c.ret[i] >= c.ret[w.first_ret[need]]"),
            ("kernel-late-readers-forgotten", "follow", "if c.call[w.last_call[value]] > c.call[last]:",
             "if False:"),
            ("kernel-no-closure", "_keep_pending", "if c.kind[i] == ASK_CAS and w.needed[c.need[i]] == 0:",
             "if False:"),
        ),
        *_bugs(
            "A, machine code", "linearizability.zone_kernels",
            ("kernel-deadline-not-cut", "_fit", "_first_after(ends, deadline)",
             "_first_after(ends, deadline + 1)"),
            ("kernel-zone-before-what-is-due", "_merge", "starts[z] < deadline:", "starts[z] <= deadline:"),
        ),
        *_bugs(
            "A, machine code", "linearizability.sweep_kernels",
            ("kernel-zone-starts-before-what-is-due", "sweep", "d < due and deadline <= bound",
             "d < due and deadline < bound"),
            ("kernel-heap-upside-down", "push", "> deadline[item]", "< deadline[item]"),
            ("kernel-heap-never-rises", "push", "at = (at - 1) // 2", "break"),
            ("kernel-heap-forgets-the-last-child", "pop", "below + 1 < size - 1 and deadline",
             "below + 2 < size - 1 and deadline"),
            ("kernel-heap-left-child-only", "pop",
             "deadline[heap[below + 1]] < deadline[heap[below]]", "False"),
            ("kernel-heap-sinks-one-step", "pop", "at, below = below, 2 * below + 1",
             "at, below = below, size"),
            ("kernel-readers-unsorted", "write_chain", "if not in_order:", "if False:"),
        ),
        *_bugs(
            "B", "linearizability.frontier",
            ("returns-before-calls", "_Search.run", "events.sort()",
             "events.sort(key=lambda e: (e[0], -e[1], e[2]))"),
            ("hidden-never-comes-out", "_Search._return", "if hidden & bit:", "if False:"),
            ("reads-wait-for-the-next-write", "_Search._expand",
             "if not now_used & b and _legal(r, ask.value):",
             "if False:"),
            ("cas-only-if-waited-for", "_Search._expand", "(ask.kind == ASK_PUT or ask.ret == NEVER)",
             "True"),
            ("failed-conditions-wait-for-nothing", "_Search._expand",
             "if not waiting and not any(r.need != ask.value and not used & b for r, b in picky):",
             "if not waiting:"),
            ("covers-without-the-hidden", "_Search._covers", "and not other[2] & ~one[2]", ""),
            ("covers-with-more-pending-used", "_Search._covers", "not one[1] & ~other[1] & pending",
             "not other[1] & ~one[1] & pending"),
            ("covers-with-fewer-reads", "_Search._covers", "not other[1] & ~one[1] & self.read_bits",
             "not one[1] & ~other[1] & self.read_bits"),
            ("failed-condition-always-legal", "_legal", "state != ask.need if", "True if"),
        ),
        *(bug for part, module, *rows in SEARCH_BUGS for bug in _bugs(part, module, *rows)),
        *_bugs(
            "patterns, machine code", "linearizability.pattern_kernel",
            ("kernel-pattern-half-open-source", "excludes", "calls[at] <= ret[x]", "calls[at] < ret[x]"),
            ("kernel-pattern-half-open-reader", "excludes", "soonest[after, 2 * first] < call[x]",
             "soonest[after, 2 * first] <= call[x]"),
            ("kernel-pattern-of-the-same-value", "excludes",
             "soonest[after, 2 * first + 1] != need[x] and", ""),
            ("kernel-pattern-last-writer-only", "excludes", "max(latest[value[source]], ret[source])",
             "ret[source]"),
            ("kernel-pattern-forgets-the-beginning", "is_excluded", "latest[codes[-1]] = -NEVER", "pass"),
            ("kernel-pattern-one-value-remembered", "_note",
             "soonest[at, 2], soonest[at, 3] = soonest[at, 0], soonest[at, 1]", "pass"),
        ),
        *_bugs(
            "patterns", "linearizability.patterns",
            ("pattern-half-open-source", "_Witnesses.of_another", "bisect_right(self.calls, after)",
             "bisect_right(self.calls, after - 1)"),
            ("pattern-half-open-reader", "_Witnesses.of_another", "ret < before", "ret <= before"),
            ("pattern-of-the-same-value", "_Witnesses.of_another", "known != value and", ""),
            ("pattern-last-writer-only", "_Sources.__init__",
             "(ret, i) if not latest or ret > latest[-1][0] else latest[-1]", "(ret, i)"),
            ("pattern-forgets-the-beginning", "_Sources.__init__", "{initial: [-NEVER]}", "{initial: []}"),
            ("pattern-source-must-end", "_Sources.last_return",
             "bisect_right(self.calls.get(value, ()), until)",
             "bisect_right(self.calls.get(value, ()), until - 1)"),
            ("pattern-pending-reads-count", "find", "or ret == NEVER", ""),
            ("pattern-readers-know-nothing", "_Witnesses.__init__", "if kind != ASK_PUT:",
             "if kind > ASK_PUT:"),
            ("pattern-one-value-remembered", "_Witnesses.__init__", "second = first", "pass"),
        ),
        *_bugs(
            "patterns", "linearizability.patterns_of_objects",
            ("queue-crashed-dequeues-took-nothing", "_of_queue", "crashed = min(crashed, op.call)", "pass"),
            ("queue-still-there-when-taken-later", "_of_queue", "(op.ret, min(taken[value], crashed))",
             "(op.ret, NEVER)"),
            ("queue-values-of-any-number", "_of_queue", "if len(ops) == 1}", "}"),
            ("queue-rivals-that-end-later", "_of_queue", "bisect_right(rets, op.ret) >", "len(rets) >"),
            ("counter-open-adds-are-certain", "_of_counter", "total.below(op.call)", "total.until(op.ret)"),
            ("counter-crashed-adds-add-nothing", "_of_counter",
             "(op.call, value) for op in adds if", "(op.call, value) for op in ended if"),
            ("string-writes-forgotten", "_of_string", " and writes.until(op.ret) < longest.call", ""),
        ),
        *_bugs(
            "Wing-Gong", "linearizability.wing_gong",
            ("memory-forgets-the-state", "search", "if (mask, state) in seen:",
             "if mask in {known for known, _ in seen}:"),
            ("half-open-pending", "Window.candidates", "and calls[i] <= first]", "and calls[i] < first]"),
            ("first-return-is-the-last-seen", "Window._open", "first = min(first, rets[i])",
             "first = rets[i]"),
            ("pending-never-tried", "Window.candidates", "if not mask >> i & 1 and calls[i] <= first]",
             "if False]"),
        ),
        *_bugs(
            "online", "linearizability.online",
            ("older-snapshots-lose-a-bit", "KeyFrontier.abandon", "if other.number > op.number:", "if True:"),
            ("impossible-is-forgotten", "KeyFrontier._refuse", "other.snapshot = []", "pass"),
            ("open-write-that-changes-nothing", "KeyFrontier._expand", "if y.crashed and state == value",
             "if y is not x and state == value"),
        ),
        *_bugs(
            "online", "linearizability.configurations",
            ("unknown-cas-waits-for-nothing", "of_use", "values.append(y.expected)", "pass"),
        ),
        *_bugs(
            "verifier", "certificates.verifier",
            ("twice-is-fine", "_verify_rows", "times > 1", "times > 2"),
            ("missing-is-fine", "_verify_rows", "(times == 0) & (c.outcome == Completion.OK.value)",
             "(times < 0) & (c.outcome == Completion.OK.value)"),
            ("missing-condition-is-fine", "_verify_rows",
             "(times == 0) & (c.outcome == Completion.FAILED.value) & condition",
             "(times < 0) & (c.outcome == Completion.FAILED.value) & condition"),
            ("undone-is-fine", "_verify_rows", "(times == 1) & nothing", "(times < 0) & nothing"),
            ("only-neighbours-in-time", "_verify_time", "latest = max(latest, call)", "latest = call"),
            ("half-open-verifier", "_verify_time", "if ret < latest:", "if ret <= latest:"),
            ("condition-unchecked", "_verify_register", "possible, state = state == expected, value",
             "possible, state = True, value"),
            ("failed-condition-unchecked", "_verify_register", "possible = state != expected and seen in",
             "possible = seen in"),
            ("verifier-begins-absent", "_verify_register", "key, state = now, beginning",
             "key, state = now, 0"),
            ("what-did-not-happen-stands", "_verify_rows",
             " | (c.outcome == Completion.NO_EFFECT.value)", ""),
        ),
    ]
}  # fmt: skip
"""By name."""
