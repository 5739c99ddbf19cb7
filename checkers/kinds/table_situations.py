"""What a campaign should see around tables: an admin that dies (between which steps of a workflow), a drop
that comes late, a leader that hands over, a leader that changes while a page is read, and a zone that is
down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dynaproof.checkers.kinds.workflow_faults import stage_of
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord, WorkflowRecord, table_key
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.leadership import Release
from dynaproof.impl.paxos.notes import Led
from dynaproof.impl.router.messages import Items, ScanTable
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.router.router import Router
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import DropPartition
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes_of_regions import (
    ADMIN_DIED_BETWEEN,
    HANDED_OVER,
    LATE_DROP,
    PAGED_OVER_A_CHANGE,
    ZONE_FELL,
)
from dynaproof.specs.views.group_facts import Ballot


class TableSituations:
    """Reaches situations; see the module."""

    def __init__(
        self,
        metadata: MetadataObserver,
        groups: Mapping[int, ImplObserver],
        reach: Callable[[Sometimes], None],
    ) -> None:
        self.metadata = metadata
        self.groups = groups
        """The observers of all partitions."""
        self.reach = reach
        self._released: dict[int, tuple[Ballot, Member]] = {}
        """By partition of a table, the ballot whose leader was the last to hand over, and to whom."""
        self._scans: dict[str, tuple[str, dict[int, Ballot]]] = {}
        """By the place of a user that reads a page: of which table, and who led each partition when the user
        asked.
        """

    # --- Admins ---

    def admin_died(self, admin: Admin) -> None:
        """The active admin has stopped."""
        for work in self.metadata.of(WorkflowRecord):
            self.reach(ADMIN_DIED_BETWEEN[work.kind, stage_of(admin.workflows.known.get(work.workflow))])

    def commanded(self, place: Place, command: Any, ranges: Mapping[int, PartitionRecord]) -> None:
        """A storage node was given a command."""
        began = ranges.get(place.lane)
        if isinstance(command, DropPartition) and began is not None:
            table = self.metadata.records.get(table_key(began.table))
            if isinstance(table, TableRecord) and table.generation > began.generation:
                self.reach(LATE_DROP)

    # --- Leaders ---

    def released(self, place: Place, message: Release) -> None:
        """A leader says that its lease is over; of its own will if it stays a voter and names a successor."""
        group = self.groups[place.lane]
        if message.successor is not None and message.source in group.config.voters:
            self._released[place.lane] = message.ballot, message.successor

    def leads(self, partition: int, note: Led) -> None:
        """A replica is about to be known to lead a partition."""
        newest = self.groups[partition].view.newest_led
        if self._released.pop(partition, None) == (newest, note.member):
            self.reach(HANDED_OVER)

    # --- Pages ---

    def asked(self, place: Place, note: UserAsked) -> None:
        """A user asks."""
        self._scans.pop(place.name, None)
        if isinstance(note.action, ScanTable):
            led = {number: one.view.newest_led for number, one in self.groups.items()}
            self._scans[place.name] = note.action.table, led

    def answered(self, place: Place, note: UserAnswered) -> None:
        """A user was answered: a page was read from the partitions that own its items."""
        scan, result = self._scans.pop(place.name, None), note.result
        if scan is None or not isinstance(result, Items):
            return
        table, led = scan
        crossed = [
            one.partition
            for one in self.metadata.of(PartitionRecord)
            if one.table == table and one.state not in ("split", "gone")
            if any(one.range.contains(key) for key, _ in result.items)
        ]
        changed = [one for one in crossed if led.get(one) != self.groups[one].view.newest_led]
        if len(crossed) > 1 and changed:
            self.reach(PAGED_OVER_A_CHANGE)

    # --- Zones ---

    def stopped(self, place: Place) -> None:
        """A storage node, a router or an admin has stopped."""
        places = place.world.places.values()
        nodes = [one for one in places if isinstance(one.node, Router | Admin | StorageNode)]
        here = [one for one in nodes if one.id.zone == place.id.zone]
        if not any(one.up for one in here) and all(one.up for one in nodes if one not in here):
            self.reach(ZONE_FELL)
