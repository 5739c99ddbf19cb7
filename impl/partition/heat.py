"""Where a partition would be split: so that its halves store about as much, or are asked about as often. A
split lies at the beginning of a hash (R9), so requests under one partition key stay together, and where most
are for one, there is no place to split.
"""

from __future__ import annotations

from typing import Any

from dynaproof.impl.tree.nodes import Branch
from dynaproof.impl.tree.view import TreeView
from dynaproof.impl.values.key_range import HASH_BYTES

SAMPLES = 64
"""How many of the positions that were asked for are kept."""

WHOLE_TURN = 1 << 64
GOLDEN = 0x9E3779B97F4A7C15
"""The golden ratio of a whole turn, as an odd number."""

FEW_CHILDREN = 16
"""A root with no more children says little of what is below it: its children are looked at too."""


class Heat:
    """A sample of the positions that were asked for, even over time and without chance. Requests are counted
    in steps of the golden ratio of a whole turn, and those that fall in its first part are kept: so periodic
    requests are sampled as often as all others.
    """

    __slots__ = ("_below", "_turn", "kept")

    def __init__(self) -> None:
        self.kept: list[tuple[int, bytes]] = []
        """Where in the turn a request fell, and its position."""
        self._turn = 0
        self._below = WHOLE_TURN

    def asked(self, key: bytes) -> None:
        """Note that a storage key was asked for."""
        turn = self._turn = (self._turn + GOLDEN) % WHOLE_TURN
        if turn >= self._below:
            return
        self.kept.append((turn, key[:HASH_BYTES]))
        if len(self.kept) == SAMPLES:
            self._below //= 2
            self.kept = [one for one in self.kept if one[0] < self._below]

    def clear(self) -> None:
        """Begin anew."""
        self.kept, self._turn, self._below = [], 0, WHOLE_TURN

    def middle(self) -> bytes:
        """The position in the middle of those asked for (A12); empty where most requests were for one."""
        return middle_of(sorted(position for _, position in self.kept))


def middle_of(positions: list[bytes]) -> bytes:
    """The position, among these in order, with about as many below it as not: the beginning of a run of equal
    ones; empty where no such position leaves a quarter on each side.
    """
    count, best = len(positions), 0
    for at in range(1, count):
        if positions[at] != positions[at - 1] and abs(2 * at - count) < abs(2 * best - count):
            best = at
    return positions[best] if 4 * min(best, count - best) >= count > 1 else b""


def middle_of_tree(tree: TreeView[Any]) -> bytes:
    """The position in the middle of what a tree holds, judged by its upper nodes; empty where one position
    has most of it.

    Raises:
        RottenPageError: one of their pages is damaged or missing.
    """
    node = tree.node(tree.root)
    keys = node.keys
    if isinstance(node, Branch) and len(node.children) <= FEW_CHILDREN:
        keys = [key for child in node.children for key in tree.node(child).keys]
    return middle_of([key[:HASH_BYTES] for key in keys])
