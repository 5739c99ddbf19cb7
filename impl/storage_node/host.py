"""The storage node: hosts replicas of many groups on one disk, makes them, recovers them, and silences an
incarnation that has forgotten something. The rules H1, H2 and H12 are in docs/table.md.

A group is a lane of the node (`Env.lane`): a replica's messages and timers, its chance and its notes are of
its lane, and so is what the node does on its behalf. Its files are named after the group and the incarnation,
and no replica touches another's. One disk, one sync, one page cache and one journal serve all.

*Invariants.* A replica says nothing before the node's journal says durably that it was made (H1). An
incarnation whose synced state is damaged or gone never speaks again (rule 13): the journal says that it is
silent before the node says that it is vacant, so no late `CreateReplica` revives it. A node hosts one
incarnation of a group at the most. A node on a new disk has another `NodeId`, and what names the old one does
not reach it. If the node's journal rots, or has lost what was durable, the node is silent until it gets a new
disk. It is silent, too, if anything on the disk is of another format version; then nothing is lost.

In a region (`agent.py`) partition 0 holds the metadata, and repairs itself; all others are made and dropped
by admins only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from msgspec import structs

from dynaproof.impl.capacity.admission import node_buckets
from dynaproof.impl.journal.frames import UnknownFormatError
from dynaproof.impl.journal.journal import RottenLogError
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import ONLY_LANE, Env, Message, NodeId, Timer
from dynaproof.impl.partition import replica as partition
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.files import (
    LOGS,
    PAGES,
    replicas_named,
)
from dynaproof.impl.paxos.messages.membership import (
    AskReport,
    Created,
    CreateReplica,
    DropReplica,
    Gone,
    Report,
    Vacant,
    VacantTimer,
)
from dynaproof.impl.paxos.notes import Dropped, Reached
from dynaproof.impl.storage_node import node_journal
from dynaproof.impl.storage_node.agent import Agent, Region
from dynaproof.impl.storage_node.children import Children
from dynaproof.impl.storage_node.grants import Grants
from dynaproof.impl.storage_node.lines import Lines
from dynaproof.impl.storage_node.making import Making
from dynaproof.impl.storage_node.messages import (
    Emptied,
    Ended,
    Found,
    Interred,
    Marked,
    NoRoom,
    NotYet,
    SpeakTimer,
    Written,
)
from dynaproof.impl.storage_node.node_journal import NodeJournal, Silent
from dynaproof.impl.storage_node.replica_files import has_spoken, incarnations
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.pages import RottenPageError

ROTTEN = (RottenLogError, RottenPageError)
UNSOUND = (*ROTTEN, UnknownFormatError)


class StorageNode:
    """A node that hosts replicas of groups whose storage nodes are among `peers`; by static configuration it
    hosts one of each of `groups`, and says that it is vacant while it has none.
    """

    def __init__(
        self,
        env: Env,
        peers: tuple[NodeId, ...],
        settings: Settings,
        groups: tuple[int, ...] = (ONLY_LANE,),
        operators: tuple[NodeId, ...] = (),
        region: Region | None = None,
    ) -> None:
        self.env = env
        self.peers = peers
        self.settings = settings
        self.metadata_settings = structs.replace(settings, repairs_itself=True)
        self.groups = groups
        self.hosts = frozenset(peer.address for peer in peers)
        """The nodes that may have a replica made here, whichever incarnation they run as."""
        self.operators = frozenset(operator.address for operator in operators)
        """Others that may have a replica made, or dropped."""
        self.replicas: dict[int, PartitionReplica] = {}
        """By group: those that have started."""
        self.unread: dict[int, bool] = {}
        """Groups of which the disk may hold something that this life has not looked at yet."""
        self.journal = NodeJournal(env.disk, settings.node_frames)
        self.cache = PageCache(settings.cache_bytes)
        """Of all trees of the node."""
        self.limits = node_buckets(settings.node_reads, settings.node_writes, 0)
        """What all replicas with rates share."""
        self.grants = Grants(env, settings.lease_us)
        self.lines = Lines(env.disk)
        self.maker = Making(self)
        self.making = self.maker.under_way
        """By group: replicas that say nothing yet."""
        self.agent = None if region is None else Agent(self, region)
        self.for_node = frozenset((*self.OWN, *self.ASKED, *(Agent.HANDLERS if self.agent else ())))
        """The messages that are not for a replica."""
        self.broken = False

    # --- Start ---

    def on_start(self) -> None:
        """Read the journal; the rest of the disk is read a group at a time, each in its own handler."""
        disk = self.env.disk
        self.grants.start()
        try:
            self.journal.recover()
        except (RottenLogError, UnknownFormatError):
            self.broken = True  # Nobody knows what was made here, and what is silent.
            return
        there = {group for group, _ in replicas_named((*disk.logs(LOGS), *disk.files(PAGES)))}
        there.update(self.journal.groups())
        self.unread = dict.fromkeys(sorted(there), True)
        self.lines.known = not there
        for group in self.unread:
            self.env.enter(group)
            self.env.send(self.env.me, Found())
        self.env.enter(ONLY_LANE)
        if self.agent is not None:
            self.agent.start()
            self.agent.make_first()
        for group in self.groups if self.agent is None else (METADATA,):
            if group not in self.unread:
                self.env.enter(group)
                self.say_vacant()

    def on_found(self, _: Found) -> None:
        """Recover the group's replica if it was made and is not silent; all else of the group goes (H2)."""
        group = self.env.lane
        live, floor = self.journal.live(group), self.journal.floor(group)
        for incarnation in incarnations(self.env.disk, group):
            if incarnation > floor and has_spoken(self.env.disk, group, incarnation):
                self.broken = True  # It was marked, so the node's journal has lost a record that was durable.
                return
            if incarnation != live:
                self.lines.left(group, incarnation)
        if self.journal.buried(group) or self.journal.was_dropped(group):
            self.env.send(self.env.me, Emptied())
        if live:
            self.recover(live)
        del self.unread[group]  # It is known which other files this group needs.
        if group not in self.replicas and (live or floor or group in self.groups):
            self.say_vacant()
        self.guarded(self.maker.make_child)  # If that finds rot, it is the parent that falls silent.
        if not self.unread:
            self.lines.known = True
            self.lines.clear()

    def recover(self, incarnation: int) -> None:
        """Recover a replica from its journal; it falls silent if the journal is damaged or gone (H2)."""
        try:
            settings, more = self.settings_of(self.env.lane), self.more_of(self.env.lane)
            recovered = partition.recover(self.env, settings, self.cache, self.limits, incarnation, more)
            if recovered is None:
                raise RottenLogError("a replica that was made has a journal")
            replica, torn = recovered
            self.replicas[self.env.lane] = replica
            self.lines.names(self.env.lane, replica.files_of_others())
            replica.end.marked = self.journal.marked(self.env.lane)
            if torn:
                self.env.note(Reached("recovery from a torn tail"))
            replica.start(waits=True)  # It makes children of its pages (H3).
        except ROTTEN as rot:
            self.fall_silent(incarnation, rot)

    def settings_of(self, group: int) -> Settings:
        """The settings of a group's replicas: in a region, the metadata repairs itself, and nothing else."""
        return self.metadata_settings if self.agent is not None and group == METADATA else self.settings

    def more_of(self, group: int) -> partition.MoreServices:
        """What replicas of a group do besides what replicas of every partition do."""
        if self.agent is not None and group == METADATA:
            return self.agent.more_of(group)
        return lambda replica: (Children(replica, self.maker, self.lines),)

    def begins_alone(self, group: int) -> bool:
        """Whether a new group begins without a leader that knows it: where tables come and go (A13)."""
        return self.agent is not None

    # --- Silence ---

    def fall_silent(self, incarnation: int, rot: Exception) -> None:
        """Synced state is damaged: this incarnation of the lane's group forgets (rule 13, H2)."""
        self.env.note(Reached("rot found"))
        if isinstance(rot, RottenPageError):
            self.env.note(Reached("page rot found"))
        self.silence(incarnation)

    def silence(self, incarnation: int) -> None:
        """From here on this incarnation of the lane's group says nothing, durably; then its files go."""
        self.end(Silent(self.env.lane, incarnation))

    def end(self, record: Silent | node_journal.Dropped) -> None:
        """End the replica of the lane's group that the record names."""
        self.abandon()
        incarnation, through = record.incarnation, self.journal.append(record)
        self.env.send(self.env.me, Ended(incarnation, through))

    def abandon(self) -> None:
        """End whatever replica of the lane's group is here or being made. What it has granted continues to
        bind the node.
        """
        group = self.env.lane
        self.maker.abandon(group)
        replica = self.replicas.pop(group, None)
        if replica is not None:
            self.grants.ended(group, replica.bound_until())
            replica.state.pages.close()

    def on_interred(self, m: Interred) -> None:
        """A partition that is buried durably needs no files (A7)."""
        self.journal.confirm(m.through)
        if self.journal.buried(self.env.lane):
            for incarnation in incarnations(self.env.disk, self.env.lane):
                self.lines.left(self.env.lane, incarnation)
            self.lines.names(self.env.lane, ())
            self.env.send(self.env.me, Emptied())

    def on_emptied(self, _: Emptied) -> None:
        """The group's files are gone durably: it need not be remembered for their sake."""
        self.journal.emptied(self.env.lane)

    def on_ended(self, m: Ended) -> None:
        """A replica that is silent durably needs no files."""
        self.journal.confirm(m.through)
        self.lines.left(self.env.lane, m.incarnation)
        self.lines.names(self.env.lane, ())
        if self.journal.was_dropped(self.env.lane):
            self.env.send(self.env.me, Emptied())

    def leave_to_other_code(self) -> None:
        """The disk is of another format version: say and write nothing, until code comes that knows it."""
        self.replicas, self.broken = {}, True

    def say_vacant(self) -> None:
        """Tell the peers that the lane's group has no replica here; the group's leader among them answers
        with a new incarnation. Operators ask without being told.
        """
        peers = self.peers if self.agent is None else self.agent.metadata.who_may_miss_it()
        if not peers or not self.settings_of(self.env.lane).repairs_itself:
            return
        for peer in peers:
            if peer.address != self.env.me.address:
                vacant = Vacant(self.env.me, self.journal.floor(self.env.lane))
                self.env.send(peer.address, vacant)  # The peer's disk may be new too.
        self.env.set_timer(self.settings.heartbeat_us, VacantTimer())

    # --- Making ---

    def on_create_replica(self, sender: NodeId, m: CreateReplica) -> None:
        """Write the files of a replica that knows nothing (H1, a), or only where its log begins (rule
        M5), if there is room (H12) and a node of the group says so: a leader, a follower on behalf of one, or
        the node's own operator; in a region, an admin (A5). Repeated and late copies change nothing.
        """
        group, member = self.env.lane, m.member
        operated = sender.address in self.operators
        if self.agent is not None:
            if not self.agent.obeys(sender, m):  # Nobody else commands it, the node itself neither.
                return
            operated = group != METADATA  # The leader of the metadata needs no answer.
        elif sender != self.env.me and sender.address not in self.hosts and not operated:
            return
        there = self.replicas.get(group)
        if member.node.address != self.env.me.address and there is not None:
            self.env.send(member.node, m)  # On behalf of a leader that cannot reach it.
            return
        if operated and there is not None and there.member == member:
            self.env.send(sender, Created(member))
            return
        if member.node != self.env.me or member.incarnation <= self.journal.floor(group):
            return
        if there is not None or group in self.making or group in self.unread or self.maker.comes_by_split(m):
            return
        if m.log is not None and m.log.record.slot < 1:
            return  # No slot holds it.
        if self.has_room(m):
            self.maker.begin(m, sender if operated else None)
        elif not self.unread:  # What was not looked at may be nothing: then the next command finds room.
            self.env.send(sender, NoRoom(member, self.settings.replicas_per_node))

    def has_room(self, m: CreateReplica) -> bool:
        """Whether one more replica may be made (H12)."""
        hosted, region = (*self.replicas, *self.making, *self.unread), self.agent
        there = sum(region is None or one != METADATA for one in hosted)
        return there < self.settings.replicas_per_node or (region is not None and region.leaves_out(m))

    def on_written(self, m: Written) -> None:
        """The files of a replica are durable (H1, b)."""
        self.maker.on_written(m)

    def on_marked(self, m: Marked) -> None:
        """The mark of a replica is durable (H1, c)."""
        self.maker.on_marked(m)

    # --- What an operator asks ---

    def on_drop_replica(self, sender: NodeId, m: DropReplica) -> None:
        """Silence exactly this incarnation, made or not, at the command of an operator (rule M7), an admin
        (A6) or the leader of partition 0 (A15). While an older one lives here this one cannot have been made,
        and while one is being made, or the group was not read yet, that is not known: say nothing. A replica
        of a parent stays as long as the parent's children are not made (H11).
        """
        group, member = self.env.lane, m.member
        operated = sender.address in self.operators
        if self.agent is not None:
            operated = self.agent.obeys(sender, m)
        if not operated or member.node != self.env.me:
            return
        live = self.journal.live(group)
        if group in self.making or group in self.unread or 0 < live < member.incarnation:
            return
        if live == member.incarnation and self.maker.owes_children(group):
            self.env.send(sender, NotYet(member))
            return
        fell_silent = self.journal.silent_incarnation(group) == member.incarnation
        if live == member.incarnation or member.incarnation > self.journal.floor(group):
            self.env.note(Dropped(member))
            self.end(self.dropped(m))
        elif self.agent is not None and fell_silent:
            self.end(self.dropped(m))  # It is no longer reported.
        self.env.send(sender, Gone(member))

    def dropped(self, m: DropReplica) -> Silent | node_journal.Dropped:
        """What the node's journal says of a replica that was dropped (H11); an operator has no term."""
        lane, incarnation = self.env.lane, m.member.incarnation
        if self.agent is None:
            return Silent(lane, incarnation)
        return node_journal.Dropped(lane, incarnation, m.term, m.parent)

    def on_ask_report(self, sender: NodeId, m: AskReport) -> None:
        """Say what is hosted here of the group, once that is known."""
        group = self.env.lane
        if group not in self.making and group not in self.unread:
            there = self.replicas.get(group)
            member, full = (None, False) if there is None else (there.member, there.full)
            self.env.send(sender, Report(m.asked_at, self.env.me, member, full))

    # --- What it is given ---

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take a message, if the node's own journal is sound."""
        if self.broken:
            return
        group = self.env.lane
        if group == METADATA and self.agent is not None:
            self.agent.take_for_metadata(sender, message)
        else:
            self.take(group, sender, message)

    def take(self, group: int, sender: NodeId, message: Message) -> None:
        """Hand a message to the replica of its lane, unless it is for the node."""
        replica = self.replicas.get(group)
        if type(message) in self.for_node:
            self.on_message_for_node(sender, message)
        elif replica is not None:
            try:
                replica.receive(sender, message)
            except UNSOUND as error:
                self.found_unsound(error)
        elif self.agent is not None:
            self.agent.not_there(sender, message)

    def on_message_for_node(self, sender: NodeId, message: Message) -> None:
        """What the node says to itself, what it is asked for a group, and what its agent is told."""
        kind = type(message)
        if kind in self.OWN:
            if sender == self.env.me:
                self.guarded(self.OWN[kind], self, message)
        elif kind in self.ASKED:
            self.ASKED[kind](self, sender, message)
        else:
            assert self.agent is not None, "only an agent has handlers besides"
            self.agent.HANDLERS[kind](self.agent, sender, message)

    def on_timer(self, timer: Timer) -> None:
        """Hand a timer to the replica of its lane."""
        if self.broken:
            return
        replica = self.replicas.get(self.env.lane)
        if isinstance(timer, SpeakTimer):
            self.maker.on_speak_timer()
        elif isinstance(timer, VacantTimer):
            self.say_vacant()  # It was cancelled if a replica is there, or is being made.
        elif type(timer) in Agent.TIMERS:
            if self.agent is not None:
                Agent.TIMERS[type(timer)](self.agent, timer)
        elif replica is not None:
            self.guarded(replica.fire, timer)

    def guarded(self, handler: Callable[..., None], *arguments: Any) -> None:
        """Call a handler of the lane's group."""
        try:
            handler(*arguments)
        except UNSOUND as error:
            self.found_unsound(error)

    def found_unsound(self, error: Exception) -> None:
        """Damage that is found silences the lane's replica, which has read it (P8), as it silences one that
        finds rot at its start.
        """
        if isinstance(error, UnknownFormatError):
            self.leave_to_other_code()
            return
        self.fall_silent(self.replicas[self.env.lane].incarnation, error)
        self.say_vacant()

    OWN: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Found: on_found,
        Written: on_written,
        Marked: on_marked,
        Ended: on_ended,
        Interred: on_interred,
        Emptied: on_emptied,
    }
    """Messages that the node sends to itself only."""

    ASKED: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        CreateReplica: on_create_replica,
        DropReplica: on_drop_replica,
        AskReport: on_ask_report,
    }
    """What others ask of the node, for a group."""
