"""Bugs of admins that wait for what may never come, and of nodes and routers that do not wait for what they
should: found by reading, or by a campaign, as faults of our own.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    BALANCE,
    COPYING,
    HOST,
    LEARNER,
    MAKING,
    METADATA_RECORDS,
    MOURNING,
    NODES,
    PLANNER,
    REPLACED,
    REPLACEMENTS,
    ROUTER,
    SURVEY,
    TABLES,
    VIEWS,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "mourned_for_ever",
        "No node of another zone is taken for dead as long as one zone is not mended, and be it for ever.",
        Edit(
            MOURNING,
            "other != zone and now - since < self.patience_us for other, since",
            "other != zone for other, since",
        ),
        scenario="node-returns",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "deletes_wait_for_who_has_left",
        "The record of a table stays until the nodes that its voters have left have dropped its partitions.",
        Edit(
            METADATA_RECORDS,
            "return [config, *([one for one in later if not one.crowded()] or later)]",
            """
        left = tuple(Member(one, 0) for one in self.left)
        config = structs.replace(config, voters=(*config.voters, *left))
        return [config, *([one for one in later if not one.crowded()] or later)]
            """,
        ),
        scenario="node-returns",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "planned_voters_forgotten",
        "The record of a table goes although a voter that is planned and another one are left.",
        Edit(
            METADATA_RECORDS,
            "return [config, *([one for one in later if not one.crowded()] or later)]",
            "return [config]",
        ),
        scenario="repair",
        breaks=("removed_tables_take_no_writes",),
    ),
    bug(
        "whoever_may_vote_together",
        "The record of a table stays while a voter and the one that was to replace it are both away.",
        Edit(
            METADATA_RECORDS,
            "[config, *([one for one in later if not one.crowded()] or later)]",
            "[config, *later]",
        ),
        scenario="zone-down",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "refused_by_an_older_table",
        "A request is refused by the key of a table that was deleted and made anew with another one.",
        Edit(ROUTER, "if (older := asked.older(used)) is not None:", "if older := None:"),
        scenario="create-delete-create",
    ),
    bug(
        "older_answers_refuse",
        "So it is by an answer to a question that was asked before the request came.",
        Edit(TABLES, "m.slot, look_up.asked_at, self.env.now)", "m.slot, self.env.now, self.env.now)"),
        scenario="create-delete-create",
    ),
    bug(
        "log_is_held_for_slow_copiers",
        "The log is held for a copier that has its copy, however far that falls behind.",
        Edit(VIEWS, "if log_bytes(copier.place) > self.settings.view_bytes:", "if False:"),
        scenario="copy-under-load",
        breaks=("logs_get_cut",),
    ),
    bug(
        "gone_tables_are_unavailable",
        "A batch of which nothing was done is answered for an item whose table is gone.",
        Edit(
            "dynaproof.impl.router.asked",
            "(not one.error.definite, not one.gone, one.error)",
            "(not one.error.definite, False, one.error)",
        ),
        scenario="split-and-delete",
        breaks=("errors_stop_after_faults",),
    ),
    bug(
        "late_copies_keep_their_file",
        "The file of a copy that is no longer needed stays until the next checkpoint, which may never come.",
        Edit(
            COPYING,
            """
        self.copy = None
        self.remove_unneeded_files()
        """,
            "self.copy = None",
        ),
        scenario="two-losses",
        breaks=("nothing_leaks",),
    ),
    bug(
        "page_of_two_tables",
        "A page goes on in another table of that name, made while it was filled.",
        Edit(ROUTER, "if paging.items and paging.generation != known.table.generation:", "if False:"),
        scenario="create-delete-create",
        breaks=("scan_returns_each_once",),
    ),
    bug(
        "moves_keep_the_partition",
        "A replica is moved on although another voter is lost, whose repair waits for that.",
        Edit(REPLACEMENTS, "gone = heard.refused or heard.in_the_way or", "gone = heard.refused or"),
        scenario="drain",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "moves_beside_what_is_lost",
        "A move is begun, and given up, again and again while a repair of the partition waits for its turn.",
        Edit(
            PLANNER,
            "self.settings.balance_at_once or self.replacements.needs_repair(partition):",
            "self.settings.balance_at_once:",
        ),
        scenario="drain",
        breaks=("nothing_leaks",),
    ),
    bug(
        "moves_given_up_in_vain",
        "A move is given up for a lost voter that no other node may have.",
        Edit(
            REPLACEMENTS,
            "place_one(free, config, one, taken) is not None",
            "True",
        ),
        scenario="drain",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "hands_over_after_the_vote",
        "A leader that has given the vote to a new replica is asked to hand over all the same.",
        Edit(REPLACEMENTS, "is_voter = work.new in m.config.voters", "is_voter = False"),
        scenario="move",
        breaks=("answered_in_time",),
    ),
    bug(
        "no_log_replica_after_a_pause",
        "A lost voter is replaced by a learner when no leader has counted its config in time.",
        Edit(
            REPLACED,
            """
            elif step == "create" and made:
                step = "replace"
            """,
            """
            elif step == "create" and made:
                step = "replace"
            elif step == "replace" and role == "log" and answers.unheld:
                step, role = "create", "full"
            """,
        ),
        scenario="repair-under-load",
        breaks=("repairs_come_soon",),
    ),
    bug(
        "first_voters_stay_unmade",
        "A voter of a first config that was never made stays so, if no other node may have it.",
        Edit(SURVEY, "unmade += partition.config.first_voters", "pass"),
        scenario="node-returns",
        breaks=("every_partition_regains_its_voters",),
    ),
    bug(
        "copies_of_reports_are_reports",
        "A second copy of a node's newest report is taken for a sign of life.",
        Edit(
            NODES,
            "if report <= self.report or report < self.chunks_of:",
            "if report < max(self.report, self.chunks_of):",
        ),
        scenario="node-returns",
        breaks=("nodes_die_of_silence",),
    ),
    bug(
        "balances_around_no_dead",
        "Nothing is moved in a zone as long as a dead node has not given up what it had.",
        Edit(BALANCE, "if one.member.node.name not in dead:", "if True:"),
        scenario="move",
    ),
    bug(
        "the_dead_must_report",
        "Nothing is moved in a zone before a dead node has reported.",
        Edit(BALANCE, "if address.zone == zone and not nodes.is_dead(address)", "if address.zone == zone"),
        scenario="move",
    ),
    bug(
        "pages_of_one_moment",
        "Workflows on pages of different moments are taken to be under way together.",
        Edit(WORKFLOWS, " or self.is_doubtful(records):", ":"),
        scenario="repair-takeover",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "look_ups_numbered_anew",
        "A router that has restarted takes an answer to its earlier life for one to its own question.",
        Edit(TABLES, "(env.boot - 1) << LIFE_BITS", "0"),
        scenario="five",
        breaks=("active_tables_are_found",),
    ),
    bug(
        "rot_of_a_start_escapes",
        "A node that finds rot when it makes children at its start does not end to look at its disk.",
        Edit(HOST, "self.guarded(self.maker.make_child)", "self.maker.make_child()"),
        scenario="split-and-repair",
        breaks=("every_partition_regains_its_voters", "nothing_leaks"),
    ),
    bug(
        "replaced_lines_forgotten",
        "Pages that a peer copies lose the files of their line when a copy replaces them.",
        Edit(
            LEARNER,
            "for pages in (self.state.pages, *self.upkeep.replaced):",
            "for pages in (self.state.pages,):",
        ),
        scenario="split-and-repair",
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "any_word_of_files_marks",
        "A replica is marked when files of an earlier making are durable.",
        Edit(
            MAKING,
            """
            if self.unsynced[self.env.lane]:
                return
            del self.unsynced[self.env.lane]
            """,
            "",
        ),
        scenario="split-and-repair",
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "only_followers_learn_the_end",
        "A voter that has granted a leader nothing does not learn from it that the group ends.",
        Edit(
            ACCEPTOR,
            """
            self.commit_through(m.commit, m.ballot)
            if m.commit > self.log.commit and not self.copying:
                self.fetch(m.source)  # The accept may come later, and nobody would say this again.
            if m.ballot != self.grant.to:
                return
            """,
            """
            if m.ballot != self.grant.to:
                return
            self.commit_through(m.commit, m.ballot)
            if m.commit > self.log.commit and not self.copying:
                self.fetch(m.source)
            """,
        ),
        scenario="split",
        breaks=("answered_in_time",),
    ),
)
