"""The figures of one rate: latencies by nearest rank, what was answered, and at what cost."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dynaproof.checkers.load.arrivals import SECOND_US, Process
from dynaproof.checkers.runs.config import Failure

ANSWERED_PERCENT = 95
"""The share of what is due in the window that must be answered in it,"""
AT_THE_ENDS = 10
"""except for this many requests, since not equally many are under way at its two ends."""

PER_MILLE = {"p50": 500, "p90": 900, "p99": 990, "p99.9": 999, "max": 1_000}
"""The percentiles that are reported, by name."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is the same at every rate."""

    seed: int
    process: Process
    warm_up_us: int
    window_us: int
    keys: int
    item_bytes: int
    reads_percent: int
    most_sessions: int
    most_round_trips: int
    """The bound on the 99th percentile, in mean round trips."""
    latencies: tuple[int, ...]
    """The latencies of messages, each as often as the others."""


class Latency(Struct, frozen=True):
    """Percentiles of the answered requests, in microseconds from when they were due."""

    p50_us: int
    p90_us: int
    p99_us: int
    p999_us: int
    max_us: int


class Row(Struct, frozen=True, kw_only=True):
    """What was measured at one rate; see the package for what each figure counts."""

    rate: int
    due: int
    answered: int
    refused: int
    unanswered: int
    waited: int
    """Requests that were issued later than they were due, because every session was busy."""
    sessions: int
    """How many sessions there were in the end."""
    answered_per_s: float
    latency: Latency | None
    reads: Latency | None
    writes: Latency | None
    p99_round_trips: float | None
    messages_per_write: float | None
    """Messages between nodes, sessions included;"""
    syncs_per_write: float | None
    bytes_per_write: float | None
    """and bytes written to all disks."""
    bytes_per_byte_put: float | None
    messages_per_request: float | None
    saturated: str
    """Why the rate is more than the system keeps up with: `throughput` or `p99`; empty if it is not."""
    events: int
    simulated_us: int
    digest: str
    failure: Failure | None


class Counts(Struct, frozen=True):
    """Totals of a run up to some time."""

    messages: int
    syncs: int
    written: int
    answers: int
    writes: int
    put: int
    """Bytes of the answered writes."""

    def since(self, before: Counts) -> Counts:
        """What came after `before`."""
        return Counts(*(getattr(self, name) - getattr(before, name) for name in self.__struct_fields__))


NOTHING = Counts(0, 0, 0, 0, 0, 0)


def mean_round_trip_us(latencies: Sequence[int]) -> float:
    """The mean latency of two messages."""
    return 2 * sum(latencies) / len(latencies)


def nearest_rank(ordered: Sequence[int], per_mille: int) -> int:
    """The least of some values, given in order, that `per_mille` in a thousand of them do not exceed."""
    return ordered[-(-len(ordered) * per_mille // 1_000) - 1]


def latency_of(took: Sequence[int]) -> Latency | None:
    """The percentiles of latencies in any order; None if there are none."""
    if not took:
        return None
    ordered = sorted(took)
    return Latency(*(nearest_rank(ordered, share) for share in PER_MILLE.values()))


def why_saturated(plan: Plan, due: int, answers: int, took: Sequence[int]) -> str:
    """Why a rate is saturated: `due` requests in the window, `answers` in it, and the latencies of those that
    were answered at all; empty if it is not.
    """
    if (answers + AT_THE_ENDS) * 100 < due * ANSWERED_PERCENT:
        return "throughput"
    rank = -(-due * PER_MILLE["p99"] // 1_000)
    if rank > len(took):
        return "p99"
    bound = plan.most_round_trips * 2 * sum(plan.latencies)
    return "p99" if rank and sorted(took)[rank - 1] * len(plan.latencies) > bound else ""


def ratio(amount: int, of: int) -> float | None:
    """How much there is for each; None if there are none."""
    return round(amount / of, 3) if of else None


def per_second(amount: int, window_us: int) -> float:
    """A rate."""
    return round(amount * SECOND_US / window_us, 3)
