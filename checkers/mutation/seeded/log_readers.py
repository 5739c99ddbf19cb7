"""Bugs of the retained log and of its readers: what is read back from the disk, and when a hold lapses."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ENTRIES, LOG, READERS, STATE
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "hold_never_lapses",
        "The hold of a reader that is gone holds the log for ever.",
        Edit(STATE, "self._lapse()", "pass"),
        breaks=("lag_is_bounded", "queues_stay_bounded", "logs_get_cut"),
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
        breaks=("lag_is_bounded",),
    ),
    bug(
        "lapse_ignores_bytes",
        "A hold lapses by slots only, however large the records are that it holds.",
        Edit(STATE, " or behind[1] > hold.lag_bytes", ""),
        breaks=("lag_is_bounded", "queues_stay_bounded"),
    ),
    bug(
        "hold_counts_its_bytes_from_the_end",
        "The leader takes it that a reader has read all the bytes that are applied.",
        Edit(READERS, "state.log_bytes - after", "state.log_bytes"),
        breaks=("lag_is_bounded",),
    ),
    bug(
        "copy_forgets_bytes_of_the_log",
        "A restored state counts the bytes of the log from nothing, so its holds lapse later than elsewhere.",
        Edit(STATE, "state.log_bytes = snapshot.log_bytes", "pass"),
        breaks=("replicas_equal_when_quiet", "lag_is_bounded"),
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
        breaks=("readers_are_answered",),
    ),
    bug(
        "index_drops_a_block_too_many",
        "A cut drops the block of old records too that holds the first slot to be kept.",
        Edit(ENTRIES, "index.drop(index.block_of(first))", "index.drop(index.block_of(first) + 1)"),
        breaks=("log_cut_is_covered", "only_the_damaged_fall_silent"),
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
        breaks=("logs_agree_up_to_commit", "chosen_entries_agree", "readers_see_every_record_once_in_order"),
    ),
    bug(
        "unchosen_records_leave_memory",
        "Records leave memory that are not known to be chosen, and may yet be replaced.",
        Edit(LOG, "self.entries.evict(self.commit)", "self.entries.evict(self.last)"),
        unguarded=True,
        breaks=("handlers_never_raise",),
    ),
    bug(
        "block_grows_after_it_was_read",
        "What was read of a block stands for all of it, although more slots were added to it since.",
        Edit(ENTRIES, "self.index.close()", "pass"),
        breaks=("only_the_damaged_fall_silent", "readers_see_every_record_once_in_order"),
    ),
)
