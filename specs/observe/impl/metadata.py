"""The metadata seen through a `RegionView` and a `LineageView`: what is chosen in partition 0, whose records
are read as they are committed.

The conditions of a change are not looked at; what matters is what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from msgspec import structs

from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    METADATA,
    TOUCHED_KEY,
    AdminRecord,
    MetadataRecord,
    NodeRecord,
    PartitionRecord,
    ReplacementRecord,
    SplitRecord,
    TableRecord,
    WorkflowRecord,
    decode,
    partition_key,
    table_key,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import Write
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.observe.impl.ownership import ends_of, is_split, reshapes
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.lineage import Descent, LineageCommitted, LineageView, MetadataCommitted
from dynaproof.specs.views.region import (
    BecameActive,
    Decided,
    DeclaredDead,
    Listed,
    MetadataChanged,
    Placed,
    RegionView,
    Removed,
    TookOver,
)

TERM_KEYS = (ADMIN_KEY, TOUCHED_KEY)
"""What a takeover changes."""

NOBODY = AdminRecord(0, "")
"""The active admin at first: none."""


class MetadataObserver:
    """Files facts about the metadata; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        BecameActive,
        Decided,
        DeclaredDead,
        LineageCommitted,
        Listed,
        MetadataChanged,
        MetadataCommitted,
        Placed,
        Removed,
        TookOver,
    )
    """The types of all facts that are filed."""

    def __init__(
        self,
        view: RegionView,
        lineage: Callable[[str, int], LineageView],
        reach: Callable[[Sometimes], None],
    ) -> None:
        self.view = view
        self.lineage = lineage
        """The view of a generation of a table."""
        self.reach = reach
        self.records: dict[bytes, MetadataRecord] = {}
        self.gone: dict[tuple[int, NodeId], bool] = {}
        """By partition and node: the node has sent that nothing of the partition is left there."""
        self.serving: Callable[[int], str] = lambda _: ""
        """The name of a node that may serve a partition by its lease, if one may."""
        self.is_made: Callable[[int, Member], bool] = lambda _partition, _member: True
        """Whether a replica of a partition was ever seen."""
        self.has_refused: Callable[[int, Member], bool] = lambda _partition, _member: False
        """Whether a node has said that it has no room for a replica."""
        self.fell_silent: Callable[[int, Member], bool] = lambda _partition, _member: False
        """Whether an admin has heard from a node that a replica there fell silent for ever."""
        self.disk_of: Callable[[NodeId], int] = lambda node: node.incarnation
        """The number of the disk on which a node runs now, from 1."""
        self.was_chosen: Callable[[int, PartitionRecord], bool] = lambda _partition, _record: True
        """Whether the config that a record lists was chosen in its partition."""
        self.newest_config: Callable[[PartitionRecord], Config] = lambda record: record.config
        """The newest chosen config of a partition."""
        self.acknowledged: Callable[[], int] = lambda: 0
        """The last slot whose change was acknowledged."""
        self.users_wait: Callable[[], bool] = lambda: False
        """Whether a user waits for an answer."""
        self.opened: Callable[[PartitionRecord], None] = lambda _: None
        """Called for a new partition,"""
        self.drops: Callable[[int], object] = lambda _: None
        """when the replicas of a parent must be dropped,"""
        self.split_planned: Callable[[SplitRecord], object] = lambda _: None
        """when a split is written down,"""
        self.replaced: Callable[[ReplacementRecord | None, ReplacementRecord | None], object]
        self.replaced = lambda _before, _after: None
        """when a replacement begins, goes on, or has ended,"""
        self.has_waited: Callable[[str], bool] = lambda _: False
        """Whether the active admin has waited long enough for a zone whose dead nodes are still named."""
        self.marked: Callable[[NodeRecord], object] = lambda _: None
        """when a node is taken for dead, or lives,"""
        self.node_changed: Callable[[NodeRecord | None, NodeRecord | None], object]
        self.node_changed = lambda _before, _after: None
        """and when the record of a node changes in any way."""
        self.took_over: RequestId | None = None
        """The request by which the active admin has taken over."""
        self.given: dict[str, int] = {}
        """By kind: the highest id given so far."""
        self.ordered: dict[tuple[str, RequestId], bool] = {}
        """Kinds of workflows, and the requests that have ordered one: a table that cannot be created is
        deleted by the request that ordered it.
        """
        self.deletes: dict[int, bool] = {}
        """Workflows that delete a table."""
        self.ended: dict[int, bool] = {}
        """Workflows that have ended."""
        self.slot = 0
        """That of the last record."""
        self.planned: dict[int, int] = {}
        """By the id of a child that a split has recorded: its parent."""

    # --- What is there ---

    def of(self, kind: type[Any]) -> list[Any]:
        """The records of a kind, in the order of their keys."""
        return [self.records[key] for key in sorted(self.records) if isinstance(self.records[key], kind)]

    @property
    def active(self) -> str:
        """The name of the active admin; empty if none ever was."""
        record = self.records.get(ADMIN_KEY)
        return record.name if isinstance(record, AdminRecord) else ""

    def names(self, partition: int, member: Member) -> bool:
        """Whether a partition's record names a replica, as a voter or not; or there is no such record."""
        record = self.records.get(partition_key(partition))
        if not isinstance(record, PartitionRecord):
            return True
        voters = (*record.config.voters, *self.newest_config(record).voters)
        return member in (*voters, *(one.member for one in record.pending))

    # --- What is chosen ---

    def chosen(self, record: Record) -> None:
        """A record of partition 0 is chosen."""
        self.slot = record.slot
        if record.config is not None:
            self.placed(METADATA, record.config)
        if not isinstance(record, Write):
            return
        changes: list[tuple[bytes, Any, Any]] = [
            (one.key, self.records.get(one.key), None if one.new is None else decode(one.new.item))
            for one in record.mutations
        ]
        self.asked(record.request, {key: after for key, _, after in changes})
        for _, _, after in changes:
            if isinstance(after, WorkflowRecord) and after.kind == "delete":
                self.deletes[after.workflow] = True
        for key, before, after in changes:
            self.changed(before, after)
            if after is None:
                self.records.pop(key, None)
            else:
                self.records[key] = after
        reshaped = dict.fromkeys(reshapes(before, after) for _, before, after in changes)
        for table in map(self.records.get, map(table_key, reshaped)):
            if isinstance(table, TableRecord):
                self.covers(table)

    def asked(self, request: RequestId, changes: Mapping[bytes, Any]) -> None:
        """A request for these changes, or for a takeover: what an admin asks for after its takeover, in the
        same life, is of its term.
        """
        by, before, after = request.node.name, self.records.get(ADMIN_KEY), changes.get(ADMIN_KEY)
        active = before if isinstance(before, AdminRecord) else NOBODY
        what = ", ".join(_named(key) for key in changes if key not in TERM_KEYS or ADMIN_KEY not in changes)
        if isinstance(after, AdminRecord):
            self.view.file(TookOver(by, after.name, after.term, active.term, what))
            self.took_over = request
            return
        since = self.took_over
        same = since is not None and (since.node, since.boot) == (request.node, request.boot)
        term = active.term if since is not None and same and request.number > since.number else 0
        self.view.file(MetadataChanged(by, term, active.name, active.term, what))

    def changed(self, before: Any, after: Any) -> None:
        """One record becomes another, or is made, or is removed."""
        if isinstance(after, AdminRecord):
            if before is not None and after.term <= before.term:
                self.view.file(Decided(f"term {after.term}", f"{before.name} had it"))
        elif isinstance(after, PartitionRecord) and before is None:
            self.begun(after)
            self.placed(after.partition, after.config)
            self.opened(after)
        elif isinstance(before, PartitionRecord):
            if after is None:
                self.removed(before)
            else:
                self.partition_changed(before, after)
        elif isinstance(after or before, ReplacementRecord):
            self.replacement_changed(before, after)
        elif isinstance(after or before, SplitRecord):
            self.split_changed(before, after)
        elif isinstance(after or before, NodeRecord):
            self.node_changed(before, after)
            if before is not None and after is not None and after.dead != before.dead:
                self.died_or_lives(after)
        elif isinstance(after, WorkflowRecord):
            if before is None:
                self.give("workflow", after.workflow)
                ordered = after.kind, after.request
                again = "it had ordered one before" if ordered in self.ordered else ""
                self.view.file(Decided(f"a workflow for {after.request}", again))
                self.ordered[ordered] = True
            elif before != after:
                self.view.file(Decided(f"workflow {after.workflow}", "it was decided otherwise before"))
        elif isinstance(before, WorkflowRecord):
            self.ends(before.workflow)
        elif isinstance(after, TableRecord):
            self.table_changed(before, after)

    def begun(self, after: PartitionRecord) -> None:
        """A partition has a record from here on: a new table's, or a child whose id a split has recorded."""
        number = after.partition
        if not after.parent:
            self.give("partition", number)
        elif self.planned.pop(number, 0) != after.parent:
            self.view.file(Decided(f"partition {number} is listed", f"no split of {after.parent} named it"))

    def partition_changed(self, before: PartitionRecord, after: PartitionRecord) -> None:
        """A partition has another workflow, or its listed config changes."""
        number, taken = before.partition, after.workflow
        if before.workflow and taken not in (0, before.workflow) and taken not in self.deletes:
            self.view.file(Decided(f"partition {number} has workflow {taken}", f"it had {before.workflow}"))
        left = [one for one in before.pending if one not in after.pending]
        if any(not one.voted and one.member not in after.config.voters for one in left):
            self.reach(sometimes_of_regions.LEARNER_DROPPED)
        if after.config != before.config and after.state != "gone":
            wrong = ""
            if after.config.epoch <= before.config.epoch:
                wrong = f"it was listed with epoch {before.config.epoch}"
            elif not self.was_chosen(number, after):
                wrong = "no such config was chosen"
            self.view.file(Listed(number, after.config.epoch, wrong))

    def replacement_changed(self, before: ReplacementRecord | None, after: ReplacementRecord | None) -> None:
        """The replacement of a voter begins, goes on, or ends."""
        self.replaced(before, after)
        if before is None:
            assert after is not None
            self.give("workflow", after.workflow)
            self.give(f"incarnation in partition {after.partition}", after.new.incarnation)
        elif after is None:
            self.ends(before.workflow)
        elif not goes_on(before, after):
            self.view.file(Decided(f"workflow {after.workflow}", "it was decided otherwise before"))
        elif after.step == "void" != before.step:
            self.reach(sometimes_of_regions.GIVEN_UP)

    def split_changed(self, before: SplitRecord | None, after: SplitRecord | None) -> None:
        """The split of a partition begins, goes on, or ends."""
        if before is None:
            assert after is not None
            self.give("workflow", after.workflow)
            self.split_planned(after)
            for child in after.children:
                self.give("partition", child)
                self.planned[child] = after.partition
        elif after is None:
            self.ends(before.workflow)
            for child in before.children:
                self.planned.pop(child, None)
        elif structs.replace(after, step=before.step) != before or (
            (before.step, after.step) not in SPLIT_STEPS
        ):
            self.view.file(Decided(f"workflow {after.workflow}", "it was decided otherwise before"))
        elif after.step == "void":
            self.reach(sometimes_of_regions.SPLIT_GIVEN_UP)
        elif after.step == "drop":
            self.drops(after.partition)

    def died_or_lives(self, node: NodeRecord) -> None:
        """A node is taken for dead, or has reported since."""
        self.marked(node)
        if node.dead:
            self.view.file(DeclaredDead(node.name, node.zone, self.mourned(node.name)))
        else:
            self.reach(sometimes_of_regions.DEAD_NODE_LIVES)

    def mourned(self, name: str) -> tuple[str, ...]:
        """The zones of the dead nodes, except this one, on which some partition that is not split still has a
        voter; not those for which the admin has waited long enough.
        """
        dead = {one.name: one.zone for one in self.of(NodeRecord) if one.dead and one.name != name}
        partitions = (one for one in self.of(PartitionRecord) if one.state != "split")
        voters = (voter for one in partitions for voter in one.config.voters)
        zones = sorted({dead[voter.node.name] for voter in voters if voter.node.name in dead})
        return tuple(zone for zone in zones if not self.has_waited(zone))

    def table_changed(self, before: TableRecord | None, after: TableRecord) -> None:
        """A table begins, or gets another status."""
        if before is None:
            self.give("generation", after.generation)
        elif before.generation != after.generation:
            self.view.file(Decided(f"generation {after.generation}", f"{before.generation} was there"))
        elif before.status == "deleting" != after.status:
            self.view.file(Decided(f"{after.name} is {after.status}", "it was being deleted"))
        elif before.status == "creating" and after.status == "deleting":
            self.reach(sometimes_of_regions.DELETED_WHILE_CREATED)
        if after.status == "active" and before is not None and before.status != "active":
            missing: list[str] = []
            for record in self.of(PartitionRecord):
                if record.partition in after.partitions:
                    missing += self.never_made(record)
            self.view.file(BecameActive(after.name, tuple(missing)))

    def never_made(self, record: PartitionRecord) -> list[str]:
        """A partition's replicas that were never seen, except one that is lost or has no room."""
        number, voters = record.partition, record.config.voters
        absent = [voter for voter in voters if not self.is_made(number, voter)]
        out = [
            one
            for one in absent
            if self.is_lost(one.node) or self.fell_silent(number, one) or self.has_refused(number, one)
        ]
        missing = [voter for voter in absent if voter not in out[:1]]
        return [f"{record.partition}: {voter}" for voter in missing]

    def is_lost(self, node: NodeId) -> bool:
        """Whether the metadata takes a node for dead, or the node has another disk by now."""
        dead = any(one.name == node.name and one.dead for one in self.of(NodeRecord))
        return dead or self.disk_of(node) > node.incarnation

    def removed(self, record: PartitionRecord) -> None:
        """The record of a partition is removed."""
        partition = record.partition
        voters = () if record.state == "gone" else self.newest_config(record).voters
        left = tuple(voter.node.name for voter in voters if (partition, voter.node.address) not in self.gone)
        self.view.file(Removed(partition, len(voters), left, self.serving(partition)))

    def ends(self, workflow: int) -> None:
        """A workflow ends."""
        again = "it had ended already" if workflow in self.ended else ""
        self.view.file(Decided(f"the end of workflow {workflow}", again))
        self.ended[workflow] = True

    def placed(self, partition: int, config: Config) -> None:
        """The voters of a partition are where a config says."""
        nodes = [voter.node for voter in config.voters]
        zones, names = tuple(node.zone for node in nodes), tuple(node.name for node in nodes)
        self.view.file(Placed(partition, zones, names))

    def give(self, kind: str, number: int) -> None:
        """An id is given."""
        before = "" if number > self.given.get(kind, 0) else "it was given before"
        self.view.file(Decided(f"{kind} {number}", before))
        self.given[kind] = max(number, self.given.get(kind, 0))

    def covers(self, table: TableRecord) -> None:
        """File a table's partitions as they are committed now: those that were split own nothing."""
        partitions: list[PartitionRecord] = [
            record
            for record in self.of(PartitionRecord)
            if record.table == table.name and record.generation == table.generation
        ]
        ranges = tuple((one.partition, *ends_of(one)) for one in partitions if not is_split(one))
        view = self.lineage(table.name, table.generation)
        view.file(MetadataCommitted(table.name, ranges))
        if table.parents:
            line = (
                Descent(one.partition, one.parent or None, *ends_of(one), is_split(one)) for one in partitions
            )
            view.file(LineageCommitted(table.name, tuple(line)))


STEPS = {
    ("create", "replace"),
    ("create", "void"),
    ("create", "make"),
    ("replace", "create"),
    ("replace", "make"),
    ("replace", "void"),
    ("void", "make"),
}
"""The steps of a replacement, each with one that may follow it."""


SPLIT_STEPS = {("split", "void"), ("split", "made"), ("void", "made"), ("made", "drop")}
"""The steps of a split, each with one that may follow it."""


def goes_on(before: ReplacementRecord, after: ReplacementRecord) -> bool:
    """Whether a replacement keeps its aim, and its step is the same or one that may follow."""
    same = structs.replace(after, step=before.step, role=before.role, made=before.made) == before
    step = before.step == after.step or (before.step, after.step) in STEPS
    return same and step and after.role in (before.role, "full") and after.made >= before.made


def _named(key: bytes) -> str:
    """A key as text."""
    kind, slash, rest = key.partition(b"/")
    number = len(rest) == 8 and kind in (b"partition", b"workflow")
    return (
        kind.decode()
        + slash.decode()
        + (str(int.from_bytes(rest, "big")) if number else rest.decode(errors="replace"))
    )
