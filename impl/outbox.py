"""Durable before visible: which messages may leave a node after which sync. Both drivers use this one gate.

*Invariants.* A message leaves only when every disk write that its node made up to the end of the handler that
sent it is covered by a completed sync. A sync covers exactly what was written before it **started**. What
waits is bounded in messages and in bytes; a message that finds no room is *shed*, which a network that may
lose messages permits, and is kept in `dropped` for the driver, which notes and counts it. A message of the
node to itself is never shed: nobody would send it again, and what waits for it (a vote of its own, a
checkpoint) would wait for ever.

The driver's duties, in order: `wrote()` for each disk write and `send()` for each message of a handler,
`handled()` at its end (the result may leave at once), `sync_started()` when a sync begins, `sync_done()` when
it has ended well. A failed sync stops the node: what it covered is in doubt for ever (Rebello et al., *Can
Applications Recover from fsync Failures?*, 2020), so there is no `sync_failed`: the driver drops the outbox
with the node.
"""

from __future__ import annotations

from collections import deque

import msgspec
from msgspec import Struct

from dynaproof.impl.node import Message, NodeId

MESSAGE_BYTES = 1 << 20
"""No message is larger. Weighing a message costs as much as sending it, so nothing is weighed while as few
wait as fit whatever they weigh.
"""

Outgoing = tuple[NodeId, Message]


class OutboxLimits(Struct, frozen=True):
    """How much may wait in the outbox of one node; what the node sends itself counts, and is never shed."""

    messages: int = 4096
    bytes: int = 64 * MESSAGE_BYTES


def _opaque(_value: object) -> None:
    """What no wire could carry weighs nothing: a protocol that lives in a simulator only may send it."""


_encode = msgspec.msgpack.Encoder(enc_hook=_opaque).encode


def weight(message: Message) -> int:
    """What a message takes, in bytes."""
    return len(_encode(message))


class Outbox:
    """The messages of one node that wait for a sync, in the order in which they were sent."""

    __slots__ = (
        "_address", "_covering", "_held", "_unweighed", "_waiting", "_weighed", "dropped", "durable",
        "handler", "limits", "written",
    )  # fmt: skip

    def __init__(self, node: NodeId | None = None, limits: OutboxLimits | None = None) -> None:
        """Without a node, that of a disk by itself: nobody sends."""
        self._address = None if node is None else node.address
        self.written = 0
        """Disk writes so far."""
        self.durable = 0
        """The writes that a completed sync covers: the first `durable` of them."""
        self.dropped: list[Outgoing] = []
        """What was shed since the driver last emptied it."""
        self._covering: int | None = None
        self.handler: list[Outgoing] = []
        """What the running handler has sent so far."""
        self._held: deque[tuple[int, list[Outgoing], int]] = deque()
        """A handler's messages, with its writes, and with their bytes, or 0 where they were not weighed."""
        self._waiting = 0
        self._weighed = 0
        """The bytes of those that were weighed."""
        self.bound(OutboxLimits() if limits is None else limits)

    def bound(self, limits: OutboxLimits) -> None:
        """Admit this much from here on."""
        self.limits = limits
        self._unweighed = min(limits.messages, limits.bytes // MESSAGE_BYTES)

    def __len__(self) -> int:
        return self._waiting

    @property
    def syncing(self) -> bool:
        """Whether a sync has started and not ended."""
        return self._covering is not None

    @property
    def needs_sync(self) -> bool:
        """Whether something was written that no sync, ended or under way, covers, and none is under way."""
        return self._covering is None and self.written > self.durable

    def wrote(self) -> None:
        """Count one disk write of the current handler."""
        self.written += 1

    def send(self, to: NodeId, message: Message) -> None:
        """Take one message of the current handler."""
        self.handler.append((to, message))

    def handled(self) -> list[Outgoing]:
        """End the handler; the messages that may leave at once."""
        sent, weighs = self.handler, 0
        if not sent:
            return sent
        self.handler = []
        if self.written == self.durable:
            return sent
        if self._waiting + len(sent) > self._unweighed:
            sent, weighs = self._admitted(sent)
        if sent:
            self._held.append((self.written, sent, weighs))
            self._waiting += len(sent)
        return []

    def _admitted(self, sent: list[Outgoing]) -> tuple[list[Outgoing], int]:
        """Those that find room beside what waits, and all to the node itself; and their bytes."""
        if self._waiting <= self._unweighed:
            self._weigh()
        admitted: list[Outgoing] = []
        weighs = 0
        for to, message in sent:
            size = weight(message)
            fits = (
                self._waiting + len(admitted) < self.limits.messages
                and self._weighed + weighs + size <= self.limits.bytes
            )
            if fits or to.address == self._address:
                admitted.append((to, message))
                weighs += size
            else:
                self.dropped.append((to, message))
        self._weighed += weighs
        return admitted, weighs

    def _weigh(self) -> None:
        """Weigh what waits and was admitted without that."""
        self._held = deque(
            (written, sent, weighs or sum(weight(message) for _, message in sent))
            for written, sent, weighs in self._held
        )
        self._weighed = sum(weighs for _, _, weighs in self._held)

    def sync_started(self) -> None:
        """Begin a sync; it will cover what was written up to now."""
        assert self._covering is None, "one sync at a time"
        self._covering = self.written

    def sync_done(self) -> list[Outgoing]:
        """End the sync; the messages that it releases, in the order in which they were sent."""
        assert self._covering is not None, "no sync was started"
        self.durable = self._covering
        self._covering = None
        held, durable = self._held, self.durable
        released: list[Outgoing] = []
        while held and held[0][0] <= durable:
            _, sent, weighs = held.popleft()
            released += sent
            self._weighed -= weighs
        self._waiting -= len(released)
        return released
