"""What the observers of a run gather: a view for the specs, and counts; and what every node promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Message, NodeId
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
    """How often each situation that a campaign should reach was reached."""
    endings: dict[str, int]
    """How many operations of clients ended in each way."""

    def uncovered(self, place: Place, message: Message) -> None:
        """A message left before what its node had written was durable."""
        ...

    def shed(self, place: Place, to: NodeId, message: Message) -> None:
        """A queue was full, so a message was dropped."""
        ...

    def vanished(self, place: Place, message: Message) -> None:
        """A message is gone, and nobody noted that."""
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


class WasShed(Fact, frozen=True, gc=False):
    """A message was dropped because a queue was full, and that was noted."""

    node: str
    message: str
    own: bool
    """Whether it was sent to the node itself."""


class Vanished(Fact, frozen=True, gc=False):
    """A message is gone from the node that sent it, and nobody noted that."""

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


@spec(kind="always", source="the boundary of nodes, rule 2", over=View, on=(WasShed, Vanished))
def sheds_are_noted(view: View[Any]) -> Iterator[Violation]:
    """While a node lives, what it sends leaves it, or is noted as shed; a message to itself is never shed."""
    for shed in view.take(WasShed):
        if shed.own:
            yield Violation(f"{shed.node} shed {shed.message} to itself, which nobody sends again")
    for gone in view.take(Vanished):
        yield Violation(f"{gone.message} of {gone.node} is gone, and nobody noted that")


OF_ANY_NODE: tuple[AnySpec, ...] = (handlers_never_raise, durable_before_visible, sheds_are_noted)
"""What every node promises, whatever it is for."""


class Gathered:
    """An observation that files facts and counts; a scenario without one of its own has this."""

    PROVIDES: ClassVar[tuple[type[Any], ...]] = (HandlerRaised, LeftUncovered, WasShed, Vanished)

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

    def shed(self, place: Place, to: NodeId, message: Message) -> None:
        """A queue was full, so a message was dropped."""
        self.view.file(WasShed(place.name, type(message).__name__, place.hosted.is_own(to)))

    def vanished(self, place: Place, message: Message) -> None:
        """A message is gone, and nobody noted that."""
        self.view.file(Vanished(place.name, type(message).__name__))

    def raised(self, place: Place, payload: object, error: Exception | SystemExit) -> None:
        """A handler has raised."""
        self.view.file(HandlerRaised(place.name, type(payload).__name__, f"{type(error).__name__}: {error}"))

    def prune(self) -> None:
        """Nothing is kept longer than a step."""

    def judged(self) -> tuple[int, int]:
        """No histories are judged."""
        return 0, 0
