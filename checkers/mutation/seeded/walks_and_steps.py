"""Bugs of one line each in what admins remember from walk to walk and from step to step, and in what nodes
and leaders keep of a replica. They were found by trying bugs in turn: no test had noticed them until then.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    BALANCE,
    HOST,
    MEMBERSHIP,
    NODE_JOURNAL,
    PLANNER,
    REPLACED,
    REPLACEMENTS,
    STEPS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "full_nodes_are_waited_for",
        "A replacement whose node has no room is given up only when its patience has ended.",
        Edit(
            REPLACEMENTS,
            "gone = heard.refused or heard.in_the_way or",
            "gone = heard.in_the_way or",
        ),
        scenario="repair",
    ),
    bug(
        "made_by_any_word",
        "A new replica counts as made when any replica of its partition was.",
        Edit(
            REPLACEMENTS,
            "if sender == m.member.node and m.member == one.work.new and not heard.answers.made:",
            "if not heard.answers.made:",
        ),
        scenario="repair",
    ),
    bug(
        "late_voters_given_up",
        "A replacement ends though the replica that a chosen config names is not made yet.",
        Edit(
            REPLACED,
            '(step == "make" and answers.gone):',
            '(step == "make" and (answers.gone or answers.late)):',
        ),
        scenario="repair",
    ),
    bug(
        "moves_to_where_it_is",
        "A replica is to be moved to a node that has one of its partition, again and again.",
        Edit(
            BALANCE,
            "if one.node.zone != voter.node.zone or one.node.address in taken:",
            "if one.node.zone != voter.node.zone:",
        ),
        scenario="five",
    ),
    bug(
        "missed_in_an_earlier_term",
        "A voter is lost that was missed once in an earlier term of the admin, and once in this one.",
        Edit(
            PLANNER,
            "self.absent = {}",
            "pass",
            within="Planner.activated",
        ),
        scenario="repair-takeover",
    ),
    bug(
        "missed_now_and_then",
        "A voter is lost that two reports have not named, though one between them has.",
        Edit(
            PLANNER,
            "self.absent = self.absent_now",
            "self.absent = {**self.absent, **self.absent_now}",
        ),
        scenario="node-returns",
    ),
    bug(
        "parents_never_go",
        "A voter of a child is waited for though its parent is gone.",
        Edit(
            PLANNER,
            "self.absent_now, self.halved = {}, {}",
            "self.absent_now = {}",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "moves_to_busy_nodes",
        "A replica is moved to a node that is busy with others, or full.",
        Edit(
            PLANNER,
            'self.place(partition, voter, self.idle(candidates, "drain"), own=False)',
            "self.place(partition, voter, candidates, own=False)",
        ),
        scenario="drain",
    ),
    bug(
        "balances_beside_moves",
        "A zone is balanced by several moves at a time.",
        Edit(
            PLANNER,
            "if not self.settings.balances or self.moves():",
            "if not self.settings.balances:",
        ),
        scenario="move",
    ),
    bug(
        "planned_moves_not_counted",
        "Moves that are planned and not begun do not count among those that may be under way.",
        Edit(
            PLANNER,
            "return self.replacements.moves() + waiting",
            "return self.replacements.moves()",
        ),
        scenario="drain",
    ),
    bug(
        "planned_splits_not_counted",
        "Splits that are planned and not begun take no room.",
        Edit(
            PLANNER,
            "under_way = self.splits.under_way() + len(planned)",
            "under_way = self.splits.under_way()",
        ),
        scenario="split",
    ),
    bug(
        "answers_wait_for_the_timer",
        "What is answered while a record is read is looked at when the timer says so.",
        Edit(
            STEPS,
            "one.again = one.asks",
            "one.again = False",
        ),
        scenario="repair",
    ),
    bug(
        "older_config_learned",
        "An older config that comes late takes the place of a newer one that an admin has heard of.",
        Edit(
            STEPS,
            "(known is None or config.epoch > known.epoch)",
            "(known is None or config.epoch != known.epoch)",
        ),
        scenario="repair",
    ),
    bug(
        "begun_never_forgotten",
        "What an admin has begun counts as planned for ever, though it has ended.",
        Edit(
            STEPS,
            """
            if is_all:
                self.begun = []
            """,
            "pass",
        ),
        scenario="drain",
    ),
    bug(
        "read_in_an_earlier_term",
        "An admin that is active again takes what is under way for known before it has read that.",
        Edit(
            STEPS,
            "self.read, self.begun = False, []",
            "self.begun = []",
        ),
        scenario="repair-takeover",
    ),
    bug(
        "silent_leaders_kept",
        "A leader that does not answer is asked again and again, and no other voter is.",
        Edit(
            STEPS,
            "one.leader = None  # Until it answers.",
            "pass",
        ),
        scenario="repair",
    ),
    bug(
        "hops_spent_for_good",
        "After a few hints who leads no further one is followed in that step.",
        Edit(
            STEPS,
            """
            one.hops = 0
            self.step(one)
            """,
            "self.step(one)",
        ),
        scenario="repair",
    ),
    bug(
        "fence_shown_too_soon",
        "A node shows a fence when what was written before it is durable.",
        Edit(
            NODE_JOURNAL,
            "if self._journal.synced >= self._fence_through:",
            "if True:",
        ),
        scenario="admin-takeover",
    ),
    bug(
        "first_config_counted_stays",
        "A leader that brings in one voter after another has each log begin at the first config.",
        Edit(
            MEMBERSHIP,
            "leadership.counted = record",
            "leadership.counted = leadership.counted or record",
        ),
        scenario="two-losses",
    ),
    bug(
        "buried_lines_stay",
        "A child that is buried keeps the page file of its parent, until the node starts again.",
        Edit(
            HOST,
            "self.lines.names(self.env.lane, ())",
            "pass",
            within="StorageNode.on_interred",
        ),
        scenario="split-and-delete",
    ),
)
