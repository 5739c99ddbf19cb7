"""The children of a split as observers see them: each continues from what was chosen in its parent, and owes
what its parent has promised.

*Invariant.* What a child's observer knows at its beginning is the fold of the parent's chosen records through
the barrier, restricted to the child's range; and a key has one judge over the whole line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from dynaproof.impl.partition.records import ChildSpec, Split
from dynaproof.impl.paxos.ids import NO_BALLOT, RequestId
from dynaproof.specs.observe.impl.disks import ChosenRecord
from dynaproof.specs.observe.impl.replicas import ImplObserver
from dynaproof.specs.views.base import Name
from dynaproof.specs.views.group_facts import Chosen, Entry

PARENTS = "all that its parent has acknowledged"


def begin(child: ImplObserver, parent: ImplObserver, split: Split, spec: ChildSpec) -> None:
    """A child begins with what its parent's chosen records leave through the barrier, which counts as chosen
    in it.
    """
    view, slot, identity = child.view, split.slot, split.proposed_at
    record = ChosenRecord(split)
    record.log_bytes = parent.holds.log_bytes
    view.configs = [(slot, spec.voters)]
    view.chosen_through, view.pruned_through = slot, slot - 1
    view.chosen[slot] = Chosen(slot, Entry(NO_BALLOT, identity), record)
    view.records[slot, identity] = record
    child.config, child.config_slot, child.born_at = spec.config, slot, slot
    child.largest_delete = parent.largest_delete
    child.items = {key: item for key, item in parent.items.items() if spec.range.contains(key)}
    child.written = {at: item for at, item in parent.written.items() if spec.range.contains(at[0])}
    child.recorded = dict(parent.recorded)
    child.made_by = dict(parent.made_by)
    child.refused_for_good = dict(parent.refused_for_good)
    child.judges = parent.judges  # Of the whole line: a request may have begun in any part of it.
    child.holds.log_bytes = parent.holds.log_bytes
    for name, hold in parent.holds.holds.items():
        child.holds.holds[name] = structs.replace(hold, through=slot, bytes_through=parent.holds.log_bytes)
        child.holds.read_bytes[name] = parent.holds.log_bytes
        child.view.holds[name] = slot
    child.times.known_through = slot
    child.begins_rotten = lambda place: parent.members.get(place) in parent.logs.with_rot
    child.capacity.begin(parent.capacity, split, split.children.index(spec))


def cross(request: RequestId, parent: ImplObserver, child: ImplObserver) -> None:
    """A request continues in a child: what the parent's observer knew of it, the child's knows now, and is
    told what the parent's replicas still answer.
    """
    if request in parent.answers:
        parent.crossed[request] = child
    tables: tuple[tuple[dict[RequestId, Any], dict[RequestId, Any]], ...] = (
        (parent.open, child.open),
        (parent.asked_at, child.asked_at),
        (parent.deadlines, child.deadlines),
        (parent.attempts, child.attempts),
        (parent.answers, child.answers),
        (parent.told, child.told),
        (parent.known_before, child.known_before),
    )
    for before, after in tables:
        if request in before:
            after[request] = before.pop(request)


def pass_on(parent: ImplObserver, children: Sequence[ImplObserver]) -> bool:
    """Whether in each child every voter of some config was made, and a quorum of them has, or had, a durable
    tree of its own, or the log above one: from then on nobody needs the parent's replicas, and the children
    owe what it has acknowledged. A voter that is made by copy has no tree at first (H10).
    """
    for child in children:
        there = {**child.view.checkpoints, **child.view.bare}
        made: dict[Name, int] = {**there, **dict.fromkeys(child.members.values(), 0)}
        if not any(has_taken_over(voters, made, there) for _, voters in child.view.configs):
            return False
    parent.view.acknowledged.clear()
    for child in children:
        parent.view.owed_through = child.born_at
        child.view.acknowledged.setdefault(child.born_at, PARENTS)
    return True


def has_taken_over(voters: Sequence[Name], made: Mapping[Name, int], there: Mapping[Name, int]) -> bool:
    """Whether all voters of a config were made, and a quorum of them has a tree."""
    with_trees = sum(voter in there for voter in voters)
    return 2 * with_trees > len(voters) and all(voter in made for voter in voters)
