"""Bugs of what depends on real time, and of what one variable says of another."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    LEADER,
    LEADERSHIP,
    LEARNER,
    READERS,
    REQUESTS,
    STATE,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "contact_while_behind",
        "A follower counts as in a leader's contact whatever it lacks of what that knows to be chosen.",
        Edit(ACCEPTOR, "m.tail_end <= m.commit <= self.log.commit:", "m.tail_end <= m.commit:"),
        breaks=("eventual_reads_are_recent",),
    ),
    bug(
        "contact_before_the_first_batch",
        "A follower counts as in contact with a leader that may know less than one before it did.",
        Edit(ACCEPTOR, "m.tail_end <= m.commit <= self.log.commit:", "m.commit <= self.log.commit:"),
        breaks=("eventual_reads_are_recent",),
    ),
    bug(
        "contact_never_ends",
        "A follower that was ever in contact serves eventual reads for ever.",
        Edit(
            REQUESTS,
            "replica.contact_at >= 0 and self.env.now - replica.contact_at <= self.settings.contact_us",
            "replica.contact_at >= 0",
        ),
        breaks=("eventual_reads_are_recent",),
    ),
    bug(
        "clock_always_trusted",
        "A leader stamps by its wall clock, however far that is from those of a quorum.",
        Edit(LEADER, "return near >= config.quorum", "return True"),
        Edit(LEADER, " or not self.clock_trusted_by_promises(self.campaign):", ":"),
        breaks=("timestamps_near_real_time",),
    ),
    bug(
        "silent_clocks_count_as_near",
        "A leader takes the clock of a voter that has not answered for near its own.",
        Edit(LEADERSHIP, "self.wall_apart = wall_apart", "self.wall_apart = 0"),
        breaks=("timestamps_near_real_time",),
    ),
    bug(
        "own_step_not_noticed",
        "A leader whose wall clock steps is as near the voters that answer no more as it was when they did.",
        Edit(LEADERSHIP, "progress.wall_apart -= stepped", "pass"),
        breaks=("timestamps_near_real_time",),
    ),
    bug(
        "no_ops_not_read",
        "A reader of the log gets only what answers a request.",
        Edit(
            READERS,
            "records: tuple[Any, ...] = log.chunk(place, last, size)",
            """
            chunk = log.chunk(place, last, size)
            records: tuple[Any, ...] = tuple(one for one in chunk if one.request is not None)
            """,
        ),
        breaks=("readers_see_every_record_once_in_order",),
    ),
    bug(
        "gap_read_over",
        "A reader whose place is cut from the log gets what follows, as if it were the next.",
        Edit(
            READERS,
            "self.env.send(m.reader, LogTrimmed(m.name, place, log.first))",
            """
            records = log.chunk(log.first, min(log.commit, log.first + limit - 1), self.settings.read_bytes)
            self.env.send(m.reader, LogRead(m.name, place, records, log.commit))
            """,
        ),
        breaks=("readers_see_every_record_once_in_order",),
    ),
    bug(
        "commit_of_an_accept_not_applied",
        "What an accept's commit index makes known is not applied before more is known.",
        Edit(
            LEARNER,
            "self.log.commit = max(self.log.commit, through)",
            "known, self.log.commit = self.log.commit, max(self.log.commit, through)",
        ),
        Edit(LEARNER, "if self.state.applied < self.log.commit:", "if known < through:"),
        breaks=("chosen_is_applied",),
    ),
    bug(
        "old_epoch_behind_a_found_config",
        "A leader's first record carries the epoch of the config that it knew, and not of one that it found.",
        Edit(LEADER, "NoOp(tail_end, ballot, config.epoch,", "NoOp(tail_end, ballot, self.config.epoch,"),
        scenario="membership",
        breaks=("records_name_their_config",),
    ),
    bug(
        "largest_delete_forgotten",
        "A checkpoint does not bring back when the last delete was.",
        Edit(STATE, "= snapshot.timestamp, snapshot.largest_delete", "= snapshot.timestamp, 0"),
        breaks=("replicas_equal_when_quiet",),
    ),
)
