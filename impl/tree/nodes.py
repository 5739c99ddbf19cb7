"""Nodes of the B-tree in memory: leaves, branches and large values, what they take, and how they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from dynaproof.impl.tree.codec import (
    ENTRY_BYTES,
    OBJECT_BYTES,
    BranchBody,
    LargeBody,
    LeafBody,
    PageCodec,
    encode,
)
from dynaproof.impl.tree.pages import REFERENCE_BYTES, PageRef, RottenPageError

CHILD_BYTES = REFERENCE_BYTES + 5
"""What a child takes in a branch besides its separator."""

NODE_BYTES = 600
"""About what a node takes in memory besides its entries, with its place in the cache."""


class Value:
    """A large value as it is in the cache."""

    __slots__ = ("cost", "value")

    def __init__(self, value: Any, cost: int) -> None:
        self.value, self.cost = value, cost


class Large:
    """A value of some `size` that lies in pages of its own, at `ref`; `unwritten` holds it until a checkpoint
    has written it.
    """

    __slots__ = ("ref", "size", "unwritten")

    def __init__(self, size: int, ref: PageRef | None, unwritten: Value | None) -> None:
        self.size, self.ref, self.unwritten = size, ref, unwritten


class Leaf:
    """Keys and their values, the large ones as `Large`.

    `ref` is where it lies if it is on the disk, with its body `depth` deep; then it is never changed. `size`
    is what its entries take in a page, `cost` what was counted for it in memory.
    """

    __slots__ = ("cost", "depth", "keys", "ref", "size", "values")

    def __init__(self, keys: list[bytes], values: list[Any], size: int) -> None:
        self.keys, self.values, self.size = keys, values, size
        self.ref: PageRef | None = None
        self.depth = self.cost = 0


class Branch:
    """Children and the separators between them; those that are on the disk by reference only."""

    __slots__ = ("children", "cost", "depth", "keys", "ref", "size")

    def __init__(self, keys: list[bytes], children: list[Child]) -> None:
        self.keys, self.children, self.size = keys, children, branch_size(keys)
        self.ref: PageRef | None = None
        self.depth = self.cost = 0


Node: TypeAlias = Leaf | Branch
Child: TypeAlias = Leaf | Branch | PageRef


def branch_size(keys: Sequence[bytes]) -> int:
    """What the children between these separators take in a branch."""
    return sum(map(len, keys)) + CHILD_BYTES * (len(keys) + 1)


def entry_size(codec: PageCodec[Any], key: bytes, value: Any) -> int:
    """What an entry takes in a leaf."""
    return len(key) + ENTRY_BYTES if type(value) is Large else codec.entry_size(key, value)


def cost_of(node: Node) -> int:
    """About what a node takes in memory."""
    entries = len(node.children) if type(node) is Branch else len(node.keys)
    return NODE_BYTES + node.size + entries * OBJECT_BYTES


def value_of(codec: PageCodec[Any], key: bytes, value: Any) -> Value:
    """A large value in memory, with what it takes."""
    return Value(value, NODE_BYTES + codec.entry_size(key, value) + OBJECT_BYTES)


# --- Bodies ---


def node_of(
    codec: PageCodec[Any], ref: PageRef, body: bytes, children: Sequence[PageRef], depth: int
) -> Node:
    """The node that lies at `ref`.

    Raises:
        RottenPageError: what lies there is no node.
    """
    found = _decode(codec, ref, body)
    node: Node
    if isinstance(found, BranchBody) and len(children) == len(found.keys) + 1:
        node = Branch(found.keys, list(children))
    elif isinstance(found, LeafBody) and len(found.large) == len(children):
        keys, values = found.keys, found.values
        size = sum(map(len, keys)) + ENTRY_BYTES * len(keys) + sum(map(codec.size, values))
        for (at, taken), child in zip(found.large, children, strict=True):
            values.insert(at, Large(taken, child, None))
        if len(keys) != len(values):
            raise RottenPageError(f"page {ref.page} holds no node")
        node = Leaf(keys, values, size)
    else:
        raise RottenPageError(f"page {ref.page} holds no node")
    node.ref, node.depth = ref, depth
    node.cost = cost_of(node)
    return node


def large_of(codec: PageCodec[Any], ref: PageRef, key: bytes, body: bytes) -> Value:
    """The large value of a key that lies at `ref`.

    Raises:
        RottenPageError: what lies there is no value of that key.
    """
    found = _decode(codec, ref, body)
    if not isinstance(found, LargeBody) or found.key != key:
        raise RottenPageError(f"page {ref.page} holds no value of its key")
    return value_of(codec, key, found.value)


def _decode(codec: PageCodec[Any], ref: PageRef, body: bytes) -> Any:
    try:
        return codec.decode(body)
    except msgspec.MsgspecError as error:
        raise RottenPageError(f"page {ref.page} holds nothing of a tree") from error


def branch_body(node: Branch) -> bytes:
    """The body of a branch; its children are references next to it."""
    return encode(BranchBody(node.keys))


def leaf_body(node: Leaf) -> bytes:
    """The body of a leaf; its large values are references next to it."""
    large = [(at, value.size) for at, value in enumerate(node.values) if type(value) is Large]
    inline = [value for value in node.values if type(value) is not Large] if large else node.values
    return encode(LeafBody(node.keys, inline, large))


def large_body(key: bytes, value: Value) -> bytes:
    """The body of a large value."""
    return encode(LargeBody(key, value.value))


# --- Cutting ---


def pieces_of(codec: PageCodec[Any], node: Node, room: int) -> list[tuple[bytes, Node]]:
    """The node, cut into as many pieces as it takes to fit, each but the first with the separator before it.

    A leaf of one value and a branch of three children are not cut.
    """
    if node.size <= room:
        return [(b"", node)]
    least = 1 if isinstance(node, Leaf) else 2
    count = len(node.keys) if isinstance(node, Leaf) else len(node.children)
    if count < 2 * least:
        return [(b"", node)]
    separator, right = _halve(codec, node, least, count)
    second = pieces_of(codec, right, room)
    return [*pieces_of(codec, node, room), (separator, second[0][1]), *second[1:]]


def _halve(codec: PageCodec[Any], node: Node, least: int, count: int) -> tuple[bytes, Node]:
    """Cut a node at the entry nearest to its middle; return the separator, and the right half."""
    if isinstance(node, Leaf):
        sizes = [entry_size(codec, key, value) for key, value in zip(node.keys, node.values, strict=True)]
    else:
        sizes = [CHILD_BYTES, *(len(key) + CHILD_BYTES for key in node.keys)]
    at, left = least, sum(sizes[:least])
    while at < count - least and 2 * left + sizes[at] <= node.size:
        left += sizes[at]
        at += 1
    if isinstance(node, Leaf):
        separator = node.keys[at]
        right: Node = Leaf(node.keys[at:], node.values[at:], node.size - left)
        del node.keys[at:], node.values[at:]
        node.size = left
    else:
        separator = node.keys[at - 1]
        right = Branch(node.keys[at:], node.children[at:])
        del node.keys[at - 1 :], node.children[at:]
        node.size = branch_size(node.keys)
    return separator, right
