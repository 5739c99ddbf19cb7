"""What can be observed of a region: its metadata as committed, its admins, and its users' view of tables."""

from __future__ import annotations

from typing import ClassVar

from dynaproof.specs.views.base import Fact, Name, View
from dynaproof.specs.views.load_facts import Pace


class RegionFact(Fact, frozen=True, gc=False):
    """The base of all facts about a region."""


class MetadataChanged(RegionFact, frozen=True, gc=False):
    """A change of the metadata is chosen that `by` asked for in this term; 0: in an earlier life, or before
    its last takeover. The metadata named `active` as the active admin at that time, with that term.
    """

    by: str
    term: int
    active: str
    active_term: int
    what: str


class TookOver(RegionFact, frozen=True, gc=False):
    """A takeover is chosen that `by` asked for: it makes an admin active, after the term `before`; what else
    it changes is in `also`.
    """

    by: str
    named: str
    term: int
    before: int
    also: str


class Decided(RegionFact, frozen=True, gc=False):
    """A workflow's step, or an id that it gives, is decided; `before` says how it was decided already."""

    what: str
    before: str


class Placed(RegionFact, frozen=True, gc=False):
    """A partition's voters are in these zones, on these nodes."""

    partition: Name
    zones: tuple[str, ...]
    nodes: tuple[str, ...]


class Doubled(RegionFact, frozen=True, gc=False):
    """A storage node has a replica of a partition, and makes another one."""

    partition: Name
    node: str


class MadeUnrecorded(RegionFact, frozen=True, gc=False):
    """A storage node begins to make a replica that the record of its partition does not name."""

    partition: Name
    member: Name


class Listed(RegionFact, frozen=True, gc=False):
    """The metadata's copy of a partition's config changes; `wrong` says what is wrong with it."""

    partition: Name
    epoch: int
    wrong: str


class DeclaredDead(RegionFact, frozen=True, gc=False):
    """A storage node in a zone is taken for dead, while there are voters on dead nodes in these zones."""

    node: str
    zone: str
    zones: tuple[str, ...]


class TakenForDead(RegionFact, frozen=True, gc=False):
    """A storage node is taken for dead, and had been silent for so long when its admin decided that, by the
    clock of that admin; and for how long it should be at the least.
    """

    node: str
    silent_us: int
    least_us: int


class TakenForLiving(RegionFact, frozen=True, gc=False):
    """An admin decides to take a storage node no longer for dead, of which it has heard nothing for so long;
    and how long is too long for that.
    """

    node: str
    silent_us: int
    too_long_us: int


class DrainChanged(RegionFact, frozen=True, gc=False):
    """From here on the record of a storage node says that it is drained, or no longer does; and whether an
    order that has not been answered asks for that.
    """

    node: str
    draining: bool
    ordered: bool


class DrainObeyed(RegionFact, frozen=True, gc=False):
    """An order that a storage node be drained, or no longer, is obeyed; and whether its record has said so
    since the order came.
    """

    node: str
    draining: bool
    done: bool


class RepairPlanned(RegionFact, frozen=True, gc=False):
    """An admin plans to replace a voter of a partition because it is lost; and whether it is, by what the
    admin was told.
    """

    partition: int
    voter: str
    lost: bool
    at_once: bool = True
    """Whether the new replica votes before it has copied a tree; or has to copy first, because another voter
    has no tree, or has not said for long whether it has one.
    """


class LostVoterStays(RegionFact, frozen=True, gc=False):
    """How long a voter of a partition has been lost, or was: from when the active admin heard of the last
    loss in the region.
    """

    partition: Name
    voter: Name
    took_us: int
    lost: int
    """How many voters were lost by then: their repairs may come first."""
    idle_us: int
    """How long new leaders may take,"""
    pause_us: int
    """and pauses of the admin, for each of these voters."""
    pace: Pace


class EpochChosen(RegionFact, frozen=True, gc=False):
    """A config of this epoch is chosen in a partition, after one of the epoch `before`; -1: none was seen."""

    partition: int
    epoch: int
    before: int


class LearnerVotes(RegionFact, frozen=True, gc=False):
    """A chosen config gives a vote to a replica that had to copy first; and whether that has a tree."""

    partition: int
    voter: str
    full: bool


class Unmended(RegionFact, frozen=True, gc=False):
    """Long after the faults, a partition lacks a voter."""

    partition: Name
    what: str
    waited_us: int


class BecameActive(RegionFact, frozen=True, gc=False):
    """A table is active from here on, with those of its replicas that were never made."""

    table: str
    missing: tuple[Name, ...]


class Removed(RegionFact, frozen=True, gc=False):
    """The record of a partition with `voters` voters is removed, and these nodes have not said that nothing
    of it is left there; `serving` names the one that may still serve by its lease, if any.
    """

    partition: Name
    voters: int
    left: tuple[str, ...]
    serving: str


class KeyOutside(RegionFact, frozen=True, gc=False):
    """A record that is chosen in a partition changes a key outside the partition's range."""

    partition: Name
    key: bytes


class LedWhenGone(RegionFact, frozen=True, gc=False):
    """A replica began to lead a partition whose record is removed."""

    partition: Name
    node: str


class Strayed(RegionFact, frozen=True, gc=False):
    """Something acts on a partition that no chosen split made, and that never had a record."""

    partition: Name
    who: str


class ObeyedOldTerm(RegionFact, frozen=True, gc=False):
    """A node did not refuse a command of a lower term than the fence that it had shown."""

    node: str
    what: str
    term: int
    fence: int


class FenceLowered(RegionFact, frozen=True, gc=False):
    """A node shows a lower fence than before."""

    node: str
    fence: int
    before: int


class LocatedOld(RegionFact, frozen=True, gc=False):
    """A table was located as it stood at a slot, although a change in a later slot had been acknowledged."""

    node: str
    slot: int
    acknowledged: int


class ShownHosts(RegionFact, frozen=True, gc=False):
    """A storage node says that the metadata is on these nodes, by the config of an epoch. It has named a
    later epoch before, or the chosen config of this epoch names other nodes (none: no such config is chosen).
    """

    node: str
    epoch: int
    hosts: tuple[str, ...]
    before: int
    chosen: tuple[str, ...]


class Overfull(RegionFact, frozen=True, gc=False):
    """A router or an admin has more of something than its bound allows."""

    node: str
    what: str
    length: int
    bound: int


class UserSaw(RegionFact, frozen=True, gc=False):
    """A user got an answer that cannot be."""

    table: str
    wrong: str


class PageShown(RegionFact, frozen=True, gc=False):
    """A page of a scan or of a query was answered: with the keys that were there throughout and are not in
    it, and those in it that were not asked for, or do not come behind what was read before. It has so many
    items, and may have `limit`.
    """

    table: str
    query: bool
    missing: tuple[bytes, ...]
    strange: tuple[bytes, ...]
    items: int
    limit: int


class NamesListed(RegionFact, frozen=True, gc=False):
    """A user was told of so many tables, where `limit` is the most."""

    user: str
    names: int
    limit: int


class TableTold(RegionFact, frozen=True, gc=False):
    """A user was told what tables there are, or what a table is; `wrong` says why no committed state explains
    that.
    """

    user: str
    what: str
    wrong: str


class BatchAnswered(RegionFact, frozen=True, gc=False):
    """A user's batch of several parts was answered, and so many parts were not processed."""

    user: str
    parts: int
    unprocessed: int


class Leaked(RegionFact, frozen=True, gc=False):
    """Long after the faults, something remains that nothing names."""

    where: str
    what: str


class SplitServed(RegionFact, frozen=True, gc=False):
    """How long after its barrier's proposal a split's child serves, or has a voter; or has not yet."""

    partition: Name
    child: Name
    took_us: int
    pace: Pace
    voter: Name | None = None
    """The voter of the child that is made; None: the child serves."""


class Unended(RegionFact, frozen=True, gc=False):
    """Long after the faults, something that was begun has not ended."""

    what: str
    waited_us: int


class CopyUnanswered(RegionFact, frozen=True, gc=False):
    """An admin did not repeat its answer to a copy of an order, though it has answered few others since."""

    admin: str
    order: Name


class OrderedTwice(RegionFact, frozen=True, gc=False):
    """An admin was given an order in a new session, though the admin that was given it before had not said
    that it had no effect there.
    """

    admin: str
    order: Name
    before: str


class Failing(RegionFact, frozen=True, gc=False):
    """Everything had mended `mended_us` after the faults had stopped; yet to a request `later_us` later a
    user got an error that only a fault explains, or no answer.
    """

    user: str
    what: str
    error: str
    mended_us: int
    later_us: int


class Denied(RegionFact, frozen=True, gc=False):
    """A user was told that there is no such table, although it was active all the time."""

    user: str
    what: str
    table: str


class RegionView(View[RegionFact]):
    """Facts about one region; each is judged in the step that shows it."""

    FACTS: ClassVar[type[Fact]] = RegionFact
