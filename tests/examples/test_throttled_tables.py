"""Tables that are given capacity: what requests consume, what is throttled, what becomes of the buckets."""

from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.user_file import imported
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import Provisioned, Version
from dynaproof.impl.metadata.orders import SplitAt, UpdateTable
from dynaproof.impl.metadata.records import PartitionRecord, ProvisionedTable
from dynaproof.impl.router.messages import (
    Batch,
    BatchGetItem,
    BatchWriteItem,
    Described,
    DescribeTable,
    Done,
    Failed,
    GetItem,
    Items,
    PutItem,
    ScanTable,
    Throttled,
)

REGION: Any = imported(Path(__file__).resolve().parent / "small_region.py")
item = REGION.item

FIVE_SECONDS = 5_000_000
ONE = Provisioned(MICRO, MICRO, FIVE_SECONDS, None, None)
"""A unit a second, and a burst of five."""
KEY = item("a", "b")


def made(given: Provisioned | None = ONE, partitions: int = 1) -> Any:
    """A region with one table, `books`."""
    region = REGION.SmallRegion()
    region.create("books", partitions, given=given)
    return region


def wait(region: Any, duration_us: int) -> None:
    """Let time go by."""
    region.run.advance_until(lambda: False, duration_us, 100_000)
    assert region.run.failure is None, region.run.failure


def put(region: Any, **more: str) -> Any:
    """Write the item."""
    return region.ask(PutItem("books", item("a", "b", **more)))


def consumed(region: Any, action: Any) -> int:
    """The micro-units that something takes, and that it is answered."""
    assert not isinstance(region.ask(action), Failed)
    return int(region.asker().consumed)


def replicas_of(region: Any) -> list[Any]:
    """All replicas of the table."""
    (partition,) = region.run.observation.metadata.of(PartitionRecord)
    return [
        host.node.replicas[partition.partition]
        for host in region.hosts
        if host.up and partition.partition in host.node.replicas
    ]


def leader(region: Any) -> Any:
    """The leader of the table's partition."""
    return next(replica for replica in replicas_of(region) if replica.serving)


def test_a_table_without_capacity_consumes_nothing_and_is_never_throttled() -> None:
    region = made(None)
    for _ in range(30):
        assert put(region) == Done()
    assert region.asker().consumed == 0
    assert leader(region).state.metered is None


def test_a_burst_is_served_then_writes_are_throttled_with_a_reason_and_a_hint() -> None:
    region = made()
    assert [type(put(region)) for _ in range(5)] == [Done] * 5
    failed = put(region)
    assert isinstance(failed, Throttled)
    assert failed.error == "ProvisionedThroughputExceededException"
    assert failed.reasons == ("TableWriteProvisionedThroughputExceeded",)
    assert failed.definite
    assert 0 < failed.after_us <= 1_000_000
    wait(region, failed.after_us)
    assert put(region) == Done()


def test_a_throttled_write_has_no_effect() -> None:
    region = made()
    for number in range(5):
        put(region, title=str(number))
    assert isinstance(put(region, title="throttled"), Throttled)
    assert region.ask(GetItem("books", KEY, strong=True)) == Done(item("a", "b", title="4"))


def test_strong_reads_are_throttled_by_their_own_bucket() -> None:
    region = made()
    said = [region.ask(GetItem("books", KEY, strong=True)) for _ in range(10)]
    throttled = [one for one in said if isinstance(one, Throttled)]
    assert throttled
    assert {one.reasons for one in throttled} == {("TableReadProvisionedThroughputExceeded",)}
    assert put(region) == Done()


def test_a_throttled_scan_says_so() -> None:
    region = made()
    said = [region.ask(ScanTable("books", strong=True)) for _ in range(10)]
    assert isinstance(said[0], Items)
    assert isinstance(said[-1], Throttled)


def test_the_cap_refuses_what_the_share_would_admit() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, 2 * MICRO))
    assert [type(put(region)) for _ in range(2)] == [Done] * 2
    failed = put(region)
    assert isinstance(failed, Throttled)
    assert failed.reasons == ("TableWriteKeyRangeThroughputExceeded",)


def test_a_large_item_is_written_by_a_full_bucket_and_its_debt_is_waited_for() -> None:
    region = made()
    large = "x" * 20_000
    assert put(region, title=large) == Done()
    failed = put(region)
    assert isinstance(failed, Throttled)
    assert failed.after_us + 5_000_000 > 20_000_000  # 20 units of which 5 were there, and 20 for the next.


def test_requests_consume_what_the_guide_says() -> None:
    region = made(Provisioned(1_000 * MICRO, 1_000 * MICRO))
    large = "x" * 5_000
    assert consumed(region, GetItem("books", KEY, strong=True)) == MICRO  # There is none.
    assert consumed(region, GetItem("books", KEY)) == MICRO // 2
    assert consumed(region, PutItem("books", item("a", "b"))) == MICRO
    assert consumed(region, PutItem("books", item("a", "b", title=large))) == 5 * MICRO
    assert consumed(region, GetItem("books", KEY, strong=True)) == 2 * MICRO
    assert consumed(region, PutItem("books", item("a", "b"))) == 5 * MICRO  # The old one was larger.
    two = (GetItem("books", KEY, strong=True), GetItem("books", item("no", "no"), strong=True))
    assert consumed(region, BatchGetItem(two)) == 2 * MICRO
    puts = (PutItem("books", item("a", "c")), PutItem("books", item("a", "d", title=large)))
    assert consumed(region, BatchWriteItem(puts)) == 6 * MICRO
    assert consumed(region, ScanTable("books", strong=True)) == 2 * MICRO  # 5,000 bytes, rounded once.


def test_a_failed_condition_costs_as_much() -> None:
    region = made()
    put(region)
    for _ in range(4):
        failed = region.ask(PutItem("books", item("a", "b"), conditional=True))
        assert failed.error == "ConditionalCheckFailedException"
    assert isinstance(put(region), Throttled)


def test_a_batch_says_which_of_its_writes_were_throttled() -> None:
    region = made()
    writes = tuple(PutItem("books", item("a", str(number))) for number in range(8))
    said = region.ask(BatchWriteItem(writes))
    assert isinstance(said, Batch)
    assert len(said.unprocessed) == 3
    assert all(definite for _, definite in said.unprocessed)


def test_shares_of_the_partitions_are_what_the_table_is_given() -> None:
    region = made(Provisioned(MICRO, 2 * MICRO), 3)
    rates = [
        host.node.replicas[one.partition].state.metered.rates
        for one in region.run.observation.metadata.of(PartitionRecord)
        for host in region.hosts
        if one.partition in host.node.replicas and host.node.replicas[one.partition].serving
    ]
    assert [one.write.rate for one in rates] == [666_667, 666_667, 666_666]
    assert [one.write.kept for one in rates] == [300 * one.write.rate for one in rates]
    assert {one.write_cap.rate for one in rates} == {1_000 * MICRO}


def test_an_update_reaches_the_partitions_and_mints_nothing() -> None:
    region = made()
    for _ in range(5):
        put(region)
    said = region.ask(UpdateTable("books", Provisioned(MICRO, 100 * MICRO, FIVE_SECONDS, None, None)))
    assert isinstance(said, Described)
    assert isinstance(said.table, ProvisionedTable)
    assert said.table.version == 2
    assert region.go(
        lambda: all(one.state.metered.rates.version == Version(2) for one in replicas_of(region))
    )
    assert isinstance(put(region), Done)
    assert leader(region).state.metered.writes.own.level < 300 * MICRO * MICRO


def test_an_update_whose_admin_dies_is_made_up_for_by_the_next() -> None:
    region = made()
    assert isinstance(region.ask(UpdateTable("books", Provisioned(2 * MICRO, 2 * MICRO))), Described)
    for admin in region.admins:
        if admin.node.term.active:
            region.world.crash(admin, "power")
    assert leader(region).state.metered.rates.version == Version(1)
    assert region.go(lambda: leader(region).state.metered.rates.version == Version(2), 50_000)


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("papers", ONE, "ResourceNotFoundException"),
        ("books", Provisioned(0, MICRO), "ValidationException"),
        ("books", Provisioned(MICRO, 1 << 60), "ValidationException"),
        ("books", Provisioned(MICRO, MICRO, 1 << 60), "ValidationException"),
    ],
)
def test_an_update_that_cannot_be_is_refused(name: str, given: Provisioned, error: str) -> None:
    failed = made().ask(UpdateTable(name, given))
    assert isinstance(failed, Failed)
    assert (failed.error, failed.definite) == (error, True)


def test_a_table_without_capacity_is_given_none_later() -> None:
    failed = made(None).ask(UpdateTable("books", ONE))
    assert isinstance(failed, Failed)
    assert failed.error == "ValidationException"


def test_an_update_to_what_the_table_has_changes_nothing() -> None:
    region = made()
    assert isinstance(region.ask(UpdateTable("books", ONE)), Described)
    described = region.ask(DescribeTable("books"))
    assert described.table.version == 1


def test_the_level_outlives_every_node() -> None:
    region = made()
    for _ in range(5):
        put(region)
    before = leader(region).state.metered.row()
    for host in region.hosts:
        region.world.crash(host, "power")
        region.world.start(host)
    assert region.go(lambda: any(one.serving for one in replicas_of(region)), 50_000)
    assert leader(region).state.metered.row() == before


def test_a_burst_finds_room_for_its_ids() -> None:
    region = made(Provisioned(100 * MICRO, 100 * MICRO, FIVE_SECONDS, None, None))
    requests = leader(region).services[0]
    lifetime_s = requests.settings.remembered_us / 1_000_000
    assert requests.meter.remembered_requests() >= 500 + 100 * lifetime_s
    assert requests.meter.remembered_requests() < requests.settings.remembered_requests


def test_an_adapting_table_boosts_its_partitions_while_one_is_hot_and_no_longer() -> None:
    region = made(Provisioned(10 * MICRO, 10 * MICRO, FIVE_SECONDS, None, None, "pid"), 2)

    def rates() -> set[int]:
        return {
            host.node.replicas[one.partition].state.metered.rates.write.rate
            for one in region.run.observation.metadata.of(PartitionRecord)
            for host in region.hosts
            if one.partition in host.node.replicas and host.node.replicas[one.partition].serving
        }

    said = []
    for _ in range(160):  # Eight a second, of which the share of a partition is five.
        said.append(type(put(region)))
        wait(region, 125_000)
    assert min(rates()) > 6 * MICRO
    assert Throttled not in said[-80:]
    wait(region, 20_000_000)
    assert rates() == {5 * MICRO}


def test_a_boost_ends_with_the_admin_that_gave_it() -> None:
    region = made(Provisioned(MICRO, MICRO, FIVE_SECONDS, None, None, "proportional"), 2)
    for _ in range(30):
        put(region)
        wait(region, 100_000)
    before = leader_of_the_asked(region).state.metered.rates
    assert before.version.step > 0
    (active,) = [admin for admin in region.admins if admin.node.term.active]
    region.world.crash(active, "power")
    assert region.go(
        lambda: leader_of_the_asked(region).state.metered.rates.version.term > before.version.term, 50_000
    )
    assert leader_of_the_asked(region).state.metered.rates.version.given == before.version.given


def split(region: Any) -> Any:
    """Split the only partition, as soon as that may be; what serves its children then."""
    (before,) = region.run.observation.metadata.of(PartitionRecord)

    def listed() -> list[PartitionRecord]:
        there = region.run.observation.metadata.of(PartitionRecord)
        return [one for one in there if one.state == "listed" and one.parent]

    for _ in range(20):
        if isinstance(region.ask(SplitAt(before.partition, before.range.midpoint())), Done):
            break
        wait(region, 500_000)
    assert region.go(lambda: len(listed()) == 2, 100_000)
    return listed()


def test_a_split_divides_what_is_left_and_the_shares() -> None:
    region = made(Provisioned(MICRO, MICRO, 100_000_000, None, None))
    for _ in range(60):
        put(region)
    levels = [one.state.metered.writes.own.level for one in replicas_of(region)]
    split(region)

    def children() -> list[Any]:
        return [
            replica
            for host in region.hosts
            for number, replica in host.node.replicas.items()
            if number > 1 and replica.serving
        ]

    assert region.go(
        lambda: [one.state.metered.rates.version for one in children()] == [Version(2)] * 2, 100_000
    )
    own = [one.state.metered.writes.own for one in children()]
    assert [bucket.rate for bucket in own] == [MICRO // 2] * 2
    assert [bucket.capacity for bucket in own] == [50 * MICRO * MICRO] * 2
    passed_us = max(bucket.at_us for bucket in own)
    assert sum(bucket.level for bucket in own) <= min(levels) + MICRO * passed_us
    assert len({bucket.level // MICRO // MICRO for bucket in own}) == 1
    assert isinstance(put(region), Done)


def test_who_has_less_than_before_still_finds_room_for_the_ids_that_are_there() -> None:
    region = made(Provisioned(100 * MICRO, 100 * MICRO, FIVE_SECONDS, None, None))
    for _ in range(300):
        put(region)
    before = leader(region).state.memory.count
    region.ask(UpdateTable("books", ONE))
    assert region.go(lambda: leader(region).state.metered.rates.version == Version(2))
    meter = leader(region).services[0].meter
    assert before <= leader(region).state.memory.count <= meter.remembered_requests()


def leader_of_the_asked(region: Any) -> Any:
    """The leader of the partition that has the item."""
    return next(
        replica
        for host in region.hosts
        if host.up
        for number, replica in host.node.replicas.items()
        if number and replica.serving and list(replica.state.items.range(b"", None))
    )
