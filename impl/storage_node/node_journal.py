"""A storage node's own journal: which replicas were made on its disk, and which of them are silent for ever.

*Invariant.* No replica has ever said anything of which there is no durable `Made` here (H1 of docs/table.md).
The *floor* of a group is the greatest incarnation in any record of it: nothing at or below it is ever made
again. Of each group the record of its floor counts, and of two of them the later one, so the journal in
memory and its head on the disk take one record for each group that was ever here.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from dynaproof.impl.journal.journal import Journal, Link, RottenLogError
from dynaproof.impl.node import Disk

PREFIX = "node/"

FRAMES_KEPT = 64
"""Frames behind the head, besides one for each group, after which the journal begins anew with a head."""


class Made(Struct, frozen=True, gc=False, tag="made", array_like=True):
    """The replica was made here: its files were durable before this was written."""

    group: int
    incarnation: int


class Silent(Struct, frozen=True, gc=False, tag="silent", array_like=True):
    """The replica never speaks again: it has forgotten something (rule 13), or was dropped (rule M7)."""

    group: int
    incarnation: int


Standing: TypeAlias = Made | Silent
"""How it stands with a replica."""


class Head(Struct, frozen=True, gc=False, tag="head", array_like=True):
    """Begins a segment: all that stands."""

    link: Link
    standing: tuple[Standing, ...]


_decode = msgspec.msgpack.Decoder(Head | Made | Silent).decode
_encode = msgspec.msgpack.Encoder().encode


class NodeJournal:
    """The records of one disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._journal = Journal(disk, PREFIX)
        self._standing: dict[int, Standing] = {}
        self._head_at = 0

    def recover(self) -> None:
        """Read the journal, if there is one.

        Raises:
            RottenLogError: it rots, or holds what no node writes.
        """
        found = Journal.recover(self._disk, PREFIX, _link_of)
        if found is None:
            for name in self._disk.logs(PREFIX):
                self._disk.remove_log(name)  # A crash has torn its first frame.
            return
        self._journal, _ = found
        records = [_decoded(payload) for _, payload in self._journal.frames()]
        self._head_at = self._journal.sequence - len(records)  # Nothing before the newest head is kept.
        for record in records:
            for one in record.standing if isinstance(record, Head) else (record,):
                self._stands(one)

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

    def append(self, record: Standing) -> int:
        """Append a record; the number of the next frame, below which all is durable once this one is."""
        self._stands(record)
        journal = self._journal
        if not journal.segment or journal.sequence - self._head_at > FRAMES_KEPT + len(self._standing):
            self._head_at = journal.sequence
            standing = tuple(self._standing[group] for group in self.groups())
            journal.roll(0, lambda link: _encode(Head(link, standing)))
        else:
            journal.append(_encode(record))
        return journal.sequence

    def confirm(self, through: int) -> None:
        """All frames below `through` are durable: segments that the newest one does not keep may go."""
        self._journal.confirm(through)
        self._journal.drop_unneeded()

    def _stands(self, record: Standing) -> None:
        if record.incarnation >= self.floor(record.group):
            self._standing[record.group] = record


def _decoded(payload: bytes) -> Head | Standing:
    try:
        record: Head | Standing = _decode(payload)
    except msgspec.MsgspecError as error:
        raise RottenLogError(PREFIX) from error
    return record


def _link_of(payload: bytes) -> Link | None:
    record = _decoded(payload)
    return record.link if isinstance(record, Head) else None
