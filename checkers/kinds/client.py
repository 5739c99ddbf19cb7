"""Clients of a group and the reader of its log, as kinds of nodes."""

from __future__ import annotations

from typing import Any

from dynaproof.checkers.kinds.group import CLIENT, READER, REPLICAS, GroupConfig
from dynaproof.checkers.kinds.replica_host import brief, named, plain
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.workloads.client import Client
from dynaproof.checkers.workloads.log_reader import LogReader, ReaderSettings
from dynaproof.checkers.workloads.workload import WorkloadClient
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.impl.partition.messages.requests import Request
from dynaproof.impl.router.notes import Ended, Invoked, LogTaken
from dynaproof.specs.observe.impl.replicas import MESSAGES, NOTES

ZONE = "client"
"""Where clients and readers are, apart from the replicas' zones."""


def clients(config: GroupConfig) -> list[NodeId]:
    """As many clients as the configuration says."""
    return [NodeId("region", ZONE, f"c{number}") for number in range(config.clients)]


def workload(env: Env, config: GroupConfig) -> NodeProtocol:
    """A client that draws its operations; the last ones only read."""
    reads_only = env.me in clients(config)[config.clients - config.readers :]
    operations, keys = config.operations, config.keys
    return WorkloadClient(env, REPLICAS, config.client, operations, keys, reads_only, config.item_bytes)


def knowledge(place: Place) -> Knowledge:
    """What a client knows."""
    client = place.node
    assert isinstance(client, Client)
    call, route = client.call, client.route
    running = "none" if call is None else f"{call.request} {plain(call.operation)}"
    return {
        "operation": running,
        "attempt": "0" if call is None else str(call.attempt),
        "leader": f"{named(route.leader)} at {route.ballot}",
        "operations ended": str(client.ended),
    }


def log_reader(env: Env, config: GroupConfig) -> NodeProtocol:
    """Reads the log through a cursor, as an archive does."""
    pause = config.settings.heartbeat_us // 2
    return LogReader(env, REPLICAS, ReaderSettings(pause_us=pause, questions=2 * config.operations))


def reader_knowledge(place: Place) -> Knowledge:
    """What a reader knows."""
    reader: Any = place.node
    at = f"through slot {reader.through}" if reader.placed else "not placed"
    return {"hold": at, "questions asked": str(reader.asked)}


CLIENTS = Kind(
    name=CLIENT,
    nodes=clients,
    make=workload,
    notes={Invoked: NOTES[Invoked], Ended: NOTES[Ended]},
    sent={Request: MESSAGES[Request]},
    knowledge=knowledge,
    brief=brief,
    suffers=False,
)

READERS = Kind(
    name=READER,
    nodes=lambda _config: (NodeId("region", ZONE, "reader"),),
    make=log_reader,
    notes={LogTaken: NOTES[LogTaken]},
    knowledge=reader_knowledge,
    brief=brief,
    suffers=False,
)
