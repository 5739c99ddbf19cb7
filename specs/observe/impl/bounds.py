"""What a replica must keep bounded, as facts: its messages, the tail that it keeps, and its queues."""

from __future__ import annotations

from typing import ClassVar

from dynaproof.impl.node import Message
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.specs.observe.impl.message_sizes import bounded_size, tail_beyond
from dynaproof.specs.observe.impl.place import Place, settings_of
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import MessageTooLarge, QueueOverfull, TailTooLong


class BoundsObserver:
    """Files whatever is larger or longer than allowed."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (MessageTooLarge, QueueOverfull, TailTooLong)

    def __init__(self, view: GroupView) -> None:
        self.view = view

    def sized(self, place: Place, message: Message) -> None:
        """A message that carries records leaves its replica."""
        size = bounded_size(message)
        if size and size > (bound := settings_of(place).records_bytes):
            self.view.file(MessageTooLarge(place.name, type(message).__name__, size, bound))

    def began(self, replica: PartitionReplica) -> None:
        """A replica was made, or came back from its disk, with the tail that it kept."""
        records, size = tail_beyond(replica)
        if records:
            self.view.file(TailTooLong(replica.member, records, size, replica.settings.records_bytes))

    def queued(self, replica: PartitionReplica) -> None:
        """The queues of a replica have changed."""
        for queue, length, bound in replica.queues():
            if length > bound:
                self.view.file(QueueOverfull(replica.member, queue, length, bound))
