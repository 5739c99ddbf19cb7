"""What a run shows of a region.

*Invariant.* Every partition is observed as a group by itself, like any replica group, from the step in which
the metadata names it: before that, no replica of it can exist. Beside the groups there is a view of the
region, and one of the lineage of each generation of a table.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from dynaproof.checkers.kinds.command_observer import CommandObserver, reads_little, room_taken
from dynaproof.checkers.kinds.groups import GroupsObservation
from dynaproof.checkers.kinds.region import RegionConfig, region_of
from dynaproof.checkers.kinds.repair_observer import RepairObserver
from dynaproof.checkers.kinds.split_situations import SplitSituations
from dynaproof.checkers.kinds.table_situations import TableSituations
from dynaproof.checkers.workloads.judge import Judge
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.messages import Locate, Located
from dynaproof.impl.metadata.records import (
    METADATA,
    TABLES,
    PartitionRecord,
    ProvisionedTable,
    TableRecord,
    partition_key,
    table_key,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import RatesSet, Split
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.leadership import Release
from dynaproof.impl.paxos.notes import Led, Reached
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.router.notes import Crossed
from dynaproof.impl.router.router import Router
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import Fenced, NodeReport, PartitionGone
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.observe.impl import births
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.observe.impl.orders import OrderObserver
from dynaproof.specs.observe.impl.ownership import ends_of
from dynaproof.specs.observe.impl.place import given, replica_of, sent
from dynaproof.specs.observe.impl.region_capacity import RegionCapacity
from dynaproof.specs.observe.impl.stops import StopObserver
from dynaproof.specs.observe.impl.told_tables import ToldObserver
from dynaproof.specs.observe.impl.user_errors import ErrorObserver
from dynaproof.specs.observe.impl.users import UserObserver
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes import EVERY
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group_facts import Repeated
from dynaproof.specs.views.lineage import LineageView, Owner, OwnerChanged
from dynaproof.specs.views.region import (
    KeyOutside,
    LedWhenGone,
    LocatedOld,
    Overfull,
    RegionView,
    Strayed,
)

NO_TABLE = ("", 0)
"""The lineage of no table, from which specs know that there will be lineages."""


class RegionObservation(GroupsObservation):
    """What a run shows of a region."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        *GroupsObservation.PROVIDES,
        *MetadataObserver.PROVIDES,
        *UserObserver.PROVIDES,
        *ToldObserver.PROVIDES,
        *ErrorObserver.PROVIDES,
        *OrderObserver.PROVIDES,
        *RegionCapacity.PROVIDES,
        *StopObserver.PROVIDES,
        *CommandObserver.PROVIDES,
        *RepairObserver.PROVIDES,
        *SplitSituations.PROVIDES,
        KeyOutside,
        LedWhenGone,
        LocatedOld,
        Overfull,
        OwnerChanged,
        Strayed,
    )

    def __init__(self, config: RegionConfig) -> None:
        self.region = RegionView()
        first = {METADATA: region_of(config).first_config()}
        super().__init__(config, first, {"region": self.region, NO_TABLE: LineageView()})
        self.metadata = MetadataObserver(self.region, self.lineage_of, self.reach)
        self.metadata.opened = self.opened
        self.metadata.drops = self.pass_on
        self.metadata.was_chosen = self.was_chosen
        self.metadata.newest_config = self.newest_config
        self.metadata.users_wait = self.users_wait
        self.metadata.disk_of = self.disk_of
        self.metadata.serving = self.serving
        self.metadata.is_made = self.is_made
        self.users = UserObserver(self.region, Judge, self.reach)
        self.users.endings = self.endings
        self.told = ToldObserver(self.region)
        self.errors = ErrorObserver(self.region)
        self.errors.bounded = reads_little(config.router)
        self.capacity = RegionCapacity(self.region, self.reach)
        self.stops = StopObserver(self.region, lambda child: self.groups[child].load.serves())
        self.splits = SplitSituations(self.metadata, self.region, self.reach)
        self.repairs = RepairObserver(self.region, self.metadata, config, self.voters_of, self.reach)
        self.errors.acknowledged = self.metadata.acknowledged = self.acknowledged
        self.repairs.awaits = lambda partition, name: self.groups[partition].load.awaits(name)
        self.metadata.replaced, self.metadata.marked = self.repairs.replaced, self.repairs.marked
        self.tables = TableSituations(self.metadata, self.groups, self.reach)
        self.groups[METADATA].hears_chosen = self.chosen
        self.orders: dict[str, OrderObserver] = {}
        """By the name of an admin, what its present life has answered."""
        self.ranges: dict[int, PartitionRecord] = {}
        """Partitions as the metadata first named them."""
        self.children: dict[int, tuple[int, ...]] = {}
        """The children of each partition whose split is chosen;"""
        self.passed: dict[int, bool] = {}
        """and whether these have taken over what their parent owed."""
        self.unlisted: dict[int, int] = {}
        """The parents of children that the metadata does not list yet."""
        self.commands = CommandObserver(self.region, self.groups, self.is_needed, self.reach)
        self.metadata.has_refused = self.commands.has_refused
        self.metadata.fell_silent = self.repairs.fell_silent
        self.commands.named = self.metadata.names
        self.owners: dict[int, tuple[str, int]] = {}
        """By partition, the place that serves it by a lease, and until which tau."""
        self.places: dict[str, Place] = {}
        """The places of the storage nodes that were seen, by name."""

    def reach(self, situation: Sometimes) -> None:
        """Count a `sometimes`."""
        self.reached[situation.name] = self.reached.get(situation.name, 0) + 1

    def lineage_of(self, table: str, generation: int) -> LineageView:
        """The view of the partitions of one generation of a table."""
        key = (table, generation)
        if key not in self.view.views:
            self.view.add(key, LineageView())
        view = self.view.views[key]
        assert isinstance(view, LineageView)
        return view

    # --- What the metadata is asked ---

    def chosen(self, record: Any) -> None:
        """A record of the metadata is chosen."""
        self.metadata.chosen(record)
        for change in record.changes():
            if change.key.startswith(TABLES):
                name, table = change.key[len(TABLES) :].decode(), self.metadata.records.get(change.key)
                assert table is None or isinstance(table, TableRecord)
                self.users.table_changed(name, table)
                self.told.changed(record.slot, name, table)
                self.errors.changed(name, table, record.slot)
        for table in self.metadata.of(TableRecord):
            if isinstance(table, ProvisionedTable):
                self.errors.provisioned[table.name] = True
                self.capacity.changed(table)

    def opened(self, record: PartitionRecord) -> None:
        """The metadata names a new partition: it is observed from here on, unless a split has made it."""
        self.unlisted.pop(record.partition, None)
        if record.partition in self.ranges:
            return
        self.ranges[record.partition] = record
        self.open(record.partition, record.config).hears_chosen = partial(self.changed_in, record)

    def was_chosen(self, partition: int, record: PartitionRecord) -> bool:
        """Whether the config that a record lists was chosen in its partition, in the slot that it says."""
        return (record.config_slot, record.config.voters) in self.groups[partition].view.configs

    def newest_config(self, record: PartitionRecord) -> Config:
        """The newest chosen config of a partition."""
        return self.groups[record.partition].config

    def voters_of(self, partition: int) -> tuple[Member, ...]:
        """The voters of a partition's newest chosen config."""
        return self.groups[partition].config.voters

    def disk_of(self, node: NodeId) -> int:
        """Which disk a storage node runs on now, counted from 1."""
        place = next((one for one in self.places.values() if one.id.address == node.address), None)
        return node.incarnation if place is None else place.id.incarnation

    def users_wait(self) -> bool:
        """Whether a user waits for an answer."""
        return bool(self.users.open)

    def listed(self) -> list[int]:
        """The partitions that have records in the metadata and are not gone, and those that a chosen split
        makes.
        """
        there = [one.partition for one in self.metadata.of(PartitionRecord) if one.state != "gone"]
        return [*there, *self.unlisted]

    def changed_in(self, partition: PartitionRecord, record: Record) -> None:
        """A record is chosen in a table's partition; if the table is given capacity, perhaps new rates."""
        if isinstance(record, Split):
            self.split(partition, record)
        table = self.metadata.records.get(table_key(partition.table))
        capacity = self.groups[partition.partition].capacity
        capacity.is_due = isinstance(table, ProvisionedTable)
        if isinstance(record, RatesSet) and isinstance(table, ProvisionedTable):
            capacity.boosted(table, partition.partition)
        self.capacity.chose(table, record)
        if record.config is not None:
            self.metadata.placed(partition.partition, record.config)
            self.repairs.config_chosen(partition.partition, record.config, self.places)
        for change in record.changes():
            if not partition.range.contains(change.key):
                self.region.file(KeyOutside(partition.partition, change.key))

    def split(self, parent: PartitionRecord, split: Split) -> None:
        """A split is chosen: its children are observed from here on, with what their parent owed."""
        number = parent.partition
        table, generation = parent.table, parent.generation
        children = []
        for spec in split.children:
            child = self.open(spec.partition, spec.config)
            record = PartitionRecord(
                spec.partition, table, generation, spec.range, "creating", spec.config, split.slot
            )
            self.ranges[spec.partition] = record
            self.unlisted[spec.partition] = number
            child.hears_chosen = partial(self.changed_in, record)
            births.begin(child, self.groups[number], split, spec)
            self.lineage_of(table, generation).descend(spec.partition, number, split.timestamp)
            children.append(spec.partition)
        self.children[number] = tuple(children)
        self.groups[number].passes_on = partial(self.passes_on, number)
        tau = next(iter(self.places.values())).world.tau
        self.stops.split(number, split, tau)
        pace = self.groups[number].load.pace
        if pace is not None:
            for spec in split.children:
                absent = [voter.node.name for voter in spec.config.voters]
                pause_us = self.config.router.caller.backoff_us
                self.groups[spec.partition].load.watch_child(pace, tau, absent, pause_us)
        self.reach(sometimes_of_regions.PARTITION_SPLIT)
        self.splits.chosen(number)

    def passes_on(self, parent: int) -> bool:
        """A replica of a split partition goes: whether the partition's children hold everything that it has
        promised.
        """
        for place in self.places.values():
            node, replica = place.node, replica_of(place, parent)
            assert isinstance(node, StorageNode)
            if place.lane == parent and replica is not None:
                names = [part.name for part in replica.state.pages.line]
                if any(name in node.lines.named for name in names):
                    self.reach(sometimes_of_regions.PAGES_OUTLIVE_PARENT)
        return self.passed.get(parent, False) or self.pass_on(parent)

    def pass_on(self, parent: int) -> bool:
        """Note whether the children of a partition have taken over: later they may be replaced."""
        children = [self.groups[child] for child in self.children.get(parent, ())]
        self.passed[parent] = bool(children) and births.pass_on(self.groups[parent], children)
        return self.passed[parent]

    def serving(self, partition: int) -> str:
        """The name of a node that may serve a partition by its lease, if one may."""
        for name, place in self.places.items():
            replica = replica_of(place, partition) if place.up else None
            if replica is not None and replica.may_serve():
                return name
        return ""

    def is_made(self, partition: int, member: Any) -> bool:
        """Whether a replica was ever seen; it may have been lost since."""
        group = self.groups[partition]
        return member in group.members.values() or member in group.view.forgetful

    # --- What happens to nodes ---

    def host_handled(self, place: Place) -> None:
        """A handler of a storage node has run."""
        name, lane, command = place.name, place.lane, given(place)
        self.places[name] = place
        if type(command) in CommandObserver.COMMANDS:
            self.commands.commanded(place, command)
            self.tables.commanded(place, command, self.ranges)
            self.bounded(place, room_taken(place))
        elif type(command) is Locate:
            self.located(place)
        self.splits.handled(place)
        self.commands.handled(place)
        group = self.groups.get(lane)
        if group is None:
            if replica_of(place, lane) is not None:
                self.region.file(Strayed(lane, name))
            return
        group.handled(place)
        if self.stops.pace is not None:
            self.stops.handled(place, lane)
        seen, before = group.seen.get(name), self.owners.get(lane)
        ends = 0 if seen is None else seen.ends
        record = self.ranges.get(lane)
        if record is None or (not ends and (before is None or before[0] != name)):
            return
        # Until the first tau at which the node's clock shows the lease's end.
        owner = (name, -(-(ends << 20) // place.rate))
        if before != owner:
            self.owners[lane] = owner
            low, high = ends_of(record)
            lineage = self.lineage_of(record.table, record.generation)
            lineage.own(record.partition, Owner(low, high, owner[1]))

    def led(self, place: Place, note: Led) -> None:
        """A replica began to lead."""
        if place.lane in self.ranges:
            view = self.groups[place.lane].view
            if any(voter in view.bare and voter not in view.forgetful for voter in view.configs[-1][1]):
                self.reach(sometimes_of_regions.LED_WITH_LOG_REPLICA)
            self.tables.leads(place.lane, note)
        if place.lane == METADATA and self.groups[METADATA].leader_changes:
            self.reach(sometimes_of_regions.METADATA_LED_ANEW)
        if place.lane in self.ranges and not self.has_record(place.lane):
            self.region.file(LedWhenGone(place.lane, place.name))
        self.of(place.lane).on_led(place, note)

    def has_record(self, partition: int) -> bool:
        """Whether the metadata knows a partition, or the one that a split made it from."""
        return partition_key(self.listed_for(partition)) in self.metadata.records

    def listed_for(self, partition: int) -> int:
        """A partition, or, while the metadata does not list it yet, the one that splits made it from."""
        while partition in self.unlisted:
            partition = self.unlisted[partition]
        return partition

    def released(self, place: Place, message: Release) -> None:
        """A leader releases its lease."""
        if place.lane in self.ranges:
            self.tables.released(place, message)

    def is_needed(self, partition: int) -> bool:
        """Whether a partition is to stay: of a table that is not deleted, or the metadata itself."""
        partition = self.listed_for(partition)
        record = self.metadata.records.get(partition_key(partition))
        if not isinstance(record, PartitionRecord) or record.state == "gone":
            return partition == METADATA
        table = self.metadata.records.get(table_key(record.table))
        if not isinstance(table, TableRecord) or table.generation != record.generation:
            return False
        return table.status != "deleting"

    def partition_gone(self, place: Place, _message: PartitionGone) -> None:
        """A node says that nothing of the lane's partition is left there."""
        self.metadata.gone[place.lane, place.id.address] = True

    def fenced(self, place: Place, message: Fenced) -> None:
        """A node refuses a command of a lower term."""
        self.reach(sometimes_of_regions.LATE_COMMAND)
        self.commands.fenced(place, message.fence)

    def reported(self, place: Place, message: NodeReport) -> None:
        """A node shows its fence."""
        self.repairs.reported(place, message)
        self.commands.shown(place, message.fence)

    def located(self, place: Place) -> None:
        """The metadata has just been asked where a table is; when the answer leaves, it may have waited."""
        acknowledged = self.acknowledged()
        for message in sent(place):
            if isinstance(message, Located) and message.slot < acknowledged:
                self.region.file(LocatedOld(place.name, message.slot, acknowledged))

    def acknowledged(self) -> int:
        """The last slot of the metadata whose change was acknowledged."""
        return max(self.groups[METADATA].view.acknowledged, default=0)

    def crossed(self, place: Place, note: Crossed) -> None:
        """A request goes on in a child: any replica that has applied the split knows what became of it
        before.
        """
        parent, child = self.groups[note.parent], self.groups.get(note.child)
        if child is None:
            self.region.file(Strayed(note.child, place.name))
            return
        recorded = parent.recorded.get(note.request)
        if note.final and recorded is not None and recorded.answer.applied:
            parent.view.file(Repeated(note.request, "failed for good at a split after it took effect"))
        births.cross(note.request, parent, child)
        parent.load.goes_on(note.request, child.load)
        self.reach(sometimes_of_regions.CROSSED)
        if not note.final:
            self.reach(sometimes_of_regions.CROSSED_OPEN)

    def router_handled(self, place: Place) -> None:
        """A handler of a router has run."""
        router = place.node
        assert isinstance(router, Router)
        self.bounded(place, router.queues())
        self.told.looked_up(place.name, router, self.groups[METADATA].answered_through)

    def admin_handled(self, place: Place) -> None:
        """A handler of an admin has run."""
        admin = place.node
        assert isinstance(admin, Admin)
        self.bounded(place, admin.queues())
        self.repairs.admin_handled(place)
        orders = self.orders.get(place.name)
        if orders is None:
            orders = self.orders[place.name] = OrderObserver(self.region, admin.settings.sessions)
        orders.handled(place, len(admin.orders.under_way) < admin.settings.orders)

    def bounded(self, place: Place, queues: tuple[tuple[str, int, int], ...]) -> None:
        """Check that what grows with others' requests is within its bounds."""
        for what, length, bound in queues:
            if length > bound:
                self.region.file(Overfull(place.name, what, length, bound))

    def noted(self, place: Place, note: Reached) -> None:
        """A router or an admin is in a situation that a campaign counts."""
        self.reach(EVERY[note.what])
        if note.what == sometimes_of_regions.PAGED_OVER.name:
            self.splits.paged(place, self.children)

    def host_crashed(self, place: Place, lost_disk: bool) -> None:
        """A storage node is gone."""
        self.splits.host_stopped(place, lost_disk)
        if lost_disk:
            there = [self.groups[one] for one in self.at(place) if one in self.ranges]
            self.repairs.lost(place.name, there)
        self.tables.stopped(place)
        self.crashed(place, lost_disk)
        if lost_disk:
            self.repairs.fewer(group.view for group in self.groups.values())
