"""Bugs that break nothing but progress."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CANDIDATE, CORE, LEADER, LEARNER, REQUESTS
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "never_campaigns_again",
        "An election timer that has fired once is never set again.",
        Edit(CANDIDATE, "self.arm_election()", "pass"),
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "laggards_never_fetch",
        "A replica that lacks chosen records does not ask for them.",
        Edit(LEARNER, "self.send(member, Fetch(self.member, member.incarnation, self.log.commit))", "pass"),
        breaks=("laggards_catch_up",),
    ),
    bug(
        "never_checkpoints",
        "No checkpoint is ever written, so the log grows for ever.",
        Edit(
            LEARNER,
            """
            if due or state.applied - slots >= settings.checkpoint_slots:
                self.write_checkpoint()
            """,
            "return",
        ),
        breaks=("logs_get_cut",),
    ),
    bug(
        "gray_link_deposes",
        "A candidate does not ask its peers whether they hear the leader.",
        Edit(CANDIDATE, "if m.alive:", "if False:"),
        breaks=("no_idle_elections",),
    ),
    bug(
        "new_leader_counts_as_dead",
        "Whoever follows a new leader counts it as dead until it hears of a renewed lease.",
        Edit(CORE, "self.heard_alive_at = self.env.now", "pass"),
        breaks=("no_idle_elections",),
    ),
    bug(
        "early_timer_deposes",
        "A timer that was set before a new leader came lets a voter campaign that hears this leader.",
        Edit(CANDIDATE, "if self.hears_leader() and self.leader not in inquiry.dead_votes:", "if False:"),
        breaks=("no_idle_elections",),
    ),
    bug(
        "lost_batch_never_sent_again",
        "What was proposed once is not sent again to a voter that lacks it.",
        Edit(LEADER, "self.send_missing(leadership, m, moved_at)", "pass"),
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "restarted_voter_not_believed",
        "A leader takes the word of a voter that a restart has taken back for one that comes late.",
        Edit(LEADER, "progress.restart(m.through)", "pass"),
        scenario="many-groups",
        breaks=("replicas_equal_when_quiet",),
    ),
    bug(
        "idle_leader_hands_over",
        "An idle leader hands its leadership over instead of closing a timestamp.",
        Edit(
            LEADER,
            "ballot = leadership.ballot",
            """
            self.hand_over()
            return
            """,
            within="Leader.on_heartbeat_timer",
        ),
        breaks=("no_idle_elections",),
    ),
    bug(
        "replies_nothing",
        "A leader answers no write.",
        Edit(
            REQUESTS,
            """
            self.env.send(
                flight.client,
                Reply(flight.request, flight.attempt, status, answer.slot, answer.observed, consumed),
            )
            """,
            "pass",
        ),
        breaks=("operations_are_answered", "answered_in_time", "progress_after_faults_stop"),
    ),
    bug(
        "deaf_leader_hands_over",
        "A leader that does not hear a voter hands over, though nobody wants it to split its partition.",
        Edit(
            LEADER,
            "if leadership.serving and not self.clock_trusted():",
            """
            since = self.env.now - self.settings.lease_us
            deaf = any(leadership.progress[one].asked_at <= since for one in self.others())
            if leadership.serving and (not self.clock_trusted() or deaf and leadership.began_at < since):
            """,
        ),
        scenario="table",
        breaks=("no_idle_elections", "progress_after_faults_stop"),
    ),
    bug(
        "tables_write_no_checkpoints",
        "Only the metadata's replicas write checkpoints, and so only their logs are cut.",
        Edit(
            LEARNER,
            "if due or state.applied - slots >= settings.checkpoint_slots:",
            "if settings.repairs_itself and (due or state.applied - slots >= settings.checkpoint_slots):",
        ),
        scenario="repair-under-load",
        breaks=("logs_get_cut",),
    ),
)
