"""Accepts that came before what they follow: kept until the gap below them is filled.

Keeping one is as if the network had delayed it, so it needs no rule of its own: a crash or another ballot
discards all of them. If none were kept, one lost message would cost every one pipelined behind it.

*Invariant.* All are of one ballot, and within their bounds in slots and bytes.
"""

from __future__ import annotations

from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.leadership import Accept
from dynaproof.impl.paxos.records import size_bytes


class EarlyAccepts:
    """The early accepts of one ballot, by first slot."""

    __slots__ = ("_accepts", "ballot", "lowest", "size", "slots")

    def __init__(self, ballot: Ballot) -> None:
        self.ballot = ballot
        self.lowest = 0
        """The first slot of the lowest; 0 if there is none."""
        self.slots = 0
        self.size = 0
        """In bytes."""
        self._accepts: dict[int, tuple[Accept, int]] = {}

    def keep(self, m: Accept, most_slots: int, most_bytes: int) -> None:
        """Keep one if there is room; the longer of two that begin at the same slot."""
        replaced = self._accepts.get(m.first)
        if replaced is not None and len(replaced[0].records) >= len(m.records):
            return
        size = sum(map(size_bytes, m.records))
        slots_before = 0 if replaced is None else len(replaced[0].records)
        slots = self.slots + len(m.records) - slots_before
        total = self.size + size - (0 if replaced is None else replaced[1])
        if slots > most_slots or total > most_bytes:
            return
        self._accepts[m.first] = (m, size)
        self.slots, self.size = slots, total
        self.lowest = min(self.lowest or m.first, m.first)

    def take(self, last: int) -> Accept | None:
        """The lowest, if no gap is left between it and the last slot held."""
        if not self.lowest or self.lowest > last + 1:
            return None
        m, size = self._accepts.pop(self.lowest)
        self.slots -= len(m.records)
        self.size -= size
        self.lowest = min(self._accepts, default=0)
        return m
