"""A counter that hands out numbered tickets, each once, whatever crashes: two kinds of nodes in one file.

    ./run explore examples/protocols/tickets.py:TICKETS
    ./run explore examples/protocols/tickets.py:FORGETFUL

The second has a bug: every other ticket is not written, so a counter that crashes hands it out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from msgspec import structs

from dynaproof.checkers.runs.config import RunConfig, draw_run
from dynaproof.checkers.runs.fault import Falling, FaultKind, Ground
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.observation import OF_ANY_NODE, Gathered
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, Message, NodeId, Note, Timer
from dynaproof.specs.spec import Violation, spec
from dynaproof.specs.views.base import Fact, View

COUNTER = NodeId("region", "a", "counter")
PEOPLE = tuple(NodeId("region", zone, f"person-{zone}") for zone in "bc")
WANTED = 6
"""Tickets that each person wants."""
PATIENCE_US = 50_000


# --- The nodes ---


class Ask(Message, frozen=True, gc=False):
    """A person asks for a ticket, under a number of their own."""

    number: int


class Ticket(Message, frozen=True, gc=False):
    """The answer to the question of this number."""

    number: int
    ticket: int


class CountAgain(Message, frozen=True, gc=False):
    """An operator has the counter read its log anew."""


class AskAgain(Timer, frozen=True, gc=False):
    """Time to ask, or to ask again."""


class Took(Note, frozen=True, gc=False):
    """A person has a ticket."""

    ticket: int


class Counter:
    """Its log has one byte per ticket."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.given = 0

    def on_start(self) -> None:
        self.given = self.env.disk.size("tickets")

    def on_message(self, sender: NodeId, message: Message) -> None:
        if isinstance(message, Ask):
            self.given += 1
            self.keep()
            self.env.send(sender, Ticket(message.number, self.given))
        elif isinstance(message, CountAgain):
            self.on_start()

    def keep(self) -> None:
        self.env.disk.append("tickets", b"t")

    def on_timer(self, timer: Timer) -> None:
        """A counter sets none."""


class ForgetfulCounter(Counter):
    """Writes every other ticket only: the others are forgotten in a crash."""

    def keep(self) -> None:
        if self.given % 2:
            super().keep()


class Person:
    """Asks until all that it wants is there; takes one answer to each question."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.number = 0
        self.tickets: list[int] = []

    def on_start(self) -> None:
        self.env.set_timer(1 + self.env.random("pause", PATIENCE_US), AskAgain())

    def on_timer(self, timer: Timer) -> None:
        if len(self.tickets) < WANTED:
            self.number += 1
            self.env.send(COUNTER.address, Ask(self.number))
            self.env.set_timer(PATIENCE_US, AskAgain())

    def on_message(self, sender: NodeId, message: Message) -> None:
        if isinstance(message, Ticket) and message.number == self.number:
            self.number += 1
            self.tickets.append(message.ticket)
            self.env.note(Took(message.ticket))


# --- What is seen of them, and promised ---


class Taken(Fact, frozen=True, gc=False):
    """A ticket was taken; `holders` are all who have taken it by now."""

    ticket: int
    holders: tuple[str, ...]


class Starved(Fact, frozen=True, gc=False):
    """In the end a person lacks tickets."""

    person: str
    tickets: int


class Tickets(Gathered):
    """Who holds which ticket."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (*Gathered.PROVIDES, Taken, Starved)

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.holders: dict[int, tuple[str, ...]] = {}

    def took(self, place: Place, note: Took) -> None:
        holders = self.holders[note.ticket] = (*self.holders.get(note.ticket, ()), place.name)
        self.view.file(Taken(note.ticket, holders))


@spec("always", source="the counter's purpose", over=View, on=(Taken,))
def no_ticket_is_handed_out_twice(view: View[Fact]) -> Iterator[Violation]:
    """No ticket is handed out twice."""
    for fact in view.take(Taken):
        if len(fact.holders) > 1:
            yield Violation(f"ticket {fact.ticket} was taken by {' and by '.join(fact.holders)}")


@spec("eventually", source="the counter's purpose", over=View, on=(Starved,))
def everybody_gets_their_tickets(view: View[Fact]) -> Iterator[Violation]:
    """Once the faults have stopped, everybody gets the tickets that they want."""
    for fact in view.take(Starved):
        yield Violation(f"{fact.person} has {fact.tickets} tickets of {WANTED}")


# --- What can go wrong, and what is run ---


class Recount(FaultKind):
    """An operator has the counter count again."""

    name = "recount"
    sentence = "an operator has {} count its tickets again"
    running = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        ground.world.run(place, place.node.on_message, place.id, CountAgain())
        return self.name


COUNTERS = Kind(
    name="counter",
    nodes=lambda _config: (COUNTER,),
    make=lambda env, _config: Counter(env),
    faults=(Recount(),),
)

PERSONS = Kind(
    name="person",
    nodes=lambda _config: PEOPLE,
    make=lambda env, _config: Person(env),
    notes={Took: Tickets.took},
    suffers=False,
)


def draw(seed: int, strategy: str) -> RunConfig:
    """A disk may not be lost here: a counter that has forgotten all its tickets can promise nothing."""
    kinds = [kind for kind in TICKETS.faults if not kind.impairs]
    return draw_run("tickets", seed, strategy, kinds, length=300)


def wait_for_everybody(run: Run) -> None:
    """Everybody has enough time, and must have their tickets then."""
    people = run.places_of(PERSONS.name)
    run.advance_until(
        lambda: all(len(person.node.tickets) >= WANTED for person in people),  # type: ignore[attr-defined]
        40 * WANTED * PATIENCE_US,
        20_000,
    )
    for place in people:
        tickets = len(place.node.tickets)  # type: ignore[attr-defined]
        if tickets < WANTED:
            run.view.file(Starved(place.name, tickets))


TICKETS = Scenario(
    name="tickets",
    sentence="a counter hands out tickets to two people; crashes, cuts, recounts",
    draw=draw,
    kinds=(COUNTERS, PERSONS),
    specs=(*OF_ANY_NODE, no_ticket_is_handed_out_twice, everybody_gets_their_tickets),
    observe=Tickets,
    end=wait_for_everybody,
)

FORGETFUL = structs.replace(
    TICKETS,
    name="forgetful tickets",
    kinds=(structs.replace(COUNTERS, make=lambda env, _config: ForgetfulCounter(env)), PERSONS),
)
