"""What can be observed of a region: its metadata as it is committed, its admins, and what its users see of
tables.
"""

from __future__ import annotations

from typing import ClassVar

from dynaproof.specs.views.base import Fact, Name, View
from dynaproof.specs.views.load_facts import Pace


class RegionFact(Fact, frozen=True, gc=False):
    """The base of all facts about a region."""


class MetadataChanged(RegionFact, frozen=True, gc=False):
    """A change of the metadata is chosen that `by` asked for, in this term; 0: in an earlier life, or before
    it took over last. The metadata named `active` as the active admin by then, of that term.
    """

    by: str
    term: int
    active: str
    active_term: int
    what: str


class TookOver(RegionFact, frozen=True, gc=False):
    """A takeover is chosen that `by` asked for: it names an admin as active, in place of the term `before`;
    and it `also` changes something else.
    """

    by: str
    named: str
    term: int
    before: int
    also: str


class Decided(RegionFact, frozen=True, gc=False):
    """A step of a workflow, or an id that it gives, is decided; `before` says how it was decided already."""

    what: str
    before: str


class Placed(RegionFact, frozen=True, gc=False):
    """A partition's voters lie in these zones, on these nodes."""

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
    """A storage node of a zone is taken for dead, while there are voters on dead nodes of these zones."""

    node: str
    zone: str
    zones: tuple[str, ...]


class TakenForDead(RegionFact, frozen=True, gc=False):
    """A storage node is taken for dead that was silent for so long at the most, by the clock of the admin; it
    is to be for as long as this at the least.
    """

    node: str
    silent_us: int
    least_us: int


class RepairPlanned(RegionFact, frozen=True, gc=False):
    """An admin is to have a voter of a partition replaced because it is lost; and whether it is, by what the
    admin was told.
    """

    partition: int
    voter: str
    lost: bool
    at_once: bool = True
    """Whether the new replica votes before it has copied a tree; or has to copy first, because another voter
    has none.
    """


class LostVoterStays(RegionFact, frozen=True, gc=False):
    """The voters of a partition were lost for so long, or are: from when the active admin heard of the last
    loss in the region.
    """

    partition: Name
    voter: Name
    took_us: int
    lost: int
    """Voters that were lost by then: their repairs may have been waited for;"""
    idle_us: int
    """and so may new leaders be,"""
    pause_us: int
    """and pauses of the admin, for each of them."""
    pace: Pace


class EpochChosen(RegionFact, frozen=True, gc=False):
    """A config of this epoch is chosen in a partition, after one of the epoch `before`; -1: none was seen."""

    partition: int
    epoch: int
    before: int


class LearnerVotes(RegionFact, frozen=True, gc=False):
    """A config is chosen that gives a vote to a replica that was to copy first; and whether it has a tree."""

    partition: int
    voter: str
    full: bool


class Unmended(RegionFact, frozen=True, gc=False):
    """Long after the faults, a partition lacks a voter."""

    partition: Name
    what: str
    waited_us: int


class BecameActive(RegionFact, frozen=True, gc=False):
    """A table is active from here on; these of its replicas were never made."""

    table: str
    missing: tuple[Name, ...]


class Removed(RegionFact, frozen=True, gc=False):
    """The record of a partition of `voters` voters is removed, and these nodes have not said that nothing of
    it is left there; `serving` names the one that may still serve by its lease, if one may.
    """

    partition: Name
    voters: int
    left: tuple[str, ...]
    serving: str


class KeyOutside(RegionFact, frozen=True, gc=False):
    """A record is chosen in a partition that changes a key which is not of its range."""

    partition: Name
    key: bytes


class LedWhenGone(RegionFact, frozen=True, gc=False):
    """A replica began to lead a partition whose record is removed."""

    partition: Name
    node: str


class Strayed(RegionFact, frozen=True, gc=False):
    """Somebody acts on a partition of which no split is chosen, and no record was ever there."""

    partition: Name
    who: str


class ObeyedOldTerm(RegionFact, frozen=True, gc=False):
    """A node did not refuse a command of a lower term than it had shown as its fence."""

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
    """A table was located as it stood at a slot, and a change in a later one had been acknowledged."""

    node: str
    slot: int
    acknowledged: int


class ShownHosts(RegionFact, frozen=True, gc=False):
    """A storage node says that the metadata is on these nodes, by the config of an epoch. It has said so of a
    later one before, or the config that was chosen names others (none: no such config is chosen).
    """

    node: str
    epoch: int
    hosts: tuple[str, ...]
    before: int
    chosen: tuple[str, ...]


class Overfull(RegionFact, frozen=True, gc=False):
    """A router or an admin has more of something than its bound permits."""

    node: str
    what: str
    length: int
    bound: int


class UserSaw(RegionFact, frozen=True, gc=False):
    """What a user was answered cannot be."""

    table: str
    wrong: str


class PageShown(RegionFact, frozen=True, gc=False):
    """A page of a scan or of a query was answered: these keys were there throughout and are not in it, and
    these are in it that were not asked for, or do not come behind what was read before. It has so many items,
    and may have `limit`.
    """

    table: str
    query: bool
    missing: tuple[bytes, ...]
    strange: tuple[bytes, ...]
    items: int
    limit: int


class NamesListed(RegionFact, frozen=True, gc=False):
    """A user was told of so many tables, and may be told of `limit`."""

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
    """A user was answered a batch of several parts, of which so many were not processed."""

    user: str
    parts: int
    unprocessed: int


class Leaked(RegionFact, frozen=True, gc=False):
    """Long after the faults, something is left that nothing names."""

    where: str
    what: str


class SplitServed(RegionFact, frozen=True, gc=False):
    """A child of a split serves, or has a voter, this long after the barrier was proposed; or has not for so
    long.
    """

    partition: Name
    child: Name
    took_us: int
    pace: Pace
    voter: Name | None = None
    """A voter of it is made then; None: it serves."""


class Unended(RegionFact, frozen=True, gc=False):
    """Long after the faults, something that was begun has not ended."""

    what: str
    waited_us: int


class CopyUnanswered(RegionFact, frozen=True, gc=False):
    """An admin did not repeat its answer for a copy of an order, though it has answered few others since."""

    admin: str
    order: Name


class Failing(RegionFact, frozen=True, gc=False):
    """All had mended `mended_us` after the faults had stopped; and of what a user asked for `later_us` later,
    it heard an error that only a fault explains, or nothing.
    """

    user: str
    what: str
    error: str
    mended_us: int
    later_us: int


class Denied(RegionFact, frozen=True, gc=False):
    """A user was told that there is no such table, and it was active all the time."""

    user: str
    what: str
    table: str


class RegionView(View[RegionFact]):
    """Facts about one region; each is judged in the step that shows it."""

    FACTS: ClassVar[type[Fact]] = RegionFact
