"""Bugs of splits, of repairs, and of tables that cannot be created, that no exploration has found so far, in
100 to 300 schedules: they are not in the catalogue, and are kept so that sharper draws can be tried on them.
Each makes a test of its rule fail (`tests/campaigns/test_unreached_bugs.py`).
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    AGENT,
    CALL,
    CALLER,
    CHANGES,
    CHILDREN,
    LEARNER,
    LINES,
    MAKING,
    MEMBERSHIP,
    NODES,
    REPLACEMENTS,
    ROUTER,
    SPLIT,
    SPLITS,
    SPLITTING,
    SURVEY,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "child_voter_replaced_unheard",
        "A voter of a child is replaced though another one was never heard of.",
        Edit(
            MEMBERSHIP,
            "return [leadership.progress[one] for one in self.replica.config.unproven if one not in known]",
            """
            brought = self.replica.config.brought
            return [leadership.progress[one] for one in (brought,) if one is not None and one not in known]
            """,
        ),
        scenario="split-and-repair",
    ),
    bug(
        "split_expects_no_epoch",
        "A partition is split by a command that expects the epoch of an earlier config.",
        Edit(
            SPLITTING,
            "if leadership is None or not self.membership.expects(sender, m.expected_epoch):",
            "if leadership is None:",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "abandoned_child_keeps_its_files",
        "What was being made of a child when its parent fell silent stays on the disk (KeepsTheAbandoned).",
        Edit(
            MAKING,
            """
            self.node.lines.names(group, ())
            remove_files(self.env.disk, group, made.incarnation)
            """,
            "return",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "file_goes_by_the_written_head",
        "A file goes when a head that needs it no more is written (RemovesByTheWrittenHead).",
        Edit(
            CHILDREN,
            '''
            """The last checkpoint, or a copy of one (H3)."""
            ''',
            '''
            """The last checkpoint, or a copy of one (H3)."""
            self.lines.names(self.replica.group, self.replica.files_of_others())
            ''',
        ),
        scenario="split",
    ),
    bug(
        "forgets_older_views",
        "A file goes while a peer still copies from it (ForgetsViews).",
        Edit(LEARNER, "parts = {*head.older, *(pages.older if pages.held else ())}", "parts = {*head.older}"),
        scenario="split-and-repair",
    ),
    bug(
        "removed_before_all_is_read",
        "After a restart files are removed before it is known who needs them.",
        Edit(
            LINES,
            "for name in [*self.ownerless] if self.known else ():",
            "for name in [*self.ownerless]:",
        ),
        scenario="split",
    ),
    bug(
        "splits_beside_a_replacement",
        "A partition whose voter is being replaced is split.",
        Edit(SPLIT, "and is_free(partition)", 'and partition.state == "listed"'),
        scenario="split-and-repair",
    ),
    bug(
        "split_at_an_end",
        "A partition is split at the beginning of its range, so that a child has nothing.",
        Edit(SPLIT, "owned.split(at)", "return owned.contains(at)"),
        scenario="split",
    ),
    bug(
        "split_ends_while_it_is_looked_up",
        "A split ends although it is looked up, by what was read before, whether its children are named.",
        Edit(
            SPLITS,
            "return answered and not any(map(self.nodes.looks_up, one.work.children))",
            "return answered",
        ),
        scenario="split",
    ),
    bug(
        "deletes_what_is_listed",
        "A table is deleted without the children that a split may yet bring.",
        Edit(CHANGES, 'planned = partition.children if partition.state == "listed" else ()', "planned = ()"),
        scenario="split-and-delete",
    ),
    bug(
        "buries_what_is_there_only",
        "A node that is told to drop a partition of which it has nothing makes it later all the same.",
        Edit(
            AGENT,
            "if not host.journal.buried(group):",
            "if was_made and not host.journal.buried(group):",
        ),
        scenario="split-and-delete",
    ),
    bug(
        "copies_do_not_name_the_parent",
        "A child's replica that is made by command does not bind its node for the parent.",
        Edit(
            SPLITS,
            "CreateReplica(voter, config, slot, None, self.term.term, child.parent)",
            "CreateReplica(voter, config, slot, None, self.term.term)",
        ),
        Edit(
            REPLACEMENTS,
            "CreateReplica(work.new, config, slot, held, self.term.term, partition.parent)",
            "CreateReplica(work.new, config, slot, held, self.term.term)",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "wrong_partition_by_hearsay",
        "A router takes it for certain that nothing has happened at a partition that says that it is split, "
        "though that one may have forgotten.",
        Edit(
            CALLER,
            "self.is_split(running, m.split, m.first, m.final)",
            "self.is_split(running, m.split, m.first, True)",
        ),
        scenario="split-under-load",
    ),
    bug(
        "last_answer_counts",
        "What the leader of a child says of one attempt a router takes for an answer to all attempts there.",
        Edit(CALL, "self.cover(self.before)", "self.cover(self.attempt)", within="Call.refused"),
        scenario="split-under-load",
    ),
    bug(
        "hint_outlives_its_partition",
        "A router compares who leads a child with who was said to lead its parent.",
        Edit(CALLER, "running.followed, running.refusals = NO_BALLOT, 0", "running.refusals = 0"),
        scenario="split-under-load",
    ),
    bug(
        "call_goes_back_to_the_parent",
        "A router whose look-up has brought the parent back sends those there who were at a child.",
        Edit(ROUTER, "if owner.partition > running.partition:", "if owner.partition != running.partition:"),
        Edit(CALLER, 'assert child > running.partition, "a call goes down the lineage only"', "pass"),
        scenario="split-under-load",
    ),
    bug(
        "newest_voter_is_lost_only",
        "Who has left is dropped for a voter that is lost only where that is the one that came last.",
        Edit(
            NODES,
            "there = [one for one in voters if one == config.brought or is_free(partition)]",
            "there = [one for one in voters if one == config.brought]",
        ),
        scenario="split",
    ),
    bug(
        "voter_that_came_last_is_not_made_up_for",
        "A voter that was chosen and never made, on a node that was taken for dead meanwhile, stays unmade.",
        Edit(
            SURVEY, "if brought is not None and not lost and self.is_lost(brought, partition):", "if False:"
        ),
        scenario="node-returns",
    ),
    bug(
        "who_left_waits_for_the_lost",
        "Who has left partition 0 goes only when all its voters hold the log, a lost one too.",
        Edit(
            MEMBERSHIP, "if asked is not None and asked.new.node.address == left.node.address:", "if False:"
        ),
        scenario="metadata-moves",
    ),
    bug(
        "waits_for_a_node_without_room",
        "A table waits until every node has made its replica, whatever room that has.",
        Edit(WORKFLOWS, "driven.refused[target.partition, sender.address] = True", "pass"),
        scenario="create-delete-create",
    ),
    bug(
        "table_stays_creating",
        "A table of which two replicas of a partition will never be made is waited for.",
        Edit(
            WORKFLOWS,
            "return creates and any(self.out(target, nodes) > 1 for target in self.record.targets)",
            "return False",
        ),
        scenario="create-delete-create",
    ),
)
