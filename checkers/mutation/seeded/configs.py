"""Bugs of configs, of incarnations, and of forgetting."""

from __future__ import annotations

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import Message
from dynaproof.impl.partition.records import LogRecord
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.leadership import Progress
from dynaproof.impl.paxos.log import Learned, ReplicationLog, fresh_head
from dynaproof.impl.paxos.messages.leadership import Adopt
from dynaproof.impl.paxos.messages.membership import CreateReplica
from dynaproof.impl.paxos.records import Config, ConfigChange
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.storage_node.host import StorageNode


@bug()
class FoundConfigRechosen(Replica):
    """A found config is chosen again before phase 1 under it."""

    def governing_configs(self) -> list[Config]:
        return [self.config]


@bug()
class OldPromisesCounted(Replica):
    """Promises of the old config's voters count as the new config's quorum."""

    def promised_by_quorum(self, config: Config) -> bool:
        return len(self.promises) >= config.quorum


@bug()
class LearningIsNoPromise(ReplicationLog):
    """Learning a chosen record, a config too, promises nothing."""

    def learn(self, first: int, records: tuple[LogRecord, ...], ballots: tuple[Ballot, ...]) -> None:
        self._write(Learned(self.promised, first, records, ballots))


@bug()
class BatchTruncatedAtConfig(Replica):
    """Voters that a found config retires are sent the batch through that config only."""

    def send_batch(self, member: Member) -> None:
        assert self.leading is not None
        known = max(self.tail_start, self.log.first) - 1
        batch = self.log.between(known + 1, self.tail_end)
        for index, record in enumerate(batch):
            if isinstance(record, ConfigChange):
                batch = batch[: index + 1]
                break
        if known < self.tail_end:
            to, commit = member.incarnation, self.log.commit
            self.tell(member, Adopt(self.member, to, self.leading, self.env.now, known, batch, commit))


@bug()
class ConfigAppliedBeforeChosen(Replica):
    """A leader counts votes under a config as soon as it has proposed it."""

    def propose(self, record: LogRecord) -> None:
        super().propose(record)
        if isinstance(record, ConfigChange):
            self.state.config = record.config
            for voter in record.config.voters:
                self.progress.setdefault(voter, Progress())
                self.env.send(voter.node, self.creation(voter, record))

    def creation(self, voter: Member, record: ConfigChange) -> Message:
        """The message that makes the new replica."""
        return CreateReplica(voter, record.config, 0)


@bug()
class TwoVotersReplacedAtOnce(Replica):
    """A config replaces the leader's other voters all at once."""

    def propose(self, record: LogRecord) -> None:
        if isinstance(record, ConfigChange):
            config, more = record.config, record.config.next_incarnation
            voters = tuple(
                v if v == self.member or v.incarnation == more - 1 else Member(v.node, more)
                for v in config.voters
            )
            config = Config(config.epoch, voters, more + 1)
            record = ConfigChange(record.slot, record.ballot, record.epoch, record.timestamp, config)
        super().propose(record)


@bug()
class RetiredIncarnationCounted(Replica):
    """A leader goes on counting the votes of an incarnation that a config has retired."""

    def config_chosen(self, record: ConfigChange) -> None:
        before = self.progress
        super().config_chosen(record)
        self.progress = {**before, **self.progress}

    def votes_for(self, slot: int, voters: tuple[Member, ...]) -> int:
        return super().votes_for(slot, tuple(self.progress))


@bug()
class RottedVoterVotesOn(StorageNode):
    """A voter whose journal rotted begins an empty one under its old incarnation."""

    def retire(self, incarnation: int) -> None:
        me = [v for v in self.group() if v.node.name == self.env.me.name]
        config = Config(0, self.group(), len(self.group()) + 1)
        for name in self.env.disk.logs("log/"):
            self.env.disk.remove_log(name)
        head = fresh_head(Member(me[0].node, incarnation), config, 0)
        log = self.log_class.create(self.env.disk, f"log/{incarnation:06d}/", head)
        self.replica = self.replica_class.create(self.env, self.settings, log)
        self.replica.start(waits=True)

    def group(self) -> tuple[Member, ...]:
        """The first voters."""
        return tuple(Member(node, index + 1) for index, node in enumerate(self.peers))


@bug()
class RetiredIncarnationRevived(StorageNode):
    """A late copy of the message that made a replica makes it again, after it was retired."""

    def on_create_replica(self, message: CreateReplica) -> None:
        if message.member.incarnation <= self.retired:
            self.retired = message.member.incarnation - 1
        super().on_create_replica(message)
