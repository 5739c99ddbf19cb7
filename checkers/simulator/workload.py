"""The clients of a scenario: a fixed number of operations each, on few keys, every written value unique."""

from __future__ import annotations

from impl.node import Env, NodeId
from impl.router.client import Client, ClientSettings, Ending
from impl.storage.messages import Delete, Get, Operation, Put
from impl.storage.records import Item, StoredItem


class WorkloadClient(Client):
    """Puts, deletes, conditional ones, strong and eventual gets, drawn through the environment."""

    def __init__(
        self, env: Env, replicas: tuple[NodeId, ...], settings: ClientSettings, operations: int, keys: int
    ) -> None:
        super().__init__(env, replicas, settings)
        self.left = operations
        self.keys = keys
        self.seen: dict[bytes, Item | None] = {}

    def next_operation(self) -> Operation | None:
        """Half reads; conditions mostly on what was seen last, so that most hold."""
        if self.left <= 0:
            return None
        self.left -= 1
        draw = self.env.random("operation", 12)
        key = b"k%d" % self.env.random("key", self.keys)
        if draw < 4:
            return Get(key, strong=True)
        if draw < 6:
            return Get(key, strong=False)
        conditional = draw >= 8
        expected = self.seen.get(key) if conditional else None
        if draw in {7, 11}:
            return Delete(key, conditional, expected)
        item = {"id": key.decode(), "v": f"{self.env.me.name}-{self.number + 1}"}
        return Put(key, item, conditional, expected)

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """Remember the last item seen under a key."""
        if isinstance(operation, Get):
            if ending == "ok" and operation.strong:
                self.seen[operation.key] = None if observed is None else observed.item
        elif ending == "ok":
            self.seen[operation.key] = operation.item if isinstance(operation, Put) else None
        elif ending == "condition_failed":
            self.seen[operation.key] = None if observed is None else observed.item
