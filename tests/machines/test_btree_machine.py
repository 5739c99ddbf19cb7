"""The B-tree against a sorted dict: puts, deletes, scans, snapshots, checkpoints, crashes between any two
page writes, rot, and copies page by page.

The log is stood in for by one file that names roots; the tree is used by the log's rules: a root is named
once its pages are durable, and confirmed once its name is.
"""

from __future__ import annotations

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
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.tree.btree import BTree, TreeView
from dynaproof.impl.tree.pages import LeafPage, PageCopy, PageRef, RottenPageError, encode_page

CODEC = PartitionState.codec
FILE = "items/tree"
NAMES = "names"
Plain = SortedDict  # Of key to StoredItem.

keys = st.binary(max_size=3) | st.sampled_from([b"k%03d" % number for number in range(60)])
values = st.builds(
    StoredItem,
    st.binary(max_size=12) | st.sampled_from([b"", bytes(90), bytes(300)]),
    st.integers(0, 9),
    st.just(0),
)


class BTreeMachine(RuleBasedStateMachine):
    """Rules of the tree's user and of its disk."""

    views = Bundle("views")

    @initialize(page_bytes=st.sampled_from([90, 160, 400]))
    def begin(self, page_bytes: int) -> None:
        self.page_bytes = page_bytes
        self.disk = SimDisk(Outbox())
        self.tree = BTree(self.disk, FILE, CODEC, page_bytes, cached_nodes=4)
        self.plain = Plain()
        self.life = 0
        self.roots: list[tuple[PageRef, Plain]] = []
        """Every root that was named, with what it holds; the last of those whose name is durable counts."""
        self.written: tuple[PageRef, Plain] | None = None
        self.step = "idle"
        self.checkpoint()
        self.sync()
        self.name()
        self.sync()
        self.confirm()

    # --- Changing and reading ---

    @rule(key=keys, value=values)
    def put(self, key: bytes, value: StoredItem) -> None:
        self.tree.put(key, value)
        self.plain[key] = value

    @rule(first=st.integers(0, 50), count=st.integers(1, 30), value=values)
    def put_many(self, first: int, count: int, value: StoredItem) -> None:
        for number in range(first, first + count):
            self.put(b"k%03d" % (number % 60), value)

    @rule(key=keys)
    def delete(self, key: bytes) -> None:
        self.tree.delete(key)
        self.plain.pop(key, None)

    @rule(low=keys, high=keys)
    def delete_range(self, low: bytes, high: bytes) -> None:
        for key in list(self.plain.irange(low, high)):
            self.delete(key)

    @rule(key=keys)
    def get(self, key: bytes) -> None:
        assert self.tree.get(key) == self.plain.get(key)

    @rule(low=keys, high=st.none() | keys)
    def scan(self, low: bytes, high: bytes | None) -> None:
        expected = [(k, self.plain[k]) for k in self.plain.irange(low, high, (True, False))]
        assert list(self.tree.range(low, high)) == expected

    # --- Snapshots ---

    @rule(target=views)
    def snapshot(self) -> tuple[int, TreeView, Plain]:
        return self.life, self.tree.snapshot(), self.plain.copy()

    @rule(view=views)
    def look(self, view: tuple[int, TreeView, Plain]) -> None:
        life, snapshot, plain = view
        if life == self.life:  # A crash takes the snapshots of a life with it.
            assert list(snapshot.range()) == list(plain.items())

    @rule(view=consumes(views))
    def close(self, view: tuple[int, TreeView, Plain]) -> None:
        self.look(view)
        if view[0] == self.life:
            view[1].close()

    @rule(view=views)
    def compare(self, view: tuple[int, TreeView, Plain]) -> None:
        """Whatever differs lies in a range that is named; equal trees name none."""
        life, snapshot, plain = view
        if life != self.life:
            return
        now = self.tree.snapshot()
        ranges = now.differing(snapshot)
        for key in {*self.plain, *plain}:
            inside = any(low <= key and (high is None or key < high) for low, high in ranges)
            assert inside or self.plain.get(key) == plain.get(key)
        assert bool(ranges) == (now.digest() != snapshot.digest())
        now.close()

    # --- Checkpoints, by the log's rules ---

    @precondition(lambda self: self.step == "idle")
    @rule()
    def checkpoint(self) -> None:
        before = self.disk.written
        same = bool(self.roots) and self.plain == self.roots[-1][1] and self.untouched()
        self.written = (self.tree.checkpoint(), self.plain.copy())
        assert not same or self.disk.written == before, "only what changed is written"
        self.step = "written"

    def untouched(self) -> bool:
        return (
            bool(self.roots)
            and self.tree.digest() == self.roots[-1][0].digest
            and self.tree._root.page is not None
        )

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
        self.tree.confirm()
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

    # --- What befalls it ---

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """Any prefix of the page writes and frees is kept; the root that is named counts."""
        self.disk.crash(lambda _name, choices: data.draw(st.integers(0, choices - 1)))
        named = self.disk.size(NAMES) // 8
        self.disk.cut(NAMES, named * 8)
        self.roots = self.roots[:named]
        root, plain = self.roots[-1]
        self.tree = BTree.open(self.disk, FILE, root, CODEC, self.page_bytes, cached_nodes=4)
        self.plain = plain.copy()
        self.life += 1
        self.step = "idle"
        assert list(self.tree.range()) == list(plain.items())
        assert self.tree.digest() == root.digest

    @rule(data=st.data())
    def rot(self, data: st.DataObject) -> None:
        """A damaged bit in any page of the newest named root is found; then it is mended, to go on."""
        root, _ = self.roots[-1]
        numbers = sorted(BTree.open(self.disk_copy(), FILE, root, CODEC, self.page_bytes).pages())
        number = data.draw(st.sampled_from(numbers))
        page = self.disk.read_page(FILE, number)
        assert page is not None
        at, mask = data.draw(st.integers(0, len(page) - 1)), 1 << data.draw(st.integers(0, 7))
        disk = self.disk_copy()
        disk.write_page(FILE, number, page[:at] + bytes([page[at] ^ mask]) + page[at + 1 :])
        with pytest.raises(RottenPageError):
            BTree.open(disk, FILE, root, CODEC, self.page_bytes)

    @rule(data=st.data())
    def misplaced(self, data: st.DataObject) -> None:
        """A sound page that is not the one which its parent means, as a lost write leaves it, is found."""
        root, _ = self.roots[-1]
        disk = self.disk_copy()
        number = data.draw(
            st.sampled_from(sorted(BTree.open(disk, FILE, root, CODEC, self.page_bytes).pages()))
        )
        disk.write_page(FILE, number, encode_page(number, LeafPage([b"stale"], [StoredItem(b"", 0, 0)])))
        with pytest.raises(RottenPageError):
            BTree.open(disk, FILE, root, CODEC, self.page_bytes)

    def disk_copy(self) -> SimDisk:
        disk = SimDisk(Outbox())
        for number in self.disk.pages(FILE):
            disk.write_page(FILE, number, self.disk.read_page(FILE, number) or b"")
        return disk

    @rule(limit=st.integers(1, 4), data=st.data())
    def copy(self, limit: int, data: st.DataObject) -> None:
        """A peer copies the newest named root page by page, in any order, damaged pages among them."""
        root, plain = self.roots[-1]
        disk = SimDisk(Outbox())
        copy = PageCopy(disk, FILE, root, CODEC)
        while wanted := copy.wanted(limit):
            for number in data.draw(st.permutations(wanted)):
                page = self.disk.read_page(FILE, number)
                assert page is not None
                assert not copy.take(number, page[:-5] + b"?" + page[-4:])
                assert copy.take(number, page)
                assert not copy.take(number, page)
        tree = BTree.open(disk, FILE, root, CODEC, self.page_bytes)
        assert list(tree.range()) == list(plain.items())
        tree._check()

    @invariant()
    def is_sound(self) -> None:
        if hasattr(self, "tree"):
            self.tree._check()

    def teardown(self) -> None:
        """Nothing leaks: with all snapshots closed, the pages on the disk are those of the newest root."""
        if not hasattr(self, "tree"):
            return
        assert list(self.tree.range()) == list(self.plain.items())
        if self.step != "idle" or self.tree._held:
            return
        self.whole_checkpoint()
        assert sorted(self.tree.pages()) == list(self.disk.pages(FILE))


TestBTreeMachine = BTreeMachine.TestCase
TestBTreeMachine.settings = settings(stateful_step_count=30, max_examples=2 * settings().max_examples)
