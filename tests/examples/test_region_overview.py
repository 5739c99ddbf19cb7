"""The state of a region as tables: what its nodes have at a step, and what the metadata says beside it."""

from typing import Any

from dynaproof.checkers.kinds.region_overview import region_overview
from dynaproof.impl.metadata.orders import CreateTable, DrainNode, MoveReplica
from dynaproof.impl.partition.messages.readers import MoveCursor
from tests.examples.small_region import SCHEMA, SmallRegion


def rows_of(region: SmallRegion, table: str, **wanted: object) -> list[dict[str, Any]]:
    """The rows of a table that have these values."""
    (found,) = (one for one in region_overview(region.run) if one.name == table)
    return [row for row in found.as_data() if all(row[name] == value for name, value in wanted.items())]


def with_a_table(**changes: Any) -> SmallRegion:
    region = SmallRegion(**changes)
    region.create("table")
    return region


def serves(region: SmallRegion, partition: int) -> bool:
    return bool(rows_of(region, "leaders", partition=partition, state="serves"))


def test_voters_of_a_new_table_are_admitted_full_and_soon_level() -> None:
    region = with_a_table()
    assert region.go(lambda: serves(region, 1))
    assert region.go(lambda: not any(row["lag_slots"] for row in rows_of(region, "members", partition=1)))
    there = rows_of(region, "members", partition=1)
    assert [(one["state"], one["role"], one["full"], one["admitted"]) for one in there] == [
        ("up", "voter", True, True)
    ] * 3
    assert [one["listed_as"] for one in there] == [None] * 3
    (leader,) = rows_of(region, "leaders", partition=1)
    assert 0 < leader["lease_left_us"] <= region.config.settings.lease_us
    (partition,) = rows_of(region, "partitions", partition=1)
    assert (partition["table"], partition["state"], partition["workflow"]) == ("table", "listed", None)
    assert rows_of(region, "workflows") == []


def test_a_workflow_that_creates_a_table_is_shown_with_who_drives_it() -> None:
    region = SmallRegion()
    region.begin(CreateTable("table", SCHEMA, 2, 3))
    assert region.go(lambda: bool(rows_of(region, "workflows")))
    (work,) = rows_of(region, "workflows")
    assert (work["kind"], work["table"], work["partitions"]) == ("create", "table", "1 2")
    assert region.go(lambda: rows_of(region, "workflows")[0]["driven_by"] != "nobody")
    (active,) = (row for row in rows_of(region, "admins") if row["term"] is not None)
    assert rows_of(region, "workflows")[0]["driven_by"] == active["admin"]
    assert active["recorded_term"] == active["term"]


def test_a_node_is_shown_down_cut_slow_drained_or_on_a_new_disk() -> None:
    region = with_a_table()
    first, second, third, *_ = region.hosts
    others = [name for name in region.world.places if name != second.name]
    region.world.crash(first, "test")
    region.world.cut_links |= {f"{second.name}>{other}": 0 for other in others}
    region.world.cut_links[f"{first.name}>{second.name}"] = 0
    third.slow = 20
    (down,) = rows_of(region, "nodes", node=first.name)
    assert (down["state"], down["replicas"], down["disk"]) == ("down", None, 1)
    assert rows_of(region, "nodes", node=second.name)[0]["cut"] == f"from {first.name}, to all"
    assert rows_of(region, "nodes", node=third.name)[0]["slow"] == 20
    members = rows_of(region, "members", partition=0)
    assert {one["state"] for one in members if one["member"].startswith(f"{first.name}/")} == {"down"}
    region.world.crash(first, "test", lose_disk=True)
    region.world.start(first)
    assert rows_of(region, "nodes", node=first.name)[0]["disk"] == 2
    members = rows_of(region, "members", partition=0)
    assert {one["state"] for one in members if one["member"].startswith(f"{first.name}/")} == {"disk lost"}


def test_a_node_is_shown_with_its_last_report_and_as_it_is_recorded() -> None:
    region = SmallRegion()
    name = region.hosts[-1].name
    assert region.go(lambda: rows_of(region, "nodes", node=name, recorded="live") != [], 20_000)
    (node,) = rows_of(region, "nodes", node=name)
    assert 0 <= node["report_age_us"] <= 2 * region.config.report_us
    assert region.ask(DrainNode(name)) is not None
    assert rows_of(region, "nodes", node=name)[0]["recorded"] == "draining"


def test_a_moved_replica_is_a_learner_first_and_the_old_one_has_left() -> None:
    region = with_a_table()
    (out, *_) = rows_of(region, "members", partition=1)
    out_name = out["member"].partition("/")[0]
    zone = rows_of(region, "nodes", node=out_name)[0]["zone"]
    (spare,) = (row["node"] for row in rows_of(region, "nodes", zone=zone) if row["node"] != out_name)
    region.begin(MoveReplica(1, out_name, spare))
    assert region.go(
        lambda: rows_of(region, "members", partition=1, role="learner", state="up") != [], 20_000
    )
    (work,) = rows_of(region, "workflows")
    assert (work["kind"], work["partitions"], work["out"], work["expected_epoch"]) == (
        "move", "1", out["member"], 0,
    )  # fmt: skip
    assert work["new"] == rows_of(region, "members", role="learner")[0]["member"]
    assert rows_of(region, "partitions", partition=1)[0]["workflow"] == work["workflow"]
    assert region.go(lambda: rows_of(region, "members", partition=1, role="left") != [], 20_000)
    assert rows_of(region, "members", partition=1, role="left")[0]["member"] == out["member"]
    (partition,) = rows_of(region, "partitions", partition=1)
    assert (partition["epoch"], partition["listed_epoch"]) == (1, 0)
    assert out["member"] in partition["listed_voters"]
    assert rows_of(region, "members", partition=1, role="left")[0]["listed_as"] == "voter"
    assert region.go(lambda: rows_of(region, "workflows") == [], 20_000)
    assert rows_of(region, "partitions", partition=1)[0]["listed_epoch"] is None


def test_a_partition_without_a_leader_is_shown_so() -> None:
    region = with_a_table()
    assert region.go(lambda: serves(region, 1))
    (leader,) = rows_of(region, "leaders", partition=1)
    name = leader["member"].partition("/")[0]
    (place,) = (place for place in region.hosts if place.name == name)
    region.world.crash(place, "test")
    (row,) = rows_of(region, "leaders", partition=1)
    assert (row["state"], row["member"], row["ballot"]) == ("nobody leads", None, None)


def test_a_readers_hold_is_shown_with_its_lag() -> None:
    region = with_a_table()
    assert region.go(lambda: serves(region, 1))
    (leader,) = rows_of(region, "leaders", partition=1)
    (place,) = (one for one in region.hosts if leader["member"].startswith(f"{one.name}/"))
    move = MoveCursor(region.router.id, "archive", 0)
    region.world.run(place, place.node.on_message, region.router.id, move, lane=1)
    assert region.go(lambda: rows_of(region, "holds", lag_slots=0) != [])  # It holds from now on.
    assert region.go(lambda: rows_of(region, "holds", lag_slots=0) == [], 20_000)
    (hold,) = rows_of(region, "holds")
    (partition,) = rows_of(region, "partitions", partition=1)
    assert (hold["partition"], hold["hold"]) == (1, "reader archive")
    assert hold["lag_slots"] == partition["chosen_through"] - hold["through"] > 0


def test_looking_at_a_region_changes_nothing() -> None:
    digests = []
    for looks in (False, True):
        region = with_a_table()
        for _ in range(500):
            region.run.step()
            if looks:
                region_overview(region.run)
        digests.append(region.world.digest())
    assert digests[0] == digests[1]
