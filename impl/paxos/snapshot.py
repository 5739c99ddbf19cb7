"""What a checkpoint and a copy carry besides pages: what the protocol must know of a replicated state."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.tree.pages import PageRef


class Snapshot(Struct, frozen=True, gc=False, array_like=True):
    """A replicated state at one slot; a state machine adds what it has besides its pages."""

    slot: int
    proposed_at: Ballot
    """The ballot in the identity of the record in that slot,"""
    held_at: Ballot
    """and the one at which the log holds it."""
    timestamp: Microseconds
    log_bytes: int
    """What the records of all slots through this one take."""
    config: Config
    config_slot: int
    roots: tuple[PageRef, ...]
    """The roots of the trees that hold the rest, all in one page file, in the order of `StateMachine.codecs`;
    none where a log replica's log begins behind this slot (rule M5).
    """

    def first_held(self) -> int:
        """The first slot of the log that must come with a copy; the one behind the snapshot if none must."""
        return self.slot + 1
