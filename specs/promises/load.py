"""What a group promises under load: progress is a promise, and everything is bounded.

Times are judged where every enabled event happens when it is due: in runs without faults from the first step
on, and in the fair end of the others, with the load still on. All bounds come from constants that were drawn
before the run.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.load_facts import (
    Answered,
    Copied,
    Filled,
    Lagged,
    StillAway,
    Throttled,
    Worked,
)

NEAR_SLOTS = 64
"""How many slots more than a window a replica may be behind what was chosen before the time of one answer."""


@spec(
    "eventually",
    source="docs/replication.md, W1 (who finds the window full waits)",
    over=GroupView,
    on=(Answered,),
)
def answered_in_time(view: GroupView) -> Iterable[Violation]:
    """Every request is answered within five round trips and three syncs, as many times as there were windows
    before it at the leader.
    """
    for fact in view.take(Answered):
        pace = fact.pace
        windows = 1 + -(-fact.slots_before // pace.in_flight_slots) + fact.bytes_before // pace.window_bytes
        bound = windows * pace.answer_us
        if fact.took_us > bound:
            yield Violation(
                f"{fact.request} took {fact.took_us} us; with {fact.slots_before} slots and "
                f"{fact.bytes_before} bytes before it at the leader it may take {bound}"
            )


@spec(
    "eventually",
    source="Chandra et al., Paxos Made Live, 2007, 5.2 (catch-up)",
    over=GroupView,
    on=(Lagged, StillAway),
)
def followers_keep_up(view: GroupView) -> Iterable[Violation]:
    """A live, reachable replica is within a window and 64 slots of what was chosen one answer ago; one that
    was away gets there in time.
    """
    for fact in view.take(Lagged):
        if fact.chosen - fact.known > fact.pace.in_flight_slots + NEAR_SLOTS:
            yield Violation(
                f"{fact.name} is at slot {fact.known}, and {fact.pace.answer_us} us ago {fact.chosen} was "
                "chosen already"
            )
    for back in view.take(StillAway):
        # Under any load that the leader can serve it catches up at least as fast as it fell behind.
        chunks = 2 + -(-back.slots // back.chunk_slots)
        bound = back.away_us + back.idle_us + chunks * back.pace.answer_us
        if back.took_us > bound:
            yield Violation(
                f"{back.name} came back {back.took_us} us ago, {back.slots} slots behind, and is not level "
                f"within {bound}"
            )


@spec("eventually", source="docs/replication.md, catching up by copy", over=GroupView, on=(Copied,))
def copies_finish(view: GroupView) -> Iterable[Violation]:
    """A copy is over within twice the time and twice the pages of one on an idle group."""
    for fact in view.take(Copied):
        # Each round trip waits for what both sides have written before.
        step = 2 * fact.pace.latency_us + 2 * 2 * fact.pace.sync_us
        bound = 2 * fact.round_trips * step + fact.idle_us
        if fact.took_us > bound:
            yield Violation(
                f"{fact.name} copied for {fact.took_us} us; {fact.round_trips} round trips may take {bound}"
            )
        if fact.pages > 2 * fact.needed:
            yield Violation(f"{fact.name} copied {fact.pages} pages of a tree of {fact.needed}")


@spec("eventually", source="DynamoDB (ATC 2022), 4 (admission control)", over=GroupView, on=(Throttled,))
def throttled_only_beyond_rate(view: GroupView) -> Iterable[Violation]:
    """Nothing is refused for a bound while the load is under the partition's rate, in writes and in bytes;
    but who finds as many waiting for room as may wait.
    """
    for fact in view.take(Throttled):
        if fact.writes <= fact.admitted and fact.bytes <= fact.admitted_bytes:
            yield Violation(
                f"{fact.name} throttled {fact.request} after {fact.writes} writes of {fact.bytes} bytes; its "
                f"rate admits {fact.admitted} of {fact.admitted_bytes}"
            )


@spec("always", source="the boundary's rule 7", over=GroupView, on=(Filled,))
def memory_stays_flat(view: GroupView) -> Iterable[Violation]:
    """Retained records, caches, remembered requests, queues and holds are within their bounds in bytes."""
    for fact in view.take(Filled):
        if fact.size > fact.bound:
            yield Violation(f"{fact.what} of {fact.name} take {fact.size} bytes; their bound is {fact.bound}")


@spec("always", source="the boundary's rule 7", over=GroupView, on=(Worked,))
def work_is_bounded(view: GroupView) -> Iterable[Violation]:
    """No handler reads, writes, copies or sends more than its bound of bytes, pages or records."""
    for fact in view.take(Worked):
        if fact.amount > fact.bound:
            yield Violation(
                f"{fact.name} {fact.what} {fact.amount} bytes on {fact.handler}; the bound is {fact.bound}"
            )


SPECS: tuple[AnySpec, ...] = (
    answered_in_time,
    followers_keep_up,
    copies_finish,
    throttled_only_beyond_rate,
    memory_stays_flat,
    work_is_bounded,
)
"""The specs of this module, in the order in which they are listed."""
