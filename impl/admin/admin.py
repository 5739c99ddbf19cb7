"""The auto admin as a node: its parts, and which messages, timers and results each of them gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dynaproof.impl.admin import (
    chores,
    nodes,
    orders,
    ratings,
    replacements,
    splits,
    steps,
    survey,
    term,
    workflows,
)
from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.messages import MetadataAt
from dynaproof.impl.metadata.orders import Order
from dynaproof.impl.metadata.records import METADATA, ReplacementRecord, SplitRecord
from dynaproof.impl.metadata.replacements import RecordNode
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Page, Reply
from dynaproof.impl.partition.messages.split import Finished, SplitAlready, SplitDone
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.messages.membership import (
    Created,
    Gone,
    NotCaughtUp,
    NotNow,
    OtherEpoch,
    Replaced,
    Status,
)
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.caller import Caller, Running
from dynaproof.impl.sessions import OpenSession
from dynaproof.impl.storage_node.messages import Fenced, NodeReport, NoRoom, PartitionGone


class Admin:
    """One of a region's admins; it finds the metadata on the nodes `metadata`."""

    def __init__(self, env: Env, metadata: tuple[NodeId, ...], settings: AdminSettings) -> None:
        self.env = env
        self.settings = settings
        self.whereabouts = Whereabouts(metadata)
        self.caller = Caller(env, settings.caller, self)
        self.metadata = Metadata(self.caller, self.whereabouts, self, settings.call_us)
        self.term = term.Term(env, settings, self.metadata, self)
        self.nodes = nodes.Nodes(env, settings, self.metadata, self.term)
        self.ratings = ratings.Ratings(env, settings, self.metadata, self.term, self.caller)
        self.steps = steps.Steps(env, settings, self.metadata, self.term, self.nodes)
        self.replacements = replacements.Replacements(env, settings, self.term, self.nodes, self.steps)
        self.splits = splits.Splits(env, settings, self.term, self.nodes, self.steps)
        self.steps.kinds = {ReplacementRecord: self.replacements, SplitRecord: self.splits}
        self.workflows = workflows.Workflows(
            env, settings, self.metadata, self.term, self.nodes, self.steps, self.ratings
        )
        self.survey = survey.Survey(
            env,
            settings,
            self.metadata,
            self.term,
            self.nodes,
            self.workflows,
            self.replacements,
            self.splits,
            self.ratings,
        )
        self.chores = self.survey.chores
        self.orders = orders.Orders(
            env,
            settings,
            self.metadata,
            self.term,
            self.nodes,
            self.workflows,
            self.survey,
            self.splits,
            self.ratings,
        )
        self.has_read: Mapping[type[Any], Callable[[Any, Read], None]] = {
            term.Watch: self.term.watched,
            workflows.Look: self.workflows.found,
            workflows.Finish: self.workflows.ready,
            orders.LookUp: self.orders.looked_up,
            orders.Decide: self.orders.decide,
            RecordNode: self.nodes.add,
            nodes.Collect: self.nodes.collect,
            nodes.CollectUnnamed: self.nodes.collect_unnamed,
            steps.Step: self.steps.stepped,
            survey.LookAtNodes: self.survey.nodes_read,
            survey.LookAtPartitions: self.survey.partitions_read,
            chores.Do: self.chores.decide,
            ratings.LookAtTables: self.ratings.tables_read,
            ratings.LookAtHomes: self.ratings.homes_read,
        }
        self.has_failed: Mapping[type[Any], Callable[[Any], None]] = {
            term.Watch: self.term.unread,
            workflows.Look: self.workflows.unfound,
            workflows.Finish: self.workflows.unready,
            orders.LookUp: self.orders.unread,
            orders.Decide: self.orders.unread,
            RecordNode: self.nodes.unadded,
            nodes.Collect: self.nodes.uncollected,
            nodes.CollectUnnamed: self.nodes.uncollected,
            steps.Step: self.steps.unread,
            survey.LookAtNodes: self.survey.unread,
            survey.LookAtPartitions: self.survey.unread,
            chores.Do: self.chores.undone,
            ratings.LookAtTables: self.ratings.unread,
            ratings.LookAtHomes: self.ratings.unread,
        }
        self.has_written: Mapping[type[Any], Callable[[Any, Ending, int], None]] = {
            term.TakeOver: self.term.took_over,
            term.Touch: self.term.touched,
            workflows.Finished: self.workflows.finished,
            orders.Write: self.orders.written,
            RecordNode: self.nodes.added,
            steps.Stepped: self.stepped,
            chores.Do: self.chores.written,
        }
        self.hears: Mapping[type[Message], Callable[[NodeId, Any], None]] = {
            OpenSession: self.orders.on_open_session,
            Order: self.on_order,
            NodeReport: self.on_report,
            Created: self.on_created,
            NoRoom: self.on_no_room,
            Replaced: self.steps.on_answer,
            OtherEpoch: self.steps.on_answer,
            SplitDone: self.steps.on_answer,
            SplitAlready: self.steps.on_answer,
            Finished: self.steps.on_answer,
            NotNow: self.on_not_now,
            NotCaughtUp: self.steps.on_answer,
            Status: self.survey.on_status,
            Gone: self.on_gone,
            PartitionGone: self.workflows.on_partition_gone,
            Fenced: self.workflows.on_fenced,
        }
        self.timers: Mapping[type[Timer], Callable[[Any], None]] = {
            term.WatchTimer: self.term.on_watch_timer,
            workflows.StepTimer: self.workflows.on_step_timer,
            workflows.LookTimer: self.workflows.on_look_timer,
            steps.PartitionStepTimer: self.steps.on_timer,
            survey.SurveyTimer: self.survey.on_timer,
        }

    # --- What the driver calls ---

    def on_start(self) -> None:
        """Start with nothing known: all comes from reading the metadata."""
        self.term.start()

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Hand a message to the part that handles it."""
        answer = Caller.HANDLERS.get(type(message))
        if answer is not None:
            answer(self.caller, sender, message)
            return
        heard = self.hears.get(type(message))
        if heard is not None:
            heard(sender, message)

    def on_timer(self, timer: Timer) -> None:
        """Hand a timer to the part that set it."""
        call = Caller.TIMERS.get(type(timer))
        if call is not None:
            call(self.caller, timer)
        else:
            self.timers[type(timer)](timer)

    def on_order(self, sender: NodeId, m: Order) -> None:
        """Take a router's order."""
        self.orders.candidates = self.nodes.candidates()
        self.orders.on_order(sender, m)

    def on_created(self, sender: NodeId, m: Created) -> None:
        """A replica has been made, for a table being created or for a replacement."""
        self.workflows.on_created(sender, m)
        self.steps.on_answer(sender, m)

    def on_no_room(self, sender: NodeId, m: NoRoom) -> None:
        """A storage node has no room for such a replica."""
        self.workflows.on_no_room(sender, m)
        self.steps.on_answer(sender, m)

    def on_report(self, sender: NodeId, m: NodeReport) -> None:
        """Take a storage node's report of what it hosts and of where the metadata is. Nodes that host none of
        the metadata learn from each other through here where it is (A15). What the node has lost is replaced
        soon.
        """
        if sender == m.node:
            self.whereabouts.learn(m.metadata)
            known, newest = 0 if m.metadata is None else m.metadata.epoch, self.whereabouts.newest
            if known < newest.epoch:
                self.env.send(sender, MetadataAt(newest))
        if self.nodes.on_report(sender, m):
            self.survey.hurry()
        self.ratings.on_report(m)

    def on_not_now(self, sender: NodeId, m: NotNow) -> None:
        """A command to a partition has no effect now, or a question has no answer now."""
        self.steps.on_answer(sender, m)
        self.survey.on_not_now(sender, m)

    def on_gone(self, sender: NodeId, m: Gone) -> None:
        """A replica is gone: its partition was split, or it has left, or it never got a vote."""
        self.steps.on_answer(sender, m)
        self.survey.on_gone(sender, m)

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """The queues that grow with the orders of routers: name, length and bound of each."""
        return (
            ("orders under way", len(self.orders.under_way), self.settings.orders),
            ("sessions", len(self.orders.sessions.open), self.settings.sessions),
            ("answers kept", len(self.orders.answers), self.settings.sessions),
            ("workflows", len(self.workflows.known), self.settings.workflows),
            ("replacements", len(self.steps.of(ReplacementRecord)), self.settings.replacements),
            ("splits", self.splits.under_way(), self.settings.splits_at_once),
            ("splits given up lately", len(self.splits.given_up), self.settings.workflows),
            ("chores", len(self.chores.waiting), self.settings.chores),
        )

    # --- What its parts call ---

    def stepped(self, m: steps.Stepped, ending: Ending, slot: int) -> None:
        """A step of a workflow of a partition was written; if that ended the workflow, there is room for the
        next one, and perhaps a replica that has left.
        """
        self.steps.written(m, ending, slot)
        if m.ends and ending == "ok":
            self.survey.hurry()

    def activated(self) -> None:
        """This admin is active from here on."""
        self.ratings.activated()
        self.splits.activated()
        self.workflows.activated()
        self.survey.activated()

    def members(self, partition: int) -> tuple[NodeId, ...]:
        """The nodes of the metadata; none for other partitions, which an admin only tells their rates."""
        return self.whereabouts.all if partition == METADATA else ()

    def moved(self, partition: int, hosts: Hosts) -> None:
        """A node that has left says where the metadata is now (A15)."""
        if partition == METADATA:
            self.whereabouts.learn(hosts)

    def ended(self, running: Running, ending: Ending, answer: Reply | Page | None) -> None:
        """A call to the metadata has ended, or one that tells a partition its rates."""
        rating = running.purpose
        if not isinstance(rating, ratings.Rating):
            self.metadata.ended(running, ending, answer)
        elif self.ratings.told(rating, ending):
            self.workflows.rated(rating)

    def not_there(self, running: Running) -> None:
        """A node that should host the metadata has no replica of it: another node has one."""

    def was_split(self, running: Running, split: Split) -> None:
        """Another partition was split; the metadata never is."""
