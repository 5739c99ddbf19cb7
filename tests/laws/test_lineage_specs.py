"""The promises of parts that have no scenario yet, each on a view that keeps it and on views that do not.

That models and their seeded bugs are judged by the same specs is in `test_model_specs.py`; here is what those
models do not show.
"""

from itertools import permutations
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaproof.specs.promises.lineage import (
    lineage_is_a_tree_that_covers,
    one_owner_per_key,
    restore_is_exact,
)
from dynaproof.specs.promises.streams import parent_before_children, stream_complete_and_single
from dynaproof.specs.promises.transactions import transactions_serializable
from dynaproof.specs.spec import Spec
from dynaproof.specs.views.base import View
from dynaproof.specs.views.lineage import (
    Descent,
    LineageCommitted,
    LineageView,
    MetadataCommitted,
    Owner,
    Restored,
)
from dynaproof.specs.views.stream import Change, StreamShard, StreamView
from dynaproof.specs.views.transaction import Transaction, TransactionView

Seen = TypeVar("Seen", bound=View[Any])


def told(spec: Spec[Seen], view: Seen) -> list[str]:
    return [violation.sentence for violation in spec.check(view)]


def test_owners_may_share_a_key_only_one_after_the_other() -> None:
    view = LineageView()
    view.own("parent", Owner(0, 8, 100))
    view.own("child", Owner(4, 8, 300))
    assert told(one_owner_per_key, view) == ["parent and child accept writes for the keys from 4 to 8"]
    view.tau = 100
    assert list(one_owner_per_key.check(view)) == []


@pytest.mark.parametrize(
    ("ranges", "sentences"),
    [
        ([("a", 0, 3), ("b", 3, 8)], []),
        ([("b", 3, 8), ("a", 0, 3)], []),
        ([], ["no partition of t serves the keys from 0 to 8"]),
        ([("a", 0, 3), ("b", 4, 8)], ["no partition of t serves the keys from 3 to 4"]),
        ([("a", 0, 3)], ["no partition of t serves the keys from 3 to 8"]),
        ([("a", 0, 4), ("b", 3, 8)], ["b and another partition of t serve the keys from 3"]),
        ([("a", 0, 8), ("b", 3, 4)], ["b and another partition of t serve the keys from 3"]),
    ],
)
def test_metadata_covers_the_key_space_once(ranges: list[tuple[str, int, int]], sentences: list[str]) -> None:
    view = LineageView()
    view.key_space = (0, 8)
    view.file(MetadataCommitted("t", tuple(ranges)))
    assert told(one_owner_per_key, view) == sentences


@pytest.mark.parametrize(
    ("partitions", "sentences"),
    [
        ([Descent("a", None, 0, 3, False), Descent("b", None, 3, 8, False)], []),
        ([Descent("a", None, 0, 3, False)], ["no first partition of t serves the keys from 3 to 8"]),
        (
            [Descent("a", None, 0, 8, True), Descent("l", "a", 0, 3, True), Descent("r", "a", 3, 8, False)],
            ["no child of l serves the keys from 0 to 3"],
        ),
        (
            [Descent("a", None, 0, 8, True), Descent("l", "a", 0, 4, False), Descent("r", "a", 3, 8, False)],
            ["r and another child of a serve the keys from 3"],
        ),
        (
            [Descent("a", None, 0, 8, False), Descent("l", "a", 0, 3, False), Descent("x", "b", 3, 8, False)],
            ["l is a child of a, which is not split", "x is a child of b, which is not split"],
        ),
    ],
)
def test_children_cover_the_range_of_whoever_is_split(
    partitions: list[Descent], sentences: list[str]
) -> None:
    view = LineageView()
    view.key_space = (0, 8)
    view.file(LineageCommitted("t", tuple(partitions)))
    assert told(lineage_is_a_tree_that_covers, view) == sentences


def test_restore_over_two_splits_takes_the_writes_of_the_line_and_the_leaves_of_the_time() -> None:
    view = LineageView()
    view.descend("p", None, 0)
    for child, parent, since in [("l", "p", 3), ("r", "p", 3), ("rl", "r", 6), ("rr", "r", 6)]:
        view.descend(child, parent, since)
    view.writes = {"p": [(1, "x"), (2, "y")], "r": [(4, "z"), (5, "u")], "rr": [(7, "v")]}
    restored = {"l": ("x", "y"), "rl": ("x", "y", "z", "u"), "rr": ("x", "y", "z", "u", "v")}
    view.file(Restored(7, restored))
    view.file(Restored(4, {"l": ("x", "y"), "r": ("x", "y", "z")}))
    view.file(Restored(1, {"p": ("x",)}))
    assert list(restore_is_exact.check(view)) == []
    view.fresh = {Restored: [Restored(5, {"l": ("x", "y"), "rl": ()})]}
    assert told(restore_is_exact, view) == [
        "a restore to 5 makes rl, which is no leaf of the lineage then",
        "a restore to 5 does not make r, a leaf of the lineage then",
    ]
    view.fresh = {Restored: [Restored(2, {"p": ("y", "x")})]}
    assert len(told(restore_is_exact, view)) == 1


def test_images_of_an_item_follow_each_other_from_the_parent_shard_into_the_child() -> None:
    first, second = Change(1, "k", None, "a"), Change(2, "k", "a", "b")
    third = Change(4, "k", "b", "c")
    view = StreamView()
    view.changes = {"p": [first, second], "c": [third]}
    view.log_ends = {"p": 3}
    view.stream("p", StreamShard(None, (first, second), 3, closed=True))
    view.stream("c", StreamShard("p", (third,), 4, closed=False))
    assert list(stream_complete_and_single.check(view)) == []
    stale = third._replace(old="a")
    view.changes["c"] = [stale]
    view.stream("c", StreamShard("p", (stale,), 4, closed=False))
    assert {"has old image a" in one for one in told(stream_complete_and_single, view)} == {True}


def test_a_child_is_read_once_its_parent_is_closed_and_read() -> None:
    record = Change(1, "k", None, "a")
    view = StreamView()
    view.stream("p", StreamShard(None, (record,), 1, closed=False))
    view.stream("c", StreamShard("p", (record,), 3, closed=False))
    view.consume("p", 1)
    view.consume("c", 1)
    assert len(told(parent_before_children, view)) == 1
    view.stream("p", StreamShard(None, (record,), 2, closed=True))
    assert list(parent_before_children.check(view)) == []
    view.consume("p", 0)
    assert len(told(parent_before_children, view)) == 1


@pytest.mark.parametrize(
    ("transactions", "kept"),
    [
        ({"w": Transaction(0, 1, (), ("x",)), "r": Transaction(2, 3, (("x", "w"),), ())}, True),
        ({"w": Transaction(0, 1, (), ("x",)), "r": Transaction(2, 3, (("x", None),), ())}, False),
        ({"w": Transaction(0, None, (), ("x",)), "r": Transaction(2, 3, (("x", None),), ())}, True),
        ({"r": Transaction(2, 3, (("x", "aborted"),), ())}, False),
        (
            {
                "a": Transaction(0, 9, (("x", None), ("y", None)), ("x",)),
                "b": Transaction(0, 9, (("x", None), ("y", None)), ("y",)),
            },
            False,
        ),
        (
            {
                "a": Transaction(0, 9, (("x", None),), ("x",)),
                "b": Transaction(0, 9, (("x", None),), ("x",)),
            },
            False,
        ),
        (
            {
                "w": Transaction(0, 9, (), ("x", "y")),
                "r": Transaction(0, 9, (("x", "w"), ("y", None)), ()),
            },
            False,
        ),
    ],
    ids=["read", "stale read", "unanswered", "dirty read", "write skew", "lost update", "fractured read"],
)
def test_known_anomalies_are_told_from_serializable_transactions(
    transactions: dict[str, Transaction], kept: bool
) -> None:
    view = TransactionView()
    for name, one in transactions.items():
        view.commit(name, one)
    assert (told(transactions_serializable, view) == []) == kept


def explained(transactions: dict[int, Transaction], versions: dict[str, list[int]]) -> bool:
    """By trying every order."""
    for order in permutations(transactions):
        values: dict[str, list[int]] = {}
        for at, name in enumerate(order):
            one = transactions[name]
            if any((values.get(key) or [None])[-1] != writer for key, writer in one.reads):
                break
            if any((transactions[later].ended or 99) < one.began for later in order[at + 1 :]):
                break
            for key in one.writes:
                values.setdefault(key, []).append(name)
        else:
            if values == versions:
                return True
    return False


@st.composite
def committed(draw: st.DrawFn) -> dict[int, Transaction]:
    names = range(draw(st.integers(2, 4)))
    writes = {name: tuple(draw(st.lists(st.sampled_from("xy"), unique=True))) for name in names}
    made = {}
    for name in names:
        reads = tuple(
            (key, draw(st.sampled_from([None, *(n for n in names if n != name and key in writes[n])])))
            for key in draw(st.lists(st.sampled_from("xy"), unique=True))
        )
        began = draw(st.integers(0, 4))
        made[name] = Transaction(began, draw(st.none() | st.integers(began + 1, 6)), reads, writes[name])
    return made


@given(committed())
def test_serializability_agrees_with_trying_every_order(transactions: dict[int, Transaction]) -> None:
    view = TransactionView()
    for name, one in transactions.items():
        view.commit(name, one)
    graph = list(transactions_serializable.check(view)) == []
    versions = {str(key): [int(str(name)) for name in names] for key, names in view.versions.items()}
    assert graph == explained(transactions, versions)
