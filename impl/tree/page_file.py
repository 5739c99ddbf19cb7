"""A page file and the trees that live in it: which pages are taken, which are free, and who holds which.

Page numbers are one space for all trees of a file. One checkpoint writes the changed nodes of all of them, on
pages that no durable root uses, and gives a root for each; the roots count once their owner names them
durably, and only then are pages freed that only older roots needed.

Nothing is read when a file is taken over (`recover`), so it is not known which pages are free then: new ones
are written behind the last one, and those retired meanwhile are freed as usual. The first scrub (`scrub.py`)
reaches all pages that the trees have. Of the pages that were there at the beginning, those that it reaches
are kept, and so are retired ones; when it has ended, the others are free: holes, and what a crash has left.

A child of a split begins on pages of another file: its own file is then the newest of a *line*, whose older
ones are only read (P2 of docs/table.md). Page numbers are one space along a line. Its owner moves what it
still needs of older files into its own (`homecoming.py`, P5).

*Invariants.* A page of the file itself is free if it is reached from none of: the trees in memory, the roots
of the newest checkpoint, those of the durable one, those of a checkpoint that somebody holds. Nothing is
written or freed in an older file of the line (P4).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Protocol

from msgspec import Struct

from dynaproof.impl.node import Disk
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.pages import (
    LEAST_PAGE_BYTES,
    Page,
    PageRef,
    decode_page,
    encode_with_reference,
    gather,
    lay_out,
    room_of,
)

FREED_AT_ONCE = 1_024
"""How many pages are looked at in one piece of the end of a first scrub."""


class Writable(Protocol):
    """A tree of the file, as its checkpoints see it."""

    def write(self) -> PageRef:
        """Write the nodes that were made since the last checkpoint; return the root."""
        ...


class Part(Struct, frozen=True, gc=False, array_like=True):
    """A file of a line: its pages are numbered from `first` on, up to where the next one's begin."""

    name: str
    first: int


def file_of(line: Sequence[Part], number: int) -> str:
    """The file of a line in which a page lies; empty where none has such a page."""
    return next((part.name for part in reversed(line) if part.first <= number), "")


class PageFile:
    """The page file `name` of a disk, empty; `recover` takes over what is there. Its line has the files
    `older`, in order, and its own pages are numbered from `first` on.
    """

    def __init__(
        self,
        disk: Disk,
        name: str,
        page_bytes: int,
        cache: PageCache,
        older: tuple[Part, ...] = (),
        first: int = 0,
    ) -> None:
        assert page_bytes >= LEAST_PAGE_BYTES, "a page holds a few references"
        self.disk = disk
        self.name = name
        self.older = older
        self.first = first
        self.home = not older
        """Whether the trees, as the next checkpoint will write them, need only this file."""
        self.page_bytes = page_bytes
        self.room = room_of(page_bytes)
        self.cache = cache
        self.serial = cache.new_file()
        """Its number in the cache."""
        self.checkpoints = 0
        """How many were written so far,"""
        self.durable = 0
        """and how many when the last one that is known to be named durably was written."""
        self.held: dict[int, int] = {}
        """By checkpoint, how many hold its pages, and those of all later ones."""
        self.free: list[int] = []
        self.end = first
        """All pages are below this number."""
        self.found = 0
        """Pages below this number were there when the file was taken over; 0 once it is known which of them
        are free.
        """
        self._kept = bytearray()
        """A bit for each of these in this file: whether it is known not to be garbage."""
        self._freed_through = first
        self._retired: list[int] = []
        self._retired_by: list[tuple[int, list[int]]] = []

    def recover(self) -> None:
        """Take over what is there, the pages below roots that are named durably. Nothing is read."""
        self.end = max(self.first, self.disk.page_end(self.name))
        self.found = self.end if self.end > self.first else 0
        self._kept = bytearray((self.end - self.first) // 8 + 1)

    def sibling(self, name: str) -> PageFile:
        """An empty file of the same node."""
        return PageFile(self.disk, name, self.page_bytes, self.cache)

    @property
    def line(self) -> tuple[Part, ...]:
        """All files of its line."""
        return *self.older, Part(self.name, self.first)

    @property
    def taken_bytes(self) -> int:
        """How many bytes of this file are taken."""
        return max(0, self.end - self.first - len(self.free)) * self.page_bytes

    def close(self) -> None:
        """Nothing more is written to the file; those that hold some of it may still read."""
        self.cache.close(self.serial)

    # --- Pages, and bodies of any length ---

    def read(self, ref: PageRef) -> Page:
        """What a page holds.

        Raises:
            RottenPageError: it is damaged or missing.
        """
        return decode_page(ref, self.read_bytes(ref.page))

    def read_bytes(self, number: int) -> bytes | None:
        """The bytes of a page, from the file of the line in which it lies (P2)."""
        name = self.name if number >= self.first else file_of(self.older, number)
        return self.disk.read_page(name, number)

    def fetch(self, ref: PageRef) -> tuple[bytes, Sequence[PageRef], int]:
        """The body that lies at `ref`, with the references that go with it, and how deep its pieces lie.

        Raises:
            RottenPageError: one of its pages is damaged or missing.
        """
        page = self.read(ref)
        return *gather(page, self.read), page.depth

    def store(self, body: bytes, children: Sequence[PageRef] = ()) -> tuple[PageRef, int]:
        """Write a body and the references that go with it, where no durable root and no held view has a page;
        return where it lies, and how deep its pieces do.
        """
        return lay_out(body, children, self.room, self._write)

    def verify(self, ref: PageRef) -> tuple[bytes, Sequence[PageRef], int, int]:
        """What `fetch` gives, and how many pages were read; none of them is garbage.

        Raises:
            RottenPageError: one of its pages is damaged or missing.
        """
        read: list[int] = []

        def reading(one: PageRef) -> Page:
            read.append(one.page)
            return self.read(one)

        page = reading(ref)
        body, children = gather(page, reading)
        for number in read:
            self._keep(number)
        return body, children, page.depth, len(read)

    def retire(self, ref: PageRef, depth: int) -> None:
        """The trees in memory no longer need what lies at `ref`; older roots do. What lies in a file of
        others is theirs (P4).

        Raises:
            RottenPageError: a page that says where its pieces lie is damaged or missing.
        """
        if depth:
            page = self.read(ref)
            for piece in page.children[: page.parts]:
                self.retire(piece, depth - 1)
        if ref.page >= self.first:
            self._retired.append(ref.page)
            self._keep(ref.page)
        self.cache.drop(self.serial, ref.page)

    def _write(self, page: Page) -> PageRef:
        if self.free:
            number = heappop(self.free)
        else:
            number, self.end = self.end, self.end + 1
        data, ref = encode_with_reference(number, page, self.page_bytes)
        self.disk.write_page(self.name, number, data)
        return ref

    # --- Checkpoints and held views ---

    @property
    def dirty_bytes(self) -> int:
        """What its trees have in memory that is not on the disk."""
        return self.cache.dirty.get(self.serial, 0)

    def count_dirty(self, more: int) -> None:
        """Note that its trees have `more` bytes more in memory that are not on the disk; fewer if it is
        negative.
        """
        self.cache.count_dirty(self.serial, more)

    def checkpoint(self, trees: Sequence[Writable]) -> tuple[PageRef, ...]:
        """Write what has changed in the trees of this file, all of them, since the last checkpoint; return
        their roots.

        They count once their owner names them durably: then call `confirm`.
        """
        roots = tuple(tree.write() for tree in trees)
        self.checkpoints += 1
        self._retired_by.append((self.checkpoints, self._retired))
        self._retired = []
        return roots

    def confirm(self) -> None:
        """The owner names the newest checkpoint's roots durably: what only older ones need is freed."""
        self.durable = self.checkpoints
        self._release()

    def hold_durable(self) -> int:
        """Keep all pages below the roots that are named durably, and below any that are named later; return
        what to let go.
        """
        self.held[self.durable] = self.held.get(self.durable, 0) + 1
        return self.durable

    def let_go(self, held: int) -> None:
        """Stop holding what `hold_durable` returned."""
        self.held[held] -= 1
        if not self.held[held]:
            del self.held[held]
        self._release()

    def waiting_bytes(self) -> int:
        """How many bytes the pages take that only held views need."""
        waiting = sum(len(pages) for number, pages in self._retired_by if number <= self.durable)
        return waiting * self.page_bytes

    def _release(self) -> None:
        """Free the pages needed only by roots that are older than the durable one, and not held."""
        oldest = min(self.held, default=self.durable)
        while self._retired_by and self._retired_by[0][0] <= min(oldest, self.durable):
            for number in self._retired_by.pop(0)[1]:
                self._free(number)

    def _free(self, number: int) -> None:
        self.cache.drop(self.serial, number)
        self.disk.free_page(self.name, number)
        heappush(self.free, number)

    # --- What was there at the beginning ---

    def _keep(self, number: int) -> None:
        if self.first <= number < self.found:
            at = number - self.first
            self._kept[at // 8] |= 1 << at % 8

    def free_garbage(self) -> bool:
        """All pages that the trees have were verified since the file was taken over: free some of those that
        were not reached; return whether those were the last.
        """
        through = min(self.found, self._freed_through + FREED_AT_ONCE)
        for number in range(self._freed_through, through):
            at = number - self.first
            if not self._kept[at // 8] & 1 << at % 8:
                self._free(number)
        self._freed_through = through
        if through < self.found:
            return False
        self.found, self._freed_through, self._kept = 0, self.first, bytearray()
        return True
