"""Bugs of one line each that no exploration and no test would have noticed: found by reading."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    CHECKPOINT,
    COPYING,
    HOST,
    KEYS,
    LEARNER,
    MEMBERSHIP,
    ORDERS,
    PAGE_FILE,
    PLANNER,
    READING,
    REPLACEMENTS,
    REQUESTS,
    ROUTER,
    SPLIT,
    SPLITTING,
    STEPS,
    SURVEY,
    TABLES,
    WAITING,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "splits_by_a_clock_that_is_off",
        "A leader whose wall clock is far from those of the others stamps a split by it.",
        Edit(SPLITTING, "elif replica.clock_trusted():", "else:"),
        scenario="split-under-load",
    ),
    bug(
        "configs_by_a_clock_that_is_off",
        "A leader whose wall clock is far from those of the others stamps a config by it.",
        Edit(MEMBERSHIP, "elif replica.clock_trusted():", "else:"),
        scenario="membership",
    ),
    bug(
        "splits_tables_of_any_size",
        "A table is split however many partitions it has had, so the write that deletes it has no bound.",
        Edit(SPLIT, "\n        and len(lineage(table)) < LINEAGE", ""),
        scenario="split",
    ),
    bug(
        "voters_without_a_record",
        "A node that hosts a voter and has never reported gets no record, and is never taken for dead.",
        Edit(SURVEY, "self.chores.add(RecordNode(voter.node))", "pass"),
        scenario="repair",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "given_up_and_never_made",
        "The new replica of a replacement that is given up is not made, though a chosen config may name it.",
        Edit(REPLACEMENTS, "if not work.made:", "if False:"),
        scenario="repair",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "copies_promise_nothing",
        "A copy that brings no log leaves its replica free to promise less than what the copy was learnt at.",
        Edit(
            LEARNER,
            "max(log.promised, checkpoint.snapshot.held_at, highest)",
            "max(log.promised, highest)",
        ),
        scenario="partition",
    ),
    bug(
        "patience_of_an_earlier_step",
        "A step of a workflow is given up for what the steps before it took.",
        Edit(
            STEPS,
            "one.began_at, one.waits, one.hops = self.env.now, 0, 0",
            "one.waits, one.hops = 0, 0",
        ),
        scenario="repair",
    ),
    bug(
        "repaired_on_its_own_node_by_hearsay",
        "A voter that two reports did not name, and that may yet come, is replaced on its own node.",
        Edit(PLANNER, "own = self.nodes.has_lost(out, partition.partition)", "own = True"),
        scenario="repair",
    ),
    bug(
        "all_hold_the_config_unheard",
        "A leader says that all voters hold the log through the config before they have.",
        Edit(MEMBERSHIP, "held = self.all_hold(leadership, slot, None)", "held = True"),
        scenario="repair",
    ),
    bug(
        "others_hold_the_config_unheard",
        "A leader says that all voters but a lost one hold the log through the config before they have.",
        Edit(MEMBERSHIP, "others = self.all_hold(leadership, slot, m.lost)", "others = True"),
        scenario="repair",
    ),
    bug(
        "replaces_before_the_config_is_held",
        "A group that repairs itself replaces a voter though another one does not hold its config yet.",
        Edit(
            MEMBERSHIP,
            "if not self.all_hold(leadership, replica.state.config_slot, m.out):",
            "if False:",
        ),
        scenario="metadata-moves",
    ),
    bug(
        "waits_for_a_silent_source",
        "A copier whose source has long been silent asks no other voter.",
        Edit(COPYING, "elif now >= copy.until and self.admitted:", "elif False:"),
        scenario="partition",
    ),
    bug(
        "applied_items_stay_in_the_overlay",
        "A leader keeps the items of all its writes beside the state, though they have long been applied.",
        Edit(REQUESTS, "del pending.overlay[mutation.key]", "pass"),
        scenario="partition",
    ),
    bug(
        "pages_have_no_bytes",
        "A page that has as many bytes as it may goes on in the next partition.",
        Edit(ROUTER, " or paging.bytes >= self.settings.scan_bytes", ""),
        scenario="table",
    ),
    bug(
        "dropped_replicas_keep_their_room",
        "What a replica had not written when it ended takes room in its node's cache.",
        Edit(HOST, "replica.state.pages.close()", "pass"),
        scenario="move",
    ),
    bug(
        "replaced_trees_keep_their_room",
        "What was not written of a tree that a copy replaces takes room in its node's cache.",
        Edit(LEARNER, "pages.close()", "pass"),
        scenario="copy-under-load",
    ),
    bug(
        "reads_one_page_of_keys",
        "An admin that reads more keys than one page has reads those of the first page only.",
        Edit(READING, "reading.keys[PAGE_ITEMS:]", "()"),
        scenario="create-delete-create",
    ),
    bug(
        "batches_lack_one_item",
        "A router refuses a batch of exactly as many items as the API allows.",
        Edit(KEYS, "if len(each) > most:", "if len(each) >= most:"),
        scenario="batches",
    ),
    bug(
        "past_waiters_keep_their_room",
        "A request that has had its turn counts in the bytes that wait.",
        Edit(WAITING, "self.size -= waiter.size * len(waiter.attempts)", "pass"),
        scenario="partition",
    ),
    bug(
        "copies_in_messages_of_any_size",
        "A source sends all pages that it is asked for, whatever the message takes.",
        Edit(COPYING, "if pages and size > self.settings.records_bytes:", "if False:"),
        scenario="copy-under-load",
    ),
    bug(
        "children_take_what_is_their_parents",
        "A child counts the pages of its parent as taken by its own file.",
        Edit(PAGE_FILE, "self.end - self.first - len(self.free)", "self.end - len(self.free)"),
        scenario="split",
    ),
    bug(
        "free_pages_are_taken",
        "A page file counts its free pages as taken.",
        Edit(PAGE_FILE, "self.end - self.first - len(self.free)", "self.end - self.first"),
        scenario="split",
    ),
    bug(
        "unknown_outcomes_are_none",
        "An admin that cannot tell what became of an order's change says that the order has no effect.",
        Edit(
            ORDERS,
            "del self.under_way[m.request]  # Nobody knows: it stays unanswered.",
            "self.leave_to_others(m.request)",
        ),
        scenario="create-delete-create",
    ),
    bug(
        "attempts_take_no_room",
        "Of a request that waits only the first attempt counts, however many bytes the others keep.",
        Edit(WAITING, "fits = self.size + waiter.size <= settings.waiting_bytes", "fits = True"),
        scenario="partition",
    ),
    bug(
        "held_log_begins_anew",
        "A copy that goes on from another view fetches the held log from its beginning.",
        Edit(CHECKPOINT, "if not log.first <= held <= log.next <= offer.snapshot.slot + 1:", "if True:"),
        scenario="copy-under-load",
    ),
    bug(
        "waits_as_long_as_the_last",
        "Who waits for a look-up of a table waits as long as whoever came last.",
        Edit(TABLES, "if until <= now]", "if self.until <= now]"),
        scenario="metadata-leader-loss",
    ),
)
