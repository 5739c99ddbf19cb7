"""A copy-on-write B-tree, in checksummed pages of a page file that it may share with other trees.

Keys are bytes and lie in order in leaves of bounded size; branches lead to them. A node that is on the disk
or in a snapshot is never changed: a change copies the path from the root to it. So a snapshot is a root, and
a checkpoint (`page_file.py`) writes the nodes that were made since the last one, bottom up, on pages that no
durable root uses. A crash between any two page writes leaves the old root whole.

*Invariants* (`_check` asserts them all). Keys are sorted; a separator is above all keys to its left and not
above those to its right; all leaves are equally deep. No leaf but the root is empty, no branch has one child.
A leaf beyond `page_bytes` holds a single value, a branch beyond it fewer than four children. The shape
depends on the sequence of puts and deletes only: replicas that applied the same records have the same digest.

Sources: Rodeh, *B-trees, Shadowing, and Clones*, ACM Transactions on Storage 2008; Bayer and McCreight,
*Organization and Maintenance of Large Ordered Indexes*, 1972.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, Generic, TypeAlias

from dynaproof.impl.tree.nodes import (
    CHILD_BYTES,
    Branch,
    Child,
    Leaf,
    Node,
    branch_size,
    digest_of_child,
    node_of,
    page_of,
    pieces_of,
)
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageCodec, PageRef, V

Path: TypeAlias = list[tuple[Branch, int]]
"""Branches from the root down, each with the place of the child that was taken."""

CACHED_NODES = 65_536
"""With more nodes than this in memory, a checkpoint drops all but the root; between two checkpoints, memory
grows by what is read and written.
"""


class TreeView(Generic[V]):
    """A root and all below it, which never changes; `close` lets its pages go."""

    def __init__(self, tree: BTree[V], root: Node, held: int) -> None:
        self._tree, self._root, self._held = tree, root, held

    def get(self, key: bytes) -> V | None:
        """The value under a key, or None."""
        return self._tree._get(self._root, key)

    def range(self, low: bytes = b"", high: bytes | None = None) -> Iterator[tuple[bytes, V]]:
        """The values with low <= key < high, in key order."""
        return self._tree._range(self._root, low, high)

    def digest(self) -> bytes:
        """Equal for equal trees."""
        return digest_of_child(self._root)

    def differing(self, other: TreeView[V]) -> list[tuple[bytes, bytes | None]]:
        """The ranges of keys, low to high, in which the other tree holds another page: only where digests
        differ are pages looked at.
        """
        found: list[tuple[bytes, bytes | None]] = []
        _compare((self._tree, self._root), (other._tree, other._root), b"", None, found)
        return found

    def close(self) -> None:
        """Hold the pages of this root no longer."""
        self._tree.file.let_go(self._held)


class BTree(Generic[V]):
    """Values by key, in the page file `file`; see the module."""

    def __init__(
        self,
        file: PageFile,
        codec: PageCodec[V],
        root: PageRef | None = None,
        cached_nodes: int = CACHED_NODES,
    ) -> None:
        """An empty tree, or the one below a root of the file.

        Raises:
            RottenPageError: the root's page is damaged or missing.
        """
        self.file = file
        self.codec = codec
        self.page_bytes = file.page_bytes
        self.cached_nodes = cached_nodes
        self._nodes = 1
        self._root: Node = Leaf(file.epoch, [], [], 0) if root is None else self._load(root)

    # --- Reading ---

    def get(self, key: bytes) -> V | None:
        """The value under a key, or None."""
        return self._get(self._root, key)

    def range(self, low: bytes = b"", high: bytes | None = None) -> Iterator[tuple[bytes, V]]:
        """The values with low <= key < high, in key order; the tree must not change meanwhile."""
        return self._range(self._root, low, high)

    def digest(self) -> bytes:
        """Equal for trees that were made by the same puts and deletes."""
        return digest_of_child(self._root)

    def pages(self) -> list[int]:
        """The pages that hold the last checkpoint's root and what of it is unchanged since."""
        found: list[int] = []
        stack: list[Child] = [self._root]
        while stack:
            node = stack.pop()
            if isinstance(node, PageRef):
                node = self._load(node)
            if node.page is not None:
                found.append(node.page.page)
            if isinstance(node, Branch):
                stack.extend(node.children)
        return found

    def snapshot(self) -> TreeView[V]:
        """The tree as it is now; its pages stay until it is closed."""
        return TreeView(self, self._root, self.file.hold_newest())

    def _get(self, node: Node, key: bytes) -> V | None:
        while type(node) is Branch:
            node = self._child(node, bisect_right(node.keys, key))
        assert type(node) is Leaf
        at = bisect_left(node.keys, key)
        return node.values[at] if at < len(node.keys) and node.keys[at] == key else None

    def _range(self, node: Node, low: bytes, high: bytes | None) -> Iterator[tuple[bytes, V]]:
        if isinstance(node, Leaf):
            first = bisect_left(node.keys, low)
            last = len(node.keys) if high is None else bisect_left(node.keys, high)
            yield from zip(node.keys[first:last], node.values[first:last], strict=True)
            return
        first = bisect_right(node.keys, low)
        last = len(node.keys) if high is None else bisect_left(node.keys, high)
        for at in range(first, last + 1):
            yield from self._range(self._child(node, at), low, high)

    def _child(self, node: Branch, at: int) -> Node:
        """A child, loaded if it is not in memory."""
        child = node.children[at]
        if type(child) is PageRef:
            child = node.children[at] = self._load(child)
        return child  # type: ignore[return-value]

    def _load(self, ref: PageRef) -> Node:
        self._nodes += 1
        return node_of(self.codec, ref, self.file.read(self.codec, ref))

    # --- Changing ---

    def put(self, key: bytes, value: V) -> None:
        """Store a value under a key."""
        leaf, path = self._own_path(key)
        at = bisect_left(leaf.keys, key)
        leaf.size += self.codec.entry_size(key, value)
        if at < len(leaf.keys) and leaf.keys[at] == key:
            leaf.size -= self.codec.entry_size(key, leaf.values[at])
            leaf.values[at] = value
        else:
            leaf.keys.insert(at, key)
            leaf.values.insert(at, value)
        self._fit(leaf, path)

    def delete(self, key: bytes) -> None:
        """Remove the value under a key; nothing happens if there is none."""
        if self.get(key) is None:
            return
        leaf, path = self._own_path(key)
        at = bisect_left(leaf.keys, key)
        leaf.size -= self.codec.entry_size(key, leaf.values[at])
        del leaf.keys[at], leaf.values[at]
        self._fit(leaf, path)

    def _own_path(self, key: bytes) -> tuple[Leaf, Path]:
        """The leaf of a key, and the branches that lead to it, all of them free to be changed."""
        path: Path = []
        node = self._root = self._own(self._root)
        while type(node) is Branch:
            at = bisect_right(node.keys, key)
            path.append((node, at))
            node = self._own_child(node, at)
        assert type(node) is Leaf
        return node, path

    def _own_child(self, node: Branch, at: int) -> Node:
        child = self._own(self._child(node, at))
        node.children[at] = child
        return child

    def _own(self, node: Node) -> Node:
        """The node itself if it was made since the last checkpoint and snapshot, else a copy of it."""
        if node.epoch == self.file.epoch:
            node.digest = None
            return node
        if node.page is not None:
            self.file.retire(node.page.page)
        self._nodes += 1
        if isinstance(node, Leaf):
            return Leaf(self.file.epoch, node.keys.copy(), node.values.copy(), node.size)
        return Branch(self.file.epoch, node.keys.copy(), node.children.copy())

    def _small(self, node: Node) -> bool:
        """Whether a node should be joined with a neighbour."""
        return node.size < self.page_bytes // 4 or (isinstance(node, Branch) and len(node.children) < 2)

    def _fit(self, node: Node, path: Path) -> None:
        """Split what has become too large and join what has become too small, up to the root."""
        if node.size <= self.page_bytes and not (path and self._small(node)):
            return
        while True:
            pieces = pieces_of(self.codec, node, self.page_bytes)
            if not path:
                if len(pieces) > 1:
                    keys = [separator for separator, _ in pieces[1:]]
                    children: list[Child] = [piece for _, piece in pieces]
                    node = self._root = Branch(self.file.epoch, keys, children)
                    self._nodes += 1
                    continue  # Very many pieces do not fit into one branch either.
                break
            parent, at = path.pop()
            for offset, (separator, piece) in enumerate(pieces[1:], 1):
                parent.keys.insert(at + offset - 1, separator)
                parent.children.insert(at + offset, piece)
                parent.size += len(separator) + CHILD_BYTES
            if len(pieces) == 1 and not self._small(node):
                return
            if len(pieces) == 1:
                self._join(parent, at)
            node = parent
        while isinstance(self._root, Branch) and len(self._root.children) == 1:
            self._root = self._own_child(self._root, 0)

    def _join(self, parent: Branch, at: int) -> None:
        """Join a small child with a neighbour if they fit into one page, or if it may not stay alone."""
        child = self._child(parent, at)
        if isinstance(child, Leaf) and not child.keys:
            self._remove_child(parent, at, max(0, at - 1))
            return
        alone = isinstance(child, Branch) and len(child.children) < 2
        for left_at in (at - 1, at):
            if left_at < 0 or left_at + 1 >= len(parent.children):
                continue
            joined = self._child(parent, left_at).size + self._child(parent, left_at + 1).size
            separator = parent.keys[left_at]
            if not alone and joined + len(separator) > self.page_bytes:
                continue
            left, right = self._own_child(parent, left_at), self._own_child(parent, left_at + 1)
            self._remove_child(parent, left_at + 1, left_at)
            left.size += right.size
            if isinstance(left, Leaf) and isinstance(right, Leaf):
                left.keys += right.keys
                left.values += right.values
            elif isinstance(left, Branch) and isinstance(right, Branch):
                left.keys += [separator, *right.keys]
                left.children += right.children
                left.size += len(separator)
            for offset, (key, piece) in enumerate(pieces_of(self.codec, left, self.page_bytes)[1:], 1):
                parent.keys.insert(left_at + offset - 1, key)
                parent.children.insert(left_at + offset, piece)
                parent.size += len(key) + CHILD_BYTES
            return

    def _remove_child(self, parent: Branch, at: int, separator_at: int) -> None:
        parent.size -= CHILD_BYTES
        del parent.children[at]
        if parent.keys:
            parent.size -= len(parent.keys[separator_at])
            del parent.keys[separator_at]

    # --- Checkpoints ---

    def write(self) -> PageRef:
        """Write the nodes that were made since the last checkpoint; the root. Called by the file's `checkpoint`."""
        root = self._write(self._root)
        if self._nodes > self.cached_nodes and isinstance(self._root, Branch):
            self._root = self._load(root)
            self._nodes = 1
        return root

    def _write(self, node: Child) -> PageRef:
        if isinstance(node, PageRef):
            return node
        if node.page is None:
            below = [self._write(child) for child in node.children] if isinstance(node, Branch) else []
            node.page = self.file.write(page_of(node, below), digest_of_child(node))
        return node.page

    # --- Checking ---

    def _check(self) -> None:
        """Assert all invariants of the structure (for tests)."""
        depths: list[int] = []
        used: list[int] = []
        self._check_node(self._root, b"", None, 0, depths, used)
        assert len(set(depths)) == 1, "all leaves are equally deep"
        free = sorted(self.file.free)
        assert free == sorted(set(free)), "a page is free once"
        assert len(used) == len(set(used)), "a page is used once"
        assert not set(used) & set(free), "a page that is used is not free"

    def _check_node(
        self, node: Child, low: bytes, high: bytes | None, depth: int, depths: list[int], used: list[int]
    ) -> None:
        if isinstance(node, PageRef):
            node = self._load(node)
        assert node.keys == sorted(set(node.keys)), "keys are sorted"
        assert all(low <= key and (high is None or key < high) for key in node.keys), "separators hold"
        assert node.epoch <= self.file.epoch
        if node.page is not None:
            used.append(node.page.page)
            assert node.epoch < self.file.epoch, "what is on the disk is not changed"
        if isinstance(node, Leaf):
            depths.append(depth)
            assert node.keys or node is self._root, "no leaf is empty"
            assert node.size == sum(map(self.codec.entry_size, node.keys, node.values))
            assert node.size <= self.page_bytes or len(node.keys) == 1, "a leaf fits into a page"
            return
        assert len(node.children) == len(node.keys) + 1 >= 2
        assert node.size == branch_size(node.keys)
        assert node.size <= self.page_bytes or len(node.children) < 4, "a branch fits into a page"
        bounds = [low, *node.keys, high]
        for at, child in enumerate(node.children):
            inner = bounds[at]
            assert inner is not None
            self._check_node(child, inner, bounds[at + 1], depth + 1, depths, used)


def _compare(
    one: tuple[BTree[Any], Child],
    other: tuple[BTree[Any], Child],
    low: bytes,
    high: bytes | None,
    found: list[tuple[bytes, bytes | None]],
) -> None:
    """Collect the key ranges of the leaves that differ; where branches divide otherwise, all of theirs."""
    (tree, node), (other_tree, other_node) = one, other
    if digest_of_child(node) == digest_of_child(other_node):
        return
    if isinstance(node, PageRef):
        node = tree._load(node)
    if isinstance(other_node, PageRef):
        other_node = other_tree._load(other_node)
    if isinstance(node, Leaf) or isinstance(other_node, Leaf) or node.keys != other_node.keys:
        found.append((low, high))
        return
    bounds = [low, *node.keys, high]
    for at in range(len(node.children)):
        inner = bounds[at]
        assert inner is not None
        children = (tree, node.children[at]), (other_tree, other_node.children[at])
        _compare(*children, inner, bounds[at + 1], found)
