"""Bugs of replicas and storage nodes that split partitions, make their children, and share pages."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    BIRTH,
    BTREE,
    HOST,
    LEADER,
    LEARNER,
    LINES,
    MAKING,
    PAGE_FILE,
    RECORDS,
    REQUESTS,
    SPLITTING,
    STATE,
)
from dynaproof.checkers.patches import Edit, bug

SCENARIO = "split"
OF_A_SPLIT = "split-of-a-split"
UNDER_LOAD = "split-under-load"
AND_REPAIR = "split-and-repair"

BUGS = (
    # --- The barrier ---
    bug(
        "writes_behind_the_barrier",
        "A leader proposes on behind its split.",
        Edit(
            RECORDS,
            '''
            """Nothing is proposed above it."""
            return True
            ''',
            '''
            """Nothing is proposed above it."""
            return False
            ''',
        ),
        scenario=UNDER_LOAD,
    ),
    bug(
        "memory_thaws",
        "What is chosen behind the barrier changes what a parent remembers (ThawedMemory).",
        Edit(
            STATE,
            """
            if self.split is not None:
                return
            self.timestamp = record.timestamp
            """,
            "self.timestamp = record.timestamp",
        ),
        scenario=SCENARIO,
    ),
    bug(
        "no_to_what_is_remembered",
        "A partition that is split says of a request that it remembers that it had no effect.",
        Edit(
            REQUESTS,
            """
            answer = self.replica.state.answer_to(m.request, m.deadline)
            if answer is None:
                self.wrong_partition(sender, m)
            """,
            """
            answer = None
            if answer is None:
                self.wrong_partition(sender, m)
            """,
        ),
        scenario=UNDER_LOAD,
    ),
    # --- Who owns the keys ---
    bug(
        "leader_goes_on_at_the_barrier",
        "The leader that applies a split releases its lease, and goes on to serve reads.",
        Edit(LEADER, "self.step_down()", "pass", within="Leader.end_at_barrier"),
        Edit(REQUESTS, "if self.replica.state.split is not None:", "if False:"),
        scenario=SCENARIO,
    ),
    bug(
        "nobody_waits_for_a_lease",
        "The leader that applies a split serves on, and its children do not wait (ChildDoesNotWait).",
        Edit(SPLITTING, "self.replica.end_at_barrier()", "pass"),
        Edit(REQUESTS, "if self.replica.state.split is not None:", "if False:"),
        Edit(
            MAKING,
            "waits_us = 0 if birth is None else self.bound_until(birth.parent) - self.env.now",
            "waits_us = 0",
        ),
        scenario=SCENARIO,
    ),
    bug(
        "barrier_forgotten_at_a_restart",
        "A replica that begins with a checkpoint at its barrier does not know that it is split.",
        Edit(STATE, "state.split = snapshot.split", "state.split = None"),
        scenario=SCENARIO,
    ),
    bug(
        "ranges_with_a_gap",
        "The right half begins one position too late.",
        Edit(
            SPLITTING,
            "low, high = m.range.split(m.at)",
            """
            low, high = m.range.split(m.at)
            high = type(high)((int.from_bytes(m.at, "big") + 1).to_bytes(16, "big"), high.end)
            """,
        ),
        scenario=SCENARIO,
    ),
    bug(
        "ranges_that_overlap",
        "The left half ends one position too late.",
        Edit(
            SPLITTING,
            "low, high = m.range.split(m.at)",
            """
            low, high = m.range.split(m.at)
            low = type(low)(low.start, (int.from_bytes(m.at, "big") + 1).to_bytes(16, "big"))
            """,
        ),
        scenario=SCENARIO,
    ),
    # --- What a child begins with ---
    bug(
        "ids_stay_behind",
        "A child does not know which requests its parent has answered (IdsStayBehind).",
        Edit(
            BIRTH,
            "items.cut(child.range.start, child.range.end)",
            """
            items.cut(child.range.start, child.range.end)
            memory = BTree(pages, PartitionState.codecs[1])
            snapshot = structs.replace(snapshot, remembered=0, remembered_bytes=0)
            """,
        ),
        scenario=UNDER_LOAD,
    ),
    bug(
        "child_keeps_all",
        "A child keeps the items of its sibling.",
        Edit(BIRTH, "items.cut(child.range.start, child.range.end)", "pass"),
        scenario=SCENARIO,
    ),
    bug(
        "cut_loses_a_leaf",
        "A cut leaves out the leaf in which it lies.",
        Edit(BTREE, "if first >= last:", "if first >= last or last - first < len(node.keys):"),
        scenario=SCENARIO,
    ),
    bug(
        "deletes_stay_behind",
        "A child does not know when something was deleted last.",
        Edit(BIRTH, "holds=holds,", "holds=holds,\n        largest_delete=0,"),
        scenario=UNDER_LOAD,
    ),
    bug(
        "child_made_again",
        "A child that has fallen silent is made anew, as the same incarnation, from its parent (MakesAgain).",
        Edit(
            MAKING,
            "known = self.journal.floor(group) or self.journal.buried(group) or group in node.replicas",
            "known = self.journal.buried(group) or group in node.replicas",
        ),
        scenario=AND_REPAIR,
    ),
    bug(
        "parent_dropped_early",
        "A node drops its replica of a parent before it has made its children (DropsTheParentEarly).",
        Edit(HOST, "self.maker.owes_children(group):", "False:"),
        Edit(
            "dynaproof.impl.admin.splits",
            "return all(self.nodes.is_there(voter, number) for voter in child.config.voters)",
            "return True",
        ),
        scenario=SCENARIO,
    ),
    bug(
        "waits_for_every_checkpoint",
        "A split waits until every voter has written a checkpoint, however long that takes.",
        Edit(
            SPLITTING,
            "if self.preparing is not None and self.env.now >= self.preparing.until:",
            "if False:",
        ),
        scenario=UNDER_LOAD,
    ),
    bug(
        "deaf_leader_keeps_its_place",
        "A leader that does not hear a voter refuses to split, and leads on.",
        Edit(SPLITTING, "return any(heard) and not all(heard)", "return False"),
        scenario=OF_A_SPLIT,
    ),
    # --- Pages ---
    bug(
        "file_goes_with_its_owner",
        "A page file is removed with the replica that wrote it (GoesWithItsOwner).",
        Edit(LINES, "if name not in self.named:", "if True:"),
        scenario=SCENARIO,
    ),
    bug(
        "frees_its_parents_pages",
        "A child frees pages of its parent (FreesItsParentsPages).",
        Edit(PAGE_FILE, "if ref.page >= self.first:", "if True:"),
        scenario=SCENARIO,
    ),
    bug(
        "never_home",
        "What a split has left in the files of the parent never comes home (StaysAway).",
        Edit(
            LEARNER,
            "pages.home = self.upkeep.homecoming.step(self.settings.home_pages)",
            "pages.home = self.upkeep.homecoming.step(self.settings.home_pages) and False",
        ),
        scenario=SCENARIO,
    ),
    bug(
        "large_values_stay_away",
        "Leaves come home, and the large values in them do not.",
        Edit(
            BTREE,
            "if type(value) is Large and value.ref is not None and value.ref.page < first",
            "if type(value) is Large and value.ref is not None and value.ref.page < 0",
        ),
        scenario=SCENARIO,
    ),
    bug(
        "home_too_soon",
        "A child names its own file only, when some of its leaves have come home.",
        Edit(
            LEARNER,
            "pages.home = self.upkeep.homecoming.step(self.settings.home_pages)",
            "pages.home = self.upkeep.homecoming.step(self.settings.home_pages) or True",
        ),
        scenario=SCENARIO,
    ),
    bug(
        "nobody_campaigns_first",
        "The children of the node that led their parent wait for an election timer like all others.",
        Edit(SPLITTING, "self.replica.end.led = True", "pass"),
        scenario=UNDER_LOAD,
    ),
)
