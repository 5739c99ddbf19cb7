"""Bugs of replicas and storage nodes that split partitions, make their children, and share pages."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    BIRTH,
    BTREE,
    CANDIDATE,
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
        breaks=("retries_apply_once", "acknowledged_writes_survive"),
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
        breaks=("replicas_equal_when_quiet",),
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
        breaks=("retries_apply_once",),
    ),
    bug(
        "answers_anew_behind_the_barrier",
        "A partition that is split answers what it remembers as if that had happened at its barrier.",
        Edit(
            REQUESTS,
            "self.answer(Flight(sender, m.request, m.attempt), answer)",
            """
            late = structs.replace(answer, slot=self.replica.state.barrier)
            self.answer(Flight(sender, m.request, m.attempt), late)
            """,
            within="Requests.behind_barrier",
        ),
        scenario=UNDER_LOAD,
        breaks=("retries_apply_once",),
    ),
    # --- Who owns the keys ---
    bug(
        "leader_goes_on_at_the_barrier",
        "The leader that applies a split releases its lease, and goes on to serve reads.",
        Edit(LEADER, "self.step_down()", "pass", within="Leader.end_at_barrier"),
        Edit(REQUESTS, "if self.replica.state.split is not None:", "if False:"),
        scenario=SCENARIO,
        breaks=("one_owner_per_key",),
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
        breaks=("one_owner_per_key",),
    ),
    bug(
        "barrier_forgotten_at_a_restart",
        "A replica that begins with a checkpoint at its barrier does not know that it is split.",
        Edit(STATE, "state.split = snapshot.split", "state.split = None"),
        scenario=SCENARIO,
        breaks=("progress_after_faults_stop",),
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
        breaks=("one_owner_per_key",),
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
        breaks=("one_owner_per_key",),
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
        breaks=("retries_apply_once",),
    ),
    bug(
        "child_keeps_all",
        "A child keeps the items of its sibling.",
        Edit(BIRTH, "items.cut(child.range.start, child.range.end)", "pass"),
        scenario=SCENARIO,
        breaks=("replicas_equal_when_quiet",),
    ),
    bug(
        "cut_loses_a_leaf",
        "A cut leaves out the leaf in which it lies.",
        Edit(BTREE, "if first >= last:", "if first >= last or last - first < len(node.keys):"),
        scenario=SCENARIO,
        breaks=("pages_show_one_state",),
    ),
    bug(
        "deletes_stay_behind",
        "A child does not know when something was deleted last.",
        Edit(BIRTH, "holds=holds,", "holds=holds,\n        largest_delete=0,"),
        scenario=UNDER_LOAD,
        breaks=("replicas_equal_when_quiet",),
    ),
    bug(
        "clock_begins_anew",
        "A child does not know the commit timestamp of the split, above which all of its own lie.",
        Edit(BIRTH, "timestamp=split.timestamp,", "timestamp=0,", within="child_snapshot"),
        scenario=SCENARIO,
        breaks=("commit_timestamps_increase",),
    ),
    bug(
        "child_marked_with_its_pages",
        "A child is marked in the handler that writes its pages and its head (MarksBeforeThePages).",
        Edit(
            MAKING,
            "self.env.send(self.env.me, Written(incarnation))",
            """
            birth = self.births.get(group)
            if birth is None or birth.child is None:
                self.env.send(self.env.me, Written(incarnation))
            else:
                self.on_written(Written(incarnation))
            """,
        ),
        scenario=SCENARIO,
        breaks=("only_the_damaged_fall_silent",),
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
        breaks=("voters_are_not_dropped",),
    ),
    # --- Pages ---
    bug(
        "file_goes_with_its_owner",
        "A page file is removed with the replica that wrote it (GoesWithItsOwner).",
        Edit(LINES, "if name not in self.named:", "if True:"),
        scenario=SCENARIO,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "frees_its_parents_pages",
        "A child frees pages of its parent (FreesItsParentsPages).",
        Edit(PAGE_FILE, "if ref.page >= self.first:", "if True:"),
        scenario=SCENARIO,
        breaks=("only_the_damaged_fall_silent",),
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
        breaks=("nothing_leaks",),
    ),
    bug(
        "large_values_stay_away",
        "Leaves come home, and the large values in them do not.",
        Edit(
            BTREE,
            "and value.ref.page < first",
            "and value.ref.page < 0",
        ),
        scenario=SCENARIO,
        breaks=("nothing_leaks", "log_cut_is_covered"),
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
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "frozen_child_goes_home",
        "A child that was split goes on to bring pages home, and frees those that its own children lie on "
        "(ParentGoesOn).",
        Edit(
            LEARNER,
            "if not (pages.home or self.checkpoint is not None or self.state.barrier):",
            "if not (pages.home or self.checkpoint is not None):",
        ),
        Edit(
            LEARNER,
            "if not (pages.home or self.state.barrier):",
            "if not pages.home:",
            within="Learner.write_checkpoint",
        ),
        scenario=OF_A_SPLIT,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "file_of_a_copy_goes",
        "A file goes while a copy is written into it, for no head names it yet (RemovesByTheDurableHead).",
        Edit(LEARNER, "needed.add(self.copy.pages.file)", "pass"),
        scenario=AND_REPAIR,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "replaced_files_stay",
        "A page file that a copy has replaced is never removed.",
        Edit(
            LEARNER,
            "self.env.disk.remove_file(name)",
            "pass",
            within="Learner.remove_unneeded_files",
        ),
        scenario=AND_REPAIR,
        breaks=("nothing_leaks",),
    ),
    bug(
        "nobody_campaigns_first",
        "The children of the node that led their parent wait for an election timer like all others.",
        Edit(SPLITTING, "end.led, end.proposed = True,", "end.led, end.proposed = False,"),
        scenario=UNDER_LOAD,
        breaks=("splits_stop_briefly",),
    ),
    bug(
        "barrier_not_asked_for",
        "Who lacks what a leader released it with waits until somebody says it again, though nobody leads.",
        Edit(ACCEPTOR, "self.fetch(m.source)", "pass", within="Acceptor.on_release"),
        scenario=UNDER_LOAD,
        breaks=("answered_in_time", "followers_keep_up", "splits_stop_briefly"),
    ),
    bug(
        "late_accepts_bind",
        "What comes late from a leader that has released its lease binds a voter for a lease again.",
        Edit(ACCEPTOR, "if self.grants_none or ballot == self.grant.released:", "if self.grants_none:"),
        scenario=UNDER_LOAD,
        breaks=("splits_stop_briefly",),
    ),
    bug(
        "who_is_ready_is_not_asked",
        "A candidate does not ask those again who say that they are ready now.",
        Edit(
            CANDIDATE,
            "and m.source not in campaign.promises",
            "and False",
            within="Candidate.on_ready",
        ),
        scenario=UNDER_LOAD,
        breaks=("splits_stop_briefly",),
    ),
)
