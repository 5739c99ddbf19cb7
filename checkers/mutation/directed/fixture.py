"""Who and what a harness has before a scenario begins: its constants, its items, its clients, its run."""

from __future__ import annotations

from dynaproof.checkers.simulator.partition import REPLICAS, PartitionRun
from dynaproof.impl.node import Env, Node
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.client import Client, ClientSettings
from dynaproof.impl.storage.ids import Settings
from dynaproof.impl.storage.messages import Operation
from dynaproof.impl.storage.records import Item, StoredItem
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
)
"""Heartbeats of a second, leases of four; clocks within a tenth; an idle leader closes no timestamps."""


def item(value: str) -> Item:
    """An item with one attribute."""
    return encode_item({"v": S(value)})


class Broken(Exception):  # noqa: N818 It ends a scenario: what it was told for has happened.
    """A promise is broken."""


class ScriptError(Exception):
    """The scenario cannot go on as it is told: what it waits for is not there."""


class ScriptedClient(Client):
    """A client that asks what the scenario tells it to."""

    def __init__(self, env: Env) -> None:
        settings = ClientSettings(timeout_us=60_000_000, attempt_us=10_000_000, backoff_us=1_000_000)
        super().__init__(env, REPLICAS, settings)
        self.next: Operation | None = None
        self.left = 0
        self.ending: Ending | None = None
        self.observed: StoredItem | None = None

    def on_start(self) -> None:
        """Wait for the scenario."""

    def next_operation(self) -> Operation | None:
        """What the scenario asks."""
        operation, self.next = self.next, None
        return operation

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """Keep the answer for the scenario."""
        self.ending, self.observed = ending, observed


class HarnessRun(PartitionRun):
    """A run whose clients are askers; the specs in `without` are not judged."""

    without: tuple[str, ...] = ()

    def fail(self, spec: str, sentence: str) -> None:
        """Keep the first failure."""
        if spec not in self.without:
            super().fail(spec, sentence)

    def _client(self, env: Env) -> Node:
        return ScriptedClient(env)
