"""The boundary between the system and the world: `NodeProtocol`, `Env`, `Disk`, `NodeId`, `Message`, `Timer`.

A node is a state machine without I/O. A driver (the simulator, or the server) owns time, network, disks and
chance, and calls one handler at a time: **one handler call is one atomic action**. The rules on which a node
may rely:

1. *Durable before visible*: what a handler wrote to `Env.disk` is durable before any message that it, or a
   later handler of the same *lane*, sends leaves the node; messages to itself included (`impl/outbox.py` is
   the gate of both drivers). A lane is a part of the node's work that owes the other parts nothing: on a
   storage node, a group. A message arrives in the lane in which it was sent, a timer in the one in which it
   was set; lanes are numbers that nodes agree on. A node that enters none is in `ONLY_LANE` all its life.
2. Messages to oneself are neither lost, repeated nor shed while the node lives, and those of one lane arrive
   in order; a crash takes them all. A node counts its own vote by such a message.
3. A crash loses all but what the disk kept: of each file a prefix of what was not yet synced, files
   independent of each other. A restart is `on_start` on a new object; what it finds on its disk is durable
   (a driver that cannot know that syncs first), so no second crash takes it. A node's incarnation is counted
   outside its disk and rises when it starts on an empty one; its boot rises at every start.
4. Messages may be lost, repeated, delayed and reordered, each direction of each link on its own.
5. Disks may rot: a byte that was synced may read differently later. `impl/journal/frames.py` finds it.
6. Messages, timers, notes and log records are immutable `msgspec.Struct`s of a format version. A driver hands
   over no message or timer of a version other than `FORMAT_VERSION` (to its node it is as if lost), and
   frames, of which journals and pages consist, carry theirs.
7. No handler raises, whatever a peer, a client or a disk gives it.

Sources: Lamport, *Time, Clocks, and the Ordering of Events* (atomic actions); Chandra, Griesemer and
Redstone, *Paxos Made Live*, 5.1 (disk corruption); Pillai et al., *All File Systems Are Not Created Equal*
(what a crash keeps).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, TypeAlias, dataclass_transform

from msgspec import Struct, field

FORMAT_VERSION = 2
"""Version of every message, timer and log record; a driver rejects any other."""

Microseconds: TypeAlias = int
"""A duration, or a reading of some clock, in whole microseconds."""


Lane: TypeAlias = int
"""The number of a lane (rule 1 of this module): of a group, on a storage node."""

ONLY_LANE: Lane = 0
"""The lane of a node that enters no other."""

ANY_INCARNATION = 0
"""The incarnation in an address: a message to it reaches whichever node runs under the name."""


class NodeId(Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """The name of a node. `incarnation` counts the disks that a node of this name started empty on, from 1.

    The driver counts it outside the disk, so a node that came back on a lost disk has another `NodeId`, and
    what was sent to the old one does not reach it (rule 3 of this module).
    """

    region: str
    zone: str
    name: str
    incarnation: int = 1

    @property
    def address(self) -> NodeId:
        """Whichever node runs under this name now: for clients and vacant nodes, which know only names.

        Replicas never address each other this way: a message to an old incarnation must not reach a new one.
        """
        return NodeId(self.region, self.zone, self.name, ANY_INCARNATION)

    def __str__(self) -> str:
        return self.name if self.incarnation <= 1 else f"{self.name}#{self.incarnation}"


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Message(Struct, frozen=True, gc=False):
    """Base of all messages; the subclasses are the protocol."""

    format_version: ClassVar[int] = FORMAT_VERSION


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Timer(Struct, frozen=True, gc=False):
    """Base of all timers. Equality decides which pending timer a new one replaces."""

    format_version: ClassVar[int] = FORMAT_VERSION


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Note(Struct, frozen=True, gc=False):
    """Base of all probes: what a node says of itself for specs, metrics and refinement. A note has no
    effect.
    """


class Disk(Protocol):
    """Named logs of bytes and files of pages. Nothing written is durable before the driver has synced it.

    A log is an append-only sequence of bytes that can be cut at its end; a page file maps page numbers to
    bytes. The operations on one file become durable in the order in which they were made, and a crash keeps a
    prefix of those that no completed sync covers, the last append of that prefix possibly in part. Different
    files are independent. Reads see the node's own writes at once. Names are `/`-separated; the bytes are the
    node's business, checksums included.
    """

    def logs(self, prefix: str = "") -> Sequence[str]:
        """The names of the existing logs that begin with `prefix`, sorted."""
        ...

    def append(self, log: str, data: bytes) -> int:
        """Append `data`, creating the log if need be; return the offset at which it begins, in bytes."""
        ...

    def cut(self, log: str, size: int) -> None:
        """Keep the first `size` bytes of a log."""
        ...

    def size(self, log: str) -> int:
        """How many bytes a log has; 0 if there is none."""
        ...

    def read(self, log: str, at: int, size: int) -> bytes:
        """`size` bytes of a log from `at` on; fewer where it ends before, none if there is no such log."""
        ...

    def remove_log(self, log: str) -> None:
        """Remove a log; nothing happens if there is none."""
        ...

    def files(self, prefix: str = "") -> Sequence[str]:
        """The names of the existing page files that begin with `prefix`, sorted."""
        ...

    def write_page(self, file: str, page: int, data: bytes) -> None:
        """Write one whole page, creating the file if need be."""
        ...

    def read_page(self, file: str, page: int) -> bytes | None:
        """The page, or None if it was never written or was freed."""
        ...

    def free_page(self, file: str, page: int) -> None:
        """Free a page; nothing happens if there is none."""
        ...

    def page_end(self, file: str) -> int:
        """One more than the number of the last written page of a file; 0 if it has none."""
        ...

    def pages(self, file: str) -> Sequence[int]:
        """The numbers of the written pages of a file, sorted."""
        ...

    def remove_file(self, file: str) -> None:
        """Remove a page file; nothing happens if there is none."""
        ...


class Env(Protocol):
    """What a node may ask of its world."""

    @property
    def me(self) -> NodeId:
        """The node that this environment belongs to."""
        ...

    @property
    def boot(self) -> int:
        """How often the node was started, this life included; counted by the driver outside the disk, so no
        two lives have the same. Part of every request id that the node makes.
        """
        ...

    @property
    def lane(self) -> Lane:
        """The lane that the running handler is in: at first, that of what it was given."""
        ...

    def enter(self, lane: Lane) -> None:
        """Go on in another lane: what the handler writes, sends and sets from here on belongs to that one."""
        ...

    @property
    def now(self) -> Microseconds:
        """Monotonic clock of the node; its rate is within [1 - rho, 1 + rho] of real time. The only clock for
        leases.
        """
        ...

    @property
    def wall(self) -> Microseconds:
        """Wall clock; it may step. For commit timestamps, expiry and signatures, never for safety."""
        ...

    @property
    def disk(self) -> Disk:
        """The node's disk."""
        ...

    def random(self, label: str, n: int) -> int:
        """A number below `n`, drawn by the driver under (node, incarnation, label) and recorded like all
        chance.
        """
        ...

    def send(self, to: NodeId, message: Message) -> None:
        """Send a message, to itself too; it leaves once all that the node has written in this lane by the end
        of the handler is durable.
        """
        ...

    def set_timer(self, delay: Microseconds, timer: Timer) -> None:
        """Fire `timer` after `delay` of the node's monotonic clock; an equal pending timer of this lane is
        replaced.
        """
        ...

    def cancel_timer(self, timer: Timer) -> None:
        """Forget a pending timer of this lane; a cancelled timer never fires."""
        ...

    def note(self, event: Note) -> None:
        """Emit a probe."""
        ...


class NodeProtocol(Protocol):
    """A deterministic state machine; every handler call is one atomic action and none raises."""

    def on_start(self) -> None:
        """Rebuild the state from `env.disk` after a boot, and set the first timers."""
        ...

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Handle one message; `sender` is authenticated by the driver."""
        ...

    def on_timer(self, timer: Timer) -> None:
        """Handle one timer that this node has set and not cancelled."""
        ...
