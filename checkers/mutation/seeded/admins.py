"""Bugs of admins and of the metadata that they change: terms, workflows, placement, what is removed when."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    AGENT,
    CHANGES,
    CONTROL,
    DIRECTORY,
    METADATA_RECORDS,
    NODES,
    OPERATIONS,
    ORDERS,
    PLACEMENT,
    TERM,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

COMES_AND_GOES = "create-delete-create"
TAKEOVER = "admin-takeover"

BUGS = (
    bug(
        "governs_by_whatever_term_it_reads",
        "An admin conditions its changes on the record of who is active, though that names another one.",
        Edit(
            TERM,
            "governs = self.active and record == AdminRecord(self.term, self.env.me.name)",
            "governs = self.active and record is not None",
        ),
        scenario=TAKEOVER,
        breaks=("only_the_active_admin_changes",),
    ),
    bug(
        "removes_whoever_is_active",
        "The last step of a workflow is not conditioned on who is active.",
        Edit(
            CHANGES,
            "read.stays(ADMIN_KEY),",
            "",
            within="remove_table",
        ),
        Edit(
            TERM,
            "governs = self.active and record == AdminRecord(self.term, self.env.me.name)",
            "governs = self.active",
        ),
        scenario=TAKEOVER,
        breaks=("only_the_active_admin_changes",),
    ),
    bug(
        "goes_on_with_the_term_of_an_earlier_life",
        "An admin that restarts and is named as the active one goes on, and does not take over.",
        Edit(
            TERM,
            "if record.name == name and record.term == self.term:",
            """
            if record.name == name and record.term != self.term:
                self.term = record.term
                self.env.note(Activated(self.term))
                self.successor.activated()
            if record.name == name:
            """,
        ),
        scenario=TAKEOVER,
        breaks=("only_the_active_admin_changes",),
    ),
    bug(
        "takeover_forgets_the_count",
        "An admin that takes over writes down that no workflow is under way.",
        Edit(
            TERM,
            "self.metadata.read(TERM_KEYS, Watch())",
            'self.metadata.read((*TERM_KEYS, b"ids"), Watch())',
        ),
        Edit(
            CHANGES,
            "read.leaves(TOUCHED_KEY, TouchedRecord(term)),",
            """
            read.leaves(TOUCHED_KEY, TouchedRecord(term)),
            *(
                read.leaves(IDS_KEY, structs.replace(ids, under_way=0))
                for ids in [read.record(IDS_KEY)]
                if ids is not None
            ),
            """,
            within="take_over",
        ),
        scenario=TAKEOVER,
        breaks=("only_the_active_admin_changes",),
    ),
    bug(
        "takes_over_with_the_same_term",
        "An admin that takes over does not raise the term.",
        Edit(
            CHANGES,
            "term = 1 if before is None else before.term + 1",
            "term = 1 if before is None else before.term",
        ),
        scenario=TAKEOVER,
        breaks=("only_the_active_admin_changes", "workflow_steps_happen_once"),
    ),
    bug(
        "changes_are_not_conditioned",
        "A change is made whatever has become of its records since they were read (Unconditioned).",
        Edit(OPERATIONS, "return self.version == (0 if stored is None else stored.slot)", "return True"),
        scenario=TAKEOVER,
        breaks=("only_the_active_admin_changes",),
    ),
    bug(
        "only_the_term_counts",
        "A change of several records looks whether its author is still active, and at nothing else "
        "(OnlyTheEpoch).",
        Edit(
            OPERATIONS,
            "return self.version == (0 if stored is None else stored.slot)",
            'return self.key != b"admin" or self.version == (0 if stored is None else stored.slot)',
        ),
        scenario=COMES_AND_GOES,
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "ids_of_partitions_given_twice",
        "Creating a table leaves the ids of its partitions to the next one.",
        Edit(CHANGES, "partition=ids.partition + order.partitions,", ""),
        scenario=COMES_AND_GOES,
        breaks=("workflow_steps_happen_once",),
    ),
    bug(
        "generations_given_twice",
        "A table that is created anew gets the generation of the one before.",
        Edit(CHANGES, "generation=ids.generation + 1,", ""),
        scenario=COMES_AND_GOES,
        breaks=("workflow_steps_happen_once",),
    ),
    bug(
        "workflows_not_counted",
        "Tables are created and deleted however many workflows are under way.",
        Edit(CHANGES, "if ids.under_way >= most_workflows:", "if False:"),
        Edit(CHANGES, "if not table.workflow and ids.under_way >= most_workflows:", "if False:"),
        scenario=COMES_AND_GOES,
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "late_orders_obeyed",
        "An admin does whatever order comes, though it is a late copy of one that was done and undone since.",
        Edit(ORDERS, "if not self.sessions.takes(sender, m):", "if m.request in self.under_way:"),
        scenario=COMES_AND_GOES,
        breaks=("copies_of_orders_are_answered",),
    ),
    bug(
        "one_answer_kept",
        "An admin keeps the answer of the last order only, not of as many as it says.",
        Edit(ORDERS, "keep_newest(self.answers, self.settings.sessions)", "keep_newest(self.answers, 1)"),
        scenario=COMES_AND_GOES,
        breaks=("copies_of_orders_are_answered",),
    ),
    bug(
        "refused_in_the_session_before",
        "A router believes a late answer, given in an earlier session, that its order has had no effect.",
        Edit(CONTROL, " or ordering.session != m.session:", ":"),
        scenario=COMES_AND_GOES,
        breaks=("orders_are_in_one_session",),
    ),
    bug(
        "orders_not_bounded",
        "An admin takes all orders of routers at the same time.",
        Edit(ORDERS, "if len(self.under_way) >= self.settings.orders:", "if False:"),
        scenario=COMES_AND_GOES,
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "create_goes_on_beside_delete",
        "A table that is deleted while it is created keeps the workflow that creates it.",
        Edit(
            CHANGES,
            "*([read.leaves(workflow_key(table.workflow), None)] if table.workflow else []),",
            "",
        ),
        Edit(CHANGES, "and table.workflow == workflow.workflow", ""),
        scenario=COMES_AND_GOES,
        breaks=("workflow_steps_happen_once", "routers_and_admins_stay_bounded"),
    ),
    bug(
        "active_at_a_quorum",
        "A table becomes active although a node of each partition has not answered that its replica is made.",
        Edit(
            WORKFLOWS,
            "min(1, self.out(target, nodes))",
            "len(target.config.voters) // 2",
        ),
        scenario=COMES_AND_GOES,
        breaks=("active_tables_are_whole",),
    ),
    bug(
        "removed_at_one_answer",
        "The record of a table goes though two nodes of a partition have not answered that it is gone.",
        Edit(
            METADATA_RECORDS,
            "in config.voters) + 1 - config.quorum",
            "in config.voters) - config.quorum",
        ),
        scenario=COMES_AND_GOES,
        breaks=("removed_tables_take_no_writes",),
    ),
    bug(
        "removed_when_told",
        "The record of a table goes as soon as the nodes were told to drop its partitions.",
        Edit(
            WORKFLOWS,
            "env.send(to, command)",
            """
            env.send(to, command)
            if driven.record.kind == "delete":
                driven.answered[target.partition, to] = True
            """,
        ),
        scenario=COMES_AND_GOES,
        breaks=("removed_tables_take_no_writes",),
    ),
    bug(
        "zones_not_looked_at",
        "The replicas of a partition are placed on the emptiest nodes, of whatever zones.",
        Edit(
            PLACEMENT, "if len(chosen) < replicas and zones[node.zone] < most:", "if len(chosen) < replicas:"
        ),
        scenario="table",
        breaks=("no_two_replicas_in_a_zone",),
    ),
    bug(
        "gone_within_the_lease",
        "A node says that a partition is gone although a lease may run that it has granted for it.",
        Edit(AGENT, "if self.env.now >= host.grants.bound_until(group, was_made=True):", "if True:"),
        scenario=COMES_AND_GOES,
        breaks=("removed_tables_take_no_writes",),
    ),
    bug(
        "no_tombstone",
        "A node that drops a partition does not remember that, and makes it again at a late command.",
        Edit(
            AGENT,
            "host.journal.append(Buried(group, m.term, m.parent))",
            "host.journal.append(Fence(m.term))",
        ),
        scenario=COMES_AND_GOES,
        breaks=("nothing_leaks",),
    ),
    bug(
        "not_fenced",
        "A node obeys the commands of an admin that was deposed.",
        Edit(AGENT, "if m.term < journal.fence:", "if m.term < 0:"),
        scenario=COMES_AND_GOES,
        breaks=("fences_hold",),
    ),
    bug(
        "fence_forgotten_at_a_crash",
        "A node does not write down the highest term that it has seen.",
        Edit(AGENT, "Interred(journal.append(Fence(m.term)))", "Interred(0)"),
        Edit(
            AGENT,
            "if m.term > journal.fence:",
            "if m.term > journal.fence and (journal._stands(Fence(m.term)) is None):",
        ),
        scenario=TAKEOVER,
        breaks=("fences_hold",),
    ),
    bug(
        "late_nodes_not_collected",
        "What a node still hosts of a table whose record is gone is never dropped.",
        Edit(NODES, "if missing:", "if missing and False:"),
        scenario=COMES_AND_GOES,
        breaks=("nothing_leaks",),
    ),
    bug(
        "one_leftover_takes_all",
        "Where something of a partition is left that has no record, all that its node reports is dropped.",
        Edit(
            NODES,
            "missing = tuple(one for one, record in records.items() if record is None)",
            "missing = m.partitions if None in records.values() else ()",
        ),
        scenario=COMES_AND_GOES,
        breaks=("voters_are_not_dropped",),
    ),
    bug(
        "later_chunks_not_collected",
        "Of what a node hosts the first few partitions only are looked up, in each of its reports.",
        Edit(
            NODES,
            "heard.collected = left[len(heard.collecting) - 1] if len(left) > len(heard.collecting) else 0",
            "heard.collected = 0",
        ),
        scenario=COMES_AND_GOES,
        breaks=("what_was_begun_ends", "nothing_leaks"),
    ),
    bug(
        "chunks_thrown_away",
        "An admin keeps the last chunk of a report only, so one of several chunks never comes whole.",
        Edit(NODES, "if report != self.chunks_of:", "if True:"),
        scenario=COMES_AND_GOES,
        breaks=("what_was_begun_ends", "nothing_leaks"),
    ),
    bug(
        "commands_sent_once",
        "The commands of a workflow are not sent again when they were not answered.",
        Edit(
            WORKFLOWS,
            "if driven is not None and self.term.active:",
            "if driven is None and self.term.active:",
        ),
        Edit(WORKFLOWS, "self.go_on(driven)", "pass", within="Workflows.on_step_timer"),
        scenario=COMES_AND_GOES,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "workflows_not_taken_over",
        "An admin that becomes active does not look which workflows are under way.",
        Edit(WORKFLOWS, "self.look()", "pass", within="Workflows.activated"),
        scenario=TAKEOVER,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "nobody_takes_over",
        "An admin waits for the active one, however long that has not touched its record.",
        Edit(TERM, "untouched = now - self.seen_at >= self.settings.takeover_us", "untouched = False"),
        scenario=TAKEOVER,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "located_without_a_lease",
        "A replica of the metadata says where tables are although its lease is over.",
        Edit(DIRECTORY, "if not replica.may_serve():", "if replica.leading is None:"),
        Edit(DIRECTORY, "assert replica.leading is not None", "pass"),
        scenario="metadata-leader-loss",
        breaks=("leader_applied_before_serving", "routes_are_committed"),
    ),
    bug(
        "located_by_any_replica",
        "Any replica of the metadata says where tables are, as far as it knows.",
        Edit(DIRECTORY, "if not replica.may_serve():", "if False:"),
        Edit(
            DIRECTORY,
            "assert replica.leading is not None",
            "",
        ),
        Edit(
            DIRECTORY,
            "self.env.note(Served(replica.member, replica.leading,",
            "(lambda *_: None)((replica.member, replica.leading,",
        ),
        scenario="metadata-leader-loss",
        breaks=("routes_are_committed",),
    ),
    bug(
        "records_of_partitions_stay",
        "Of a table that was deleted only the record of the first partition is removed.",
        Edit(
            CHANGES,
            "for target in workflow.targets)",
            "for target in workflow.targets[:1])",
            within="remove_table",
        ),
        scenario=COMES_AND_GOES,
        breaks=("nothing_leaks",),
    ),
    bug(
        "ended_workflows_count",
        "The number of workflows under way does not go down when one ends.",
        Edit(CHANGES, "max(0, getattr(ids, counted) - 1)", "getattr(ids, counted)"),
        scenario=COMES_AND_GOES,
        breaks=("nothing_leaks", "what_was_begun_ends"),
    ),
)
