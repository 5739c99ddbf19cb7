"""Bugs of configs, of incarnations, and of forgetting."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CANDIDATE, HOST, LEADER, LOG
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "found_config_rechosen",
        "A found config is chosen again before phase 1 under it.",
        Edit(CANDIDATE, "for record in self.adopted_tail():", "for record in ():"),
    ),
    bug(
        "old_promises_counted",
        "Promises of the old config's voters count as the new config's quorum.",
        Edit(CANDIDATE, "sum(voter in self.promises for voter in config.voters)", "len(self.promises)"),
    ),
    bug(
        "learning_is_no_promise",
        "Learning a chosen record, a config too, promises nothing.",
        Edit(LOG, "max(self.promised, *ballots)", "self.promised"),
    ),
    bug(
        "batch_truncated_at_config",
        "Voters that a found config retires are sent the batch through that config only.",
        Edit(
            LEADER,
            "batch = self.log.between(known + 1, self.tail_end)",
            """
            batch = self.log.between(known + 1, self.tail_end)
            for index, record in enumerate(batch):
                if isinstance(record, ConfigChange):
                    batch = batch[: index + 1]
                    break
            """,
        ),
    ),
    bug(
        "config_applied_before_chosen",
        "A leader counts votes under a config as soon as it has proposed it.",
        Edit(
            LEADER,
            "self.vote_for_own(self.leading)",
            """
            self.vote_for_own(self.leading)
            if isinstance(record, ConfigChange):
                self.state.config = record.config
                for voter in record.config.voters:
                    self.progress.setdefault(voter, Progress())
                    self.env.send(voter.node, CreateReplica(voter, record.config, 0))
            """,
        ),
    ),
    bug(
        "two_voters_replaced_at_once",
        "A config replaces the leader's other voters all at once.",
        Edit(
            LEADER,
            "self.last_timestamp = record.timestamp",
            """
            if isinstance(record, ConfigChange):
                from msgspec import structs
                config, more = record.config, record.config.next_incarnation
                voters = tuple(
                    v if v == self.member or v.incarnation == more - 1 else Member(v.node, more)
                    for v in config.voters
                )
                config = structs.replace(config, voters=voters, next_incarnation=more + 1)
                record = structs.replace(record, config=config)
            self.last_timestamp = record.timestamp
            """,
        ),
    ),
    bug(
        "retired_incarnation_counted",
        "A leader goes on counting the votes of an incarnation that a config has retired.",
        Edit(
            LEADER,
            "self.progress = {v: self.progress.get(v) or Progress() for v in record.config.voters}",
            """
            for voter in record.config.voters:
                self.progress.setdefault(voter, Progress())
            """,
        ),
        Edit(LEADER, "for voter in voters:", "for voter in self.progress:"),
    ),
    bug(
        "rotted_voter_votes_on",
        "A voter whose journal rotted begins an empty one under its old incarnation.",
        Edit(
            HOST,
            "self.retire(incarnation)",
            """
            from dynaproof.impl.storage.ids import Member
            from dynaproof.impl.storage.records import Config
            voters = tuple(Member(node, index + 1) for index, node in enumerate(self.peers))
            me = next(Member(v.node, incarnation) for v in voters if v.node.name == self.env.me.name)
            for name in self.env.disk.logs("log/"):
                self.env.disk.remove_log(name)
            head = fresh_head(me, Config(0, voters, len(voters) + 1), 0)
            log = ReplicationLog.create(self.env.disk, f"log/{incarnation:06d}/", head)
            self.replica = Replica.create(self.env, self.settings, log)
            self.replica.start(waits=True)
            """,
        ),
    ),
    bug(
        "retired_incarnation_revived",
        "A late copy of the message that made a replica makes it again, after it was retired.",
        Edit(HOST, " or member.incarnation <= self.retired:", ":"),
    ),
)
