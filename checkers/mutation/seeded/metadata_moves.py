"""Bugs of where the metadata is: who keeps that, who is told, and what goes when it has moved on."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    ADMIN,
    AGENT,
    MEMBERSHIP,
    METADATA_HOST,
    METADATA_OPERATOR,
    NODE_JOURNAL,
    WHEREABOUTS,
)
from dynaproof.checkers.patches import Edit, bug

MOVES = "metadata-moves"

BUGS = (
    bug(
        "hosts_forgotten_at_a_crash",
        "A node does not write down where the metadata is.",
        Edit(
            METADATA_HOST,
            "self.env.send(self.env.me, Interred(self.host.journal.append(hosts)))",
            "self.host.journal._stands(hosts)",
        ),
        scenario=MOVES,
        breaks=("metadata_is_where_nodes_say",),
    ),
    bug(
        "older_hosts_kept",
        "A node takes whatever it is told last for where the metadata is.",
        Edit(METADATA_HOST, "hosts.epoch <= self.newest.epoch:", "hosts == self.newest:"),
        Edit(NODE_JOURNAL, "record.epoch > self.hosts.epoch:", "record != self.hosts:"),
        scenario=MOVES,
        breaks=("metadata_is_where_nodes_say",),
    ),
    bug(
        "told_of_what_is_not_chosen",
        "A node that is asked in vain names the hosts that it knows, and itself.",
        Edit(
            METADATA_HOST,
            "return self.host.journal.hosts",
            "return self.host.journal.hosts and Hosts(self.newest.epoch, (self.env.me.address,))",
            within="MetadataHost.shown",
        ),
        scenario=MOVES,
        breaks=("metadata_is_where_nodes_say",),
    ),
    bug(
        "who_has_left_says_nothing",
        "A node that has left does not say where the metadata is.",
        Edit(AGENT, "hosts = self.metadata.shown() if self.env.lane == METADATA else None", "hosts = None"),
        Edit(METADATA_HOST, "if hosts is not None:", "if False:"),
        Edit(METADATA_HOST, "if older:", "if False:"),
        scenario=MOVES,
        breaks=("metadata_is_where_nodes_say",),
    ),
    bug(
        "newest_hosts_not_kept",
        "Routers and admins keep to the configured nodes of the metadata.",
        Edit(WHEREABOUTS, "hosts.epoch > self.newest.epoch:", "False:"),
        scenario=MOVES,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "spare_nodes_not_told",
        "Admins do not pass on where the metadata is, so a spare node does not know who may command it.",
        Edit(ADMIN, "if known < newest.epoch:", "if False:"),
        scenario=MOVES,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "own_config_not_kept",
        "A node does not keep the config that its own replica of the metadata applies.",
        Edit(METADATA_HOST, "self.learn(hosts_by(replica.config))", "pass"),
        scenario=MOVES,
        breaks=("metadata_is_where_nodes_say",),
    ),
    bug(
        "learners_not_made",
        "The leader of the metadata waits for a learner that nobody makes.",
        Edit(MEMBERSHIP, "if m.new in leadership.learners:", "if False:"),
        scenario=MOVES,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "who_left_is_kept",
        "A node never asks whether its replica of the metadata may go.",
        Edit(METADATA_HOST, "if replica is not None and not self.is_named:", "if False:"),
        scenario=MOVES,
        breaks=("nothing_leaks",),
    ),
    bug(
        "learners_go_while_they_may_come",
        "A learner is dropped although the command that makes it a voter may still count.",
        Edit(MEMBERSHIP, "config.epoch > m.epoch", "config.epoch >= m.epoch"),
        Edit(MEMBERSHIP, "config.epoch == m.epoch + 1", "config.epoch >= m.epoch"),
        scenario=MOVES,
        breaks=("what_was_begun_ends",),
    ),
    bug(
        "metadata_in_two_zones",
        "The metadata may have two of three voters in a zone.",
        Edit(MEMBERSHIP, "elif config.replacing(m.out, m.new).crowded():", "elif False:"),
        Edit(
            METADATA_OPERATOR,
            "for new in self.free(number) if not self.config.replacing(out, new).crowded()]",
            "for new in self.free(number)]",
        ),
        scenario=MOVES,
        breaks=("no_two_replicas_in_a_zone",),
    ),
)
