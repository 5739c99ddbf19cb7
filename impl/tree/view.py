"""Everything below one root of a page file, for reading: what is on the disk is read when it is needed,
verified, and kept in the page cache of the node.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, Generic

from dynaproof.impl.tree.codec import ENTRY_BYTES, PageCodec, V
from dynaproof.impl.tree.nodes import Branch, Child, Large, Leaf, Node, large_of, node_of
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageRef


class TreeView(Generic[V]):
    """Everything below one root, for reading; below a checkpoint's root all stays as it was for as long as
    the file is held.
    """

    def __init__(self, file: PageFile, codec: PageCodec[V], root: Child) -> None:
        self.file = file
        self.codec = codec
        self.root = root

    def get(self, key: bytes) -> V | None:
        """The value under a key, or None.

        Raises:
            RottenPageError: a page that it needs is damaged or missing; so do all that read.
        """
        leaf = self._leaf(key)
        at = bisect_left(leaf.keys, key)
        if at == len(leaf.keys) or leaf.keys[at] != key:
            return None
        value = leaf.values[at]
        return self._large(key, value) if type(value) is Large else value

    def range(self, low: bytes = b"", high: bytes | None = None) -> Iterator[tuple[bytes, V]]:
        """The values with low <= key < high, in key order; the tree must not change meanwhile."""
        for key, value in self._range(self.node(self.root), low, high):
            yield key, self._large(key, value) if type(value) is Large else value

    def sizes(self, low: bytes = b"", high: bytes | None = None) -> Iterator[tuple[bytes, int]]:
        """The keys with low <= key < high, in order, with what the entry of each takes; no large value is
        read.
        """
        for key, value in self._range(self.node(self.root), low, high):
            size = value.size if type(value) is Large else self.codec.size(value)
            yield key, len(key) + size + ENTRY_BYTES

    def _range(self, node: Node, low: bytes, high: bytes | None) -> Iterator[tuple[bytes, Any]]:
        if isinstance(node, Leaf):
            first = bisect_left(node.keys, low)
            last = len(node.keys) if high is None else bisect_left(node.keys, high)
            yield from zip(node.keys[first:last], node.values[first:last], strict=True)
            return
        first = bisect_right(node.keys, low)
        last = len(node.keys) if high is None else bisect_left(node.keys, high)
        for at in range(first, last + 1):
            yield from self._range(self.node(node.children[at]), low, high)

    def _leaf(self, key: bytes) -> Leaf:
        node = self.node(self.root)
        while type(node) is Branch:
            node = self.node(node.children[bisect_right(node.keys, key)])
        assert type(node) is Leaf
        return node

    def node(self, child: Child) -> Node:
        """A child as a node: itself, or what lies where the reference says."""
        if type(child) is not PageRef:
            return child  # type: ignore[return-value]
        file = self.file
        node: Any = file.cache.get(file.serial, child.page)
        if node is None:
            node = node_of(self.codec, child, *file.fetch(child))
            file.cache.add(file.serial, child.page, node)
        return node  # type: ignore[no-any-return]

    def _large(self, key: bytes, large: Large) -> V:
        file, ref = self.file, large.ref
        found: Any = large.unwritten
        if ref is not None:
            found = file.cache.get(file.serial, ref.page)
            if found is None:
                found = large_of(self.codec, ref, key, file.fetch(ref)[0])
                file.cache.add(file.serial, ref.page, found)
        return found.value  # type: ignore[no-any-return]
