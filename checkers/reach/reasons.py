"""Why a campaign does not reach a branch, by file and function; within a function, by the line where the
branch begins.

A reason says what would have to happen, and whether anything in a campaign can make it happen. A branch that
is reached counts as reached, whatever stands here. An unreached branch without a reason is not understood
yet.
"""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.reach.branches import Branch

NO_IMPOSTOR = (
    "a message in another's name, or from a stranger: the stranger of a group speaks to replicas only"
)
NO_SUCH_KIND = "a message or timer that this node has no handler for: nobody sends one"
SOUND_ORDERS = "an order or a request that is wrong: users of our scenarios ask for what is sound only"
SOUND_COMMANDS = "a command that is wrong in itself: operators and admins of our scenarios give none"
HIGH_BOUND = "a bound that is drawn higher than what a run comes to"
OTHER_CODE = "data or a state machine of another version of the code: nothing in a campaign has one"
LOST_FROM_JOURNAL = (
    "a node's own journal lost whole: no fault takes the journal and leaves the rest of the disk"
)
ROTTEN = "rot that is found in a running node: rot falls while a node is down"
LATE_ANSWER = "an answer that comes when whoever waited for it has ended, or was deposed: rare"
NO_TIMER = "a timer of a leadership that has ended: it is cancelled then"
NO_TIMER_OF_IT = "a timer of a purse that was dropped: none is, with so few tables"
NO_ROOM_THERE = (
    "a node without room for what it is told to make: admins count the room before they plan, so this is rare"
)
ONLY_OF_METADATA = "word of where another partition than the metadata is: only hosts of the metadata say that"
NO_NODE_LEFT = "no node of a zone has room, or lives: at most one node of a zone dies"

REASONS: Final[dict[str, dict[tuple[str, str], str]]] = {
    "impl/admin/admin.py": {
        ("Admin.on_message", ""): NO_SUCH_KIND,
        ("Admin.on_report", ""): NO_IMPOSTOR,
        ("Admin.moved", ""): ONLY_OF_METADATA,
    },
    "impl/admin/chores.py": {("Chores.add", ""): HIGH_BOUND},
    "impl/admin/leaving.py": {("Leavers.has_turn", ""): HIGH_BOUND},
    "impl/admin/nodes.py": {
        ("Nodes.on_report", ""): NO_IMPOSTOR,
        ("Nodes.drop_late", ""): LATE_ANSWER,
        ("Nodes.collect_unnamed", "if not self.term.active"): LATE_ANSWER,
    },
    "impl/admin/orders.py": {
        ("Orders.on_order", "elif wrong is not None:"): SOUND_ORDERS,
        ("Orders.on_order", "elif m.request not in self.under_way:"): LATE_ANSWER,
    },
    "impl/admin/ratings.py": {("Ratings.homes_read", ""): LATE_ANSWER, ("Ratings.told", ""): LATE_ANSWER},
    "impl/admin/replacements.py": {
        ("Replacements.on_created", ""): LATE_ANSWER,
        ("Replacements.on_no_room", ""): LATE_ANSWER,
        ("Replacements.on_replaced", ""): LATE_ANSWER,
        ("Replacements.on_not_now", ""): LATE_ANSWER,
        ("Replacements.on_not_caught_up", ""): LATE_ANSWER,
    },
    "impl/admin/split_points.py": {
        ("readiness", "elif not all(nodes.has_room("): HIGH_BOUND,
    },
    "impl/admin/steps.py": {
        ("may_hop", ""): HIGH_BOUND,
        ("Steps.stepped", ""): LATE_ANSWER,
        ("Steps.unread", ""): LATE_ANSWER,
        ("Steps.written", "if one is None:"): LATE_ANSWER,
        ("Steps.on_answer", ""): NO_SUCH_KIND,
    },
    "impl/admin/survey.py": {
        ("Survey.nodes_read", ""): LATE_ANSWER,
        ("Survey.partitions_read", "if m.walk != self.walk:"): LATE_ANSWER,
        ("Survey.on_not_now", ""): HIGH_BOUND,
        ("Survey.on_gone", ""): LATE_ANSWER,
        ("Survey.unread", ""): LATE_ANSWER,
        ("Survey.on_status", "if member not in"): "a config names one that has left: none comes back",
    },
    "impl/admin/workflows.py": {
        ("Workflows.forget", ""): LATE_ANSWER,
        ("Workflows.on_created", ""): NO_IMPOSTOR,
        ("Workflows.on_partition_gone", ""): NO_IMPOSTOR,
        ("Workflows.rated", ""): LATE_ANSWER,
        ("Workflows.unready", ""): LATE_ANSWER,
        ("Workflows.finished", ""): LATE_ANSWER,
        ("Workflows.on_no_room", ""): NO_ROOM_THERE,
        ("Workflows.ready", "if driven.is_hopeless("): NO_ROOM_THERE,
    },
    "impl/metadata/changes.py": {
        ("create_table", ""): NO_NODE_LEFT,
        ("delete_table", ""): SOUND_ORDERS,
        ("update_table", ""): SOUND_ORDERS,
    },
    "impl/metadata/directory.py": {("Directory.on_leading", ""): NO_IMPOSTOR},
    "impl/metadata/orders.py": {("wrong_with", ""): SOUND_ORDERS},
    "impl/metadata/placement.py": {("place", ""): NO_NODE_LEFT},
    "impl/metadata/replacements.py": {
        ("drain_node", ""): SOUND_ORDERS,
        ("MarkNode.decide", ""): LATE_ANSWER,
    },
    "impl/metadata/splits.py": {
        ("PlanSplit.decide", "if ids.splitting >= most:"): HIGH_BOUND,
        ("split_at", "if len(lineage(of)) >= LINEAGE:"): HIGH_BOUND,
        ("split_at", "if not is_inside(partition.range, at):"): SOUND_ORDERS,
    },
    "impl/partition/costs.py": {
        ("cost_of_write", ""): "several items changed at once where writes cost: users of regions change one",
        ("cost_of_read", ""): "many items read by key where reads cost: users of regions read one, or a page",
    },
    "impl/partition/memory.py": {("Memory.remember", ""): "a record that no leader of sound code proposes"},
    "impl/partition/readers.py": {
        ("Readers.on_read_log", ""): "a reader that asks a replica without a tree: rare",
    },
    "impl/partition/replica.py": {("recover", ""): LOST_FROM_JOURNAL},
    "impl/partition/splitting.py": {
        ("Splitting.reason_to_refuse", "if replica.settings.repairs_itself:"): SOUND_COMMANDS,
        ("Splitting.reason_to_refuse", "if not 0 < m.left != m.right > 0:"): SOUND_COMMANDS,
        ("Splitting.reason_to_refuse", "if not pages.home"): HIGH_BOUND,
    },
    "impl/partition/state.py": {
        ("PartitionState.apply", ""): "a split, or a config, that a replica without a tree applies",
    },
    "impl/paxos/copying.py": {
        ("Copying.on_copy_offer", ""): OTHER_CODE,
        ("Copying.on_copied_pages", ""): "a page that is damaged on its way: the network changes no message",
    },
    "impl/paxos/entries.py": {
        ("Entries._holding", ""): ROTTEN,
        ("Entries._read_back", ""): ROTTEN,
    },
    "impl/paxos/learner.py": {
        ("Learner.on_checkpoint_written", "if checkpoint is None"): LATE_ANSWER,
        ("Learner.on_checkpoint_durable", "if checkpoint is None"): LATE_ANSWER,
    },
    "impl/paxos/leader.py": {("Leader.on_heartbeat_timer", ""): NO_TIMER},
    "impl/paxos/log.py": {("ReplicationLog.recover", "if found is None:"): LOST_FROM_JOURNAL},
    "impl/paxos/membership.py": {("Membership.sound", ""): SOUND_COMMANDS},
    "impl/paxos/replica.py": {
        ("Replica.receive", ""): "a message of a wrong shape: only `test_arbitrary_messages` sends one",
        ("Replica.fire", ""): NO_SUCH_KIND,
    },
    "impl/paxos/sender.py": {("Sender.on_watch_timer", ""): NO_TIMER},
    "impl/router/control.py": {
        ("Control.begin", ""): SOUND_ORDERS,
        ("Control.list_tables", ""): SOUND_ORDERS,
    },
    "impl/router/keys.py": {
        ("page_of", ""): SOUND_ORDERS,
        ("single", ""): SOUND_ORDERS,
        ("check_different", ""): SOUND_ORDERS,
    },
    "impl/router/router.py": {
        ("Router.located", ""): LATE_ANSWER,
        ("Router.not_located", ""): LATE_ANSWER,
        ("Router.ended", ""): LATE_ANSWER,
        ("Router.was_split", ""): LATE_ANSWER,
        ("Router.on_message", ""): NO_SUCH_KIND,
        ("Router.moved", ""): ONLY_OF_METADATA,
    },
    "impl/router/tables.py": {
        ("Tables.on_located", "if before is None or"): LATE_ANSWER,
        ("Tables.keep", "if any(one.partition in"): "two tables with one partition: sound metadata has none",
        ("Tables.split", "if not whole_range"): "a split that the metadata contradicts: there is none",
    },
    "impl/router/tokens.py": {
        ("Purses.spend", "if self.service is None:"): "global admission in a region without a token service",
        ("Purses.purse", "if too_many > 0:"): HIGH_BOUND,
        ("Purses.purse", "for dropped in"): HIGH_BOUND,
        ("Purses.on_draw_timer", "if purse is None"): NO_TIMER_OF_IT,
        ("Purses.on_hold_timer", "if purse is None"): NO_TIMER_OF_IT,
    },
    "impl/storage_node/agent.py": {("Agent.obeys", ""): NO_IMPOSTOR},
    "impl/storage_node/host.py": {
        ("StorageNode.on_found", ""): LOST_FROM_JOURNAL,
        ("StorageNode.recover", ""): LOST_FROM_JOURNAL,
        ("StorageNode.on_create_replica", "if self.has_room("): NO_ROOM_THERE,
        ("StorageNode.on_create_replica", "elif not self.unread:"): NO_ROOM_THERE,
        ("StorageNode.on_create_replica", "elif sender != self.env.me"): NO_IMPOSTOR,
        ("StorageNode.on_timer", "if self.agent is not None:"): NO_SUCH_KIND,
        ("StorageNode.on_create_replica", "if m.log is not None and m.log.record.slot < 1:"): SOUND_COMMANDS,
        ("StorageNode.on_message_for_node", ""): NO_IMPOSTOR,
        ("StorageNode.found_unsound", ""): OTHER_CODE,
    },
    "impl/storage_node/metadata_host.py": {("MetadataHost.obeys", ""): NO_IMPOSTOR},
    "impl/storage_node/node_journal.py": {
        ("NodeJournal._purge", ""): "a journal begins anew after 64 records: few runs drop so many",
    },
}  # fmt: skip
"""By file, (function, how its line begins, or empty for all of its lines): the reason."""


def reason_of(branch: Branch) -> str | None:
    """Why a branch is not reached, as far as that is known."""
    for (function, begins), reason in REASONS.get(branch.file, {}).items():
        if function == branch.function and branch.text.startswith(begins):
            return reason
    return None
