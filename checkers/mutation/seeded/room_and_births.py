"""Bugs of which voters are made and which are waited for: what takes room, and which children are made how.
Found by reading; our own faults until then.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    AGENT,
    BIRTH,
    BTREE,
    HOST,
    MAKING,
    NODES,
    PLANNER,
    RATINGS,
    REPLICA,
    ROUTER,
    SPLITS,
    SPLITTING,
    SURVEY,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "later_voters_wait_for_the_split",
        "A later voter of a child that its node refused is waited for as long as the parent is there.",
        Edit(
            PLANNER,
            "(voter.incarnation == FIRST_INCARNATION and self.halved.get(partition.parent))",
            "self.halved.get(partition.parent)",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "unmade_since_an_earlier_config",
        "A first voter that was never made is made only as long as no other config was chosen.",
        Edit(
            SURVEY,
            "if not partition.parent and is_free(partition) and plan is None:",
            "if partition.config_slot == 0 and not partition.parent and is_free(partition) and plan is None:",
        ),
        scenario="node-returns",
    ),
    bug(
        "what_comes_takes_no_room",
        "More replicas are planned on a node than it has room for, if several begin between two reports.",
        Edit(PLANNER, " and self.coming(one.node.address) < one.room", ""),
        scenario="drain",
    ),
    bug(
        "silence_takes_room",
        "Replicas that have fallen silent count as replicas for which a node needs room.",
        Edit(NODES, "sum(not one.silent for one in hosted.values())", "len(hosted)"),
        scenario="two-losses",
    ),
    bug(
        "rates_told_to_who_is_gone",
        "A partition that has gone since its table was read is told its rates.",
        Edit(RATINGS, ' and record.state == "listed"', ""),
        scenario="hot-key",
    ),
    bug(
        "refuses_before_it_has_looked",
        "A node says for good that it has no room, though it has not looked at its whole disk yet.",
        Edit(HOST, "elif not self.unread:", "else:"),
        scenario="repair",
    ),
    bug(
        "children_need_room",
        "A child's first voter is refused by a node that others have filled since the split began.",
        Edit(
            AGENT,
            "self.env.lane == METADATA or (m.parent != 0 and m.member.incarnation == FIRST_INCARNATION)",
            "self.env.lane == METADATA",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "last_step_not_looked_at_again",
        "A table becomes active without two replicas of a partition, if a node returns at the wrong moment.",
        Edit(WORKFLOWS, "if not driven.is_due(self.nodes):", "if False:"),
        scenario="create-delete-create",
    ),
    bug(
        "looked_up_in_an_earlier_term",
        "An admin that is active again drops what it began to look up in an earlier term.",
        Edit(NODES, " or self.term.term != m.term", ""),
        scenario="admin-takeover",
    ),
    bug(
        "all_are_made_by_copy",
        "All voters of a child may be made to be filled by copy, and none has anything to be copied.",
        Edit(SPLITS, " >= self.settings.make_us and is_anywhere:", " >= self.settings.make_us:"),
        scenario="split-and-repair",
    ),
    bug(
        "made_empty_beside_its_parent",
        "A child is made empty at a command, though its parent there is about to make it.",
        Edit(
            MAKING,
            "return m.parent != 0 and m.member.incarnation == FIRST_INCARNATION and knows",
            "return False",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "treeless_speak_finally",
        "A replica without a tree says finally that a request was never applied, and remembers none.",
        Edit(SPLITTING, "final = self.replica.full and ", "final = "),
        scenario="split-and-repair",
    ),
    bug(
        "rot_of_a_recovery_keeps_its_room",
        "What a replica had applied before it found rot takes room in the cache until the node starts again.",
        Edit(
            REPLICA,
            "state.pages.close()  # What it has applied takes room in the cache.",
            "pass",
        ),
        scenario="repair",
    ),
    bug(
        "rot_of_a_birth_keeps_its_room",
        "What was changed for a child takes room in the cache for ever, if rot was found before it was made.",
        Edit(BIRTH, "        pages.close()\n        before.close()", "        pass"),
        scenario="split-and-repair",
    ),
    bug(
        "whole_leaves_come_home",
        "All large values of a leaf come home at once, however many pages they have.",
        Edit(BTREE, "if moved >= limit:", "if False:"),
        scenario="split",
    ),
    bug(
        "gone_by_the_journal",
        "A node says that a partition is gone, though a lease of it runs, once its journal has forgotten it.",
        Edit(AGENT, "bound_until(group, was_made=True)", "bound_until(group, host.journal.was_made(group))"),
        scenario="admin-takeover",
        breaks=("removed_tables_take_no_writes",),
    ),
    bug(
        "sessions_numbered_anew",
        "Two lives of a router number the sessions that they open for orders alike.",
        Edit(ROUTER, "self.numbers = (env.boot - 1) << LIFE_BITS", "self.numbers = 0"),
        scenario="create-delete-create",
    ),
    bug(
        "range_of_the_table_before",
        "A page that has nothing yet goes on by the range, and by the schema, of a table that is gone.",
        Edit(ROUTER, " or asked.paging.is_void(known.table.generation):", ":"),
        scenario="create-delete-create",
    ),
    bug(
        "deposed_and_recorded",
        "An admin takes a node for recorded whose record it could not write, because it was deposed.",
        Edit(
            NODES,
            "governs = self.heard[m.node.address].recorded = self.term.governs(read)",
            """
            self.heard[m.node.address].recorded = True
            governs = self.term.governs(read)
            """,
        ),
        scenario="admin-takeover",
    ),
    bug(
        "driven_by_an_earlier_term",
        "An admin that is active again drives what it read of workflows in an earlier term.",
        Edit(
            WORKFLOWS,
            "if m.term != self.term.term or self.is_doubtful(records):",
            "if self.is_doubtful(records):",
        ),
        scenario="admin-takeover",
    ),
)
"""The bugs of this file."""
