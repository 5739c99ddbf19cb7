"""Bugs of one line each in what storage nodes owe and have granted, and in whose words leaders and admins
believe. They were found by trying bugs in turn: no test had noticed them until then.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import AGENT, GRANTS, HOST, MAKING, MEMBERSHIP, SPLIT_POINTS
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "gone_while_it_is_made",
        "A node says that a replica is gone while it makes it.",
        Edit(
            HOST,
            "if group in self.making or group in self.unread or 0 < live < member.incarnation:",
            "if group in self.unread or 0 < live < member.incarnation:",
        ),
        scenario="repair-takeover",
    ),
    bug(
        "buried_unread",
        "A partition is buried on a node that has not looked yet whether it has a replica of it.",
        Edit(
            AGENT,
            "if group in host.unread or not self.obeys(sender, m):",
            "if not self.obeys(sender, m):",
            within="Agent.on_drop_partition",
        ),
        scenario="create-delete-create",
    ),
    bug(
        "grants_of_an_earlier_life_forgotten",
        "A node that has started again takes no lease for granted that its earlier life may have granted.",
        Edit(
            GRANTS,
            "return max(self.granted.get(group, 0), self.started_at + self.lease_us)",
            "return self.granted.get(group, 0)",
        ),
        scenario="create-delete-create",
    ),
    bug(
        "any_child_is_owed",
        "A node keeps a parent until children are made that have no voter on it.",
        Edit(
            MAKING,
            """
            not self.journal.was_made(child.partition)
            for child in split.children
            if any(voter.node == self.env.me for voter in child.voters)
            """,
            """
            not self.journal.was_made(child.partition)
            for child in split.children
            """,
        ),
        scenario="split-and-repair",
    ),
    bug(
        "retired_voters_are_made_again",
        "A leader has the incarnation made again that its node says has ended.",
        Edit(MEMBERSHIP, "voter.incarnation > m.retired:", "voter.incarnation >= m.retired:"),
        scenario="metadata-moves",
    ),
    bug(
        "split_beside_a_loss",
        "A partition is split though one of its voters is lost.",
        Edit(SPLIT_POINTS, "if any(nodes.has_lost(voter, number) for voter in voters):", "if False:"),
        scenario="split-and-repair",
    ),
    bug(
        "learners_of_earlier_ballots_count",
        "A leader takes what a learner said to an earlier leader for an answer to itself.",
        Edit(
            MEMBERSHIP,
            "if leadership is None or m.ballot != leadership.ballot:",
            "if leadership is None:",
            within="Membership.on_following",
        ),
        scenario="move",
    ),
    bug(
        "words_of_earlier_disks_count",
        "A leader replaces a voter because the disk that its node had before had nothing of it.",
        Edit(MEMBERSHIP, " or m.node.incarnation < voter.node.incarnation:", ":"),
        scenario="metadata-moves",
    ),
    bug(
        "replaced_where_no_tree_is_left",
        "A voter is replaced though others have no tree.",
        Edit(MEMBERSHIP, "elif sum(not one.full for one in unproven) > config.may_lack:", "elif False:"),
        scenario="two-losses",
    ),
    bug(
        "split_outside_its_range",
        "A split is planned where the partition's range does not reach.",
        Edit(
            SPLIT_POINTS,
            "if there.pages_bytes >= settings.split_bytes and is_inside(partition.range, there.middle):",
            "if there.pages_bytes >= settings.split_bytes:",
        ),
        scenario="split",
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""
