"""Bugs of leases and clocks."""

from __future__ import annotations

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.leadership import Progress
from dynaproof.impl.paxos.replica import Replica


@bug()
class LeaseFromAnswer(Replica):
    """The lease counts from the answer instead of the question."""

    def renew(self, progress: Progress, asked_at: Microseconds, wall: Microseconds) -> None:
        super().renew(progress, self.env.now, wall)


@bug()
class LeaseFromLastQuestion(Replica):
    """The lease counts from the last question sent, so a retransmission prolongs it."""

    asked_last: Microseconds = 0

    def beat(self) -> None:
        self.asked_last = self.env.now
        super().beat()

    def renew(self, progress: Progress, asked_at: Microseconds, wall: Microseconds) -> None:
        super().renew(progress, self.asked_last, wall)


@bug()
class DriftIgnored(Replica):
    """The lease is used for all of L, whatever the clocks' drift."""

    def lease_left(self) -> Microseconds:
        start = self.lease_from()
        return -1 if start < 0 else start + self.settings.lease_us - self.env.now


@bug()
class HalfOfDriftIgnored(Replica):
    """The lease is used for L (1 - rho): the grantor's own drift is left out."""

    def lease_left(self) -> Microseconds:
        start, million = self.lease_from(), 1_000_000
        usable = self.settings.lease_us * (million - self.settings.drift_ppm) // million
        return -1 if start < 0 else start + usable - self.env.now


@bug()
class LeaseNotGranted(Replica):
    """A grantor promises other ballots while its lease runs."""

    def lease_binds(self, ballot: Ballot) -> bool:
        return False


@bug()
class RestartWaitsForNoLease(Replica):
    """A restarted grantor does not wait for the lease that it may have granted."""

    def start(self, waits: bool) -> None:
        super().start(waits=False)


@bug()
class ReadsWithoutLease(Replica):
    """A leader answers strong reads without looking at its lease."""

    def may_serve(self) -> bool:
        return self.serving


@bug()
class ReleaseKeepsServing(Replica):
    """A leader that hands over releases its lease and goes on to serve by it."""

    def hand_over(self) -> None:
        leading, serving = self.leading, self.serving
        super().hand_over()
        if self.leading is None:
            self.leading, self.serving = leading, serving


@bug()
class TimestampFromWall(Replica):
    """Commit timestamps are the wall clock's alone."""

    def next_timestamp(self) -> Microseconds:
        return self.env.wall
