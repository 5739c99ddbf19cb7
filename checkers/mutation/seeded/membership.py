"""Bugs of replacing voters, and of what a new incarnation may say."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    LEADER,
    LEADERSHIP,
    LEARNER,
    MEMBERSHIP,
    REQUESTS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "promises_when_admitted",
        "A new incarnation promises nothing before it knows its own config to be chosen.",
        Edit(
            ACCEPTOR,
            "if m.ballot < self.log.promised:",
            """
            if not self.admitted:
                return
            if m.ballot < self.log.promised:
            """,
            within="Acceptor.on_prepare",
        ),
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "final_for_an_earlier_incarnation",
        "A refusal is final for an attempt that an earlier incarnation on the same node may have proposed.",
        Edit(
            REQUESTS,
            "m.ballot.node != replica.member.node.name",
            "m.ballot[1:] != (replica.member.node.name, replica.incarnation)",
        ),
        breaks=("retries_apply_once",),
    ),
    bug(
        "learning_a_config_frees",
        "A grantor that learns a config is no longer bound by the lease that it granted.",
        Edit(
            LEARNER,
            "state.apply(record)",
            """
            state.apply(record)
            if record.config is not None:
                self.lease_granted_until = self.env.now
            """,
        ),
        scenario="membership",
        breaks=("one_lease_holder",),
    ),
    bug(
        "lease_of_the_old_config",
        "A leader that counts a config goes on to serve by the grants of the config before.",
        Edit(MEMBERSHIP, "leadership.lease_start = leadership.lease_from(config)", "pass"),
        scenario="membership",
        breaks=("one_lease_holder",),
    ),
    bug(
        "grants_of_two_configs",
        "The lease counts grants of voters that have left beside those of new ones.",
        Edit(
            MEMBERSHIP,
            "leadership.progress = {v: known.get(v) or Progress(new, wall_apart=0) for v in config.voters}",
            """
            for voter in config.voters:
                known.setdefault(voter, Progress(new))
            """,
        ),
        Edit(LEADERSHIP, "for v in config.voters if v in progress]", "for v in progress]"),
        scenario="membership",
        breaks=("one_lease_holder",),
    ),
    bug(
        "leaver_keeps_its_lease",
        "A leader that a config replaces releases its lease, and goes on to lead.",
        Edit(LEADER, "self.step_down()", "pass", within="Leader.leave"),
        scenario="membership",
        breaks=("one_lease_holder",),
    ),
    bug(
        "any_epoch_obeyed",
        "A command is obeyed whatever epoch it expects.",
        Edit(MEMBERSHIP, "if expected_epoch != config.epoch:", "if False:"),
        Edit(MEMBERSHIP, "return expected_epoch == config.epoch", "return True"),
        Edit(MEMBERSHIP, "elif m.new.incarnation < config.next_incarnation:", "elif False:"),
        scenario="membership",
        breaks=("quorums_overlap", "voters_are_not_dropped", "progress_after_faults_stop"),
    ),
)
