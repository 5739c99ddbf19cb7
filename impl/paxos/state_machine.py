"""What a group replicates, as the protocol sees it: a fold of records that can be checkpointed and copied."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from dynaproof.impl.node import Disk, Microseconds
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.pages import PageCodec


class StateMachine(Protocol):
    """The fold of the chosen records, a pure function of the log."""

    codec: PageCodec[Any]
    """Of the pages that its snapshots name."""
    applied: int
    """The last applied slot."""
    proposed_at: Ballot
    """The ballot in the identity of the record in that slot."""
    timestamp: Microseconds
    """Its commit timestamp, the largest so far."""
    log_bytes: int
    """What the records of all applied slots take."""
    config: Config
    """The last one known to be chosen,"""
    config_slot: int
    """and its slot."""

    @classmethod
    def empty(cls, disk: Disk, file: str, page_bytes: int, config: Config) -> Any:
        """The state before the first slot."""
        ...

    @classmethod
    def restore(cls, disk: Disk, file: str, page_bytes: int, snapshot: Any) -> Any:
        """The state that a checkpoint or a copy describes, with its pages in `file`.

        Raises:
            RottenPageError: a page is damaged or missing.
        """
        ...

    @property
    def file(self) -> str:
        """The file of its pages."""
        ...

    def apply(self, record: Record) -> None:
        """Apply the next chosen record."""
        ...

    def checkpoint(self, held_at: Ballot) -> Snapshot:
        """Write the pages that changed, and describe the state; the log holds the applied slot
        at `held_at`.
        """
        ...

    def confirm(self) -> None:
        """The log names the newest checkpoint durably: what only older ones need is freed."""
        ...


State = TypeVar("State", bound=StateMachine)
