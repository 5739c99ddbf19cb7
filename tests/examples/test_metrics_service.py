"""What the metrics service takes of emissions, and what it remembers of tables over restarts and late answers
(A17 of docs/table.md).
"""

from __future__ import annotations

from typing import Any

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.metrics import MetricStore
from dynaproof.impl.capacity.rates import Provisioned, Usage, partitions_needed
from dynaproof.impl.capacity.scaling import Tracking
from dynaproof.impl.metadata.changes import Read, update_table
from dynaproof.impl.metadata.orders import AsOf, Refusal, UpdateTable
from dynaproof.impl.metadata.records import ProvisionedTable, encode, table_key
from dynaproof.impl.metrics.intake import READS, WRITES, Intake, of_table
from dynaproof.impl.metrics.settings import ScalingPolicy
from dynaproof.impl.metrics.tables import ScaledTable
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.storage_node.emitter import MOST_KEPT
from dynaproof.impl.storage_node.messages import Emission, TableUsage
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.specs.promises.scaling import direction_turns_with_the_load
from dynaproof.specs.views.region import RegionView
from dynaproof.specs.views.scaling_facts import Turned

PERIOD = 60_000_000
NODE = NodeId("region", "a", "sa")
CONSUMED = of_table(WRITES, "table")


def emission(number: int, boot: int = 1, at_us: int = PERIOD // 2, node: NodeId = NODE) -> Emission:
    return Emission(node, boot, number, at_us, (TableUsage("table", Usage(write=number * MICRO)),))


def stored(store: MetricStore) -> int:
    return sum(period.sum for period in store.series.get(CONSUMED, {}).values()) // MICRO


def taken(*emissions: Emission, most: int = 9) -> tuple[list[int | None], int]:
    """What is answered to these, in order, and what all of them come to."""
    store = MetricStore(PERIOD)
    intake = Intake(store, most)
    answers = [intake.take(one.node, one, PERIOD) for one in emissions]
    return answers, stored(store)


def test_an_emission_that_comes_again_is_answered_and_not_counted() -> None:
    assert taken(emission(1), emission(1), emission(2), emission(1)) == ([0, 0, 0, 0], 3)


def test_emissions_that_overtake_each_other_all_count() -> None:
    assert taken(emission(3), emission(1), emission(2), emission(3)) == ([0, 0, 0, 0], 6)


def test_an_emission_of_an_earlier_life_of_its_node_is_not_counted_and_makes_no_copy_count() -> None:
    emissions = (emission(1), emission(1, boot=2), emission(1), emission(1, boot=2))
    assert taken(*emissions) == ([0, 0, None, 0], 2)


def test_an_emission_that_its_node_has_given_up_is_not_counted() -> None:
    answers, _ = taken(emission(1), emission(1 + MOST_KEPT), emission(1))
    assert answers == [0, 0, None]


def test_an_emission_from_ahead_is_taken_when_its_time_has_come() -> None:
    store = MetricStore(PERIOD)
    intake, early = Intake(store, 9), emission(1, at_us=3 * PERIOD)
    assert intake.take(NODE, early, PERIOD) is None
    assert intake.take(NODE, early, 3 * PERIOD) == 0
    assert stored(store) == 1


def test_a_further_node_is_refused_where_there_is_no_room_for_it() -> None:
    other = NodeId("region", "b", "sb")
    assert taken(emission(1), emission(1, node=other), emission(2), most=1) == ([0, None, 0], 3)


def test_what_no_node_emits_is_not_counted() -> None:
    wrong = Emission(NODE, 1, 1, 0, (TableUsage("table", Usage(write=-1)),))
    assert taken(wrong, emission(0)) == ([None, None], 0)


# --- Tables ---


class Clock:
    """As much of an environment as a scaled table has."""

    def __init__(self) -> None:
        self.now = 0

    def note(self, _note: object) -> None: ...


def table(version: int, write: int, generation: int = 1) -> ProvisionedTable:
    schema = KeySchema(KeyAttribute("id", "S"))
    request = RequestId(NODE, 1, 1)
    given = Provisioned(read=10 * MICRO, write=write * MICRO)
    return ProvisionedTable(
        "table", generation, "active", schema, 3, (1,), request, 0, version=version, given=given
    )


def scaled(clock: Any) -> ScaledTable:
    tracking = Tracking(50, 10, 1_000, out_cooldown_us=3 * PERIOD, high_periods=1)
    return ScaledTable(clock, ScalingPolicy("table", None, tracking))


def consumption(units: int, periods: int) -> MetricStore:
    store = MetricStore(PERIOD)
    for number in range(periods):
        store.put(CONSUMED, units * 60 * MICRO, number * PERIOD)
    return store


def order(one: ScaledTable, store: MetricStore, now: int, clock: Clock) -> UpdateTable | None:
    clock.now = now
    one.evaluate(store, now)
    return one.order(store, now)


def test_a_service_that_has_just_started_waits_for_a_cooldown_before_it_orders_anything() -> None:
    clock, store = Clock(), consumption(20, 9)
    one = scaled(clock)
    one.learn(table(1, 10), 0)
    assert order(one, store, 3 * PERIOD - 1, clock) is None
    found = order(one, store, 3 * PERIOD, clock)
    assert found is not None
    assert (found.given.write, found.as_of) == (40 * MICRO, AsOf(1, 1))
    assert found.given.read == 10 * MICRO


def test_what_was_ordered_is_not_taken_for_what_there_is() -> None:
    clock, store = Clock(), consumption(20, 9)
    one = scaled(clock)
    one.learn(table(1, 10), 0)
    first = order(one, store, 3 * PERIOD, clock)
    assert order(one, store, 4 * PERIOD, clock) == first


def test_an_older_description_changes_nothing_that_is_known() -> None:
    clock, store = Clock(), consumption(20, 9)
    one = scaled(clock)
    one.learn(table(2, 40), 0)
    one.learn(table(1, 10), 0)
    assert one.seen == AsOf(1, 2)
    assert one.scalers[WRITES].provisioned == 40
    assert READS not in one.scalers
    assert order(one, store, 9 * PERIOD, clock) is None


def test_a_split_restarts_no_cooldown_and_a_change_does() -> None:
    clock, store = Clock(), consumption(20, 9)
    one = scaled(clock)
    one.learn(table(1, 10), 0)
    clock.now = 2 * PERIOD
    one.learn(table(2, 10), 2 * PERIOD)
    found = order(one, store, 3 * PERIOD, clock)
    assert found is not None
    assert found.as_of == AsOf(1, 2)
    one.learn(table(3, 12), 3 * PERIOD)
    assert order(one, store, 6 * PERIOD - 1, clock) is None
    assert order(one, store, 6 * PERIOD, clock) is not None


def test_an_order_has_no_effect_on_a_table_that_has_changed_since() -> None:
    now = table(3, 10)
    key = table_key("table")
    read = Read([(key, StoredItem(encode(now), 7, 7))])
    given = Provisioned(read=10 * MICRO, write=40 * MICRO)
    for as_of in (AsOf(1, 2), AsOf(2, 3)):
        refused = update_table(read, UpdateTable("table", given, as_of))
        assert isinstance(refused, Refusal)
        assert refused.error == "ResourceInUseException"
    for order_ in (UpdateTable("table", given, AsOf(1, 3)), UpdateTable("table", given)):
        assert isinstance(update_table(read, order_), Change)


def test_a_table_needs_partitions_by_whichever_share_is_further_above_its_cap() -> None:
    def needed(read: int, write: int, read_cap: int | None, write_cap: int | None) -> int:
        return partitions_needed(Provisioned(read, write, read_cap=read_cap, write_cap=write_cap))

    assert needed(100, 100, None, None) == 1
    assert needed(100, 100, 50, None) == 2
    assert needed(100, 100, 50, 33) == 4


# --- The promise ---


def turned(out: bool, before: int, consumed: int | None) -> bool:
    view = RegionView()
    view.file(Turned("table", WRITES, out, before, consumed))
    return bool(list(direction_turns_with_the_load.check(view)))


def test_a_change_of_direction_breaks_a_promise_unless_consumption_changed_that_way_since() -> None:
    assert [turned(True, 5, one) for one in (4, 5, 6, None)] == [True, True, False, True]
    assert [turned(False, 5, one) for one in (4, 5, 6, None)] == [False, True, True, True]
