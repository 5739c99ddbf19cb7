"""An order to drain a node lasts until it is withdrawn, whatever becomes of the node and of the admins. What
it calls for is begun at once, and so are the repairs for a node that was just taken for dead.
"""

from __future__ import annotations

from typing import Any

from dynaproof.impl.metadata.orders import DrainNode
from dynaproof.impl.metadata.records import NodeRecord, PartitionRecord, ReplacementRecord
from dynaproof.impl.router.messages import Done
from tests.examples.small_region import SmallRegion

SECOND = 1_000_000
MANY = 60_000
SETTINGS = {
    "survey_us": 3 * SECOND,
    "hurry_us": SECOND // 10,
    "dead_us": 3 * SECOND // 2,
    "balances": False,
}


class Region(SmallRegion):
    """A region with a table of one partition, that repairs itself; walks that do not hurry come seldom."""

    def __init__(self) -> None:
        super().__init__(admin=SETTINGS, repairs=True, report_us=SECOND // 3)
        self.create("books")
        assert self.go(lambda: len(self.metadata.of(NodeRecord)) == len(self.hosts), MANY)

    @property
    def metadata(self) -> Any:
        return self.run.observation.metadata  # type: ignore[attr-defined]

    @property
    def active(self) -> Any:
        (place,) = [one for one in self.admins if one.up and one.node.term.active]  # type: ignore[union-attr]
        return place

    def record(self, name: str) -> NodeRecord:
        """What the metadata says of a node."""
        (found,) = [one for one in self.metadata.of(NodeRecord) if one.name == name]
        assert isinstance(found, NodeRecord)
        return found

    def node(self, *, hosts: bool) -> str:
        """The name of a node that `hosts` a voter of the table, or of one that does not."""
        (partition,) = self.metadata.of(PartitionRecord)
        voters = [voter.node.name for voter in partition.config.voters]
        return next(one.name for one in self.hosts if (one.name in voters) == hosts)

    def until_a_walk_ends(self) -> None:
        """The next one is not due for seconds."""
        survey = self.active.node.survey
        walk = survey.walk
        assert self.go(lambda: survey.walk > walk and not survey.walks, MANY)
        assert not survey.hurries


def test_a_node_is_drained_by_the_next_admin_too() -> None:
    """Who becomes active hears of all nodes anew, and records those of which there is no record."""
    region = Region()
    name = region.node(hosts=False)
    assert isinstance(region.ask(DrainNode(name)), Done)
    before = region.active
    region.world.crash(before, "test")
    region.world.start(before)
    assert region.go(lambda: before.node.term.active, MANY)
    heard = before.node.nodes.heard
    assert region.go(lambda: len(heard) == len(region.hosts), MANY)
    again = region.world.tau + SECOND
    assert region.go(lambda: region.world.tau > again, MANY)
    assert all(one.recorded for one in heard.values())
    assert region.record(name).draining


def test_a_node_is_drained_when_it_returns_from_the_dead_too() -> None:
    region = Region()
    name = region.node(hosts=False)
    assert isinstance(region.ask(DrainNode(name)), Done)
    region.world.crash(region.world.places[name], "away")
    assert region.go(lambda: region.record(name).dead, MANY)
    assert region.record(name).draining
    region.world.start(region.world.places[name])
    assert region.go(lambda: not region.record(name).dead, MANY)
    assert region.record(name).draining


def test_a_drain_begins_when_it_is_ordered_and_not_at_the_next_walk() -> None:
    region = Region()
    region.until_a_walk_ends()
    assert isinstance(region.ask(DrainNode(region.node(hosts=True))), Done)
    ordered = region.world.tau
    assert region.go(lambda: region.metadata.of(ReplacementRecord), MANY)
    assert region.world.tau - ordered < SECOND


def test_the_voters_of_a_dead_node_are_replaced_from_then_on_and_not_from_the_next_walk_on() -> None:
    region = Region()
    name = region.node(hosts=True)
    region.world.crash(region.world.places[name], "away")
    assert region.go(lambda: region.record(name).dead, MANY)
    declared = region.world.tau
    assert region.go(lambda: region.metadata.of(ReplacementRecord), MANY)
    assert region.world.tau - declared < SECOND
