"""The page cache of a node: what all trees of the node have in memory, bounded in bytes.

What is on the disk is *clean*: it may go at any time, the least recently used first. What was changed since
the last checkpoint of its file is *dirty*: it stays until the next one is written, and counts too. When dirty
bytes take more than their share, a file with no less than the average of them is due for a checkpoint
(`presses`).

*Invariant.* Clean and dirty together are within `bound`, as long as dirty bytes alone are.

The order of eviction depends only on what was read and written.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

DIRTY_SHARE = 2
"""A checkpoint is due when dirty bytes take more than the bound divided by this."""


class Cached(Protocol):
    """What is in the cache."""

    cost: int
    """About how many bytes it takes in memory."""


class PageCache:
    """Clean nodes and values by file and page, and the count of dirty bytes by file."""

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.clean_bytes = 0
        self.dirty_bytes = 0
        self.dirty: dict[int, int] = {}
        """Dirty bytes by file, where there are any."""
        self._files = 0
        self._clean: OrderedDict[tuple[int, int], Cached] = OrderedDict()

    def new_file(self) -> int:
        """A number for a file, which no other file has."""
        self._files += 1
        return self._files

    def get(self, file: int, page: int) -> Cached | None:
        """What is on a page, if it is here; this counts as a use."""
        at = (file, page)
        found = self._clean.get(at)
        if found is not None:
            self._clean.move_to_end(at)
        return found

    def add(self, file: int, page: int, clean: Cached) -> None:
        """Keep what is on a page, for as long as there is room."""
        self.drop(file, page)
        self._clean[file, page] = clean
        self.clean_bytes += clean.cost
        if self.clean_bytes + self.dirty_bytes > self.bound:
            self._evict()

    def drop(self, file: int, page: int) -> None:
        """Forget what is on a page: nobody needs it, or the page will hold something else."""
        gone = self._clean.pop((file, page), None)
        if gone is not None:
            self.clean_bytes -= gone.cost

    def count_dirty(self, file: int, more: int) -> None:
        """Note that a file has `more` dirty bytes more; fewer if it is negative."""
        self.dirty_bytes += more
        now = self.dirty.get(file, 0) + more
        if now:
            self.dirty[file] = now
            if self.clean_bytes + self.dirty_bytes > self.bound:
                self._evict()
        else:
            self.dirty.pop(file, None)

    def close(self, file: int) -> None:
        """A file's dirty bytes will never be written; what is clean goes as it ages."""
        self.dirty_bytes -= self.dirty.pop(file, 0)

    def presses(self, file: int) -> bool:
        """Whether a file's checkpoint is due because too much is dirty, and the file has its part in that."""
        own = self.dirty.get(file, 0)
        return self.dirty_bytes * DIRTY_SHARE > self.bound and own * len(self.dirty) >= self.dirty_bytes

    def _evict(self) -> None:
        clean = self._clean
        while clean and self.clean_bytes + self.dirty_bytes > self.bound:
            _, gone = clean.popitem(last=False)
            self.clean_bytes -= gone.cost
