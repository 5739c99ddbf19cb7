"""Which page files the replicas of a node need besides their own: those of the partitions whose splits made
them (P6 of docs/table.md).

*Invariant.* A page file is removed only when its owner durably no longer needs it and no other replica of the
node names it; none is removed before the whole disk was looked at.
"""

from __future__ import annotations

from dynaproof.impl.node import Disk
from dynaproof.impl.paxos.files import log_prefix, pages_prefix


class Lines:
    """The page files of one disk that replicas other than their owners need."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.named: dict[str, dict[int, bool]] = {}
        """By file, the groups that need it besides its owner."""
        self._names: dict[int, tuple[str, ...]] = {}
        """The same by group."""
        self.ownerless: dict[str, bool] = {}
        """Files that their owner durably no longer needs."""
        self.known = False
        """Whether all of the disk was looked at."""

    def names(self, group: int, files: tuple[str, ...]) -> None:
        """From here on a group's replica needs exactly these files of others."""
        before = self._names.get(group, ())
        if files == before:
            return
        for name in files:
            self.named.setdefault(name, {})[group] = True
        for name in before:
            if name not in files:
                del self.named[name][group]
                if not self.named[name]:
                    del self.named[name]
        if files:
            self._names[group] = files
        else:
            del self._names[group]
        self.clear()

    def left(self, group: int, incarnation: int) -> None:
        """A replica durably no longer needs its own files: its journal goes, and its pages go once no other
        replica needs them.
        """
        for name in self.disk.logs(log_prefix(group, incarnation)):
            self.disk.remove_log(name)
        for name in self.disk.files(pages_prefix(group, incarnation)):
            self.ownerless[name] = True
        self.clear()

    def owned(self, group: int, incarnation: int) -> None:
        """A replica of this name is made, perhaps anew after a crash: its files are its own."""
        for name in self.disk.files(pages_prefix(group, incarnation)):
            self.ownerless.pop(name, None)

    def clear(self) -> None:
        """Remove what nobody needs, if it is known what that is (P6)."""
        for name in [*self.ownerless] if self.known else ():
            if name not in self.named:
                del self.ownerless[name]
                self.disk.remove_file(name)
