"""How a child of a split begins (H3, H4, P2 of docs/table.md): on the pages of its parent, of which it copies
only O(depth).

*Invariant.* What a child begins with is a function of its parent's log through the barrier: all its replicas
that begin this way are equal, whenever each is made.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.impl.node import Disk
from dynaproof.impl.partition.memory import Memory
from dynaproof.impl.partition.metered import Metered
from dynaproof.impl.partition.records import ChildSpec, Split
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.paxos.files import pages_file
from dynaproof.impl.paxos.ids import NO_BALLOT, Member
from dynaproof.impl.paxos.log import AnyHead, Head
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile


def born(
    disk: Disk, cache: PageCache, page_bytes: int, parent: AnyHead, child: ChildSpec, me: Member
) -> AnyHead:
    """Write the child `me`'s own pages (P2), and return the head with which its journal begins (H4); `parent`
    is the head that names its parent's last checkpoint.

    Raises:
        RottenPageError: a page of the parent on the way to the cut, or to its buckets, is damaged or missing.
    """
    snapshot: PartitionSnapshot | None = parent.snapshot
    assert snapshot is not None, "a barrier is in a checkpoint"
    split = snapshot.split
    assert split is not None, "the checkpoint is at the barrier"
    file = pages_file(child.partition, me.incarnation, split.slot)
    disk.remove_file(file)
    before = PageFile(disk, parent.pages, page_bytes, cache, parent.older, parent.first_page)
    before.recover()
    pages = PageFile(disk, file, page_bytes, cache, before.line, before.end)
    items, memory = (
        BTree(pages, codec, root) for codec, root in zip(PartitionState.codecs, snapshot.roots, strict=True)
    )
    try:
        items.cut(child.range.start, child.range.end)
        take_part(Memory(memory, snapshot.remembered, snapshot.remembered_bytes), split, child)
        roots = pages.checkpoint((items, memory))
    finally:
        pages.close()
        before.close()
    own = child_snapshot(snapshot, split, child)
    return Head(
        me,
        child.config,
        split.slot,
        NO_BALLOT,
        NO_BALLOT,
        split.slot + 1,
        split.slot,
        structs.replace(own, roots=roots),
        file,
        older=before.line,
        first_page=before.end,
    )


def take_part(memory: Memory, split: Split, child: ChildSpec) -> None:
    """Give a child its part of its parent's buckets of writes, if there are any (H4)."""
    if memory.metered is not None:
        whole, index = Metered.restore(memory.metered), split.children.index(child)
        memory.meter(whole.child(index, split.timestamp, memory.count).row())


def child_snapshot(parent: PartitionSnapshot, split: Split, child: ChildSpec) -> PartitionSnapshot:
    """What a child has besides its pages: all that has no key is the same in both children (H4), and what
    readers hold begins behind the barrier.
    """
    holds = tuple(
        structs.replace(hold, through=split.slot, bytes_through=parent.log_bytes) for hold in parent.holds
    )
    return structs.replace(
        parent,
        slot=split.slot,
        proposed_at=split.proposed_at,
        held_at=NO_BALLOT,
        timestamp=split.timestamp,
        config=child.config,
        config_slot=split.slot,
        holds=holds,
        split=None,
    )
