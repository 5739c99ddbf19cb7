"""What the observer of the metadata takes for a change of somebody who is not active, and what it takes for
a change of who owns the keys.
"""

from __future__ import annotations

import pytest
from msgspec import structs

from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    IDS_KEY,
    TOUCHED_KEY,
    AdminRecord,
    Ids,
    MetadataRecord,
    PartitionRecord,
    TableRecord,
    TouchedRecord,
    encode,
    key_of,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import Mutation, StoredItem, Write
from dynaproof.impl.paxos.ids import NO_BALLOT, RequestId
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.impl.values.key_range import equal_part, whole
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.promises.lineage import lineage_is_a_tree_that_covers, one_owner_per_key
from dynaproof.specs.promises.region import only_the_active_admin_changes
from dynaproof.specs.views.lineage import LineageView
from dynaproof.specs.views.region import RegionView

ADMINS = (NodeId("region", "a", "admin-a"), NodeId("region", "b", "admin-b"))


class Told:
    """An observer that is told of chosen changes, by whom they were asked for."""

    def __init__(self) -> None:
        self.view = RegionView()
        self.observer = MetadataObserver(self.view, lambda _name, _generation: LineageView(), lambda _: None)
        self.slot = 0

    def tell(self, request: RequestId, **records: MetadataRecord) -> list[str]:
        """What is wrong about it."""
        self.slot += 1
        self.view.fresh.clear()
        keys = {"admin": ADMIN_KEY, "touched": TOUCHED_KEY, "ids": IDS_KEY}
        mutations = tuple(
            Mutation(keys[name], None, StoredItem(encode(record), self.slot, 0))
            for name, record in records.items()
        )
        self.observer.chosen(Write(self.slot, NO_BALLOT, 0, 0, request, 0, mutations))
        return [found.sentence for found in only_the_active_admin_changes.check(self.view)]

    def take_over(self, admin: int, term: int, boot: int = 1, number: int = 1) -> list[str]:
        """An admin takes over this term."""
        name = ADMINS[admin].name
        request = RequestId(ADMINS[admin], boot, number)
        return self.tell(request, admin=AdminRecord(term, name), touched=TouchedRecord(term))

    def touch(self, admin: int, boot: int = 1, number: int = 2) -> list[str]:
        """An admin touches the record."""
        return self.tell(RequestId(ADMINS[admin], boot, number), touched=TouchedRecord(1))


def test_whoever_took_over_changes_the_metadata() -> None:
    told = Told()
    assert told.take_over(0, 1) == told.touch(0) == []
    assert told.take_over(1, 2, number=7) == told.touch(1, number=8) == []


def test_nobody_changes_the_metadata_before_somebody_took_over() -> None:
    assert Told().touch(0) == ["admin-a changed admin/touched, and nobody was active"]


def test_another_admin_changes_nothing() -> None:
    told = Told()
    told.take_over(0, 1)
    assert told.touch(1) == ["admin-b changed admin/touched, and admin-a was active"]


@pytest.mark.parametrize(("boot", "number"), [(1, 9), (2, 2)], ids=["an earlier life", "an earlier term"])
def test_what_the_active_admin_asked_for_before_it_took_over_changes_nothing(boot: int, number: int) -> None:
    told = Told()
    told.take_over(0, 1)
    told.take_over(0, 2, boot=2, number=3)
    assert told.touch(0, boot=2, number=4) == []
    assert told.touch(0, boot, number) == ["admin-a changed admin/touched before it took over term 2"]


def test_a_takeover_raises_the_term_by_one_names_its_author_and_changes_nothing_else() -> None:
    told = Told()
    assert told.take_over(0, 2) == ["admin-a took over term 2 after 0"]
    request = RequestId(ADMINS[0], 1, 3)
    assert told.tell(request, admin=AdminRecord(3, "admin-b")) == ["admin-a made admin-b active"]
    both = told.tell(request, admin=AdminRecord(4, "admin-a"), ids=Ids(1, 1, 1, 0))
    assert both == ["admin-a took over term 4, and changed ids"]


def test_who_owns_the_keys_is_judged_whenever_a_record_of_a_partition_changes_it() -> None:
    line, nodes = LineageView(), tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
    observer = MetadataObserver(RegionView(), lambda _name, _generation: line, lambda _: None)
    schema, order = KeySchema(KeyAttribute("id", "S")), RequestId(nodes[0], 1, 1)
    table = TableRecord("t", 4, "active", schema, 3, (1,), order, 0)
    owner = PartitionRecord(1, "t", 4, whole(), "listed", first_config(nodes))
    low, high = (structs.replace(owner, partition=2 + at, range=equal_part(2, at), parent=1) for at in (0, 1))
    parent = structs.replace(owner, state="split")

    def tell(slot: int, *records: MetadataRecord) -> list[str]:
        line.fresh.clear()
        mutations = tuple(
            Mutation(key_of(record), None, StoredItem(encode(record), slot, 0)) for record in records
        )
        observer.chosen(Write(slot, NO_BALLOT, 0, 0, order, 0, mutations))
        specs = (one_owner_per_key, lineage_is_a_tree_that_covers)
        return [found.sentence for spec in specs for found in spec.check(line)]

    after = structs.replace(table, partitions=(2, 3), parents=(1,))
    assert tell(1, table, owner) == []
    assert tell(2, parent) == [f"no partition of t serves the keys from 0 to {1 << 128}"]
    assert tell(3, after, low, high) == []
    assert tell(4, owner)[0] == "1 and another partition of t serve the keys from 0"
    assert tell(5, structs.replace(parent, state="gone")) == []
    assert tell(6, structs.replace(high, parent=0)) == [
        f"3 and another first partition of t serve the keys from {1 << 127}",
        f"no child of 1 serves the keys from {1 << 127} to {1 << 128}",
    ]
    assert tell(7, structs.replace(high, config_slot=9)) == []
