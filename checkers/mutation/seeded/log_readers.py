"""Bugs of the retained log and of its readers: what is read back from the disk, and when a hold lapses."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ENTRIES, LOG, READERS, STATE
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "hold_never_lapses",
        "The hold of a reader that is gone holds the log for ever.",
        Edit(STATE, "self._lapse()", "pass"),
    ),
    bug(
        "lapse_counts_from_the_end",
        "A hold lapses so many slots after its last move, however far its reader was behind then.",
        Edit(
            READERS,
            "lag_slots, lag_bytes = settings.hold_lag_slots, settings.hold_lag_bytes",
            """
            lag_slots = settings.hold_lag_slots + log.last - through
            lag_bytes = settings.hold_lag_bytes + after
            """,
        ),
    ),
    bug(
        "lapse_ignores_bytes",
        "A hold lapses by slots only, however large the records are that it holds.",
        Edit(STATE, " or behind[1] > hold.lag_bytes", ""),
    ),
    bug(
        "hold_counts_its_bytes_from_the_end",
        "The leader takes it that a reader has read all the bytes that are applied.",
        Edit(READERS, "state.log_bytes - after", "state.log_bytes"),
    ),
    bug(
        "copy_forgets_bytes_of_the_log",
        "A restored state counts the bytes of the log from nothing, so its holds lapse later than elsewhere.",
        Edit(STATE, "state.log_bytes = snapshot.log_bytes", "pass"),
    ),
    bug(
        "too_large_read_ignored",
        "A reader that asks for more than an answer holds gets none.",
        Edit(
            READERS,
            "if place >= log.first:",
            """
            if m.cursor.limit > limit:
                return
            if place >= log.first:
            """,
        ),
    ),
    bug(
        "index_drops_a_block_too_many",
        "A cut drops the block of old records too that holds the first slot to be kept.",
        Edit(ENTRIES, "index.drop(index.block_of(first))", "index.drop(index.block_of(first) + 1)"),
    ),
    bug(
        "replaced_records_read_back",
        "A block of old records takes in frames of which some records were replaced.",
        Edit(
            ENTRIES,
            "self.index.add(slot, before, run, run.first == slot and run.count == end - gone)",
            "self.index.add(slot, before, run, True)",
        ),
        scenario="restart-under-load",
    ),
    bug(
        "unchosen_records_leave_memory",
        "Records leave memory that are not known to be chosen, and may yet be replaced.",
        Edit(LOG, "self.entries.evict(self.commit)", "self.entries.evict(self.last)"),
        unguarded=True,
    ),
    bug(
        "block_grows_after_it_was_read",
        "What was read of a block stands for all of it, although more slots were added to it since.",
        Edit(ENTRIES, "self.index.close()", "pass"),
    ),
)
