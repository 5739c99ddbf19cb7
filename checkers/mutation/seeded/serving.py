"""Bugs of what clients see."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Delete, Get, Put, Reply, Request
from dynaproof.impl.partition.records import Answer, LogRecord, Outcome, StoredItem, Write
from dynaproof.impl.partition.writes import Flight
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.replica import Replica


@bug()
class AcknowledgedBeforePeers(Replica):
    """A write is acknowledged before any peer has it."""

    def write(self, sender: NodeId, m: Request, operation: Put | Delete) -> None:
        last = self.log.last
        super().write(sender, m, operation)
        if self.log.last > last and isinstance(self.log.record(self.log.last), Write):
            for flight in self.flights.pop(self.log.last, ()):
                self.answer(flight, Answer(self.log.last, True, None))


@bug()
class ConditionsIgnoreFlights(Replica):
    """Conditions read the applied state alone, not the slots in flight."""

    def current(self, key: bytes) -> StoredItem | None:
        return self.state.items.get(key)


@bug()
class FailedConditionNotLogged(Replica):
    """A failed condition is answered at once, and leaves no record."""

    def write(self, sender: NodeId, m: Request, operation: Put | Delete) -> None:
        old = self.current(operation.key)
        failed = operation.conditional and (None if old is None else old.item) != operation.expected
        known = m.request in self.state.remembered or m.request in self.in_flight_requests
        if failed and not known and self.reason_to_refuse(m) is None:
            self.answer(Flight(sender, m.request, m.attempt), Answer(self.log.last, False, old))
            return
        super().write(sender, m, operation)


@bug()
class ServesBeforeOwnNoOp(Replica):
    """A leader serves before its no-op is chosen and applied."""

    def lead(self, ballot: Ballot, tail: tuple[LogRecord, ...]) -> None:
        super().lead(ballot, tail)
        self.serving = self.leading is not None


@bug()
class StrongReadsSeeFlights(Replica):
    """A strong read shows a write in flight."""

    def read(self, sender: NodeId, m: Request, get: Get) -> None:
        if get.strong and self.may_serve():
            self.note_served()
            self.env.send(
                sender, Reply(m.request, m.attempt, "ok", self.state.applied, self.current(get.key))
            )
            return
        super().read(sender, m, get)


@bug()
class EventualReadsSeeFlights(Replica):
    """An eventual read shows a write in flight."""

    def read(self, sender: NodeId, m: Request, get: Get) -> None:
        if not get.strong and self.in_contact():
            self.env.send(
                sender, Reply(m.request, m.attempt, "ok", self.state.applied, self.current(get.key))
            )
            return
        super().read(sender, m, get)


@bug()
class FollowersServeStrongReads(Replica):
    """Any replica in a leader's contact answers strong reads."""

    def read(self, sender: NodeId, m: Request, get: Get) -> None:
        super().read(sender, m, Get(get.key, strong=False))


@bug()
class RequestsForgotten(Replica):
    """A new leader forgets the request ids that its predecessors answered."""

    def lead(self, ballot: Ballot, tail: tuple[LogRecord, ...]) -> None:
        self.state.remembered.clear()
        super().lead(ballot, tail)


@bug()
class FailedConditionForgotten(Replica):
    """A request whose condition failed is decided anew when it comes again."""

    def write(self, sender: NodeId, m: Request, operation: Put | Delete) -> None:
        remembered = self.state.remembered.get(m.request)
        if remembered is not None and not remembered.answer.applied:
            del self.state.remembered[m.request]
        super().write(sender, m, operation)


@bug()
class DeadlineIgnored(Replica):
    """A write is proposed past its deadline, when its request id may be forgotten already."""

    def reason_to_refuse(self, m: Request) -> str | None:
        reason = super().reason_to_refuse(m)
        return None if reason == "expired" else reason


@bug()
class FenceIgnored(Replica):
    """A leader takes a write that was aimed at another ballot, and refused for good there."""

    def on_request(self, sender: NodeId, m: Request) -> None:
        if isinstance(m.operation, Get) or self.leading is None or not self.serving:
            super().on_request(sender, m)
        else:
            self.write(sender, m, m.operation)


@bug()
class FinalRefusalForgotten(Replica):
    """A throttled attempt is refused for good, and a late copy of it is taken after all."""

    def refuse(self, sender: NodeId, m: Request, reason: str) -> None:
        self.reject(sender, m, reason)


@bug()
class FlightsUnbounded(Replica):
    """A leader does not throttle for the slots in flight."""

    def reason_to_refuse(self, m: Request) -> str | None:
        reason, busy = super().reason_to_refuse(m), self.log.last - self.log.commit
        return None if reason == "throttled" and busy >= self.settings.in_flight_slots else reason


@bug()
class WaitingUnbounded(Replica):
    """However many attempts at a write may wait for its slot."""

    def may_wait(self, slot: int) -> bool:
        return True


@bug()
class ConditionIgnored(Replica):
    """A conditional write takes effect whatever is stored."""

    def decide(self, m: Request, operation: Put | Delete) -> Write | Outcome:
        return super().decide(m, structs.replace(operation, conditional=False))
