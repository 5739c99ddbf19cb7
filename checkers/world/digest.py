"""The digest of a run: SHA-256 over its events in order, each with its time, and over what disks hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from struct import pack

from dynaproof.checkers.seam import Event
from dynaproof.checkers.world.disk import SimDisk

FOLDED = 512
"""How many events are hashed at a time; a power of 2."""


class EventDigest:
    """Takes in events and times; whoever adds to the two lists calls `fold` once in `FOLDED` events."""

    def __init__(self) -> None:
        self.happened: list[Event] = []
        self.taus: list[int] = []
        self._hash = hashlib.sha256()

    def fold(self) -> None:
        """Hash the events since the last time: names in order, with tau."""
        happened, taus = self.happened, self.taus
        if happened:
            update = self._hash.update
            update("|".join([event.kind for event in happened]).encode())
            update("|".join([event.where for event in happened]).encode())
            update(pack(f"<{len(taus)}Q", *[event.number for event in happened]))
            update(pack(f"<{len(taus)}Q", *taus))
            happened.clear()
            taus.clear()

    def hexdigest(self, disks: Iterable[tuple[str, SimDisk]]) -> str:
        """The digest so far, with every durable byte of these disks, each named for its node."""
        self.fold()
        digest = self._hash.copy()
        for name, disk in disks:
            digest.update(name.encode())
            for log in disk.durable_logs(""):
                digest.update(log.encode() + bytes(disk.durable_log(log)))
            digest.update(repr(disk.durable_files()).encode())
        return digest.hexdigest()
