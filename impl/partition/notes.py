"""What a replica says of what it does for clients; nothing depends on it."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, Note
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId


class Retried(Note, frozen=True, gc=False, tag="retried"):
    """An attempt at a write was answered from memory: its request has a chosen record already."""

    request: RequestId
    attempt: int
    applied: bool


class Served(Note, frozen=True, gc=False, tag="served"):
    """A leader served a strong read; `left_us` of its lease were left by its own clock."""

    member: Member
    ballot: Ballot
    applied: int
    left_us: Microseconds
