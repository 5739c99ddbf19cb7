"""A scrub: reads and verifies all pages that trees have, in pieces, in the order of keys.

Pages are verified as they are read; those that nobody reads might rot unseen, and then their copies on peers.
A scrub goes through the trees as they are at each step. Its place in one of them is a key, and all that it
has passed was read. What is written meanwhile need not be seen. What was there all the time is seen: its leaf
has some key, and when the scrub comes to that key, it reads that leaf.

That is why a first scrub after a file was taken over knows the garbage in it (`page_file.py`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.nodes import Branch, Large, Leaf, Node, node_of
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageRef


class Scrub:
    """One pass over all trees of a file."""

    def __init__(self, file: PageFile, trees: Sequence[BTree[Any]]) -> None:
        self.file = file
        self.trees = trees
        self._tree = 0
        self._key = b""
        self.pages = 0
        """How many were read so far."""

    def step(self, limit: int) -> bool:
        """Verify the next pages, about `limit` and those of one value more; return whether that was all.

        Raises:
            RottenPageError: a page is damaged or missing.
        """
        through = self.pages + limit
        seen: dict[int, Node] = {}
        while self._tree < len(self.trees) and self.pages < through:
            key = self._pass(self.trees[self._tree], seen, through)
            if key is None:
                self._tree, self._key = self._tree + 1, b""
                seen = {}
            else:
                self._key = key
        return self._tree == len(self.trees) and (not self.file.found or self.file.free_garbage())

    def _pass(self, tree: BTree[Any], seen: dict[int, Node], through: int) -> bytes | None:
        """Verify what leads to the next leaf, and its large values; return the place behind it, None at the
        end.
        """
        high: bytes | None = None
        node = self._verified(tree, tree.root, seen)
        while isinstance(node, Branch):
            at = bisect_right(node.keys, self._key)
            high = node.keys[at] if at < len(node.keys) else high
            node = self._verified(tree, node.children[at], seen)
        assert isinstance(node, Leaf)
        first = bisect_left(node.keys, self._key)
        for at in range(first, len(node.keys)):
            value = node.values[at]
            if isinstance(value, Large) and value.ref is not None:
                if (
                    self.pages >= through and at > first
                ):  # Even a piece that the way here has filled goes on by one.
                    return node.keys[at]
                self.pages += self.file.verify(value.ref)[3]
        return high

    def _verified(self, tree: BTree[Any], child: PageRef | Node, seen: dict[int, Node]) -> Node:
        """A child, its pages read from the disk past the cache, once a step."""
        if not isinstance(child, PageRef):
            return child
        node = seen.get(child.page)
        if node is None:
            body, children, depth, pages = self.file.verify(child)
            self.pages += pages
            node = seen[child.page] = node_of(tree.codec, child, body, children, depth)
        return node
