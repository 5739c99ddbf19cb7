"""Bugs of log replicas, of the operator that has them made, and of how they come by a tree."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ACCEPTOR,
    CANDIDATE,
    ENTRIES,
    LEARNER,
    MEMBERSHIP,
    OPERATOR,
    READERS,
    REQUESTS,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "log_replica_beside_a_laggard",
        "A log replica is made though another voter does not hold the log through its config.",
        Edit(MEMBERSHIP, "if not self.all_hold(leadership, slot, new):", "if False:"),
        scenario="membership",
        breaks=("acknowledged_writes_survive",),
    ),
    bug(
        "two_log_replicas",
        "A log replica comes beside one that has no tree yet.",
        Edit(MEMBERSHIP, "elif sum(not one.full for one in unproven) > config.may_lack:", "elif False:"),
        Edit(OPERATOR, "self.reports[v.node.address][0].full for v", "True for v"),
        scenario="membership",
        breaks=("one_log_replica_at_a_time",),
    ),
    bug(
        "asks_by_what_it_knows",
        "A candidate that holds the config with which a log replica begins fetches what is below it.",
        Edit(CANDIDATE, "holds = m.at_first is not None", "holds = False"),
        scenario="membership",
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "log_replica_names_nothing",
        "A log replica answers a candidate from below its log without the config with which that begins.",
        Edit(ACCEPTOR, "if snapshot is not None and snapshot.slot + 1 == log.first:", "if False:"),
        scenario="membership",
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "drops_at_the_config",
        "A voter that has left is dropped when the config is chosen, whoever is admitted.",
        Edit(
            OPERATOR,
            "needed = member in self.voted and not (self.admitted and self.held)",
            "needed = False",
        ),
        scenario="membership",
        breaks=("voters_are_not_dropped",),
    ),
    bug(
        "log_replica_campaigns",
        "A voter without a tree campaigns.",
        Edit(CANDIDATE, "not self.full or ", ""),
        Edit(ACCEPTOR, "self.admitted and self.full:", "self.admitted:"),
        scenario="membership",
        breaks=("log_replicas_only_vote",),
    ),
    bug(
        "log_replica_serves",
        "A voter without a tree answers an eventual read.",
        Edit(REQUESTS, "replica.admitted and replica.full and", "replica.admitted and"),
        scenario="membership",
        breaks=("log_replicas_only_vote",),
    ),
    bug(
        "log_replica_answers_readers",
        "A voter without a tree tells a reader that what is below its log is gone.",
        Edit(READERS, "if not self.replica.full:", "if False:"),
        scenario="membership",
        breaks=("held_log_is_never_given_up",),
    ),
    bug(
        "full_before_its_log_reaches",
        "A log replica that has a tree keeps its log from its config on, whatever readers hold below that.",
        Edit(LEARNER, "log.first if self.full else 1", "log.first"),
        scenario="membership",
        breaks=("log_cut_is_covered",),
    ),
    bug(
        "log_replica_writes_checkpoints",
        "A log replica makes a checkpoint of a tree that it does not have.",
        Edit(LEARNER, "if self.checkpoint is not None or not self.full:", "if self.checkpoint is not None:"),
        scenario="membership",
        breaks=("log_cut_is_covered",),
    ),
    bug(
        "waits_for_held_for_ever",
        "An operator waits to hear where a log may begin, though the leader may be lost in the middle.",
        Edit(OPERATOR, "elif waited >= self.settings.held_us:", "elif False:"),
        Edit(
            OPERATOR,
            "if waited >= self.settings.patience_us:",
            'if waited >= self.settings.patience_us and work.role == "full":',
        ),
        scenario="membership",
        breaks=("progress_after_faults_stop",),
    ),
    bug(
        "older_entries_lost_by_a_copy",
        "A log replica that installs a tree loses the entries above it that have left memory.",
        Edit(ENTRIES, "if begin > last + 1:", "if False:"),
        scenario="membership",
        breaks=("log_cut_is_covered", "only_the_damaged_fall_silent"),
    ),
)
