"""The storage nodes as an admin hears of them: who may get replicas, who does not know its term yet, and what
they host that nothing names (rules A8 and A11 of docs/table.md).

*Invariant.* What a node hosts is dropped only if the metadata, read after the node's report, has no record of
the partition, and no workflow, read after that, names it.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.metadata.changes import Read, add_node
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    WORKFLOWS,
    WorkflowRecord,
    is_given,
    node_key,
    partition_key,
)
from dynaproof.impl.node import ONLY_LANE, Env, Microseconds, NodeId
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.messages import DropPartition, NodeReport, RaiseFence


class Collect(Struct, frozen=True, gc=False):
    """Are there records of the partitions that a node hosts?"""

    node: NodeId
    partitions: tuple[int, ...]


class CollectUnnamed(Struct, frozen=True, gc=False):
    """Does a workflow name these partitions, of which there are no records?"""

    node: NodeId
    partitions: tuple[int, ...]


class AddNode(Struct, frozen=True, gc=False):
    """Record a node that has reported for the first time."""

    node: NodeId


class Heard:
    """What a node said last."""

    __slots__ = ("at", "collecting", "node", "recorded", "replicas")

    def __init__(self) -> None:
        self.node: NodeId | None = None
        self.at: Microseconds = 0
        self.replicas = 0
        self.recorded = False
        """Whether the metadata has a record of it, as far as this admin knows."""
        self.collecting = False
        """Whether it is being looked up what of it nothing names."""


class Nodes:
    """The storage nodes of the region; see the module."""

    def __init__(self, env: Env, settings: AdminSettings, metadata: Metadata, term: Term) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.heard: dict[NodeId, Heard] = {}
        """By address: as many as there are storage nodes."""

    def on_report(self, sender: NodeId, m: NodeReport) -> None:
        """A node says what it hosts, and its fence (A8)."""
        if sender != m.node:
            return
        heard = self.heard.get(sender.address)
        if heard is None:
            heard = self.heard[sender.address] = Heard()
        heard.node, heard.at, heard.replicas = m.node, self.env.now, m.total
        if not self.term.active:
            return
        if m.fence < self.term.term:
            self.env.send(sender, RaiseFence(self.term.term))
        if not heard.recorded:
            self.metadata.read((ADMIN_KEY, node_key(sender.name)), AddNode(sender))
        hosted = tuple(dict.fromkeys(one.partition for one in m.replicas if is_given(one.partition)))
        if hosted and not heard.collecting:
            heard.collecting = True
            keys = tuple(sorted(map(partition_key, hosted)))
            self.metadata.read(keys, Collect(sender, hosted))

    def candidates(self) -> tuple[Candidate, ...]:
        """The nodes that may get replicas: they have reported lately, and have room."""
        since, most = self.env.now - self.settings.heard_us, self.settings.replicas_per_node
        return tuple(
            Candidate(heard.node, heard.replicas)
            for heard in self.heard.values()
            if heard.node is not None and heard.at >= since and heard.replicas < most
        )

    # --- Records of nodes ---

    def add(self, m: AddNode, read: Read) -> None:
        """Record a node."""
        heard = self.heard[m.node.address]
        heard.recorded = True
        if self.term.governs(read) and read.record(node_key(m.node.name)) is None:
            self.metadata.change(add_node(read, m.node), m)

    def added(self, m: AddNode, ending: Ending, slot: int) -> None:
        """Recorded; or it is looked up again at the next report."""
        self.heard[m.node.address].recorded = ending == "ok"

    def unadded(self, m: AddNode) -> None:
        """The metadata did not answer."""

    # --- Collection ---

    def collect(self, m: Collect, read: Read) -> None:
        """Of what has no record, see whether a workflow names it (A11)."""
        missing = tuple(one for one in m.partitions if read.record(partition_key(one)) is None)
        if missing:
            self.metadata.scan(WORKFLOWS, CollectUnnamed(m.node, missing))
        else:
            self.heard[m.node.address].collecting = False

    def collect_unnamed(self, m: CollectUnnamed, read: Read) -> None:
        """Drop what nothing names (A11)."""
        self.heard[m.node.address].collecting = False
        if not self.term.active:
            return
        named = {
            target.partition
            for record in read.records()
            if isinstance(record, WorkflowRecord)
            for target in record.targets
        }
        for partition in m.partitions:
            if partition not in named:
                self.env.note(Reached("replica that nothing named was dropped"))
                self.env.enter(partition)
                self.env.send(m.node.address, DropPartition(self.term.term))
        self.env.enter(ONLY_LANE)

    def uncollected(self, m: Collect | CollectUnnamed) -> None:
        """The metadata did not answer: the next report is looked at."""
        self.heard[m.node.address].collecting = False
