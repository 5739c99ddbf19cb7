"""The messages to itself by which a replica learns what is durable, and the timer of a scrub."""

from __future__ import annotations

from dynaproof.impl.node import Timer
from dynaproof.impl.paxos.messages.peer import Peer


class CheckpointWritten(Peer, frozen=True, gc=False, tag="checkpoint_written"):
    """The pages of the checkpoint of this number are durable."""

    number: int


class CheckpointDurable(Peer, frozen=True, gc=False, tag="checkpoint_durable"):
    """The log record that names the checkpoint of this number is durable: what it covers may go."""

    number: int


class ScrubTimer(Timer, frozen=True, gc=False, tag="scrub"):
    """Verify some more pages."""
