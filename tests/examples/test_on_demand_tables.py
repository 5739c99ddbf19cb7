"""On-demand tables: they take twice their previous peak, and no admin makes that less."""

from pathlib import Path
from typing import Any

from dynaproof.checkers.user_file import imported
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.on_demand import multiplied_next, taken_next
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.router.messages import Done, PutItem, Throttled

REGION: Any = imported(Path(__file__).resolve().parent / "small_region.py")
item = REGION.item

FIVE_SECONDS = 5_000_000
FOUR = Provisioned(4 * MICRO, 4 * MICRO, FIVE_SECONDS, None, None, "on_demand")


def made(**admin: Any) -> Any:
    """A region with one table of one partition, `books`, and windows of ten seconds."""
    region = REGION.SmallRegion(admin={"on_demand_window_us": 10_000_000, "survey_us": 1_000_000, **admin})
    region.create("books", given=FOUR)
    return region


def wait(region: Any, duration_us: int) -> None:
    """Let time go by."""
    region.run.advance_until(lambda: False, duration_us, 200_000)
    assert region.run.failure is None, region.run.failure


def put(region: Any) -> Any:
    """Write the item."""
    return region.ask(PutItem("books", item("a", "b")))


def rate(region: Any) -> int:
    """Of writes, of the partition's leader."""
    (partition,) = region.run.observation.metadata.of(PartitionRecord)
    return int(
        next(
            host.node.replicas[partition.partition].state.metered.rates.write.rate
            for host in region.hosts
            if host.up
            and partition.partition in host.node.replicas
            and host.node.replicas[partition.partition].serving
        )
    )


def load(region: Any, each_second: int, seconds: int) -> list[Any]:
    """Writes at a steady rate."""
    said = []
    for _ in range(seconds * each_second):
        said.append(put(region))
        wait(region, 1_000_000 // each_second)
    return said


def test_a_window_with_a_greater_peak_doubles_what_a_table_takes() -> None:
    region = made()
    load(region, 4, 14)
    assert 7 * MICRO <= rate(region) <= 16 * MICRO
    before = rate(region)
    assert {type(one) for one in load(region, 6, 4)} == {Done}
    wait(region, 30_000_000)
    assert rate(region) >= before


def test_what_a_table_has_not_taken_yet_is_throttled() -> None:
    said = load(made(), 10, 6)
    assert any(isinstance(one, Throttled) for one in said)


def test_what_a_table_takes_outlives_the_active_admin() -> None:
    region = made()
    load(region, 4, 14)
    before = rate(region)
    assert before > 4 * MICRO
    for admin in region.admins:
        if admin.node.term.active:
            region.world.crash(admin, "power")
    wait(region, 40_000_000)
    assert any(admin.up and admin.node.term.active for admin in region.admins)
    assert rate(region) >= before


def test_a_table_never_takes_less_nor_more_than_it_may_be_given() -> None:
    assert taken_next(4 * MICRO, MICRO) == 4 * MICRO
    assert multiplied_next(MICRO, 4 * MICRO, MICRO, 100 * MICRO) == MICRO
    assert multiplied_next(MICRO, 4 * MICRO, 4 * MICRO, 100 * MICRO) == 2 * MICRO
    assert multiplied_next(MICRO, 4 * MICRO, 80 * MICRO, 100 * MICRO) == 25 * MICRO
