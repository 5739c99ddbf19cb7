"""Durable before visible: which messages may leave a node after which sync. Both drivers use this one gate.

*Invariant.* A message leaves only when every disk write that its node made up to the end of the handler that
sent it is covered by a completed sync. A sync covers exactly what was written before it **started**.

The driver's duties, in order: `wrote()` for each disk write and `send()` for each message of a handler,
`handled()` at its end (the result may leave at once), `sync_started()` when a sync begins, `sync_done()` when
it has ended well. A failed sync stops the node: what it covered is in doubt for ever (Rebello et al., *Can
Applications Recover from fsync Failures?*, 2020), so there is no `sync_failed`: the driver drops the outbox
with the node.
"""

from __future__ import annotations

from collections import deque

from dynaproof.impl.node import Message, NodeId

OUTBOX_LIMIT = 4096
"""Messages held back at the most; a message beyond it is shed, which a network that may lose messages
permits."""

Outgoing = tuple[NodeId, Message]


class Outbox:
    """The messages of one node that wait for a sync, in the order in which they were sent."""

    __slots__ = ("_covering", "_held", "_waiting", "durable", "handler", "shed", "written")

    def __init__(self) -> None:
        self.written = 0
        """Disk writes so far."""
        self.durable = 0
        """The writes that a completed sync covers: the first `durable` of them."""
        self.shed = 0
        """Messages dropped because `OUTBOX_LIMIT` was reached."""
        self._covering: int | None = None
        self.handler: list[Outgoing] = []
        """What the running handler has sent so far."""
        self._held: deque[tuple[int, list[Outgoing]]] = deque()  # A handler's messages with its writes.
        self._waiting = 0

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
        sent = self.handler
        if not sent:
            return sent
        self.handler = []
        if self.written == self.durable:
            return sent
        room = OUTBOX_LIMIT - self._waiting
        if len(sent) > room:
            self.shed += len(sent) - room
            del sent[room:]
        self._held.append((self.written, sent))
        self._waiting += len(sent)
        return []

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
            released += held.popleft()[1]
        self._waiting -= len(released)
        return released
