"""Seeded bugs: each a subclass outside the implementation that changes one decision.

A kill is the violation of a named spec other than `handlers_never_raise`: an exception proves nothing.
"""

from __future__ import annotations

from msgspec import Struct

from impl.node import NodeId
from impl.storage.host import StorageNode
from impl.storage.ids import Ballot
from impl.storage.messages import Accept, Delete, Prepare, Put, Request
from impl.storage.records import Answer, LogRecord, StoredItem, Write
from impl.storage.replica import Replica

# Overrides keep the signatures of what they replace, so not all of them use every argument.
# ruff: noqa: D101


class QuorumOfOne(Replica):
    def votes_for(self, slot: int, voters: tuple[object, ...]) -> int:
        return super().votes_for(slot, voters) + 1  # type: ignore[arg-type]


class AdoptsNothing(Replica):
    def adopted_tail(self) -> tuple[LogRecord, ...]:
        return ()


class AdoptsLowest(Replica):
    def adopted_tail(self) -> tuple[LogRecord, ...]:
        tails = [m for _, m in sorted(self.promises.items()) if self.continues_chosen(m) and m.tail]
        return min(tails, key=lambda m: (m.last_accepted, m.last_slot)).tail if tails else ()


class CountsOutdatedPromises(Replica):
    def drop_outdated_promises(self) -> None:
        pass


class PromisesBelow(Replica):
    def on_prepare(self, sender: NodeId, m: Prepare) -> None:
        if self.admitted and not self.lease_binds(m.ballot) and m.known + 1 >= self.log.first:
            self.log.promise(m.ballot)
            self.tell(m.source, self.promise_for(m))


class ForgetsCampaign(Replica):
    def start_campaign(self) -> None:
        self.asking_since = None
        if self.leading is not None:
            return
        ballot = Ballot(self.log.promised.round + 1, self.name, self.incarnation)
        self.campaign, self.promises = ballot, {}
        self.log.promised = ballot  # In memory only: nothing is journalled.
        self.send_prepares(ballot)


class ServesBeforeOwnNoOp(Replica):
    def lead(self, ballot: Ballot, tail: tuple[LogRecord, ...]) -> None:
        super().lead(ballot, tail)
        self.serving = self.leading is not None


class LeaseFromAnswer(Replica):
    def renew(self, progress: object, asked_at: int, wall: int) -> None:
        super().renew(progress, self.env.now, wall)  # type: ignore[arg-type]


class LeaseIgnoresDrift(Replica):
    def lease_left(self) -> int:
        start = self.lease_from()
        return -1 if start < 0 else start + self.settings.lease_us - self.env.now


class GrantsNoLease(Replica):
    def lease_binds(self, ballot: Ballot) -> bool:
        return False


class RestartWaitsForNoLease(Replica):
    def start(self, waits: bool) -> None:
        super().start(waits=False)


class CommitsOthersEntries(Replica):
    def commit_through(self, commit: int, ballot: Ballot) -> None:
        through = min(commit, self.log.last)
        if through > self.log.commit:
            self.log.commit = through
            self.apply_chosen()


class TimestampsFromWall(Replica):
    def next_timestamp(self) -> int:
        return self.env.wall


class ForgetsRequests(Replica):
    def write(self, sender: NodeId, m: Request, operation: Put | Delete) -> None:
        self.state.remembered.clear()
        super().write(sender, m, operation)


class RepliesAtOnce(Replica):
    def write(self, sender: NodeId, m: Request, operation: Put | Delete) -> None:
        last = self.log.last
        super().write(sender, m, operation)
        if self.log.last > last and isinstance(self.log.record(self.log.last), Write):
            for flight in self.flights.pop(self.log.last, ()):
                self.answer(flight, Answer(self.log.last, True, None))


class ConditionsIgnoreFlights(Replica):
    def current(self, key: bytes) -> StoredItem | None:
        return self.state.items.get(key)


class CommitsAlone(Replica):
    def commit_through(self, commit: int, ballot: Ballot) -> None:
        super().commit_through(self.log.last if self.leading == ballot else commit, ballot)


class NoPrefixRule(Replica):
    def may_follow(self, m: Accept) -> bool:
        return self.log.first <= m.first <= self.log.last + 1


def host(name: str, replica: type[Replica]) -> type[StorageNode]:
    """The storage node that hosts this kind of replica."""
    return type(name, (StorageNode,), {"replica_class": replica})


class Mutant(Struct, frozen=True):
    """One seeded bug: what it breaks, in a sentence, and the node that has it."""

    name: str
    sentence: str
    node_class: type[StorageNode]
    override: type


def _entry(name: str, sentence: str, replica: type[Replica]) -> Mutant:
    return Mutant(name, sentence, host(replica.__name__, replica), replica)


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        _entry("quorum_of_one", "a slot counts as chosen with one vote less than a quorum", QuorumOfOne),
        _entry("ignores_accepted", "a new leader adopts nothing", AdoptsNothing),
        _entry("lowest_accepted_adopted", "the tail of the lowest accepted ballot is adopted", AdoptsLowest),
        _entry(
            "outdated_promises_counted", "a promise from before a catch-up counts", CountsOutdatedPromises
        ),
        _entry("no_promise_check", "an acceptor promises ballots below its promise", PromisesBelow),
        _entry(
            "campaign_not_journalled", "a campaign's ballot can be used again after a crash", ForgetsCampaign
        ),
        _entry("serves_before_own_noop", "a leader serves before its no-op is chosen", ServesBeforeOwnNoOp),
        _entry("lease_from_answer", "the lease counts from the answer", LeaseFromAnswer),
        _entry("drift_ignored", "the lease is used for all of L", LeaseIgnoresDrift),
        _entry("lease_not_granted", "a grantor promises other ballots while its lease runs", GrantsNoLease),
        _entry("restart_waits_for_no_lease", "a restarted grantor forgets its lease", RestartWaitsForNoLease),
        _entry(
            "commit_from_stale_entries",
            "a commit index is taken for entries of other ballots",
            CommitsOthersEntries,
        ),
        _entry("timestamp_from_wall", "commit timestamps are the wall clock's", TimestampsFromWall),
        _entry("requests_forgotten", "request ids are forgotten", ForgetsRequests),
        _entry("acknowledged_before_peers", "a write is acknowledged before any peer has it", RepliesAtOnce),
        _entry(
            "conditions_ignore_flights", "conditions read the applied state alone", ConditionsIgnoreFlights
        ),
        _entry("leader_commits_alone", "a leader counts all it has proposed for chosen", CommitsAlone),
        _entry("no_prefix_rule", "slots are accepted behind entries of other ballots", NoPrefixRule),
    )
}
