"""A page file and the trees that live in it: which pages are taken, which are free, and who holds which.

Page numbers are one space for all trees of a file. One checkpoint writes the changed nodes of all of them, on
pages that no durable root uses, and gives a root for each; the roots count once their owner names them
durably, and only then are the pages freed that older roots needed.

*Invariant.* A page is free if it is reached from none of: the trees in memory, the roots of the newest
checkpoint, those of the durable one, those of a checkpoint that somebody holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any, Protocol

from dynaproof.impl.node import Disk
from dynaproof.impl.tree.pages import Page, PageCodec, PageRef, decode_page, encode_page, pages_below


class Writable(Protocol):
    """A tree of the file, as its checkpoints see it."""

    def write(self) -> PageRef:
        """Write the nodes that were made since the last checkpoint; the root."""
        ...


class PageFile:
    """The page file `name` of a disk, empty; `recover` takes over what is there."""

    def __init__(self, disk: Disk, name: str, page_bytes: int) -> None:
        self.disk = disk
        self.name = name
        self.page_bytes = page_bytes
        self.epoch = 1
        """Raised by every checkpoint and every held view: nodes of an older epoch are never changed."""
        self.checkpoints = 0
        """Written so far,"""
        self.durable = 0
        """and how many when the last one was written that is known to be named durably."""
        self.held: dict[int, int] = {}
        """Checkpoints whose pages, and those of all later ones, somebody holds: how many do."""
        self.free: list[int] = []
        self._next_page = 0
        self._retired: list[int] = []
        self._retired_by: list[tuple[int, list[int]]] = []

    def recover(self, roots: Sequence[PageRef], codecs: Sequence[PageCodec[Any]]) -> None:
        """Take over the pages below durable roots, each with its codec. Every page is verified, and those
        that no root needs are freed.

        Raises:
            RottenPageError: a page is damaged or missing.
        """
        used = frozenset(pages_below(roots, codecs, lambda number: self.disk.read_page(self.name, number)))
        for number in self.disk.pages(self.name):
            if number not in used:
                self.disk.free_page(self.name, number)
        self._next_page = max(used) + 1
        self.free = [number for number in range(self._next_page) if number not in used]

    # --- Pages ---

    def read(self, codec: PageCodec[Any], ref: PageRef) -> Page:
        """What a page holds.

        Raises:
            RottenPageError: it is damaged or missing.
        """
        return decode_page(codec, ref, self.disk.read_page(self.name, ref.page))

    def write(self, page: Page, digest: bytes) -> PageRef:
        """Write a page where no durable root and no held view has one."""
        if self.free:
            number = heappop(self.free)
        else:
            number, self._next_page = self._next_page, self._next_page + 1
        self.disk.write_page(self.name, number, encode_page(number, page))
        return PageRef(number, digest)

    def retire(self, number: int) -> None:
        """The trees in memory need this page no longer; older roots do."""
        self._retired.append(number)

    # --- Checkpoints and held views ---

    def checkpoint(self, trees: Sequence[Writable]) -> tuple[PageRef, ...]:
        """Write what changed in the trees of this file, all of them, since the last checkpoint; their roots.

        They count once their owner names them durably: then call `confirm`.
        """
        roots = tuple(tree.write() for tree in trees)
        self.epoch += 1
        self.checkpoints += 1
        self._retired_by.append((self.checkpoints, self._retired))
        self._retired = []
        return roots

    def confirm(self) -> None:
        """The owner names the newest checkpoint's roots durably: what only older ones need is freed."""
        self.durable = self.checkpoints
        self._release()

    def hold_durable(self) -> int:
        """Keep all pages below the roots that are named durably, and below any that are named later; what to
        let go.
        """
        return self._hold(self.durable)

    def hold_newest(self) -> int:
        """Keep all pages that the trees in memory name now, and change no node that they have; what to
        let go.
        """
        self.epoch += 1
        return self._hold(self.checkpoints)

    def let_go(self, held: int) -> None:
        """Hold no longer what `hold_durable` or `hold_newest` gave."""
        self.held[held] -= 1
        if not self.held[held]:
            del self.held[held]
        self._release()

    def waiting_bytes(self) -> int:
        """What the pages take that only held views need, about."""
        waiting = sum(len(pages) for number, pages in self._retired_by if number <= self.durable)
        return waiting * self.page_bytes

    def _hold(self, checkpoint: int) -> int:
        self.held[checkpoint] = self.held.get(checkpoint, 0) + 1
        return checkpoint

    def _release(self) -> None:
        """Free the pages of which every root that needs them is older than the durable one, and not held."""
        oldest = min(self.held, default=self.durable)
        while self._retired_by and self._retired_by[0][0] <= min(oldest, self.durable):
            for page in self._retired_by.pop(0)[1]:
                self.disk.free_page(self.name, page)
                heappush(self.free, page)
