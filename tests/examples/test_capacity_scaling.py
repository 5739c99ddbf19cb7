"""Metrics, alarms and auto scaling on a few cases that can be followed by hand."""

import pytest

from dynaproof.impl.capacity import metrics
from dynaproof.impl.capacity.alarms import Alarm, Missing, State
from dynaproof.impl.capacity.arithmetic import MICRO, MINUTE_US, SECOND_US
from dynaproof.impl.capacity.metrics import Metric, MetricStore
from dynaproof.impl.capacity.on_demand import taken_next
from dynaproof.impl.capacity.scaling import PART, Scaler, Tracking, desired, low_percent, per_period

CONSUMED = Metric("Store", "ConsumedWriteCapacityUnits", (("TableName", "t"),))


def test_metric_has_statistics_of_each_minute_that_is_over() -> None:
    store = MetricStore()
    for second, value in ((0, 5), (30, 8), (59, 2), (61, 7), (185, 1)):
        store.put(CONSUMED, value, second * SECOND_US)
    now_us = 3 * MINUTE_US
    assert store.last(CONSUMED, "Sum", 4, now_us) == [None, 15, 7, None]
    assert store.last(CONSUMED, "Average", 2, 2 * MINUTE_US) == [5, 7]
    assert store.last(CONSUMED, "Maximum", 1, MINUTE_US) == [8]
    assert store.last(CONSUMED, "SampleCount", 1, MINUTE_US) == [3]
    assert store.last(CONSUMED, "Sum", 2, 2 * MINUTE_US, since_us=1) == [None, 7]
    assert store.last(Metric("Store", "Other"), "Sum", 1, now_us) == [None]


def test_store_keeps_what_it_may_and_counts_what_it_sheds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "KEPT_METRICS", 1)
    store = MetricStore()
    for minute in range(metrics.KEPT_PERIODS + 5):
        store.put(CONSUMED, minute, minute * MINUTE_US)
    store.put(Metric("Store", "Other"), 1, 0)
    assert store.shed == 1
    assert [*store.series] == [CONSUMED]
    assert [*store.series[CONSUMED]] == [*range(5, metrics.KEPT_PERIODS + 5)]


@pytest.mark.parametrize(
    ("missing", "points", "before", "after"),
    [
        ("ignore", [9, 9], "OK", "ALARM"),
        ("ignore", [9, 1], "ALARM", "OK"),
        ("ignore", [9, None], "OK", "OK"),
        ("ignore", [9, None], "ALARM", "ALARM"),
        ("ignore", [1, None], "ALARM", "OK"),
        ("breaching", [9, None], "OK", "ALARM"),
        ("not_breaching", [9, None], "ALARM", "OK"),
        ("missing", [None, None], "OK", "INSUFFICIENT_DATA"),
        ("missing", [9, None], "ALARM", "OK"),
    ],
)
def test_alarm_counts_periods_and_treats_missing_ones_as_it_is_told(
    missing: Missing, points: list[int | None], before: State, after: State
) -> None:
    alarm = Alarm("high", CONSUMED, "Sum", True, 5, 2, 2, missing, before)
    alarm.judge(points)
    assert alarm.state == after


def test_wanted_units_make_consumption_the_target() -> None:
    tracking = Tracking(70, 5, 1_000)
    assert desired(70 * 60 * MICRO, tracking) == 100
    assert desired(70 * 60 * MICRO + 1, tracking) == 101
    assert desired(0, tracking) == 5
    assert desired(10**15, tracking) == 1_000
    assert per_period(5, 70, tracking) == 210 * MICRO * PART
    assert per_period(5, low_percent(70), tracking) == 150 * MICRO * PART
    assert [low_percent(target) for target in (20, 30, 40, 90)] == [10, 15, 20, 70]


def minutes(scaler: Scaler, store: MetricStore, first: int, loads: list[int]) -> list[int]:
    """What is provisioned after each minute of a load in units a second; only that much is consumed."""
    seen = []
    for number, load in enumerate(loads, first):
        consumed = min(load, scaler.provisioned)
        store.put(CONSUMED, consumed * 60 * MICRO, number * MINUTE_US)
        scaler.step(store, (number + 1) * MINUTE_US)
        seen.append(scaler.provisioned)
    return seen


def test_table_follows_its_load_up_in_steps_and_down_at_once() -> None:
    store, scaler = MetricStore(), Scaler(Tracking(70, 10, 1_000), CONSUMED, 10)
    up = minutes(scaler, store, 0, [140] * 30)
    assert up[0] == 10
    assert up == sorted(up)
    assert up[-1] == 200
    assert set(minutes(scaler, store, 30, [140] * 60)) == {200}
    down = minutes(scaler, store, 90, [35] * 20)
    assert down[-1] == 50
    assert set(down) == {200, 50}
    assert down.index(50) == 14


def test_minutes_before_a_change_do_not_count_after_it() -> None:
    store, scaler = MetricStore(), Scaler(Tracking(70, 10, 1_000), CONSUMED, 10)
    minutes(scaler, store, 0, [140, 140])
    assert scaler.provisioned == 15
    assert not scaler.step(store, scaler.changed_us + 30 * SECOND_US)
    assert scaler.high.state == "ALARM"
    assert minutes(scaler, store, 2, [140]) == [22]


def test_on_demand_table_takes_twice_its_peak() -> None:
    assert taken_next(4_000, 1_000) == 4_000
    assert taken_next(4_000, 3_000) == 6_000
