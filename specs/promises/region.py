"""The promises about tables, their metadata and those who change it."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.region import (
    BatchAnswered,
    BecameActive,
    Decided,
    DeclaredDead,
    Denied,
    Doubled,
    EpochChosen,
    Failing,
    FenceLowered,
    KeyOutside,
    Leaked,
    LearnerVotes,
    LedWhenGone,
    Listed,
    LocatedOld,
    LostVoterStays,
    MadeUnrecorded,
    MetadataChanged,
    NamesListed,
    ObeyedOldTerm,
    Overfull,
    PageShown,
    Placed,
    RegionView,
    Removed,
    RepairPlanned,
    SplitServed,
    Strayed,
    TableTold,
    TakenForDead,
    TakenForLiving,
    TookOver,
    Unended,
    Unmended,
    UserSaw,
)


@spec("always", source="docs/table.md, A1", over=RegionView, on=(MetadataChanged, TookOver))
def only_the_active_admin_changes(view: RegionView) -> Iterable[Violation]:
    """A change of the metadata is the active admin's, of its term; or makes its author active, of the next
    term, and does nothing else.
    """
    for fact in view.take(MetadataChanged):
        if fact.by != fact.active:
            yield Violation(f"{fact.by} changed {fact.what}, and {fact.active or 'nobody'} was active")
        elif fact.term != fact.active_term:
            yield Violation(f"{fact.by} changed {fact.what} before it took over term {fact.active_term}")
    for takeover in view.take(TookOver):
        if takeover.by != takeover.named:
            yield Violation(f"{takeover.by} made {takeover.named} active")
        elif takeover.term != takeover.before + 1:
            yield Violation(f"{takeover.by} took over term {takeover.term} after {takeover.before}")
        elif takeover.also:
            yield Violation(f"{takeover.by} took over term {takeover.term}, and changed {takeover.also}")


@spec("always", source="docs/table.md, A2 and A3", over=RegionView, on=(Decided,))
def workflow_steps_happen_once(view: RegionView) -> Iterable[Violation]:
    """What a step of a workflow decides, and the ids that it gives, are decided once, whoever drives it."""
    for fact in view.take(Decided):
        if fact.before:
            yield Violation(f"{fact.what} was decided, and {fact.before}")


@spec("always", source="docs/table.md, M2", over=RegionView, on=(Placed, Doubled))
def no_two_replicas_in_a_zone(view: RegionView) -> Iterable[Violation]:
    """Of a partition's n voters a zone has (n - 1) / 2 at the most, so one of three; and a node has one
    replica at the most, be it a voter or not.
    """
    for doubled in view.take(Doubled):
        yield Violation(f"{doubled.node} makes a second replica of partition {doubled.partition}")
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


@spec("always", source="docs/table.md, A3", over=RegionView, on=(MadeUnrecorded,))
def replicas_are_recorded_first(view: RegionView) -> Iterable[Violation]:
    """No replica is made that its partition's record does not name: as a voter, or among those that are no
    voters, of which a partition has few.
    """
    for fact in view.take(MadeUnrecorded):
        yield Violation(f"{fact.member} of partition {fact.partition} is made, and no record names it")


@spec("always", source="docs/table.md, A9", over=RegionView, on=(Listed,))
def listed_configs_were_chosen(view: RegionView) -> Iterable[Violation]:
    """The metadata's copy of a partition's config is a chosen one, and its epoch only rises."""
    for fact in view.take(Listed):
        if fact.wrong:
            yield Violation(f"partition {fact.partition} is listed with epoch {fact.epoch}: {fact.wrong}")


@spec("always", source="docs/table.md, section 3 (dead)", over=RegionView, on=(DeclaredDead,))
def nodes_die_one_zone_at_a_time(view: RegionView) -> Iterable[Violation]:
    """While voters are on dead nodes of a zone, no node of another zone is taken for dead; but an admin does
    not wait longer than its patience.
    """
    for fact in view.take(DeclaredDead):
        others = [zone for zone in fact.zones if zone != fact.zone]
        if others:
            yield Violation(f"{fact.node} was taken for dead, and zone {others[0]} was not mended yet")


@spec("always", source="docs/table.md, section 3 (dead)", over=RegionView, on=(TakenForDead, TakenForLiving))
def nodes_die_of_silence(view: RegionView) -> Iterable[Violation]:
    """A node is taken for dead when the admin that decides it has heard nothing of it for long enough, and
    lives again only when it was heard.
    """
    for lives in view.take(TakenForLiving):
        if lives.silent_us >= lives.too_long_us:
            yield Violation(f"{lives.node} counts as living after a silence of {lives.silent_us} us")
    for fact in view.take(TakenForDead):
        if fact.silent_us < fact.least_us:
            yield Violation(
                f"{fact.node} was taken for dead when it had been silent for {fact.silent_us} us, not for "
                f"{fact.least_us}"
            )


@spec("always", source="docs/table.md, section 3 (lost) and A10", over=RegionView, on=(RepairPlanned,))
def repairs_replace_the_lost(view: RegionView) -> Iterable[Violation]:
    """A voter is repaired only if it is lost: its node is dead now, as its admin must take it, or has a new
    disk, or has said that the voter is silent for ever, or nothing of it two times in a row.
    """
    for fact in view.take(RepairPlanned):
        if not fact.lost:
            yield Violation(f"voter {fact.voter} of partition {fact.partition} is repaired and was not lost")
        if not fact.at_once:
            yield Violation(
                f"what replaces voter {fact.voter} of partition {fact.partition} copies before it votes, and "
                "all other voters have their trees, or may have them"
            )


STEPS_OF_A_REPAIR = 12
"""The most that a repair asks and writes, one after the other: the walk that finds the loss (two reads), the
plan, the step and the end of its workflow (each a read and a write), and three commands with their answers.
"""


@spec("eventually", source="docs/table.md, M5 and A10", over=RegionView, on=(LostVoterStays,))
def repairs_come_soon(view: RegionView) -> Iterable[Violation]:
    """Without other faults, a voter that the admin knows to be lost is out of its config, and another in its
    place, as soon as a new leader is there and the steps of its repair, and of those before it, are done.
    """
    for fact in view.take(LostVoterStays):
        bound = fact.idle_us + fact.lost * (fact.pause_us + STEPS_OF_A_REPAIR * fact.pace.answer_us)
        if fact.took_us > bound:
            yield Violation(
                f"voter {fact.voter} of partition {fact.partition} was in the config for {fact.took_us} us "
                f"after its loss was known, with {fact.lost} lost voters; it may be for {bound}"
            )


@spec("always", source="docs/table.md, M1", over=RegionView, on=(EpochChosen,))
def epochs_rise(view: RegionView) -> Iterable[Violation]:
    """Each config that is chosen in a partition has a higher epoch than the one before it: so a command that
    expects an epoch is obeyed once.
    """
    for fact in view.take(EpochChosen):
        if fact.epoch <= fact.before:
            yield Violation(
                f"a config of epoch {fact.epoch} is chosen in partition {fact.partition} after one of epoch "
                f"{fact.before}"
            )


@spec("always", source="docs/table.md, M2 and M6", over=RegionView, on=(LearnerVotes,))
def learners_come_whole(view: RegionView) -> Iterable[Violation]:
    """Who is to copy before it votes has its tree when a config that names it is chosen."""
    for fact in view.take(LearnerVotes):
        if not fact.full:
            yield Violation(f"{fact.voter} votes in partition {fact.partition} before it has a tree")


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
    strong reads, writes and failed conditions, for each generation of a table by itself. A strong page shows
    no item that was overwritten before; an eventual read shows one that was written.
    """
    for fact in view.take(UserSaw):
        yield Violation(f"{fact.table}: {fact.wrong}")


@spec("always", source="docs/table.md, R8", over=RegionView, on=(PageShown,))
def scan_returns_each_once(view: RegionView) -> Iterable[Violation]:
    """An item that is there throughout a scan of strong reads is returned once, over pages and partitions;
    and no scan returns one twice.
    """
    for fact in view.take(PageShown):
        if fact.missing and not fact.query:
            yield Violation(
                f"a scan of {fact.table} left out {fact.missing[0]!r}, which was there throughout"
            )
        if fact.strange and not fact.query:
            yield Violation(f"a scan of {fact.table} returned {fact.strange[0]!r} again, or unasked")


@spec("always", source="docs/table.md, R9", over=RegionView, on=(PageShown,))
def query_returns_its_partition_key(view: RegionView) -> Iterable[Violation]:
    """A query returns items of its partition key only, in the order of their sort keys, over pages; of strong
    reads all that are there throughout.
    """
    for fact in view.take(PageShown):
        if fact.missing and fact.query:
            yield Violation(
                f"a query of {fact.table} left out {fact.missing[0]!r}, which was there throughout"
            )
        if fact.strange and fact.query:
            yield Violation(f"a query of {fact.table} returned {fact.strange[0]!r} again, or unasked")


@spec("always", source="DynamoDB API reference, Scan (Limit)", over=RegionView, on=(PageShown, NamesListed))
def pages_stay_within_their_limit(view: RegionView) -> Iterable[Violation]:
    """A page of a scan, of a query or of names of tables has no more than was asked for."""
    for page in view.take(PageShown):
        if page.items > page.limit:
            yield Violation(f"a page of {page.table} has {page.items} items, and may have {page.limit}")
    for fact in view.take(NamesListed):
        if fact.names > fact.limit:
            yield Violation(f"{fact.user} was told of {fact.names} tables, and may be of {fact.limit}")


@spec("always", source="docs/table.md, A13 and A14", over=RegionView, on=(TableTold,))
def tables_are_told_as_committed(view: RegionView) -> Iterable[Violation]:
    """What a user is told of tables, listed, described, created or deleted, was committed at one moment while
    he waited; a description may be as old as the look-up that it shares with others.
    """
    for fact in view.take(TableTold):
        if fact.wrong:
            yield Violation(f"{fact.user} asked for {fact.what}: {fact.wrong}")


@spec(
    "always",
    source="DynamoDB API reference, BatchGetItem and BatchWriteItem",
    over=RegionView,
    on=(BatchAnswered,),
)
def batches_do_some_of_it(view: RegionView) -> Iterable[Violation]:
    """A batch that is answered has done a part at least; one of which nothing was done is an error."""
    for fact in view.take(BatchAnswered):
        if fact.unprocessed == fact.parts:
            yield Violation(f"{fact.user} was answered a batch of {fact.parts}, and none of it was done")


@spec("always", source="docs/table.md, R1", over=RegionView, on=(Denied,))
def active_tables_are_found(view: RegionView) -> Iterable[Violation]:
    """Nobody is told that there is no such table of one that is active from before the question until the
    answer.
    """
    for fact in view.take(Denied):
        yield Violation(f"{fact.user} asked for {fact.what}, and heard that there is no {fact.table}")


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
    only a fault explains, of all or of a part of a batch; and each is answered while it waits.
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
    replicas_are_recorded_first,
    listed_configs_were_chosen,
    nodes_die_one_zone_at_a_time,
    nodes_die_of_silence,
    repairs_replace_the_lost,
    repairs_come_soon,
    epochs_rise,
    learners_come_whole,
    active_tables_are_whole,
    removed_tables_take_no_writes,
    fences_hold,
    routes_are_committed,
    routers_and_admins_stay_bounded,
    keys_lie_in_their_partition,
    children_follow_a_chosen_split,
    splits_stop_briefly,
    users_see_one_table,
    scan_returns_each_once,
    active_tables_are_found,
    query_returns_its_partition_key,
    pages_stay_within_their_limit,
    tables_are_told_as_committed,
    batches_do_some_of_it,
    nothing_leaks,
    what_was_begun_ends,
    every_partition_regains_its_voters,
    errors_stop_after_faults,
)
"""The specs of this module, in the order in which they are listed."""
