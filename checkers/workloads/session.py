"""A client that makes an operation when it is told that one is due, and none by itself."""

from __future__ import annotations

from dynaproof.checkers.runs.requests import Due
from dynaproof.checkers.workloads.client import Client, ClientSettings, ThinkTimer
from dynaproof.impl.node import Env, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Get, Operation, Put
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.router.call import Ending


def operation_of(due: Due) -> Operation:
    """A put of an item that no other request puts, or a strong read."""
    key = b"k%07d" % due.key
    if not due.write:
        return Get(key, strong=True)
    return Put(key, (b"%d." % due.number).ljust(due.size, b"x"))


class Session(Client):
    """One operation at a time, each when it is due."""

    def __init__(self, env: Env, replicas: tuple[NodeId, ...], settings: ClientSettings) -> None:
        super().__init__(env, replicas, settings)
        self.due: Due | None = None

    def on_start(self) -> None:
        """Nothing is due yet."""

    def on_timer(self, timer: Timer) -> None:
        """Make the operation that is due, or go on with the one under way."""
        if isinstance(timer, Due):
            self.due = timer
            self.begin()
        else:
            super().on_timer(timer)

    def next_operation(self) -> Operation | None:
        """The operation that is due, once."""
        due, self.due = self.due, None
        return None if due is None else operation_of(due)

    def end(self, ending: Ending, slot: int, observed: StoredItem | None) -> None:
        """The operation is over; whatever said that it was due says when the next one is."""
        super().end(ending, slot, observed)
        self.env.cancel_timer(ThinkTimer())
