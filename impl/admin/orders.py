"""The orders of routers: tables are created and deleted (rules A13 and A14 of docs/table.md) and given
capacity (A16, A17), partitions are split (A12), nodes are drained and replicas moved (A15).

For an order the metadata is read, then the order is decided, and what is decided is written: one conditioned
change, so the admin that drives the resulting workflow need not know of the order. An order is taken once, in
a session of its own: a late copy of an order that was done, and undone since, must not do it again. An order
whose admin dies meanwhile, or cannot tell what became of its change, stays unanswered, and its user learns
that the outcome is unknown.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.admin import split_points
from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.ratings import Ratings
from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.admin.survey import Survey
from dynaproof.impl.admin.term import Term
from dynaproof.impl.admin.workflows import Workflows
from dynaproof.impl.kept import keep_newest
from dynaproof.impl.metadata.changes import (
    Read,
    create_table,
    delete_table,
    has_partitions,
    keys_to_create,
    keys_to_delete,
    keys_to_update,
    update_table,
)
from dynaproof.impl.metadata.orders import (
    Action,
    CreateTable,
    Declined,
    DeleteTable,
    DrainNode,
    MoveReplica,
    NotActive,
    Obeyed,
    Order,
    Refusal,
    SplitAt,
    UpdateTable,
    invalid,
    not_found,
    unknown,
    wrong_with,
)
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import (
    PartitionRecord,
    TableRecord,
    decode,
    partition_key,
    table_key,
)
from dynaproof.impl.metadata.replacements import drain_node, keys_of_node, keys_to_replace, move_replica
from dynaproof.impl.metadata.splits import keys_to_split, split_at
from dynaproof.impl.node import ONLY_LANE, Env, NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.call import Ending
from dynaproof.impl.sessions import OpenSession, Sessions

TRIES = 8
"""How often an order is decided, if what was read for it changes each time; then its router repeats it."""


class Ordered:
    """One order under way."""

    __slots__ = ("order", "partition", "sender", "table", "tries")

    def __init__(self, sender: NodeId, order: Order) -> None:
        self.sender = sender
        self.order = order
        self.tries = 0
        self.table: TableRecord | None = None
        """The table as the order leaves it, once decided; for a delete, until then, as it was first found."""
        self.partition: PartitionRecord | None = None
        """For a split, the partition as it was first found."""


class LookUp(Struct, frozen=True, gc=False):
    """What is there of the table to delete, or of the partition to split?"""

    request: RequestId


class Decide(Struct, frozen=True, gc=False):
    """What is read to decide an order."""

    request: RequestId


class Write(Struct, frozen=True, gc=False):
    """The change that an order makes."""

    request: RequestId


class Orders:
    """The orders under way; see the module."""

    def __init__(
        self,
        env: Env,
        settings: AdminSettings,
        metadata: Metadata,
        term: Term,
        nodes: Nodes,
        workflows: Workflows,
        survey: Survey,
        splits: Splits,
        ratings: Ratings,
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.nodes = nodes
        self.workflows = workflows
        self.survey = survey
        self.splits = splits
        self.ratings = ratings
        self.sessions = Sessions(env, settings.sessions)
        self.under_way: dict[RequestId, Ordered] = {}
        self.answers: dict[RequestId, Obeyed | Declined | NotActive] = {}
        """To the orders that were answered last."""
        self.candidates: tuple[Candidate, ...] = ()
        """The nodes that may get replicas, as far as they have reported."""

    def on_open_session(self, sender: NodeId, m: OpenSession) -> None:
        """A router is about to order something."""
        self.sessions.on_open(sender, m)

    def on_order(self, sender: NodeId, m: Order) -> None:
        """Take an order once, if this admin is active and has room; a copy of an order that was answered gets
        the answer again.
        """
        if len(self.under_way) >= self.settings.orders:
            return  # The router repeats it.
        if not self.sessions.takes(sender, m):
            said = self.answers.get(m.request)
            if said is not None:
                self.env.send(sender, said)
            return
        wrong = wrong_with(m.action, self.settings.partitions_per_write)
        if not self.term.active:
            self.say(sender, NotActive(m.request, m.session, self.term.last_active))
        elif wrong is not None:
            self.say(sender, Declined(m.request, invalid(wrong)))
        elif m.request not in self.under_way:
            self.under_way[m.request] = Ordered(sender, m)
            self.begin(self.under_way[m.request])

    def say(self, to: NodeId, answer: Obeyed | Declined | NotActive) -> None:
        """Answer an order, and keep the answer for its copies."""
        self.answers[answer.request] = answer
        keep_newest(self.answers, self.settings.sessions)
        self.env.enter(ONLY_LANE)
        self.env.send(to, answer)

    def leave_to_others(self, request: RequestId) -> None:
        """An order has had no effect, and this admin does not go on with it."""
        ordered = self.under_way.pop(request)
        self.say(ordered.sender, NotActive(request, ordered.order.session, self.term.last_active))

    def begin(self, ordered: Ordered) -> None:
        """Read what the order is decided by."""
        action, request = ordered.order.action, ordered.order.request
        if isinstance(action, CreateTable):
            self.metadata.read(keys_to_create(action.name), Decide(request))
        elif isinstance(action, UpdateTable):
            self.metadata.read(keys_to_update(action.name), Decide(request))
        elif isinstance(action, DrainNode):
            self.metadata.read(keys_of_node(action.name), Decide(request))
        elif isinstance(action, MoveReplica):
            self.metadata.read(keys_to_replace(action.partition), Decide(request))
        elif isinstance(action, SplitAt):
            self.metadata.read((partition_key(action.partition),), LookUp(request))
        else:
            self.metadata.read((table_key(action.name),), LookUp(request))

    def looked_up(self, m: LookUp, read: Read) -> None:
        """Read what there is of the table, or of the partition and its table."""
        ordered = self.under_way[m.request]
        action = ordered.order.action
        if isinstance(action, SplitAt):
            found = ordered.partition = read.record(partition_key(action.partition))
            if found is None:
                self.answer(ordered, unknown("Partition", action.partition))
            else:
                self.metadata.read(keys_to_split(found.partition, found.table), Decide(m.request))
            return
        assert isinstance(action, DeleteTable), "nothing else is looked up"
        name = action.name
        ordered.table = read.record(table_key(name))
        if ordered.table is None:
            self.answer(ordered, not_found(name))
        else:
            self.metadata.read(keys_to_delete(ordered.table), Decide(m.request))

    def decide(self, m: Decide, read: Read) -> None:
        """Decide, and write that down; or answer at once."""
        ordered = self.under_way[m.request]
        action = ordered.order.action
        if not self.term.governs(read):
            self.leave_to_others(m.request)
            return
        decided: Change | TableRecord | Refusal | None
        if isinstance(action, CreateTable):
            decided = create_table(read, action, m.request, self.candidates, self.settings.workflows)
        elif isinstance(action, UpdateTable):
            decided = update_table(read, action)
        elif isinstance(action, DrainNode):
            decided = drain_node(read, action)
        elif isinstance(action, MoveReplica):
            decided = move_replica(read, action, self.candidates, self.settings.ordered_moves)
        elif isinstance(action, SplitAt):
            assert ordered.partition is not None, "it was looked up"
            ready = split_points.readiness(self.nodes, ordered.partition, self.splits.under_way())
            most = self.settings.splits_at_once
            decided = split_at(read, action, ordered.partition.table, ready, most)
        else:
            if read.record(table_key(action.name)) != ordered.table or not has_partitions(
                read, ordered.table
            ):
                self.again(ordered)  # Not all of its partitions were read.
                return
            decided = delete_table(read, action, m.request, self.settings.workflows)
        if isinstance(decided, Change):
            ordered.table = table_in(decided, action)
            self.metadata.change(decided, Write(m.request))
        else:
            self.answer(ordered, decided)

    def written(self, m: Write, ending: Ending, slot: int) -> None:
        """Answer; or decide anew if something has changed since it was read."""
        ordered = self.under_way[m.request]
        if ending == "ok":
            self.answer(ordered, ordered.table)
            self.workflows.look()
            if isinstance(ordered.order.action, DrainNode):
                self.survey.hurry()
            elif isinstance(ordered.order.action, UpdateTable):
                self.ratings.look()
        elif ending == "condition_failed":
            self.again(ordered)
        elif ending == "definite":
            self.leave_to_others(m.request)
        else:
            del self.under_way[m.request]  # Nobody knows: it stays unanswered.

    def unread(self, m: LookUp | Decide) -> None:
        """The metadata did not answer."""
        self.leave_to_others(m.request)

    def again(self, ordered: Ordered) -> None:
        """Decide anew, a few times."""
        ordered.tries += 1
        if ordered.tries < TRIES and self.term.active:
            self.begin(ordered)
        else:
            self.leave_to_others(ordered.order.request)

    def answer(self, ordered: Ordered, said: TableRecord | Refusal | None) -> None:
        """Answer the router."""
        request = ordered.order.request
        del self.under_way[request]
        if isinstance(said, Refusal):
            self.say(ordered.sender, Declined(request, said))
        else:
            self.say(ordered.sender, Obeyed(request, said))


def table_in(change: Change, action: Action) -> TableRecord | None:
    """The table as a change leaves it, if the order is about a table."""
    if not isinstance(action, (CreateTable, UpdateTable, DeleteTable)):
        return None
    key = table_key(action.name)
    left = next(decode(part.item) for part in change.parts if part.key == key and part.item is not None)
    assert isinstance(left, TableRecord)
    return left
