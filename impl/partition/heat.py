"""Where a partition would be split: so that its halves store about as much, or are asked about as often. A
split lies at the beginning of a hash (R9), so what is asked for under one partition key stays together, and
where that is most of all, there is no place.
"""

from __future__ import annotations

from typing import Any

from dynaproof.impl.tree.nodes import Branch
from dynaproof.impl.tree.view import TreeView
from dynaproof.impl.values.key_range import HASH_BYTES

SAMPLES = 64
"""Positions that are kept of all that were asked for."""

FEW_CHILDREN = 16
"""A root that has no more says little of what is below: its children are looked at too."""


class Heat:
    """A sample of the positions that were asked for, even over time and without chance."""

    __slots__ = ("_each", "_seen", "positions")

    def __init__(self) -> None:
        self.positions: list[bytes] = []
        self._each = 1
        self._seen = 0

    def asked(self, key: bytes) -> None:
        """A storage key was asked for."""
        self._seen += 1
        if self._seen % self._each:
            return
        self.positions.append(key[:HASH_BYTES])
        if len(self.positions) == SAMPLES:
            del self.positions[::2]
            self._each *= 2

    def clear(self) -> None:
        """Begin anew."""
        self.positions, self._each, self._seen = [], 1, 0

    def middle(self) -> bytes:
        """The position in the middle of what was asked for; empty where most of it was for one."""
        return middle_of(sorted(self.positions))


def middle_of(positions: list[bytes]) -> bytes:
    """The position, of these in order, that leaves about as many below it as not: the beginning of a run of
    equal ones; empty where no such place leaves a quarter on each side.
    """
    count, best = len(positions), 0
    for at in range(1, count):
        if positions[at] != positions[at - 1] and abs(2 * at - count) < abs(2 * best - count):
            best = at
    return positions[best] if 4 * min(best, count - best) >= count > 1 else b""


def middle_of_tree(tree: TreeView[Any]) -> bytes:
    """The position in the middle of what a tree holds, as its upper nodes show that; empty where one position
    has most of it.

    Raises:
        RottenPageError: one of their pages is damaged or missing.
    """
    node = tree.node(tree.root)
    keys = node.keys
    if isinstance(node, Branch) and len(node.children) <= FEW_CHILDREN:
        keys = [key for child in node.children for key in tree.node(child).keys]
    return middle_of([key[:HASH_BYTES] for key in keys])
