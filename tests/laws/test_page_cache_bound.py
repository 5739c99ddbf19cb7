"""The page cache of a node is within its bound, as the interpreter counts what it holds."""

import sys
from random import Random
from typing import Any

import pytest

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.state import item_size
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.nodes import Branch, Large, Leaf, Value
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageRef

CODEC = PageCodec(StoredItem, item_size)
BOUND = 400_000
DATA = 3 * BOUND


def taken(value: Any) -> int:
    """What an object and all that it refers to take."""
    found = sys.getsizeof(value)
    if isinstance(value, (list, tuple)):
        return found + sum(map(taken, value))
    if isinstance(value, (Leaf, Branch, Value, Large)):
        return found + sum(taken(getattr(value, name)) for name in value.__slots__)
    if isinstance(value, (PageRef, StoredItem)):
        return found + sum(taken(getattr(value, name)) for name in value.__struct_fields__)
    return found


def in_memory(cache: PageCache, trees: list[BTree[StoredItem]]) -> int:
    """What is clean in the cache, and what is dirty below the roots of trees."""
    found = taken(list(cache._clean.values())) + taken(list(cache._clean))
    dirty = [tree.root for tree in trees]
    while dirty:
        child = dirty.pop()
        if isinstance(child, PageRef | Leaf):
            found += taken(child)  # What is below a reference is clean, and counted.
        else:
            found += taken(child.keys) + sys.getsizeof(child.children)
            dirty += child.children
    return found


@pytest.mark.parametrize("page_bytes", [1_024, 8_192])
@pytest.mark.parametrize("item_bytes", [100, 1_000, 10_000])
def test_what_two_trees_keep_in_memory_is_about_the_bound(page_bytes: int, item_bytes: int) -> None:
    """Two files grow to three times the bound, are read and changed at random; what is in memory is within a
    tenth above the bound at all times, and within a quarter below once there is so much to keep.
    """
    disk, cache, chance = SimDisk(Outbox()), PageCache(BOUND), Random(7)
    files = [PageFile(disk, name, page_bytes, cache) for name in ("one", "other")]
    trees = [BTree(file, CODEC) for file in files]
    count = DATA // item_bytes // 2
    most = 0
    for turn in range(count * 3 // 2):
        for file, tree in zip(files, trees, strict=True):
            key = b"key%09d" % (turn if turn < count else chance.randrange(count))
            tree.put(key, StoredItem(bytes(item_bytes), 1_000_000 + turn, 1_700_000_000_000_000 + turn))
            tree.get(b"key%09d" % chance.randrange(count))
            if cache.presses(file.serial):
                file.checkpoint([tree])
                file.confirm()
                disk.sync_started()
                disk.sync_done()
        if turn % (count // 8) == 0:
            most = max(most, in_memory(cache, trees))
    assert cache.dirty_bytes <= 0.6 * BOUND, "a checkpoint is due where half is dirty"
    assert 0.75 * BOUND <= in_memory(cache, trees) <= 1.1 * BOUND
    assert most <= 1.1 * BOUND


def test_a_node_that_is_changed_takes_the_room_of_clean_ones() -> None:
    """Dirty bytes are counted in the bound: what is clean goes for them."""
    disk, cache = SimDisk(Outbox()), PageCache(100_000)
    file = PageFile(disk, "file", 1_024, cache)
    tree = BTree(file, CODEC)
    for number in range(2_000):
        tree.put(b"%06d" % number, StoredItem(bytes(40), 1, 1))
    file.checkpoint([tree])
    assert not cache.dirty_bytes
    assert cache.clean_bytes > 90_000
    for number in range(20):
        tree.put(b"%06d" % (number * 33), StoredItem(bytes(41), 1, 1))
    assert cache.dirty_bytes > 30_000
    assert cache.clean_bytes + cache.dirty_bytes <= cache.bound
    assert tree.get(b"000033") == StoredItem(bytes(41), 1, 1)


def filled(disk: SimDisk, cache: PageCache, name: str, items: int) -> tuple[PageFile, BTree[StoredItem]]:
    """A file of its own, with a tree of which nothing is on the disk yet."""
    file = PageFile(disk, name, 1_024, cache)
    tree = BTree(file, CODEC)
    for number in range(items):
        tree.put(b"%06d" % number, StoredItem(bytes(40), 1, 1))
    return file, tree


def test_a_file_that_is_given_up_takes_no_room_for_what_it_never_wrote() -> None:
    """A replica that was dropped, or whose tree a copy has replaced: else the cache shrinks for ever."""
    disk, cache = SimDisk(Outbox()), PageCache(100_000)
    gone, _ = filled(disk, cache, "gone", 200)
    stays, _ = filled(disk, cache, "stays", 20)
    assert gone.dirty_bytes > 40_000
    gone.close()
    assert cache.dirty_bytes == stays.dirty_bytes > 0
    assert not cache.presses(stays.serial)


def test_a_file_with_little_to_write_is_not_due_for_a_checkpoint_because_of_another() -> None:
    cache = PageCache(100_000)
    large, _ = filled(SimDisk(Outbox()), cache, "large", 300)
    small, _ = filled(SimDisk(Outbox()), cache, "small", 1)
    assert cache.dirty_bytes > cache.bound // 2
    assert (cache.presses(large.serial), cache.presses(small.serial)) == (True, False)


def test_what_was_read_lately_stays_in_memory_longer_than_what_came_later() -> None:
    cache = PageCache(300)
    pages = [Value(None, 100) for _ in range(4)]
    for page in range(3):
        cache.add(1, page, pages[page])
    assert cache.get(1, 0) is pages[0]
    cache.add(1, 3, pages[3])
    assert [cache.get(1, page) for page in range(4)] == [pages[0], None, *pages[2:]]
