"""A copy of a tree that no view outlasts: it begins again and again, and gets on by the digests it keeps. No
message of it is larger than it may be.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.paxos.copying import Copying
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.catch_up import CopiedPages, CopyPages
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.paxos.sizes import HEADER_BYTES
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_copy import PageCopy
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageRef
from tests.examples.pinned_regions import run_pinned

PAGE_BYTES = 160
FILE = "tree"
VIEWS = 100
COPIER, SOURCE = (Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "ab")


def tree_of_many_pages(disk: SimDisk) -> tuple[PageFile, tuple[PageRef, ...]]:
    """A file with a tree that was written, and its root."""
    file = PageFile(disk, FILE, PAGE_BYTES, PageCache(1 << 20))
    tree = BTree(file, PageCodec(int, lambda _: 9))
    for number in range(400):
        tree.put(b"%04d" % number, number)
    return file, file.checkpoint([tree])


def pages_after_views(pages_of_a_view: int, digests_kept: int) -> tuple[int, list[bool]]:
    """How many pages a tree has, and whether its copy is whole after each view of so many pages."""
    disk = SimDisk(Outbox())
    file, roots = tree_of_many_pages(disk)
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


def test_a_message_of_a_copy_holds_no_more_than_it_may_and_the_rest_comes_in_the_next() -> None:
    """A larger one may be more than a network takes: the copy would never end."""
    disk, sent = SimDisk(Outbox()), list[CopiedPages]()
    file, roots = tree_of_many_pages(disk)
    settings = GroupSettings(page_bytes=PAGE_BYTES, message_bytes=HEADER_BYTES + 3 * PAGE_BYTES)
    source = SimpleNamespace(
        views=SimpleNamespace(asked=lambda *_: SimpleNamespace(pages=file)),
        env=SimpleNamespace(now=0),
        settings=settings,
        member=SOURCE,
        send=lambda _, m: sent.append(m),
    )
    copy = PageCopy(disk, "copy", PAGE_BYTES, settings.digests_kept)
    copy.begin(roots)
    while numbers := copy.ask(settings.chunk_pages):
        Copying.on_copy_pages(cast(Any, source), COPIER.node, CopyPages(COPIER, 1, 1, numbers))
        m = sent[-1]
        assert 0 < sum(len(data) for _, data in m.pages) <= settings.records_bytes
        assert (*(number for number, _ in m.pages), *m.left_out) == numbers
        assert all(copy.take(number, data) for number, data in m.pages)
        copy.ask_again(m.left_out)
    assert copy.whole
    assert any(m.left_out for m in sent), "else this shows nothing"


def test_a_replica_of_the_metadata_behind_a_gray_link_ends_its_copy() -> None:
    """Found by a campaign: views lapsed after 1,000 bytes of a log that is written all the time."""
    assert run_pinned("a_copy_behind_a_gray_link").failure is None
