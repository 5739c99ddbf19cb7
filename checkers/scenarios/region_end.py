"""The fair end of a run of a region: the faults have stopped, and what must happen eventually is judged.

With the load on, every partition mends and users are answered, from then on without errors. Without it, every
workflow ends, all replicas of each partition become equal, and storage nodes keep nothing that the metadata
does not name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dynaproof.checkers.kinds.group import HOST, Group
from dynaproof.checkers.kinds.region import ADMIN, RegionConfig
from dynaproof.checkers.kinds.region_kinds import is_active
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios import capacity_end, split_end
from dynaproof.checkers.scenarios.calm_end import judge_calm
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES, judge_cuts, never, what_lags
from dynaproof.checkers.scenarios.region_collection import looks_up_what_is_hosted
from dynaproof.checkers.scenarios.region_leaks import keeps_nothing
from dynaproof.checkers.scenarios.region_probe import is_of_use
from dynaproof.checkers.scenarios.region_run import (
    file,
    file_of,
    groups_of,
    listed,
    most_steps,
    observed,
    time_to_repair,
    users_of,
    wait_for_each,
)
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.placement import Candidate, place_one
from dynaproof.impl.metadata.records import (
    METADATA,
    NodeRecord,
    PartitionRecord,
    ReplacementRecord,
    SplitRecord,
    WorkflowRecord,
)
from dynaproof.impl.metadata.replacements import Plan
from dynaproof.impl.node import Microseconds
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group_facts import Behind, IdleElection, Stalled, Uncut, Unequal
from dynaproof.specs.views.region import Leaked, Unended, Unmended

PROVIDES: tuple[type[Fact], ...] = (
    *capacity_end.PROVIDES,
    Behind,
    IdleElection,
    Leaked,
    Stalled,
    Uncut,
    Unended,
    Unequal,
    Unmended,
)
"""The types of all facts that are filed by the end."""

Judge: TypeAlias = Callable[[Run], None]
"""Waits for something at the end of a run, and files what it waited for in vain."""

PAUSES = 64
"""The fewest pauses of a user in the time that it waits for an answer."""

WATCHED = 2
"""How many things each user is answered, with the load on."""

PATIENT = 4
"""How many times as many events as in other phases of the end may pass while users wait for answers."""


def go_on(run: Run) -> None:
    """The faults have stopped, and the load stays on, at an easy pace while the region mends."""
    observed(run).errors.stopped_at = run.world.tau
    ask_all(run, run.config.settings.lease_us)


def ask_all(run: Run, think_us: int) -> None:
    """Every user asks until it is told to stop, with pauses of at most `think_us`. All are up, unless the run
    is a part of a schedule: that may leave out the end of the faults, or a restart.
    """
    for user in users_of(run):
        place = run.world.at(user.env.me)
        if place.up:
            run.world.run(place, user.go_on, think_us)


def watch(run: Run) -> None:
    """Every user asks, and its answers are waited for: an event. One that asks a router that stays down waits
    as long as it ever does; to keep the events few meanwhile, the others pause.
    """
    run.world.fault("watch", next(iter(run.world.places.values())), 0)
    user = run.config.user
    ask_all(run, max(user.think_us, user.timeout_us // PAUSES))


def stop(run: Run) -> None:
    """No user begins anything more: an event."""
    run.world.fault("stop", next(iter(run.world.places.values())), 0)
    for user in users_of(run):
        user.stop()


def rest(run: Run) -> None:
    """The admins stop, for they would go on touching the metadata: an event."""
    run.world.fault("rest", next(iter(run.world.places.values())), 0)
    seen = observed(run)
    seen.stops.rest(run.world.tau)
    seen.repairs.times.rest(run.world.tau)
    for group in seen.groups.values():
        group.load.rest(run.world.tau)
    for place in run.places_of(ADMIN):
        if place.up:
            run.world.crash(place, "rest")


def judge_end(run: Run, also: tuple[Judge, ...] = ()) -> None:
    """The region mends, answers, ends what was begun, has all its voters and rates, does what else a scenario
    asks of it, is of use, looks up what is hosted, keeps nothing that is not named, becomes quiet, and stays
    so.
    """
    first = (stays_within_its_rate, mends, answers, ends, regains_voters, splits_the_large)
    last = (hears_its_rates, is_of_use, looks_up_what_is_hosted, keeps_nothing, quiet, stays_quiet)
    for judge in (*first, *also, *last):
        if run.failure is None:
            judge(run)
            run.check()


# --- With the load on ---


def stays_within_its_rate(run: Run) -> None:
    """Tables that are given capacity have admitted no more than that."""
    capacity_end.judge_tables(observed(run))


def mends(run: Run) -> None:
    """In every partition a leader serves, and laggards have caught up; an admin is active, and the admins
    have heard of all storage nodes.
    """
    bound = SETTLING_LEASES * run.config.settings.lease_us + time_to_repair(run)
    began_at = heard_from(run)
    run.advance_until(never, run.world.under_way_until - run.world.tau, most_steps(run))
    for group in wait_for_each(run, Group.keeps_up, bound):
        for fact in what_lags(group, bound):
            file_of(run, group.number, fact)
    run.advance_until(lambda: any(map(is_active, run.places_of(ADMIN))), bound, most_steps(run))
    if run.failure is None and not any(map(is_active, run.places_of(ADMIN))):
        file(run, Unended("the time without an active admin", bound))
    run.advance_until(
        lambda: all(hears_all(run, place, began_at.get(place.name, 0)) for place in run.places_of(ADMIN)),
        bound,
        most_steps(run),
    )
    if run.config.repairs:
        replaces_the_dead(run, bound)
    observed(run).errors.mended_at = run.world.tau


def hears_all(run: Run, place: Place, since: Microseconds) -> bool:
    """Whether the admin there is down, or has heard, since then by its clock, of all storage nodes that run,
    and, if it is active, takes none of them for dead: on any other node it places no replicas.
    """
    admin = place.node
    there = [host.id.address for host in run.places_of(HOST) if host.up]
    if not place.up or not isinstance(admin, Admin):
        return True
    heard, acts = admin.nodes.heard, admin.term.active
    return all(
        one in heard and heard[one].at >= since and not (acts and admin.nodes.is_dead(one)) for one in there
    )


def heard_from(run: Run) -> dict[str, Microseconds]:
    """From when on an admin must hear of a storage node, by the admin's clock: if nodes are taken for dead,
    from now on, for one that comes back now was perhaps silent for almost long enough.
    """
    there = [place for place in run.places_of(ADMIN) if place.up and run.config.repairs]
    return {place.name: place.env.now for place in there}


def replaces_the_dead(run: Run, bound: int) -> None:
    """Voters are replaced on nodes that were taken for dead before they were heard again: until then, one
    more fault, a cut link, can explain why a partition has no leader.
    """

    def repairs() -> bool:
        metadata = observed(run).metadata
        there = {host.name for host in run.places_of(HOST) if host.up}
        return (
            any(work.reason == "repair" for work in metadata.of(ReplacementRecord))
            or any(one.dead and one.name in there for one in metadata.of(NodeRecord))
            or any(map(is_to_repair, run.places_of(ADMIN)))
        )

    run.advance_until(lambda: not repairs(), bound, most_steps(run))
    wait_for_each(run, Group.keeps_up, bound)


def is_to_repair(place: Place) -> bool:
    """Whether the active admin there is about to write down a repair."""
    if not is_active(place):
        return False
    assert isinstance(place.node, Admin)
    return any(isinstance(one, Plan) and one.reason == "repair" for one in place.node.chores.waiting)


def answers(run: Run) -> None:
    """Each user is answered some more, then ends what it has under way."""
    run.perform("watch")
    goals = [(user, user.ended + WATCHED) for user in users_of(run)]
    # After an error, a user of routers that take few requests pauses up to four times as long as it waits.
    bound, began_at = 16 * WATCHED * run.config.user.timeout_us, run.world.tau
    # While one user waits out each of its requests, the others ask many times.
    steps = PATIENT * most_steps(run)
    run.advance_until(lambda: all(user.ended >= goal for user, goal in goals), bound, steps)
    run.perform("stop")
    waits = run.config.user.timeout_us * 2
    run.advance_until(lambda: all(user.doing is None for user in users_of(run)), waits, most_steps(run))
    for user, goal in goals if run.failure is None else ():
        if user.ended < goal or user.doing is not None:
            what = "what it asked for" if user.doing is None else str(user.doing)
            file(run, Unended(f"{user.env.me.name}'s wait for {what}", run.world.tau - began_at))


# --- Without it ---


def ends(run: Run) -> None:
    """Every workflow ends; if no voters are replaced, except that of a table with a replica to be made on a
    node that stays down.
    """
    bound = SETTLING_LEASES * run.config.settings.lease_us + time_to_repair(run)
    run.advance_until(lambda: not under_way(run), bound, most_steps(run))
    for workflow in under_way(run) if run.failure is None else ():
        file(run, Unended(f"the workflow to {workflow.kind} {workflow.table}", bound))


def regains_voters(run: Run) -> None:
    """All voters of every partition are there, and none is being replaced. A node that stays down is first
    taken for dead, and what was begun with it is given up.
    """
    bound = SETTLING_LEASES * run.config.settings.lease_us + time_to_repair(run)

    down = run.injector.excluded  # Nobody replaces a voter of partition 0 that is down.

    def lacking() -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for group in groups_of(run):
            there = {replica.member for replica in group.replicas() if replica.admitted and replica.full}
            voters = group.observation.config.voters
            found += [
                (group.number, str(voter))
                for voter in voters
                if voter not in there and (group.number != METADATA or voter.node.name != down)
            ]
        return found

    def settled() -> bool:
        replaces = observed(run).metadata.of(ReplacementRecord)
        splits = observed(run).metadata.of(SplitRecord)
        return not (lacking() or replaces or splits or undrained(run))

    if not run.config.repairs:
        return
    run.advance_until(settled, bound, most_steps(run))
    if run.failure is not None:
        return
    for number, voter in lacking():
        file(run, Unmended(number, voter, bound))
    for node in undrained(run):
        file(run, Unended(f"the drain of {node}", bound))
    for work in observed(run).metadata.of(ReplacementRecord):
        file(run, Unended(f"the replacement of {work.out} in partition {work.partition}", bound))
    for split in observed(run).metadata.of(SplitRecord):
        file(run, Unended(f"the split of partition {split.partition}, in its step {split.step}", bound))


def splits_the_large(run: Run) -> None:
    """Every partition that is too large is split, even one whose leader does not hear a voter, if admins wait
    for at least a lease before they give a split up.
    """
    config: RegionConfig = run.config
    lease, patience = config.settings.lease_us, config.admin.split_patience_us
    if not config.repairs or patience < lease:
        return
    bound = SETTLING_LEASES * lease + time_to_repair(run)

    def left() -> list[int]:
        admins = [place.node for place in run.places_of(ADMIN) if is_active(place)]
        records, there = observed(run).metadata.of(PartitionRecord), listed(run)
        return list(split_end.too_large(admins, (one for one in records if one.partition in there)))

    run.advance_until(lambda: not left(), bound, most_steps(run))
    for partition in left() if run.failure is None else ():
        file(run, Unended(f"the wait of partition {partition}, which is too large, for its split", bound))


def hears_its_rates(run: Run) -> None:
    """Every partition of a table that is given capacity gets its share."""
    bound = SETTLING_LEASES * run.config.settings.lease_us
    if capacity_end.unrated(observed(run)):
        run.advance_until(lambda: not capacity_end.unrated(observed(run)), bound, most_steps(run))
    for partition in capacity_end.unrated(observed(run)) if run.failure is None else ():
        file(run, Unended(f"the wait of partition {partition} for its share", bound))


def undrained(run: Run) -> list[str]:
    """Nodes that are to be drained and host a replica that may lie on another node, which has room for it."""
    metadata, down = observed(run).metadata, run.injector.excluded
    nodes = {one.name: one for one in metadata.of(NodeRecord)}
    records = [one for one in metadata.of(PartitionRecord) if one.state not in ("split", "gone")]
    hosting = [voter.node.name for record in records for voter in record.config.voters]
    most = run.config.admin.replicas_per_node
    stay = [
        Candidate(place.id, 0)
        for place in run.places_of(HOST)
        if place.name in nodes and not nodes[place.name].draining and place.name != down
        if hosting.count(place.name) < most
    ]
    found = []

    def is_drained(name: str) -> bool:
        return name in nodes and nodes[name].draining  # A node may not have reported to an active admin yet.

    for record in records:
        left = [one.member.node.address for one in record.pending]
        found += [
            voter.node.name
            for voter in record.config.voters
            if is_drained(voter.node.name) and place_one(stay, record.config, voter, left) is not None
        ]
    return found


def under_way(run: Run) -> list[WorkflowRecord]:
    """The workflows of tables that have not ended, and can."""
    down, found = run.injector.excluded, observed(run).metadata.of(WorkflowRecord)

    def waits(workflow: WorkflowRecord) -> bool:
        voters = (voter for target in workflow.targets for voter in target.config.voters)
        for_ever = workflow.kind == "create" and not run.config.repairs
        return for_ever and any(voter.node.name == down for voter in voters)

    return [workflow for workflow in found if not waits(workflow)]


def quiet(run: Run) -> None:
    """In every partition all states equal the fold of what is chosen; in the metadata, only once the admins
    rest: a page that rotted before may be found late, and then they replace its voter.
    """
    becomes_quiet(run, lambda group: group.number != METADATA)
    if run.failure is None:
        run.perform("rest")
        becomes_quiet(run, lambda group: group.number == METADATA)


def stays_quiet(run: Run) -> None:
    """No leader changes any more, and logs are cut. A group that is split meanwhile, by an order from before
    the admins rested, has no leader any more.
    """
    groups = list(groups_of(run))
    judge_calm(run, groups, most_steps(run))
    groups = [group for group in groups if not group.is_over()]
    for group in groups if run.failure is None else ():
        judge_cuts(run, group)


def becomes_quiet(run: Run, judged: Callable[[Group], bool]) -> None:
    """Some of the groups become quiet."""
    bound = SETTLING_LEASES * run.config.settings.lease_us + time_to_repair(run)
    for group in wait_for_each(run, lambda group: not judged(group) or group.quiet(), bound):
        run.advance_until(group.caught_up, bound, most_steps(run))
        for fact in what_lags(group, bound):
            file_of(run, group.number, fact)
        for replica in group.replicas():
            what = group.differs(replica)
            if what is not None:
                file_of(run, group.number, Unequal(replica.member, what))
