"""Faults as objects: what each is called, how it falls, how it is mended, and what it costs the budget.

Those of any world are in `world_faults.py`; a kind of node may have some of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from dynaproof.checkers.world.place import Place
from dynaproof.checkers.world.world import World


class Falling(Protocol):
    """A fault as it was drawn."""

    @property
    def amount(self) -> int:
        """A number for the fault's own use."""
        ...


class Ground(Protocol):
    """What a fault may use when it falls and when it is mended: the injector of its run."""

    world: World
    targets: list[Place]
    """The places that faults hit."""
    base_loss: int
    """The chance that a message is lost without faults, in parts of 65536."""

    def lasts(self, number: int) -> None:
        """The fault of this number lasts from here on."""
        ...

    def over(self, number: int) -> Sequence[Place]:
        """The fault is over; returns the places of other faults of its kind that still last."""
        ...

    def restart(self, place: Place, label: str) -> None:
        """The node comes back, on a new disk if it cannot use its own."""
        ...

    def cut(self, links: Sequence[str], number: int) -> None:
        """These directed links carry nothing until the fault of this number is mended."""
        ...

    def join(self, links: Sequence[str], number: int) -> None:
        """These links work again, except those that a later fault has cut."""
        ...


class FaultKind:
    """One kind of fault. There is one object of each, without state: a run keeps what is under way."""

    name: ClassVar[str]
    """Also the name of the event by which it falls."""
    sentence: ClassVar[str]
    """What happens, with `{}` for the node."""
    mend: ClassVar[str] = ""
    """The name of the event by which it is mended; empty if nothing needs mending."""
    mend_sentence: ClassVar[str] = ""
    certain: ClassVar[bool] = False
    """Whether it takes effect whatever the run has done so far; every run has one such fault."""
    running: ClassVar[bool] = False
    """Whether its node must be running for it."""
    impairs: ClassVar[bool] = False
    """Whether synced state is lost, so that the budget decides."""
    waits: ClassVar[bool] = False
    """Whether a fault that is not possible when it is due falls as soon as it is."""

    def possible(self, ground: Ground, place: Place) -> bool:
        """Whether it can fall there now."""
        return True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str | None:
        """Let it fall. The name of what fell, or None if the world counts it when it takes effect."""
        raise NotImplementedError

    def pending(self, place: Place) -> bool:
        """Whether there is still something to mend."""
        return True

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Mend what it has broken."""
