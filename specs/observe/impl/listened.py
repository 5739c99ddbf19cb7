"""What the observer of a group listens to: notes of its nodes and clients, and messages that leave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from dynaproof.impl.node import Message, Note
from dynaproof.impl.partition.messages.readers import LogRead, LogTrimmed
from dynaproof.impl.partition.messages.requests import Page, Rejected, Reply, Request
from dynaproof.impl.partition.notes import (
    CapacityExceeded,
    LevelHeard,
    ReadAdmitted,
    ReadsDivided,
    ReadsTakenOver,
    Retried,
    Served,
    UseHeard,
)
from dynaproof.impl.paxos.messages.catch_up import Chosen, CopiedLog
from dynaproof.impl.paxos.messages.election import Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, Vote
from dynaproof.impl.paxos.notes import Deposed, Dropped, Led, Outbid, Reached
from dynaproof.impl.router.notes import Ended, Invoked, LogTaken, Shown
from dynaproof.specs.observe.impl.place import Place
from dynaproof.specs.observe.impl.replicas import ImplObserver

Listen: TypeAlias = Callable[[ImplObserver, Place, Any], None]

NOTES: Mapping[type[Note], Listen] = MappingProxyType(
    {
        Invoked: ImplObserver.on_invoked,
        Shown: ImplObserver.on_shown,
        Ended: ImplObserver.on_ended,
        LogTaken: ImplObserver.on_log_taken,
        Served: ImplObserver.on_served,
        Retried: ImplObserver.on_retried,
        CapacityExceeded: lambda observer, place, note: observer.capacity.exceeded(place, note),
        ReadAdmitted: lambda observer, place, note: observer.capacity.read(place, note),
        LevelHeard: lambda observer, place, note: observer.capacity.heard_level(place, note),
        UseHeard: lambda observer, place, note: observer.capacity.heard_use(place, note),
        ReadsDivided: lambda observer, place, note: observer.capacity.inherited(place, note),
        ReadsTakenOver: lambda observer, place, note: observer.capacity.took_over(place, note),
        Led: ImplObserver.on_led,
        Reached: ImplObserver.on_reached,
        Deposed: ImplObserver.on_deposed,
        Dropped: ImplObserver.on_dropped,
        Outbid: ImplObserver.on_outbid,
    }
)
"""The notes that are listened to."""


def sized(observer: ImplObserver, place: Place, message: Message) -> None:
    """A message that carries records leaves its replica."""
    observer.bounds.sized(place, message)


MESSAGES: Mapping[type[Message], Listen] = MappingProxyType(
    {
        Vote: ImplObserver.vouched,
        Heard: ImplObserver.vouched,
        Promise: ImplObserver.promised,
        Chosen: sized,
        CopiedLog: sized,
        LogRead: sized,
        Accept: ImplObserver.proposed,
        Adopt: ImplObserver.proposed,
        Prepare: ImplObserver.prepared,
        Heartbeat: lambda observer, place, message: observer.capacity.beat(place, message),
        Reply: ImplObserver.answered,
        Page: ImplObserver.paged,
        Rejected: ImplObserver.rejected,
        Request: ImplObserver.attempted,
        LogTrimmed: ImplObserver.trimmed,
    }
)
"""The messages that are examined when they leave."""
