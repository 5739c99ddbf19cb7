"""A tree is cut on the pages of another file, and what is left comes home, against a sorted dict."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.state import item_size
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.comparison import digest_of
from dynaproof.impl.tree.homecoming import LOOKED_AT, Homecoming
from dynaproof.impl.tree.nodes import Branch
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import pages_below

CODEC = PageCodec(StoredItem, item_size)
PAGE_BYTES = 256
CACHE = PageCache(1 << 20)

keys = st.integers(0, 400).map(lambda number: b"%03d" % number)
items = st.sampled_from([b"", bytes(9), bytes(60), bytes(200), bytes(900)]).map(
    lambda item: StoredItem(item, 1, 2)
)
contents = st.dictionaries(keys, items, max_size=150)


def file_with(
    disk: SimDisk, plain: dict[bytes, StoredItem], cache: PageCache
) -> tuple[PageFile, BTree[StoredItem]]:
    """A file whose newest checkpoint holds this."""
    file = PageFile(disk, "items/parent", PAGE_BYTES, cache)
    tree = BTree(file, CODEC)
    for key, item in plain.items():
        tree.put(key, item)
    file.checkpoint([tree])
    file.confirm()
    return file, tree


def within(plain: dict[bytes, StoredItem], low: bytes, high: bytes | None) -> list[tuple[bytes, StoredItem]]:
    """What a child has."""
    return [(key, plain[key]) for key in sorted(plain) if low <= key and (high is None or key < high)]


def child_of(
    disk: SimDisk, parent: PageFile, root: BTree[StoredItem], name: str, low: bytes, high: bytes | None
) -> tuple[PageFile, BTree[StoredItem]]:
    """The part of a checkpointed tree, in a file of its own, with its first checkpoint."""
    file = PageFile(disk, name, PAGE_BYTES, PageCache(1 << 20), parent.line, parent.end)
    tree = BTree(file, CODEC, root.write())
    tree.cut(low, high)
    tree._check()
    (ref,) = file.checkpoint([tree])
    file.confirm()
    again = PageFile(disk, name, PAGE_BYTES, PageCache(0), parent.line, parent.end)
    again.recover()
    return again, BTree(again, CODEC, ref)


@given(contents, st.lists(st.tuples(keys, st.booleans()), min_size=1, max_size=4))
def test_the_halves_of_a_cut_hold_all_and_only_their_keys(
    plain: dict[bytes, StoredItem], cuts: list[tuple[bytes, bool]]
) -> None:
    disk = SimDisk(Outbox())
    file, tree = file_with(disk, plain, PageCache(1 << 20))
    low, high = b"", None
    for number, (at, right) in enumerate(cuts):  # The later ones are cuts of a child that is not home.
        if at <= low or (high is not None and at >= high):
            continue
        pages, halves = disk.pages(file.name), []
        for side, (start, end) in enumerate([(low, at), (at, high)]):
            half = child_of(disk, file, tree, f"items/{number}/{side}", start, end)
            assert list(half[1].range()) == within(plain, start, end)
            half[1]._check()
            assert len(disk.pages(half[0].name)) <= 40, "what is made anew is the path of the cut"
            halves.append(half)
        assert disk.pages(file.name) == pages, "nothing of the parent's is written or freed"
        file, tree = halves[right]
        low, high = (at, high) if right else (low, at)


@given(contents, keys, st.integers(1, 9), contents)
def test_what_is_left_comes_home_while_it_changes(
    plain: dict[bytes, StoredItem], at: bytes, limit: int, changes: dict[bytes, StoredItem]
) -> None:
    disk = SimDisk(Outbox())
    parent, tree = file_with(disk, plain, PageCache(1 << 20))
    file, child = child_of(disk, parent, tree, "items/child", at, None)
    before = digest_of(child)
    kept = dict(within(plain, at, None))
    pass_over, waiting = Homecoming([child]), [key for key in changes if key >= at]
    while not pass_over.step(limit):
        if waiting:
            key = waiting.pop()
            child.put(key, changes[key])
            kept[key] = changes[key]
        child._check()
        file.checkpoint([child])
        file.confirm()
    (root,) = file.checkpoint([child])
    file.confirm()
    assert list(child.range()) == sorted(kept.items())
    if kept == dict(within(plain, at, None)) and not any(key in kept for key in changes):
        assert digest_of(child) == before, "what comes home is as it was"
    for part in parent.line:
        disk.remove_file(part.name)
    alone = PageFile(disk, "items/child", PAGE_BYTES, PageCache(0), (), file.first)
    assert list(BTree(alone, CODEC, root).range()) == sorted(kept.items())
    assert all(number >= file.first for number in pages_below([root], alone.read_bytes))


def test_a_piece_of_a_homecoming_passes_few_leaves_though_all_of_them_are_home() -> None:
    """After a crash all may be home already: no handler's work grows with the data."""
    _, tree = file_with(
        SimDisk(Outbox()), {b"%03d" % n: StoredItem(bytes(60), 1, 2) for n in range(120)}, CACHE
    )
    assert isinstance(tree.node(tree.root), Branch)
    passed: list[bytes] = []

    def bring_home(key: bytes, limit: int) -> tuple[bytes | None, int]:
        passed.append(key)
        return tree.bring_home(key, limit)

    pass_over, pieces = Homecoming([cast(Any, SimpleNamespace(bring_home=bring_home))]), [0]
    while not pass_over.step(2):
        pieces.append(len(passed))
    assert len(passed) > 40, "each leaf once"
    assert len(set(passed)) == len(passed)
    assert {after - before for before, after in pairwise(pieces)} == {2 * LOOKED_AT}


def test_a_piece_of_a_homecoming_moves_few_pages_however_large_the_values_of_one_leaf_are() -> None:
    """A leaf has many of them: they come home a few at a time."""
    disk, limit = SimDisk(Outbox()), 6
    plain = {b"%03d" % n: StoredItem(bytes(900), 1, 2) for n in range(60)}
    parent, tree = file_with(disk, plain, PageCache(1 << 20))
    file, child = child_of(disk, parent, tree, "items/child", b"020", None)
    pass_over, read, done = Homecoming([child]), [disk.bytes_read], False
    while not done:
        done = pass_over.step(limit)
        read.append(disk.bytes_read)
        file.checkpoint([child])
        file.confirm()
        disk.sync_started()
        disk.sync_done()
    assert list(child.range()) == within(plain, b"020", None)
    value, path = 5, 12
    assert max(after - before for before, after in pairwise(read)) <= (limit + value + path) * PAGE_BYTES
    assert len(read) > 20
