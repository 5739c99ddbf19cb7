"""What the observer takes for a broken promise about operations of several items, and what it does not."""

import pytest

from dynaproof.checkers.kinds.group import REPLICAS
from dynaproof.checkers.workloads.judge import Judge
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change, Get, GetMany, Part, Put
from dynaproof.impl.partition.records import Mutation, Outcome, StoredItem, Write
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.notes import Ended, Invoked, Shown
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.disks import ChosenRecord
from dynaproof.specs.promises.clients import (
    pages_show_one_state,
    retries_apply_once,
    strong_reads_linearizable,
)
from dynaproof.specs.spec import AnySpec
from dynaproof.specs.views.group_facts import Chosen, Entry

CLIENT = NodeId("region", "client", "c")
ASKED = RequestId(CLIENT, 1, 1)
BALLOT = Ballot(1, "sa", 1)
DEADLINE = 1_000

CHANGE = Change((Part(b"k", 1, True, b"new"), Part(b"m", 1, False)))
"""What is asked for where both items are of slot 1: change one, and look at the other."""


def stored(item: bytes, slot: int) -> StoredItem:
    return StoredItem(item, slot, slot)


def write(made: ImplObserver, slot: int, request: RequestId, items: dict[bytes, bytes | None]) -> None:
    """The record of a change is chosen."""
    mutations = tuple(
        Mutation(key, made.items.get(key), None if item is None else stored(item, slot))
        for key, item in items.items()
    )
    choose(made, Write(slot, BALLOT, 0, slot, request, DEADLINE, mutations))


def choose(made: ImplObserver, record: Write | Outcome) -> None:
    """A record is chosen."""
    fact = Chosen(record.slot, Entry(BALLOT, BALLOT), ChosenRecord(record))
    made.view.chosen[record.slot], made.view.chosen_through = fact, record.slot
    made.chose(fact)


def ask(made: ImplObserver, operation: Change | GetMany, request: RequestId = ASKED) -> None:
    made.invoked(Invoked(request, operation, DEADLINE), "c")


def change(made: ImplObserver, slot: int, **items: bytes) -> None:
    """Another client changes these items, and hears of it."""
    request, named = RequestId(CLIENT, 2, slot), {key.encode(): item for key, item in items.items()}
    versions = {key: 0 if (one := made.items.get(key)) is None else one.slot for key in named}
    ask(made, Change(tuple(Part(key, versions[key], True, item) for key, item in named.items())), request)
    write(made, slot, request, named)
    made.ended(Ended(request, "ok", slot, None))


@pytest.fixture
def made() -> ImplObserver:
    """An observer of a group with two items, both of slot 1."""
    voters = tuple(Member(node, number + 1) for number, node in enumerate(REPLICAS))
    made = ImplObserver(Config(0, voters, 4), {}, Judge)
    change(made, 1, k=b"old", m=b"old")
    return made


def breaks(made: ImplObserver, spec: AnySpec) -> bool:
    return bool(list(spec.check(made.view)))


# --- Pages ---


def show(made: ImplObserver, slot: int, items: dict[bytes, StoredItem], strong: bool = True) -> bool:
    """A client asks for both items, and is shown these: whether that breaks the promise."""
    ask(made, GetMany((b"k", b"m"), strong))
    made.shown(Shown(ASKED, slot, tuple(items.items()), None))
    made.ended(Ended(ASKED, "ok", slot, None))
    return breaks(made, pages_show_one_state)


THEN = {b"k": stored(b"old", 1), b"m": stored(b"old", 1)}
NOW = {b"k": stored(b"new", 2), b"m": stored(b"old", 1)}


@pytest.mark.parametrize(
    ("slot", "items", "wrong"),
    [(1, THEN, False), (2, NOW, False), (1, NOW, True), (2, THEN, True), (3, NOW, True)],
)
def test_a_page_shows_the_state_of_its_slot_and_of_no_other(made, slot: int, items, wrong: bool) -> None:
    change(made, 2, k=b"new")
    assert show(made, slot, items, strong=False) == wrong


@pytest.mark.parametrize("strong", [True, False])
def test_a_strong_page_is_as_new_as_what_was_acknowledged_before_it_was_asked_for(made, strong: bool) -> None:
    change(made, 2, k=b"new")
    assert show(made, 1, THEN, strong) == strong


def test_a_strong_page_may_be_older_than_what_is_acknowledged_while_it_is_asked_for(made) -> None:
    ask(made, GetMany((b"k", b"m"), strong=True))
    change(made, 2, k=b"new")
    made.shown(Shown(ASKED, 1, tuple(THEN.items()), None))
    assert not breaks(made, pages_show_one_state)


def test_a_page_of_a_slot_that_is_forgotten_is_not_judged(made) -> None:
    change(made, 2, k=b"new")
    made.view.prune(2)
    assert not show(made, 1, {}, strong=False)


# --- Changes ---


@pytest.mark.parametrize("key", [None, "k", "m"])
def test_a_change_takes_effect_by_versions_though_the_items_are_the_same(made, key: str | None) -> None:
    if key is not None:
        change(made, 2, **{key: b"old"})
    ask(made, CHANGE)
    write(made, 3, ASKED, {b"k": b"new"})
    made.ended(Ended(ASKED, "ok", 3, None))
    assert breaks(made, strong_reads_linearizable) == (key is not None)


@pytest.mark.parametrize(
    ("items", "wrong"),
    [
        ({b"k": b"new"}, False),
        ({b"k": b"other"}, True),
        ({}, True),
        ({b"k": b"new", b"m": None}, True),
    ],
)
def test_a_change_does_all_that_is_asked_and_nothing_else(made, items, wrong: bool) -> None:
    ask(made, CHANGE)
    write(made, 2, ASKED, items)
    made.ended(Ended(ASKED, "ok", 2, None))
    assert breaks(made, retries_apply_once) == wrong


@pytest.mark.parametrize(
    ("changed", "observed", "wrong"),
    [
        ({"m": b"new"}, stored(b"new", 2), False),
        ({"m": b"old"}, stored(b"old", 2), False),
        ({"k": b"new", "m": b"old"}, stored(b"new", 2), False),
        ({"k": b"new", "m": b"old"}, stored(b"old", 2), True),
        ({"l": b"new"}, stored(b"old", 1), True),
    ],
)
def test_a_change_fails_by_the_first_item_of_another_version(made, changed, observed, wrong: bool) -> None:
    change(made, 2, **changed)
    ask(made, CHANGE)
    choose(made, Outcome(3, BALLOT, 0, 3, ASKED, DEADLINE, observed))
    made.ended(Ended(ASKED, "condition_failed", 3, observed))
    assert breaks(made, strong_reads_linearizable) == wrong


@pytest.mark.parametrize("seen", [b"k", b"m"])
@pytest.mark.parametrize("took_effect", [True, False])
def test_what_became_of_a_lost_change_is_settled_under_each_of_its_keys(made, seen, took_effect) -> None:
    ask(made, Change((Part(b"k", 1, True, b"new"), Part(b"m", 1, True, b"new"))))
    made.ended(Ended(ASKED, "indefinite", 0, None))
    if took_effect:
        write(made, 2, ASKED, {b"k": b"new", b"m": b"new"})
    made.settle_lost(DEADLINE + 1)
    assert not made.lost
    read = RequestId(CLIENT, 1, 2)
    made.invoked(Invoked(read, Get(seen, strong=True), DEADLINE), "c")
    made.ended(Ended(read, "ok", 2, stored(b"new", 2)))
    assert breaks(made, strong_reads_linearizable) != took_effect


def test_a_change_by_a_version_that_is_forgotten_is_a_write_without_a_condition(made) -> None:
    change(made, 2, k=b"newer")
    made.written.clear()
    ask(made, CHANGE)
    assert made.told[ASKED] == (Put(b"k", b"new"),)
    choose(made, Outcome(3, BALLOT, 0, 3, ASKED, DEADLINE, stored(b"newer", 2)))
    made.ended(Ended(ASKED, "condition_failed", 3, stored(b"newer", 2)))
    assert not breaks(made, strong_reads_linearizable)
