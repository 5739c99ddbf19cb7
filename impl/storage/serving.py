"""What a replica does for clients: reads, and writes with their conditions, retries and refusals.

*Invariants.* A strong read is answered by lease and from applied slots only. A write is proposed at most once
per request id while the id is remembered or in flight, and never past its deadline; a final refusal stays
true for every copy of the attempt.
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.storage.core import Flight
from dynaproof.impl.storage.leader import Leader
from dynaproof.impl.storage.messages import Delete, Get, Put, Rejected, Reply, Request
from dynaproof.impl.storage.notes import Retried, Served
from dynaproof.impl.storage.records import Answer, Mutation, Outcome, StoredItem, Write


class Serving(Leader):
    """Answers clients."""

    def on_request(self, sender: NodeId, m: Request) -> None:
        """One attempt of a client."""
        if isinstance(m.operation, Get):
            self.read(sender, m, m.operation)
        elif self.leading is None or m.ballot != self.leading or not self.serving:
            self.reject(sender, m, "not_leader")
        else:
            self.write(sender, m, m.operation)

    def read(self, sender: NodeId, m: Request, get: Get) -> None:
        """A strong read is answered by lease; an eventual one by any replica in contact with a leader."""
        if get.strong:
            if not self.may_serve():
                self.reject(sender, m, "not_leader")
                return
            self.note_served()
        elif not self.in_contact():
            self.reject(sender, m, "not_leader")
            return
        found = self.state.items.get(get.key)
        self.env.send(sender, Reply(m.request, m.attempt, "ok", self.state.applied, found))

    def in_contact(self) -> bool:
        """Whether an eventual read may be served: in the config, and in a leader's contact within the
        bound.
        """
        recent = self.contact_at >= 0 and self.env.now - self.contact_at <= self.settings.contact_us
        return self.admitted and (self.serving or recent)

    def write(self, sender: NodeId, m: Request, operation: Put | Delete) -> None:
        """Answer a retry, refuse what cannot be, else decide the condition and propose."""
        remembered = self.state.remembered.get(m.request)
        if remembered is not None:
            self.env.note(Retried(m.request, m.attempt, remembered.answer.applied))
            self.answer(Flight(sender, m.request, m.attempt), remembered.answer)
            return
        in_flight = self.in_flight_requests.get(m.request)
        if in_flight is not None:
            if self.may_wait(in_flight):
                self.flights.setdefault(in_flight, []).append(Flight(sender, m.request, m.attempt))
            return
        reason = self.reason_to_refuse(m)
        if reason is not None:
            self.refuse(sender, m, reason)
            return
        self.propose(self.decide(m, operation))
        self.flights.setdefault(self.log.last, []).append(Flight(sender, m.request, m.attempt))

    def may_wait(self, slot: int) -> bool:
        """Whether one more attempt may wait for this slot."""
        return len(self.flights.get(slot, ())) < self.settings.waiting_attempts

    def reason_to_refuse(self, m: Request) -> str | None:
        """Why this attempt may not be proposed, if it may not."""
        before = self.refused.get(m.request)
        if before is not None and m.attempt <= before[0]:
            return "throttled"  # A late copy of an attempt that was answered so: the answer was final.
        if self.next_timestamp() > m.deadline:
            return "expired"
        # Nothing is proposed above a config that is not counted chosen (rule 9).
        full = self.log.last - self.log.commit >= self.settings.in_flight_slots
        known = len(self.state.remembered) + len(self.in_flight_requests)
        if (
            full
            or known >= self.settings.remembered_requests
            or self.config_in_flight
            or not self.clock_trusted()
        ):
            return "throttled"
        return None

    def refuse(self, sender: NodeId, m: Request, reason: str) -> None:
        """Refuse for good: remembered while it leads, so that no late copy of the attempt takes effect."""
        if reason == "throttled":
            now = self.last_timestamp
            self.refused = {r: kept for r, kept in self.refused.items() if kept[1] >= now}
            if len(self.refused) >= self.settings.remembered_requests:
                return  # Unanswered, so the client takes it for indefinite.
            self.refused[m.request] = (max(m.attempt, self.refused.get(m.request, (0, 0))[0]), m.deadline)
        self.reject(sender, m, reason)

    def reject(self, sender: NodeId, m: Request, reason: str) -> None:
        """Refuse, with a hint where to go.

        Final for a read; for a write aimed at a ballot that another node leads, or that was throttled under
        the running one. A copy aimed at a ballot of this replica may have been proposed before, or be
        proposed once the leader serves.
        """
        final = (
            isinstance(m.operation, Get)
            or m.ballot[1:] != (self.name, self.incarnation)
            or reason == "throttled"
        )
        leader = self.leader.node if self.leader is not None else None
        self.env.send(sender, Rejected(m.request, m.attempt, reason, final, leader, self.leader_ballot))

    def decide(self, m: Request, operation: Put | Delete) -> Write | Outcome:
        """Decide the condition at the log position; a failed one is a record too."""
        assert self.leading is not None
        slot, timestamp, epoch = self.log.last + 1, self.next_timestamp(), self.config.epoch
        old = self.current(operation.key)
        if operation.conditional and (None if old is None else old.item) != operation.expected:
            return Outcome(slot, self.leading, epoch, timestamp, m.request, m.deadline, old)
        new = StoredItem(operation.item, slot, timestamp) if isinstance(operation, Put) else None
        mutations = (Mutation(operation.key, old, new),)
        return Write(slot, self.leading, epoch, timestamp, m.request, m.deadline, mutations)

    def note_served(self) -> None:
        """Probe a strong answer; reading the lease costs more than the read, so only the lease's end is
        looked at.
        """
        assert self.leading is not None
        left = self.lease_left()
        self.env.note(Served(self.member, self.leading, self.state.applied, left))

    def answer(self, flight: Flight, answer: Answer) -> None:
        """Answer a write whose record is chosen and applied."""
        status = "ok" if answer.applied else "condition_failed"
        self.env.send(
            flight.client, Reply(flight.request, flight.attempt, status, answer.slot, answer.observed)
        )
