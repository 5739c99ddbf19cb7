"""A run of a region, as its scenarios and its end see it: what it has shown, its partitions as groups, its
users, and how its end waits, and files what it waited for in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dynaproof.checkers.kinds.group import Group
from dynaproof.checkers.kinds.region import USER, RegionConfig
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.scaled import METRICS
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES, STEPS
from dynaproof.checkers.workloads.user import User
from dynaproof.impl.metadata.records import METADATA, PartitionRecord, TableRecord
from dynaproof.impl.storage_node.emitter import MOST_KEPT


def observed(run: Run) -> RegionObservation:
    """What the run has shown of its region."""
    observation: Any = run.observation
    assert isinstance(observation, RegionObservation)
    return observation


def listed(run: Run) -> list[int]:
    """The partitions of active tables that own their ranges, and the metadata."""
    metadata = observed(run).metadata
    active = {one.name for one in metadata.of(TableRecord) if one.status == "active"}
    there = [one for one in metadata.of(PartitionRecord) if one.table in active and one.state == "listed"]
    return [METADATA, *(one.partition for one in there)]


class GroupOfRegion(Group):
    """A partition, of which only the replicas that its config names count: one that has left is judged as a
    leak.
    """

    def counts(self, replica: Any) -> bool:
        """Whether a replica has a vote."""
        return replica.member in self.observation.config.voters

    def is_over(self) -> bool:
        """Whether the partition was split."""
        return self.number in observed(self.run).children


def groups_of(run: Run) -> Iterator[Group]:
    """The listed partitions as groups."""
    return (GroupOfRegion(run, number, observed(run).groups[number]) for number in listed(run))


def users_of(run: Run) -> Iterator[User]:
    """The users."""
    for place in run.places_of(USER):
        assert isinstance(place.node, User)
        yield place.node


def most_steps(run: Run) -> int:
    """The most events of one phase of the end: heartbeats go to every voter, and every storage node sends a
    metrics service that stays down, each period, all that was not answered. An admin that touches its record
    often writes the metadata as often, for as long as a node is silent before it counts as dead.
    """
    voters = sum(len(group.observation.config.voters) for group in groups_of(run))
    unheard = MOST_KEPT if any(not place.up for place in run.places_of(METRICS)) else 1
    config: RegionConfig = run.config
    touches = max(1, config.settings.heartbeat_us // config.admin.touch_us // 4)
    return STEPS * (2 + voters // 8) * unheard * touches


def time_to_repair(run: Run) -> int:
    """The time within which nodes that stay down are taken for dead, and their voters replaced: those of
    three zones one after the other, with one replacement given up in each.
    """
    config: RegionConfig = run.config
    if not config.repairs:
        return 0
    each = config.admin.dead_us + 2 * config.admin.patience_us
    return SETTLING_LEASES * config.settings.lease_us + 3 * each


def file(run: Run, fact: Any) -> None:
    """File a fact of the region."""
    observed(run).region.file(fact)


def file_of(run: Run, group: int, fact: Any) -> None:
    """File a fact of a group."""
    observed(run).of(group).view.file(fact)


def wait_for_each(run: Run, holds: Callable[[Group], bool], bound: int) -> list[Group]:
    """Wait at most this long until something has held once of every listed group; those of which it never
    did.
    """
    held: dict[int, bool] = {}

    def missing() -> Iterator[Group]:
        return (group for group in groups_of(run) if group.number not in held)

    def each_held() -> bool:
        for group in missing():
            if not holds(group):
                return False
            held[group.number] = True
        return True

    run.advance_until(each_held, bound, most_steps(run))
    return [] if run.failure is not None or each_held() else list(missing())
