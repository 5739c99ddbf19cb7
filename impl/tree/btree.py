"""A copy-on-write B-tree, in checksummed pages of a page file that it may share with other trees.

Keys are bytes and lie in order in leaves of bounded size; branches lead to them. A node that is on the disk
is never changed: a change copies the path from the root to it. So a snapshot is a root, and a checkpoint
(`page_file.py`) writes the nodes that were made since the last one, bottom up, on pages that no durable root
uses. A crash between any two page writes leaves the old root whole. A value that takes more than half a page
lies in pages of its own, which stay where they are when its leaf is written anew.

What is on the disk is read when it is needed, verified, and kept in the page cache of the node: a clean node
is known to its parent only by reference, so it may leave the cache at any time.

*Invariants* (`_check` asserts them all). Keys are sorted; a separator is above all keys to its left and not
above those to its right; all leaves are equally deep. No leaf but the root is empty, no branch has one child.
A leaf beyond `room` holds a single entry, a branch beyond it fewer than four children. The shape depends only
on the sequence of puts and deletes: replicas that applied the same records have the same digest.

Sources: Rodeh, *B-trees, Shadowing, and Clones*, ACM Transactions on Storage 2008; Bayer and McCreight,
*Organization and Maintenance of Large Ordered Indexes*, 1972.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any, TypeAlias

from dynaproof.impl.tree.codec import BODY_BYTES, PageCodec, V
from dynaproof.impl.tree.nodes import (
    CHILD_BYTES,
    Branch,
    Child,
    Large,
    Leaf,
    Node,
    Value,
    branch_body,
    branch_size,
    cost_of,
    entry_size,
    large_body,
    leaf_body,
    pieces_of,
    value_of,
)
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageRef
from dynaproof.impl.tree.view import TreeView

Path: TypeAlias = list[tuple[Branch, int]]
"""Branches from the root down, each with the place of the child that was taken."""


class BTree(TreeView[V]):
    """Values by key, in the page file `file`; see the module."""

    def __init__(self, file: PageFile, codec: PageCodec[V], root: PageRef | None = None) -> None:
        """An empty tree, or the one below a root of the file, of which only that page is read.

        Raises:
            RottenPageError: the root's page is damaged or missing.
        """
        super().__init__(file, codec, Leaf([], [], 0) if root is None else root)
        self.room = file.room - BODY_BYTES
        node = self.node(self.root)
        if root is None:
            self._count(node)

    # --- Changing ---

    def put(self, key: bytes, value: V) -> None:
        """Store a value under a key."""
        leaf, path = self._own_path(key)
        at = bisect_left(leaf.keys, key)
        entry: Any = value
        size = self.codec.entry_size(key, value)
        if size > self.room // 2:
            unwritten = value_of(self.codec, key, value)
            entry = Large(self.codec.size(value), None, unwritten)
            self.file.count_dirty(unwritten.cost)
            size = entry_size(self.codec, key, entry)
        leaf.size += size
        if at < len(leaf.keys) and leaf.keys[at] == key:
            self._give_up(leaf, at)
            leaf.values[at] = entry
        else:
            leaf.keys.insert(at, key)
            leaf.values.insert(at, entry)
        self._fit(leaf, path)

    def delete(self, key: bytes) -> None:
        """Remove the value under a key; nothing happens if there is none."""
        leaf = self._leaf(key)
        at = bisect_left(leaf.keys, key)
        if at == len(leaf.keys) or leaf.keys[at] != key:
            return
        leaf, path = self._own_path(key)
        self._give_up(leaf, at)
        del leaf.keys[at], leaf.values[at]
        self._fit(leaf, path)

    def _give_up(self, leaf: Leaf, at: int) -> None:
        """Give up the value in this place; if it is large, its pages or its unwritten bytes too."""
        key, value = leaf.keys[at], leaf.values[at]
        leaf.size -= entry_size(self.codec, key, value)
        if type(value) is not Large:
            return
        if value.ref is not None:
            self.file.retire(value.ref, self.file.read(value.ref).depth)
        elif value.unwritten is not None:
            self.file.count_dirty(-value.unwritten.cost)

    def _own_path(self, key: bytes) -> tuple[Leaf, Path]:
        """The leaf of a key, and the branches that lead to it, all of which may be changed."""
        path: Path = []
        node = self.root = self._own(self.root)
        while type(node) is Branch:
            at = bisect_right(node.keys, key)
            path.append((node, at))
            node = self._own_child(node, at)
        assert type(node) is Leaf
        return node, path

    def _own_child(self, node: Branch, at: int) -> Node:
        child = node.children[at] = self._own(node.children[at])
        return child

    def _own(self, child: Child) -> Node:
        """The node itself if it was made since the last checkpoint, else a copy of it."""
        node = self.node(child)
        if node.ref is None:
            return node
        self.file.retire(node.ref, node.depth)
        own: Node
        if isinstance(node, Leaf):
            own = Leaf(node.keys.copy(), node.values.copy(), node.size)
        else:
            own = Branch(node.keys.copy(), node.children.copy())
        self._count(own)
        return own

    def _count(self, node: Node) -> None:
        """Count what a node that is not on the disk now takes."""
        cost = cost_of(node)
        if cost != node.cost:
            self.file.count_dirty(cost - node.cost)
            node.cost = cost

    def _forget(self, node: Node) -> None:
        """A node that is not on the disk is no longer part of the tree."""
        self.file.count_dirty(-node.cost)

    def _small(self, node: Node) -> bool:
        """Whether a node should be joined with a neighbour."""
        return node.size < self.room // 4 or (isinstance(node, Branch) and len(node.children) < 2)

    def _fit(self, node: Node, path: Path) -> None:
        """Split what has become too large and join what has become too small, up to the root."""
        while node.size > self.room or not path or self._small(node):
            pieces = pieces_of(self.codec, node, self.room)
            for _, piece in pieces:
                self._count(piece)
            if not path:
                if len(pieces) == 1:
                    break
                keys = [separator for separator, _ in pieces[1:]]
                children: list[Child] = [piece for _, piece in pieces]
                node = self.root = Branch(keys, children)
                continue  # Very many pieces do not fit into one branch either.
            parent, at = path.pop()
            _insert(parent, at, pieces)
            if len(pieces) == 1 and self._small(node):
                self._join(parent, at)
            node = parent
        self._count(node)
        while isinstance(self.root, Branch) and len(self.root.children) == 1:
            self._forget(self.root)
            self.root = self._own_child(self.root, 0)

    def _join(self, parent: Branch, at: int) -> None:
        """Join a small child with a neighbour if they fit into one page, or if it may not stay alone."""
        child = self._own_child(parent, at)
        if isinstance(child, Leaf) and not child.keys:
            self._forget(child)
            _remove_child(parent, at, max(0, at - 1))
            return
        alone = isinstance(child, Branch) and len(child.children) < 2
        for left_at in (at - 1, at):
            if left_at < 0 or left_at + 1 >= len(parent.children):
                continue
            joined = self.node(parent.children[left_at]).size + self.node(parent.children[left_at + 1]).size
            separator = parent.keys[left_at]
            if not alone and joined + len(separator) > self.room:
                continue
            left, right = self._own_child(parent, left_at), self._own_child(parent, left_at + 1)
            self._forget(right)
            _remove_child(parent, left_at + 1, left_at)
            left.size += right.size
            if isinstance(left, Leaf) and isinstance(right, Leaf):
                left.keys += right.keys
                left.values += right.values
            elif isinstance(left, Branch) and isinstance(right, Branch):
                left.keys += [separator, *right.keys]
                left.children += right.children
                left.size += len(separator)
            pieces = pieces_of(self.codec, left, self.room)
            for _, piece in pieces:
                self._count(piece)
            _insert(parent, left_at, pieces)
            return

    # --- Pages of other files of the line ---

    def cut(self, low: bytes, high: bytes | None) -> None:
        """Keep the keys with low <= key < high, in a file of which no page is used yet: what is left out
        lies in older files of its line, and stays there. O(depth) nodes are made anew (P2 of docs/table.md).
        """
        root = self._cut(self.root, low, high)
        if root is None:
            root = Leaf([], [], 0)
            self._count(root)
        self.root = root
        while self._mend(low, high):
            pass

    def _cut(self, child: Child, low: bytes, high: bytes | None) -> Child | None:
        """What is left of all below a child; None if nothing is."""
        node = self.node(child)
        if isinstance(node, Leaf):
            first = bisect_left(node.keys, low)
            last = len(node.keys) if high is None else bisect_left(node.keys, high)
            if first >= last:
                return None
            if last - first == len(node.keys):
                return child
            keys, values = node.keys[first:last], node.values[first:last]
            size = sum(entry_size(self.codec, key, value) for key, value in zip(keys, values, strict=True))
            left: Node = Leaf(keys, values, size)
        else:
            first = bisect_right(node.keys, low)
            last = len(node.keys) if high is None else bisect_left(node.keys, high)
            found: dict[int, Child] = {}
            for at in range(first, last + 1):
                inner = first < at < last
                below = node.children[at] if inner else self._cut(node.children[at], low, high)
                if below is not None:
                    found[at] = below
            if not found:
                return None
            if found == dict(enumerate(node.children)):
                return child
            # The separator before a child is above all that was left out before it.
            left = Branch([node.keys[at - 1] for at in list(found)[1:]], list(found.values()))
        self._count(left)
        return left

    def _mend(self, low: bytes, high: bytes | None) -> bool:
        """Join one branch along the edges of a cut that has only one child; return whether there was one."""
        while isinstance(self.root, Branch) and len(self.root.children) == 1:
            self._forget(self.root)
            self.root = self.root.children[0]
        for right in (False, True):
            node = self.root
            while isinstance(node, Branch):
                at = len(node.children) - 1 if right else 0
                child = node.children[at]
                if isinstance(child, Branch) and len(child.children) == 1:
                    self._join(node, at)
                    self._count(node)
                    return True
                node = child
        return False

    def bring_home(self, key: bytes, limit: int) -> tuple[bytes | None, int]:
        """Have the next checkpoint write the leaf of a key, and its large values from that key on, into the
        tree's own file, if they lie in older files of the line, until `limit` pages have moved; return from
        which key to go on, None behind the last leaf, and how many pages have moved (P5).
        """
        first, moved = self.file.first, 0
        high: bytes | None = None
        node = self.node(self.root)
        while isinstance(node, Branch):
            at = bisect_right(node.keys, key)
            high = node.keys[at] if at < len(node.keys) else high
            node = self.node(node.children[at])
        assert isinstance(node, Leaf)
        far = [
            at
            for at, value in enumerate(node.values)
            if type(value) is Large
            and value.ref is not None
            and value.ref.page < first
            and node.keys[at] >= key
        ]
        away = node.ref is not None and node.ref.page < first
        if far or away:
            leaf, _ = self._own_path(key)
            moved = int(away)
            for at in far:
                value = leaf.values[at]
                if moved >= limit:
                    return leaf.keys[at], moved
                moved += -(-value.size // self.file.page_bytes)
                found = value_of(self.codec, leaf.keys[at], self._large(leaf.keys[at], value))
                leaf.values[at] = Large(value.size, None, found)
                self.file.count_dirty(found.cost)
        return high, moved

    # --- Checkpoints ---

    def write(self) -> PageRef:
        """Write the nodes that were made since the last checkpoint, for the file's `checkpoint`; return the
        root.
        """
        self.root = root = self._write(self.root)
        return root

    def _write(self, node: Child) -> PageRef:
        if isinstance(node, PageRef):
            return node
        if isinstance(node, Branch):
            below = [self._write(child) for child in node.children]
            node.children = list(below)
            ref, depth = self.file.store(branch_body(node), below)
        else:
            below = [
                self._write_value(key, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if type(value) is Large
            ]
            ref, depth = self.file.store(leaf_body(node), below)
        node.ref, node.depth = ref, depth
        self._cleaned(ref, node)
        return ref

    def _write_value(self, key: bytes, large: Large) -> PageRef:
        """Where a large value lies; write it if it has not been written."""
        if large.ref is None:
            value = large.unwritten
            assert value is not None, "a large value is here or on the disk"
            large.ref, _ = self.file.store(large_body(key, value))
            large.unwritten = None
            self._cleaned(large.ref, value)
        return large.ref

    def _cleaned(self, ref: PageRef, written: Node | Value) -> None:
        """What was dirty is on the disk, and may leave memory."""
        self.file.count_dirty(-written.cost)
        self.file.cache.add(self.file.serial, ref.page, written)

    # --- Checking ---

    def _check(self) -> int:
        """Assert all invariants of the structure; return how many of its bytes are dirty (for tests)."""
        depths: list[int] = []
        dirty = self._check_node(self.root, b"", None, 0, depths)
        assert len(set(depths)) == 1, "all leaves are equally deep"
        return dirty

    def _check_node(self, child: Child, low: bytes, high: bytes | None, depth: int, depths: list[int]) -> int:
        """Check a node and all below; return how many bytes of that are dirty."""
        node = self.node(child)
        assert node.keys == sorted(set(node.keys)), "keys are sorted"
        assert all(low <= key and (high is None or key < high) for key in node.keys), "separators hold"
        assert (node.ref is not None) == isinstance(child, PageRef), "a node is clean or in its parent"
        assert node.cost == cost_of(node), "a node is counted right"
        dirty = 0 if node.ref is not None else node.cost
        if isinstance(node, Leaf):
            depths.append(depth)
            assert node.keys or depth == 0, "no leaf is empty"
            sizes = [entry_size(self.codec, k, v) for k, v in zip(node.keys, node.values, strict=True)]
            assert node.size == sum(sizes)
            assert node.size <= self.room or len(node.keys) == 1, "a leaf fits into a page"
            unwritten = [v.unwritten for v in node.values if type(v) is Large and v.unwritten is not None]
            assert node.ref is None or not unwritten, "a leaf is written with its values"
            return dirty + sum(value.cost for value in unwritten)
        assert len(node.children) == len(node.keys) + 1 >= 2
        assert node.size == branch_size(node.keys)
        assert node.size <= self.room or len(node.children) < 4, "a branch fits into a page"
        assert node.ref is None or all(isinstance(child, PageRef) for child in node.children)
        bounds = [low, *node.keys, high]
        for at, below in enumerate(node.children):
            inner = bounds[at]
            assert inner is not None
            dirty += self._check_node(below, inner, bounds[at + 1], depth + 1, depths)
        return dirty


def _insert(parent: Branch, at: int, pieces: list[tuple[bytes, Node]]) -> None:
    """Put all pieces but the first, which is there already, behind child `at`, each behind its separator."""
    for offset, (separator, piece) in enumerate(pieces[1:], 1):
        parent.keys.insert(at + offset - 1, separator)
        parent.children.insert(at + offset, piece)
        parent.size += len(separator) + CHILD_BYTES


def _remove_child(parent: Branch, at: int, separator_at: int) -> None:
    parent.size -= CHILD_BYTES
    del parent.children[at]
    if parent.keys:
        parent.size -= len(parent.keys[separator_at])
        del parent.keys[separator_at]
