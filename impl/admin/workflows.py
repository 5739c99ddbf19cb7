"""Drives the workflows that the metadata records: has replicas made, or dropped, on the nodes that a workflow
names (rules A2, A13 and A14 of docs/table.md).

What a step has decided is in its record; which nodes have answered is not, so an admin that takes over sends
all commands again, and is answered again. A command is sent again and again, more and more seldom. The next
step is one conditioned change.

*Invariant.* A table becomes active when every replica has answered that it was made, except for one of each
partition that is out (its node is lost, or has no room), and, if the table is given capacity, every partition
has answered that it has its rates. If two replicas of a partition are out, the table never becomes active,
and is deleted. The record of a deleted table is removed when, for each partition, so many nodes have answered
that nothing of it is left there that the others are no quorum of its config, nor of one that a command may
still have chosen (`model/deletion.py`). Nodes that only earlier configs name are not waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.ratings import Rating, Ratings, rates_needed
from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Steps
from dynaproof.impl.admin.term import Term
from dynaproof.impl.capacity.rates import NO_VERSION, Version
from dynaproof.impl.metadata.changes import (
    Read,
    activate,
    begin_to_delete,
    is_current,
    keys_of_workflow,
    remove_table,
)
from dynaproof.impl.metadata.records import (
    WORKFLOWS,
    ReplacementRecord,
    SplitRecord,
    TableRecord,
    Target,
    WorkflowRecord,
    table_key,
)
from dynaproof.impl.node import ONLY_LANE, Env, Message, NodeId, Timer
from dynaproof.impl.partition.messages.requests import SetRates
from dynaproof.impl.paxos.messages.membership import Created, CreateReplica
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.messages import DropPartition, Fenced, NoRoom, PartitionGone


class StepTimer(Timer, frozen=True, gc=False, tag="workflow_step"):
    """Time to send the commands of this workflow again."""

    workflow: int


class LookTimer(Timer, frozen=True, gc=False, tag="workflows_look"):
    """Time to look which workflows there are."""


class Look(Struct, frozen=True, gc=False):
    """Which workflows are there? What was asked in an earlier term may have ended since: others drove it."""

    term: int


class Finish(Struct, frozen=True, gc=False):
    """What the last step of a workflow looks at."""

    workflow: int


class Finished(Struct, frozen=True, gc=False):
    """The last step of a workflow."""

    workflow: int


class Driven:
    """A workflow that is under way, and what has been answered to this life of this admin."""

    __slots__ = ("answered", "finishing", "rated", "record", "refused", "sent", "waits")

    def __init__(self, record: WorkflowRecord) -> None:
        self.record = record
        self.answered: dict[tuple[int, NodeId], bool] = {}
        """By partition and address of a node: the nodes that have answered."""
        self.refused: dict[tuple[int, NodeId], bool] = {}
        """Likewise, the nodes that have no room for a replica, as they said last."""
        self.rated: dict[int, Version] = {}
        """By partition, the version of the rates that it has heard of."""
        self.finishing = False
        """Whether its last step is being read or written."""
        self.sent = 0
        """How many of the unanswered commands were sent in this round."""
        self.waits = 0
        """How many rounds there were."""

    def silent(self, target: Target) -> list[NodeId]:
        """The nodes that have not answered for a partition."""
        return [one for one in target.nodes() if (target.partition, one) not in self.answered]

    def out(self, target: Target, nodes: Nodes) -> int:
        """How many nodes of a partition will not make their replica: they are lost, or have no room."""
        silent = self.silent(target)
        voters = [voter for voter in target.config.voters if voter.node.address in silent]
        return sum(
            nodes.has_lost(one, target.partition) or (target.partition, one.node.address) in self.refused
            for one in voters
        )

    def lacks(self, nodes: Nodes) -> int:
        """How many nodes must still answer, at the least, before the last step: for each partition all but
        one that is out when the table is created (A13), and when it is deleted, so many that the others are a
        quorum of no config that may be chosen (A14).
        """
        if self.record.kind == "delete":
            return sum(target.too_many(self.silent(target)) for target in self.record.targets)
        # A replica that is out is replaced like any voter, once the table is active (A10).
        return sum(
            max(0, len(self.silent(target)) - min(1, self.out(target, nodes)))
            for target in self.record.targets
        )

    def is_hopeless(self, nodes: Nodes) -> bool:
        """Whether a table cannot be created: two voters of a partition are out, and nobody can replace them,
        because it has no leader (A13).
        """
        creates = self.record.kind == "create"
        return creates and any(self.out(target, nodes) > 1 for target in self.record.targets)

    def is_due(self, nodes: Nodes) -> bool:
        """Whether its last step may be taken."""
        return not self.lacks(nodes) or self.is_hopeless(nodes)


class Workflows:
    """The workflows that this admin drives; see the module."""

    def __init__(
        self,
        env: Env,
        settings: AdminSettings,
        metadata: Metadata,
        term: Term,
        nodes: Nodes,
        steps: Steps,
        ratings: Ratings,
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.nodes = nodes
        self.steps = steps
        self.ratings = ratings
        self.known: dict[int, Driven] = {}
        self.looks = False
        self.look_again = False
        self.doubts = False
        """Whether the last look-up has shown more than may be under way."""

    # --- Which there are ---

    def activated(self) -> None:
        """Go on with all that is under way, whoever began it (A2)."""
        self.known = {}
        self.steps.activated()
        self.look()

    def look(self) -> None:
        """Read which workflows are under way."""
        self.look_again = self.looks
        if self.term.active and not self.looks:
            self.looks = True
            self.metadata.scan(WORKFLOWS, Look(self.term.term))

    def on_look_timer(self, _: LookTimer) -> None:
        """Look again, in case another admin has begun something, or ended it."""
        self.look()

    def found(self, m: Look, read: Read) -> None:
        """Drive what is new, and forget what has ended."""
        self.looks = False
        records = read.records()
        if m.term != self.term.term or self.is_doubtful(records):
            self.look_again = True
            self.wait()
            return
        of_partitions = [one for one in records if isinstance(one, ReplacementRecord | SplitRecord)]
        self.steps.found({one.workflow: one for one in of_partitions}, is_all=not self.look_again)
        there = {record.workflow: record for record in records if isinstance(record, WorkflowRecord)}
        for gone in [number for number in self.known if number not in there]:
            self.forget(gone)
        for number, record in there.items():
            if number not in self.known and self.term.active:
                self.known[number] = Driven(record)
                self.go_on(self.known[number])
        self.wait()

    def is_doubtful(self, records: Sequence[Any]) -> bool:
        """Whether more is under way than may be, and was not when this was read before: pages are of
        different moments, so perhaps one has ended, and another begun. Else an admin had other bounds.
        """
        settings = self.settings
        bounds = (
            (WorkflowRecord, settings.workflows),
            (ReplacementRecord, settings.replacements),
            (SplitRecord, settings.splits_at_once),
        )
        too_many = any(sum(isinstance(one, kind) for one in records) > most for kind, most in bounds)
        self.doubts = too_many and not self.doubts
        return self.doubts

    def unfound(self, _: Look) -> None:
        """The metadata did not answer."""
        self.looks = False
        self.wait()

    def wait(self) -> None:
        """Look again later, or at once if that was asked for meanwhile."""
        if self.look_again:
            self.look()
        self.env.enter(ONLY_LANE)
        self.env.set_timer(self.settings.most_retry_us, LookTimer())

    def forget(self, number: int) -> None:
        """A workflow has ended."""
        if self.known.pop(number, None) is not None:
            self.env.enter(ONLY_LANE)
            self.env.cancel_timer(StepTimer(number))

    # --- Commands ---

    def on_step_timer(self, timer: StepTimer) -> None:
        """Send the unanswered commands again."""
        driven = self.known.get(timer.workflow)
        if driven is not None and self.term.active:
            self.go_on(driven)

    def go_on(self, driven: Driven) -> None:
        """Command the nodes that have not answered, so many at a time, in rounds, so that a silent node keeps
        no other from getting its command. Or take the last step (A2).
        """
        settings, env = self.settings, self.env
        if driven.is_due(self.nodes):
            self.finish(driven)
        silent = [
            (target, to, command)
            for target in driven.record.targets
            for to, command in self.commands(driven.record, target)
            if (target.partition, to.address) not in driven.answered
        ]
        through = driven.sent + settings.commands
        for target, to, command in silent[driven.sent : through]:
            env.enter(target.partition)
            env.send(to, command)
        env.enter(ONLY_LANE)
        wait_us = min(settings.most_retry_us, settings.command_retry_us << min(driven.waits, 16))
        driven.sent = through
        if through >= len(silent):
            driven.sent, driven.waits = 0, driven.waits + 1
        env.set_timer(wait_us, StepTimer(driven.record.workflow))

    def commands(self, work: WorkflowRecord, target: Target) -> list[tuple[NodeId, Message]]:
        """What each node is commanded for a partition."""
        term, config = self.term.term, target.config
        if work.kind == "create":
            return [(voter.node, CreateReplica(voter, config, 0, None, term)) for voter in config.voters]
        return [(address, DropPartition(term, target.parent)) for address in target.nodes()]

    def on_created(self, sender: NodeId, m: Created) -> None:
        """A replica was made."""
        if sender == m.member.node:
            self.answered("create", sender, m.member)

    def on_partition_gone(self, sender: NodeId, m: PartitionGone) -> None:
        """Nothing of a partition is left on a node."""
        if sender == m.node:
            self.answered("delete", sender, None)

    def answered(self, kind: str, sender: NodeId, member: Any) -> None:
        """A node has answered for the partition of the lane; once enough have, the last step is due."""
        partition = self.env.lane
        for driven in self.known.values():
            if driven.record.kind != kind:
                continue
            for target in driven.record.targets:
                named = member is None or member in target.config.voters
                if target.partition == partition and named:
                    driven.answered[partition, sender.address] = True
                    driven.refused.pop((partition, sender.address), None)
                    self.look_whether_due(driven)
                    return

    def on_no_room(self, sender: NodeId, m: NoRoom) -> None:
        """A node has no room for a replica now; it is asked again while the table is being created."""
        if sender != m.member.node:
            return
        for driven in self.known.values():
            for target in driven.record.targets:
                if target.partition == self.env.lane and m.member in target.config.voters:
                    driven.refused[target.partition, sender.address] = True
                    self.look_whether_due(driven)

    def look_whether_due(self, driven: Driven) -> None:
        """Take the last step as soon as it may be taken."""
        if self.term.active and driven.is_due(self.nodes):
            self.finish(driven)

    def on_fenced(self, sender: NodeId, m: Fenced) -> None:
        """Another admin is active."""
        if m.fence > self.term.term:
            self.term.retire()

    # --- The last step ---

    def finish(self, driven: Driven) -> None:
        """Read what the last step looks at."""
        if not driven.finishing:
            driven.finishing = True
            self.metadata.read(keys_of_workflow(driven.record), Finish(driven.record.workflow))

    def ready(self, m: Finish, read: Read) -> None:
        """Take the last step, if the workflow is still under way (A2)."""
        driven = self.known.get(m.workflow)
        if driven is None:
            return
        if not self.term.governs(read) or not is_current(read, driven.record):
            driven.finishing = False
            self.look()
            return
        if not driven.is_due(self.nodes):  # A node that was lost, or had no room, may be there again.
            driven.finishing = False
            return
        if driven.is_hopeless(self.nodes):
            self.env.note(Reached("table that cannot be created was given up"))
            table: TableRecord = read.record(table_key(driven.record.table))
            self.metadata.change(begin_to_delete(read, table, driven.record.request), Finished(m.workflow))
            return
        if driven.record.kind == "create" and not self.has_rates(driven, read):
            driven.finishing = False
            return
        last = activate if driven.record.kind == "create" else remove_table
        self.metadata.change(last(read, driven.record), Finished(m.workflow))

    def has_rates(self, driven: Driven, read: Read) -> bool:
        """Whether every partition of a new table has heard of its rates; else those that have not are told
        (A16).
        """
        unrated = [
            (record, rates)
            for record, rates in rates_needed(read, driven.record.table)
            if driven.rated.get(record.partition, NO_VERSION) < rates.version
        ]
        for record, rates in unrated:
            self.ratings.tell(record, SetRates(rates), driven.record.workflow)
        return not unrated

    def rated(self, m: Rating) -> None:
        """A partition has heard of its rates: once all have, the last step is due."""
        driven = self.known.get(m.workflow)
        if driven is not None:
            driven.rated[m.partition] = m.version
            self.look_whether_due(driven)

    def unready(self, m: Finish) -> None:
        """The metadata did not answer: it is tried again when the commands are."""
        driven = self.known.get(m.workflow)
        if driven is not None:
            driven.finishing = False

    def finished(self, m: Finished, ending: Ending, slot: int) -> None:
        """The workflow has ended; or something has changed."""
        driven = self.known.get(m.workflow)
        if driven is None:
            return
        driven.finishing = False
        if ending == "ok":
            self.forget(m.workflow)
        self.look()  # What has taken its place, or has changed meanwhile.
