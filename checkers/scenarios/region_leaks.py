"""The end of a run of a region: nothing unnamed is left, neither on storage nodes nor in the metadata."""

from __future__ import annotations

from typing import Any

from dynaproof.checkers.kinds.group import HOST
from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES
from dynaproof.checkers.scenarios.region_run import (
    GroupOfRegion,
    file,
    most_steps,
    observed,
    time_to_repair,
)
from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.metadata.changes import lineage
from dynaproof.impl.metadata.records import (
    FIRST_IDS,
    METADATA,
    Ids,
    PartitionRecord,
    ReplacementRecord,
    SplitRecord,
    TableRecord,
    WorkflowRecord,
)
from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.files import LOGS, PAGES, pages_prefix, replicas_named
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.observe.impl.place import is_cut_off
from dynaproof.specs.views.region import Leaked

IN_METADATA = "the metadata"


def keeps_nothing(run: Run) -> None:
    """No storage node keeps anything of a partition that has no record, nor a replica that its partition's
    config does not name, not even a note that the replica is silent, nor a page file that no replica names;
    and the metadata lists no replica that is to go, and has no record that no other record names.
    """
    bound = SETTLING_LEASES * run.config.settings.lease_us + time_to_repair(run) + time_to_come_home(run)
    metadata = observed(run).metadata
    run.advance_until(lambda: not (left(run) or unnamed(metadata)), bound, most_steps(run))
    if run.failure is None:
        for where, what in left(run):
            file(run, Leaked(where, what))
        for what in unnamed(metadata):
            file(run, Leaked(IN_METADATA, what))


def left(run: Run) -> list[tuple[str, str]]:
    """What storage nodes keep unnamed; if nothing, what is to go and the metadata still lists."""
    records = observed(run).metadata.of(PartitionRecord)
    voters = {one.partition: voters_of(run, one.partition) for one in records if one.state != "gone"}
    voters[METADATA] = voters_of(run, METADATA)
    found: list[tuple[str, str]] = []
    for place in run.places_of(HOST):
        node = place.node
        if not place.up or not isinstance(node, StorageNode):
            continue
        files = replicas_named((*place.disk.logs(LOGS), *place.disk.files(PAGES)))
        here = ((group, replica.incarnation) for group, replica in node.replicas.items())
        for group, incarnation in dict.fromkeys((*here, *node.journal.silent(), *files)):
            if group not in voters:
                found.append((place.name, f"partition {group}"))
            elif Member(place.id, incarnation) not in voters[group] and not lacks_a_voter(run, group):
                found.append((place.name, f"replica {incarnation} of partition {group}"))
        found += [(place.name, f"page file {name}") for name in unnamed_files(place.disk, node)]
    return found or [
        (IN_METADATA, f"{one.member} of partition {record.partition}")
        for record in records
        for one in record.pending
        if one.member.node.name != run.injector.excluded and not lacks_a_voter(run, record.partition)
    ]


def unnamed_files(disk: SimDisk, node: StorageNode) -> list[str]:
    """The page files of a node's own replicas that no head there names. One that a copy has begun in vain, or
    that a crash has left, goes with the next checkpoint, for which the timestamps of an idle leader suffice.
    """
    heads = [replica.log.head for replica in node.replicas.values()]
    named = {name for head in heads for name in (head.pages, *(part.name for part in head.older))}
    own = tuple(pages_prefix(group, replica.incarnation) for group, replica in node.replicas.items())
    return [name for name in disk.files(PAGES) if name.startswith(own) and name not in named]


def unnamed(metadata: MetadataObserver) -> list[str]:
    """The records of partitions that no table of their generation names, those of workflows that neither a
    table nor a partition has, and whether the record of the ids has other counts.
    """
    tables: list[TableRecord] = metadata.of(TableRecord)
    partitions: list[PartitionRecord] = metadata.of(PartitionRecord)
    named = {(table.generation, partition): True for table in tables for partition in lineage(table)}
    found = [
        f"the record of partition {one.partition}"
        for one in partitions
        if (one.generation, one.partition) not in named
    ]
    at_work = dict.fromkeys([*(one.workflow for one in tables), *(one.workflow for one in partitions)])
    works: list[list[Any]] = [metadata.of(kind) for kind in (WorkflowRecord, ReplacementRecord, SplitRecord)]
    found += [
        f"the record of workflow {work.workflow}"
        for of_kind in works
        for work in of_kind
        if work.workflow not in at_work
    ]
    ids: Ids = next(iter(metadata.of(Ids)), FIRST_IDS)
    counted = (ids.under_way, ids.replacing, ids.splitting)
    there = tuple(len(of_kind) for of_kind in works)
    if counted != there:
        what = "tables, replacements and splits"
        found.append(f"{counted} as the numbers of workflows of {what}, where {there} are under way")
    return found


def voters_of(run: Run, group: int) -> tuple[Member, ...]:
    """The voters of a group's newest chosen config."""
    config: Config = observed(run).groups[group].config
    return config.voters


def lacks_a_voter(run: Run, number: int) -> bool:
    """Whether the leader of a group does not hear a voter, over a link that stays cut: then it cannot know
    that all voters are admitted, and until it does, a replica that has left stays (rule M7).
    """
    group = GroupOfRegion(run, number, observed(run).groups[number])
    leader = group.leader()
    there = () if leader is None else (run.world.at(leader.member.node),)
    return any(is_cut_off(place, voter) for place in there for voter in group.observation.config.voters)


def time_to_come_home(run: Run) -> Microseconds:
    """How long it may take, by the slowest clock, until no child needs its parent's pages any more."""
    config: RegionConfig = run.config
    settings, most = config.settings, 0
    for place in run.places_of(HOST):
        for replica in place.node.replicas.values() if isinstance(place.node, StorageNode) else ():
            older = replica.state.pages.line[:-1]
            most = max(most, sum(len(place.disk.pages(part.name)) for part in older))
    return 2 * -(-most // settings.home_pages) * settings.home_us
