"""The strategy of a directed scenario, which decides nothing: the script picks every event.

Choices are benign (0, no fault) except those that the scenario has announced: how much of what was not synced
a crash keeps, and how long an election waits.
"""

from __future__ import annotations

from collections.abc import Callable

from dynaproof.checkers.seam import Event, Label

Keep = Callable[[str, int], int]
"""How many of a file's unsynced writes a crash keeps, from the file's name and how many there are."""


def nothing(_file: str, _writes: int) -> int:
    """A crash keeps nothing that was not synced."""
    return 0


def everything(_file: str, writes: int) -> int:
    """A crash keeps all that was written."""
    return writes


class ByHand:
    """A bag of enabled events, in the order in which they came up."""

    below = None
    """Announcements are made by name."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.keep: Keep = nothing
        self.replica = 0
        """The replica that a client asks if it has no leader in mind."""

    def add(self, event: Event) -> None:
        """Enable."""
        event.position = 0
        self.events.append(event)

    def discard(self, event: Event) -> None:
        """Disable."""
        if event.position >= 0:
            event.position = -1
            self.events.remove(event)

    def pop(self) -> Event | None:
        """Nothing happens unless the scenario says so."""
        return None

    def drain(self) -> list[Event]:
        """A scenario keeps its strategy to the end."""
        raise NotImplementedError

    def index(self, label: Label, n: int) -> int:
        """The announced number, else 0."""
        site, _, file = label[0].partition("/")
        if site == CRASH and file != "unsent":
            return min(self.keep(file, n - 1), n - 1)
        return self.replica if site == "replica" else 0

    def chance(self, label: Label, numerator: int) -> bool:
        """No fault strikes by chance."""
        return False


CRASH = "directed crash"
"""The label of every choice of a directed crash begins with this."""
