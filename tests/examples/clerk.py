"""One clerk who serves one customer after the other, each in the same time: a queue whose figures are known.

The clerk may rest for a while, refuse every third customer, or stop answering; each is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator

from dynaproof import (
    Called,
    Due,
    Env,
    Kind,
    Message,
    Node,
    NodeId,
    Nodes,
    Requests,
    Returned,
    Scenario,
    Timer,
    Violation,
    spec,
)
from dynaproof.checkers.runs.observation import OF_ANY_NODE

LATENCY_US = 500
SYNC_US = 100
FILED = b"12345678"


class Ask(Message):
    number: int


class Answer(Message):
    number: int
    served: bool


class Served(Timer):
    """A customer has been served."""


class Clerk(Node):
    def __init__(
        self,
        env: Env,
        service_us: int,
        rests_from: int = 0,
        rests_until: int = 0,
        refuses: bool = False,
        silent_from: int = 1 << 60,
    ) -> None:
        super().__init__(env)
        self.service_us = service_us
        self.rests_from, self.rests_until = rests_from, rests_until
        self.refuses = refuses
        self.silent_from = silent_from
        self.queue: list[tuple[NodeId, int]] = []

    def on_ask(self, sender: NodeId, message: Ask) -> None:
        self.queue.append((sender, message.number))
        if len(self.queue) == 1:
            self.serve()

    def serve(self) -> None:
        now = self.env.now
        rest = self.rests_until - now if self.rests_from <= now < self.rests_until else 0
        self.env.set_timer(rest + self.service_us, Served())

    def on_served(self, timer: Served) -> None:
        sender, number = self.queue.pop(0)
        if self.env.now < self.silent_from:
            self.env.disk.append("files", FILED)
            self.send(sender, Answer(number, not (self.refuses and number % 3 == 0)))
        if self.queue:
            self.serve()


class Customer(Node):
    """Asks when it is time to."""

    def on_due(self, due: Due) -> None:
        self.env.note(Called("write" if due.write else "read", value=due.number if due.write else None))
        self.send("clerk", Ask(due.number))

    def on_answer(self, sender: NodeId, message: Answer) -> None:
        self.env.note(Returned(ok=message.served))


class Regular(Node):
    """Comes by itself, and is left out under load."""

    def on_start(self) -> None:
        self.env.set_timer(1_000, Served())

    def on_served(self, timer: Served) -> None:
        self.send("clerk", Ask(0))
        self.env.set_timer(1_000, Served())

    def on_answer(self, sender: NodeId, message: Answer) -> None:
        """Whatever it is."""


@spec("always")
def few_wait(view: Nodes) -> Iterator[Violation]:
    """Fewer than 40 customers wait."""
    waiting = len(view.nodes["clerk"].queue)
    if waiting >= 40:
        yield Violation(f"{waiting} customers wait")


@spec("eventually")
def the_regular_is_known(view: Nodes) -> bool:
    """Of a run that settles, and so of none under load."""
    return "regular" in view.nodes


def shop(*arguments: object, promised: bool = False) -> Scenario:
    return Scenario(
        name="shop",
        sentence="a clerk and customers",
        kinds=(
            Kind(node=Clerk, names=("clerk",), arguments=arguments),
            Kind(node=Regular, names=("regular",)),
        ),
        specs=(few_wait, the_regular_is_known) if promised else OF_ANY_NODE,
        requests=Requests(
            sessions=Kind(node=Customer, names=("customer",)),
            instead_of=("Regular",),
            latencies=(LATENCY_US,),
            sync_us=(SYNC_US,),
            item_bytes=16,
        ),
    )


SHOP = shop(1_000)
RESTING = shop(200, 500_000, 800_000)
STRICT = shop(1_000, promised=True)
CLOSED = Scenario(name="closed", sentence="nobody asks", kinds=SHOP.kinds)
