"""Clients of a group and the reader of its log, as kinds of nodes."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.group import CLIENT, READER, REPLICAS, GroupConfig
from dynaproof.checkers.kinds.replica_host import brief, named, plain
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.requests import RequestEnd, Requests
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.workloads.client import Client, ClientSettings
from dynaproof.checkers.workloads.log_reader import LogReader, ReaderSettings
from dynaproof.checkers.workloads.session import Session
from dynaproof.checkers.workloads.workload import WorkloadClient
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.impl.partition.messages.requests import Request
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.notes import Ended, Invoked, LogTaken, Shown
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.listened import MESSAGES, NOTES

ZONE = "client"
"""Where clients and readers are, apart from the replicas' zones."""


def clients(config: GroupConfig) -> list[NodeId]:
    """As many clients as the configuration says."""
    return [NodeId("region", ZONE, f"c{number}") for number in range(config.clients)]


def workload(env: Env, config: GroupConfig) -> NodeProtocol:
    """A client that draws its operations; the last ones only read."""
    reads_only = env.me in clients(config)[config.clients - config.readers :]
    mix = structs.replace(config.mix, reads_only=reads_only, item_bytes=config.item_bytes)
    return WorkloadClient(env, REPLICAS, config.client, config.operations, config.keys, mix)


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
    reader = config.reader
    if reader is None:
        reader = ReaderSettings(config.settings.heartbeat_us // 2, questions=2 * config.operations)
    return LogReader(env, REPLICAS, reader)


def reader_knowledge(place: Place) -> Knowledge:
    """What a reader knows."""
    reader: Any = place.node
    at = f"through slot {reader.through}" if reader.placed else "not placed"
    return {"hold": at, "questions asked": str(reader.asked)}


CLIENTS = Kind(
    name=CLIENT,
    nodes=clients,
    make=workload,
    notes={kind: NOTES[kind] for kind in (Invoked, Shown, Ended)},
    sent={Request: MESSAGES[Request]},
    crashed=ImplObserver.client_crashed,
    knowledge=knowledge,
    brief=brief,
    faults=(CLIENT_CRASH,),
    suffers=False,
)

READERS = Kind(
    name=READER,
    nodes=lambda _config: (NodeId("region", ZONE, "reader"),),
    make=log_reader,
    notes={LogTaken: NOTES[LogTaken]},
    crashed=ImplObserver.reader_crashed,
    knowledge=reader_knowledge,
    brief=brief,
    faults=(CLIENT_CRASH,),
    suffers=False,
)


# --- Sessions ---


def first_session(_config: GroupConfig) -> list[NodeId]:
    """The session that a load begins with."""
    return [NodeId("region", ZONE, "session")]


def session(env: Env, config: GroupConfig) -> NodeProtocol:
    """Makes the operations that are due."""
    return Session(env, REPLICAS, config.client)


def end_of(note: Ended) -> RequestEnd:
    """How a request ended: a failed condition is an answer, too."""
    if note.ending == "definite":
        return "refused"
    return "unanswered" if note.ending == "indefinite" else "answered"


class Defaults(Struct, frozen=True):
    """The constants of a group under an open load: a service's defaults."""

    settings: Settings = Settings()
    client: ClientSettings = ClientSettings()

    def __call__(self, config: GroupConfig) -> GroupConfig:
        """A configuration with these."""
        return structs.replace(config, settings=self.settings, client=self.client)


SESSIONS = structs.replace(CLIENTS, name="session", nodes=first_session, make=session, faults=())

REQUESTS = Requests(
    sessions=SESSIONS,
    instead_of=(CLIENT, READER),
    configure=Defaults(),
    endings={Ended: end_of},
)
"""How requests of a group are issued."""
