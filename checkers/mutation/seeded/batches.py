"""Bugs of the next batch: what is proposed during a sync of the leader, and goes out together."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ACCEPTOR, LEADER, MEMBERSHIP
from dynaproof.checkers.patches import Edit, bug

BUSY = "restart-under-load"

BUGS = (
    bug(
        "next_batch_forgotten",
        "Nobody sends what was proposed while the leader's disk was busy, until more is proposed.",
        Edit(LEADER, "self.send_next_batch(leadership)", "pass", within="Leader.go_on"),
        breaks=("answered_in_time",),
    ),
    bug(
        "next_batch_kept_over_a_step_down",
        "What a deposed leader had neither journalled nor sent goes out in its next leadership.",
        Edit(
            LEADER,
            "self.leadership = None",
            """
            self.kept = tuple(self.leadership.next_batch)
            self.leadership = None
            """,
            within="Leader.step_down",
        ),
        Edit(
            LEADER,
            "self.vote_for_own(ballot)",
            """
            self.vote_for_own(ballot)
            from msgspec import structs
            for kept in getattr(self, "kept", ()):
                if kept.config is None:
                    slot, timestamp = self.next_slot, self.next_timestamp()
                    self.propose(structs.replace(kept, slot=slot, proposed_at=ballot, timestamp=timestamp))
            """,
            within="Leader.lead",
        ),
        scenario=BUSY,
        breaks=("chosen_entries_follow", "commit_timestamps_increase", "retries_apply_once"),
    ),
    bug(
        "conditions_miss_the_next_batch",
        "Conditions and retries see what is in flight only once it was sent.",
        Edit(
            LEADER,
            """
            for service in self.services:
                service.proposed(record)
            """,
            "pass",
            within="Leader.propose",
        ),
        Edit(
            LEADER,
            "self.send_new(leadership, batch)",
            """
            for record in batch:
                for service in self.services:
                    service.proposed(record)
            self.send_new(leadership, batch)
            """,
        ),
        breaks=("chosen_entries_follow", "strong_reads_linearizable"),
    ),
    bug(
        "timestamps_repeat_in_a_batch",
        "The last timestamp of a leader is that of the last record that it sent.",
        Edit(LEADER, "leadership.last_timestamp = record.timestamp", "pass"),
        Edit(
            LEADER,
            "self.send_new(leadership, batch)",
            """
            leadership.last_timestamp = batch[-1].timestamp
            self.send_new(leadership, batch)
            """,
        ),
        breaks=("commit_timestamps_increase",),
    ),
    bug(
        "config_joins_the_next_batch",
        "A config is proposed when all that was sent is chosen, whatever waits for the leader's disk.",
        Edit(MEMBERSHIP, "if replica.in_flight:", "if replica.log.commit < replica.log.last:"),
        Edit(
            MEMBERSHIP,
            "chosen = not self.replica.in_flight",
            "chosen = self.replica.log.commit == self.replica.log.last",
        ),
        breaks=("configs_are_proposed_alone",),
    ),
    bug(
        "config_waits_unseen",
        "A config is a barrier once it was sent: while it waits for the disk, others join its batch.",
        Edit(LEADER, "leadership.config_in_flight = record.slot", "pass", within="Leader.propose"),
        Edit(
            LEADER,
            "self.send_new(leadership, batch)",
            """
            if batch[-1].barrier:
                leadership.config_in_flight = batch[-1].slot
            self.send_new(leadership, batch)
            """,
        ),
        breaks=("configs_are_proposed_alone",),
    ),
    bug(
        "window_misses_the_next_batch",
        "A leader's window counts what was sent, not what waits for its disk.",
        Edit(
            LEADER,
            "in_flight, settings = self.in_flight, self.settings",
            "in_flight, settings = self.log.last - self.log.commit, self.settings",
        ),
        scenario=BUSY,
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "next_batch_not_weighed",
        "The window is bounded in bytes for what was sent only, so a batch may be larger than a message.",
        Edit(
            LEADER,
            "return log.size_between(log.commit + 1, log.last) + leadership.next_batch_bytes",
            "return log.size_between(log.commit + 1, log.last)",
        ),
        scenario=BUSY,
        breaks=("frames_fit",),
    ),
    bug(
        "votes_for_more_than_it_journals",
        "An acceptor journals the first new record of an accept, and votes for all of them.",
        Edit(
            ACCEPTOR,
            "m.records[skip:], m.commit)",
            "m.records[skip : skip + 1], m.commit)",
            within="Acceptor.accept",
        ),
        Edit(
            ACCEPTOR,
            """
            ballot,
            self.log.last,
            self.granted(asked_at),
            """,
            """
            ballot,
            max(self.log.last, m.records[-1].slot),
            self.granted(asked_at),
            """,
            within="Acceptor.vote",
        ),
        breaks=("logs_agree_up_to_commit", "durable_before_visible"),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""
