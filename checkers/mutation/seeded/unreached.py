"""Bugs of splits, hosting, repairs, routers, of tables that cannot be created, and of what is known late or
is old, that no exploration has found so far, in 30 to 300 schedules, or only beyond the 150 of a hunt, or
with draws that are others today (`seldom_reached`), or that no promise forbids: not in the catalogue, and
kept for sharper draws. Each makes a test of its rule fail (`tests/campaigns/test_unreached_bugs.py`).
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import (
    old_knowledge,
    owed_and_granted,
    seldom_reached,
    unreached_in_regions,
    unreached_in_splits,
    walks_and_steps,
)
from dynaproof.checkers.mutation.seeded.places import (
    AGENT,
    CALL,
    CALLER,
    HOST,
    MEMBERSHIP,
    NODE_JOURNAL,
    NODES,
    REPLACEMENTS,
    SPLITTING,
    SURVEY,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
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
        Edit(SURVEY, "unmade = [] if brought is None else [brought]", "unmade: list[Member] = []"),
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
        "takes_more_than_its_room",
        "A node makes every replica that it is commanded to make, however many it has.",
        Edit(
            HOST,
            "if self.has_room(m):",
            "if True:",
        ),
        scenario="drain",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "lost_by_its_address",
        "No leader is asked on the node of the voter that is lost, though its successor leads there.",
        Edit(
            REPLACEMENTS,
            "if leader == out.node and",
            "if leader is not None and leader.address == out.node.address and",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "heard_once_is_heard",
        "A leader that does not hear a voter any more goes by what it heard of that one, and leads on.",
        Edit(SPLITTING, ".asked_at > since for voter", ".asked_at >= 0 for voter"),
        scenario="split-of-a-split",
        breaks=("what_was_begun_ends",),
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
    bug(
        "tombstones_purged_at_once",
        "A node forgets what is buried when its journal begins anew, though a late command may make it again "
        "(PurgesAtOnce).",
        Edit(NODE_JOURNAL, "isinstance(record, Buried | Dropped) and 0 < record.term < self.fence", "True"),
        scenario="create-delete-create",
    ),
    *unreached_in_splits.BUGS,
    *unreached_in_regions.BUGS,
    *old_knowledge.BUGS,
    *owed_and_granted.BUGS,
    *seldom_reached.BUGS,
    *walks_and_steps.BUGS,
)
