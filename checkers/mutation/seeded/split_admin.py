"""Bugs of admins that split partitions, and delete or collect what splits bring."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    HEAT,
    NODES,
    PARTITION,
    SPLIT,
    SPLIT_POINTS,
    SPLITS,
    SPLITTING,
)
from dynaproof.checkers.patches import Edit, bug

SCENARIO = "split"
AND_REPAIR = "split-and-repair"
AND_DELETE = "split-and-delete"
HOT_KEY = "hot-key"

BUGS = (
    bug(
        "nobody_finishes",
        "No replica says that nobody must read a parent's log any more, so the parent stays.",
        Edit(SPLITTING, "self.env.send(sender, Finished())", "pass"),
        scenario=SCENARIO,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "lists_what_is_proposed",
        "The children are listed as soon as the leader was told to split, chosen or not.",
        Edit(
            SPLITS,
            "self.steps.order(one, parent.config, message)",
            """
            self.steps.order(one, parent.config, message)
            from dynaproof.impl.partition.records import ChildSpec
            from dynaproof.impl.paxos.ids import Ballot
            voters = tuple(Member(voter.node, FIRST_INCARNATION) for voter in parent.config.voters)
            low, high = parent.range.split(work.at)
            left, right = ChildSpec(work.left, low, voters), ChildSpec(work.right, high, voters)
            self.is_split(one, Split(1, Ballot(1, "", 1), work.expected_epoch, 0, left, right))
            """,
        ),
        scenario=SCENARIO,
        breaks=("children_follow_a_chosen_split", "lineage_is_a_tree_that_covers", "one_owner_per_key"),
    ),
    bug(
        "lists_in_two_writes",
        "The children are listed in one write, and their parent is split in another one.",
        Edit(
            SPLIT,
            "with_children(table, work))",
            "with_children(table, work) if read.record(partition_key(work.left)) is not None else table)",
        ),
        Edit(
            SPLIT,
            'structs.replace(parent, state="split", barrier=barrier)',
            """
            structs.replace(parent, state="split", barrier=barrier)
            if read.record(partition_key(work.left)) is not None
            else parent
            """,
        ),
        Edit(
            SPLIT,
            'structs.replace(work, step="made")',
            """
            structs.replace(work, step="made")
            if read.record(partition_key(work.left)) is not None
            else work
            """,
        ),
        scenario=SCENARIO,
        breaks=("workflow_steps_happen_once",),
    ),
    bug(
        "split_before_its_children_are_listed",
        "The parent is split in one write, and its children are listed in the next one.",
        Edit(
            SPLIT,
            "barrier = Barrier(split.slot, split.timestamp)",
            """
            barrier = Barrier(split.slot, split.timestamp)
            if parent.state != "split":
                alone = structs.replace(parent, state="split", barrier=barrier)
                return change([read.stays(ADMIN_KEY), read.leaves(partition_key(work.partition), alone)])
            """,
        ),
        scenario=SCENARIO,
        breaks=("one_owner_per_key",),
    ),
    bug(
        "parent_owns_again",
        "At the end of a split the record of the parent is as before, beside those of its children.",
        Edit(
            SPLIT,
            'structs.replace(parent, state="gone", config=config, pending=(), workflow=0)',
            'structs.replace(parent, state="listed", workflow=0)',
        ),
        scenario=SCENARIO,
        breaks=("one_owner_per_key", "lineage_is_a_tree_that_covers"),
    ),
    bug(
        "lineage_forgotten_at_the_end",
        "At the end of a split its partition's own parent is forgotten.",
        Edit(SPLIT, "pending=(), workflow=0)", "pending=(), workflow=0, parent=0)"),
        scenario="split-of-a-split",
        breaks=("lineage_is_a_tree_that_covers",),
    ),
    bug(
        "parent_dropped_when_its_children_are_listed",
        "A parent is dropped as soon as its children are listed, made or not.",
        Edit(
            SPLITS,
            """
            made=work.step == "made"
            and self.is_finished(one, parent)
            and all(self.is_settled(child, read.record(partition_key(child))) for child in work.children),
            """,
            'made=work.step == "made",',
        ),
        scenario=SCENARIO,
        breaks=("voters_are_not_dropped",),
    ),
    bug(
        "parent_dropped_at_a_quorum",
        "A parent is dropped when a majority of the voters of its children were made.",
        Edit(
            SPLITS,
            "return all(self.nodes.is_there(voter, number) for voter in child.config.voters)",
            """
            voters = child.config.voters
            return sum(self.nodes.is_there(voter, number) for voter in voters) >= child.config.quorum
            """,
        ),
        scenario=AND_REPAIR,
        breaks=("voters_are_not_dropped",),
    ),
    bug(
        "split_given_up_without_the_epoch",
        "A split that is given up ends without the epoch being raised.",
        Edit(SPLIT, 'return go_on(read, work, "void", ())', "return end_void(read, work, before)"),
        scenario=AND_REPAIR,
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "splits_never_given_up",
        "A split is waited for although a voter is lost, which nobody may replace meanwhile.",
        Edit(SPLITS, "return self.is_late(one) or any(", "return False and any("),
        scenario=AND_REPAIR,
        breaks=("what_was_begun_ends", "every_partition_regains_its_voters", "progress_after_faults_stop"),
    ),
    bug(
        "given_up_too_late_is_not_heard",
        "An admin that gives a split up does not hear that it is chosen.",
        Edit(SPLITS, "self.is_split(one, m.split)", "pass", within="Splits.on_split_already"),
        Edit(SPLITS, "self.is_split(one, m.split)", "pass", within="Splits.on_split_done"),
        scenario=AND_REPAIR,
        breaks=("what_was_begun_ends", "progress_after_faults_stop"),
    ),
    bug(
        "ids_of_children_given_twice",
        "A split leaves the ids of its children to the next one.",
        Edit(SPLIT, "ids, partition=right + 1,", "ids,"),
        scenario=SCENARIO,
        breaks=("workflow_steps_happen_once",),
    ),
    bug(
        "collects_the_unlisted",
        "A child that was made and has no record yet is dropped, although a split names it.",
        Edit(
            NODES,
            "named = {partition for record in read.records() for partition in partitions_of(record)}",
            """
            named = {
                partition
                for record in read.records()
                if not hasattr(record, "left")
                for partition in partitions_of(record)
            }
            """,
        ),
        scenario=SCENARIO,
        breaks=("voters_are_not_dropped", "progress_after_faults_stop"),
    ),
    bug(
        "late_parents_kept",
        "What a node still has of a partition that was split and is gone is never dropped.",
        Edit(NODES, "for record in gone:", "for record in ():", within="Nodes.drop_late"),
        scenario=AND_REPAIR,
        breaks=("nothing_leaks",),
    ),
    bug(
        "every_split_is_hindered",
        "No partition is ever found fit to be split.",
        Edit(SPLIT, "if ready.hindrance:", "if True:"),
        scenario=SCENARIO,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "no_room_for_a_split",
        "As many splits as may be are always taken to be under way.",
        Edit(SPLIT, "if ids.splitting >= most:", "if True:"),
        scenario=SCENARIO,
        breaks=("what_was_begun_ends",),
    ),
    # --- Heat ---
    bug(
        "single_hot_key_is_split",
        "A leader says where its partition may be split because of heat also where nothing would be won.",
        Edit(
            HEAT,
            'return positions[best] if 4 * min(best, count - best) >= count > 1 else b""',
            'return positions[best] if count > 1 else b""',
        ),
        scenario=HOT_KEY,
        breaks=("heat_is_told",),
    ),
    bug(
        "heat_never_reported",
        "A leader never says where its partition may be split because of heat.",
        Edit(PARTITION, "busy_at = service.heat.middle()", "pass"),
        scenario=HOT_KEY,
        breaks=("heat_is_told",),
    ),
    bug(
        "heat_of_a_whole_life",
        "What a leader says of its heat is of all that it was ever asked for.",
        Edit(PARTITION, "service.heat.clear()", "pass"),
        scenario=HOT_KEY,
        breaks=("heat_is_told",),
    ),
    bug(
        "hot_is_halved",
        "A hot partition whose leader says of no place to split it is split in the middle of its range.",
        Edit(
            SPLIT_POINTS,
            "if nodes.is_hot(voter, number) and is_inside(partition.range, there.busy_at):",
            "if nodes.is_hot(voter, number):",
        ),
        Edit(
            SPLIT_POINTS,
            'there.busy_at, "heat")',
            'there.busy_at or partition.range.midpoint(), "heat")',
        ),
        scenario=HOT_KEY,
        breaks=("splits_part_the_heat",),
    ),
)
