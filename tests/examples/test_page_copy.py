"""A copy of a tree that no view outlasts: it begins again and again, and gets on by the digests it keeps."""

from __future__ import annotations

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_copy import PageCopy
from dynaproof.impl.tree.page_file import PageFile
from tests.examples.pinned_regions import run_pinned

PAGE_BYTES = 160
FILE = "tree"
VIEWS = 100


def pages_after_views(pages_of_a_view: int, digests_kept: int) -> tuple[int, list[bool]]:
    """How many pages a tree has, and whether its copy is whole after each view of so many pages."""
    disk = SimDisk(Outbox())
    file = PageFile(disk, FILE, PAGE_BYTES, PageCache(1 << 20))
    tree = BTree(file, PageCodec(int, lambda _: 9))
    for number in range(400):
        tree.put(b"%04d" % number, number)
    roots = file.checkpoint([tree])
    copy = PageCopy(disk, "copy", PAGE_BYTES, digests_kept)
    whole: list[bool] = []
    for _ in range(VIEWS):
        copy.begin(roots)
        for _ in range(pages_of_a_view):
            for number in copy.ask(1):
                copy.take(number, file.read_bytes(number) or b"")
        whole.append(copy.whole)
    return len(disk.pages(FILE)), whole


def test_a_copy_that_no_view_outlasts_ends_if_it_keeps_a_digest_of_each_page() -> None:
    pages, whole = pages_after_views(pages_of_a_view=16, digests_kept=1 << 16)
    assert pages > 16
    assert whole.index(True) <= pages // 8, "half of a view, or less, brings branches again"


def test_a_copy_that_keeps_too_few_digests_ends_only_within_one_view() -> None:
    pages, whole = pages_after_views(pages_of_a_view=16, digests_kept=4)
    assert not any(whole)
    _, whole = pages_after_views(pages_of_a_view=pages, digests_kept=4)
    assert all(whole)


def test_a_replica_of_the_metadata_behind_a_gray_link_ends_its_copy() -> None:
    """Found by a campaign: views lapsed after 1,000 bytes of a log that is written all the time."""
    assert run_pinned("a_copy_behind_a_gray_link").failure is None
