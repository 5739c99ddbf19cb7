"""Page files stay as long as a replica names them (P6 of docs/table.md) and take what they have; and a node's
journal knows whose children were made here (H7, H11).
"""

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.paxos.files import pages_file
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.storage_node.lines import Lines
from dynaproof.impl.storage_node.node_journal import (
    Buried,
    Dropped,
    Fence,
    Made,
    NodeJournal,
    Silent,
)
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile

PARENT, LEFT, RIGHT, OTHER = 1, 2, 3, 9
FRAMES = GroupSettings().node_frames
FILE = pages_file(PARENT, 1, 0)


class OneDisk:
    """A disk with the page file of a parent, and its lines."""

    def __init__(self) -> None:
        self.disk = SimDisk(Outbox())
        self.disk.write_page(FILE, 0, b"page")
        self.lines = Lines(self.disk)
        self.lines.known = True

    def is_there(self) -> bool:
        """Whether the parent's file is."""
        return FILE in self.disk.files()


# --- Lines ---


def test_a_file_goes_with_its_owner_if_nobody_else_names_it() -> None:
    one = OneDisk()
    assert one.is_there(), "it has an owner"
    one.lines.left(PARENT, 1)
    assert not one.is_there()


def test_a_file_stays_while_any_child_names_it_and_goes_with_the_last() -> None:
    one = OneDisk()
    one.lines.names(LEFT, (FILE,))
    one.lines.names(RIGHT, (FILE,))
    one.lines.left(PARENT, 1)
    assert one.is_there()
    one.lines.names(LEFT, ())
    assert one.is_there()
    one.lines.names(RIGHT, ())
    assert not one.is_there()
    assert not one.lines.named
    assert not one.lines.ownerless


def test_a_file_that_no_child_names_stays_while_its_owner_is_there() -> None:
    one = OneDisk()
    one.lines.names(LEFT, (FILE,))
    one.lines.names(LEFT, ())
    assert one.is_there()


def test_nothing_goes_before_all_of_the_disk_was_looked_at() -> None:
    one = OneDisk()
    one.lines.known = False
    one.lines.left(PARENT, 1)
    one.lines.clear()
    assert one.is_there(), "a child may name it of which nothing is known yet"
    one.lines.known = True
    one.lines.clear()
    assert not one.is_there()


def test_a_file_whose_owner_is_made_again_is_its_own() -> None:
    one = OneDisk()
    one.lines.names(LEFT, (FILE,))
    one.lines.left(PARENT, 1)
    one.lines.owned(PARENT, 1)
    one.lines.names(LEFT, ())
    assert one.is_there()


def test_a_child_names_its_grandparent_until_its_own_file_has_all() -> None:
    one = OneDisk()
    between = pages_file(LEFT, 1, 7)
    one.disk.write_page(between, 1, b"page")
    one.lines.names(LEFT, (FILE,))
    one.lines.names(OTHER, (FILE, between))
    one.lines.left(PARENT, 1)
    one.lines.left(LEFT, 1)
    one.lines.names(LEFT, ())
    assert one.is_there()
    one.lines.names(OTHER, (between,))
    assert not one.is_there()
    assert one.disk.files() == [between]


def test_files_of_other_incarnations_stay() -> None:
    one = OneDisk()
    one.lines.left(PARENT, 2)
    one.lines.left(PARENT + 10, 1)
    assert one.is_there()


def test_a_child_takes_its_own_pages_that_are_not_free_and_none_of_its_parents() -> None:
    """Its node reports that: pages of its parent would count as often as there are children."""
    disk, cache = SimDisk(Outbox()), PageCache(1 << 20)
    codec: PageCodec[int] = PageCodec(int, lambda _: 9)
    parent = PageFile(disk, "parent", 160, cache)
    tree = BTree(parent, codec)
    for number in range(100):
        tree.put(b"%04d" % number, number)
    (root,) = parent.checkpoint([tree])
    child = PageFile(disk, "child", 160, cache, parent.line, parent.end)
    assert child.taken_bytes == 0
    tree = BTree(child, codec, root)
    for value in range(5):
        tree.put(b"0000", value)
        child.checkpoint([tree])
        child.confirm()
        assert child.taken_bytes == 160 * len(disk.pages("child"))
    assert child.free, "else this shows nothing"
    assert child.taken_bytes < parent.taken_bytes


# --- The journal of the node ---


class OneJournal:
    """A node's journal, which is compacted and found again as a test says."""

    def __init__(self) -> None:
        self.disk = SimDisk(Outbox())
        self.journal = NodeJournal(self.disk, FRAMES)
        self.journal.recover()

    def add(self, *records: Made | Silent | Dropped | Buried | Fence) -> None:
        """Append these, durably."""
        for record in records:
            through = self.journal.append(record)
            self.disk.sync_started()
            self.disk.sync_done()
            self.journal.confirm(through)

    def compact(self) -> None:
        """Append until the journal begins anew."""
        terms = range(self.journal.fence + 1, self.journal.fence + 3 * FRAMES)
        self.add(*(Fence(term) for term in terms))

    def restart(self) -> None:
        """Read what is there."""
        self.journal = NodeJournal(self.disk, FRAMES)
        self.journal.recover()

    def everywhere(self) -> list[NodeJournal]:
        """The journal as it is, as it is read, and as it is read when it was compacted."""
        found = [self.journal]
        for change in (self.restart, self.compact, self.restart):
            change()
            found.append(self.journal)
        return found


def test_a_mark_of_a_child_survives_compaction_and_restart() -> None:
    one = OneJournal()
    one.add(Made(PARENT, 3), Made(LEFT, 1, PARENT))
    for journal in one.everywhere():
        assert journal.marked(PARENT)
        assert journal.parent_of(LEFT) == PARENT
        assert not journal.marked(LEFT)
        assert journal.parent_of(PARENT) == 0


def test_a_mark_stays_when_its_child_falls_silent_or_is_made_anew() -> None:
    one = OneJournal()
    one.add(Made(PARENT, 3), Made(LEFT, 1, PARENT), Silent(LEFT, 1), Made(LEFT, 4))
    for journal in one.everywhere():
        assert journal.marked(PARENT)
        assert journal.floor(LEFT) == 4


def test_a_child_that_is_gone_is_known_as_long_as_a_replica_of_its_parent_is_here() -> None:
    one = OneJournal()
    one.add(Made(PARENT, 3), Made(LEFT, 1, PARENT), Buried(LEFT, 1))
    one.journal.emptied(LEFT)
    one.compact()
    for journal in one.everywhere():
        assert journal.was_made(LEFT), "else its parent would make it again"
        assert journal.marked(PARENT)


def test_a_child_that_was_dropped_is_reported_until_its_parent_was_though_that_is_silent() -> None:
    one = OneJournal()
    one.add(Made(PARENT, 3), Made(LEFT, 1, PARENT), Silent(PARENT, 3), Dropped(LEFT, 1, 1))
    one.journal.emptied(LEFT)
    one.compact()
    for journal in one.everywhere():
        assert journal.silent() == [(PARENT, 3), (LEFT, 1)], "else an admin has it made again"
    one.add(Dropped(PARENT, 3, one.journal.fence))
    assert one.journal.silent() == []


def test_a_child_that_was_dropped_before_it_was_made_is_known_beside_its_parent_and_marks_nothing() -> None:
    one = OneJournal()
    one.add(Made(PARENT, 3), Dropped(LEFT, 1, 1, PARENT), Buried(RIGHT, 1, PARENT))
    for child in (LEFT, RIGHT):
        one.journal.emptied(child)
    one.compact()
    for journal in one.everywhere():
        assert (journal.floor(LEFT), journal.buried(RIGHT)) == (1, True), "else its parent makes it again"
        assert journal.silent() == [(LEFT, 1)]
        assert not journal.marked(PARENT)
    one.add(Dropped(PARENT, 3, one.journal.fence))
    for group in (PARENT, LEFT, RIGHT):
        one.journal.emptied(group)
    one.compact()
    one.compact()
    for journal in one.everywhere():
        assert journal.groups() == []
        assert (journal.parent_of(LEFT), journal.parent_of(RIGHT)) == (0, 0)


def test_a_mark_stays_as_long_as_the_child_is_here() -> None:
    one = OneJournal()
    one.add(Made(PARENT, 3), Made(LEFT, 1, PARENT), Dropped(PARENT, 3, 1))
    one.journal.emptied(PARENT)
    one.compact()
    assert not one.journal.was_made(PARENT)
    for journal in one.everywhere():
        assert journal.marked(PARENT), "a late replica of the parent grants nothing"
        assert journal.live(LEFT) == 1


def test_marks_go_when_nothing_of_parent_and_children_is_left() -> None:
    one = OneJournal()
    children = Made(LEFT, 1, PARENT), Made(RIGHT, 1, PARENT)
    one.add(Made(PARENT, 3), *children, Dropped(PARENT, 3, 1), Dropped(LEFT, 1, 1), Made(OTHER, 1))
    one.journal.emptied(PARENT)
    one.journal.emptied(LEFT)
    one.compact()
    one.compact()
    assert one.journal.parent_of(LEFT) == 0
    assert one.journal.parent_of(RIGHT) == PARENT
    one.add(Dropped(RIGHT, 1, 1))
    one.journal.emptied(RIGHT)
    one.compact()
    one.compact()
    for journal in one.everywhere():
        assert not journal.marked(PARENT)
        assert journal.groups() == [OTHER]


def test_what_is_buried_above_the_fence_is_remembered() -> None:
    one = OneJournal()
    one.add(Made(LEFT, 1, PARENT), Buried(LEFT, 1_000_000))
    one.journal.emptied(LEFT)
    one.compact()
    assert one.journal.buried(LEFT)
    assert one.journal.marked(PARENT)
