"""Replacements of voters as changes of the metadata, driven by any answers in any order: a partition has one
workflow at a time, its copy of the config goes forward only, no incarnation is given twice, and whoever may
be on a node and is no voter stays listed until it is gone.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from dynaproof.impl.metadata.changes import Read, take_over
from dynaproof.impl.metadata.placement import Candidate, place_one
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    IDS_KEY,
    TOUCHED_KEY,
    Ids,
    PartitionRecord,
    Pending,
    ReplacementRecord,
    encode,
    may_go,
    partition_key,
    record_of,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import (
    PENDING,
    Answers,
    Forget,
    Plan,
    abandon,
    advance,
    is_under_way,
    keys_of_replacement,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import whole

NODES = tuple(NodeId("region", zone, f"s{zone}{row}") for zone in "abc" for row in (1, 2, 3))
FIRST = Config(0, tuple(Member(NODES[index * 3], index + 1) for index in range(3)), 4)
MOST = 2
PARTITION = 7


class Replacing(RuleBasedStateMachine):
    """The metadata of one partition as a dict, and the configs that its leader has chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[bytes, StoredItem] = {}
        self.slot = 0
        self.chosen = [FIRST]
        self.given: list[int] = [1, 2, 3]
        self.maybe: dict[Member, bool] = dict.fromkeys(FIRST.voters, True)
        """All that may be on a node."""
        self.stale: list[tuple[Change, str]] = []

    @initialize()
    def begin(self) -> None:
        self.apply(take_over(self.read((ADMIN_KEY, TOUCHED_KEY)), "admin-a"))
        record = PartitionRecord(PARTITION, "books", 1, whole(), "listed", FIRST)
        self.put(partition_key(PARTITION), record)
        self.put(IDS_KEY, Ids(8, 1, 2, 0))

    # --- The metadata ---

    def put(self, key: bytes, record: Any) -> None:
        self.slot += 1
        self.items[key] = StoredItem(encode(record), self.slot, self.slot)

    def read(self, keys: tuple[bytes, ...]) -> Read:
        assert list(keys) == sorted(keys), "the keys of a read ascend"
        return Read([(key, self.items[key]) for key in keys if key in self.items])

    def apply(self, change: Change) -> bool:
        self.slot += 1
        if not all(part.holds(self.items.get(part.key)) for part in change.parts):
            return False
        for part in change.parts:
            if part.changes and part.item is None:
                self.items.pop(part.key, None)
            elif part.changes:
                self.items[part.key] = StoredItem(part.item, self.slot, self.slot)  # type: ignore[arg-type]
        return True

    def record(self, key: bytes) -> Any:
        found = self.items.get(key)
        return None if found is None else record_of(key, found.item)

    @property
    def partition(self) -> PartitionRecord:
        found = self.record(partition_key(PARTITION))
        assert isinstance(found, PartitionRecord)
        return found

    @property
    def works(self) -> list[ReplacementRecord]:
        found = [self.record(key) for key in sorted(self.items)]
        return [one for one in found if isinstance(one, ReplacementRecord)]

    # --- What admins do ---

    @rule(
        out=st.integers(0, 2),
        node=st.sampled_from(NODES),
        role=st.sampled_from(("log", "full")),
        reason=st.sampled_from(("repair", "move")),
    )
    def plan(self, out: int, node: NodeId, role: Any, reason: Any) -> None:
        """A plan is written, unless it may not be; the same one, decided twice, is written once."""
        plan = Plan(PARTITION, self.partition.config.voters[out], node, role, reason)
        decided = [plan.decide(self.read(plan.keys()), MOST) for _ in range(2)]
        if decided[0] is None or decided[1] is None:
            return
        before = self.partition
        assert self.apply(decided[0])
        assert not self.apply(decided[1]), "what one admin has decided, another one cannot decide again"
        (work,) = [one for one in self.works if one.workflow == self.partition.workflow]
        assert before.workflow == 0
        assert work.new.incarnation not in self.given
        assert not before.config.replacing(work.out, work.new).crowded()
        others = [voter.node for voter in before.config.voters if voter != work.out]
        assert work.new.node not in others
        self.given.append(work.new.incarnation)
        self.maybe[work.new] = True

    @precondition(lambda self: self.works)
    @rule(
        choose=st.sampled_from(("nothing", "replace", "raise")),
        made=st.booleans(),
        late=st.booleans(),
        gone=st.booleans(),
        unheld=st.booleans(),
        told=st.booleans(),
    )
    def step(self, choose: str, made: bool, late: bool, gone: bool, unheld: bool, told: bool) -> None:
        """The leader may obey the command of the step, at the epoch that it expects; the admin hears what it
        hears, and writes it down.
        """
        work, newest = self.works[0], self.chosen[-1]
        if newest.epoch == work.expected_epoch and is_under_way(self.read(keys_of_replacement(work)), work):
            if choose == "replace" and work.step in ("replace", "void") and (work.made or work.role == "log"):
                self.chosen.append(newest.replacing(work.out, work.new))
            elif choose == "raise" and work.step == "void":
                self.chosen.append(newest.raised())
        newest = self.chosen[-1]
        answers = Answers(newest if told else None, newest.epoch, made, late, gone, unheld)
        read = self.read(keys_of_replacement(work))
        if not is_under_way(read, work):
            assert self.apply(abandon(read, work))
            return
        change = advance(read, work, answers)
        before = self.partition
        if change is None:
            return
        assert self.apply(change)
        assert not self.apply(change), "a step is written once"
        after = self.record(workflow_key(work.workflow))
        if after is None:
            assert self.partition.workflow == 0
            past = self.partition.config.epoch > work.expected_epoch
            assert past, "a replacement ends when no command of it counts any more"
            if work.new in self.partition.config.voters:
                assert made or work.made or gone
        else:
            assert (after.out, after.new, after.expected_epoch) == (work.out, work.new, work.expected_epoch)
            assert after.role in (work.role, "full")
        assert self.partition.config.epoch >= before.config.epoch

    @precondition(lambda self: self.partition.pending)
    @rule(index=st.integers(0, 10), gone=st.booleans())
    def forget(self, index: int, gone: bool) -> None:
        """A member is struck out when it is gone; whoever may yet get a vote is not."""
        pending = self.partition.pending
        one = pending[index % len(pending)]
        chore = Forget(PARTITION, one.member)
        change = chore.decide(self.read(chore.keys()), MOST)
        assert (change is not None) == may_go(self.partition, one)
        if gone and change is not None:
            del self.maybe[one.member]
            assert self.apply(change)

    @rule(workflow=st.integers(100, 200))
    def delete_table(self, workflow: int) -> None:
        """Another workflow takes the partition."""
        self.put(partition_key(PARTITION), structs.replace(self.partition, workflow=workflow))

    @precondition(lambda self: self.partition.workflow >= 100)
    @rule()
    def the_other_workflow_ends(self) -> None:
        """And leaves it."""
        while self.works and not is_under_way(self.read(keys_of_replacement(self.works[0])), self.works[0]):
            assert self.apply(abandon(self.read(keys_of_replacement(self.works[0])), self.works[0]))
        self.put(partition_key(PARTITION), structs.replace(self.partition, workflow=0))

    # --- What holds ---

    @invariant()
    def copies_are_chosen(self) -> None:
        if self.items:
            assert self.partition.config in self.chosen

    @invariant()
    def workflows_are_counted(self) -> None:
        if self.items:
            ids = self.record(IDS_KEY)
            assert isinstance(ids, Ids)
            assert ids.replacing == len(self.works) <= MOST

    @invariant()
    def nobody_is_forgotten_that_may_be_there(self) -> None:
        if self.items:
            listed = {one.member for one in self.partition.pending} | set(self.partition.config.voters)
            assert listed >= set(self.maybe)


TestReplacing = Replacing.TestCase


def test_a_place_is_in_a_zone_with_room_and_on_a_node_without_a_voter() -> None:
    candidates = tuple(Candidate(node, index) for index, node in enumerate(NODES))
    out = FIRST.voters[0]
    found = place_one(candidates, FIRST, out, [out.node.address])
    assert found == NODES[1], "the emptiest of its zone"
    assert place_one(candidates[3:], FIRST, out, []) is None, "no zone has two voters of three"


def test_no_voter_is_replaced_while_too_many_members_are_not_known_to_be_gone() -> None:
    """Their record would grow without bound where what has left does not go."""
    record = PartitionRecord(PARTITION, "books", 1, whole(), "listed", FIRST)
    plan = Plan(PARTITION, FIRST.voters[0], NODES[1], "full", "repair")
    for count in (PENDING - 1, PENDING):
        pending = tuple(
            Pending(Member(NodeId("region", "a", f"old{number}"), number + 4), 0, True)
            for number in range(count)
        )
        items = {
            partition_key(PARTITION): structs.replace(record, next_incarnation=100, pending=pending),
            IDS_KEY: Ids(8, 1, 2, 0),
        }
        read = Read((key, StoredItem(encode(one), 1, 1)) for key, one in items.items())
        assert (plan.decide(read, MOST) is not None) == (count < PENDING)


def decided(plan: Plan, *pending: Pending, replacing: int = 0) -> bool:
    """Whether a plan may begin beside these members and so many others that are under way."""
    record = PartitionRecord(PARTITION, "books", 1, whole(), "listed", FIRST, pending=pending)
    ids = Ids(8, 1, 2, 0, replacing=replacing)
    items = ((partition_key(PARTITION), encode(record)), (IDS_KEY, encode(ids)))
    read = Read((key, StoredItem(item, 1, 1)) for key, item in items)
    return plan.decide(read, MOST) is not None


def test_no_replica_is_planned_where_an_older_one_may_live() -> None:
    """Its node could not say that an incarnation is gone while an older one lives there (A6)."""
    out, there = FIRST.voters[0], Member(NODES[1], 9)
    for reason in ("repair", "drain", "balance", "move"):
        plan = Plan(PARTITION, out, NODES[1], "full", reason)
        assert decided(plan)
        assert not decided(plan, Pending(there, 0, True))
        assert decided(plan, Pending(Member(NODES[2], 9), 0, True))
        own = structs.replace(plan, node=out.node)
        assert decided(own) == (reason == "repair"), "only what is lost for good leaves its node free"


def test_no_more_voters_are_replaced_at_a_time_than_may_be() -> None:
    plan = Plan(PARTITION, FIRST.voters[0], NODES[1], "full", "repair")
    assert [decided(plan, replacing=count) for count in (MOST - 1, MOST, MOST + 1)] == [True, False, False]
