"""Which nodes must have been drained at the end of a run: those whose replicas may lie on another node."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.checkers.scenarios import region_end
from dynaproof.impl.metadata.records import MetadataRecord, NodeRecord, PartitionRecord, key_of
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import whole
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.views.lineage import LineageView
from dynaproof.specs.views.region import RegionView

NODES = {f"s{zone}{row}": NodeId("region", zone, f"s{zone}{row}") for zone in "abc" for row in (1, 2)}


def partition(number: int, *names: str) -> PartitionRecord:
    """One with voters on these nodes."""
    voters = tuple(Member(NODES[name], 1 + index) for index, name in enumerate(names))
    return PartitionRecord(number, "t", 1, whole(), "listed", Config(0, voters, 4))


@pytest.fixture
def undrained(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The nodes that must still be drained where each has room for so many replicas, and one is down."""

    def found(room: int, down: str | None, *partitions: PartitionRecord) -> list[str]:
        metadata = MetadataObserver(RegionView(), lambda _name, _generation: LineageView(), lambda _: None)
        nodes = [NodeRecord(name, node.zone, draining=name == "sa1") for name, node in NODES.items()]
        records: list[MetadataRecord] = [*nodes, *partitions]
        metadata.records = {key_of(record): record for record in records}
        monkeypatch.setattr(region_end, "observed", lambda _: SimpleNamespace(metadata=metadata))
        run = SimpleNamespace(
            injector=SimpleNamespace(excluded=down),
            config=SimpleNamespace(admin=SimpleNamespace(replicas_per_node=room)),
            places_of=lambda _: [SimpleNamespace(name=name, id=node) for name, node in NODES.items()],
        )
        return region_end.undrained(cast(Any, run))

    return found


def test_a_drained_node_keeps_only_what_no_other_node_of_its_zone_has_room_for(undrained: Any) -> None:
    here, beside = partition(1, "sa1", "sb1", "sc1"), partition(2, "sa2", "sb2", "sc2")
    assert undrained(2, None, here, beside) == ["sa1"]
    assert undrained(1, None, here, beside) == []
    assert undrained(1, None, here) == ["sa1"]
    assert undrained(1, "sa2", here) == []
    assert undrained(1, None, beside) == []
