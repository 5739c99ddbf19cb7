"""Nodes of the B-tree in memory: leaves and branches, what they take, and how they are cut in two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from dynaproof.impl.tree.pages import (
    BranchPage,
    LeafPage,
    Page,
    PageCodec,
    PageRef,
    branch_digest,
    leaf_digest,
)

CHILD_BYTES = 32
"""What a child takes in a branch beside its separator."""


def branch_size(keys: Sequence[bytes]) -> int:
    """What the children between these separators take in a branch."""
    return sum(map(len, keys)) + CHILD_BYTES * (len(keys) + 1)


class Leaf:
    """Keys and their values. `page` is where it lies if it is on the disk; `digest` is None if unknown."""

    __slots__ = ("digest", "epoch", "keys", "page", "size", "values")

    def __init__(self, epoch: int, keys: list[bytes], values: list[Any], size: int) -> None:
        self.epoch, self.keys, self.values, self.size = epoch, keys, values, size
        self.page: PageRef | None = None
        self.digest: bytes | None = None


class Branch:
    """Children, some of them known by reference only, and the separators between them."""

    __slots__ = ("children", "digest", "epoch", "keys", "page", "size")

    def __init__(self, epoch: int, keys: list[bytes], children: list[Child]) -> None:
        self.epoch, self.keys, self.children, self.size = epoch, keys, children, branch_size(keys)
        self.page: PageRef | None = None
        self.digest: bytes | None = None


Node: TypeAlias = Leaf | Branch
Child: TypeAlias = Leaf | Branch | PageRef


def node_of(codec: PageCodec[Any], ref: PageRef, page: Page) -> Node:
    """The node that a page holds."""
    node: Node
    if isinstance(page, LeafPage):
        size = sum(map(codec.entry_size, page.keys, page.values))
        node = Leaf(0, list(page.keys), list(page.values), size)
    else:
        node = Branch(0, list(page.keys), list(page.children))
    node.page, node.digest = ref, ref.digest
    return node


def page_of(node: Node, children: list[PageRef]) -> Page:
    """The page that holds a node; `children` are those of a branch."""
    return LeafPage(node.keys, node.values) if isinstance(node, Leaf) else BranchPage(node.keys, children)


def digest_of_child(node: Child) -> bytes:
    """The digest of a node and all below it, computed where it is not known."""
    if isinstance(node, PageRef):
        return node.digest
    if node.digest is None:
        if isinstance(node, Leaf):
            node.digest = leaf_digest(node.keys, node.values)
        else:
            node.digest = branch_digest(node.keys, [digest_of_child(child) for child in node.children])
    return node.digest


def pieces_of(codec: PageCodec[Any], node: Node, page_bytes: int) -> list[tuple[bytes, Node]]:
    """The node, cut into as many as it takes to fit; each but the first with the separator before it.

    A leaf of one value and a branch of three children are not cut.
    """
    least = 1 if isinstance(node, Leaf) else 2
    count = len(node.keys) if isinstance(node, Leaf) else len(node.children)
    if node.size <= page_bytes or count < 2 * least:
        return [(b"", node)]
    separator, right = _halve(codec, node, least, count)
    second = pieces_of(codec, right, page_bytes)
    return [*pieces_of(codec, node, page_bytes), (separator, second[0][1]), *second[1:]]


def _halve(codec: PageCodec[Any], node: Node, least: int, count: int) -> tuple[bytes, Node]:
    """Cut a node at the entry nearest to its middle; the separator, and the right half."""
    if isinstance(node, Leaf):
        sizes = list(map(codec.entry_size, node.keys, node.values))
    else:
        sizes = [CHILD_BYTES, *(len(key) + CHILD_BYTES for key in node.keys)]
    at, left = least, sum(sizes[:least])
    while at < count - least and 2 * left + sizes[at] <= node.size:
        left += sizes[at]
        at += 1
    if isinstance(node, Leaf):
        separator = node.keys[at]
        right: Node = Leaf(node.epoch, node.keys[at:], node.values[at:], node.size - left)
        del node.keys[at:], node.values[at:]
        node.size = left
    else:
        separator = node.keys[at - 1]
        right = Branch(node.epoch, node.keys[at:], node.children[at:])
        del node.keys[at - 1 :], node.children[at:]
        node.size = branch_size(node.keys)
    return separator, right
