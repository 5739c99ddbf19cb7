"""How a storage node makes replicas: the steps of H1, for those that are commanded and for the children of a
split (H3, H8, H10 and H11 of docs/table.md).

*Invariants.* A replica says nothing before the node's journal says durably that it was made; and a child says
nothing while what the node has granted for its parent may still be used. A child that a split gives this node
is made once, from a parent whose last checkpoint is named in the same sync, or not at all: if the parent
falls silent before the child's mark is written, the child comes by copy.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from dynaproof.impl.capacity.admission import NodeBuckets
from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.partition import replica as partition
from dynaproof.impl.partition.birth import born
from dynaproof.impl.partition.records import ChildSpec
from dynaproof.impl.partition.replica import MoreServices, PartitionReplica
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.files import log_prefix
from dynaproof.impl.paxos.ids import FIRST_INCARNATION, Member
from dynaproof.impl.paxos.log import AnyHead, fresh_head, log_replica_head
from dynaproof.impl.paxos.messages.membership import Created, CreateReplica, VacantTimer
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.paxos.upkeep import ChildBegins
from dynaproof.impl.storage_node.grants import Grants
from dynaproof.impl.storage_node.lines import Lines
from dynaproof.impl.storage_node.messages import Marked, SpeakTimer, Written
from dynaproof.impl.storage_node.node_journal import Made, NodeJournal
from dynaproof.impl.storage_node.replica_files import remove_files
from dynaproof.impl.tree.page_cache import PageCache


class Birth(NamedTuple):
    """What is known of a child's replica that is being made: its `parent`, which `child` it is, if it begins
    on its parent's pages, and how it `begins` then (H6).
    """

    parent: int
    child: ChildSpec | None
    begins: ChildBegins


class Maker(Protocol):
    """What this needs of the node."""

    env: Env
    journal: NodeJournal
    cache: PageCache
    limits: NodeBuckets
    lines: Lines
    grants: Grants
    replicas: dict[int, PartitionReplica]
    unread: dict[int, bool]

    def settings_of(self, group: int) -> Settings:
        """The settings of a group's replicas."""
        ...

    def more_of(self, group: int) -> MoreServices:
        """What replicas of a group do besides what those of every partition do."""
        ...

    def begins_alone(self, group: int) -> bool:
        """Whether a group that is new begins without a leader that knows it."""
        ...


class Making:
    """The replicas that are being made on one node; see the module."""

    def __init__(self, node: Maker) -> None:
        self.node = node
        self.env = node.env
        self.journal = node.journal
        self.under_way: dict[int, PartitionReplica] = {}
        """By group: replicas between the steps of H1, which say nothing yet."""
        self.commanded: dict[int, NodeId] = {}
        """By group: the operators that wait for some of them."""
        self.births: dict[int, Birth] = {}
        """By group: the births of those that a split makes."""
        self.unsynced: dict[int, int] = {}
        """By group: how many times files were written of which it is not known that they are durable."""

    # --- The steps ---

    def begin(self, m: CreateReplica, operator: NodeId | None) -> None:
        """Make the replica of the lane's group that was commanded (A5), also that of a child (H10)."""
        group = self.env.lane
        if operator is not None:
            self.commanded[group] = operator
        if m.parent:
            self.births[group] = Birth(m.parent, None, "waits")
        self.write(head_of(m))

    def write(self, head: AnyHead) -> None:
        """Write the files of a replica of the lane's group, beside the pages that its head names (H1, a).
        What is left of an earlier making, cut short by a crash, is removed.
        """
        node, group, incarnation = self.node, self.env.lane, head.member.incarnation
        for name in self.env.disk.logs(log_prefix(group, incarnation)):
            self.env.disk.remove_log(name)
        node.lines.owned(group, incarnation)
        settings, more = node.settings_of(group), node.more_of(group)
        made = self.under_way[group] = partition.create(
            self.env, settings, node.cache, node.limits, head, more
        )
        node.lines.names(group, made.files_of_others())
        self.env.cancel_timer(VacantTimer())
        self.unsynced[group] = self.unsynced.get(group, 0) + 1
        self.env.send(self.env.me, Written(incarnation))

    def on_written(self, m: Written) -> None:
        """The files are durable: mark the replica (H1, b). In this order, because a mark without files is a
        replica that has forgotten everything; nor is it marked while files of a later making are not durable.
        """
        self.unsynced[self.env.lane] -= 1
        if self.unsynced[self.env.lane]:
            return
        del self.unsynced[self.env.lane]
        if self.env.lane not in self.under_way:
            return  # The partition was buried meanwhile (A7), or its parent has fallen silent (P3).
        birth = self.births.get(self.env.lane)
        parent = 0 if birth is None else birth.parent
        through = self.journal.append(Made(self.env.lane, m.incarnation, parent))
        if parent and parent in self.node.replicas:
            self.node.replicas[parent].end.marked = True  # It grants nothing from here on (H7).
        self.env.send(self.env.me, Marked(m.incarnation, through))

    def on_marked(self, m: Marked) -> None:
        """The mark is durable: the replica speaks from here on (H1, c), a child when its parent's lease is
        over (H8). It waits for nothing that an earlier incarnation has granted here (rule L5).
        """
        self.journal.confirm(m.through)
        if self.env.lane not in self.under_way:
            return  # The partition was buried meanwhile (A7).
        birth = self.births.get(self.env.lane)
        waits_us = 0 if birth is None else self.bound_until(birth.parent) - self.env.now
        if waits_us > 0:
            self.env.note(Reached("child waited for the lease of its parent"))
            self.env.set_timer(waits_us, SpeakTimer())
        else:
            self.speak()

    def on_speak_timer(self) -> None:
        """What was granted for the parent has run out."""
        if self.env.lane in self.under_way:
            self.speak()

    def bound_until(self, group: int) -> Microseconds:
        """Until when a lease that was granted here for a group may run (H8)."""
        replica = self.node.replicas.get(group)
        if replica is None:
            return self.node.grants.bound_until(group, self.journal.was_made(group))
        return replica.bound_until()

    def speak(self) -> None:
        """The replica of the lane's group is made, marked, and bound by nothing that its parent granted; the
        node that commanded it hears so (H1, c; A5).
        """
        group = self.env.lane
        replica = self.node.replicas[group] = self.under_way.pop(group)
        birth = self.births.pop(group, None)
        replica.end.marked = self.journal.marked(group)
        head = replica.log.head
        if head.config_slot:
            self.env.note(Reached("voter replaced"))
        votes = head.config_slot and head.member in head.config.voters
        if votes and head.snapshot is None and not self.node.settings_of(group).repairs_itself:
            self.env.note(Reached("voter made empty"))
        parent = None if birth is None or birth.child is None else self.node.replicas.get(birth.parent)
        if parent is not None:
            partition.inherit(replica, parent)
        replica.start(waits=False)
        if birth is not None and birth.child is not None:
            replica.begin_child(birth.begins)
        elif self.node.begins_alone(group) and not head.config_slot and head.member in head.config.voters:
            replica.begin_first()
        operator = self.commanded.pop(group, None)
        if operator is not None and self.node.begins_alone(group):
            self.env.send(operator, Created(head.member))

    def abandon(self, group: int) -> None:
        """Abandon what is being made of a group, and those of its children that are not marked yet."""
        made = self.under_way.pop(group, None)
        self.commanded.pop(group, None)
        self.births.pop(group, None)
        if made is not None:
            made.state.pages.close()
            self.env.cancel_timer(SpeakTimer())
        for child in [one for one, birth in self.births.items() if birth.parent == group]:
            self.abandon_child(child)

    # --- Children ---

    def make_children(self, parent: PartitionReplica) -> None:
        """Make the children that a split gives this node, unless something of them was ever here (H3). A
        child's files are durable with the head that names its parent's last checkpoint (P3).
        """
        split, group = parent.state.split, parent.group
        assert split is not None, "only a partition that is split has children"
        for child in split.children:
            if any(voter.node == self.env.me for voter in child.voters):
                self.env.enter(child.partition)
                birth = Birth(group, child, parent.end.children_begin())
                self.births.setdefault(child.partition, birth)
                if child.partition not in self.node.unread:
                    self.make_child()
                self.env.enter(group)

    def comes_by_split(self, m: CreateReplica) -> bool:
        """Whether a replica of the parent here makes the child's replica that is commanded, or may: that it
        knows the barrier and has not made it yet is no reason to make it empty (H10).
        """
        parent = self.node.replicas.get(m.parent)
        knows = m.parent in self.node.unread or (parent is not None and parent.state.split is not None)
        return m.parent != 0 and m.member.incarnation == FIRST_INCARNATION and knows

    def make_child(self) -> None:
        """Make the lane group's replica on its parent's pages, if a split gives this node one (H3)."""
        node, group = self.node, self.env.lane
        birth = self.births.get(group)
        if birth is None or birth.child is None or group in self.under_way:
            return
        parent = node.replicas.get(birth.parent)
        known = self.journal.floor(group) or self.journal.buried(group) or group in node.replicas
        if known or parent is None or not parent.rooted:
            del self.births[group]
            return
        page_bytes, member = node.settings_of(birth.parent).page_bytes, Member(self.env.me, FIRST_INCARNATION)
        self.env.enter(birth.parent)  # Damage on the parent's pages silences the parent.
        head = born(self.env.disk, node.cache, page_bytes, parent.log.head, birth.child, member)
        self.env.enter(group)
        self.write(head)

    def abandon_child(self, group: int) -> None:
        """The parent has fallen silent, or is dropped: a child not marked yet comes by copy (P3, H10)."""
        if self.journal.floor(group) or self.births[group].child is None:
            return
        del self.births[group]
        made = self.under_way.pop(group, None)
        if made is not None:
            made.state.pages.close()
            self.node.lines.names(group, ())
            remove_files(self.env.disk, group, made.incarnation)

    def owes_children(self, group: int) -> bool:
        """Whether a child of a split partition must be made here, and no record says that it was (H11)."""
        replica = self.node.replicas.get(group)
        split = None if replica is None else replica.state.split
        return split is not None and any(
            not self.journal.was_made(child.partition)
            for child in split.children
            if any(voter.node == self.env.me for voter in child.voters)
        )


def head_of(m: CreateReplica) -> AnyHead:
    """What the journal of a new replica begins with."""
    if m.log is None:
        return fresh_head(m.member, m.config, m.config_slot)
    return log_replica_head(m.member, PartitionSnapshot.bare(m.log.record, m.log.ballot))
