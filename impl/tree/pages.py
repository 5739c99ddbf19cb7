"""Pages: their bytes, their checksums, and the digests that make a tree of them a hash tree.

All pages of a file have one size. A page is one frame (`frames.py`) that fills it and carries its number, so
a damaged page and a page in a wrong place are both noticed. It holds a body, which is its owner's business,
and references to the pages below it: a `PageRef` names a page and the digest of what the page holds. A digest
is over the body and the digests of the pages below; page numbers are left out. So two trees that hold the
same have the same digests, wherever their pages lie, and a reference vouches for all that is below it;
verifying, copying and counting pages need not know what they hold.

A body that does not fit into a page with its references lies in *overflow pages* below a page that has none
of it (`lay_out`): the first `parts` references of a page whose `depth` is not 0 are to the pieces of its
body. Every piece names the body that it belongs to, so no two pages of a tree have the same digest.

Sources: Merkle, *A Digital Signature Based on a Conventional Encryption Function*, CRYPTO 1987; Zhang et al.,
*End-to-end Data Integrity for File Systems*, FAST 2010 (a checksum stands in the parent, so that a lost or
misplaced write is found).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from hashlib import blake2b
from zlib import crc32

from msgspec import Struct

from dynaproof.impl.journal.frames import FRAME_BYTES, encode_frame, sole_frame

DIGEST_BYTES = 16
_NUMBER_BYTES = 4

REFERENCE_BYTES = DIGEST_BYTES + _NUMBER_BYTES
"""What a reference takes in a page."""

LEAST_PAGE_BYTES = 128
"""A smaller page would not hold the references that a page of pieces needs."""

_HEADER = struct.Struct("<BHHI")  # Depth, parts, references, and the length of the body.
_HEADER_BYTES = _HEADER.size
_DIGEST = f"{DIGEST_BYTES}s"
_PIECE = struct.Struct(f"<{DIGEST_BYTES // 2}sI")  # The body that it belongs to, and which piece it is.


class PageRef(Struct, frozen=True, gc=False, array_like=True):
    """A page of a file, and the digest of what it holds."""

    page: int
    digest: bytes


class Page(Struct, frozen=True, gc=False):
    """What a page holds: its body, or, with a `depth`, `parts` references to the pieces of that; and the
    references that go with the body. The depth of the pieces is one less.
    """

    body: bytes
    children: Sequence[PageRef] = ()
    depth: int = 0
    parts: int = 0


class RottenPageError(Exception):
    """A page that a durable root needs is damaged or missing: synced state is lost."""


def room_of(page_bytes: int) -> int:
    """What the body and the references of a page may take together."""
    return page_bytes - FRAME_BYTES - _HEADER.size


def digest_of_page(page: Page) -> bytes:
    """The digest of what a page holds."""
    return _digest(_beginning(page), page.body)


def _beginning(page: Page) -> bytes:
    """What a page begins with: its header, and the digests of the pages below."""
    children = page.children
    header = _HEADER.pack(page.depth, page.parts, len(children), len(page.body))
    return b"".join([header, *[ref.digest for ref in children]]) if children else header


def _digest(beginning: bytes, body: bytes) -> bytes:
    return blake2b(beginning + body, digest_size=DIGEST_BYTES).digest()


def encode_page(number: int, page: Page, page_bytes: int) -> bytes:
    """The bytes of a page."""
    return _encoded(number, page, _beginning(page), page_bytes)


def encode_with_reference(number: int, page: Page, page_bytes: int) -> tuple[bytes, PageRef]:
    """The bytes of a page, and the reference that names it."""
    beginning = _beginning(page)
    return _encoded(number, page, beginning, page_bytes), PageRef(number, _digest(beginning, page.body))


def _encoded(number: int, page: Page, beginning: bytes, page_bytes: int) -> bytes:
    count = len(page.children)
    numbers = struct.pack(f"<{count}I", *[ref.page for ref in page.children]) if count else b""
    payload = b"".join((beginning, numbers, page.body))
    return encode_frame(1, number, payload.ljust(page_bytes - FRAME_BYTES, b"\0"))


def decode_page(ref: PageRef, data: bytes | None) -> Page:
    """What a page holds.

    Raises:
        RottenPageError: these are not the bytes of the page that `ref` names.
    """
    payload, checksum = _framed(ref.page, data)
    if len(payload) < _HEADER_BYTES:
        raise RottenPageError(f"page {ref.page} holds no page")
    depth, parts, count, length = _HEADER.unpack_from(payload)
    middle = _HEADER_BYTES + count * DIGEST_BYTES
    at = middle + count * _NUMBER_BYTES
    if parts > count or at + length > len(payload):
        raise RottenPageError(f"page {ref.page} holds no page")
    body = payload[at : at + length]
    held = payload[:middle] + body
    if blake2b(held, digest_size=DIGEST_BYTES).digest() != ref.digest:
        raise RottenPageError(f"page {ref.page} holds what another one should")
    # The digest vouches for all but the numbers of the pages below, and the free space.
    if len(held) < len(payload) and crc32(payload) != checksum:
        raise _damaged(ref.page)
    if not count:
        return Page(body, (), depth, parts)
    found = struct.unpack_from(f"<{_DIGEST * count}{count}I", payload, _HEADER_BYTES)
    return Page(body, tuple(map(PageRef, found[count:], found)), depth, parts)


def sound_page(number: int, data: bytes | None) -> bytes:
    """The bytes of a page, to be sent to a peer.

    Raises:
        RottenPageError: they are damaged or missing.
    """
    payload, checksum = _framed(number, data)
    if crc32(payload) != checksum:
        raise _damaged(number)
    return data or b""


def _framed(number: int, data: bytes | None) -> tuple[bytes, int]:
    found = None if data is None else sole_frame(data, number)
    if found is None:
        raise _damaged(number)
    return found


def _damaged(number: int) -> RottenPageError:
    return RottenPageError(f"page {number} is damaged or missing")


# --- Bodies of any length ---


def lay_out(
    body: bytes, children: Sequence[PageRef], room: int, write: Callable[[Page], PageRef]
) -> tuple[PageRef, int]:
    """Write a body, with the references that go with it, into as many pages as it takes; return the reference
    to the page that stands for it, and how deep its pieces lie below that page.
    """
    fan = room // REFERENCE_BYTES
    if len(body) + REFERENCE_BYTES * len(children) <= room:
        return write(Page(body, children)), 0
    owner = blake2b(body, digest_size=DIGEST_BYTES // 2).digest()
    step = room - _PIECE.size
    pieces = [
        write(Page(_PIECE.pack(owner, at // step) + body[at : at + step])) for at in range(0, len(body), step)
    ]
    depth = 1
    while len(pieces) + len(children) > fan:
        groups = [pieces[at : at + fan] for at in range(0, len(pieces), fan)]
        pieces = [write(Page(b"", group, depth, len(group))) for group in groups]
        depth += 1
    return write(Page(b"", (*pieces, *children), depth, len(pieces))), depth


def gather(page: Page, read: Callable[[PageRef], Page]) -> tuple[bytes, Sequence[PageRef]]:
    """The body that a page stands for, and the references that go with it.

    Raises:
        RottenPageError: a piece is damaged or missing.
    """
    if not page.depth:
        return page.body, page.children
    return b"".join(_pieces(page, read)), page.children[page.parts :]


def _pieces(page: Page, read: Callable[[PageRef], Page]) -> list[bytes]:
    found: list[bytes] = []
    for ref in page.children[: page.parts]:
        below = read(ref)
        if below.depth != page.depth - 1:
            raise RottenPageError(f"page {ref.page} holds no piece")
        if below.depth:
            found += _pieces(below, read)
        else:
            found.append(below.body[_PIECE.size :])
    return found


# --- For tools: all that is below some roots ---


def pages_below(roots: Sequence[PageRef], read: Callable[[int], bytes | None]) -> list[int]:
    """The numbers of the pages below some roots, verified; this reads all of them.

    Raises:
        RottenPageError: a page is damaged or missing.
    """
    found: list[int] = []
    missing = list(roots)
    while missing:
        ref = missing.pop()
        found.append(ref.page)
        missing.extend(decode_page(ref, read(ref.page)).children)
    return found
