"""A storage node's own small journal: which incarnations are silent for ever on its disk (rule 13)."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from dynaproof.impl.journal.frames import encode_frame, scan
from dynaproof.impl.node import Disk

NODE_LOG = "node"


class Retired(Struct, frozen=True, gc=False, tag="retired", array_like=True):
    """This incarnation, and every lower one, is silent for ever on this disk."""

    incarnation: int


class Retirement:
    """The incarnations through `through` are silent for ever."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.through = 0
        self._next = 0

    def recover(self) -> bool:
        """Read the journal; False if it rots, or holds what no node writes."""
        found = scan(self.disk.read(NODE_LOG, 0, self.disk.size(NODE_LOG)))
        if found.tail == "rot":
            return False
        try:
            retired = [msgspec.msgpack.decode(payload, type=Retired) for payload in found.payloads]
        except msgspec.MsgspecError:
            return False
        self.disk.cut(NODE_LOG, found.size)
        self._next = found.sequence
        self.through = max((record.incarnation for record in retired), default=0)
        return True

    def retire(self, incarnation: int) -> None:
        """Journal that this incarnation is silent from here on (rule 13)."""
        self.through = incarnation
        record = msgspec.msgpack.encode(Retired(incarnation))
        self.disk.append(NODE_LOG, encode_frame(1, self._next, record))
        self._next += 1
