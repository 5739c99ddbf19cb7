"""What a replica has under way with its page files, besides checkpoints and copies; and what it knows of the
end of its group.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from dynaproof.impl.tree.homecoming import Homecoming
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.scrub import Scrub


class Upkeep:
    """The upkeep of one replica's page files."""

    __slots__ = ("checkpoints", "homecoming", "replaced", "scrub")

    def __init__(self, boot: int) -> None:
        self.checkpoints = boot << 32
        """The number of the last checkpoint: no other has it, in this life of the node or another."""
        self.replaced: list[PageFile] = []
        """Files that copies have replaced, and that somebody held at the time."""
        self.scrub: Scrub | None = None
        """The scrub under way."""
        self.homecoming: Homecoming | None = None
        """The homecoming of pages that lie in older files of the line (P5)."""

    def next_checkpoint(self) -> int:
        """The number of the next checkpoint."""
        self.checkpoints += 1
        return self.checkpoints


ChildBegins: TypeAlias = Literal["waits", "asks", "campaigns"]
"""How a child comes to have a leader, on the node of the leader that knows the barrier or on another one."""


class GroupEnd:
    """What a replica knows of the barrier of its group besides what its state says."""

    __slots__ = ("led", "marked", "proposed")

    def __init__(self) -> None:
        self.marked = False
        """A child of the group was once made on this node: the replica no longer grants leases (H7)."""
        self.led = False
        """This replica led when the barrier was counted chosen: the children on its node are the first to
        lead (H6).
        """
        self.proposed = False
        """It had proposed the barrier itself: so nobody had counted that chosen before, and no child had been
        made.
        """

    def children_begin(self) -> ChildBegins:
        """How the children on this node begin (H6)."""
        if not self.led:
            return "waits"
        return "campaigns" if self.proposed else "asks"
