"""Brings what a split has left on the pages of older files into a tree's own file, in pieces, in the order of
keys (P5 of docs/table.md).

The place of a pass in a tree is a key. All that it has passed lies in the tree's own file, or will with the
next checkpoint: a leaf that is changed is written there, with the branches that lead to it. A large value
stays where it is when its leaf is written anew, so leaves that are already home are looked at too. A crash
loses the place; what is home then is passed quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dynaproof.impl.tree.btree import BTree

LOOKED_AT = 4
"""How many leaves that are home are passed in one piece, for each one that may be moved."""


class Homecoming:
    """One pass over all trees of a file."""

    def __init__(self, trees: Sequence[BTree[Any]]) -> None:
        self.trees = trees
        self._tree = 0
        self._key = b""

    def step(self, limit: int) -> bool:
        """Move the next leaves and large values, up to the one that makes them `limit` pages; return whether
        all is home with the next checkpoint (P5).

        Raises:
            RottenPageError: a page is damaged or missing.
        """
        moved = looked_at = 0
        while self._tree < len(self.trees) and moved < limit and looked_at < limit * LOOKED_AT:
            high, more = self.trees[self._tree].bring_home(self._key, limit - moved)
            moved, looked_at = moved + more, looked_at + 1
            if high is None:
                self._tree, self._key = self._tree + 1, b""
            else:
                self._key = high
        return self._tree == len(self.trees)
