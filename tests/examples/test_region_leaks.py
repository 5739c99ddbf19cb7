"""What the end of a region's run takes for left over, and what is judged of replicas when they are made."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.command_observer import CommandObserver
from dynaproof.checkers.scenarios.region_leaks import unnamed, unnamed_files
from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.records import (
    METADATA,
    Ids,
    MetadataRecord,
    PartitionRecord,
    Pending,
    TableRecord,
    Target,
    WorkflowRecord,
    key_of,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.files import pages_file
from dynaproof.impl.paxos.ids import NO_BALLOT, Member, RequestId
from dynaproof.impl.paxos.records import Config, ConfigChange
from dynaproof.impl.tree.page_file import Part
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.impl.values.key_range import whole
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.promises.region import no_two_replicas_in_a_zone
from dynaproof.specs.views.lineage import LineageView
from dynaproof.specs.views.region import RegionView
from tests.examples.test_hosting import Hosted

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
ORDER = RequestId(NODES[0], 1, 1)
SCHEMA = KeySchema(KeyAttribute("id", "S"))
TABLE = TableRecord("t", 4, "deleting", SCHEMA, 3, (1,), ORDER, 5, (2,))
CONFIG = first_config(NODES)
OWNER = PartitionRecord(1, "t", 4, whole(), "listed", CONFIG, workflow=5)
PARENT = structs.replace(OWNER, partition=2, state="gone")
WORK = WorkflowRecord(5, "delete", "t", 4, (Target(1, CONFIG),), ORDER)
IDS = Ids(3, 6, 5, 1)


def observer(*records: MetadataRecord) -> MetadataObserver:
    """Who has seen these records, and no more."""
    found = MetadataObserver(RegionView(), lambda _table, _generation: LineageView(), lambda _: None)
    found.records = {key_of(record): record for record in records}
    return found


def test_records_that_name_each_other_are_not_left_over() -> None:
    assert unnamed(observer()) == []
    assert unnamed(observer(TABLE, OWNER, PARENT, WORK, IDS)) == []


def test_the_record_of_a_partition_is_left_over_that_no_table_of_its_generation_names() -> None:
    nobody = ["the record of partition 1", "the record of partition 2"]
    assert unnamed(observer(OWNER, PARENT)) == nobody
    later = structs.replace(TABLE, generation=5)
    assert unnamed(observer(later, OWNER, PARENT, WORK, IDS)) == nobody
    childless = structs.replace(TABLE, parents=())
    assert unnamed(observer(childless, OWNER, PARENT, WORK, IDS)) == nobody[1:]


def test_a_workflow_is_left_over_that_nothing_has_and_so_is_a_count_of_what_has_ended() -> None:
    idle, free = structs.replace(TABLE, workflow=0), structs.replace(OWNER, workflow=0)
    gone = structs.replace(PARENT, workflow=0)
    assert unnamed(observer(idle, free, gone, WORK, IDS)) == ["the record of workflow 5"]
    (told,) = unnamed(observer(idle, free, gone, IDS))
    assert told.startswith("(1, 0, 0) as the numbers of workflows")
    for field in ("replacing", "splitting"):
        counts = structs.replace(IDS, **{field: 1})
        assert len(unnamed(observer(TABLE, OWNER, PARENT, WORK, counts))) == 1


def test_a_replica_is_named_as_a_voter_or_among_those_that_are_none() -> None:
    other = Member(NodeId("region", "a", "sa2"), 4)
    recorded = structs.replace(OWNER, pending=(Pending(other, 0, False),))
    assert all(observer(OWNER).names(1, voter) for voter in CONFIG.voters)
    assert not observer(OWNER).names(1, other)
    assert observer(recorded).names(1, other)
    assert observer().names(1, other), "nobody knows what a partition without a record had"


def test_the_metadata_too_has_its_voters_in_different_zones() -> None:
    found = observer()
    crowded = Config(1, (*CONFIG.voters[:2], Member(NodeId("region", "a", "sa2"), 4)), 5)
    found.chosen(ConfigChange(7, NO_BALLOT, 0, 1, CONFIG))
    assert list(no_two_replicas_in_a_zone.check(found.view)) == []
    found.chosen(ConfigChange(8, NO_BALLOT, 0, 2, crowded))
    (told,) = no_two_replicas_in_a_zone.check(found.view)
    assert told.sentence == f"partition {METADATA} has 2 of 3 voters in zone a"


def test_a_node_has_one_replica_of_a_partition() -> None:
    view, hosted = RegionView(), Hosted()
    commands = CommandObserver(view, {}, lambda _: True, lambda _: None)
    hosted.make(5)
    hosted.place.lane = 5
    commands.handled(hosted.place)
    assert list(no_two_replicas_in_a_zone.check(view)) == []
    hosted.node.making[5] = hosted.node.replicas[5]
    commands.handled(hosted.place)
    (told,) = no_two_replicas_in_a_zone.check(view)
    assert told.sentence == "sa makes a second replica of partition 5"


def test_a_page_file_of_a_replica_that_lives_is_left_over_if_no_head_names_it() -> None:
    hosted = Hosted()
    hosted.make(5, 6)
    disk, heads = hosted.place.disk, {number: one.log.head for number, one in hosted.node.replicas.items()}
    own, other = (pages_file(group, heads[group].member.incarnation, 99) for group in (5, 6))
    for name in (*(head.pages for head in heads.values()), own, other):
        disk.write_page(name, 0, b"page")
    assert unnamed_files(disk, hosted.node) == [own, other]
    hosted.node.replicas[6].log.head = structs.replace(heads[6], older=(Part(own, 0),))
    assert unnamed_files(disk, hosted.node) == [other], "a child needs what its parent has written"
    del hosted.node.replicas[6]
    assert unnamed_files(disk, hosted.node) == [own], "what an incarnation has left that is gone is its leak"
