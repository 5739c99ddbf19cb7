"""Whose word an admin takes for what: a replica was made, or will not be, at the word of its own node."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.steps import Driven
from dynaproof.impl.metadata.records import PartitionRecord, ReplacementRecord, partition_key
from dynaproof.impl.metadata.replacements import Answers, next_step
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import Created, Role
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import NoRoom
from dynaproof.impl.values.key_range import whole

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
FIRST = Config(0, tuple(Member(node, number) for number, node in enumerate(NODES, 1)), 4)
OUT, NEW = FIRST.voters[0], Member(NodeId("region", "a", "sa2"), 5)
BEFORE = structs.replace(NEW, incarnation=4)
PARTITION = PartitionRecord(7, "books", 1, whole(), "listed", FIRST, 12, next_incarnation=6, workflow=1)
SETTINGS = AdminSettings()

WORDS = {
    "its own node's, of it": (NEW.node, NEW, True),
    "another node's, of it": (NODES[1], NEW, False),
    "its own node's, of the replica that was to come before": (NEW.node, BEFORE, False),
    "another node's, of another replica": (NODES[1], FIRST.voters[1], False),
}
"""Who answers, of which replica, and whether that says something of the new one."""


@pytest.mark.parametrize("words", WORDS)
def test_a_new_replica_is_taken_for_made_only_at_its_own_nodes_word(words: str) -> None:
    """A late answer may be of the replica that an earlier replacement was to bring."""
    sender, member, counts = WORDS[words]
    replacements, one = driven()
    replacements.on_created(one, sender, Created(member))
    assert one.heard.answers.made == counts


@pytest.mark.parametrize("words", WORDS)
def test_a_replacement_for_which_there_is_no_room_is_given_up_at_once_and_no_other(words: str) -> None:
    """Else the partition would wait for the whole patience of the step."""
    sender, member, counts = WORDS[words]
    replacements, one = driven()
    replacements.on_no_room(one, sender, NoRoom(member, 3))
    read = SimpleNamespace(record=lambda key: PARTITION if key == partition_key(7) else None)
    given: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dynaproof.impl.admin.replacements.advance", lambda *a: given.append(a[-1]))
        replacements.decide(one, cast(Any, read))
    assert given[0].gone == counts


@pytest.mark.parametrize("role", ["full", "log"])
def test_a_replica_that_a_config_names_is_made_however_long_that_takes_unless_it_is_lost(role: Role) -> None:
    """The config is chosen: without the replica's promise its group may have no leader (rule 14)."""
    config = FIRST.replacing(OUT, NEW)
    work = ReplacementRecord(1, 7, "repair", OUT, NEW, role, "make", 0)
    for answers, goes_on in [
        (Answers(late=True), True),
        (Answers(late=True, unheld=True), True),
        (Answers(gone=True), False),
        (Answers(made=True), False),
        (Answers(late=True, made=True), False),
    ]:
        after = next_step(work, config, answers)
        assert (after is not None) == goes_on, answers
        if after is not None:
            assert (after.step, after.role) == ("make", "full" if answers.unheld else role)


def driven() -> tuple[Replacements, Driven]:
    """A repair whose new replica is to be made, and what drives it."""
    env = SimpleNamespace(now=1, enter=lambda _: None, note=lambda _: None)
    nodes = SimpleNamespace(has_lost=lambda *_: False, may_choose=lambda _: True)
    steps = SimpleNamespace(step=lambda _: None)
    replacements = Replacements(*cast(Any, (env, SETTINGS, SimpleNamespace(term=1), nodes, steps)))
    work = ReplacementRecord(1, 7, "repair", OUT, NEW, "full", "create", 0)
    return replacements, Driven(work, replacements.begin(), 0)
