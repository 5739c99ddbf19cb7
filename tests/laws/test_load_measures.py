"""What an open-loop load measures is what queueing says: a clerk with a fixed time of service, whose latency
follows from the arrivals alone (Lindley's recursion), is measured exactly; mistakes in measuring are caught.
"""

from __future__ import annotations

import math
from itertools import islice, takewhile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaproof.checkers.load import arrivals as arriving
from dynaproof.checkers.load import measuring, open_loop
from dynaproof.checkers.load.arrivals import PROCESSES, UNIT, Process, arrivals, exponential
from dynaproof.checkers.load.measuring import PER_MILLE, Latency, Plan, Row, latency_of, nearest_rank
from dynaproof.checkers.load.open_loop import measure
from dynaproof.checkers.load.saturation import MOST_RATE, next_rate, saturation_of
from dynaproof.checkers.load.sweep import Nobody, sweep
from dynaproof.checkers.patches import Bug, Edit, bug, seeded
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.user_file import imported

CLERK: Any = imported(Path(__file__).resolve().parents[1] / "examples" / "clerk.py")
TRIP_US = 2 * CLERK.LATENCY_US


def plan_of(**changes: Any) -> Plan:
    given: dict[str, Any] = {
        "seed": 1,
        "process": "poisson",
        "warm_up_us": 100_000,
        "window_us": 400_000,
        "keys": 8,
        "item_bytes": 16,
        "reads_percent": 0,
        "most_sessions": 10_000,
        "most_round_trips": 50,
        "latencies": (CLERK.LATENCY_US,),
    }
    return Plan(**{**given, **changes})


def measured(scenario: Scenario, plan: Plan, rate: int) -> Row:
    assert scenario.requests is not None
    row = measure(scenario, scenario.requests, plan, rate, lambda _time, _events: None)
    assert row.failure is None
    return row


def due_times(plan: Plan, rate: int, until: int) -> list[int]:
    drawn = arrivals(plan.process, rate, f"{plan.seed}/arrivals")
    return list(takewhile(lambda due: due < until, drawn))


def queued(
    plan: Plan, rate: int, service_us: int, rests: tuple[int, int] = (0, 0), sessions: int = 10_000
) -> list[int]:
    """The latencies of all that is due in the window, by Lindley's recursion; with so many sessions, a
    request is issued when it is due, and when the one that many places before it has been answered.
    """
    begins, ends = plan.warm_up_us, plan.warm_up_us + plan.window_us
    free, answered, took = 0, [], []
    for number, due in enumerate(due_times(plan, rate, ends)):
        issued = max(due, answered[number - sessions]) if number >= sessions else due
        start = max(issued + CLERK.LATENCY_US, free)
        if rests[0] <= start < rests[1]:
            start = rests[1]
        free = start + service_us
        answered.append(free + 1 + CLERK.SYNC_US + CLERK.LATENCY_US)  # A sync begins 1 us after the write.
        if due >= begins:
            took.append(answered[-1] - due)
    return took


def figures(row: Row) -> tuple[int, Latency | None]:
    return row.answered, row.latency


def expected(took: list[int]) -> tuple[int, Latency | None]:
    return len(took), latency_of(took)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    process=st.sampled_from(PROCESSES),
    rate=st.integers(10, 900),
    sessions=st.sampled_from([1, 2, 10_000]),
)
def test_latencies_are_those_of_a_queue_with_one_server(
    seed: int, process: Process, rate: int, sessions: int
) -> None:
    plan = plan_of(seed=seed, process=process, most_sessions=sessions, window_us=200_000)
    if sessions == 1:
        rate = min(rate, 400)  # One session has one request under way: a service and a round trip each.
    took = queued(plan, rate, 1_000, sessions=sessions)
    row = measured(CLERK.SHOP, plan, rate)
    assert row.unanswered == 0
    assert figures(row) == expected(took)


@pytest.mark.parametrize("sessions", [1, 4, 10_000])
def test_latency_counts_from_when_a_request_was_due_while_the_server_rests(sessions: int) -> None:
    """The clerk rests for 0.3 s. Whoever has one session, and measured from when it issued, would see one
    slow request; everybody who was due meanwhile waited.
    """
    plan, rests = plan_of(window_us=1_000_000, most_sessions=sessions), (500_000, 800_000)
    row = measured(CLERK.RESTING, plan, 500)
    took = queued(plan, 500, 200, rests, sessions=sessions)
    assert figures(row) == expected(took)
    meanwhile = [due for due in due_times(plan, 500, 800_000) if due >= 500_000]
    slow = sum(one > 10 * TRIP_US for one in took)
    assert slow > 0.9 * len(meanwhile) > 100
    assert row.latency is not None
    assert row.latency.p90_us > 100_000 < row.latency.p99_us
    assert bool(row.waited) == (sessions < 100)


MISTAKES = (
    bug(
        "from-issued",
        "Latency counts from when a request was issued.",
        Edit(
            open_loop.__name__,
            "self._under_way[place.name] = self._next",
            "self._under_way[place.name] = Request(max(self._next.due, run.world.tau), self._next.asked)",
            within="OpenLoop._hand_over",
        ),
    ),
    bug(
        "waits-for-answers",
        "The next request is due a gap after the last one was issued.",
        Edit(
            open_loop.__name__,
            "self._next = self._drawn()",
            "self._began += max(0, tau - self._next.due); self._next = self._drawn()",
            within="OpenLoop._was_issued",
        ),
    ),
    bug(
        "overdue-left-out",
        "What was overdue when it was issued is not measured.",
        Edit(
            open_loop.__name__,
            "if self._is_measured(request):",
            "if self._is_measured(request) and tau - request.due < 100_000:",
            within="OpenLoop._said",
        ),
    ),
    bug(
        "warm-up-counts",
        "What was due before the window is measured, too.",
        Edit(
            open_loop.__name__,
            "return self._begins <= request.due < self._ends",
            "return request.due < self._ends",
            within="OpenLoop._is_measured",
        ),
    ),
    bug(
        "stops-with-the-window",
        "What has no answer when the window ends is given up.",
        Edit(
            open_loop.__name__,
            "return all_ended or tau >= self._ends + self.plan.window_us",
            "return True",
            within="OpenLoop._is_over",
        ),
    ),
    bug(
        "rank-rounds-down",
        "A percentile is the value below its rank.",
        Edit(
            measuring.__name__,
            "-(-len(ordered) * per_mille // 1_000) - 1",
            "max(0, len(ordered) * per_mille // 1_000 - 2)",
            within="nearest_rank",
        ),
    ),
    bug(
        "gaps-are-even",
        "A Poisson process is evenly spaced.",
        Edit(arriving.__name__, "return whole + first", "return UNIT", within="exponential"),
    ),
)


def is_measured_right() -> bool:
    """Whether a clerk who rests is measured as it must be, with one session and an end in the rest."""
    plan, rests = plan_of(window_us=650_000, most_sessions=1), (500_000, 800_000)
    row = measured(CLERK.RESTING, plan, 300)
    gaps = [exponential(Random(1).getrandbits) for _ in range(3)] + [
        exponential(draw) for draw in [Random(2).getrandbits] for _ in range(20)
    ]
    ordered = list(range(1, 201))
    return (
        len(set(gaps)) > 10
        and [nearest_rank(ordered, share) for share in PER_MILLE.values()] == [100, 180, 198, 200, 200]
        and row.due == row.answered + row.unanswered + row.refused
        and figures(row) == expected(queued(plan, 300, 200, rests, sessions=1))
    )


def test_without_a_mistake_it_is_measured_right() -> None:
    assert is_measured_right()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_seeded_mistake_in_measuring_is_caught(mistake: Bug) -> None:
    with seeded(mistake):
        assert not is_measured_right()


@pytest.mark.parametrize("arguments", [(1_000, 0, 0, True), (1_000, 0, 0, True, 250_000), (10_000,)])
@pytest.mark.parametrize("sessions", [3, 10_000])
def test_counts_add_up_to_what_was_due(arguments: tuple[Any, ...], sessions: int) -> None:
    plan = plan_of(most_sessions=sessions, window_us=200_000)
    row = measured(CLERK.shop(*arguments), plan, 800)
    ends = plan.warm_up_us + plan.window_us
    assert row.due == sum(due >= plan.warm_up_us for due in due_times(plan, 800, ends))
    assert row.due == row.answered + row.refused + row.unanswered
    if len(arguments) == 4:
        assert row.refused > 20
    if len(arguments) == 5 or arguments == (10_000,):
        assert row.unanswered > 20
        assert row.saturated == "throughput"
    assert row.sessions <= sessions


def test_messages_syncs_and_bytes_are_those_of_the_protocol() -> None:
    row = measured(CLERK.SHOP, plan_of(process="even", reads_percent=0), 100)
    assert row.messages_per_write == row.messages_per_request == 2
    assert row.syncs_per_write == 1
    assert row.bytes_per_write == len(CLERK.FILED)
    assert row.bytes_per_byte_put == len(CLERK.FILED) / 16
    mixed = measured(CLERK.SHOP, plan_of(reads_percent=50), 400)
    assert mixed.reads is not None
    assert mixed.writes is not None
    assert mixed.messages_per_request == pytest.approx(2, rel=0.05)
    assert mixed.messages_per_write == pytest.approx(4, rel=0.3)
    only_reads = measured(CLERK.SHOP, plan_of(reads_percent=100), 100)
    assert only_reads.messages_per_write is only_reads.writes is None


def test_equal_seeds_give_equal_rows_and_others_do_not() -> None:
    rows = [measured(CLERK.SHOP, plan_of(seed=seed), 300) for seed in (1, 1, 2)]
    assert rows[0] == rows[1]
    assert rows[0].digest != rows[2].digest


# --- Saturation ---


@pytest.mark.parametrize(("process", "service_us"), [("poisson", 700), ("even", 2_000)])
def test_a_server_is_saturated_where_its_time_of_service_says(process: Process, service_us: int) -> None:
    scenario = CLERK.shop(service_us)
    plan = plan_of(process=process, window_us=1_000 * service_us)
    report = sweep(scenario, scenario.requests, plan, [200], until_saturated=True, listener=Nobody())
    capacity = 1_000_000 / service_us
    sustained, saturated = report.saturation.sustained, report.saturation.saturated
    assert sustained is not None
    assert saturated is not None
    assert 0.9 * capacity <= sustained <= 1.1 * capacity
    assert sustained < saturated <= 1.05 * sustained
    assert [row.rate for row in report.rows] == sorted(row.rate for row in report.rows)


def test_a_tight_bound_on_the_99th_percentile_saturates_earlier() -> None:
    row = measured(CLERK.SHOP, plan_of(most_round_trips=2), 800)
    assert row.saturated == "p99"
    assert measured(CLERK.SHOP, plan_of(most_round_trips=50), 800).saturated == ""


@given(threshold=st.integers(1, MOST_RATE + 1), first=st.integers(1, MOST_RATE))
def test_the_search_for_the_saturation_point_ends_at_it(threshold: int, first: int) -> None:
    known = {first: first >= threshold}
    for _ in range(80):
        rate = next_rate(known)
        if rate is None:
            break
        assert rate not in known
        assert 0 < rate <= MOST_RATE
        known[rate] = rate >= threshold
    assert next_rate(known) is None
    found = saturation_of(known)
    if threshold == 1:
        assert (found.sustained, found.saturated) == (None, 1)
    elif threshold > MOST_RATE:
        assert (found.sustained, found.saturated) == (MOST_RATE, None)
    else:
        assert found.sustained is not None
        assert found.saturated is not None
        assert found.sustained < threshold <= found.saturated
        assert found.saturated <= max(found.sustained * 1.05, found.sustained + 1)


# --- Arrivals ---


def test_gaps_of_a_poisson_process_are_exponential() -> None:
    draw = Random(5).getrandbits
    gaps = [exponential(draw) / UNIT for _ in range(40_000)]
    assert sum(gaps) / len(gaps) == pytest.approx(1, abs=0.02)
    for bound in (0.1, 0.5, 1, 2, 4):
        share = sum(gap > bound for gap in gaps) / len(gaps)
        assert share == pytest.approx(math.exp(-bound), abs=0.01)


@given(rate=st.integers(1, MOST_RATE), seed=st.text(max_size=5))
def test_arrivals_come_at_their_rate_and_stretch_with_it(rate: int, seed: str) -> None:
    even = list(islice(arrivals("even", rate, seed), 50))
    assert even == [number * 1_000_000 // rate for number in range(1, 51)]
    drawn = list(islice(arrivals("poisson", rate, seed), 50))
    assert drawn == sorted(drawn)
    base = list(islice(arrivals("poisson", 1, seed), 50))
    assert all(abs(one - other / rate) <= 1 for one, other in zip(drawn, base, strict=True))


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 1_000))
def test_nearest_rank_is_the_least_value_that_enough_do_not_exceed(values: list[int], share: int) -> None:
    ordered = sorted(values)
    found = nearest_rank(ordered, share)
    assert sum(one <= found for one in ordered) * 1_000 >= share * len(ordered)
    below = [one for one in ordered if one < found]
    assert len(below) * 1_000 < share * len(ordered)
