"""What the implementation's observers read of a node's place, and of the node there. Everything that depends
on how a driver keeps places, or on the fields of a replica, is in this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from dynaproof.impl.journal.journal import RottenLogError
from dynaproof.impl.node import Lane, Message, Microseconds, NodeId
from dynaproof.impl.partition.messages.readers import LogRead, LogTrimmed, ReadLog
from dynaproof.impl.partition.readers import Readers
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.waiting import Waiting
from dynaproof.impl.paxos.files import log_prefix, pages_of
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.leadership import Leadership
from dynaproof.impl.storage_node.host import StorageNode

LARGEST_ITEM = 409_600
"""The most bytes of an item: DynamoDB's limit."""


FEW_PAGES = 64
"""Pages that a handler may read on top: the paths to what it looks for."""

PATH_PAGES = 12
"""The most pages on the paths from the roots of two trees to one key."""

START_PASSES = 3
"""How often a start reads the log: once to learn which segments count, once to fold them, and once more to
apply what has left memory by then.
"""


class Platter(Protocol):
    """What is durable of a disk."""

    @property
    def grown(self) -> Sequence[str]:
        """The logs that the last sync made longer."""
        ...

    @property
    def paged(self) -> Sequence[tuple[str, int]]:
        """The files and pages that the last sync wrote or freed."""
        ...

    @property
    def bytes_read(self) -> int:
        """What the handler that has just run has read."""
        ...

    @property
    def bytes_written(self) -> int:
        """What the handler that has just run has written."""
        ...

    def durable_log(self, log: str) -> bytes | bytearray:
        """What is durable of a log."""
        ...

    def durable_logs(self, prefix: str) -> Sequence[str]:
        """The logs of which something is durable."""
        ...

    def durable_files(self) -> Mapping[str, Mapping[int, bytes]]:
        """The durable pages of each file, by number."""
        ...

    def durable_pages(self, file: str) -> Mapping[int, bytes]:
        """Those of one file."""
        ...


class Given(Protocol):
    """An event, as far as a node is given something by it."""

    @property
    def payload(self) -> object:
        """A message or a timer, if it is one of these."""
        ...


class Leaving(Protocol):
    """What a node sends."""

    @property
    def handler(self) -> Sequence[tuple[NodeId, Message, Lane]]:
        """What the running handler has sent so far."""
        ...


class Surroundings(Protocol):
    """What surrounds a place: time, the other places, by name, and the links that are cut (`from>to`)."""

    @property
    def tau(self) -> Microseconds:
        """The global time."""
        ...

    @property
    def was_untimed(self) -> bool:
        """Whether messages and syncs ever took no time: what began then may end much later."""
        ...

    @property
    def late_us(self) -> Microseconds:
        """By how much, or by some multiple of it, second copies of messages come late; 0 if they do not."""
        ...

    @property
    def latencies(self) -> Sequence[Microseconds]:
        """How long messages may take while no node is slow."""
        ...

    @property
    def sync_us(self) -> Sequence[Microseconds]:
        """The same for syncs."""
        ...

    @property
    def places(self) -> Mapping[str, Place]:
        """All places by the names of their nodes."""
        ...

    @property
    def last(self) -> Given | None:
        """The last event."""
        ...

    @property
    def cut_links(self) -> Mapping[str, int]:
        """The directed links that are cut."""
        ...


class Place(Protocol):
    """Where a driver keeps one node."""

    @property
    def name(self) -> str:
        """The node's name."""
        ...

    @property
    def id(self) -> NodeId:
        """The node that runs there."""
        ...

    @property
    def node(self) -> object:
        """The node itself, made anew at every start."""
        ...

    @property
    def up(self) -> bool:
        """Whether the node runs."""
        ...

    @property
    def rate(self) -> int:
        """The rate of its monotonic clock, in parts of 2 ** 20."""
        ...

    @property
    def wall_offset(self) -> int:
        """By how much its wall clock is ahead of the global time."""
        ...

    @property
    def slow(self) -> int:
        """How many times as long as others' its messages and syncs take."""
        ...

    @property
    def disk(self) -> Platter:
        """The node's disk."""
        ...

    @property
    def outbox(self) -> Leaving:
        """What waits to leave."""
        ...

    @property
    def world(self) -> Surroundings:
        """What surrounds it."""
        ...


def replica_of(place: Place, group: int) -> PartitionReplica | None:
    """The replica of a group that the node at a place hosts, if it hosts any."""
    node = place.node
    return node.replicas.get(group) if isinstance(node, StorageNode) else None


def made_at(place: Place, group: int) -> int:
    """The last incarnation of a group that was made on the disk at a place, by the node's journal."""
    node = place.node
    assert isinstance(node, StorageNode), "only hosts find rot"
    return node.journal.floor(group)


def is_unread(place: Place, group: int) -> bool:
    """Whether the node at a place has started, but has not yet looked at what its disk holds of a group."""
    node = place.node
    return isinstance(node, StorageNode) and group in node.unread


def given(place: Place) -> object:
    """The message or timer given to the handler that has just run at this place; None if neither."""
    event = place.world.last
    return None if event is None else event.payload


def handler_of(place: Place) -> str:
    """The name of what that handler was given."""
    payload = given(place)
    return "a command" if payload is None else type(payload).__name__


def sent(place: Place) -> Iterator[Message]:
    """What that handler has sent."""
    return (message for _, message, _ in place.outbox.handler)


def identities(replica: PartitionReplica, first: int, last: int) -> Iterator[tuple[int, Ballot]]:
    """These slots of a replica's log, each with the ballot in the identity of its record; up to the first
    rotten one, which the replica will find for itself.
    """
    for slot in range(first, last + 1):
        try:
            yield slot, replica.log.record(slot).proposed_at
        except RottenLogError:
            return


def known_chosen(place: Place, group: int) -> int:
    """The slot through which the replica of a group at a place knows all to be chosen."""
    replica = replica_of(place, group)
    assert replica is not None, "only a replica leads"
    return replica.log.commit


def is_cut_off(place: Place, leader: object) -> bool:
    """Whether a link from the leader to this place is cut."""
    return isinstance(leader, Member) and any(
        f"{other.name}>{place.name}" in place.world.cut_links
        for other in place.world.places.values()
        if other.id.address == leader.node.address
    )


def has_cut_links(place: Place) -> bool:
    """Whether a link from or to this place is cut."""
    return any(place.name in link.split(">") for link in place.world.cut_links)


def settings_of(place: Place) -> Settings:
    """The settings of the replicas at a place."""
    node = place.node
    assert isinstance(node, StorageNode), "only hosts have replicas"
    return node.settings


def lease_end(replica: PartitionReplica, leadership: Leadership) -> Microseconds:
    """When the lease by which a leader serves ends, by its node's clock; 0 without one."""
    left = replica.lease_left() if leadership.serving else -1
    return replica.env.now + left if left > 0 else 0


def services_of(replica: PartitionReplica) -> tuple[Requests, Readers, Waiting]:
    """What a replica does besides consensus, except its group's membership."""
    requests, readers, waiting, *_ = replica.services
    assert isinstance(requests, Requests)
    assert isinstance(readers, Readers)
    assert isinstance(waiting, Waiting)
    return requests, readers, waiting


def campaigns(place: Place, group: int, ballot: Ballot) -> bool:
    """Whether a candidate of a group at this place still asks for promises of the ballot."""
    replica = replica_of(place, group) if place.up else None
    return replica is not None and replica.campaign is not None and replica.campaign.ballot == ballot


# --- Under load ---


def before_at_leader(replica: PartitionReplica) -> tuple[int, int]:
    """What stands before a request that has just come to this leader: slots and requests, and their bytes."""
    _, _, waiting = services_of(replica)
    return replica.in_flight + len(waiting), replica.in_flight_bytes() + waiting.size


def waiting_is_full(replica: PartitionReplica) -> bool:
    """Whether as many requests wait for room as may, or so nearly as many bytes that an item is too much."""
    _, _, waiting = services_of(replica)
    settings = waiting.settings
    return len(waiting) >= settings.waiting_requests or waiting.size + LARGEST_ITEM > settings.waiting_bytes


def admitted(replica: PartitionReplica) -> tuple[int, int, int]:
    """For how long a partition may remember a write, and how many writes, and bytes of what it remembers of
    them, its rate admits in that time.
    """
    settings = services_of(replica)[0].settings
    span_us = settings.remembered_us
    writes, size = settings.admitted_writes_per_s, settings.admitted_bytes_per_s
    return span_us, writes * span_us // 1_000_000, size * span_us // 1_000_000


def work_bounds(place: Place, replica: PartitionReplica, starts: bool) -> tuple[int, int]:
    """How many bytes one handler may read and write, a few pages among them: what fills two messages; at a
    start, the log in three passes, and the paths to what it applies; and for a checkpoint, the paths to what
    was written since the last one.
    """
    settings = replica.settings
    message = 2 * settings.message_bytes + LARGEST_ITEM
    read = message + FEW_PAGES * settings.page_bytes
    if starts:
        prefix, snapshot = log_prefix(replica.group, replica.incarnation), replica.log.head.snapshot
        log = sum(len(place.disk.durable_log(name)) for name in place.disk.durable_logs(prefix))
        applied = replica.state.applied - (0 if snapshot is None else snapshot.slot)
        read += START_PASSES * log + PATH_PAGES * applied * settings.page_bytes
    slots = settings.checkpoint_slots + settings.in_flight_slots
    return read, message + settings.checkpoint_bytes + PATH_PAGES * slots * settings.page_bytes


def is_led(place: Place, group: int) -> bool:
    """Whether some replica of a group around this place serves by a lease that runs."""
    replicas = [replica_of(one, group) for one in place.world.places.values() if one.up]
    return any(replica.may_serve() for replica in replicas if replica is not None)


def to_copy(place: Place, replica: PartitionReplica) -> tuple[int, int]:
    """How many pages, and held slots, the copy that this replica has begun brings."""
    copy = replica.copy
    assert copy is not None
    source = next(p for p in place.world.places.values() if p.name == copy.source.node.name)
    files, prefix = source.disk.durable_files(), pages_of(replica.group)
    held = copy.snapshot.slot + 1 - copy.snapshot.first_held()
    return max((len(pages) for name, pages in files.items() if name.startswith(prefix)), default=0), held


def copying(replica: PartitionReplica) -> bool:
    """Whether a copy is under way, or has arrived and is not installed yet."""
    checkpoint = replica.checkpoint
    return replica.copy is not None or (checkpoint is not None and checkpoint.copied is not None)


# --- What was seen before ---


def says(message: Message, question: ReadLog) -> bool:
    """Whether a message answers a reader's question."""
    place = question.cursor.committed_from
    if type(message) is LogRead:
        return message.name == question.name and message.first == place
    return type(message) is LogTrimmed and message.name == question.name and message.place == place


class Seen:
    """What a place last showed of its replica, so that only changes are filed."""

    __slots__ = (
        "_readers", "_requests", "_waiting", "ballot", "commit", "ends", "lengths", "member", "replica"
    )  # fmt: skip

    def __init__(self, replica: PartitionReplica) -> None:
        self.replica = replica
        self.member: Member = replica.member
        self.commit = replica.log.first - 1
        """Begins below the log, to check all that came from the disk: a restart may have altered it."""
        self._requests, self._readers, self._waiting = services_of(replica)
        self.ballot: Ballot | None = None
        """The ballot that it leads, if any; `ends` is when its lease ends, by its node's clock."""
        self.ends = 0
        self.lengths = -1
        """The sum of its queues' lengths."""

    def queued(self) -> int:
        """The sum of the lengths of all of the replica's queues, except the page cache: cheaper than
        `queues`, and only changes matter.
        """
        pending, replica, waiting = self._requests.pending, self.replica, self._waiting
        state, leadership = replica.state, replica.leadership
        memory, holds = state.memory, state.holds
        lengths = (
            len(pending.requests)
            + len(pending.refused)
            + memory.count
            + memory.bytes
            + len(self._readers.movers)
            + replica.early.slots
            + len(replica.views.copiers)
            + waiting.attempts
            + waiting.size
        )
        if holds:  # What they hold of the log grows with it.
            lengths += len(holds) + state.applied + state.log_bytes
        if leadership is not None:
            lengths += len(leadership.learners) + len(leadership.next_batch)
        if pending.flights:
            lengths += sum(map(len, pending.flights.values()))
        return lengths

    def cache_is_overfull(self) -> bool:
        """Whether the node's page cache keeps more than there is room for beside the dirty pages."""
        cache = self.replica.state.pages.cache
        clean = cache.clean_bytes
        return clean > 0 and clean + cache.dirty_bytes > cache.bound
