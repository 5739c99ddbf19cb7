"""What a recovery has left out never comes back, though its removal is undone and its hole is filled."""

from __future__ import annotations

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.journal.journal import Journal, Link
from dynaproof.impl.outbox import Outbox

PREFIX = "log/"


def head(link: Link) -> bytes:
    """A segment's first frame."""
    return b"%d %d %d" % (link.previous, link.keeps, link.synced)


def link_of(payload: bytes) -> Link | None:
    parts = payload.split()
    return Link(*map(int, parts)) if len(parts) == 3 else None


def recovered(disk: SimDisk) -> Journal:
    found = Journal.recover(disk, PREFIX, link_of)
    assert found is not None
    return found[0]


def frames(journal: Journal) -> list[bytes]:
    """What was appended, without heads."""
    return [payload for _, payload in journal.frames() if link_of(payload) is None]


def crash(disk: SimDisk, loses: str) -> None:
    """One log loses all that was not synced, the others nothing."""
    disk.crash(lambda name, choices: 0 if name == loses else choices - 1)


def test_a_void_segment_does_not_continue_what_is_written_after_it_was_found() -> None:
    disk = SimDisk(Outbox())
    journal = Journal(disk, PREFIX)
    journal.roll(0, head)
    journal.append(b"a")
    disk.sync_started()
    disk.sync_done()
    journal = recovered(disk)  # A second life, so that the void segment is younger than all that is durable.
    journal.append(b"lost")
    (first,) = journal.names()
    journal.roll(1, head)
    journal.append(b"void")
    _, second = journal.names()
    crash(disk, first)
    journal = recovered(disk)
    assert frames(journal) == [b"a"]
    journal.append(b"new")
    journal.roll(1, head)
    assert second not in list(journal.names()), "the number of what was found is not used again"
    third = list(journal.names())[-1]
    disk.crash(lambda name, choices: 0 if name in (second, third) else choices - 1)
    assert frames(recovered(disk)) == [b"a", b"new"]
