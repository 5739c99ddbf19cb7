"""How the nodes and values of a tree lie in the bodies of pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

V = TypeVar("V")
"""What the leaves hold under their keys."""

ENTRY_BYTES = 28
"""What a value takes in a leaf besides its key and its bytes; and what a reference to a large one takes."""

BODY_BYTES = 16
"""What a body takes besides its entries or separators."""

OBJECT_BYTES = 168
"""About what an entry takes in memory besides its key and its bytes: the objects of both."""


class LeafBody(Struct, Generic[V], frozen=True, gc=False, array_like=True, tag=0):
    """Keys in order, with their values; those at the places in `large`, each with its size, lie in pages of
    their own.
    """

    keys: list[bytes]
    values: list[V]
    large: list[tuple[int, int]]


class BranchBody(Struct, frozen=True, gc=False, array_like=True, tag=1):
    """The separators between the children: the lowest key that each child but the first may hold."""

    keys: list[bytes]


class LargeBody(Struct, Generic[V], frozen=True, gc=False, array_like=True, tag=2):
    """A large value; with its key, so that no two are the same page."""

    key: bytes
    value: V


class PageCodec(Generic[V]):
    """How values of one type, or of a union, which msgspec encodes, lie in pages; `size` is what one takes
    there.
    """

    __slots__ = ("decode", "size")

    def __init__(self, kind: Any, size: Callable[[V], int]) -> None:
        leaf: Any = LeafBody[kind]
        large: Any = LargeBody[kind]
        bodies: Any = leaf | BranchBody | large
        self.decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(bodies).decode
        self.size = size

    def entry_size(self, key: bytes, value: V) -> int:
        """What a value takes in a leaf, with its key."""
        return len(key) + self.size(value) + ENTRY_BYTES


encode: Callable[[LeafBody[Any] | BranchBody | LargeBody[Any]], bytes] = msgspec.msgpack.Encoder().encode
"""The body of a page."""
