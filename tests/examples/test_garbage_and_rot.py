"""What a restart finds in a page file and needs no more goes in pieces; what a peer is sent is looked at."""

import pytest

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.state import item_size
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import FREED_AT_ONCE, PageFile
from dynaproof.impl.tree.pages import Page, RottenPageError, encode_page, sound_page
from dynaproof.impl.tree.scrub import Scrub

PAGE_BYTES = 256
CODEC = PageCodec(StoredItem, item_size)


def test_the_garbage_of_a_large_file_is_freed_in_pieces() -> None:
    """A crash in a long copy may leave very many pages: no handler's work grows with them."""
    disk = SimDisk(Outbox())
    file = PageFile(disk, "items", PAGE_BYTES, PageCache(1 << 20))
    tree = BTree(file, CODEC)
    tree.put(b"k", StoredItem(b"i", 1, 1))
    (root,) = file.checkpoint([tree])
    garbage = range(1, 3 * FREED_AT_ONCE)
    for number in garbage:
        disk.write_page("items", number, b"garbage")
    file = PageFile(disk, "items", PAGE_BYTES, PageCache(1 << 20))
    file.recover()
    tree = BTree(file, CODEC, root)
    scrub, left = Scrub(file, [tree]), [len(disk.pages("items"))]
    while not scrub.step(64):
        left.append(len(disk.pages("items")))
        assert left[-2] - left[-1] <= FREED_AT_ONCE
    assert len(left) == 3
    assert list(disk.pages("items")) == [root.page]
    assert sorted(file.free) == list(garbage)
    assert tree.get(b"k") == StoredItem(b"i", 1, 1)


@pytest.mark.parametrize("at", range(0, PAGE_BYTES, 5))
def test_a_source_notices_that_a_page_has_rotted_before_it_sends_it(at: int) -> None:
    """Else it never falls silent, and its copier asks for the same page again and again."""
    sound = encode_page(3, Page(b"body"), PAGE_BYTES)
    assert sound_page(3, sound) == sound
    with pytest.raises(RottenPageError):
        sound_page(3, sound[:at] + bytes([sound[at] ^ 4]) + sound[at + 1 :])
