"""A barrier comes to a replica whose tree is on its way by copy (rules H3, H5 and P1 of docs/table.md)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from dynaproof.impl.partition.messages.requests import Get, WrongPartition
from dynaproof.impl.paxos.files import pages_prefix
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.catch_up import Chosen
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica, Replaced, ReplaceVoter
from tests.examples.split_group import LEFT, LOW, PARENT, SPLIT, SplitGroup, member


def test_a_voter_without_a_tree_answers_for_the_barrier_and_makes_its_children_when_its_tree_comes() -> None:
    """No leader splits beside a voter that has none, as far as it knows: here it is told otherwise."""
    group = SplitGroup(tree_wait_us=100_000)
    group.put(LOW, b"low")
    leader = group.replica("sa")
    new = Member(member("sc").node, leader.config.next_incarnation)
    group.tell("sc", DropReplica(member("sc", 3)))
    group.tell("sa", ReplaceVoter(0, member("sc", 3), new, "log"))
    group.wait(lambda: leader.config.epoch == 1)
    group.wait(lambda: leader.leadership.progress[member("sb", 2)].through >= leader.state.config_slot)
    group.tell("sa", ReplaceVoter(0, member("sc", 3), new, "log"))
    group.wait(lambda: group.heard(Replaced))
    (answer,) = group.heard(Replaced)
    group.tell("sc", CreateReplica(new, answer.config, answer.config_slot, answer.held))
    group.wait(lambda: group.replica("sc") and leader.leadership.progress[new].asked_at >= 0)
    leader.leadership.progress[new].full = True
    command = structs.replace(SPLIT, expected_epoch=1)
    group.prepare(command)
    group.tell("sa", command)
    group.wait(group.is_split)
    assert not group.replica("sc").full
    group.ask("sc", Get(LOW, strong=False))
    group.wait(lambda: group.heard(WrongPartition, "sc"))
    assert not any(answer.final for answer in group.heard(WrongPartition, "sc")), "it remembers no ids"
    group.wait(group.have_children)
    assert group.replica("sc", LEFT).state.items.get(LOW).item == b"low"


def test_children_are_made_at_once_where_the_log_brings_the_barrier_before_a_copy_is_installed() -> None:
    group = SplitGroup()
    group.prepare()
    group.cut("sc")
    group.put(LOW, b"low")
    group.tell("sa", SPLIT)
    group.wait(lambda: group.have_children("sa", "sb"))
    group.mend()
    source, late, place = group.replica("sb"), group.replica("sc"), group.place("sc")
    group.world.run(group.place("sb"), source.offer_copy, late.member, late.log.commit, lane=PARENT)
    group.wait(lambda: late.installing)
    assert not late.state.barrier
    first, last = late.log.commit + 1, source.log.commit
    records = tuple(source.log.chunk(first, last, 1 << 20))
    held_at = tuple(source.log.slot_held_at(slot) for slot in range(first, last + 1))
    chosen = Chosen(source.member, late.incarnation, first, records, held_at, last)
    group.world.run(place, group.node("sc").on_message, source.member.node, chosen, lane=PARENT)
    assert late.state.barrier
    assert late.installing
    began = group.world.tau
    group.wait(lambda: group.have_children("sc"))
    assert group.world.tau - began < late.settings.lease_us
    assert group.replica("sc", LEFT).state.items.get(LOW).item == b"low"


def file_of_copy(replica: Any, how_far: str) -> str:
    """The file of a copy that has come so far; empty if none has."""
    if how_far == "copy":
        return replica.copy.pages.file if replica.copy is not None else ""
    return replica.checkpoint.pages if replica.installing else ""


@pytest.mark.parametrize(("how_far", "items"), [("copy", 16), ("installing", 1)])
def test_the_file_of_a_copy_goes_once_the_log_has_brought_what_it_would(how_far: str, items: int) -> None:
    """Nothing is written any more, so no checkpoint comes that would remove it."""
    group = SplitGroup(chunk_pages=1, copy_messages=1)
    source, late, place = group.replica("sb"), group.replica("sc"), group.place("sc")

    def files() -> list[str]:
        return list(late.env.disk.files(pages_prefix(late.group, late.incarnation)))

    group.cut("sc")
    for number in range(items):
        group.put(LOW + bytes([number]), b"x" * 300)
    group.wait(lambda: source.log.commit > late.log.commit + items - 1)
    group.world.run(group.place("sb"), source.write_checkpoint, lane=PARENT)
    group.wait(lambda: source.log.head.snapshot is not None)
    group.mend()
    group.world.run(group.place("sb"), source.offer_copy, late.member, late.log.commit, lane=PARENT)
    group.wait(lambda: file_of_copy(late, how_far) in files())
    file = file_of_copy(late, how_far)
    first, last = late.log.commit + 1, source.log.commit
    records = tuple(source.log.chunk(first, last, 1 << 20))
    held_at = tuple(source.log.slot_held_at(slot) for slot in range(first, last + 1))
    chosen = Chosen(source.member, late.incarnation, first, records, held_at, last)
    group.world.run(place, group.node("sc").on_message, source.member.node, chosen, lane=PARENT)

    assert late.log.commit == last
    group.wait(lambda: file not in files())
