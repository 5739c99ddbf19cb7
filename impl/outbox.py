"""Durable before visible: which messages may leave a node after which sync. Both drivers use this one gate.

A node's work may go on in *lanes* that owe each other nothing: a storage node has one for each group. What is
written and sent in a handler belongs to the lane that the handler is in (`Env.enter`); a node that enters
none is in lane 0 all its life.

*Invariants.* A message leaves only when every disk write that its node made **in the message's lane**, up to
the end of the handler that sent it, is covered by a completed sync; it does not wait for the writes of other
lanes. A sync covers exactly what was written before it **started**, in whatever lane. The messages of a lane
leave in the order in which they were sent. What waits is bounded in messages and in bytes, for each lane and
for the node; a message that finds no room is *shed*, which a network that may lose messages permits, and is
kept in `dropped` for the driver, which notes and counts it. A message of the node to itself is never shed:
nobody would send it again, and what waits for it (a vote of its own, a checkpoint) would wait for ever.

The driver's duties, in order: `enter()` for the lane of what a handler is given, `wrote()` for each disk
write and `send()` for each message of a handler, `handled()` at its end (the result may leave at once),
`sync_started()` when a sync begins, `sync_done()` when it has ended well. A failed sync stops the node: what
it covered is in doubt for ever (Rebello et al., *Can Applications Recover from fsync Failures?*, 2020), so
there is no `sync_failed`: the driver drops the outbox with the node.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from dynaproof.impl.node import ONLY_LANE, Lane, Message, NodeId

MESSAGE_BYTES = 1 << 20
"""No message is larger. Weighing a message costs as much as sending it, so nothing is weighed while so few
wait that they fit whatever they weigh.
"""

Outgoing = tuple[NodeId, Message, Lane]
"""The receiver of a message, the message, and the lane in which it was sent and arrives."""


class OutboxLimits(Struct, frozen=True):
    """How much may wait in the outbox of one node; what the node sends itself counts, and is never shed."""

    messages: int = 16_384
    bytes: int = 256 * MESSAGE_BYTES
    lane_messages: int = 4096
    """In each lane, so that a busy one leaves room for the others,"""
    lane_bytes: int = 64 * MESSAGE_BYTES

    def unweighed(self) -> tuple[int, int]:
        """How many messages fit whatever they weigh, in a node and in a lane."""
        return (
            min(self.messages, self.bytes // MESSAGE_BYTES),
            min(self.lane_messages, self.lane_bytes // MESSAGE_BYTES),
        )


def _opaque(_value: object) -> None:
    """What no wire could carry weighs nothing: a protocol that lives only in a simulator may send it."""


_encode = msgspec.msgpack.Encoder(enc_hook=_opaque).encode


def weight(message: Message) -> int:
    """What a message takes, in bytes."""
    return len(_encode(message))


class _Waiting:
    """What waits in one lane, or in the node: messages, and the bytes of those that were weighed; and for a
    lane, the number of its last write.
    """

    __slots__ = ("bytes", "messages", "written")

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0
        self.written = 0


_Held = tuple[_Waiting, list[Outgoing], int]
"""A handler's messages of one lane, with the lane, and with their bytes, or 0 where they were not weighed."""


class Outbox:
    """The messages of one node that wait for a sync, in the order in which they were sent."""

    __slots__ = (
        "_address", "_all", "_by_next", "_by_this", "_covering", "_lane_unweighed", "_lanes", "_mixed",
        "_not_weighed", "_unweighed", "dropped", "durable", "handler", "lane", "limits", "written",
    )  # fmt: skip

    def __init__(self, node: NodeId | None = None, limits: OutboxLimits | None = None) -> None:
        """Without a node, the outbox of a disk by itself: nobody sends."""
        self._address = None if node is None else node.address
        self.lane: Lane = ONLY_LANE
        """The lane of what is written and sent now."""
        self.written = 0
        """Disk writes so far."""
        self.durable = 0
        """The writes that a completed sync covers: the first `durable` of them."""
        self.dropped: list[Outgoing] = []
        """What was shed since the driver last emptied this."""
        self._covering: int | None = None
        self.handler: list[Outgoing] = []
        """What the running handler has sent so far,"""
        self._mixed = False
        """and whether in several lanes."""
        self._lanes: dict[Lane, _Waiting] = {}
        """The lanes in which something is not durable, or waits."""
        self._by_this: list[_Held] = []
        """What the sync under way releases;"""
        self._by_next: list[_Held] = []
        """and what waits for the one after it."""
        self._all = _Waiting()
        self._not_weighed = 0
        """How many messages that wait were admitted without being weighed."""
        self.bound(OutboxLimits() if limits is None else limits)

    def bound(self, limits: OutboxLimits) -> None:
        """Admit this much from here on."""
        self.limits = limits
        self._unweighed, self._lane_unweighed = limits.unweighed()

    def __len__(self) -> int:
        return self._all.messages

    @property
    def syncing(self) -> bool:
        """Whether a sync has started and not ended."""
        return self._covering is not None

    @property
    def needs_sync(self) -> bool:
        """Whether something was written that no sync, ended or under way, covers, and none is under way."""
        return self._covering is None and self.written > self.durable

    def enter(self, lane: Lane) -> None:
        """What is written and sent from here on, to the end of the handler, belongs to this lane."""
        self._mixed = self._mixed or (bool(self.handler) and lane != self.lane)
        self.lane = lane

    def wrote(self) -> None:
        """Count one disk write of the current handler."""
        self.written += 1
        lane = self._lanes.get(self.lane)
        if lane is None:
            lane = self._lanes[self.lane] = _Waiting()
        lane.written = self.written

    def send(self, to: NodeId, message: Message) -> None:
        """Take one message of the current handler."""
        self.handler.append((to, message, self.lane))

    def handled(self) -> list[Outgoing]:
        """End the handler; return the messages that may leave at once."""
        sent = self.handler
        if not sent:
            return sent
        self.handler = []
        if not self._mixed:
            return sent if self.written == self.durable else self._gated(sent)
        self._mixed = False
        by_lane: dict[Lane, list[Outgoing]] = {}
        for one in sent:
            by_lane.setdefault(one[2], []).append(one)
        return [one for each in by_lane.values() for one in self._gated(each)]

    def _gated(self, sent: list[Outgoing]) -> list[Outgoing]:
        """Of messages of one lane, those that may leave at once: all or none."""
        lane = self._lanes.get(sent[0][2])
        if lane is None or lane.written <= self.durable:
            return sent
        weighs, node = 0, self._all
        count = len(sent)
        if node.messages + count > self._unweighed or lane.messages + count > self._lane_unweighed:
            sent, weighs = self._admitted(lane, sent)
            count = len(sent)
        else:
            self._not_weighed += count
        if sent:
            covered = self._covering is not None and lane.written <= self._covering
            (self._by_this if covered else self._by_next).append((lane, sent, weighs))
            lane.messages += count
            lane.bytes += weighs
            node.messages += count
            node.bytes += weighs
        return []

    def _admitted(self, lane: _Waiting, sent: list[Outgoing]) -> tuple[list[Outgoing], int]:
        """The messages that find room next to what waits, and all to the node itself; and their bytes."""
        if self._not_weighed:
            self._weigh()
        limits, node = self.limits, self._all
        admitted: list[Outgoing] = []
        weighs = 0
        for one in sent:
            to, message, _ = one
            size, count = weight(message), len(admitted)
            fits = (
                node.messages + count < limits.messages
                and lane.messages + count < limits.lane_messages
                and node.bytes + weighs + size <= limits.bytes
                and lane.bytes + weighs + size <= limits.lane_bytes
            )
            if fits or to.address == self._address:
                admitted.append(one)
                weighs += size
            else:
                self.dropped.append(one)
        return admitted, weighs

    def _weigh(self) -> None:
        """Weigh what waits and was admitted without being weighed."""
        for waiting in (self._by_this, self._by_next):
            for at, (lane, sent, weighs) in enumerate(waiting):
                if not weighs:
                    weighs = sum(weight(message) for _, message, _ in sent)  # noqa: PLW2901
                    waiting[at] = lane, sent, weighs
                    lane.bytes += weighs
                    self._all.bytes += weighs
        self._not_weighed = 0

    def sync_started(self) -> None:
        """Begin a sync; it will cover what was written up to now."""
        assert self._covering is None, "one sync at a time"
        self._covering = self.written
        self._by_this, self._by_next = self._by_next, []

    def sync_done(self) -> list[Outgoing]:
        """End the sync; return the messages that it releases, in the order in which they were sent."""
        assert self._covering is not None, "no sync was started"
        self.durable = durable = self._covering
        self._covering = None
        released: list[Outgoing] = []
        released_bytes = 0
        for lane, sent, weighs in self._by_this:
            count = len(sent)
            released += sent
            released_bytes += weighs
            lane.messages -= count
            lane.bytes -= weighs
            if not weighs:
                self._not_weighed -= count
        self._all.messages -= len(released)
        self._all.bytes -= released_bytes
        self._by_this = []
        self._lanes = {
            number: lane for number, lane in self._lanes.items() if lane.messages or lane.written > durable
        }
        return released
