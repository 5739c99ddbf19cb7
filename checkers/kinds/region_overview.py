"""The state of a region at one step, as tables.

They show what the nodes have and what is chosen, not what the admins believe. Beside that stands what the
metadata says: `recorded` and `workflows` as written there, and what begins with `listed` only where it
differs from what the nodes have. Times are by the clock of the node that measures them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dynaproof.checkers.kinds.group import HOST
from dynaproof.checkers.kinds.region import ADMIN
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.runs.overview import Cell, Overview
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    METADATA,
    AdminRecord,
    NodeRecord,
    PartitionRecord,
    ReplacementRecord,
    SplitRecord,
    WorkflowRecord,
)
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.observe.impl.place import replica_of

FEW = 4
"""The most names that are listed one by one."""


def region_overview(run: Run) -> list[Overview]:
    """All tables of the region."""
    return [
        nodes(run),
        admins(run),
        partitions(run),
        members(run),
        leaders(run),
        workflows(run),
        holds(run),
    ]


def observed(run: Run) -> RegionObservation:
    """What the run has shown of its region."""
    observation: Any = run.observation
    assert isinstance(observation, RegionObservation)
    return observation


# --- Nodes ---


def nodes(run: Run) -> Overview:
    """The storage nodes; `report_age_us` is how long ago the active admin heard from each."""
    records = {record.name: record for record in observed(run).metadata.of(NodeRecord)}
    active = active_admin(run)
    rows = []
    for place in run.places_of(HOST):
        node, heard = place.node, None if active is None else active.nodes.heard.get(place.id.address)
        assert isinstance(node, StorageNode)
        replicas = len(node.replicas) if place.up else None
        age = None if active is None or heard is None else active.env.now - heard.at
        at = (place.name, place.id.zone, *condition(place), place.id.incarnation)
        rows.append((*at, recorded(records.get(place.name)), replicas, age))
    columns = ("node", "zone", "state", "cut", "slow", "disk", "recorded", "replicas", "report_age_us")
    return Overview("nodes", columns, tuple(rows))


def recorded(record: NodeRecord | None) -> str:
    """The state of a node, as the metadata says."""
    if record is None:
        return "unknown"
    return ", ".join(word for word in ("dead", "draining") if getattr(record, word)) or "live"


def condition(place: Place) -> tuple[str, str | None, int | None]:
    """Whether a node is up, to and from which nodes its links are cut, and how many times slower it is."""
    node = place.node
    broken = isinstance(node, StorageNode) and node.broken
    state = "down" if not place.up else "broken" if broken else "up"
    return state, cut(place), place.slow if place.slow > 1 else None


def cut(place: Place) -> str | None:
    """The names of the nodes that a node does not hear, or that do not hear it."""
    others = [name for name in place.world.places if name != place.name]
    links = place.world.cut_links
    deaf = [name for name in others if f"{name}>{place.name}" in links]
    mute = [name for name in others if f"{place.name}>{name}" in links]
    words = [f"{way} {shown(names, others)}" for way, names in (("from", deaf), ("to", mute)) if names]
    return ", ".join(words) or None


def shown(names: list[str], all_names: list[str]) -> str:
    """Some nodes: all, the names of a few, or how many."""
    if names == all_names:
        return "all"
    return " ".join(names) if len(names) <= FEW else f"{len(names)} nodes"


def active_admin(run: Run) -> Admin | None:
    """The admin that is active, as far as it knows; of several, the one of the highest term."""
    found = [place.node for place in run.places_of(ADMIN) if place.up]
    active = [node for node in found if isinstance(node, Admin) and node.term.active]
    return max(active, key=lambda admin: admin.term.term, default=None)


def admins(run: Run) -> Overview:
    """The admins: the term in which each believes itself active, and the term for which the metadata names
    it.
    """
    found = observed(run).metadata.records.get(ADMIN_KEY)
    record = found if isinstance(found, AdminRecord) else None
    rows = []
    for place in run.places_of(ADMIN):
        admin = place.node
        assert isinstance(admin, Admin)
        term = admin.term.term if place.up and admin.term.active else None
        written = record.term if record is not None and record.name == place.name else None
        rows.append((place.name, place.id.zone, *condition(place), term, written))
    columns = ("admin", "zone", "state", "cut", "slow", "term", "recorded_term")
    return Overview("admins", columns, tuple(rows))


# --- Partitions ---


def records_of(run: Run) -> dict[int, PartitionRecord]:
    """What the metadata has of partitions, by number."""
    return {record.partition: record for record in observed(run).metadata.of(PartitionRecord)}


def numbers(run: Run) -> list[int]:
    """The metadata, the partitions that it names, and others with a replica left."""
    there = {METADATA: True, **dict.fromkeys(records_of(run), True)}
    for place in run.places_of(HOST):
        node = place.node
        if place.up and isinstance(node, StorageNode):
            there |= dict.fromkeys((*node.replicas, *node.making), True)
    return sorted(number for number in there if number in observed(run).groups)


def config_of(run: Run, number: int) -> Config:
    """The config in force: the newest that is chosen."""
    config: Config = observed(run).groups[number].config
    return config


def chosen_through(run: Run, number: int) -> int:
    """The last slot of a partition through which all is chosen."""
    return observed(run).groups[number].view.chosen_through


def partitions(run: Run) -> Overview:
    """The partitions, each with its config in force."""
    records, rows = records_of(run), []
    for number in numbers(run):
        config, record = config_of(run, number), records.get(number)
        voters, listed = named(config), None if record is None else named(record.config)
        rows.append(
            (
                number,
                None if record is None else record.table,
                state_of(number, record),
                config.epoch,
                None if record is None or record.config.epoch == config.epoch else record.config.epoch,
                voters,
                None if listed == voters else listed,
                chosen_through(run, number),
                record.workflow if record is not None and record.workflow else None,
            )
        )
    columns = ("partition", "table", "state", "epoch", "listed_epoch", "voters", "listed_voters")
    return Overview("partitions", (*columns, "chosen_through", "workflow"), tuple(rows))


def state_of(number: int, record: PartitionRecord | None) -> str:
    """The state of a partition, as the metadata says."""
    if number == METADATA:
        return "metadata"
    return "no record" if record is None else record.state


def named(config: Config) -> str:
    """The voters of a config."""
    return " ".join(map(str, config.voters))


# --- Members ---


def members(run: Run) -> Overview:
    """The members of each partition: its voters, those that the metadata lists beside them, and whatever else
    is there.
    """
    records, rows = records_of(run), []
    for number in numbers(run):
        record, config = records.get(number), config_of(run, number)
        pending = () if record is None else tuple(one.member for one in record.pending)
        listed = () if record is None else record.config.voters
        for member in dict.fromkeys((*config.voters, *listed, *pending, *hosted(run, number))):
            where, replica = found(run, number, member)
            known: tuple[Cell, ...] = (None, None, None, None)
            if replica is not None:
                copy, commit = replica.copy, replica.log.commit
                source = None if copy is None else copy.source.node.name
                known = (replica.full, replica.admitted, chosen_through(run, number) - commit, source)
            role = role_of(run, number, member, replica)
            rows.append((number, str(member), where, role, *known, listed_as(record, member, config)))
    columns = ("partition", "member", "state", "role", "full", "admitted", "lag_slots", "copies_from")
    return Overview("members", (*columns, "listed_as"), tuple(rows))


def hosted(run: Run, number: int) -> Iterator[Member]:
    """The replicas of a partition that are on nodes which are up, those in the making too."""
    for place in run.places_of(HOST):
        node = place.node
        if place.up and isinstance(node, StorageNode):
            for replicas in (node.replicas, node.making):
                if number in replicas:
                    yield replicas[number].member


def found(run: Run, number: int, member: Member) -> tuple[str, PartitionReplica | None]:
    """What is at a member's place, and its replica if that runs."""
    place = run.world.at(member.node)
    node = place.node
    assert isinstance(node, StorageNode)
    if place.id != member.node:
        return "disk lost", None
    if not place.up:
        return "down", None
    if node.broken:
        return "broken", None
    replica, making = node.replicas.get(number), node.making.get(number)
    if replica is not None and replica.member == member:
        return "up", replica
    if making is not None and making.member == member:
        return "being made", None
    return gone(node, number, member), None


def gone(node: StorageNode, number: int, member: Member) -> str:
    """Why a member does not run on a node that is up, as the node's journal says."""
    journal = node.journal
    if number in node.unread:
        return "not read yet"
    if journal.buried(number):
        return "buried"
    if journal.silent_incarnation(number) == member.incarnation:
        return "silent"
    dropped = journal.was_dropped(number) and journal.floor(number) == member.incarnation
    return "dropped" if dropped else "absent"


def role_of(run: Run, number: int, member: Member, replica: PartitionReplica | None) -> str:
    """What a member is to its group. One that has left had a vote; a learner may get one."""
    view = observed(run).groups[number].view
    if member in config_of(run, number).voters:
        bare = member in view.bare if replica is None else not replica.full
        return "log replica" if bare else "voter"
    left = any(member in voters for _, voters in view.configs)
    return "left" if left else "learner"


def listed_as(record: PartitionRecord | None, member: Member, config: Config) -> str | None:
    """What the metadata lists a member as, if the member is not that."""
    if record is None:
        return None
    votes = member in config.voters
    if member in record.config.voters:
        return None if votes else "voter"
    if any(one.member == member for one in record.pending):
        return "pending" if votes else None
    return "nothing"


# --- Leaders ---


def leaders(run: Run) -> Overview:
    """Who leads each partition, or campaigns, as far as it knows: the highest ballot first."""
    rows: list[tuple[Cell, ...]] = []
    for number in numbers(run):
        there = [replica_of(place, number) for place in run.places_of(HOST) if place.up]
        leading = [(one.leading, one) for one in there if one is not None and one.leading is not None]
        for ballot, leader in sorted(leading, key=lambda each: each[0], reverse=True):
            does = "serves" if leader.may_serve() else "leads"
            rows.append((number, does, str(leader.member), str(ballot), max(0, leader.lease_left())))
        if not leading:
            rows.append((number, "nobody leads", None, None, None))
        rows += [
            (number, "campaigns", str(one.member), str(one.campaign.ballot), None)
            for one in there
            if one is not None and one.campaign is not None
        ]
    return Overview("leaders", ("partition", "state", "member", "ballot", "lease_left_us"), tuple(rows))


# --- Workflows ---


def workflows(run: Run) -> Overview:
    """The workflows under way, as the metadata has them, and the admins that drive each."""
    metadata, tables = observed(run).metadata, records_of(run)
    rows: dict[int, tuple[Cell, ...]] = {}
    for table in metadata.of(WorkflowRecord):
        number, targets = table.workflow, " ".join(str(target.partition) for target in table.targets)
        rows[number] = (number, table.kind, table.table, targets, *(None,) * 6)
    for work in metadata.of(ReplacementRecord):
        number, partition = work.workflow, tables.get(work.partition)
        of_table = None if partition is None else partition.table
        what = (work.step, work.role, str(work.out), str(work.new), work.expected_epoch, work.made)
        rows[number] = (number, work.reason, of_table, str(work.partition), *what)
    for split in metadata.of(SplitRecord):
        number, step = split.workflow, (split.step, None, None, None, split.expected_epoch, None)
        rows[number] = (number, split.reason, split.table, str(split.partition), *step)
    columns = ("workflow", "kind", "table", "partitions", "step", "role", "out", "new", "expected_epoch")
    return Overview(
        "workflows",
        (*columns, "made", "driven_by"),
        tuple((*rows[number], drivers(run, number)) for number in sorted(rows)),
    )


def drivers(run: Run, workflow: int) -> str:
    """The admins that drive a workflow, as far as they know."""
    names = []
    for place in run.places_of(ADMIN):
        admin = place.node
        if not (place.up and isinstance(admin, Admin) and admin.term.active):
            continue
        if workflow in admin.workflows.known or workflow in admin.steps.known:
            names.append(place.name)
    return " ".join(names) or "nobody"


# --- Holds ---


def holds(run: Run) -> Overview:
    """What holds the logs: readers, by the state of the replica that has applied most, and copies, at their
    sources.
    """
    rows: list[tuple[Cell, ...]] = []
    for number in numbers(run):
        chosen = chosen_through(run, number)
        at = [replica_of(place, number) for place in run.places_of(HOST) if place.up]
        there = [replica for replica in at if replica is not None]
        newest = max(there, key=lambda replica: replica.state.applied, default=None)
        if newest is not None:
            rows += [
                (number, f"reader {hold.name}", str(newest.member), hold.through, chosen - hold.through)
                for hold in newest.state.holds.values()
            ]
        rows += [
            (number, f"copy to {member}", str(source.member), copier.place, chosen - copier.place)
            for source in there
            for member, copier in source.views.copiers.items()
        ]
    return Overview("holds", ("partition", "hold", "at", "through", "lag_slots"), tuple(rows))
