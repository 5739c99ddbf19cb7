"""The memory that the requests under way at a router take: what users have sent, and what was read for them.

*Invariant.* It is `most` bytes at the most. Where there is no room, nothing has happened: a request is
throttled, and so is a read whose item has come and is not kept; in a batch that item is left unprocessed.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.impl.router.asked import Asked
from dynaproof.impl.router.messages import BatchGetItem, BatchWriteItem, size_of


class Room:
    """The room of one router; see the module."""

    def __init__(self, most: int, of_a_batch: int) -> None:
        self.most = most
        self.of_a_batch = of_a_batch
        """What one batch may read."""
        self.taken = 0

    @property
    def left(self) -> int:
        """Bytes that are free."""
        return self.most - self.taken

    def take(self, asked: Asked, size: int) -> bool:
        """Count these bytes as taken for what a user has asked for, if there is room for them."""
        if size > self.left:
            return False
        self.taken += size
        asked.taken += size
        return True

    def keep(self, asked: Asked, size: int) -> bool:
        """The same for what was read, unless its batch is full (API reference, BatchGetItem)."""
        full = isinstance(asked.action, BatchGetItem) and asked.items_bytes + size > self.of_a_batch
        return not full and self.take(asked, size)

    def bounds(self, under_way: Iterable[Asked]) -> tuple[tuple[str, int, int], ...]:
        """What these take, and the largest batch among them: name, size and bound."""
        held, largest = 0, 0
        for one in under_way:
            held += size_of(one.action) + one.items_bytes
            if isinstance(one.action, BatchGetItem):
                largest = max(largest, one.items_bytes)
            elif isinstance(one.action, BatchWriteItem):
                largest = max(largest, one.action.size_bytes)
        return (
            ("bytes of requests under way", held, self.most),
            ("bytes of a batch", largest, self.of_a_batch),
        )

    def free(self, asked: Asked) -> None:
        """A request was answered: its bytes are free."""
        self.taken -= asked.taken
