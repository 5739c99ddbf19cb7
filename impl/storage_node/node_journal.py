"""A storage node's own journal: which replicas were made on its disk, which of them are silent for ever,
which partitions are buried, the highest admin term that the node has seen, and where partition 0 is.

*Invariants.* No replica without a durable `Made` here has ever said anything (H1 of docs/table.md). The
*floor* of a group is the greatest incarnation in any record of it: no incarnation at or below it is ever made
again; of a buried group, none at all. Of each group the record of its floor counts, and of two of these the
later one, so the journal in memory and its head on the disk take one record for each group that was ever
here. A group that was buried or dropped is forgotten once the fence is above the term of that command,
because then no command that might make it is obeyed any more (A8); what the metadata's leader dropped,
without a term, is kept (A15), and what is known of a child stays as long as a replica of its parent is here,
because that one would make the child without any command (H11). So the records of a child name its parent,
also where the child was dropped before it was made.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from dynaproof.impl.journal.journal import Journal, Link, RottenLogError
from dynaproof.impl.node import Disk
from dynaproof.impl.paxos.hosts import Hosts

PREFIX = "node/"


class Made(Struct, frozen=True, gc=False, tag="made", array_like=True):
    """The replica was made here: its files were durable before this was written. A split of `parent` made its
    group, unless `parent` is 0.
    """

    group: int
    incarnation: int
    parent: int = 0


class Mark(Struct, frozen=True, gc=False, tag="mark", array_like=True):
    """A replica of `group`, a child of `parent`, was made here once: nothing is granted for the parent any
    more (H7), and no replica of the child's first incarnation is made anew.
    """

    parent: int
    group: int


class Silent(Struct, frozen=True, gc=False, tag="silent", array_like=True):
    """The replica never speaks again: it has forgotten something (rule 13), or an operator of its group has
    dropped it (rule M7).
    """

    group: int
    incarnation: int


class Dropped(Struct, frozen=True, gc=False, tag="dropped", array_like=True):
    """The replica was dropped, made or not, at the command of an admin of this term (A6), or, with term 0, of
    the metadata's leader (A15). A split of `parent` made its group, unless `parent` is 0.
    """

    group: int
    incarnation: int
    term: int
    parent: int = 0


class Buried(Struct, frozen=True, gc=False, tag="buried", array_like=True):
    """No replica of this group is made here any more: an admin of this term has dropped it (A7). A split of
    `parent` made it, or would have, unless `parent` is 0.
    """

    group: int
    term: int
    parent: int = 0

    @property
    def incarnation(self) -> int:
        """Its floor is above all incarnations."""
        return ALL_INCARNATIONS


class Fence(Struct, frozen=True, gc=False, tag="fence", array_like=True):
    """An admin of this term has commanded something here: no command of a lower term is obeyed (A8)."""

    term: int


ALL_INCARNATIONS = 1 << 62
"""Above every incarnation that is ever given."""

Standing: TypeAlias = Made | Silent | Dropped | Buried
"""The state of a group."""


class Head(Struct, frozen=True, gc=False, tag="head", array_like=True):
    """Begins a segment: all records that stand."""

    link: Link
    standing: tuple[Standing | Mark | Fence | Hosts, ...]


_decode = msgspec.msgpack.Decoder(Head | Made | Silent | Dropped | Buried | Mark | Fence | Hosts).decode
_encode = msgspec.msgpack.Encoder().encode


class NodeJournal:
    """The records of one disk. It begins anew, with a head, after `frames` frames and one for each group."""

    def __init__(self, disk: Disk, frames: int) -> None:
        self._disk = disk
        self._frames = frames
        self._journal = Journal(disk, PREFIX)
        self._standing: dict[int, Standing] = {}
        self._head_at = 0
        self.fence = 0
        """The highest admin term that was seen; 0: none was."""
        self.durable_fence = 0
        """The same as far as it is known to be durable: what others may be told, in any lane."""
        self.hosts: Hosts | None = None
        """The newest hosts of partition 0 that the node knows (A15); None: it was told of none."""
        self._fence_through = 0
        """The number of the frame behind that of the fence."""
        self.is_new = False
        """Whether there was no journal when this life of the node began."""
        self._emptied: dict[int, bool] = {}
        """Groups buried, or whose replica was dropped, that left nothing on the disk, durably."""
        self._parents: dict[int, int] = {}
        """By group that a split made, its parent, if a record of the group has named it."""
        self._children: dict[int, dict[int, bool]] = {}
        """By parent, the children of which a replica was ever made here."""

    def recover(self) -> None:
        """Read the journal, if there is one.

        Raises:
            RottenLogError: it rots, or holds what no node writes.
        """
        found = Journal.recover(self._disk, PREFIX, _link_of)
        if found is None:
            for name in self._disk.logs(PREFIX):
                self._disk.remove_log(name)  # A crash has torn its first frame.
            self.is_new = True
            return
        self._journal, _ = found
        records = [_decoded(payload) for _, payload in self._journal.frames()]
        self._head_at = self._journal.sequence - len(records)  # Nothing before the newest head is kept.
        for record in records:
            for one in record.standing if isinstance(record, Head) else (record,):
                self._stands(one)
        self.durable_fence = self.fence

    def groups(self) -> list[int]:
        """The groups of which there is a record, ascending."""
        return sorted(self._standing)

    def floor(self, group: int) -> int:
        """The greatest incarnation of a group that was ever made here or fell silent; 0 where none was."""
        found = self._standing.get(group)
        return 0 if found is None else found.incarnation

    def live(self, group: int) -> int:
        """The incarnation of a group that was made here and is not silent; 0 where there is none."""
        found = self._standing.get(group)
        return found.incarnation if isinstance(found, Made) else 0

    def was_made(self, group: int) -> bool:
        """Whether a replica of a group may ever have been made here."""
        return group in self._standing

    def marked(self, group: int) -> bool:
        """Whether a replica of a child of this group was ever made here (H7)."""
        return group in self._children

    def parent_of(self, group: int) -> int:
        """The group whose split made this one; 0: none, or no record of this one has named it."""
        return self._parents.get(group, 0)

    def buried(self, group: int) -> bool:
        """Whether the partition was dropped here."""
        return isinstance(self._standing.get(group), Buried)

    def silent(self) -> list[tuple[int, int]]:
        """The groups whose replica fell silent and was not dropped, ascending, and its incarnation. One that
        was dropped counts as long as its parent was not: until then an admin might think that it must still
        be made (H10).
        """
        return [
            (group, found.incarnation)
            for group, found in sorted(self._standing.items())
            if isinstance(found, Silent) or (isinstance(found, Dropped) and self._has_parent(group))
        ]

    def _has_parent(self, group: int) -> bool:
        """Whether the group is a child of a group of which a replica was made here, and not dropped."""
        parent = self.parent_of(group)  # 0, if it has none, is a group too: the metadata, which may be here.
        return parent != 0 and isinstance(self._standing.get(parent), Made | Silent)

    def silent_incarnation(self, group: int) -> int:
        """The incarnation of a group that fell silent here last, and was not dropped; 0 where none did."""
        found = self._standing.get(group)
        return found.incarnation if isinstance(found, Silent) else 0

    def was_dropped(self, group: int) -> bool:
        """Whether the replica of the group that was here last was dropped by an admin."""
        return isinstance(self._standing.get(group), Dropped)

    def emptied(self, group: int) -> None:
        """Nothing of this group is on the disk any more, durably."""
        if self.buried(group) or self.was_dropped(group):
            self._emptied[group] = True

    def append(self, record: Standing | Fence | Hosts) -> int:
        """Append a record; return the number of the next frame: all below is durable once the record is."""
        self._stands(record)
        journal = self._journal
        if not journal.segment or journal.sequence - self._head_at > self._frames + len(self._standing):
            self._head_at = journal.sequence
            self._purge()
            standing: list[Standing | Mark | Fence | Hosts] = [
                self._standing[group] for group in self.groups()
            ]
            standing += [
                Mark(parent, group)
                for parent, children in sorted(self._children.items())
                for group in sorted(children)
            ]
            standing += [Fence(self.fence)] if self.fence else []
            standing += [self.hosts] if self.hosts is not None else []
            journal.roll(0, lambda link: _encode(Head(link, tuple(standing))))
        else:
            journal.append(_encode(record))
        if isinstance(record, Fence):
            self._fence_through = journal.sequence
        return journal.sequence

    def confirm(self, through: int) -> None:
        """All frames below `through` are durable: segments that the newest one does not keep may go."""
        self._journal.confirm(through)
        if self._journal.synced >= self._fence_through:
            self.durable_fence = self.fence
        self._journal.drop_unneeded()

    def _purge(self) -> None:
        """Forget what was buried or dropped by a term below the fence (A8). Drops by the metadata's leader
        carry no term and are kept, because no fence holds off an earlier leader (A15). Nothing is forgotten
        while something of it may be on the disk: what is there without a record was lost from this journal.
        What is known of a child stays beside a replica of its parent (H11).
        """
        for group in list(self._emptied):
            record = self._standing[group]
            if self._has_parent(group):
                continue
            if isinstance(record, Buried | Dropped) and 0 < record.term < self.fence:
                del self._standing[group], self._emptied[group]
        for group, parent in list(self._parents.items()):
            if group not in self._standing and not self.live(parent):
                del self._parents[group]
                children = self._children.get(parent, {})
                if children.pop(group, False) and not children:
                    del self._children[parent]

    def _marks(self, parent: int, group: int) -> None:
        self._parents[group] = parent
        self._children.setdefault(parent, {})[group] = True

    def _stands(self, record: Standing | Mark | Fence | Hosts) -> None:
        if isinstance(record, Mark):
            self._marks(record.parent, record.group)
        elif isinstance(record, Fence):
            self.fence = max(self.fence, record.term)
        elif isinstance(record, Hosts):
            if self.hosts is None or record.epoch > self.hosts.epoch:
                self.hosts = record
        elif record.incarnation >= self.floor(record.group):
            if isinstance(record, Made) and record.parent:
                self._marks(record.parent, record.group)
            elif isinstance(record, Dropped | Buried) and record.parent:
                self._parents[record.group] = record.parent
            self._standing[record.group] = record
            self._emptied.pop(record.group, None)


def _decoded(payload: bytes) -> Head | Standing | Mark | Fence | Hosts:
    try:
        record: Head | Standing | Mark | Fence | Hosts = _decode(payload)
    except msgspec.MsgspecError as error:
        raise RottenLogError(PREFIX) from error
    return record


def _link_of(payload: bytes) -> Link | None:
    record = _decoded(payload)
    return record.link if isinstance(record, Head) else None
