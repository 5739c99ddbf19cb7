"""A replicated register: three servers keep a value, two of them are enough to read or write it.

Both operations have two rounds. The first asks a majority for the newest stamped value. A write then stores
its own value under a greater stamp; a read stores *what it has found* before it returns it, so that no later
read can find an older one. What the clients saw is judged at the end of each run: it must be linearizable.

    dynaproof explore examples/protocols/abd.py:ABD
    dynaproof mutants examples/protocols/abd.py:ABD
    dynaproof load examples/protocols/abd.py:ABD --rate 1000,2000,4000 --reads 50

Source: Attiya, Bar-Noy and Dolev, *Sharing Memory Robustly in Message-Passing Systems*, JACM 42(1), 1995;
with several writers, Lynch and Shvartsman, *Robust Emulation of Shared Memory*, FTCS 1997.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dynaproof import (
    FAULTS,
    Called,
    Due,
    Edit,
    Env,
    Kind,
    Message,
    Node,
    NodeId,
    Nodes,
    Note,
    Requests,
    Returned,
    Scenario,
    Timer,
    Violation,
    bug,
    linearizable,
    spec,
)

SERVERS = ("server1", "server2", "server3")
CLIENTS = ("alice", "bob", "carol")
MAJORITY = 2
OPERATIONS = 8
"""Of each client."""
AGAIN_US = 20_000


class Stamped(msgspec.Struct, frozen=True):
    """A value under its stamp; the name orders writers that have taken the same count."""

    count: int = 0
    writer: str = ""
    value: int | None = None

    @property
    def stamp(self) -> tuple[int, str]:
        return self.count, self.writer


class Query(Message):
    """First round: what is the newest value that you keep?"""

    operation: int


class Newest(Message):
    """The answer to it."""

    operation: int
    stamped: Stamped


class Store(Message):
    """Second round: keep this value, unless you keep a newer one."""

    operation: int
    stamped: Stamped


class Stored(Message):
    """It is kept, or a newer one is."""

    operation: int


class Again(Timer):
    """Time to go on, or to ask again."""


class WroteBack(Note):
    """A read has found servers that differ, so its second round matters."""


class Server(Node):
    """Keeps the newest value that it was told, on disk."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.kept = Stamped()

    def on_start(self) -> None:
        page = self.env.disk.read_page("register", 0)
        if page is not None:
            self.kept = msgspec.json.decode(page, type=Stamped)

    def on_query(self, sender: NodeId, message: Query) -> None:
        self.send(sender, Newest(message.operation, self.kept))

    def on_store(self, sender: NodeId, message: Store) -> None:
        if message.stamped.stamp > self.kept.stamp:
            self.kept = message.stamped
            self.env.disk.write_page(
                "register", 0, msgspec.json.encode(self.kept)
            )  # Durable before the answer leaves.
        self.send(sender, Stored(message.operation))


class Client(Node):
    """Reads and writes in turn, one operation at a time."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.operation = 0
        self.writes = False
        self.found: dict[str, Stamped] = {}
        self.storing: Stamped | None = None
        self.stored_by: list[str] = []

    def on_start(self) -> None:
        self.env.set_timer(1 + self.env.random("pause", AGAIN_US), Again())

    @property
    def done(self) -> bool:
        return self.operation > OPERATIONS

    def on_again(self, timer: Again) -> None:
        if self.operation == 0:
            self.begin()
        else:
            self.ask()

    def begin(self) -> None:
        """Begin the next operation, if there is one."""
        self.operation += 1
        if self.done:
            return
        self.writes = self.wants_to_write()
        self.found, self.storing, self.stored_by = {}, None, []
        if self.writes:
            self.env.note(Called("write", value=self.value()))
        else:
            self.env.note(Called("read"))
        self.ask()

    def wants_to_write(self) -> bool:
        """Whether this operation writes."""
        return self.env.random("writes", 3) == 0

    def value(self) -> int:
        """What this operation writes: a value that no other one writes."""
        return CLIENTS.index(self.name) + len(CLIENTS) * self.operation

    def ask(self) -> None:
        """Ask all servers what this round wants to know; again, as long as a majority has not answered."""
        if self.done:
            return
        for server in SERVERS:
            if self.storing is None:
                self.send(server, Query(self.operation))
            else:
                self.send(server, Store(self.operation, self.storing))
        self.env.set_timer(AGAIN_US, Again())

    def on_newest(self, sender: NodeId, message: Newest) -> None:
        if message.operation != self.operation or self.storing is not None:
            return
        self.found[sender.name] = message.stamped
        if len(self.found) < MAJORITY:
            return
        newest = max(self.found.values(), key=lambda one: one.stamp)
        if self.writes:
            newest = Stamped(newest.count + 1, self.name, self.value())
        elif len(set(self.found.values())) > 1:
            self.env.note(WroteBack())
        self.storing = newest
        self.ask()

    def on_stored(self, sender: NodeId, message: Stored) -> None:
        if message.operation != self.operation or self.storing is None or sender.name in self.stored_by:
            return
        self.stored_by.append(sender.name)
        if len(self.stored_by) == MAJORITY:
            self.env.note(Returned(None if self.writes else self.storing.value))
            self.begin()


class Session(Client):
    """A client that begins an operation when one is due, under load from outside."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.due: Due | None = None
        self.next: Due | None = None

    def on_start(self) -> None:
        """Nothing is due yet."""

    def on_due(self, due: Due) -> None:
        self.next = due
        self.begin()

    def begin(self) -> None:
        """Begin what is due; after an operation, nothing is."""
        self.due, self.next = self.next, None
        super().begin()

    @property
    def done(self) -> bool:
        return self.due is None

    def wants_to_write(self) -> bool:
        assert self.due is not None, "an operation begins when one is due"
        return self.due.write

    def value(self) -> int:
        assert self.due is not None, "an operation is of one that was due"
        return self.due.number


# --- What is promised, and what a campaign should see ---


@spec("eventually", source="Attiya, Bar-Noy and Dolev 1995: wait-free while a majority is alive")
def every_operation_returns(view: Nodes) -> Iterator[Violation]:
    """Once the faults stop, every operation returns."""
    for name in CLIENTS:
        if not view.nodes[name].done:
            yield Violation(f"{name} waits for its operation {view.nodes[name].operation}")


@spec("sometimes", on=(WroteBack,))
def a_read_meets_servers_that_differ(view: Nodes) -> bool:
    """A read finds a value at some servers of its majority and an older one at others."""
    return bool(view.take(WroteBack))


ABD = Scenario(
    name="abd",
    sentence="three clients read and write a register on three servers; crashes, cuts, lost messages",
    kinds=(
        Kind(node=Server, names=SERVERS),
        Kind(node=Client, names=CLIENTS, suffers=False),
    ),
    # A server that has lost its disk has forgotten what it answered: two of three are no majority then.
    faults=tuple(fault for fault in FAULTS if fault.name != "lost disk"),
    length=400,
    settle_us=40 * AGAIN_US,
    specs=(linearizable("register"), every_operation_returns),
    sometimes=(a_read_meets_servers_that_differ,),
    requests=Requests(
        sessions=Kind(node=Session, names=("session",)), instead_of=("Client",), keys=1, item_bytes=0
    ),
)

bugs = (
    bug(
        "no-write-back",
        "A read returns what it has found after its first round and stores it nowhere.",
        Edit(
            __name__,
            old="""
            self.storing = newest
            self.ask()
            """,
            new="""
            self.storing = newest
            if not self.writes:
                self.env.note(Returned(newest.value))
                self.begin()
                return
            self.ask()
            """,
            within="Client.on_newest",
        ),
    ),
    bug(
        "older-value-overwrites",
        "A server keeps whatever arrives last, so an old message that comes late overwrites a newer value.",
        Edit(
            __name__,
            old="if message.stamped.stamp > self.kept.stamp:",
            new="if message.stamped.stamp != self.kept.stamp:",
            within="Server.on_store",
        ),
    ),
)
