"""The storage node: hosts a replica, creates it, recovers it, and retires an incarnation that has forgotten
something.

*Invariant.* An incarnation whose synced state is damaged or gone never speaks again (rule 13): its number is
journalled as retired before the node says that it is vacant, so that no late `CreateReplica` revives it. A
node on a lost disk has another `NodeId`, and what names the old one does not reach it. The node's own small
journal is `node`; if that rots, or holds what no node writes, the node is silent until it gets a new disk. It
is silent too where anything on the disk is of another format version; then nothing is lost, and nothing is
retired.

Hosting one replica per node is what a single partition needs; the auto admin will bring more.
"""

from __future__ import annotations

from dynaproof.impl.journal.frames import UnknownFormatError
from dynaproof.impl.journal.journal import RottenLogError
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition import replica as partition
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.log import fresh_head
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
from dynaproof.impl.storage_node.retirement import Retirement
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.pages import RottenPageError

ROTTEN = (RottenLogError, RottenPageError)


class StorageNode:
    """A node that hosts one replica of a group whose storage nodes are `peers` (static configuration)."""

    def __init__(
        self, env: Env, peers: tuple[NodeId, ...], settings: Settings, operators: tuple[NodeId, ...] = ()
    ) -> None:
        self.env = env
        self.peers = peers
        self.settings = settings
        self.hosts = frozenset(peer.address for peer in peers)
        """The nodes that may have a replica made here, whichever incarnation they run as."""
        self.operators = frozenset(operator.address for operator in operators)
        """Who may have one made, or dropped, besides."""
        self.replica: PartitionReplica | None = None
        self.retirement = Retirement(env.disk)
        self.cache = PageCache(settings.cache_bytes)
        """Of all trees of the node."""
        self.broken = False

    def on_start(self) -> None:
        """Recover the replica with the highest incarnation that is not retired."""
        try:
            if not self.retirement.recover():
                self.broken = True  # Nobody knows what is retired.
                return
            live = [i for i in self.incarnations() if i > self.retirement.through]
            if live:
                self.recover(live[-1])
        except UnknownFormatError:
            self.leave_to_other_code()
            return
        if self.replica is None:
            self.say_vacant()

    def incarnations(self) -> list[int]:
        """The incarnations with a journal on this disk, ascending."""
        return sorted({int(name.split("/")[1]) for name in self.env.disk.logs("log/")})

    def recover(self, incarnation: int) -> None:
        """Fold the journal; retire the incarnation if something that was synced is damaged."""
        try:
            recovered = partition.recover(self.env, self.settings, self.cache, f"log/{incarnation:06d}/")
            if recovered is None:
                raise RottenLogError("a created replica has a journal")
        except ROTTEN as rot:
            self.fall_silent(incarnation, rot)
            return
        self.replica, torn = recovered
        if torn:
            self.env.note(Reached("recovery from a torn tail"))
        self.replica.start(waits=True)

    def fall_silent(self, incarnation: int, rot: Exception) -> None:
        """Synced state is damaged: this incarnation retires."""
        self.env.note(Reached("rot found"))
        if isinstance(rot, RottenPageError):
            self.env.note(Reached("page rot found"))
        self.retire(incarnation)

    def retire(self, incarnation: int) -> None:
        """Fall silent as this incarnation, durably (rule 13)."""
        if self.replica is not None:
            self.replica.state.pages.close()
        self.replica = None
        self.retirement.retire(incarnation)

    def give_up(self, replica: PartitionReplica, rot: Exception) -> None:
        """A page turned out to be damaged while the replica runs: it falls silent, like one that finds rot at
        its start.
        """
        self.fall_silent(replica.incarnation, rot)
        self.say_vacant()

    def leave_to_other_code(self) -> None:
        """The disk is of another format version: say and write nothing, until code comes that knows it."""
        self.replica, self.broken = None, True

    def say_vacant(self) -> None:
        """Tell the peers; the leader among them answers with a new incarnation. An operator asks itself."""
        if not self.settings.repairs_itself:
            return
        for peer in self.peers:
            if peer.address != self.env.me.address:
                vacant = Vacant(self.env.me, self.retirement.through)
                self.env.send(peer.address, vacant)  # Its disk may be new too.
        self.env.set_timer(self.settings.heartbeat_us, VacantTimer())

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Hand a message to the replica, or create one."""
        if self.broken:
            return
        if isinstance(message, CreateReplica):
            self.on_create_replica(sender, message)
        elif isinstance(message, DropReplica):
            self.on_drop_replica(sender, message)
        elif isinstance(message, AskReport):
            member = None if self.replica is None else self.replica.member
            self.env.send(sender, Report(self.env.me, member, self.retirement.through))
        elif self.replica is not None:
            try:
                self.replica.receive(sender, message)
            except ROTTEN as rot:
                self.give_up(self.replica, rot)
            except UnknownFormatError:
                self.leave_to_other_code()

    def on_create_replica(self, sender: NodeId, message: CreateReplica) -> None:
        """Make a replica that knows nothing, if a node of the group says so: a leader, a follower on behalf
        of one, or the node's own operator. Repeated and late copies change nothing.
        """
        member, operated = message.member, sender.address in self.operators
        if sender != self.env.me and sender.address not in self.hosts and not operated:
            return
        if member.node.address != self.env.me.address and self.replica is not None:
            self.env.send(member.node, message)  # On behalf of a leader that cannot reach it.
            return
        if operated and self.replica is not None and self.replica.member == member:
            self.env.send(sender, Created(member))
        if (
            self.replica is not None
            or member.node != self.env.me
            or member.incarnation <= self.retirement.through
        ):
            return
        for name in self.env.disk.logs("log/"):
            self.env.disk.remove_log(name)
        for name in self.env.disk.files("items/"):
            self.env.disk.remove_file(name)
        head = fresh_head(member, message.config, message.config_slot)
        prefix = f"log/{member.incarnation:06d}/"
        self.replica = partition.create(self.env, self.settings, self.cache, prefix, head)
        if message.config_slot:
            self.env.note(Reached("voter replaced"))
        self.env.cancel_timer(VacantTimer())
        self.replica.start(waits=False)  # Whatever an earlier incarnation has granted here (rule L5).
        if operated:
            self.env.send(sender, Created(member))

    def on_drop_replica(self, sender: NodeId, message: DropReplica) -> None:
        """Retire exactly this incarnation at an operator's command, whether or not it was ever made; while an
        older one lives here, it cannot have been, and the operator hears nothing.
        """
        member, live = message.member, self.replica
        older = live is not None and live.incarnation < member.incarnation
        if sender.address not in self.operators or member.node != self.env.me or older:
            return
        if member.incarnation > self.retirement.through:
            if live is not None and live.member != member:
                return
            self.env.note(Dropped(member))
            self.retire(member.incarnation)
        self.env.send(sender, Gone(member))

    def on_timer(self, timer: Timer) -> None:
        """Hand a timer to the replica."""
        if self.broken:
            return
        if isinstance(timer, VacantTimer):
            if self.replica is None:
                self.say_vacant()
        elif self.replica is not None:
            try:
                self.replica.fire(timer)
            except ROTTEN as rot:
                self.give_up(self.replica, rot)
            except UnknownFormatError:
                self.leave_to_other_code()
