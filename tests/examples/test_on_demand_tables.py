"""On-demand tables: they take twice their previous peak, and no admin makes that less."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.checkers.user_file import imported
from dynaproof.impl.admin.ratings import Filled, LookAtTables, Rating, Ratings
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.on_demand import multiplied_next, taken_next
from dynaproof.impl.capacity.rates import Provisioned, Version, rates_of
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import PartitionRecord, ProvisionedTable, encode, table_key
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import SetRates
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import RequestId
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


# --- Commands of earlier admins that come late (A16; model `on_demand`) ---

ASKED = RequestId(NodeId("eu", "a", "user"), 1, 1)
BOOKS = ProvisionedTable("books", 1, "active", REGION.SCHEMA, 3, (1, 2), ASKED, 0, version=1, given=FOUR)
SHARE = 2 * MICRO
BEFORE = Version(1, 1, 3)
"""The version that an admin of the first term has told,"""
NEXT = Version(1, 2, 1)
"""and the first of the second term that goes on from there."""


class Told:
    """The ratings of an admin of the second term, and what they tell."""

    def __init__(self) -> None:
        self.asked: tuple[tuple[int, SetRates], ...] = ()
        metadata = SimpleNamespace(read=lambda _, looks: setattr(self, "asked", looks.commands))
        term = SimpleNamespace(active=True, term=2)
        env = SimpleNamespace(now=0)
        self.ratings = Ratings(
            cast(Any, env), AdminSettings(), cast(Any, metadata), cast(Any, term), cast(Any, None)
        )

    def look(self) -> dict[int, tuple[Version, Version | None, int]]:
        """By partition: the version that it is told, onto which, and the rate of writes."""
        self.asked = ()
        read = Read([(table_key("books"), StoredItem(encode(BOOKS), 3, 3))])
        self.ratings.tables_read(LookAtTables(), read)
        return {one: (m.rates.version, m.onto, m.rates.write.rate) for one, m in self.asked}


def test_an_admin_waits_until_each_partition_of_an_on_demand_table_has_reported() -> None:
    told = Told()
    told.ratings.hear(1, Filled(Version(1), SHARE, SHARE))
    assert told.look() == {}
    told.ratings.hear(2, Filled(BEFORE, 3 * SHARE, 3 * SHARE))
    assert told.look() == {
        1: (Version(1, 2, 1), Version(1), 3 * SHARE),
        2: (Version(1, 2, 1), BEFORE, 3 * SHARE),
    }


def test_what_a_late_command_of_an_earlier_admin_did_counts_as_soon_as_it_is_reported() -> None:
    told = Told()
    for partition in BOOKS.partitions:
        told.ratings.hear(partition, Filled(Version(1), SHARE, SHARE))
    assert told.look()[2] == (Version(1, 2), Version(1), SHARE)
    told.ratings.hear(2, Filled(BEFORE, 3 * SHARE, 3 * SHARE))
    assert told.look() == {
        1: (Version(1, 2, 1), Version(1), 3 * SHARE),
        2: (Version(1, 2, 1), BEFORE, 3 * SHARE),
    }
    told.ratings.hear(2, Filled(NEXT, 3 * SHARE, 3 * SHARE))
    assert told.look() == {1: (NEXT, Version(1), 3 * SHARE)}


def test_a_child_whose_rates_are_not_known_is_told_none_until_it_reports() -> None:
    told = Told()
    for partition in BOOKS.partitions:
        told.ratings.hear(partition, Filled(Version(1), SHARE, SHARE))
    told.look()
    del told.ratings.fills[2]
    assert set(told.look()) == {1}


@pytest.mark.parametrize(
    ("ending", "has"), [("ok", True), ("condition_failed", False), ("indefinite", False)]
)
def test_a_partition_that_had_other_rates_than_expected_is_not_taken_to_have_these(
    ending: Any, has: bool
) -> None:
    told, version = Told(), Version(1, 2, 1)
    told.ratings.hear(1, Filled(Version(1), SHARE, SHARE))
    command = SetRates(rates_of(FOUR, version, 2, 0), Version(1))
    assert told.ratings.told(Rating(1, command), ending) is has
    assert told.ratings.applied[1] == told.ratings.fills[1].version == (version if has else Version(1))


@pytest.mark.parametrize(("onto", "taken"), [(Version(1), True), (Version(1, 1, 1), False), (None, True)])
def test_rates_are_set_only_onto_the_version_for_which_they_were_decided(onto: Any, taken: bool) -> None:
    region = made()
    (partition,) = region.run.observation.metadata.of(PartitionRecord)
    (admin,) = [one for one in region.admins if one.node.term.active]
    version = Version(1, 50, 0)
    rates = rates_of(FOUR, version, 1, 0, write_multiplier=3 * MICRO)
    admin.node.ratings.tell(partition, SetRates(rates, onto), 0)
    wait(region, 2_000_000)
    assert rate(region) == (12 if taken else 4) * MICRO
