"""A counter that everybody may raise at any time, and that everybody comes to agree on by gossip.

Each node counts its own clicks, and keeps for each other node the greatest count that it has heard of. The
value is the sum. A node tells one peer at a time all that it knows; the peer takes the greater count of each
node. Taking the greatest is commutative, associative and idempotent, so it does not matter in which order,
how often, or by which way a count arrives: a grow-only counter, the simplest CRDT.

    dynaproof explore examples/protocols/gossip_counter.py:GOSSIP
    dynaproof mutants examples/protocols/gossip_counter.py:GOSSIP

Source: Shapiro, Preguica, Baquero and Zawirski, *A comprehensive study of Convergent and Commutative
Replicated Data Types*, INRIA RR-7506, 2011, specification 6.
"""

from __future__ import annotations

from collections.abc import Iterator

from dynaproof import (
    FAULTS,
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

NAMES = ("a", "b", "c", "d")
CLICKS = 6
"""Of each node."""
PAUSE_US = 10_000


class Gossip(Message):
    """All that a node knows: the counts of all nodes, in the order of `NAMES`."""

    counts: tuple[int, ...]


class Kept(Message):
    """To oneself: a click that was written before this was sent is durable."""


class Pause(Timer):
    """Time to click, and to tell somebody."""


class Clicked(Note):
    """A node has counted a click of its own."""


class Acknowledged(Note):
    """A click is durable: whoever clicked is told that it counts."""


class Counter(Node):
    """Its journal has one byte for each of its own clicks; what it has heard it will hear again."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.counts = dict.fromkeys(NAMES, 0)

    @property
    def value(self) -> int:
        return sum(self.counts.values())

    def on_start(self) -> None:
        self.counts[self.name] = self.env.disk.size("clicks")
        self.env.set_timer(1 + self.env.random("pause", PAUSE_US), Pause())

    def on_pause(self, timer: Pause) -> None:
        self.env.set_timer(PAUSE_US, Pause())
        if self.counts[self.name] < CLICKS:
            self.click()
        others = [name for name in NAMES if name != self.name]
        self.send(others[self.env.random("peer", len(others))], Gossip(tuple(self.counts.values())))

    def click(self) -> None:
        self.counts[self.name] += 1
        self.env.disk.append("clicks", b"+")
        self.env.note(Clicked())
        self.send(self.env.me, Kept())

    def on_kept(self, sender: NodeId, message: Kept) -> None:
        self.env.note(Acknowledged())

    def on_gossip(self, sender: NodeId, message: Gossip) -> None:
        for name, count in zip(NAMES, message.counts, strict=True):
            self.counts[name] = max(self.counts[name], count)


# --- What is promised, and what a campaign should see ---


@spec("always", source="RR-7506, specification 6: the value is the number of increments")
def never_counts_too_much(view: Nodes) -> Iterator[Violation]:
    """No node counts more clicks than there were."""
    clicks = len(view.notes(Clicked))
    for name, node in view.nodes.items():
        if node.value > clicks:
            yield Violation(f"{name} counts {node.value} clicks, and there were {clicks}")


@spec("eventually", source="RR-7506, section 2.1: eventual convergence")
def all_come_to_the_same_value(view: Nodes) -> Iterator[Violation]:
    """Once the faults stop, all nodes come to the same value, that of all clicks."""
    for name, node in view.nodes.items():
        if node.value != CLICKS * len(NAMES):
            yield Violation(f"{name} counts {node.value} clicks of {CLICKS * len(NAMES)}")


@spec("eventually", source="the counter's purpose")
def no_acknowledged_click_is_forgotten(view: Nodes) -> Iterator[Violation]:
    """Once the faults stop, every click that was acknowledged is counted."""
    acknowledged = len(view.notes(Acknowledged))
    for name, node in view.nodes.items():
        if node.value < acknowledged:
            yield Violation(f"{name} counts {node.value} clicks, and {acknowledged} were acknowledged")


@spec("sometimes")
def nodes_differ(view: Nodes) -> bool:
    """Two nodes have values that are three clicks apart."""
    values = [node.value for node in view.nodes.values()]
    return max(values, default=0) - min(values, default=0) >= 3


GOSSIP = Scenario(
    name="gossip counter",
    sentence="four nodes count clicks and gossip; crashes, cuts, lost and repeated messages",
    kinds=(Kind(node=Counter, names=NAMES),),
    # A node that has lost its journal would count on from nothing, below what others have heard of it.
    faults=tuple(fault for fault in FAULTS if fault.name != "lost disk"),
    settle_us=40 * PAUSE_US,
    specs=(never_counts_too_much, all_come_to_the_same_value, no_acknowledged_click_is_forgotten),
    sometimes=(nodes_differ,),
)

bugs = (
    bug(
        "adds-what-it-hears",
        "A node adds the counts that it hears to its own, so what it hears twice counts twice.",
        Edit(
            __name__,
            old="max(self.counts[name], count)",
            new="self.counts[name] + count",
            within="Counter.on_gossip",
        ),
    ),
    bug(
        "writes-clicks-in-pairs",
        "A node writes its clicks two at a time, so after a crash it may use a count again that others know.",
        Edit(
            __name__,
            old='self.env.disk.append("clicks", b"+")',
            new='self.env.disk.append("clicks", b"++" if self.counts[self.name] % 2 == 0 else b"")',
            within="Counter.click",
        ),
    ),
)
