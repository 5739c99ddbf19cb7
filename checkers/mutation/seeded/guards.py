"""Bugs of handlers that raise. Only here an exception is what kills: that a handler must not raise is the
promise.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.messages.leadership import Heard
from dynaproof.impl.paxos.replica import Replica


@bug(unguarded=True)
class ShapesNotLookedAt(Replica):
    """A message of a peer is handled whatever its shape."""

    def sound(self, message: Message) -> bool:
        return True


@bug(unguarded=True)
class AnswersAreVoters(Replica):
    """A leader takes whoever answers its heartbeat for one of its voters."""

    def on_heard(self, sender: NodeId, m: Heard) -> None:
        if m.ballot == self.leading:
            self.renew(self.progress[m.source], m.asked_at, m.wall)
        super().on_heard(sender, m)
