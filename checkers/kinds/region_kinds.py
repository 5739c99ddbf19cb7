"""The kinds of nodes of a region: storage nodes, routers, admins, users; what listens to them, and the words
in which they are shown.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.caller_notes import (
    activated,
    caller_crashed,
    user_answered,
    user_asked,
    user_crashed,
)
from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.groups import GroupsObservation, in_its_group, in_its_lane
from dynaproof.checkers.kinds.region import (
    ADMIN,
    ADMIN_NODES,
    ROUTER,
    ROUTER_NODES,
    USER,
    hosts,
    make_admin,
    make_host,
    make_router,
    make_user,
    users,
)
from dynaproof.checkers.kinds.region_budget import VotersOfEachPartition
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.replica_faults import HANDOVER, PAGE_ROT, ROT
from dynaproof.checkers.kinds.replica_host import brief, replica_host
from dynaproof.checkers.runs.kind import Kind, Table, Unlimited
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.term import Activated
from dynaproof.impl.metadata.records import ReplacementRecord, SplitRecord
from dynaproof.impl.partition.messages.requests import Request
from dynaproof.impl.partition.notes import CapacityExceeded, ReadAdmitted, WriteAdmitted
from dynaproof.impl.paxos.messages.leadership import Release
from dynaproof.impl.paxos.notes import Led, Reached
from dynaproof.impl.router.notes import Crossed, Ended, Invoked, Shown, UserAnswered, UserAsked
from dynaproof.impl.storage_node.messages import (
    Fenced,
    NodeReport,
    PartitionGone,
)
from dynaproof.specs.observe.impl.listened import MESSAGES, NOTES

# --- Words ---


def knowledge_of_admin(place: Place) -> Knowledge:
    """What an admin knows."""
    admin: Any = place.node
    workflows = (
        f"{number}: {driven.record.kind} {driven.record.table}"
        for number, driven in admin.workflows.known.items()
    )
    replaced = (
        f"{work.workflow}: {work.step} {work.new} for {work.out} in partition {work.partition}"
        for work in (one.work for one in admin.steps.of(ReplacementRecord))
    )
    split = (
        f"{work.workflow}: {work.step} of partition {work.partition}"
        for work in (one.work for one in admin.steps.of(SplitRecord))
    )
    known = {
        "term": str(admin.term.term) if admin.term.active else "not active",
        "workflows": ", ".join(workflows) or "none",
        "replaces": ", ".join(replaced) or "nobody",
        "splits": ", ".join(split),
        "calls": str(len(admin.caller)),
    }
    return {what: words for what, words in known.items() if words}


def knowledge_of_router(place: Place) -> Knowledge:
    """What a router knows."""
    router: Any = place.node
    return {
        "tables": ", ".join(router.tables.known) or "none",
        "under way": str(len(router.asked)),
        "calls": str(len(router.caller)),
    }


def knowledge_of_user(place: Place) -> Knowledge:
    """What a user waits for."""
    user: Any = place.node
    return {"asks for": "nothing" if user.doing is None else str(user.doing), "answered": str(user.ended)}


def is_active(place: Place) -> bool:
    """Whether the admin there is active, as far as it knows."""
    node = place.node
    return place.up and isinstance(node, Admin) and node.term.active


# --- What replicas admit ---


def admitted(observation: RegionObservation, place: Place, note: ReadAdmitted | WriteAdmitted) -> None:
    """A replica has admitted something of what its partition is given."""
    observation.capacity.limits.admitted(place, note)
    if isinstance(note, ReadAdmitted):
        observation.of(place.lane).capacity.read(place, note)


def exceeded(observation: RegionObservation, place: Place, note: CapacityExceeded) -> None:
    """A replica throttles."""
    observation.capacity.limits.exceeded(place, note)
    observation.of(place.lane).capacity.exceeded(place, note)


# --- Kinds ---

_HOSTS = in_its_group(replica_host(), nodes=hosts, make=make_host)

HOSTS_OF_REGION = structs.replace(
    _HOSTS,
    notes={
        **_HOSTS.table(),
        Led: RegionObservation.led,
        ReadAdmitted: admitted,
        WriteAdmitted: admitted,
        CapacityExceeded: exceeded,
    },
    sent={
        **_HOSTS.sent,
        Release: RegionObservation.released,
        PartitionGone: RegionObservation.partition_gone,
        Fenced: RegionObservation.fenced,
        NodeReport: RegionObservation.reported,
    },
    handled=RegionObservation.host_handled,
    synced=GroupsObservation.synced,
    crashed=RegionObservation.host_crashed,
    damaged=GroupsObservation.damaged,
    rotted=GroupsObservation.rotted,
    faults=(HANDOVER,),
    budget=Unlimited,
)
"""Storage nodes crash, and lose no synced state."""

CALLS: Table = {
    Invoked: in_its_lane(NOTES[Invoked]),
    Shown: in_its_lane(NOTES[Shown]),
    Ended: in_its_lane(NOTES[Ended]),
    Crossed: RegionObservation.crossed,
    Reached: RegionObservation.noted,
}
"""What routers and admins note of their calls."""

ROUTERS = Kind(
    name=ROUTER,
    nodes=lambda _config: ROUTER_NODES,
    make=make_router,
    handled=RegionObservation.router_handled,
    notes=CALLS,
    sent={Request: in_its_lane(MESSAGES[Request])},
    crashed=caller_crashed,
    knowledge=knowledge_of_router,
    brief=brief,
)

ADMINS = Kind(
    name=ADMIN,
    nodes=lambda _config: ADMIN_NODES,
    make=make_admin,
    handled=RegionObservation.admin_handled,
    notes={**CALLS, Activated: activated},
    sent={Request: in_its_lane(MESSAGES[Request])},
    crashed=caller_crashed,
    knowledge=knowledge_of_admin,
    brief=brief,
    may_stay_cut=False,
    foremost=is_active,
)

USERS = Kind(
    name=USER,
    nodes=users,
    make=make_user,
    notes={UserAsked: user_asked, UserAnswered: user_answered},
    crashed=user_crashed,
    knowledge=knowledge_of_user,
    brief=brief,
    faults=(CLIENT_CRASH,),
    suffers=False,
)

KINDS = (HOSTS_OF_REGION, ROUTERS, ADMINS, USERS)

HOSTS_THAT_LOSE = structs.replace(
    HOSTS_OF_REGION, faults=(ROT, PAGE_ROT, HANDOVER), budget=VotersOfEachPartition
)
"""Storage nodes that lose synced state, and whose voters are replaced."""

KINDS_THAT_LOSE = (HOSTS_THAT_LOSE, ROUTERS, ADMINS, USERS)
