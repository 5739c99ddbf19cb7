"""Bugs of splits and of what hosts their children, that no exploration has found so far (`unreached.py`)."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
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
    PAGE_FILE,
    REPLACEMENTS,
    ROUTER,
    SPLIT,
    SPLITS,
    SPLITTING,
    UPKEEP,
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
        "call_goes_back_to_the_parent",
        "A router whose look-up has brought the parent back sends those there who were at a child.",
        Edit(ROUTER, "if owner.partition > running.partition:", "if owner.partition != running.partition:"),
        Edit(CALLER, 'assert child > running.partition, "a call goes down the lineage only"', "pass"),
        scenario="split-under-load",
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
)
