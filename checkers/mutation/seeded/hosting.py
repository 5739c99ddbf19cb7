"""Bugs of hosting: how replicas are made, marked, found again and removed on a node of many, and which lane a
message waits for.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import HOST, MAKING, OUTBOX
from dynaproof.checkers.patches import Edit, bug

MANY = "many-groups"

BUGS = (
    bug(
        "marked_with_its_files",
        "A node's journal says that a replica was made in the sync that makes its files durable, not later.",
        Edit(
            MAKING,
            "self.env.send(self.env.me, Written(incarnation))",
            "self.on_written(Written(incarnation))",
        ),
        scenario=MANY,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "made_without_a_mark",
        "A replica speaks once its files are durable, and the node's journal never says that it was made.",
        Edit(
            MAKING,
            """
            through = self.journal.append(Made(self.env.lane, m.incarnation, parent))
            if parent and parent in self.node.replicas:
                self.node.replicas[parent].end.marked = True  # It grants nothing from here on (H7).
            self.env.send(self.env.me, Marked(m.incarnation, through))
            """,
            "self.on_marked(Marked(m.incarnation, 0))",
        ),
        scenario=MANY,
        breaks=("forgetful_never_vote", "promises_never_go_back", "progress_after_faults_stop"),
    ),
    bug(
        "unmarked_replica_resurrected",
        "A node that restarts recovers whatever replica it finds, marked or not.",
        Edit(
            HOST,
            "live, floor = self.journal.live(group), self.journal.floor(group)",
            "live = floor = max((*incarnations(self.env.disk, group), self.journal.live(group)))",
        ),
        scenario=MANY,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "making_wipes_neighbours",
        "Making a replica removes the journals of all others on the node.",
        Edit(
            MAKING,
            "for name in self.env.disk.logs(log_prefix(group, incarnation)):",
            'for name in self.env.disk.logs("log/"):',
        ),
        scenario=MANY,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "vacancy_of_another_group",
        "A node says of each group that is vacant what was made of the first group.",
        Edit(
            HOST,
            "self.journal.floor(self.env.lane))",
            "self.journal.floor(0))",
            within="StorageNode.say_vacant",
        ),
        scenario=MANY,
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "waits_for_another_lane",
        "A message waits for the writes of whichever lane wrote first, not for those of its own.",
        Edit(
            OUTBOX,
            "lane = self._lanes.get(sent[0][2])",
            "lane = next(iter(self._lanes.values()), None)",
        ),
        scenario=MANY,
        breaks=("durable_before_visible",),
    ),
    bug(
        "lane_of_its_own_not_counted",
        "Only what is written in the first lane holds messages back.",
        Edit(OUTBOX, "lane.written = self.written", "lane.written = self.written if self.lane == 0 else 0"),
        scenario=MANY,
        breaks=("durable_before_visible",),
    ),
    bug(
        "released_by_the_sync_under_way",
        "A sync that is under way releases what is sent while it runs, written before its start or not.",
        Edit(
            OUTBOX,
            "covered = self._covering is not None and lane.written <= self._covering",
            "covered = self._covering is not None",
        ),
        breaks=("durable_before_visible",),
    ),
)
