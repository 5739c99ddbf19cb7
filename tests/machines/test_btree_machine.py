"""Two B-trees in one page file against two sorted dicts: puts, deletes, scans, held views, checkpoints,
scrubs, crashes between any two page writes, rot, and copies page by page, with a cache that holds all, some
or nothing.

The log is stood in for by one file that names roots; the trees are used by the log's rules: roots are named
once their pages are durable, and confirmed once their names are.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)
from sortedcontainers import SortedDict

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.state import item_size
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.comparison import differing, digest_of
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_copy import PageCopy
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import (
    Page,
    PageRef,
    RottenPageError,
    encode_page,
    pages_below,
)
from dynaproof.impl.tree.scrub import Scrub
from dynaproof.impl.tree.view import TreeView

CODECS: tuple[PageCodec[Any], ...] = (PageCodec(StoredItem, item_size), PageCodec(int, lambda _: 9))
FILE = "items/tree"
NAMES = "names"
MOST_OF_A_VALUE = 70
"""Pages that the largest value and the path to it take."""
Plain = tuple[SortedDict, SortedDict]  # What the trees hold.

keys = st.binary(max_size=3) | st.sampled_from([b"k%03d" % number for number in range(60)])
items = st.builds(
    StoredItem,
    st.binary(max_size=12) | st.sampled_from([b"", bytes(50), bytes(90), bytes(300), bytes(3000)]),
    st.integers(0, 9),
    st.just(0),
)
which = st.sampled_from([0, 0, 1])
"""The tree that is meant."""


def value_of(which: int, item: StoredItem) -> StoredItem | int:
    """What a tree holds that stands for an item: the item itself, or its length."""
    return item if which == 0 else len(item.item)


def copies(plain: Plain) -> Plain:
    return plain[0].copy(), plain[1].copy()


def opened(
    disk: SimDisk, page_bytes: int, roots: tuple[PageRef, ...], cache_bytes: int
) -> tuple[PageFile, list[BTree[Any]]]:
    """The trees below some roots, from the disk."""
    file = PageFile(disk, FILE, page_bytes, PageCache(cache_bytes))
    file.recover()
    return file, [BTree(file, codec, root) for codec, root in zip(CODECS, roots, strict=True)]


class View:
    """A tree of the last durable checkpoint, held."""

    def __init__(self, life: int, which: int, tree: TreeView[Any], plain: SortedDict, held: int) -> None:
        self.life, self.which, self.tree, self.plain, self.held = life, which, tree, plain, held


class BTreeMachine(RuleBasedStateMachine):
    """Rules of the tree's user and of its disk."""

    views = Bundle("views")

    @initialize(
        page_bytes=st.sampled_from([128, 160, 400]), cache_bytes=st.sampled_from([0, 3_000, 20_000, 1 << 30])
    )
    def begin(self, page_bytes: int, cache_bytes: int) -> None:
        self.page_bytes, self.cache_bytes = page_bytes, cache_bytes
        self.disk = SimDisk(Outbox())
        self.file = PageFile(self.disk, FILE, page_bytes, PageCache(cache_bytes))
        self.trees = [BTree(self.file, codec) for codec in CODECS]
        self.scrub = Scrub(self.file, self.trees)
        self.plain: Plain = SortedDict(), SortedDict()
        self.life = 0
        self.roots: list[tuple[tuple[PageRef, ...], Plain]] = []
        """All roots that were named, with what they hold; the last of those whose name is durable count."""
        self.written: tuple[tuple[PageRef, ...], Plain] | None = None
        self.step = "idle"
        self.checkpoint()
        self.sync()
        self.name()
        self.sync()
        self.confirm()

    # --- Changing and reading ---

    @rule(which=which, key=keys, item=items)
    def put(self, which: int, key: bytes, item: StoredItem) -> None:
        self.trees[which].put(key, value_of(which, item))
        self.plain[which][key] = value_of(which, item)

    @rule(which=which, first=st.integers(0, 50), count=st.integers(1, 30), item=items)
    def put_many(self, which: int, first: int, count: int, item: StoredItem) -> None:
        for number in range(first, first + count):
            self.put(which, b"k%03d" % (number % 60), item)

    @rule(which=which, key=keys)
    def delete(self, which: int, key: bytes) -> None:
        self.trees[which].delete(key)
        self.plain[which].pop(key, None)

    @rule(which=which, low=keys, high=keys)
    def delete_range(self, which: int, low: bytes, high: bytes) -> None:
        for key in list(self.plain[which].irange(low, high)):
            self.delete(which, key)

    @rule(which=which, key=keys)
    def get(self, which: int, key: bytes) -> None:
        assert self.trees[which].get(key) == self.plain[which].get(key)

    @rule(which=which, low=keys, high=st.none() | keys)
    def scan(self, which: int, low: bytes, high: bytes | None) -> None:
        plain = self.plain[which]
        expected = [(k, plain[k]) for k in plain.irange(low, high, (True, False))]
        assert list(self.trees[which].range(low, high)) == expected
        sizes = [(key, CODECS[which].entry_size(key, value)) for key, value in expected]
        assert list(self.trees[which].sizes(low, high)) == sizes

    # --- Held views ---

    @precondition(lambda self: self.step == "idle")
    @rule(target=views, which=which)
    def hold(self, which: int) -> View:
        roots, plain = self.roots[-1]
        view = TreeView(self.file, CODECS[which], roots[which])
        return View(self.life, which, view, plain[which].copy(), self.file.hold_durable())

    @rule(view=views)
    def look(self, view: View) -> None:
        if view.life == self.life:  # A crash takes the views of a life with it.
            assert list(view.tree.range()) == list(view.plain.items())

    @rule(view=consumes(views))
    def close(self, view: View) -> None:
        self.look(view)
        if view.life == self.life:
            self.file.let_go(view.held)

    @rule(view=views)
    def compare(self, view: View) -> None:
        """Whatever differs lies in a range that is named; equal trees name none."""
        if view.life != self.life:
            return
        now, current = self.trees[view.which], self.plain[view.which]
        ranges = list(differing(now, view.tree))
        for key in {*current, *view.plain}:
            inside = any(low <= key and (high is None or key < high) for low, high in ranges)
            assert inside or current.get(key) == view.plain.get(key)
        assert bool(ranges) == (digest_of(now) != digest_of(view.tree))

    # --- Checkpoints, by the log's rules ---

    @precondition(lambda self: self.step == "idle")
    @rule()
    def checkpoint(self) -> None:
        before = self.disk.written
        same = bool(self.roots) and self.plain == self.roots[-1][1] and self.untouched()
        digests = [digest_of(tree) for tree in self.trees]
        self.written = (self.file.checkpoint(self.trees), copies(self.plain))
        assert [root.digest for root in self.written[0]] == digests
        assert not self.file.dirty_bytes
        assert not same or self.disk.written == before, "only what changed is written"
        self.step = "written"

    def untouched(self) -> bool:
        return bool(self.roots) and tuple(tree.root for tree in self.trees) == self.roots[-1][0]

    @precondition(lambda self: self.step == "durable")
    @rule()
    def name(self) -> None:
        assert self.written is not None
        self.roots.append(self.written)
        self.disk.append(NAMES, b"%08d" % len(self.roots))
        self.step = "named"

    @precondition(lambda self: self.step == "named and durable")
    @rule()
    def confirm(self) -> None:
        self.file.confirm()
        self.step = "idle"

    @rule()
    def sync(self) -> None:
        self.disk.sync_started()
        self.disk.sync_done()
        self.step = {"written": "durable", "named": "named and durable"}.get(self.step, self.step)

    @rule()
    def whole_checkpoint(self) -> None:
        """All the steps of the next checkpoint, or those that are left of the running one."""
        if self.step == "idle":
            self.checkpoint()
        self.sync()
        if self.step == "durable":
            self.name()
        self.sync()
        self.confirm()

    @rule(limit=st.sampled_from([1, 3, 20]))
    def scrub_some(self, limit: int) -> None:
        """A scrub goes on, however the trees have changed; it is over once it has read all there is."""
        before = self.scrub.pages
        done = self.scrub.step(limit)
        assert self.scrub.pages <= before + limit + MOST_OF_A_VALUE, "a piece is bounded"
        if done:
            assert not self.file.found, "it is known what is free"
            self.scrub = Scrub(self.file, self.trees)

    def scrub_all(self) -> None:
        self.scrub = Scrub(self.file, self.trees)
        while not self.scrub.step(5):
            pass

    # --- What befalls it ---

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """Any prefix of the page writes and frees is kept; the root that is named counts."""
        self.disk.crash(lambda _name, choices: data.draw(st.integers(0, choices - 1)))
        named = self.disk.size(NAMES) // 8
        self.disk.cut(NAMES, named * 8)
        self.roots = self.roots[:named]
        roots, plain = self.roots[-1]
        self.file, self.trees = opened(self.disk, self.page_bytes, roots, self.cache_bytes)
        self.scrub = Scrub(self.file, self.trees)
        self.plain = copies(plain)
        self.life += 1
        self.step = "idle"
        self.holds_the_same()
        assert [digest_of(tree) for tree in self.trees] == [root.digest for root in roots]

    @rule(data=st.data())
    def rot(self, data: st.DataObject) -> None:
        """A damaged bit in any page of the newest named roots is found by a scrub, and by who reads all."""
        disk, number, roots = self.page_of_the_newest(data)
        page = disk.read_page(FILE, number)
        assert page is not None
        at, mask = data.draw(st.integers(0, len(page) - 1)), 1 << data.draw(st.integers(0, 7))
        disk.write_page(FILE, number, page[:at] + bytes([page[at] ^ mask]) + page[at + 1 :])
        self.finds_rot(disk, roots)

    @rule(data=st.data())
    def misplaced(self, data: st.DataObject) -> None:
        """A sound page that is not the one which its parent means, as a lost write leaves it, is found."""
        disk, number, roots = self.page_of_the_newest(data)
        disk.write_page(FILE, number, encode_page(number, Page(b"stale"), self.page_bytes))
        self.finds_rot(disk, roots)

    def finds_rot(self, disk: SimDisk, roots: tuple[PageRef, ...]) -> None:
        def open_and_scrub() -> None:
            scrub = Scrub(*opened(disk, self.page_bytes, roots, self.cache_bytes))
            while not scrub.step(3):
                pass

        def open_and_read() -> None:
            for tree in opened(disk, self.page_bytes, roots, self.cache_bytes)[1]:
                list(tree.range())

        for find in (open_and_scrub, open_and_read):
            with pytest.raises(RottenPageError):
                find()

    def page_of_the_newest(self, data: st.DataObject) -> tuple[SimDisk, int, tuple[PageRef, ...]]:
        """A copy of the disk, one of the pages that the newest named roots need, and these roots."""
        roots, _ = self.roots[-1]
        numbers = pages_below(roots, self.read)
        return self.disk_copy(), data.draw(st.sampled_from(sorted(numbers))), roots

    def read(self, number: int) -> bytes | None:
        return self.disk.read_page(FILE, number)

    def disk_copy(self) -> SimDisk:
        disk = SimDisk(Outbox())
        for number in self.disk.pages(FILE):
            disk.write_page(FILE, number, self.disk.read_page(FILE, number) or b"")
        return disk

    @rule(limit=st.integers(1, 4), kept=st.sampled_from([2, 1000]), data=st.data())
    def copy(self, limit: int, kept: int, data: st.DataObject) -> None:
        """A peer copies named roots page by page, in any order and some damaged; before it is done it goes on
        with newer ones, and asks for no page again of which it has the digest.
        """
        disk = SimDisk(Outbox())
        copy = PageCopy(disk, FILE, self.page_bytes, kept)
        older = data.draw(st.integers(0, len(self.roots) - 1))
        if older < len(self.roots) - 1 and self.whole(self.roots[older][0]):
            self.copy_pages(copy, older, limit, data.draw(st.integers(1, 20)), data)
        had = dict(copy.have) if kept == 1000 else {}
        asked = self.copy_pages(copy, -1, limit, 1 << 30, data)
        roots, plain = self.roots[-1]
        assert not [digest for digest in asked if digest in had]
        assert tuple(ref.digest for ref in copy.roots if ref) == tuple(ref.digest for ref in roots)
        here = tuple(ref for ref in copy.roots if ref)
        file, trees = opened(disk, self.page_bytes, here, self.cache_bytes)
        assert [list(tree.range()) for tree in trees] == [list(held.items()) for held in plain]
        check(file, trees)

    def whole(self, roots: tuple[PageRef, ...]) -> bool:
        """Whether all pages below older roots are still on the disk."""
        try:
            pages_below(roots, lambda number: self.disk.read_page(FILE, number))
        except RottenPageError:
            return False
        return True

    def copy_pages(
        self, copy: PageCopy, which: int, limit: int, most: int, data: st.DataObject
    ) -> list[tuple[int, bytes]]:
        """Copy at most so many pages below roots; the trees and digests of those that were asked for."""
        copy.begin(self.roots[which][0])
        asked: list[tuple[int, bytes]] = []
        damaged = data.draw(st.integers(0, 30))
        while (wanted := copy.ask(limit)) and len(asked) < most:
            for number in data.draw(st.permutations(wanted)):
                page = self.disk.read_page(FILE, number)
                assert page is not None
                asked.append((copy.asked[number].tree, copy.asked[number].ref.digest))
                if len(asked) == damaged:
                    assert not copy.take(number, page[:-5] + b"?" + page[-4:])
                    break  # It has begun again at its roots.
                assert copy.take(number, page)
                assert copy.take(number, page), "a repeated answer changes nothing"
        return asked

    @invariant()
    def is_sound(self) -> None:
        if hasattr(self, "trees"):
            check(self.file, self.trees)
            assert {len(self.read(number) or b"") for number in self.disk.pages(FILE)} <= {self.page_bytes}

    def holds_the_same(self) -> None:
        assert [list(tree.range()) for tree in self.trees] == [list(plain.items()) for plain in self.plain]

    def teardown(self) -> None:
        """Nothing leaks: with all snapshots closed, the pages on the disk are those of the newest roots."""
        if not hasattr(self, "trees"):
            return
        self.holds_the_same()
        if self.step != "idle" or self.file.held:
            return
        self.whole_checkpoint()
        self.scrub_all()
        used = sorted(pages_below(self.roots[-1][0], self.read))
        assert used == list(self.disk.pages(FILE))
        assert sorted([*used, *self.file.free]) == list(range(self.file.end))


def check(file: PageFile, trees: list[BTree[Any]]) -> None:
    """The trees are sound, and the cache counts what they have in memory, within its bound."""
    cache = file.cache
    assert sum(tree._check() for tree in trees) == file.dirty_bytes == cache.dirty_bytes
    assert sum(clean.cost for clean in cache._clean.values()) == cache.clean_bytes
    assert cache.clean_bytes + cache.dirty_bytes <= max(cache.bound, cache.dirty_bytes)
    assert len(file.free) == len(set(file.free)), "a page is free once"


TestBTreeMachine = BTreeMachine.TestCase
TestBTreeMachine.settings = settings(stateful_step_count=30, max_examples=2 * settings().max_examples)
