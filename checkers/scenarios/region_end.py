"""The fair end of a run of a region: the faults have stopped, and what must happen eventually is judged.

With the load on, every partition mends and users are answered, from then on without errors. Without it, every
workflow ends, all replicas of each partition become equal, and storage nodes keep nothing that the metadata
does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dynaproof.checkers.kinds.group import HOST, Group
from dynaproof.checkers.kinds.region import ADMIN, USER
from dynaproof.checkers.kinds.region_kinds import is_active
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES, STEPS, never, what_lags
from dynaproof.checkers.workloads.user import User
from dynaproof.impl.metadata.records import METADATA, PartitionRecord, TableRecord, WorkflowRecord
from dynaproof.impl.paxos.files import LOGS, PAGES, replicas_named
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group_facts import Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal
from dynaproof.specs.views.region import Leaked, Unended

PROVIDES: tuple[type[Fact], ...] = (
    Behind,
    IdleElection,
    Leaked,
    Stalled,
    Unanswered,
    Uncut,
    Unended,
    Unequal,
)
"""The types of all facts that are filed here, or that a group's end would file."""

PAUSES = 64
"""Pauses of a user within the time for which it waits for an answer, at the least."""

WATCHED = 2
"""Things that each user is answered, with the load on."""


def observed(run: Run) -> RegionObservation:
    """What the run has shown of its region."""
    observation: Any = run.observation
    assert isinstance(observation, RegionObservation)
    return observation


def listed(run: Run) -> list[int]:
    """The partitions of active tables, and the metadata."""
    metadata = observed(run).metadata
    active = {one.name for one in metadata.of(TableRecord) if one.status == "active"}
    return [METADATA, *(one.partition for one in metadata.of(PartitionRecord) if one.table in active)]


def groups_of(run: Run) -> list[Group]:
    """These as groups."""
    return [Group(run, number, observed(run).groups[number]) for number in listed(run)]


def users_of(run: Run) -> Iterator[User]:
    """The users."""
    for place in run.places_of(USER):
        assert isinstance(place.node, User)
        yield place.node


def most_steps(run: Run) -> int:
    """Events of one phase of the end, at the most."""
    return STEPS * (2 + len(listed(run)) // 8)


def go_on(run: Run) -> None:
    """The faults have stopped, and the load stays on, at an easy pace while the region mends."""
    observed(run).errors.stopped_at = run.world.tau
    ask_all(run, run.config.settings.lease_us)


def ask_all(run: Run, think_us: int) -> None:
    """Every user asks until it is told to stop, with pauses of so much at the most."""
    for user in users_of(run):
        run.world.run(run.world.at(user.env.me), user.go_on, think_us)


def stop(run: Run) -> None:
    """No user begins anything more: an event."""
    run.world.fault("stop", next(iter(run.world.places.values())), 0)
    for user in users_of(run):
        user.stop()


def rest(run: Run) -> None:
    """The admins stop, for they would go on to touch the metadata: an event."""
    run.world.fault("rest", next(iter(run.world.places.values())), 0)
    for place in run.places_of(ADMIN):
        if place.up:
            run.world.crash(place, "rest")


def judge_end(run: Run) -> None:
    """Mends, answers, ends what was begun, keeps nothing that is not named, and becomes quiet."""
    for judge in (mends, answers, ends, keeps_nothing, quiet):
        if run.failure is None:
            judge(run)
            run.check()


def file(run: Run, fact: Any) -> None:
    """File a fact of the region."""
    observed(run).region.file(fact)


def file_of(run: Run, group: Group, fact: Any) -> None:
    """File a fact of a group."""
    observed(run).of(group.number).view.file(fact)


def wait_for_each(run: Run, holds: Callable[[Group], bool], bound: int) -> list[Group]:
    """Wait until something has held of every listed group, at most so long; those of which it never did."""
    held: dict[int, bool] = {}

    def missing() -> list[Group]:
        return [group for group in groups_of(run) if group.number not in held]

    def each_held() -> bool:
        for group in missing():
            if not holds(group):
                return False
            held[group.number] = True
        return True

    run.advance_until(each_held, bound, most_steps(run))
    return [] if run.failure is not None or each_held() else missing()


# --- With the load on ---


def mends(run: Run) -> None:
    """In every partition a leader serves, and laggards have caught up; and an admin is active."""
    bound = SETTLING_LEASES * run.config.settings.lease_us
    run.advance_until(never, run.world.under_way_until - run.world.tau, most_steps(run))
    for group in wait_for_each(run, Group.keeps_up, bound):
        for fact in what_lags(group, bound):
            file_of(run, group, fact)
    run.advance_until(lambda: any(map(is_active, run.places_of(ADMIN))), bound, most_steps(run))
    if run.failure is None and not any(map(is_active, run.places_of(ADMIN))):
        file(run, Unended("the time without an active admin", bound))
    observed(run).errors.mended_at = run.world.tau


def answers(run: Run) -> None:
    """Each user is answered some more, then ends what it has under way. One that asks a router which stays
    down waits for as long as it ever waits; so that this is not too many events, the others pause.
    """
    user = run.config.user
    ask_all(run, max(user.think_us, user.timeout_us // PAUSES))
    goals = [(user, user.ended + WATCHED) for user in users_of(run)]
    bound, began_at = 4 * WATCHED * run.config.user.timeout_us, run.world.tau
    run.advance_until(lambda: all(user.ended >= goal for user, goal in goals), bound, most_steps(run))
    run.perform("stop")
    waits = run.config.user.timeout_us * 2
    run.advance_until(lambda: all(user.doing is None for user in users_of(run)), waits, most_steps(run))
    for user, goal in goals if run.failure is None else ():
        if user.ended < goal or user.doing is not None:
            what = "what it asked for" if user.doing is None else str(user.doing)
            file(run, Unended(f"{user.env.me.name}'s wait for {what}", run.world.tau - began_at))


# --- Without it ---


def ends(run: Run) -> None:
    """Every workflow ends, but for a table of which a replica is to be made on a node that stays down."""
    bound = SETTLING_LEASES * run.config.settings.lease_us
    run.advance_until(lambda: not under_way(run), bound, most_steps(run))
    for workflow in under_way(run) if run.failure is None else ():
        file(run, Unended(f"the workflow to {workflow.kind} {workflow.table}", bound))


def under_way(run: Run) -> list[WorkflowRecord]:
    """The workflows that have not ended, and can."""
    down, found = run.injector.excluded, observed(run).metadata.of(WorkflowRecord)

    def waits(workflow: WorkflowRecord) -> bool:
        voters = (voter for target in workflow.targets for voter in target.config.voters)
        return workflow.kind == "create" and any(voter.node.name == down for voter in voters)

    return [workflow for workflow in found if not waits(workflow)]


def quiet(run: Run) -> None:
    """In every partition all states equal the fold of what is chosen."""
    run.perform("rest")
    bound = SETTLING_LEASES * run.config.settings.lease_us
    for group in wait_for_each(run, Group.quiet, bound):
        run.advance_until(group.caught_up, bound, most_steps(run))
        for fact in what_lags(group, bound):
            file_of(run, group, fact)
        for replica in group.replicas():
            what = group.differs(replica)
            if what is not None:
                file_of(run, group, Unequal(replica.member, what))


def keeps_nothing(run: Run) -> None:
    """No storage node keeps anything of a partition of which there is no record."""
    bound = SETTLING_LEASES * run.config.settings.lease_us

    def left() -> list[tuple[str, str]]:
        records = observed(run).metadata.of(PartitionRecord)
        named = dict.fromkeys((METADATA, *(record.partition for record in records)))
        found: list[tuple[str, str]] = []
        for place in run.places_of(HOST):
            node = place.node
            if not place.up or not isinstance(node, StorageNode):
                continue
            files = replicas_named((*place.disk.logs(LOGS), *place.disk.files(PAGES)))
            there = dict.fromkeys((*node.replicas, *(group for group, _ in files)))
            found += [(place.name, f"partition {one}") for one in there if one not in named]
        return found

    run.advance_until(lambda: not left(), bound, most_steps(run))
    for where, what in left() if run.failure is None else ():
        file(run, Leaked(where, what))
