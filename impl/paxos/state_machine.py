"""What a group replicates, as the protocol sees it: a fold of records that can be checkpointed and copied."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_file import PageFile


class StateMachine(Protocol):
    """The fold of the chosen records, a pure function of the log."""

    codecs: tuple[PageCodec[Any], ...]
    """Those of its trees, in the order of `Snapshot.roots`."""
    pages: PageFile
    """The file in which they live."""
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
    full: bool
    """Whether it has its trees; a log replica has none, and only follows the log (rule M5)."""

    @property
    def barrier(self) -> int:
        """The slot behind which the state no longer changes (H5); 0 if there is none."""
        ...

    @classmethod
    def empty(cls, pages: PageFile, config: Config) -> Any:
        """The state before the first slot, in an empty file."""
        ...

    @classmethod
    def bare(cls, pages: PageFile, snapshot: Any) -> Any:
        """The state of a log replica, whose log begins behind a snapshot without roots."""
        ...

    @classmethod
    def restore(cls, pages: PageFile, snapshot: Any) -> Any:
        """The state that a checkpoint or a copy describes, with its trees in `pages`.

        Raises:
            RottenPageError: the page of a root is damaged or missing.
        """
        ...

    @property
    def trees(self) -> tuple[BTree[Any], ...]:
        """Its trees, in the order of `codecs`."""
        ...

    def apply(self, record: Record) -> None:
        """Apply the next chosen record; without trees, only what the protocol must know of it."""
        ...

    def checkpoint(self, held_at: Ballot) -> Snapshot:
        """Write the pages that changed, and describe the state; the log holds the applied slot
        at `held_at`.
        """
        ...


State = TypeVar("State", bound=StateMachine)
