"""Bugs of durability: the journal, checkpoints, copies, and the gate before the network."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    COPYING,
    FRAMES,
    JOURNAL,
    LEARNER,
    LOG,
    OUTBOX,
    PAGE_COPY,
    PAGES,
    READERS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "sent_at_sync_start",
        "A message leaves when the sync of what it reports has started, rather than ended.",
        Edit(OUTBOX, "self._covering = self.written", "self._covering = self.durable = self.written"),
        breaks=("durable_before_visible",),
    ),
    bug(
        "checkpoint_named_too_soon",
        "The log names a checkpoint before its pages are durable.",
        Edit(
            LEARNER,
            "self.send(self.member, CheckpointWritten(",
            "self.on_checkpoint_written(self.member.node, CheckpointWritten(",
            within="Learner.write_checkpoint",
        ),
        breaks=("log_cut_is_covered",),
    ),
    bug(
        "log_cut_before_checkpoint",
        "The log is cut before the checkpoint that covers it is named durably.",
        Edit(
            LEARNER,
            "self.send(self.member, CheckpointDurable(",
            "self.on_checkpoint_durable(self.member.node, CheckpointDurable(",
        ),
        breaks=("log_cut_is_covered", "promises_never_go_back"),
    ),
    bug(
        "cut_past_cursors",
        "The log is cut past the slowest reader's cursor.",
        Edit(LEARNER, "max(self.log.first, min(first, needed))", "max(self.log.first, first)"),
        breaks=("log_cut_is_covered",),
    ),
    bug(
        "held_log_given_up",
        "A replica says that all below its checkpoint is gone, although some of it is held.",
        Edit(
            READERS,
            "if place >= log.first:",
            """
            snapshot = log.head.snapshot
            if snapshot is not None and place <= snapshot.slot:
                self.env.send(m.reader, LogTrimmed(m.name, place, snapshot.slot + 1))
            elif place >= log.first:
            """,
        ),
        breaks=("held_log_is_never_given_up",),
    ),
    bug(
        "copy_loses_requests",
        "A catch-up by copy loses the remembered request ids.",
        Edit(
            LEARNER,
            "self.state = self.state.restore(pages.sibling(checkpoint.pages), checkpoint.snapshot)",
            """
            from dynaproof.impl.partition.memory import CODEC, Memory
            from dynaproof.impl.tree.btree import BTree
            self.state = self.state.restore(pages.sibling(checkpoint.pages), checkpoint.snapshot)
            self.state.memory = Memory(BTree(self.state.pages, CODEC))
            """,
        ),
        breaks=("retries_apply_once", "replicas_equal_when_quiet"),
    ),
    bug(
        "copy_without_log",
        "A catch-up by copy brings the checkpoint only, and not the log that readers hold.",
        Edit(COPYING, "Copied(copy.source, copy.log)", "Copied(copy.source, HeldLog(snapshot.slot + 1))"),
        breaks=("log_cut_is_covered",),
    ),
    bug(
        "held_log_in_one_frame",
        "What a copy brings of the log that readers hold is written in one frame, with all that came before.",
        Edit(
            LOG,
            "self._write(Brought(first, records, held_at))",
            """
            staged = self._staged
            if staged.first <= staged.last == first - 1:
                before, ballots = self.brought_before
                records, held_at = before + records, ballots + held_at
            self.brought_before = records, held_at
            self._write(Brought(records[0].slot, records, held_at))
            """,
        ),
        breaks=("frames_fit",),
    ),
    bug(
        "brought_log_not_kept",
        "A segment may go of which all that is retained was brought by a copy.",
        Edit(
            LOG,
            "last = self._staged.last if isinstance(record, Brought) else self.last",
            "last = self.last",
        ),
        breaks=("log_cut_is_covered", "only_the_damaged_fall_silent"),
    ),
    bug(
        "copy_first_pages_only",
        "A catch-up by copy installs the first pages for all of them.",
        Edit(PAGE_COPY, "        if not branch.left:", "        if True:"),
        breaks=("only_the_damaged_fall_silent", "replicas_equal_when_quiet"),
    ),
    bug(
        "leader_installs_copy",
        "A copy that was being written when its replica began to lead is installed all the same.",
        Edit(
            LEARNER,
            "return slot <= self.log.commit or self.leading is not None",
            "return slot <= self.log.commit",
        ),
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "log_cut_above_checkpoint",
        "A new segment begins above the commit index instead of behind its checkpoint.",
        Edit(
            LOG,
            "keeps = next(",
            """
            head = structs.replace(head, first=max(head.first, self.commit + 1))
            keeps = next(
            """,
        ),
        breaks=("log_cut_is_covered",),
    ),
    bug(
        "checksum_not_checked",
        "Recovery accepts frames of the journal as whole, whatever their checksums say.",
        Edit(FRAMES, "crc32(data[at : at + _HEADER.size]) != own", "False"),
        Edit(FRAMES, "crc32(payload) != checksum", "False"),
        breaks=("forgetful_never_vote",),
    ),
    bug(
        "page_checksum_not_checked",
        "A page is accepted as the one that is needed, whatever its checksum and its parent's digest say.",
        Edit(
            PAGES,
            "payload, checksum = _framed(ref.page, data)",
            'payload, checksum = (data or b"")[26:-4], 0',
        ),
        Edit(PAGES, "if blake2b(held, digest_size=DIGEST_BYTES).digest() != ref.digest:", "if False:"),
        Edit(PAGES, "if len(held) < len(payload) and crc32(payload) != checksum:", "if False:"),
        breaks=("replicas_equal_when_quiet",),
    ),
    bug(
        "tails_lost_together",
        "Recovery takes it that files lose their unsynced tails together: where a segment is there, those "
        "before it are whole.",
        Edit(JOURNAL, " or earlier.sequence != later.first:", ":"),
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "lost_tails_not_noticed",
        "Recovery does not ask what segments say of how far the journal was durable.",
        Edit(
            JOURNAL,
            "if span is None or any(segment.link.synced > end for segment in found.values()):",
            "if span is None:",
        ),
        breaks=("forgetful_never_vote",),
    ),
    bug(
        "void_segments_say_nothing",
        "Recovery asks only the segments that it keeps how far the journal was durable.",
        Edit(
            JOURNAL,
            "any(segment.link.synced > end for segment in found.values())",
            "any(found[number].link.synced > end for number in span)",
        ),
        breaks=("forgetful_never_vote",),
    ),
)
