"""Bugs of pages: what the cache bounds, when a page is free, and what is verified."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import BTREE, PAGE_CACHE, PAGE_FILE, PAGES, SCRUB
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "cache_bound_not_binding",
        "The page cache drops nothing when it is over its bound, so that it grows with what is read.",
        Edit(PAGE_CACHE, "while clean and self.clean_bytes + self.dirty_bytes > self.bound:", "while False:"),
        breaks=("queues_stay_bounded",),
    ),
    bug(
        "dirty_nodes_evicted",
        "Where the cache is full, nodes that were changed are dropped like all others, and read again.",
        Edit(
            BTREE,
            "self.root = root = self._write(self.root)",
            "self.root = self.written = root = self._write(self.root)",
        ),
        Edit(
            BTREE,
            "leaf, path = self._own_path(key)",
            """
            if self.file.cache.dirty_bytes * 2 > self.file.cache.bound:
                self.root = getattr(self, "written", self.root)
            leaf, path = self._own_path(key)
            """,
            within="BTree.put",
        ),
        breaks=("only_the_damaged_fall_silent", "replicas_equal_when_quiet"),
    ),
    bug(
        "pages_freed_before_root_is_named",
        "A checkpoint frees the pages of the root before it, although no head names its own root yet.",
        Edit(
            PAGE_FILE,
            "self._retired = []",
            """
            self._retired = []
            self.durable = self.checkpoints
            self._release()
            """,
            within="PageFile.checkpoint",
        ),
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "overflow_page_freed_at_once",
        "The page of a large value is free when the value is replaced, although a durable root needs it.",
        Edit(
            BTREE,
            "self.file.retire(value.ref, self.file.read(value.ref).depth)",
            "self.file._free(value.ref.page)",
        ),
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "retired_page_taken_for_garbage",
        "After a restart, pages that the trees left before the scrub came to them are freed as garbage, "
        "although the durable root needs them.",
        Edit(PAGE_FILE, "self._keep(ref.page)", "pass", within="PageFile.retire"),
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "held_page_freed",
        "The pages of a checkpoint are freed although a copy of it is under way.",
        Edit(PAGE_FILE, "oldest = min(self.held, default=self.durable)", "oldest = self.durable"),
        scenario="copy-under-load",
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "overflow_page_not_verified",
        "The page of a large value is taken as it is, whatever its checksum and its reference's digest say.",
        Edit(
            PAGES,
            "payload, checksum = _framed(ref.page, data)",
            r"""
            if data is not None and data[35:37] == b"\x93\x02":
                return Page(data[35 : 35 + _HEADER.unpack_from(data, 26)[3]])
            payload, checksum = _framed(ref.page, data)
            """,
        ),
        breaks=("replicas_equal_when_quiet",),
    ),
    bug(
        "scrub_skips_large_values",
        "A scrub reads the nodes of the trees, and not the pages of large values.",
        Edit(SCRUB, "if isinstance(value, Large) and value.ref is not None:", "if False:"),
        breaks=("only_the_damaged_fall_silent",),
    ),
)
