"""What a replica does for clients: reads, and writes with their conditions, retries and refusals.

*Invariants.* A strong read is answered by lease and from applied slots only. A write is proposed at most once
per request id while the id is remembered, waiting or in flight, and never past its deadline; a final refusal
stays true for every copy of the attempt. A condition is decided when the write is proposed, on the state at
that time. A reply to a write leaves when its record, and all below it, are chosen and applied (rule 7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import lt
from typing import Any, ClassVar

from msgspec import structs

from dynaproof.impl.node import Message, Microseconds, NodeId
from dynaproof.impl.partition.costs import cost_of_write
from dynaproof.impl.partition.heat import Heat
from dynaproof.impl.partition.memory import bytes_of
from dynaproof.impl.partition.messages.requests import (
    READS,
    Change,
    Delete,
    Operation,
    Put,
    Read,
    Rejected,
    Reply,
    Request,
    Scan,
    SetRates,
    keys_of,
    size_of,
)
from dynaproof.impl.partition.meter import Meter
from dynaproof.impl.partition.notes import Retried, Served
from dynaproof.impl.partition.reads import shown
from dynaproof.impl.partition.records import (
    ANSWERING,
    Answer,
    Answering,
    Mutation,
    Outcome,
    RatesSet,
    StoredItem,
    Write,
)
from dynaproof.impl.partition.refusals import Refusals
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.partition.waiting import Waiter, Waiting
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.paxos.leadership import Leadership
from dynaproof.impl.paxos.records import ClosedTimestamp, Record
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.paxos.service import Service


class Flight:
    """An attempt at a write whose slot is in flight: its client is answered once that is chosen."""

    __slots__ = ("attempt", "client", "request")

    def __init__(self, client: NodeId, request: RequestId, attempt: int) -> None:
        self.client = client
        self.request = request
        self.attempt = attempt


class Pending:
    """What one leadership has in flight for clients; dropped whole with it."""

    __slots__ = ("flights", "overlay", "refused", "requests", "requests_bytes")

    def __init__(self, refused_attempts: int) -> None:
        self.flights: dict[int, list[Flight]] = {}
        """By slot, the attempts that wait for it."""
        self.requests: dict[RequestId, int] = {}
        """The slot in flight of each request,"""
        self.requests_bytes = 0
        """and what their ids will take once they are remembered."""
        self.overlay: dict[bytes, tuple[int, StoredItem | None]] = {}
        """The newest slot in flight of each key, and what it leaves there."""
        self.refused = Refusals(refused_attempts)


class Requests(Service):
    """Answers clients."""

    def __init__(
        self,
        replica: Replica[PartitionState],
        settings: Settings,
        waiting: Waiting,
        meter: Meter,
        wrong_partition: Callable[[NodeId, Request], None],
    ) -> None:
        self.replica = replica
        self.wrong_partition = wrong_partition
        """Says that the partition is split."""
        self.env = replica.env
        self.settings = settings
        self.waiting = waiting
        self.meter = meter
        self.remembered_bytes = settings.remembered_bytes
        self.pending = Pending(settings.refused_attempts)
        self.asked = 0
        """How many attempts have come since the replica started;"""
        self.heat = Heat()
        """and for which keys."""

    def on_request(self, sender: NodeId, m: Request) -> None:
        """One attempt of a client."""
        self.asked += 1
        leadership = self.replica.leadership
        operation = m.operation
        for key in keys_of(operation)[:1]:
            self.heat.asked(key)
        if self.replica.state.split is not None:
            self.behind_barrier(sender, m)
        elif isinstance(operation, READS):
            self.read(sender, m, operation)
        elif leadership is None or m.ballot != leadership.ballot or not leadership.serving:
            self.reject(sender, m, "not_leader")
        else:
            self.write(leadership, sender, m)

    def behind_barrier(self, sender: NodeId, m: Request) -> None:
        """A remembered answer stays the answer (H5); all else is up to the children (R4)."""
        answer = self.replica.state.answer_to(m.request, m.deadline)
        if answer is None:
            self.wrong_partition(sender, m)
        else:
            self.answer(Flight(sender, m.request, m.attempt), answer)

    # --- Reads ---

    def read(self, sender: NodeId, m: Request, get: Read) -> None:
        """A strong read is answered by lease; an eventual one by any replica in contact with a leader."""
        replica, state = self.replica, self.replica.state
        if get.strong:
            if not replica.may_serve():
                self.reject(sender, m, "not_leader")
                return
            assert replica.leading is not None
            # Reading the lease costs more than the read, so the probe shows only its end.
            self.env.note(Served(replica.member, replica.leading, state.applied, replica.lease_left()))
        elif not self.in_contact():
            self.reject(sender, m, "not_leader")
            return
        answer = shown(state, m.request, m.attempt, get, self.settings)
        cost, throttled = self.meter.admit_read(m.request, get, answer)
        if throttled is not None:
            self.reject(sender, m, throttled.reason, wait_us=throttled.after_us)
            return
        self.env.send(sender, structs.replace(answer, consumed=cost) if cost else answer)

    def in_contact(self) -> bool:
        """Whether an eventual read may be served: in the config, with a tree, and in contact with a leader
        within the bound (rule 16).
        """
        replica = self.replica
        recent = replica.contact_at >= 0 and self.env.now - replica.contact_at <= self.settings.contact_us
        return replica.admitted and replica.full and (replica.serving or recent)

    # --- Writes ---

    def write(self, leadership: Leadership, sender: NodeId, m: Request) -> None:
        """Answer a retry, or join it to the first attempt; refuse what may not be proposed; wait behind
        others that wait, or for room; else propose.
        """
        answer = self.replica.state.answer_to(m.request, m.deadline)
        if answer is not None:
            self.env.note(Retried(m.request, m.attempt, answer.applied))
            self.answer(Flight(sender, m.request, m.attempt), answer)
            return
        in_flight = self.pending.requests.get(m.request)
        if in_flight is not None:
            if len(self.pending.flights.get(in_flight, ())) < self.settings.waiting_attempts:
                self.pending.flights.setdefault(in_flight, []).append(Flight(sender, m.request, m.attempt))
            return
        if self.waiting.join(m.request, sender, m):
            return
        reason = self.reason_to_refuse(m)
        if reason is not None:
            self.refuse(leadership, sender, m, reason)
            return
        first = not self.waiting and self.replica.may_propose()
        if first and self.propose(leadership, m, [(sender, m)]):
            return
        if not self.waiting.add(m.request, sender, m, size_of(m.operation)):
            self.refuse(leadership, sender, m, "throttled")

    def turn(self, waiter: Waiter) -> bool:
        """The turn of a write that waited: whatever may have changed meanwhile is checked again."""
        leadership = self.replica.leadership
        assert leadership is not None, "only a leader has who waits"
        reason = self.reason_to_refuse(waiter.message)
        if reason is None:
            return self.propose(leadership, waiter.message, waiter.attempts)
        for sender, m in waiter.attempts:
            self.refuse(leadership, sender, m, reason)
        return True

    def propose(self, leadership: Leadership, m: Request, attempts: Sequence[tuple[NodeId, Request]]) -> bool:
        """Decide the condition now, and propose; or throttle where no more may be remembered, or capacity
        does not admit it. False, with nothing done for it, if there will be room once what is in flight is
        applied.
        """
        record = self.decide(leadership, m)
        if not self.may_remember(record):
            if self.make_room(leadership):
                return False
            self.throttle(leadership, attempts)
            return True
        if not self.replica.fits_window(record):
            return False
        throttled = None if isinstance(record, RatesSet) else self.meter.admit(record)
        if throttled is not None:
            for sender, one in attempts:
                self.refuse(leadership, sender, one, throttled.reason, throttled.after_us)
            return True
        self.replica.propose(record)
        flights = self.pending.flights.setdefault(record.slot, [])
        flights += [Flight(sender, one.request, one.attempt) for sender, one in attempts]
        return True

    def reason_to_refuse(self, m: Request) -> str | None:
        """Why this attempt may not be proposed, if it may not."""
        if self.pending.refused.cover(m.request, m.attempt):
            return "throttled"  # A late copy of an attempt that was refused for good.
        timestamp = self.replica.next_timestamp()
        if timestamp > m.deadline:
            return "expired"
        if m.deadline - timestamp > self.settings.deadline_span_us:
            return "too_far_ahead"
        if not self.replica.clock_trusted():
            return "throttled"
        return None

    def may_remember(self, record: Answering) -> bool:
        """Whether there is room for one more request id: beyond that the leader throttles, and never evicts
        (rule I1).
        """
        memory, pending = self.replica.state.memory, self.pending
        count = memory.count + len(pending.requests)
        size = memory.bytes + pending.requests_bytes + bytes_of(record)
        return count < self.meter.remembered_requests() and (size <= self.remembered_bytes or not count)

    def make_room(self, leadership: Leadership) -> bool:
        """Whether the next applied record will make room, because its timestamp is past some id's deadline;
        if none is in flight, the leader proposes one for that (rule I4).
        """
        replica, timestamp = self.replica, self.replica.next_timestamp()
        if replica.state.memory.earliest >= timestamp:
            return False
        if not replica.in_flight:
            slot, epoch = replica.next_slot, replica.config.epoch
            replica.propose(ClosedTimestamp(slot, leadership.ballot, epoch, timestamp))
        return True

    def throttle(self, leadership: Leadership, attempts: Sequence[tuple[NodeId, Request]]) -> None:
        """Refuse until the first id may be forgotten."""
        wait_us = self.replica.state.memory.earliest + 1 - self.replica.next_timestamp()
        for sender, m in attempts:
            self.refuse(leadership, sender, m, "throttled", wait_us)

    def refuse(
        self,
        leadership: Leadership,
        sender: NodeId,
        m: Request,
        reason: str,
        wait_us: Microseconds = 0,
    ) -> None:
        """Refuse for good: remembered while it leads, so that no late copy of the attempt takes effect. An
        expired request, or one whose refusal finds no room, is not refused for good: it may have been
        applied, and forgotten since.
        """
        final = reason != "expired" and self.pending.refused.add(
            m.request, m.attempt, m.deadline, leadership.last_timestamp
        )
        self.reject(sender, m, reason, final, wait_us)

    def reject(
        self, sender: NodeId, m: Request, reason: str, final: bool = False, wait_us: Microseconds = 0
    ) -> None:
        """Refuse, with a hint of where to go, or when to come back.

        Final for a read; for a write aimed at a ballot that another node leads (R7), or that was refused for
        good under the running one. A copy aimed at a ballot of this node may have been proposed before,
        perhaps by an earlier incarnation, or may be proposed once the leader serves.
        """
        replica = self.replica
        final = final or isinstance(m.operation, READS) or m.ballot.node != replica.member.node.name
        leader = replica.leader.node if replica.leader is not None else None
        if reason == "throttled":
            wait_us = max(wait_us, self.waiting.wait_us())
        self.env.send(
            sender, Rejected(m.request, m.attempt, reason, final, leader, replica.leader_ballot, wait_us)
        )

    def decide(self, leadership: Leadership, m: Request) -> Answering:
        """Decide the conditions at the log position; a failed one makes a record too, and costs as much.
        Rates are set if their version is above the last one, and that is what was expected (A16).
        """
        replica, ballot, operation = self.replica, leadership.ballot, m.operation
        slot, timestamp, epoch = replica.next_slot, replica.next_timestamp(), replica.config.epoch
        if isinstance(operation, SetRates):
            version = self.meter.version()
            if operation.rates.version <= version or operation.onto not in (None, version):
                return Outcome(slot, ballot, epoch, timestamp, m.request, m.deadline, None)
            return RatesSet(slot, ballot, epoch, timestamp, m.request, m.deadline, operation.rates)
        assert isinstance(operation, (Put, Delete, Change)), "only writes are proposed"
        found = [self.current(key) for key in keys_of(operation)]
        cost = 0 if self.meter.buckets() is None else cost_of_write(operation, found)
        if isinstance(operation, Change):
            for part, stored in zip(operation.parts, found, strict=True):
                if not part.holds(stored):
                    return Outcome(slot, ballot, epoch, timestamp, m.request, m.deadline, stored, cost)
            changes = tuple(
                Mutation(
                    part.key, stored, None if part.item is None else StoredItem(part.item, slot, timestamp)
                )
                for part, stored in zip(operation.parts, found, strict=True)
                if part.changes
            )
            return Write(slot, ballot, epoch, timestamp, m.request, m.deadline, changes, cost)
        (old,) = found
        if operation.conditional and (None if old is None else old.item) != operation.expected:
            return Outcome(slot, ballot, epoch, timestamp, m.request, m.deadline, old, cost)
        new = StoredItem(operation.item, slot, timestamp) if isinstance(operation, Put) else None
        mutations = (Mutation(operation.key, old, new),)
        return Write(slot, ballot, epoch, timestamp, m.request, m.deadline, mutations, cost)

    def current(self, key: bytes) -> StoredItem | None:
        """What a condition reads: the newest slot in flight, else the applied state."""
        found = self.pending.overlay.get(key)
        return found[1] if found is not None else self.replica.state.items.get(key)

    def answer(self, flight: Flight, answer: Answer, consumed: int = 0) -> None:
        """Answer a write whose record is chosen and applied; from memory it costs nothing."""
        status = "ok" if answer.applied else "condition_failed"
        self.env.send(
            flight.client,
            Reply(flight.request, flight.attempt, status, answer.slot, answer.observed, consumed),
        )

    # --- What the replica calls ---

    def proposed(self, record: Record) -> None:
        """Conditions and retries see the slots in flight (the reply waits until they are chosen)."""
        if isinstance(record, ANSWERING):
            self.pending.requests[record.request] = record.slot
            self.pending.requests_bytes += bytes_of(record)
        for mutation in record.changes():
            self.pending.overlay[mutation.key] = (record.slot, mutation.new)

    def applied(self, record: Record) -> None:
        """A slot of its ballot, and all below it, is chosen and applied: answer those that wait (rule 7)."""
        if not isinstance(record, ANSWERING):
            return
        pending = self.pending
        for flight in pending.flights.pop(record.slot, ()):
            self.answer(flight, record.answer, record.cost)
        if pending.requests.pop(record.request, None) is not None:
            pending.requests_bytes -= bytes_of(record)
        for mutation in record.changes():
            if pending.overlay.get(mutation.key, (0, None))[0] == record.slot:
                del pending.overlay[mutation.key]

    def stepped_down(self) -> None:
        """Requests in flight stay unanswered, since their outcome is not known."""
        self.pending = Pending(self.settings.refused_attempts)

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """What is in flight, what waits, and what is remembered."""
        settings, pending, leadership = self.settings, self.pending, self.replica.leadership
        memory = self.replica.state.memory
        adopted = 0 if leadership is None else leadership.tail_end - leadership.tail_start
        waiting = max(map(len, pending.flights.values()), default=0)
        return (
            ("slots in flight", len(pending.requests), settings.in_flight_slots + adopted + 1),
            ("attempts that wait for a slot", waiting, settings.waiting_attempts),
            ("remembered requests", memory.count, self.meter.remembered_requests()),
            ("bytes of remembered requests", memory.bytes if memory.count > 1 else 0, self.remembered_bytes),
            ("refused attempts", len(pending.refused), settings.refused_attempts),
        )

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {Request: on_request}
    SHAPES: ClassVar[Mapping[type[Message], Callable[[Any], bool]]] = {Request: lambda m: sound(m.operation)}


def sound(operation: Operation) -> bool:
    """Whether an operation is one that can be answered: its keys ascend, a scan asks for something, and
    buckets can fill at the rates to be set.
    """
    if isinstance(operation, SetRates):
        return operation.rates.is_sound()
    if isinstance(operation, Scan):
        return operation.items >= 1
    keys = keys_of(operation)
    return bool(keys) and (len(keys) == 1 or all(map(lt, keys, keys[1:])))
