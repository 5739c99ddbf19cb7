"""What two trees have in common, by the digests of their pages. For tools and tests: it may read all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dynaproof.impl.tree.nodes import Branch, Child, Large, Leaf, Value, branch_body, large_body, leaf_body
from dynaproof.impl.tree.pages import Page, PageRef, digest_of_page, lay_out
from dynaproof.impl.tree.view import TreeView


def digest_of(tree: TreeView[Any]) -> bytes:
    """A digest that is equal for trees made by the same puts and deletes, in pages of the same size."""
    return _digest(tree, tree.root)


def differing(one: TreeView[Any], other: TreeView[Any]) -> Iterator[tuple[bytes, bytes | None]]:
    """The ranges of keys, low to high, in which the trees hold different pages: pages are looked at only
    where digests differ; where branches divide differently, all of their range is given.
    """
    return _differing((one, one.root), (other, other.root), b"", None)


def _digest(tree: TreeView[Any], child: Child) -> bytes:
    if isinstance(child, PageRef):
        return child.digest
    if isinstance(child, Branch):
        body, below = branch_body(child), [_digest(tree, one) for one in child.children]
    else:
        body = leaf_body(child)
        below = [
            value.ref.digest if value.ref is not None else _laid(tree, large_body(key, _unwritten(value)), [])
            for key, value in zip(child.keys, child.values, strict=True)
            if isinstance(value, Large)
        ]
    return _laid(tree, body, below)


def _unwritten(large: Large) -> Value:
    assert large.unwritten is not None
    return large.unwritten


def _laid(tree: TreeView[Any], body: bytes, below: list[bytes]) -> bytes:
    """The digest of a body in pages that are not written: no digest depends on a page's number."""

    def nowhere(page: Page) -> PageRef:
        return PageRef(0, digest_of_page(page))

    return lay_out(body, [PageRef(0, digest) for digest in below], tree.file.room, nowhere)[0].digest


def _differing(
    one: tuple[TreeView[Any], Child], other: tuple[TreeView[Any], Child], low: bytes, high: bytes | None
) -> Iterator[tuple[bytes, bytes | None]]:
    if _digest(*one) == _digest(*other):
        return
    node, other_node = one[0].node(one[1]), other[0].node(other[1])
    if isinstance(node, Leaf) or isinstance(other_node, Leaf) or node.keys != other_node.keys:
        yield low, high
        return
    bounds = [low, *node.keys, high]
    for at in range(len(node.children)):
        inner = bounds[at]
        assert inner is not None
        children = (one[0], node.children[at]), (other[0], other_node.children[at])
        yield from _differing(*children, inner, bounds[at + 1])
