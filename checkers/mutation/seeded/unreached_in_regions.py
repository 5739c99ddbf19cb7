"""Bugs of the nodes and the routers of a region that no exploration has found so far (`unreached.py`)."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import blind_spots, repairs_in_turn, room_and_births, stuck_repairs
from dynaproof.checkers.mutation.seeded.places import (
    CHORES,
    GRANTS,
    HOST,
    LEAVING,
    MEMBERSHIP,
    NODES,
    RATINGS,
    REQUESTS,
    SPLITS,
    SPLITTING,
    SURVEY,
    TABLES,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "unmade_children_forgotten",
        "A node that drops a child before it was made does not note its parent, and forgets it beside that.",
        Edit(HOST, "incarnation, m.term, m.parent)", "incarnation, m.term)"),
        scenario="split-and-repair",
    ),
    bug(
        "finishes_before_the_barrier",
        "A replica that does not know the barrier says that all who must read the log through it have.",
        Edit(
            SPLITTING,
            "if self.replica.state.split is not None:",
            "if True:",
            within="Splitting.on_finish",
        ),
        scenario="split",
    ),
    bug(
        "dropped_unfinished",
        "A parent is dropped without the word that nobody must read its log any more.",
        Edit(SPLITS, "return one.heard.finished or not self.finishers(parent)", "return True"),
        scenario="split",
    ),
    bug(
        "lost_finishers_waited_for",
        "A parent is not dropped before one of its replicas has finished, though none is left that could.",
        Edit(SPLITS, "return one.heard.finished or not self.finishers(parent)", "return one.heard.finished"),
        scenario="split-and-repair",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "who_knows_the_barrier_vouches",
        "A replica that knows the barrier says that all voters of the parent are admitted and hold its log.",
        Edit(
            MEMBERSHIP,
            "Status(config, slot, False, False, False, m.lost, barrier)",
            "Status(config, slot, True, True, True, m.lost, barrier)",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "drops_name_no_parent",
        "The command to drop a replica that has left does not say which partition was split into its own.",
        Edit(SURVEY, "self.term.term, partition.parent))", "self.term.term))"),
        scenario="split-and-repair",
    ),
    bug(
        "second_replica_beside_one",
        "A node makes a replica of a partition beside one that it has.",
        Edit(HOST, "if there is not None or group in self.making or", "if group in self.making or"),
        scenario="move",
        breaks=("no_two_replicas_in_a_zone",),
    ),
    bug(
        "late_ones_told_too",
        "That a table is not there is said to those, too, who asked when the metadata had been asked.",
        Edit(TABLES, "(look_up.late if look_up.asked else look_up.waits)[number]", "look_up.waits[number]"),
        scenario="create-delete-create",
        breaks=("active_tables_are_found",),
    ),
    bug(
        "later_grants_replace_earlier_ones",
        "A replica that ends soon after another one of its group makes its node forget that one's grant.",
        Edit(GRANTS, "max(until, self.granted.get(group, 0))", "until"),
        scenario="create-delete-create",
        breaks=("removed_tables_take_no_writes",),
    ),
    bug(
        "partial_copy_votes",
        "A learner becomes a voter before it has caught up (PartialCopyVotes).",
        Edit(MEMBERSHIP, "near = learner.round_us >= 0 and (", "near = True or ("),
        scenario="move",
        breaks=("learners_come_whole",),
    ),
    bug(
        "first_leavers_only",
        "Of those who have left the same few partitions are asked about in every walk.",
        Edit(LEAVING, "self.first, self.next, self.asked = self.next, 0, {}", "self.asked = {}"),
        scenario="move",
        breaks=("nothing_leaks",),
    ),
    bug(
        "silent_nodes_hold_up_commands",
        "A workflow that may send so many commands at a time sends them to the same silent nodes for ever.",
        Edit(WORKFLOWS, "driven.sent = through", "driven.sent = 0"),
        scenario="create-delete-create",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "open_plans_not_counted",
        "An admin that does not know whether its plan of a repair was written goes on as if it was not.",
        Edit(CHORES, 'if ending in ("ok", "indefinite") and isinstance', 'if ending == "ok" and isinstance'),
        scenario="repair-takeover",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "first_words_are_no_news",
        "An admin that hears of a node for the first time does not look soon whether it has lost something.",
        Edit(
            NODES,
            "self.loses = report[0] > self.report[0] or any(",
            "self.loses = report[0] > self.report[0] > 0 or any(",
        ),
        scenario="repair-under-load",
        breaks=("repairs_come_soon",),
    ),
    bug(
        "takes_on_from_any_report",
        "An admin that becomes active does not wait until each partition of an on-demand table has reported.",
        Edit(
            RATINGS,
            """
            if adapts == "on_demand" and any(partition not in self.fills for partition in table.partitions):
            """,
            """
            if adapts == "on_demand" and all(partition not in self.fills for partition in table.partitions):
            """,
        ),
        scenario="on-demand",
    ),
    bug(
        "rates_onto_whatever_came",
        "A partition takes rates with a higher version, though it has heard another admin meanwhile.",
        Edit(REQUESTS, " or operation.onto not in (None, version)", ""),
        scenario="on-demand",
    ),
    bug(
        "late_commands_do_not_count",
        "What an earlier admin's late command did does not count once an admin has begun.",
        Edit(RATINGS, "if on_demand:", "if on_demand and boost is not boosts.get(key):"),
        scenario="on-demand",
    ),
    *stuck_repairs.BUGS,
    *repairs_in_turn.BUGS,
    *blind_spots.BUGS,
    *room_and_births.BUGS,
)
