"""What a harness has before a script begins: constants, items, clients and a scenario."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.client import CLIENTS
from dynaproof.checkers.kinds.group import REPLICAS, GroupConfig
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.checkers.workloads.client import Client, ClientSettings
from dynaproof.impl.node import Env
from dynaproof.impl.partition.messages.requests import Operation
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.call import Ending
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item

SETTINGS = Settings(
    heartbeat_us=1_000_000,
    lease_us=4_000_000,
    drift_ppm=100_000,
    election_us=2_000_000,
    retry_us=250_000,
    closed_us=1_000_000_000,
    contact_us=20_000_000,
    checkpoint_slots=64,
    retained_slots=8,
    in_flight_slots=8,
    deadline_span_us=120_000_000,
)
"""Heartbeats of a second, leases of four; clocks within a tenth; an idle leader closes no timestamps."""


def item(value: str) -> Item:
    """An item with one attribute."""
    return encode_item({"v": S(value)})


class Broken(Exception):  # noqa: N818 It ends a script: what the script was written for has happened.
    """A promise is broken."""


class ScriptError(Exception):
    """The script cannot continue as written: what it waits for is not there."""


class ScriptedClient(Client):
    """A client that asks what the script tells it to."""

    def __init__(self, env: Env) -> None:
        settings = ClientSettings(timeout_us=60_000_000, attempt_us=10_000_000, backoff_us=1_000_000)
        super().__init__(env, REPLICAS, settings)
        self.next: Operation | None = None
        self.left = 0
        self.ending: Ending | None = None
        self.observed: StoredItem | None = None

    def on_start(self) -> None:
        """Wait for the script."""

    def next_operation(self) -> Operation | None:
        """What the script asks."""
        operation, self.next = self.next, None
        return operation

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """Keep the answer for the script."""
        self.ending, self.observed = ending, observed


def scripted_client(env: Env, _config: GroupConfig) -> ScriptedClient:
    """A client that waits for the script."""
    return ScriptedClient(env)


def directed() -> Scenario:
    """The group of `partition` with scripted clients."""
    asking = structs.replace(CLIENTS, make=scripted_client)
    return structs.replace(
        PARTITION,
        kinds=tuple(asking if kind is CLIENTS else kind for kind in PARTITION.kinds),
    )
