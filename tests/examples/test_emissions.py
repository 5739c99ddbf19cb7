"""What a storage node tells the metrics service, and for how long it keeps that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dynaproof.impl.capacity.rates import Usage
from dynaproof.impl.node import NodeId
from dynaproof.impl.storage_node import emitter
from dynaproof.impl.storage_node.emitter import MOST_KEPT, Emitter
from dynaproof.impl.storage_node.messages import Emission, EmissionStored, TableUsage
from tests.laws.arbitrary import Alone

ME, METRICS = NodeId("region", "a", "sa"), NodeId("region", "c", "metrics-c")
PERIOD_US = 60_000_000


class Emitting:
    """A node with some replicas, and what it emits of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *replicas: Any) -> None:
        monkeypatch.setattr(emitter, "metered", lambda one: (SimpleNamespace(table=one.table), one.usage))
        self.env = Alone(ME)
        self.replicas = dict(enumerate(replicas, 1))
        self.emitter = Emitter(self.env, METRICS, PERIOD_US)
        self.emitter.start()

    def on_timer(self, _timer: Any) -> None:
        self.emitter.on_timer(self.replicas)

    def emit(self) -> list[Emission]:
        """What is sent when the next period is over."""
        before = len(self.env.sent)
        self.env.fire(self, 0)  # type: ignore[arg-type]
        return [m for _, to, m in self.env.sent[before:] if to == METRICS.address and isinstance(m, Emission)]

    def stored(self, number: int, boot: int = 1, sender: NodeId = METRICS) -> None:
        self.emitter.on_stored(sender, EmissionStored(boot, number, 0))


def replica(usage: Usage, *, serving: bool, table: str = "books") -> Any:
    """As much of a replica as is emitted."""
    return SimpleNamespace(incarnation=1, usage=usage, serving=serving, table=table)


def test_an_emission_is_dated_in_the_middle_of_what_it_covers_and_that_is_one_period(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A period has what was asked for within it; the next one would have it, were it dated at its end."""
    one = Emitting(monkeypatch, replica(Usage(write=5), serving=True))
    began = one.env.wall
    assert 0 < began < PERIOD_US
    (first,) = one.emit()
    assert one.env.wall == PERIOD_US
    assert first.at_us == (began + PERIOD_US) // 2
    one.stored(first.number)
    (second,) = one.emit()
    assert second.at_us == PERIOD_US + PERIOD_US // 2


def test_what_is_not_answered_is_sent_again_and_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Emitting(monkeypatch, replica(Usage(), serving=True))
    for number in range(1, MOST_KEPT + 4):
        sent = [m.number for m in one.emit()]
        assert sent == list(range(max(1, number - MOST_KEPT + 1), number + 1))
    assert one.emitter.given_up == 3


def test_only_the_answer_of_the_service_to_this_life_of_the_node_ends_an_emission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An earlier life has numbered its own from 1, too."""
    one = Emitting(monkeypatch, replica(Usage(), serving=True))
    one.emit()
    one.stored(1, boot=0)
    one.stored(1, sender=ME)
    assert [m.number for m in one.emit()] == [1, 2]
    one.stored(1)
    assert [m.number for m in one.emit()] == [2, 3]


def test_that_nothing_was_asked_of_a_table_is_said_by_who_leads_it_and_by_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Emitting(
        monkeypatch,
        replica(Usage(), serving=True, table="led"),
        replica(Usage(), serving=False, table="followed"),
        replica(Usage(read=3), serving=False, table="read"),
    )
    (first,) = one.emit()
    assert first.tables == (TableUsage("led", Usage()), TableUsage("read", Usage(read=3)))
    one.stored(first.number)
    (second,) = one.emit()
    assert second.tables == (TableUsage("led", Usage()),)


def test_a_table_is_in_one_emission_of_a_period_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emitter, "TABLES_PER_EMISSION", 2)
    names = [f"table{number}" for number in range(5)]
    one = Emitting(monkeypatch, *(replica(Usage(read=1), serving=True, table=name) for name in names))
    emissions = one.emit()
    assert [used.table for each in emissions for used in each.tables] == names
    assert [each.number for each in emissions] == [1, 2, 3]
    assert all(len(each.tables) <= 2 for each in emissions)
