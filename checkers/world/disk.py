"""A simulated disk: what is written, what is durable, and what a crash, rot or a loss leaves of it.

Per file, the operations that no completed sync covers are kept in order. A crash keeps a prefix of them,
drawn for each file on its own, the last append possibly in part. The disk counts its writes itself, for each
lane, apart from the outbox, so that `durable_before_visible` can be checked against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dynaproof.impl.node import ONLY_LANE, Lane
from dynaproof.impl.outbox import Outbox

Pick = Callable[[str, int], int]
"""Draws a number below its second argument, for the file named by its first."""


class _File:
    """One log: contents as the node sees them, as the platter has them, and the operations in between."""

    __slots__ = ("data", "durable", "pending")

    def __init__(self) -> None:
        self.data = bytearray()
        self.durable = bytearray()
        self.pending: list[tuple[int, bytes | int]] = []


class _Pages:
    """One page file, likewise; None is a freed page."""

    __slots__ = ("data", "durable", "pending")

    def __init__(self) -> None:
        self.data: dict[int, bytes] = {}
        self.durable: dict[int, bytes] = {}
        self.pending: list[tuple[int, int, bytes | None]] = []


class SimDisk:
    """Implements `dynaproof.impl.node.Disk` for one node."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.lane: Lane = ONLY_LANE
        """The lane of what is written now."""
        self.written = 0
        self.durable = 0
        self.last_written: dict[Lane, int] = {}
        """By lane, the number of its last write, if that is not durable."""
        self.grown: list[str] = []
        """The logs to whose durable bytes the last sync or crash has added."""
        self.paged: list[tuple[str, int]] = []
        """The files and pages that it has written or freed on the platter."""
        self.bytes_read = 0
        self.bytes_written = 0
        """By the handler that runs, or that ran last, and by whatever has looked at the disk since."""
        self._mark = 0
        self._logs: dict[str, _File] = {}
        self._files: dict[str, _Pages] = {}
        self._dirty: dict[str, _File] = {}
        self._dirty_pages: dict[str, _Pages] = {}

    def _wrote(self) -> int:
        self.written = self.last_written[self.lane] = self.written + 1
        self.outbox.wrote()
        return self.written

    # --- Logs ---

    def logs(self, prefix: str = "") -> Sequence[str]:
        """Existing logs."""
        return sorted(name for name, log in self._logs.items() if name.startswith(prefix) and log.data)

    def append(self, log: str, data: bytes) -> int:
        """Append at the end."""
        file = self._logs.get(log)
        if file is None:
            file = self._logs[log] = _File()
        at = len(file.data)
        self.bytes_written += len(data)
        file.data += data
        file.pending.append((self._wrote(), data))
        self._dirty[log] = file
        return at

    def cut(self, log: str, size: int) -> None:
        """Cut at the end."""
        file = self._logs.get(log)
        if file is not None and size < len(file.data):
            del file.data[size:]
            file.pending.append((self._wrote(), size))
            self._dirty[log] = file

    def size(self, log: str) -> int:
        """The size that the node sees."""
        file = self._logs.get(log)
        return len(file.data) if file is not None else 0

    def read(self, log: str, at: int, size: int) -> bytes:
        """What the node sees there."""
        file = self._logs.get(log)
        data = bytes(file.data[at : at + size]) if file is not None else b""
        self.bytes_read += len(data)
        return data

    def remove_log(self, log: str) -> None:
        """Remove it: an empty log is the same as none."""
        self.cut(log, 0)

    # --- Pages ---

    def files(self, prefix: str = "") -> Sequence[str]:
        """Existing page files."""
        return sorted(name for name, file in self._files.items() if name.startswith(prefix) and file.data)

    def write_page(self, file: str, page: int, data: bytes) -> None:
        """Write a page."""
        pages = self._files.get(file)
        if pages is None:
            pages = self._files[file] = _Pages()
        self.bytes_written += len(data)
        pages.data[page] = data
        pages.pending.append((self._wrote(), page, data))
        self._dirty_pages[file] = pages

    def read_page(self, file: str, page: int) -> bytes | None:
        """Read a page."""
        pages = self._files.get(file)
        data = None if pages is None else pages.data.get(page)
        self.bytes_read += 0 if data is None else len(data)
        return data

    def free_page(self, file: str, page: int) -> None:
        """Free a page."""
        pages = self._files.get(file)
        if pages is not None and pages.data.pop(page, None) is not None:
            pages.pending.append((self._wrote(), page, None))
            self._dirty_pages[file] = pages

    def page_end(self, file: str) -> int:
        """Above the last written page."""
        pages = self._files.get(file)
        return 0 if pages is None else max(pages.data, default=-1) + 1

    def pages(self, file: str) -> Sequence[int]:
        """Written pages."""
        pages = self._files.get(file)
        return [] if pages is None else sorted(pages.data)

    def remove_file(self, file: str) -> None:
        """Free all its pages."""
        for page in self.pages(file):
            self.free_page(file, page)

    # --- What the driver does ---

    def sync_started(self) -> None:
        """A sync will cover what was written up to now."""
        self._mark = self.written

    def sync_done(self) -> None:
        """What was written before the sync started is durable."""
        self.durable = mark = self._mark
        if self.written == mark:
            self.last_written.clear()
        else:
            self.last_written = {lane: last for lane, last in self.last_written.items() if last > mark}
        self.grown, self.paged = [], []
        for name, log in list(self._dirty.items()):
            self._sync_log(name, log, mark)
        if self._dirty_pages:
            for name, pages in list(self._dirty_pages.items()):
                self._sync_pages(name, pages, mark)

    def _sync_log(self, name: str, file: _File, mark: int) -> None:
        pending, before, done = file.pending, len(file.durable), 0
        for number, operation in pending:
            if number > mark:
                break
            _apply(file.durable, operation)
            done += 1
        if done == len(pending):
            file.pending = []
            del self._dirty[name]
            if not file.durable:
                self._logs.pop(name, None)
        else:
            del pending[:done]
        if len(file.durable) > before:
            self.grown.append(name)

    def _sync_pages(self, name: str, pages: _Pages, mark: int) -> None:
        done = 0
        for number, page, data in pages.pending:
            if number > mark:
                break
            _apply_page(pages.durable, page, data)
            self.paged.append((name, page))
            done += 1
        del pages.pending[:done]
        if not pages.pending:
            del self._dirty_pages[name]
            if not pages.durable:
                self._files.pop(name, None)

    def crash(self, pick: Pick) -> bool:
        """Keep a prefix of what was not synced in each file; whether an append was torn."""
        torn = False
        self.grown, self.paged = [], []
        for name in sorted(self._dirty):
            file = self._dirty[name]
            kept = pick(name, len(file.pending) + 1)
            for _, operation in file.pending[:kept]:
                _apply(file.durable, operation)
            cut_off = file.pending[kept][1] if kept < len(file.pending) else 0
            if isinstance(cut_off, bytes):
                partial = cut_off[: pick(name, len(cut_off))]
                torn = torn or bool(partial)
                file.durable += partial
            file.data, file.pending = bytearray(file.durable), []
            self.grown.append(name)
        for name in sorted(self._dirty_pages):
            pages = self._dirty_pages[name]
            for _, page, data in pages.pending[: pick(name, len(pages.pending) + 1)]:
                _apply_page(pages.durable, page, data)
                self.paged.append((name, page))
            pages.data, pages.pending = dict(pages.durable), []
        self._dirty, self._dirty_pages = {}, {}
        self._all_durable()
        return torn

    def _all_durable(self) -> None:
        self.durable = self.written
        self.last_written.clear()

    def rot(self, log: str, at: int, mask: int) -> None:
        """Damage one durable byte of a log."""
        file = self._logs[log]
        file.durable[at] ^= mask
        file.data[at] ^= mask

    def lose_tail(self, log: str, at: int, zeroed: bool) -> None:
        """A durable log ends there, or has only zeros from there on."""
        file = self._logs[log]
        tail = bytes(len(file.durable) - at) if zeroed else b""
        file.durable[at:] = file.data[at:] = tail

    def rot_page(self, file: str, page: int, at: int, mask: int) -> None:
        """Damage one durable byte of a page."""
        pages = self._files[file]
        data = bytearray(pages.durable[page])
        data[at] ^= mask
        pages.durable[page] = pages.data[page] = bytes(data)

    def logs_on_platter(self) -> SimDisk:
        """The durable logs, on a disk of their own."""
        disk = SimDisk(Outbox())
        for name in self.durable_logs(""):
            disk.append(name, bytes(self.durable_log(name)))
        return disk

    def lose(self) -> None:
        """Lose everything."""
        self._logs, self._files, self._dirty, self._dirty_pages = {}, {}, {}, {}
        self._all_durable()

    def durable_log(self, log: str) -> bytearray:
        """The bytes of a log that are on the platter."""
        file = self._logs.get(log)
        return file.durable if file is not None else bytearray()

    def durable_logs(self, prefix: str) -> list[str]:
        """The logs that have something on the platter."""
        return sorted(name for name, file in self._logs.items() if name.startswith(prefix) and file.durable)

    def durable_files(self) -> dict[str, dict[int, bytes]]:
        """The page files on the platter."""
        return {name: file.durable for name, file in sorted(self._files.items()) if file.durable}

    def durable_pages(self, file: str) -> dict[int, bytes]:
        """The pages of a file that are on the platter."""
        pages = self._files.get(file)
        return {} if pages is None else pages.durable


def _apply(durable: bytearray, operation: bytes | int) -> None:
    if isinstance(operation, int):
        del durable[operation:]
    else:
        durable += operation


def _apply_page(durable: dict[int, bytes], page: int, data: bytes | None) -> None:
    if data is None:
        durable.pop(page, None)
    else:
        durable[page] = data
