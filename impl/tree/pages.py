"""Pages of a B-tree: their bytes, their checksums, and the digests that make them a hash tree.

A page is one frame (`frames.py`) that carries its own page number, so a damaged page and a page in a wrong
place are both noticed. A `PageRef` names a page and the digest of what it holds. The digest of a leaf is over
its entries, that of a branch over its separators and its children's digests; page numbers are left out. So
two trees that hold the same pages have the same digests, wherever the pages lie, and a reference vouches for
all that is below it.

Sources: Merkle, *A Digital Signature Based on a Conventional Encryption Function*, CRYPTO 1987; Zhang et al.,
*End-to-end Data Integrity for File Systems*, FAST 2010 (a checksum stands in the parent, so that a lost or
misplaced write is found).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from dynaproof.impl.journal.frames import encode_frame, scan

V = TypeVar("V")
"""What the leaves hold under their keys."""

DIGEST_BYTES = 16

ENTRY_BYTES = 24
"""What a value takes in a leaf beside its key and its bytes."""


class PageRef(Struct, frozen=True, gc=False, array_like=True):
    """A page of a file, and the digest of what it holds."""

    page: int
    digest: bytes


class LeafPage(Struct, Generic[V], frozen=True, gc=False, array_like=True, tag="leaf"):
    """Keys in order, with their values."""

    keys: Sequence[bytes]
    values: Sequence[V]


class BranchPage(Struct, frozen=True, gc=False, array_like=True, tag="branch"):
    """Children, and between them the separators: the least key that each but the first may hold."""

    keys: Sequence[bytes]
    children: Sequence[PageRef]


Page: TypeAlias = LeafPage[Any] | BranchPage

_encode = msgspec.msgpack.Encoder().encode


class RottenPageError(Exception):
    """A page that a durable root needs is damaged or missing: synced state is lost."""


class PageCodec(Generic[V]):
    """How values of one type, which msgspec encodes, lie in pages; `size` is what one takes there."""

    __slots__ = ("decode", "size")

    def __init__(self, kind: type[V], size: Callable[[V], int]) -> None:
        leaf: Any = LeafPage[kind]  # type: ignore[valid-type]
        self.decode: Callable[[bytes], Page] = msgspec.msgpack.Decoder(leaf | BranchPage).decode
        self.size = size

    def entry_size(self, key: bytes, value: V) -> int:
        """What a value takes in a leaf, with its key."""
        return len(key) + self.size(value) + ENTRY_BYTES


def digest_of(page: Page) -> bytes:
    """The digest of what a page holds."""
    if isinstance(page, LeafPage):
        return leaf_digest(page.keys, page.values)
    return branch_digest(page.keys, [child.digest for child in page.children])


def leaf_digest(keys: Sequence[bytes], values: Sequence[object]) -> bytes:
    """The digest of a leaf."""
    return blake2b(_encode(("leaf", keys, values)), digest_size=DIGEST_BYTES).digest()


def branch_digest(keys: Sequence[bytes], children: Sequence[bytes]) -> bytes:
    """The digest of a branch, by the digests of its children."""
    return blake2b(_encode(("branch", keys, children)), digest_size=DIGEST_BYTES).digest()


def encode_page(number: int, page: Page) -> bytes:
    """The bytes of a page."""
    return encode_frame(1, number, _encode(page))


def decode_page(codec: PageCodec[Any], ref: PageRef, data: bytes | None) -> Page:
    """What a page holds.

    Raises:
        RottenPageError: these are not the bytes of the page that `ref` names.
    """
    found = scan(data or b"")
    if found.tail != "clean" or len(found.payloads) != 1 or found.first != ref.page:
        raise RottenPageError(f"page {ref.page} is damaged or missing")
    try:
        page = codec.decode(found.payloads[0])
    except msgspec.MsgspecError as error:
        raise RottenPageError(f"page {ref.page} holds no page") from error
    if digest_of(page) != ref.digest:
        raise RottenPageError(f"page {ref.page} holds what another one should")
    return page


def sound_page(number: int, data: bytes | None) -> bytes:
    """The bytes of a page, to be sent to a peer.

    Raises:
        RottenPageError: they are damaged or missing.
    """
    found = scan(data or b"")
    if data is None or found.tail != "clean" or found.first != number:
        raise RottenPageError(f"page {number} is damaged or missing")
    return data


def pages_below(
    roots: Sequence[PageRef], codecs: Sequence[PageCodec[Any]], read: Callable[[int], bytes | None]
) -> list[int]:
    """The numbers of the pages below some roots, each root with its codec, verified; it reads all.

    Raises:
        RottenPageError: a page is damaged or missing.
    """
    found: list[int] = []
    missing = list(zip(roots, codecs, strict=True))
    while missing:
        ref, codec = missing.pop()
        found.append(ref.page)
        page = decode_page(codec, ref, read(ref.page))
        if isinstance(page, BranchPage):
            missing.extend((child, codec) for child in page.children)
    return found
