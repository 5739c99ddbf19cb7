"""The promises about tables, their metadata and those who change it."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.region import (
    BecameActive,
    CopyUnanswered,
    Decided,
    DeclaredDead,
    Failing,
    FenceLowered,
    KeyOutside,
    Leaked,
    LedWhenGone,
    Listed,
    LocatedOld,
    MetadataChanged,
    ObeyedOldTerm,
    Overfull,
    Placed,
    RegionView,
    Removed,
    ScanEnded,
    SplitServed,
    Strayed,
    Unended,
    Unmended,
    UserSaw,
)


@spec("always", source="docs/table.md, A1", over=RegionView, on=(MetadataChanged,))
def only_the_active_admin_changes(view: RegionView) -> Iterable[Violation]:
    """A change of the metadata is the active admin's, or makes its author active."""
    for fact in view.take(MetadataChanged):
        if fact.by != fact.active:
            yield Violation(f"{fact.by} changed {fact.what}, and {fact.active or 'nobody'} was active")


@spec("always", source="docs/table.md, A2 and A3", over=RegionView, on=(Decided,))
def workflow_steps_happen_once(view: RegionView) -> Iterable[Violation]:
    """What a step of a workflow decides, and the ids that it gives, are decided once, whoever drives it."""
    for fact in view.take(Decided):
        if fact.before:
            yield Violation(f"{fact.what} was decided, and {fact.before}")


@spec("always", source="docs/table.md, M2", over=RegionView, on=(Placed,))
def no_two_replicas_in_a_zone(view: RegionView) -> Iterable[Violation]:
    """Of a partition's n voters a zone has (n - 1) / 2 at the most, so one of three; and a node has one."""
    for fact in view.take(Placed):
        most = (len(fact.zones) - 1) // 2
        for zone in dict.fromkeys(fact.zones):
            if fact.zones.count(zone) > most:
                yield Violation(
                    f"partition {fact.partition} has {fact.zones.count(zone)} of {len(fact.zones)} voters in "
                    f"zone {zone}"
                )
        if len(dict.fromkeys(fact.nodes)) < len(fact.nodes):
            yield Violation(f"partition {fact.partition} has two voters on one node: {', '.join(fact.nodes)}")


@spec("always", source="docs/table.md, A9", over=RegionView, on=(Listed,))
def listed_configs_were_chosen(view: RegionView) -> Iterable[Violation]:
    """The metadata's copy of a partition's config is a chosen one, and its epoch only rises."""
    for fact in view.take(Listed):
        if fact.wrong:
            yield Violation(f"partition {fact.partition} is listed with epoch {fact.epoch}: {fact.wrong}")


@spec("always", source="docs/table.md, section 3 (dead)", over=RegionView, on=(DeclaredDead,))
def nodes_die_one_zone_at_a_time(view: RegionView) -> Iterable[Violation]:
    """While voters are on dead nodes of a zone, no node of another zone is taken for dead."""
    for fact in view.take(DeclaredDead):
        others = [zone for zone in fact.zones if zone != fact.zone]
        if others:
            yield Violation(f"{fact.node} was taken for dead, and zone {others[0]} was not mended yet")


@spec("always", source="docs/table.md, A13", over=RegionView, on=(BecameActive,))
def active_tables_are_whole(view: RegionView) -> Iterable[Violation]:
    """When a table becomes active, every replica of its partitions was made, but for one of each whose node
    is lost, or has no room: that is replaced.
    """
    for fact in view.take(BecameActive):
        if fact.missing:
            names = ", ".join(map(str, fact.missing))
            yield Violation(f"{fact.table} became active, and {names} was never made")


@spec("always", source="docs/table.md, A7 and A14", over=RegionView, on=(Removed, LedWhenGone))
def removed_tables_take_no_writes(view: RegionView) -> Iterable[Violation]:
    """When the record of a partition is removed no quorum of it is left, and nobody serves it by a lease; and
    nobody leads it later.
    """
    for gone in view.take(LedWhenGone):
        yield Violation(f"{gone.node} leads partition {gone.partition}, of which there is no record any more")
    for fact in view.take(Removed):
        if 2 * len(fact.left) > fact.voters:
            yield Violation(
                f"partition {fact.partition} was removed, and {' and '.join(fact.left)} may still be a quorum"
            )
        elif fact.serving:
            yield Violation(f"partition {fact.partition} was removed, and {fact.serving} may still serve it")


@spec("always", source="docs/table.md, A8", over=RegionView, on=(FenceLowered, ObeyedOldTerm))
def fences_hold(view: RegionView) -> Iterable[Violation]:
    """A storage node that has shown a fence refuses every command of a lower term, and shows none that is
    lower.
    """
    for lowered in view.take(FenceLowered):
        yield Violation(f"{lowered.node} has the fence {lowered.fence}, and had shown {lowered.before}")
    for fact in view.take(ObeyedOldTerm):
        yield Violation(
            f"{fact.node} obeyed {fact.what} of term {fact.term}, and had shown the fence {fact.fence}"
        )


@spec("always", source="docs/table.md, R1 and The metadata", over=RegionView, on=(LocatedOld,))
def routes_are_committed(view: RegionView) -> Iterable[Violation]:
    """Where a table is, is read under the lease of the metadata's leader: nothing older than what was
    acknowledged before is answered.
    """
    for fact in view.take(LocatedOld):
        yield Violation(
            f"{fact.node} located a table at slot {fact.slot}, and slot {fact.acknowledged} was acknowledged"
        )


@spec("always", source="Birrell and Nelson, Implementing RPC, 1984", over=RegionView, on=(CopyUnanswered,))
def copies_of_orders_are_answered(view: RegionView) -> Iterable[Violation]:
    """A copy of an order is answered as it was: an admin keeps no fewer answers than its bound says."""
    for fact in view.take(CopyUnanswered):
        yield Violation(f"{fact.admin} had answered {fact.order}, and gave a copy of it no answer")


@spec("always", source="the boundary of nodes, bounds", over=RegionView, on=(Overfull,))
def routers_and_admins_stay_bounded(view: RegionView) -> Iterable[Violation]:
    """What a router or an admin keeps of requests, look-ups, tables, sessions and orders is bounded, and so
    are the replicas that a storage node makes at a command.
    """
    for fact in view.take(Overfull):
        yield Violation(f"{fact.node} has {fact.length} {fact.what}, and may have {fact.bound}")


@spec("always", source="DynamoDB (ATC 2022), 3", over=RegionView, on=(KeyOutside,))
def keys_lie_in_their_partition(view: RegionView) -> Iterable[Violation]:
    """A partition changes keys of its own range only."""
    for fact in view.take(KeyOutside):
        yield Violation(f"partition {fact.partition} changed {fact.key!r}, which is not of its range")


@spec("always", source="DynamoDB developer guide, read consistency", over=RegionView, on=(UserSaw,))
def users_see_one_table(view: RegionView) -> Iterable[Violation]:
    """What users are answered by any routers can be explained by one copy of each item that changes at once:
    strong reads, writes and failed conditions; an eventual read shows an item that was written.
    """
    for fact in view.take(UserSaw):
        yield Violation(f"{fact.table}: {fact.wrong}")


@spec("always", source="docs/table.md, R8", over=RegionView, on=(ScanEnded,))
def scan_returns_each_once(view: RegionView) -> Iterable[Violation]:
    """An item that is there throughout a scan of strong reads is returned once, over pages and partitions;
    and no scan returns one twice.
    """
    for fact in view.take(ScanEnded):
        if fact.missing:
            yield Violation(
                f"a scan of {fact.table} left out {fact.missing[0]!r}, which was there throughout"
            )
        if fact.repeated:
            yield Violation(f"a scan of {fact.table} returned {fact.repeated[0]!r} again")


@spec("eventually", source="docs/table.md, A11", over=RegionView, on=(Leaked,))
def nothing_leaks(view: RegionView) -> Iterable[Violation]:
    """When the faults have stopped, no replica, file, record or workflow is left that nothing names."""
    for fact in view.take(Leaked):
        yield Violation(f"{fact.where} keeps {fact.what}, which nothing names")


@spec("eventually", source="docs/table.md, A2 and R6", over=RegionView, on=(Unended,))
def what_was_begun_ends(view: RegionView) -> Iterable[Violation]:
    """When the faults have stopped, every workflow ends, every user is answered, and an admin is active."""
    for fact in view.take(Unended):
        yield Violation(f"{fact.what} has not ended after {fact.waited_us} us")


@spec("eventually", source="docs/table.md, A10", over=RegionView, on=(Unmended,))
def every_partition_regains_its_voters(view: RegionView) -> Iterable[Violation]:
    """When the faults have stopped, all voters of each partition are live, admitted and have trees."""
    for fact in view.take(Unmended):
        yield Violation(f"partition {fact.partition} lacks {fact.what} after {fact.waited_us} us")


@spec("always", source="docs/table.md, H3 and R4", over=RegionView, on=(Strayed,))
def children_follow_a_chosen_split(view: RegionView) -> Iterable[Violation]:
    """Nobody asks for a child of a partition, and no replica of one speaks, before the split is chosen."""
    for fact in view.take(Strayed):
        yield Violation(
            f"{fact.who} acts on partition {fact.partition}, and no split that makes it is chosen"
        )


@spec("eventually", source="docs/table.md, H1, H6 and H9", over=RegionView, on=(SplitServed,))
def splits_stop_briefly(view: RegionView) -> Iterable[Violation]:
    """Without faults both children of a split serve, and have all their voters, within six round trips and
    nine syncs after the barrier was proposed: leader and voters journal it, the leader counts their votes and
    says so, each voter makes its replicas (three syncs), and the first leader is promised and votes for its
    first batch.
    """
    for fact in view.take(SplitServed):
        if fact.took_us > fact.pace.stop_us:
            lacked = "did not serve" if fact.voter is None else f"had no voter on {fact.voter}"
            yield Violation(
                f"partition {fact.child} {lacked} for {fact.took_us} us after the barrier of partition "
                f"{fact.partition} was proposed; it may take {fact.pace.stop_us}"
            )


@spec("eventually", source="docs/table.md, R1 to R6", over=RegionView, on=(Failing,))
def errors_stop_after_faults(view: RegionView) -> Iterable[Violation]:
    """Once all has mended, for which there is a bound, no user that asks a running router hears an error that
    only a fault explains, and each is answered while it waits.
    """
    for fact in view.take(Failing):
        yield Violation(
            f"{fact.user} asked for {fact.what} and heard {fact.error or 'nothing'}; "
            f"all had mended {fact.mended_us} us after the faults had stopped, {fact.later_us} us before"
        )


SPECS: tuple[AnySpec, ...] = (
    only_the_active_admin_changes,
    workflow_steps_happen_once,
    no_two_replicas_in_a_zone,
    listed_configs_were_chosen,
    nodes_die_one_zone_at_a_time,
    active_tables_are_whole,
    removed_tables_take_no_writes,
    fences_hold,
    routes_are_committed,
    routers_and_admins_stay_bounded,
    copies_of_orders_are_answered,
    keys_lie_in_their_partition,
    children_follow_a_chosen_split,
    splits_stop_briefly,
    users_see_one_table,
    scan_returns_each_once,
    nothing_leaks,
    what_was_begun_ends,
    every_partition_regains_its_voters,
    errors_stop_after_faults,
)
"""The specs of this module, in the order in which they are listed."""
