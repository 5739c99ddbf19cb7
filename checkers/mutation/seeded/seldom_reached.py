"""Bugs that hunts have found with other draws, and that the 150 schedules of a hunt do not find with those of
today.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    BALANCE,
    CALLER,
    CANDIDATE,
    MEMBERSHIP,
    NODE_JOURNAL,
    PAXOS_RECORDS,
    REPLACEMENTS,
    SENDER,
    SPLITTING,
    STEPS,
    SURVEY,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "fetching_taken_for_moving",
        "A leader sends nothing to a voter that has fetched, for it has moved meanwhile.",
        Edit(
            SENDER,
            "if m.adopted and moved_at >= m.asked_at and progress.next:",
            "if m.adopted and moved_at >= m.asked_at:",
        ),
        scenario="restart-under-load",
        breaks=("followers_keep_up",),
    ),
    bug(
        "behind_waits_for_what_came",
        "A voter that knows already what the leader would have it fetch waits for it, and says nothing.",
        Edit(ACCEPTOR, "if self.log.commit >= m.commit:", "if False:"),
        scenario="slow-reader",
        breaks=("followers_keep_up",),
    ),
    bug(
        "any_hint_followed",
        "A router follows every hint who leads at once, however old that is.",
        Edit(
            CALLER, "m.ballot > running.followed and running.call.wants_leader", "running.call.wants_leader"
        ),
        scenario="table",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "leavers_dropped_at_once",
        "Who has left is dropped as soon as a config does not name it, whatever its successor holds.",
        Edit(SURVEY, "elif one.voted:", "elif False:"),
        scenario="move",
        breaks=("laggards_catch_up", "voters_are_not_dropped", "acknowledged_writes_survive"),
    ),
    bug(
        "leavers_dropped_beside_a_laggard",
        "Who has left is dropped where a voter is lost, though others do not hold the log.",
        Edit(
            SURVEY,
            "if whole or (same and leaving.lost is not None and m.lost == leaving.lost and m.others_hold):",
            "if True:",
        ),
        scenario="move",
        breaks=("laggards_catch_up", "voters_are_not_dropped", "acknowledged_writes_survive"),
    ),
    bug(
        "replacements_outlive_their_table",
        "A replacement goes on though its partition is being deleted.",
        Edit(
            STEPS,
            "under_way = is_under_way(read, one.work)",
            """
            from dynaproof.impl.metadata.records import partition_key
            under_way = read.record(partition_key(one.work.partition)) is not None
            """,
        ),
        scenario="repair-takeover",
        breaks=("nothing_leaks", "what_was_begun_ends", "routers_and_admins_stay_bounded"),
    ),
    bug(
        "unheard_nodes_never_die",
        "A node that this admin never heard of is never taken for dead.",
        Edit(
            SURVEY,
            "elif not record.dead and not alive and self.mourning.may_begin(record.zone, self.env.now):",
            """
            elif address not in self.nodes.heard:
                pass
            elif not record.dead and not alive and self.mourning.may_begin(record.zone, self.env.now):
            """,
        ),
        scenario="drain",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "who_left_goes_at_once",
        "The leader has dropped who has left although a voter may lack what that holds.",
        Edit(MEMBERSHIP, "if never or self.can_do_without(leadership, m.member):", "if True:"),
        scenario="metadata-moves",
        breaks=("voters_are_not_dropped", "laggards_catch_up"),
    ),
    bug(
        "voters_taken_for_learners",
        "The leader takes a voter that the config before named for a learner that was given up.",
        Edit(MEMBERSHIP, "(m.learner and config.epoch == m.epoch + 1)", "(config.epoch == m.epoch + 1)"),
        scenario="metadata-moves",
        breaks=("voters_are_not_dropped", "laggards_catch_up"),
    ),
    bug(
        "drops_whom_it_has_not_heard",
        "The leader has dropped who has left once the newest voter is admitted, whatever the others hold.",
        Edit(
            MEMBERSHIP,
            "return self.all_hold(leadership, slot, lost) and self.all_admitted(leadership, lost)",
            "return self.all_admitted(leadership, None)",
        ),
        scenario="metadata-moves",
        breaks=("voters_are_not_dropped", "laggards_catch_up"),
    ),
    bug(
        "waits_for_every_checkpoint",
        "A split waits until every voter has written a checkpoint, however long that takes.",
        Edit(
            SPLITTING,
            "if self.preparing is not None and self.env.now >= self.preparing.until:",
            "if False:",
        ),
        scenario="split-under-load",
        breaks=("what_was_begun_ends", "splits_stop_briefly"),
    ),
    bug(
        "deaf_leader_keeps_its_place",
        "A leader that does not hear a voter refuses to split, and leads on.",
        Edit(SPLITTING, "return any(heard) and not all(heard)", "return False"),
        scenario="split-of-a-split",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "drops_of_leaders_forgotten",
        "A node forgets what the metadata's leader has dropped, as if a fence held off earlier leaders.",
        Edit(
            NODE_JOURNAL,
            "Buried | Dropped) and 0 < record.term < self.fence",
            "Buried | Dropped) and record.term < self.fence",
        ),
        scenario="metadata-moves",
        breaks=("promises_never_go_back",),
    ),
    bug(
        "deaf_leaders_kept",
        "A leader that never gives the vote to a new replica, which it does not hear, leads on.",
        Edit(
            REPLACEMENTS,
            'if work.step == "void" and is_there and not (is_voter or one.heard.in_the_way):',
            "if False:",
        ),
        scenario="move",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "children_wait_for_all_voters",
        "No voter of a child of five is replaced while another one, which is lost too, was never heard of.",
        Edit(
            PAXOS_RECORDS,
            "return len(self.voters) - self.quorum - 1 if len(self.unproven) > 1 else 0",
            "return 0",
        ),
        scenario="split-and-repair",
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "first_walk_finds_nothing",
        "An admin that began anew, and does not know yet what is being replaced, waits for the next walk.",
        Edit(SURVEY, "self.hurry()  # By the next walk it may be.", "pass"),
        scenario="repair-under-load",
        breaks=("repairs_come_soon",),
    ),
    bug(
        "balances_by_old_reports",
        "An admin moves replicas by reports that know nothing of its last moves.",
        Edit(BALANCE, "if not restless.is_over(voter.node.zone, nodes):", "if False:"),
        scenario="move",
        breaks=("nothing_leaks", "what_was_begun_ends"),
    ),
    bug(
        "late_voters_not_told_who_leads",
        "A leader does not ask a voter that says that it is ready; so that may not know for long who leads.",
        Edit(CANDIDATE, "if leadership is not None and m.source in leadership.progress:", "if False:"),
        scenario="split-under-load",
        breaks=("answered_in_time",),
    ),
)
