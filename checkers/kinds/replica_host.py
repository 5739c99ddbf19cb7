"""The host of a replica, as a kind of node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynaproof.checkers.kinds.group import HOST, REPLICAS
from dynaproof.checkers.kinds.replica_faults import (
    HANDOVER,
    LOST_TAIL,
    PAGE_ROT,
    ROT,
    STRANGER,
    OneVoter,
    broken,
    hosted,
    leads,
)
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.words import Knowledge, waiting
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, Message, NodeId, NodeProtocol
from dynaproof.impl.partition.messages.readers import LogTrimmed
from dynaproof.impl.partition.messages.requests import Page, Rejected, Reply
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
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.election import Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, Vote
from dynaproof.impl.paxos.notes import Deposed, Dropped, Led, Outbid, Reached
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.listened import MESSAGES, NOTES

HOST_NOTES = (
    Deposed,
    Dropped,
    Led,
    Outbid,
    Reached,
    Retried,
    Served,
    CapacityExceeded,
    LevelHeard,
    ReadAdmitted,
    ReadsDivided,
    ReadsTakenOver,
    UseHeard,
)
"""What a host notes."""

HOST_MESSAGES = (Accept, Adopt, Heard, Heartbeat, LogTrimmed, Page, Prepare, Promise, Rejected, Reply, Vote)
"""What a host sends that says something of the group."""


def one_on_each(_config: Any) -> tuple[NodeId, ...]:
    """A host for each of the three replicas."""
    return REPLICAS


def replica_host(
    nodes: Callable[[Any], tuple[NodeId, ...]] = one_on_each, operators: tuple[NodeId, ...] = ()
) -> Kind:
    """The kind of these nodes."""

    def make(env: Env, config: Any) -> NodeProtocol:
        return StorageNode(env, nodes(config), config.settings, operators=operators)

    return Kind(
        name=HOST,
        nodes=nodes,
        make=make,
        notes={kind: NOTES[kind] for kind in HOST_NOTES},
        sent={kind: MESSAGES[kind] for kind in HOST_MESSAGES},
        handled=ImplObserver.handled,
        synced=ImplObserver.synced,
        crashed=ImplObserver.crashed,
        damaged=ImplObserver.damaged,
        rotted=ImplObserver.rotted,
        knowledge=knowledge,
        brief=brief,
        faults=(ROT, LOST_TAIL, PAGE_ROT, HANDOVER, STRANGER),
        foremost=leads,
        budget=OneVoter,
        needs_new_disk=broken,
    )


# --- Words ---

SHOWN = (
    "ballot",
    "promised",
    "known",
    "first",
    "through",
    "commit",
    "request",
    "operation",
    "status",
    "reason",
)
"""The fields that say most of what a message says."""


def brief(message: Message) -> str:
    """A message of the group in a few words."""
    words = []
    for field in SHOWN:
        value = getattr(message, field, None)
        if value is not None:
            words.append(f"{field} {value if isinstance(value, (Ballot, int, str)) else plain(value)}")
    records = getattr(message, "records", None) or getattr(message, "tail", None)
    if records:
        words.append(f"slots {records[0].slot} to {records[-1].slot}")
    return f"{type(message).__name__} ({', '.join(words)})" if words else type(message).__name__


def plain(value: Any) -> str:
    """An operation as text."""
    return str(value).replace("Get(", "get(").replace("Put(", "put(").replace("Delete(", "delete(")


def named(who: Member | NodeId | None) -> str:
    """The name of a replica or a node, if there is one."""
    return "nobody" if who is None else str(who)


def knowledge(place: Place) -> Knowledge:
    """What a host and its replica know."""
    replicas = hosted(place)
    known = {"replica": "none"}
    if len(replicas) == 1:
        known = replica_knowledge(replicas[0])
    elif replicas:
        known = {f"group {one.group}": f"{one.member}, {role(one)}" for one in replicas}
    return known | waiting(place)


def role(replica: PartitionReplica) -> str:
    """What a replica is to its group."""
    if replica.leading is not None:
        return f"leads {replica.leading}" + (", serving" if replica.serving else "")
    if replica.campaign is not None:
        return f"campaigns with {replica.campaign.ballot}"
    return f"follows {named(replica.leader)} at {replica.leader_ballot}"


def replica_knowledge(replica: PartitionReplica) -> Knowledge:
    """What a replica knows."""
    log = replica.log
    known = {
        "replica": str(replica.member),
        "role": role(replica),
        "promised": str(log.promised),
        "last accepted": str(log.last_accepted),
        "log": f"slots {log.first} to {log.last}",
        "commit": str(log.commit),
        "applied": str(replica.state.applied),
        "config": " ".join(str(voter) for voter in replica.config.voters),
        "lease granted": f"to {replica.grant.to} until {replica.lease_granted_until} us",
    }
    if replica.campaign is not None:
        known["promises"] = " ".join(sorted(str(member) for member in replica.campaign.promises)) or "none"
    if replica.leadership is not None:
        known["votes"] = ", ".join(
            f"{member} through {progress.through}"
            for member, progress in sorted(replica.leadership.progress.items())
        )
    return known
