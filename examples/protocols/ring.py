"""The election of a leader on a ring: every node has a number, and the greatest shall lead.

A node sends its number to its neighbour. A number travels on past smaller ones and is dropped by a greater
one, so the only number that can come all the way round is the greatest: its node leads, and tells the others.
Messages may be lost and nodes may crash, so whoever knows no leader asks again, and the leader keeps telling.

    dynaproof explore examples/protocols/ring.py:RING
    dynaproof mutants examples/protocols/ring.py:RING

Source: Chang and Roberts, *An Improved Algorithm for Decentralized Extrema-Finding in Circular Configurations
of Processes*, CACM 22(5), 1979.
"""

from __future__ import annotations

from collections.abc import Iterator

from dynaproof import (
    Edit,
    Env,
    Kind,
    Message,
    Node,
    NodeId,
    Nodes,
    Note,
    Scenario,
    Timer,
    Violation,
    bug,
    spec,
)

NUMBERS = {"a": 3, "b": 1, "c": 4, "d": 2}
"""The ring, in order: a sends to b, and d to a. The numbers are the nodes' identities."""
AGAIN_US = 20_000


class Elect(Message):
    """A number on its way round the ring."""

    number: int


class Elected(Message):
    """The news of who leads, on its way round the ring."""

    number: int


class Again(Timer):
    """Time to ask again, or to tell again."""


class BecameLeader(Note):
    """A node begins to lead."""

    number: int


class Dropped(Note):
    """A node has dropped a number that is smaller than its own."""

    number: int


class Ring(Node):
    """One node of the ring; nothing is kept on disk, so a crash takes all that it knows."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        names = list(NUMBERS)
        self.number = NUMBERS[self.name]
        self.neighbour = names[(names.index(self.name) + 1) % len(names)]
        self.leader = 0  # Nobody has this number: the leader is unknown.

    def on_start(self) -> None:
        self.ask_or_tell()

    def on_again(self, timer: Again) -> None:
        self.ask_or_tell()

    def ask_or_tell(self) -> None:
        self.env.set_timer(AGAIN_US, Again())
        if self.leader == self.number:
            self.send(self.neighbour, Elected(self.number))
        elif not self.leader:
            self.send(self.neighbour, Elect(self.number))

    def on_elect(self, sender: NodeId, message: Elect) -> None:
        if message.number > self.number:
            self.send(self.neighbour, message)
        elif message.number < self.number:
            self.env.note(Dropped(message.number))
        elif self.leader != self.number:
            self.leader = self.number
            self.env.note(BecameLeader(self.number))
            self.ask_or_tell()

    def on_elected(self, sender: NodeId, message: Elected) -> None:
        if message.number != self.number:
            self.leader = message.number
            self.send(self.neighbour, message)


# --- What is promised, and what a campaign should see ---


@spec("always", source="Chang and Roberts 1979: only the greatest number comes round")
def only_the_greatest_leads(view: Nodes) -> Iterator[Violation]:
    """Nobody leads but the node with the greatest number, so there is at most one leader."""
    for name, node in view.nodes.items():
        if node.leader == node.number < max(NUMBERS.values()):
            yield Violation(f"{name} leads with the number {node.number}")


@spec("eventually", source="Chang and Roberts 1979: the greatest number does come round")
def everybody_knows_the_leader(view: Nodes) -> Iterator[Violation]:
    """Once the faults stop, everybody follows the node with the greatest number."""
    for name, node in view.nodes.items():
        if node.leader != max(NUMBERS.values()):
            yield Violation(f"{name} follows {node.leader or 'nobody'}")


@spec("sometimes", on=(Dropped,))
def a_number_is_dropped(view: Nodes) -> bool:
    """A number meets a greater one."""
    return bool(view.take(Dropped))


@spec("sometimes", on=(BecameLeader,))
def a_leader_is_elected_again(view: Nodes) -> bool:
    """The leader crashes, and leads again."""
    return len(view.notes(BecameLeader)) > 1


RING = Scenario(
    name="ring",
    sentence="four nodes on a ring elect a leader; crashes, cuts, lost messages",
    kinds=(Kind(node=Ring, names=tuple(NUMBERS)),),
    settle_us=20 * AGAIN_US,
    specs=(only_the_greatest_leads, everybody_knows_the_leader),
    sometimes=(a_number_is_dropped, a_leader_is_elected_again),
)

bugs = (
    bug(
        "passes-every-number",
        "A node passes every number on, smaller ones too, so each number comes round.",
        Edit(
            __name__,
            old="if message.number > self.number:",
            new="if message.number != self.number:",
            within="Ring.on_elect",
        ),
    ),
    bug(
        "asks-once",
        "A node sends its number only when it starts, so a lost message leaves the ring without a leader.",
        Edit(
            __name__,
            old="self.ask_or_tell()",
            new="self.env.set_timer(AGAIN_US, Again())",
            within="Ring.on_again",
        ),
    ),
)
