"""What the observers of a run gather: a view for the specs, and counts; and what every node promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Message
from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.base import Fact, View


class Observation(Protocol):
    """What the observers of a run's kinds gather."""

    PROVIDES: ClassVar[tuple[type[Any], ...]]
    """The types of the facts that it files."""

    @property
    def view(self) -> View[Any]:
        """The views that the specs are evaluated on."""
        ...

    reached: dict[str, int]
    """How often each situation was reached that a campaign should reach."""
    endings: dict[str, int]
    """How many operations of clients ended how."""

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its node had written was durable."""
        ...

    def raised(self, place: Place, payload: object, error: Exception) -> None:
        """A handler has raised."""
        ...

    def prune(self) -> None:
        """Forget what no spec can need any more."""
        ...

    def judged(self) -> tuple[int, int]:
        """Keys whose history was judged, and how many of them not to the end."""
        ...


class HandlerRaised(Fact, frozen=True, gc=False):
    """A handler raised an error."""

    node: str
    given: str
    error: str


class LeftUncovered(Fact, frozen=True, gc=False):
    """A message left its node before what the node had written was synced."""

    node: str
    message: str


@spec(kind="always", source="the boundary of nodes, rule 9", over=View, on=(HandlerRaised,))
def handlers_never_raise(view: View[Any]) -> Iterator[Violation]:
    """No handler raises, whatever it is given."""
    for fact in view.take(HandlerRaised):
        yield Violation(f"{fact.node} raised on {fact.given}: {fact.error}")


@spec(kind="always", source="the boundary of nodes, rule 1", over=View, on=(LeftUncovered,))
def durable_before_visible(view: View[Any]) -> Iterator[Violation]:
    """No message leaves a node before what the node had written is durable."""
    for fact in view.take(LeftUncovered):
        yield Violation(f"{fact.message} left {fact.node} before its writes were durable")


OF_ANY_NODE: tuple[AnySpec, ...] = (handlers_never_raise, durable_before_visible)
"""What every node promises, whatever it is for."""


class Gathered:
    """An observation that files facts and counts; a scenario without one of its own has this."""

    PROVIDES: ClassVar[tuple[type[Any], ...]] = (HandlerRaised, LeftUncovered)

    def __init__(self, _config: Any) -> None:
        self.view: View[Fact] = View()
        self.reached: dict[str, int] = {}
        self.endings: dict[str, int] = {}

    def reach(self, what: str) -> None:
        """Count a situation that a campaign should reach."""
        self.reached[what] = self.reached.get(what, 0) + 1

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its node had written was durable."""
        self.view.file(LeftUncovered(place.name, type(message).__name__))

    def raised(self, place: Place, payload: object, error: Exception) -> None:
        """A handler has raised."""
        self.view.file(HandlerRaised(place.name, type(payload).__name__, f"{type(error).__name__}: {error}"))

    def prune(self) -> None:
        """Nothing is kept longer than a step."""

    def judged(self) -> tuple[int, int]:
        """No histories are judged."""
        return 0, 0
