"""What an admin makes of the words of the node on which a replacement has its new replica made: that it was
made, and that there is no room for it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Driven, Steps
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    IDS_KEY,
    AdminRecord,
    Ids,
    PartitionRecord,
    Pending,
    ReplacementRecord,
    encode,
    partition_key,
    record_of,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import Answers, next_step
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import Created, Role
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import NoRoom
from dynaproof.impl.values.key_range import whole

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
CONFIG = Config(0, tuple(Member(node, number) for number, node in enumerate(NODES, 1)), 4)
OUT, NEW = CONFIG.voters[0], Member(NodeId("region", "a", "sa2"), 5)
EARLIER = Member(NEW.node, 4)
"""What a replacement that was given up had begun to make, on the same node."""
OTHERS = Member(NODES[1], 5)
"""Its incarnation, on another node."""
NEW_DISK = NodeId("region", "a", "sa2", 2)
SETTINGS = AdminSettings()


@pytest.fixture
def driven() -> tuple[Replacements, Driven]:
    """A replacement in its first step, of which nothing was heard."""
    env = SimpleNamespace(now=0, enter=lambda _: None)
    nodes = SimpleNamespace(has_lost=lambda *_: False, may_choose=lambda *_: True)
    term, metadata = SimpleNamespace(term=1, active=True), SimpleNamespace(read=lambda *_: None)
    steps = Steps(*cast(Any, (env, SETTINGS, metadata, term, nodes)))
    replacements = Replacements(*cast(Any, (env, SETTINGS, term, nodes, steps)))
    steps.kinds = {ReplacementRecord: replacements}
    work = ReplacementRecord(1, 7, "repair", OUT, NEW, "full", "create", 0)
    return replacements, Driven(work, replacements.begin(), 0)


@pytest.mark.parametrize(
    ("sender", "member", "counts"),
    [
        (NEW.node, NEW, True),
        (NEW.node, EARLIER, False),
        (OTHERS.node, OTHERS, False),
        (OTHERS.node, NEW, False),
        (NEW_DISK, NEW, False),
    ],
)
def test_a_new_replica_is_made_when_its_own_node_says_so_of_it(
    driven: tuple[Replacements, Driven], sender: NodeId, member: Member, counts: bool
) -> None:
    """Another replica of the partition, or the same node on another disk, says nothing of it (A5)."""
    replacements, one = driven
    replacements.on_created(one, sender, Created(member))
    assert one.heard.answers.made == counts


@pytest.mark.parametrize("role", ["full", "log"])
def test_a_replacement_is_given_up_as_soon_as_its_node_has_no_room(
    driven: tuple[Replacements, Driven], role: Role
) -> None:
    """It is planned on another node then, and not only when its patience has ended (H12)."""
    replacements, one = driven
    one.work = ReplacementRecord(1, 7, "repair", OUT, NEW, role, "create" if role == "full" else "replace", 0)
    partition = PartitionRecord(
        7, "books", 1, whole(), "listed", CONFIG, 0, 6, (Pending(NEW, 0, False),), workflow=1
    )
    records = {
        ADMIN_KEY: AdminRecord(1, "admin-a"),
        IDS_KEY: Ids(8, 2, 2, 0, 1),
        partition_key(7): partition,
        workflow_key(1): one.work,
    }
    read = Read([(key, StoredItem(encode(record), 1, 1)) for key, record in records.items()])
    assert replacements.decide(one, read) is None, "nothing was answered"
    replacements.on_no_room(one, NEW.node, NoRoom(EARLIER, 8))
    assert replacements.decide(one, read) is None, "that is said of another replica"
    replacements.on_no_room(one, NEW.node, NoRoom(NEW, 8))
    change = replacements.decide(one, read)
    assert change is not None
    (after,) = [part.item for part in change.parts if part.changes]
    assert after is not None
    given_up: ReplacementRecord = record_of(workflow_key(1), after)
    assert (given_up.step, given_up.role) == ("void", "full")


@pytest.mark.parametrize("late", [False, True])
def test_a_replica_that_a_chosen_config_names_is_made_however_long_that_takes(late: bool) -> None:
    """The next leader may need its promise; only if its node is lost it is replaced like any voter (A10)."""
    chosen = CONFIG.replacing(OUT, NEW)
    work = ReplacementRecord(1, 7, "repair", OUT, NEW, "log", "make", 0)
    assert next_step(work, chosen, Answers(late=late)) == work
    assert next_step(work, chosen, Answers(late=late, gone=True)) is None
    assert next_step(work, chosen, Answers(late=late, made=True)) is None
