"""Bugs of configs, of incarnations, and of forgetting."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import (
    CANDIDATE,
    HOST,
    LEADER,
    LEADERSHIP,
    LOG,
    MEMBERSHIP,
    SENDER,
)
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "found_config_rechosen",
        "A found config is chosen again before phase 1 under it.",
        Edit(CANDIDATE, "for record in self.adopted_tail(campaign)]", "for record in ()]"),
        scenario="membership",
        breaks=("quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "old_promises_counted",
        "Promises of the old config's voters count as the new config's quorum.",
        Edit(
            CANDIDATE, "sum(voter in campaign.promises for voter in config.voters)", "len(campaign.promises)"
        ),
        breaks=("quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "learning_is_no_promise",
        "Learning a chosen record, even a config, promises nothing.",
        Edit(LOG, "max(self.promised, *held_at)", "self.promised"),
        breaks=("quorums_overlap", "chosen_entries_agree"),
    ),
    bug(
        "batch_truncated_at_config",
        "Voters that a found config retires are sent the batch through that config only.",
        Edit(
            SENDER,
            "batch = self.log.between(known + 1, leadership.tail_end)",
            """
            batch = self.log.between(known + 1, leadership.tail_end)
            for index, record in enumerate(batch):
                if record.config is not None:
                    batch = batch[: index + 1]
                    break
            """,
        ),
        breaks=("chosen_entries_agree", "quorums_overlap"),
    ),
    bug(
        "config_applied_before_chosen",
        "A leader counts votes under a config as soon as it has proposed it.",
        Edit(
            LEADER,
            "self.vote_for_own(leadership.ballot)",
            """
            self.vote_for_own(leadership.ballot)
            record = batch[-1]
            if record.config is not None:
                from dynaproof.impl.paxos.messages.membership import CreateReplica
                self.state.config = record.config
                for voter in record.config.voters:
                    leadership.progress.setdefault(voter, Progress(record.slot))
                    self.env.send(voter.node, CreateReplica(voter, record.config, 0))
            """,
        ),
        scenario="membership",
        breaks=("logs_agree_up_to_commit",),
    ),
    bug(
        "two_voters_replaced_at_once",
        "A config replaces the leader's other voters all at once.",
        Edit(
            LEADER,
            "leadership.last_timestamp = record.timestamp",
            """
            if record.config is not None:
                from msgspec import structs
                from dynaproof.impl.paxos.ids import Member
                config, more = record.config, record.config.next_incarnation
                voters = tuple(
                    v if v == self.member or v.incarnation == more - 1 else Member(v.node, more)
                    for v in config.voters
                )
                config = structs.replace(config, voters=voters, next_incarnation=more + 1)
                record = structs.replace(record, config=config)
            leadership.last_timestamp = record.timestamp
            """,
        ),
        breaks=("quorums_overlap", "acknowledged_writes_survive", "chosen_entries_agree"),
    ),
    bug(
        "retired_incarnation_counted",
        "A leader goes on counting the votes of an incarnation that a config has retired.",
        Edit(
            MEMBERSHIP,
            "leadership.progress = {v: known.get(v) or Progress(new, wall_apart=0) for v in config.voters}",
            """
            for voter in config.voters:
                known.setdefault(voter, Progress(new))
            """,
        ),
        Edit(LEADERSHIP, "for voter in voters:", "for voter in self.progress:"),
        breaks=("logs_agree_up_to_commit",),
    ),
    bug(
        "rotted_voter_votes_on",
        "A voter whose journal rotted begins an empty one under its old incarnation.",
        Edit(
            HOST,
            "self.end(Silent(self.env.lane, incarnation))",
            """
            self.abandon()
            from dynaproof.impl.paxos.ids import Member
            from dynaproof.impl.paxos.records import Config
            voters = tuple(Member(node, index + 1) for index, node in enumerate(self.peers))
            me = next(Member(v.node, incarnation) for v in voters if v.node.name == self.env.me.name)
            self.lines.left(self.env.lane, incarnation)
            from dynaproof.impl.paxos.log import fresh_head
            head = fresh_head(me, Config(0, voters, len(voters) + 1), 0)
            replica = partition.create(
                self.env, self.settings, self.cache, self.limits, head, partition.nothing_more
            )
            self.replicas[self.env.lane] = replica
            replica.start(waits=True)
            """,
        ),
        breaks=("promises_never_go_back", "forgetful_never_vote"),
    ),
    bug(
        "retired_incarnation_revived",
        "A late copy of the message that made a replica makes it again, after it was retired.",
        Edit(HOST, " or member.incarnation <= self.journal.floor(group)", ""),
        breaks=("forgetful_never_vote",),
    ),
)
