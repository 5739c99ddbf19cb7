"""Bugs of splits, hosting, repairs, routers, of tables that cannot be created, and of what is known late or
is old, that no exploration has found so far, in 30 to 300 schedules, or only beyond the 150 of a hunt, or
with draws that are others today (`seldom_reached`), or that no promise forbids: not in the catalogue, and
kept for sharper draws. Each makes a test of its rule fail (`tests/campaigns/test_unreached_bugs.py`).
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import (
    old_knowledge,
    seldom_reached,
    unreached_in_regions,
    walks_and_steps,
)
from dynaproof.checkers.mutation.seeded.places import (
    AGENT,
    CALL,
    CALLER,
    CHANGES,
    CHILDREN,
    CORE,
    HOST,
    LEARNER,
    LINES,
    MAKING,
    MEMBERSHIP,
    NODE_JOURNAL,
    NODES,
    PAGE_FILE,
    REPLACEMENTS,
    ROUTER,
    SPLIT,
    SPLITS,
    SPLITTING,
    SURVEY,
    UPKEEP,
    WORKFLOWS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "child_voter_replaced_unheard",
        "A voter of a child is replaced though another one was never heard of.",
        Edit(
            MEMBERSHIP,
            "return [leadership.progress[one] for one in self.replica.config.unproven if one not in known]",
            """
            brought = self.replica.config.brought
            return [leadership.progress[one] for one in (brought,) if one is not None and one not in known]
            """,
        ),
        scenario="split-and-repair",
    ),
    bug(
        "split_expects_no_epoch",
        "A partition is split by a command that expects the epoch of an earlier config.",
        Edit(
            SPLITTING,
            "if leadership is None or not self.membership.expects(sender, m.expected_epoch):",
            "if leadership is None:",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "abandoned_child_keeps_its_files",
        "What was being made of a child when its parent fell silent stays on the disk (KeepsTheAbandoned).",
        Edit(
            MAKING,
            """
            self.node.lines.names(group, ())
            remove_files(self.env.disk, group, made.incarnation)
            """,
            "return",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "children_made_from_memory",
        "Children are made of pages at the barrier that no head of the parent names yet (MakesFromMemory).",
        Edit(
            LEARNER,
            "self.send(self.member, CheckpointWritten(",
            """
            for service in self.services if self.state.barrier else ():
                service.checkpointed()
            self.send(self.member, CheckpointWritten(
            """,
            within="Learner.write_checkpoint",
        ),
        Edit(
            CHILDREN,
            "if self.replica.rooted:",
            "if self.replica.state.barrier:",
            within="Children.checkpointed",
        ),
        Edit(
            MAKING,
            "if known or parent is None or not parent.rooted:",
            """
            written = None if parent is None else parent.checkpoint
            at_barrier = written is not None and written.snapshot.slot >= parent.state.barrier
            if known or parent is None or not (parent.rooted or at_barrier):
            """,
        ),
        Edit(
            MAKING,
            "head = born(self.env.disk, node.cache, page_bytes, parent.log.head, birth.child, member)",
            """
            from msgspec import structs
            named, pages = parent.log.head, parent.state.pages
            if not parent.rooted:
                older = () if pages.home else pages.older
                named = structs.replace(
                    named, snapshot=written.snapshot, pages=pages.name, older=older, first_page=pages.first
                )
            head = born(self.env.disk, node.cache, page_bytes, named, birth.child, member)
            """,
        ),
        scenario="split",
    ),
    bug(
        "mark_goes_with_the_parent",
        "What says that a child was made is lost when its parent falls silent (MarkInTheParent).",
        Edit(
            NODE_JOURNAL,
            "self._standing[record.group] = record",
            """
            self._standing[record.group] = record
            if isinstance(record, Silent):
                for child in self._children.pop(record.group, {}):
                    del self._parents[child]
                    if self.live(child):
                        del self._standing[child]
            """,
        ),
        scenario="split-and-repair",
        breaks=("nothing_leaks",),
    ),
    bug(
        "parent_grants_beside_a_mark",
        "A parent that does not know its barrier grants a lease where a child was made (ForgetsTheBarrier).",
        Edit(CORE, "return self.end.marked or self.state.barrier > 0", "return self.state.barrier > 0"),
        scenario="split-and-repair",
    ),
    bug(
        "silence_takes_its_pages",
        "What falls silent takes its page files along, whoever needs them (SilenceRemovesTheFile).",
        Edit(
            HOST,
            "self.lines.left(self.env.lane, m.incarnation)",
            """
            pages = f"{PAGES}{self.env.lane:06d}/{m.incarnation:06d}/"
            if self.journal.silent_incarnation(self.env.lane) == m.incarnation:
                for name in self.env.disk.files(pages):
                    self.env.disk.remove_file(name)
            self.lines.left(self.env.lane, m.incarnation)
            """,
            within="StorageNode.on_ended",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "brought_home_unverified",
        "What lies in an older file is not verified, and comes home as it is (DoesNotVerify).",
        Edit(
            PAGE_FILE,
            "return decode_page(ref, self.read_bytes(ref.page))",
            """
            data = self.read_bytes(ref.page)
            if data is None or ref.page >= self.first:
                return decode_page(ref, data)
            from dynaproof.impl.tree import pages as layout
            payload, _ = layout._framed(ref.page, data)
            depth, parts, count, length = layout._HEADER.unpack_from(payload)
            end = layout._HEADER_BYTES + count * layout.DIGEST_BYTES
            at = end + count * layout._NUMBER_BYTES
            digests = layout.struct.unpack(layout._DIGEST * count, payload[layout._HEADER_BYTES : end])
            numbers = layout.struct.unpack(f"<{count}I", payload[end:at])
            return Page(payload[at : at + length], tuple(map(PageRef, numbers, digests)), depth, parts)
            """,
        ),
        scenario="split-and-repair",
    ),
    bug(
        "file_goes_by_the_written_head",
        "A file goes when a head that needs it no more is written (RemovesByTheWrittenHead).",
        Edit(
            CHILDREN,
            '''
            """The last checkpoint, or a copy of one (H3)."""
            ''',
            '''
            """The last checkpoint, or a copy of one (H3)."""
            self.lines.names(self.replica.group, self.replica.files_of_others())
            ''',
        ),
        scenario="split",
    ),
    bug(
        "forgets_older_views",
        "A file goes while a peer still copies from it (ForgetsViews).",
        Edit(LEARNER, "parts.update(pages.older if pages.held else ())", "pass"),
        scenario="split-and-repair",
    ),
    bug(
        "removed_before_all_is_read",
        "After a restart files are removed before it is known who needs them.",
        Edit(
            LINES,
            "for name in [*self.ownerless] if self.known else ():",
            "for name in [*self.ownerless]:",
        ),
        scenario="split",
    ),
    bug(
        "splits_beside_a_replacement",
        "A partition whose voter is being replaced is split.",
        Edit(SPLIT, "and is_free(partition)", 'and partition.state == "listed"'),
        scenario="split-and-repair",
    ),
    bug(
        "split_at_an_end",
        "A partition is split at the beginning of its range, so that a child has nothing.",
        Edit(SPLIT, "owned.split(at)", "return owned.contains(at)"),
        scenario="split",
    ),
    bug(
        "split_ends_while_it_is_looked_up",
        "A split ends although it is looked up, by what was read before, whether its children are named.",
        Edit(
            SPLITS,
            "return answered and not any(map(self.nodes.looks_up, one.work.children))",
            "return answered",
        ),
        scenario="split",
    ),
    bug(
        "deletes_what_is_listed",
        "A table is deleted without the children that a split may yet bring.",
        Edit(CHANGES, 'planned = partition.children if partition.state == "listed" else ()', "planned = ()"),
        scenario="split-and-delete",
    ),
    bug(
        "buries_what_is_there_only",
        "A node that is told to drop a partition of which it has nothing makes it later all the same.",
        Edit(
            AGENT,
            "if not host.journal.buried(group):",
            "if was_made and not host.journal.buried(group):",
        ),
        scenario="split-and-delete",
    ),
    bug(
        "copies_do_not_name_the_parent",
        "A child's replica that is made by command does not bind its node for the parent.",
        Edit(
            SPLITS,
            "CreateReplica(voter, config, slot, None, self.term.term, child.parent)",
            "CreateReplica(voter, config, slot, None, self.term.term)",
        ),
        Edit(
            REPLACEMENTS,
            "CreateReplica(work.new, config, slot, held, self.term.term, partition.parent)",
            "CreateReplica(work.new, config, slot, held, self.term.term)",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "wrong_partition_by_hearsay",
        "A router takes it for certain that nothing has happened at a partition that says that it is split, "
        "though that one may have forgotten.",
        Edit(
            CALLER,
            "self.is_split(running, m.split, m.first, m.final)",
            "self.is_split(running, m.split, m.first, True)",
        ),
        scenario="split-under-load",
    ),
    bug(
        "last_answer_counts",
        "What the leader of a child says of one attempt a router takes for an answer to all attempts there.",
        Edit(CALL, "self.cover(self.before)", "self.cover(self.attempt)", within="Call.refused"),
        scenario="split-under-load",
    ),
    bug(
        "hint_outlives_its_partition",
        "A router compares who leads a child with who was said to lead its parent.",
        Edit(CALLER, "running.followed, running.refusals = NO_BALLOT, 0", "running.refusals = 0"),
        scenario="split-under-load",
    ),
    bug(
        "call_goes_back_to_the_parent",
        "A router whose look-up has brought the parent back sends those there who were at a child.",
        Edit(ROUTER, "if owner.partition > running.partition:", "if owner.partition != running.partition:"),
        Edit(CALLER, 'assert child > running.partition, "a call goes down the lineage only"', "pass"),
        scenario="split-under-load",
    ),
    bug(
        "newest_voter_is_lost_only",
        "Who has left is dropped for a voter that is lost only where that is the one that came last.",
        Edit(
            NODES,
            "there = [one for one in voters if one == config.brought or is_free(partition)]",
            "there = [one for one in voters if one == config.brought]",
        ),
        scenario="split",
    ),
    bug(
        "voter_that_came_last_is_not_made_up_for",
        "A voter that was chosen and never made, on a node that was taken for dead meanwhile, stays unmade.",
        Edit(SURVEY, "unmade = [] if brought is None else [brought]", "unmade: list[Member] = []"),
        scenario="node-returns",
    ),
    bug(
        "who_left_waits_for_the_lost",
        "Who has left partition 0 goes only when all its voters hold the log, a lost one too.",
        Edit(
            MEMBERSHIP, "if asked is not None and asked.new.node.address == left.node.address:", "if False:"
        ),
        scenario="metadata-moves",
    ),
    bug(
        "waits_for_a_node_without_room",
        "A table waits until every node has made its replica, whatever room that has.",
        Edit(WORKFLOWS, "driven.refused[target.partition, sender.address] = True", "pass"),
        scenario="create-delete-create",
    ),
    bug(
        "takes_more_than_its_room",
        "A node makes every replica that it is commanded to make, however many it has.",
        Edit(
            HOST,
            "if self.has_room(m):",
            "if True:",
        ),
        scenario="drain",
        breaks=("routers_and_admins_stay_bounded",),
    ),
    bug(
        "found_barrier_campaigned_for",
        "The children of a leader that found its barrier campaign, whoever leads them by then.",
        Edit(UPKEEP, 'return "campaigns" if self.proposed else "asks"', 'return "campaigns"'),
        scenario="split-under-load",
    ),
    bug(
        "child_made_again",
        "A child that has fallen silent is made anew, as the same incarnation, from its parent (MakesAgain).",
        Edit(
            MAKING,
            "known = self.journal.floor(group) or self.journal.buried(group) or group in node.replicas",
            "known = self.journal.buried(group) or group in node.replicas",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "speaks_before_its_mark",
        "A replica speaks once its files are durable, and is marked after that (SpeaksBeforeTheMark).",
        Edit(
            MAKING,
            """
            through = self.journal.append(Made(self.env.lane, m.incarnation, parent))
            if parent and parent in self.node.replicas:
                self.node.replicas[parent].end.marked = True  # It grants nothing from here on (H7).
            self.env.send(self.env.me, Marked(m.incarnation, through))
            """,
            """
            self.env.send(self.env.me, Marked(m.incarnation, parent))
            waits_us = self.bound_until(parent) - self.env.now if parent else 0
            if waits_us > 0:
                self.env.set_timer(waits_us, SpeakTimer())
            else:
                self.speak()
            """,
        ),
        Edit(
            MAKING,
            "self.journal.confirm(m.through)",
            """
            self.journal.append(Made(self.env.lane, m.incarnation, m.through))
            if m.through and m.through in self.node.replicas:
                self.node.replicas[m.through].end.marked = True
            """,
        ),
        scenario="split",
    ),
    bug(
        "split_child_settles_at_once",
        "A child that is split itself does not keep its parent, whatever was made of its own children.",
        Edit(
            SPLITS,
            'return child is not None and child.state == "gone"',
            "return child is not None",
        ),
        scenario="split-of-a-split",
    ),
    bug(
        "dropped_children_not_reported",
        "A node says nothing of a child's replica that was dropped, though its parent is there.",
        Edit(
            NODE_JOURNAL,
            "isinstance(found, Silent) or (isinstance(found, Dropped) and self._has_parent(group))",
            "isinstance(found, Silent)",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "lost_by_its_address",
        "No leader is asked on the node of the voter that is lost, though its successor leads there.",
        Edit(
            REPLACEMENTS,
            "if leader == out.node and",
            "if leader is not None and leader.address == out.node.address and",
        ),
        scenario="split-and-repair",
    ),
    bug(
        "heard_once_is_heard",
        "A leader that does not hear a voter any more goes by what it heard of that one, and leads on.",
        Edit(SPLITTING, ".asked_at > since for voter", ".asked_at >= 0 for voter"),
        scenario="split-of-a-split",
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "table_stays_creating",
        "A table of which two replicas of a partition will never be made is waited for.",
        Edit(
            WORKFLOWS,
            "return creates and any(self.out(target, nodes) > 1 for target in self.record.targets)",
            "return False",
        ),
        scenario="create-delete-create",
    ),
    bug(
        "tombstones_purged_at_once",
        "A node forgets what is buried when its journal begins anew, though a late command may make it again "
        "(PurgesAtOnce).",
        Edit(NODE_JOURNAL, "isinstance(record, Buried | Dropped) and 0 < record.term < self.fence", "True"),
        scenario="create-delete-create",
    ),
    *unreached_in_regions.BUGS,
    *old_knowledge.BUGS,
    *seldom_reached.BUGS,
    *walks_and_steps.BUGS,
)
