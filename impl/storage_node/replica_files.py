"""What incarnations of a replica have left on the disk of a storage node (H2 of docs/table.md)."""

from __future__ import annotations

from dynaproof.impl.journal.frames import pieces
from dynaproof.impl.node import Disk
from dynaproof.impl.paxos.files import log_prefix, logs_of, pages_of, pages_prefix, replicas_named


def incarnations(disk: Disk, group: int) -> list[int]:
    """The incarnations of a group of which there are files, ascending."""
    names = (*disk.logs(logs_of(group)), *disk.files(pages_of(group)))
    return sorted(incarnation for _, incarnation in replicas_named(names))


def has_spoken(disk: Disk, group: int, incarnation: int) -> bool:
    """Whether a journal of a group holds more than its making left there."""
    logs = disk.logs(log_prefix(group, incarnation))
    frames = sum(len(found.payloads) for name in logs[:2] for _, found in pieces(disk, name))
    return frames > 1


def remove_files(disk: Disk, group: int, incarnation: int) -> None:
    """Remove what an incarnation of a group has on the disk."""
    for name in disk.logs(log_prefix(group, incarnation)):
        disk.remove_log(name)
    for name in disk.files(pages_prefix(group, incarnation)):
        disk.remove_file(name)
