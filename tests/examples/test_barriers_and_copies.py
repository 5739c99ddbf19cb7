"""A barrier comes to a replica whose tree is on its way by copy (rules H3, H5 and P1 of docs/table.md)."""

from __future__ import annotations

from msgspec import structs

from dynaproof.impl.partition.messages.requests import Get, WrongPartition
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
