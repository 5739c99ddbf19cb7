"""Bugs of leases and clocks."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import ACCEPTOR, CORE, LEADER, REPLICA, SENDER
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "lease_from_answer",
        "The lease counts from the answer instead of the question.",
        Edit(
            LEADER,
            "if asked_at <= progress.asked_at:",
            """
            asked_at = self.env.now
            if asked_at <= progress.asked_at:
            """,
        ),
        breaks=("one_lease_holder",),
    ),
    bug(
        "lease_from_last_question",
        "The lease counts from the last question sent, so a retransmission prolongs it.",
        Edit(
            SENDER,
            "renewed = start >= 0",
            """
            self.asked_last = self.env.now
            renewed = start >= 0
            """,
        ),
        Edit(
            LEADER,
            "if asked_at <= progress.asked_at:",
            """
            asked_at = self.asked_last
            if asked_at <= progress.asked_at:
            """,
        ),
        breaks=("one_lease_holder",),
    ),
    bug(
        "drift_ignored",
        "The lease is used for all of L, whatever the clocks' drift.",
        Edit(CORE, "start + self.usable_lease_us", "start + self.settings.lease_us"),
        breaks=("one_lease_holder",),
    ),
    bug(
        "half_of_drift_ignored",
        "The lease is used for L (1 - rho): the grantor's own drift is left out.",
        Edit(
            CORE,
            "start = -1 if self.leadership is None else self.leadership.lease_start",
            """
            start, million = -1 if self.leadership is None else self.leadership.lease_start, 1_000_000
            usable_us = self.settings.lease_us * (million - self.settings.drift_ppm) // million
            """,
        ),
        Edit(CORE, "start + self.usable_lease_us", "start + usable_us"),
        breaks=("one_lease_holder",),
    ),
    bug(
        "lease_not_granted",
        "A grantor promises other ballots while its lease runs.",
        Edit(
            ACCEPTOR,
            "return ballot != self.grant.to and self.env.now < self.lease_granted_until",
            "return False",
        ),
        breaks=("one_lease_holder",),
    ),
    bug(
        "restart_waits_for_no_lease",
        "A restarted grantor does not wait for the lease that it may have granted.",
        Edit(REPLICA, "if waits:", "if False:"),
        breaks=("one_lease_holder",),
    ),
    bug(
        "reads_without_lease",
        "A leader answers strong reads without looking at its lease.",
        Edit(CORE, "return self.serving and self.lease_left() > 0", "return self.serving"),
        breaks=("strong_reads_linearizable",),
    ),
    bug(
        "release_keeps_serving",
        "A leader that hands over releases its lease and goes on to serve by it.",
        Edit(
            LEADER,
            "successor = behind[0][-1]",
            """
            successor = behind[0][-1]
            self.leadership = leadership
            """,
        ),
        breaks=("one_lease_holder",),
    ),
    bug(
        "timestamp_from_wall",
        "Commit timestamps are the wall clock's alone.",
        Edit(LEADER, "return max(self.env.wall, self.leadership.last_timestamp + 1)", "return self.env.wall"),
        breaks=("commit_timestamps_increase",),
    ),
)
