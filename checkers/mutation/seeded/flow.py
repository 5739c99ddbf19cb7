"""Bugs of what a leader sends again, of what a voter says and keeps behind a gap, and of catching up by
log.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ACCEPTOR, CALL, CATCH_UP, EARLY, LEADER, SENDER
from dynaproof.checkers.patches import Edit, bug

RESTARTS = "restart-under-load"

BUGS = (
    bug(
        "gap_dropped_without_a_word",
        "An accept behind a gap is dropped without a word; the leader sends again after a heartbeat only.",
        Edit(
            ACCEPTOR,
            """
            if m.first <= self.log.last + self.settings.ahead_slots and self.log.last_accepted == m.ballot:
                early.keep(m, self.settings.ahead_slots, self.settings.ahead_bytes)
            self.say_what_is_here(m)
            """,
            "return",
        ),
        scenario="busy",
        breaks=("answered_in_time",),
    ),
    bug(
        "stale_attempt_waits",
        "A router takes a leader that refuses what was aimed at an older ballot for one that does not serve.",
        Edit(CALL, "m.ballot > ballot or (", "("),
        scenario=RESTARTS,
        breaks=("answered_in_time",),
    ),
    bug(
        "word_of_a_gap_not_heeded",
        "A leader counts what a voter holds before a gap, and sends the gap again after a heartbeat only.",
        Edit(SENDER, "self.fill(leadership, progress, m)", "pass"),
        scenario="busy",
        breaks=("answered_in_time", "followers_keep_up"),
    ),
    bug(
        "word_counts_at_another_ballot",
        "What a voter says is here counts as a vote, though it was accepted at another ballot.",
        Edit(ACCEPTOR, "adopted = self.log.last_accepted == m.ballot", "adopted = True"),
        breaks=("logs_agree_up_to_commit",),
    ),
    bug(
        "kept_accepts_count_as_held",
        "A voter counts what it keeps behind a gap among what it holds.",
        Edit(
            ACCEPTOR,
            "self.log.last if adopted else self.log.commit",
            "self.log.last + self.early.slots if adopted else self.log.commit",
        ),
        breaks=("logs_agree_up_to_commit",),
    ),
    bug(
        "kept_accepts_outlive_their_ballot",
        "What a voter keeps behind a gap is taken under a later ballot too.",
        Edit(ACCEPTOR, "if self.early.ballot != m.ballot:", "if False:"),
        Edit(ACCEPTOR, "if self.early.ballot == m.ballot else 0", ""),
        unguarded=True,
        scenario=RESTARTS,
        breaks=("chosen_entries_agree", "logs_agree_up_to_commit"),
    ),
    bug(
        "kept_accepts_not_bounded",
        "A voter keeps whatever comes behind a gap.",
        Edit(EARLY, "if slots > most_slots or total > most_bytes:", "if False:"),
        Edit(
            ACCEPTOR,
            "if m.first <= self.log.last + self.settings.ahead_slots and self.log.last_accepted == m.ballot:",
            "if self.log.last_accepted == m.ballot:",
        ),
        Edit(
            SENDER,
            "progress.next == first and last - progress.through <= self.settings.ahead_slots",
            "progress.next == first",
        ),
        scenario=RESTARTS,
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "next_chunk_waits_for_a_heartbeat",
        "A laggard's answer to a chunk brings it no further one: the next leaves after a heartbeat.",
        Edit(LEADER, "self.send_on(leadership, m.source, progress)", "pass"),
        scenario=RESTARTS,
        breaks=("followers_keep_up",),
    ),
    bug(
        "fetching_ends_with_one_message",
        "A replica asks for no more than the first message of what it lacks, and says to nobody that it has "
        "not got all; the leader hears it after a heartbeat.",
        Edit(
            CATCH_UP,
            """
            self.fetching_from = self.fetching_until = 0
            self.learn_from(m.source, m.commit)
            """,
            "self.fetching_from = self.fetching_until = 0",
        ),
        Edit(ACCEPTOR, "self.say_what_is_here(question)", "pass"),
        scenario=RESTARTS,
        breaks=("followers_keep_up",),
    ),
    bug(
        "laggard_not_told_to_fetch",
        "A leader whose log is cut above a voter's place does not tell it so.",
        Edit(
            SENDER,
            """
            self.send(
                m.source,
                Behind(self.member, m.source.incarnation, leadership.ballot, self.env.now, self.log.commit),
            )
            """,
            "pass",
        ),
        scenario=RESTARTS,
        breaks=("followers_keep_up",),
    ),
)
