"""What a replica reports of what it does for clients; nothing depends on it."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, Note
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId


class Retried(Note, frozen=True, gc=False, tag="retried"):
    """An attempt at a write was answered from memory: its request already has a chosen record."""

    request: RequestId
    attempt: int
    applied: bool


class Served(Note, frozen=True, gc=False, tag="served"):
    """A leader served a strong read; `left_us` of its lease were left by its own clock."""

    member: Member
    ballot: Ballot
    applied: int
    left_us: Microseconds


class CapacityExceeded(Note, frozen=True, gc=False, tag="capacity_exceeded"):
    """A replica throttles a request for want of capacity."""

    member: Member
    request: RequestId
    reason: str
    cost: int
    level: int
    """The level of the bucket that refuses, in whole micro-units, rounded down,"""
    at_us: Microseconds
    """at this commit timestamp or, for a read or the node's bucket, at this time by its own clock;"""
    bucket: str
    """the bucket is that of the share, of the cap or of the node."""


class WriteAdmitted(Note, frozen=True, gc=False, tag="write_admitted"):
    """A leader has charged its buckets for a write that it is about to propose; `at_us` is by its clock."""

    member: Member
    cost: int
    at_us: Microseconds


class ReadAdmitted(Note, frozen=True, gc=False, tag="read_admitted"):
    """A replica has charged its buckets for a read; `at_us` is by its clock."""

    member: Member
    cost: int
    at_us: Microseconds


class ReadsDivided(Note, frozen=True, gc=False, tag="reads_divided"):
    """A replica of a child begins with its part of its parent's level of reads, as it was heard."""

    member: Member
    level: int
    """In whole micro-units, rounded down."""


class ReadsTakenOver(Note, frozen=True, gc=False, tag="reads_taken_over"):
    """A new leader begins to admit reads at this level; `heard` is the one that it had heard, if any."""

    member: Member
    heard: int | None
    level: int
    """In whole micro-units, rounded down, like the one that it had heard."""
    at_us: Microseconds


class LevelHeard(Note, frozen=True, gc=False, tag="level_heard"):
    """A follower goes on from its leader's level of reads, in whole micro-units; `at_us` is by its clock."""

    member: Member
    level: int
    at_us: Microseconds


class UseHeard(Note, frozen=True, gc=False, tag="use_heard"):
    """A leader hears that a follower took `more` for eventual reads; `at_us` is by the leader's clock."""

    member: Member
    more: int
    at_us: Microseconds
