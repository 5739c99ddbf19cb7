"""What can be observed of a stream: its shards, the logs that they follow, and the progress of consumers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, NamedTuple

from dynaproof.specs.views.base import Fact, Name, View


class Change(NamedTuple):
    """What a chosen record changed of an item, or what a stream record says about that."""

    slot: int
    key: Hashable
    old: Hashable
    new: Hashable


class StreamShard(NamedTuple):
    """A shard: the one whose log its own log continues, its records, the slot that it has reached, and its
    state.
    """

    parent: Name | None
    records: tuple[Change, ...]
    through: int
    closed: bool


class StreamFact(Fact, frozen=True, gc=False):
    """The base of all facts about a stream."""


class ShardChanged(StreamFact, frozen=True, gc=False):
    """A shard has other records, has got further, or was closed."""

    shard: Name


class Consumed(StreamFact, frozen=True, gc=False):
    """A consumer has processed more records of a shard."""

    shard: Name


class StreamView(View[StreamFact]):
    """Tables of facts about the shards of one stream."""

    FACTS: ClassVar[type[Fact]] = StreamFact

    def __init__(self) -> None:
        super().__init__()
        self.changes: dict[Name, list[Change]] = {}
        """By partition, what its chosen records changed, in the order of its log."""
        self.log_ends: dict[Name, int] = {}
        """By partition, the slot of its chosen split."""
        self.shards: dict[Name, StreamShard] = {}
        self.consumed: dict[Name, int] = {}
        """By shard, how many of its records a consumer has processed."""

    def stream(self, name: Name, shard: StreamShard) -> None:
        """A shard has changed to this."""
        self.shards[name] = shard
        self.file(ShardChanged(name))

    def consume(self, shard: Name, count: int) -> None:
        """A consumer has processed so many records of a shard, each after those before it."""
        self.consumed[shard] = count
        self.file(Consumed(shard))
