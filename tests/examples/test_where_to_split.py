"""Where a partition would be split, by what it stores and by what was asked for (R9 of docs/table.md)."""

import pytest

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.heat import SAMPLES, Heat, middle_of, middle_of_tree
from dynaproof.impl.partition.messages.requests import Get
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.replica import places_to_split
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.values.key_range import HASH_BYTES, position
from tests.examples.split_group import SplitGroup


def at(number: int) -> bytes:
    """A position of the hash space."""
    return position(number << 100)


def places(counts: dict[int, int]) -> list[bytes]:
    """Positions in order, each as often as it says."""
    return [at(number) for number in sorted(counts) for _ in range(counts[number])]


@pytest.mark.parametrize(
    ("counts", "middle"),
    [
        ({1: 1, 2: 1, 3: 1, 4: 1}, 3),
        ({1: 1, 2: 1}, 2),
        ({1: 3, 2: 1}, 2),
        ({1: 1, 2: 3}, 2),
        ({1: 2, 2: 1, 3: 4}, 3),
        ({1: 6, 2: 5, 3: 6}, 2),
    ],
)
def test_the_middle_is_the_beginning_of_a_position_with_about_as_many_below(
    counts: dict[int, int], middle: int
) -> None:
    assert middle_of(places(counts)) == at(middle)


@pytest.mark.parametrize("counts", [{}, {1: 1}, {1: 9}, {1: 4, 2: 1}, {1: 1, 2: 4}, {1: 1, 2: 8, 3: 1}])
def test_there_is_no_middle_where_no_place_leaves_a_quarter_on_each_side(counts: dict[int, int]) -> None:
    assert middle_of(places(counts)) == b""


def test_any_middle_leaves_a_quarter_on_each_side_and_parts_no_position() -> None:
    for first in range(9):
        for second in range(9):
            for third in range(9):
                positions = places({1: first, 2: second, 3: third})
                middle = middle_of(positions)
                below = sum(one < middle for one in positions)
                if middle:
                    assert 4 * min(below, len(positions) - below) >= len(positions)
                else:
                    cuts = (first, first + second)
                    assert all(4 * min(one, len(positions) - one) < len(positions) for one in cuts) or (
                        len(positions) < 2
                    )


def test_a_single_hot_key_gives_no_place() -> None:
    heat = Heat()
    for number in range(1_000):
        heat.asked(at(7) + b"sort")
        if number % 8 == 0:
            heat.asked(at(number % 50))
    assert heat.middle() == b""


@pytest.mark.parametrize("keys", [2, 3, 4, 5, 8, 16])
def test_keys_that_are_asked_for_in_turn_are_sampled_alike(keys: int) -> None:
    heat = Heat()
    for number in range(1_000 * keys):
        heat.asked(at(number % keys) + b"sort")
    assert at(keys // 4) <= heat.middle() <= at(keys - keys // 4)
    assert len({position for _, position in heat.kept}) == keys


def test_the_sample_is_bounded_and_even_over_time() -> None:
    heat = Heat()
    for number in range(10_000):
        heat.asked(at(number))
        assert len(heat.kept) < SAMPLES
    assert len(heat.kept) >= SAMPLES // 4
    middle = heat.middle()
    assert at(3_000) < middle < at(7_000)
    heat.clear()
    assert heat.middle() == b""
    heat.asked(at(1))
    assert [position for _, position in heat.kept] == [at(1)]


def test_a_leader_says_where_it_was_asked_since_it_said_so_last() -> None:
    group = SplitGroup()
    leader = group.replica("sa")

    def asked_in_turn(*numbers: int) -> bytes:
        for _ in range(20):
            for number in numbers:
                group.ask("sa", Get(at(number), strong=False))
        return places_to_split(leader)[1]

    assert asked_in_turn(1, 2, 3, 4) == at(3)
    assert asked_in_turn() == b""
    assert asked_in_turn(7, 8) == at(8)
    assert asked_in_turn(7) == b"", "one key is hot now, whatever was asked for before"


def tree_of(keys: list[bytes]) -> BTree[StoredItem]:
    """A tree of items of a few hundred bytes."""
    file = PageFile(SimDisk(Outbox()), "pages", 1_024, PageCache(1 << 20))
    tree = BTree(file, PartitionState.codecs[0])
    for key in keys:
        tree.put(key, StoredItem(b"x" * 200, 1, 1))
    return tree


@pytest.mark.parametrize("count", [40, 400, 4_000])
def test_the_middle_of_a_tree_leaves_a_quarter_of_its_items_on_each_side(count: int) -> None:
    keys = [at(number * 7919 % count) + b"k" for number in range(count)]
    middle = middle_of_tree(tree_of(keys))
    below = sum(key < middle for key in keys)
    assert count // 4 <= below <= count - count // 4
    assert len(middle) == HASH_BYTES


def test_a_tree_that_one_position_fills_has_no_middle() -> None:
    assert middle_of_tree(tree_of([at(5) + b"%04d" % number for number in range(500)])) == b""
    assert middle_of_tree(tree_of([])) == b""
