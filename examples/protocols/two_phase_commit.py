"""Two-phase commit with recovery: either all take part in a transaction, or nobody does, whoever crashes.

The coordinator asks all participants to prepare; if all vote yes it commits, else (or if a vote is late) it
aborts. A participant that has voted yes is *blocked*: it may decide nothing alone, and asks until it is told.
All write to a journal what they must not forget. A coordinator that finds a transaction in its journal
without an outcome aborts it.

    dynaproof explore examples/protocols/two_phase_commit.py:TWO_PHASE_COMMIT
    dynaproof mutants examples/protocols/two_phase_commit.py:TWO_PHASE_COMMIT

Source: Gray, *Notes on Data Base Operating Systems*, 1978; Bernstein, Hadzilacos and Goodman, *Concurrency
Control and Recovery in Database Systems*, 1987, 7.4.
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

COORDINATOR = "coordinator"
PARTICIPANTS = ("bank", "hotel", "airline")
TRANSACTIONS = 5
AGAIN_US = 20_000
PATIENCE_US = 50_000
"""How long a coordinator waits for votes."""

BEGUN, PREPARED, COMMITTED, ABORTED = "begun", "prepared", "committed", "aborted"


class Prepare(Message):
    transaction: int


class Vote(Message):
    transaction: int
    yes: bool


class Ask(Message):
    """A blocked participant asks what became of a transaction."""

    transaction: int


class Outcome(Message):
    transaction: int
    outcome: str


class Written(Message):
    """To oneself: an outcome that was written before this was sent is durable."""

    transaction: int
    outcome: str


class Again(Timer):
    """Time for a participant to ask, or for the coordinator to begin something."""


class Late(Timer):
    """The votes on a transaction are late."""

    transaction: int


class Voted(Note):
    name: str
    transaction: int
    yes: bool


class Decided(Note):
    """An outcome is durable at a node; one that a crash takes before that has decided nothing."""

    name: str
    transaction: int
    outcome: str


class Journalled(Node):
    """What both roles share: the state of each transaction, journalled before anybody hears of it."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.states: dict[int, str] = {}

    def on_start(self) -> None:
        journal = self.env.disk.read("journal", 0, self.env.disk.size("journal"))
        self.env.disk.cut("journal", journal.rfind(b"\n") + 1)  # A crash may have torn the last line.
        for line in journal.decode().split("\n")[:-1]:
            transaction, state = line.split()
            self.enter(int(transaction), state, written=True)
        self.env.set_timer(AGAIN_US, Again())

    def enter(self, transaction: int, state: str, written: bool = False) -> None:
        self.states[transaction] = state
        if not written:
            self.env.disk.append("journal", f"{transaction} {state}\n".encode())
        if state in (COMMITTED, ABORTED):
            self.env.send(self.env.me, Written(transaction, state))

    def on_written(self, sender: NodeId, message: Written) -> None:
        self.env.note(Decided(self.name, message.transaction, message.outcome))


class Coordinator(Journalled):
    """Begins transactions one after the other, and decides each."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.yes: list[str] = []

    def on_start(self) -> None:
        super().on_start()
        for transaction, state in list(self.states.items()):
            if state == BEGUN:
                self.decide(transaction, ABORTED)  # Who voted is forgotten, and nobody was told of a commit.

    def on_again(self, timer: Again) -> None:
        self.env.set_timer(AGAIN_US, Again())
        if len(self.states) < TRANSACTIONS and BEGUN not in self.states.values():
            self.yes = []
            transaction = len(self.states) + 1
            self.enter(transaction, BEGUN)
            self.env.set_timer(PATIENCE_US, Late(transaction))
            for name in PARTICIPANTS:
                self.send(name, Prepare(transaction))

    def on_vote(self, sender: NodeId, message: Vote) -> None:
        if self.states.get(message.transaction) != BEGUN:
            return
        if not message.yes:
            self.decide(message.transaction, ABORTED)
        elif sender.name not in self.yes:
            self.yes.append(sender.name)
            if len(self.yes) == len(PARTICIPANTS):
                self.decide(message.transaction, COMMITTED)

    def on_late(self, timer: Late) -> None:
        if self.states[timer.transaction] == BEGUN:
            self.decide(timer.transaction, ABORTED)

    def decide(self, transaction: int, outcome: str) -> None:
        self.enter(transaction, outcome)  # Durable before anybody is told.
        for name in PARTICIPANTS:
            self.send(name, Outcome(transaction, outcome))

    def on_ask(self, sender: NodeId, message: Ask) -> None:
        outcome = self.states[message.transaction]
        if outcome != BEGUN:
            self.send(sender, Outcome(message.transaction, outcome))


class Participant(Journalled):
    """Votes on each transaction once, and then waits to be told."""

    def on_prepare(self, sender: NodeId, message: Prepare) -> None:
        if message.transaction in self.states:
            return
        yes = self.env.random("yes", 4) > 0
        self.env.note(Voted(self.name, message.transaction, yes))
        self.enter(message.transaction, PREPARED if yes else ABORTED)  # Durable before the vote leaves.
        self.send(sender, Vote(message.transaction, yes))

    def on_again(self, timer: Again) -> None:
        self.env.set_timer(AGAIN_US, Again())
        for transaction, state in self.states.items():
            if state == PREPARED:
                self.send(COORDINATOR, Ask(transaction))

    def on_outcome(self, sender: NodeId, message: Outcome) -> None:
        if self.states.get(message.transaction) in (PREPARED, None):
            self.enter(message.transaction, message.outcome)


# --- What is promised, and what a campaign should see ---


@spec("always", source="Bernstein, Hadzilacos and Goodman 1987, 7.3, AC1", on=(Decided,))
def all_decide_alike(view: Nodes) -> Iterator[Violation]:
    """No two nodes decide a transaction differently."""
    for new in view.take(Decided):
        for old in view.notes(Decided):
            if old.transaction == new.transaction and old.outcome != new.outcome:
                both = f"{old.outcome} at {old.name} and {new.outcome} at {new.name}"
                yield Violation(f"transaction {new.transaction} is {both}")


@spec("always", source="Bernstein, Hadzilacos and Goodman 1987, 7.3, AC3", on=(Decided,))
def commits_only_what_all_want(view: Nodes) -> Iterator[Violation]:
    """A transaction commits only if all participants have voted yes."""
    for new in view.take(Decided):
        wanted = {one.name for one in view.notes(Voted) if one.transaction == new.transaction and one.yes}
        if new.outcome == COMMITTED and len(wanted) < len(PARTICIPANTS):
            yield Violation(f"{new.name} commits transaction {new.transaction}, which {len(wanted)} want")


@spec("eventually", source="Bernstein, Hadzilacos and Goodman 1987, 7.3, AC5")
def nobody_stays_blocked(view: Nodes) -> Iterator[Violation]:
    """Once the faults stop, every transaction is decided, and whoever is blocked learns how."""
    for name, node in view.nodes.items():
        for transaction, state in node.states.items():
            if state in (BEGUN, PREPARED):
                yield Violation(f"transaction {transaction} is still {state} at {name}")


@spec("sometimes")
def blocked_without_a_coordinator(view: Nodes) -> bool:
    """A participant is blocked while the coordinator is down."""
    return COORDINATOR not in view.nodes and any(
        PREPARED in node.states.values() for node in view.nodes.values()
    )


@spec("sometimes", on=(Decided,))
def a_transaction_commits(view: Nodes) -> bool:
    """A transaction commits."""
    return any(note.outcome == COMMITTED for note in view.take(Decided))


TWO_PHASE_COMMIT = Scenario(
    name="two-phase commit",
    sentence="a coordinator and three participants decide transactions; crashes, cuts, lost messages",
    kinds=(
        Kind(node=Coordinator, names=(COORDINATOR,)),
        Kind(node=Participant, names=PARTICIPANTS),
    ),
    # Who has lost the journal has forgotten what it promised; no protocol recovers from that.
    faults=tuple(fault for fault in FAULTS if fault.name != "lost disk"),
    settle_us=40 * AGAIN_US,
    specs=(all_decide_alike, commits_only_what_all_want, nobody_stays_blocked),
    sometimes=(blocked_without_a_coordinator, a_transaction_commits),
)

bugs = (
    bug(
        "blocked-participant-aborts",
        "A blocked participant aborts alone, although the coordinator may have committed.",
        Edit(
            __name__,
            old="self.send(COORDINATOR, Ask(transaction))",
            new="self.enter(transaction, ABORTED)",
            within="Participant.on_again",
        ),
    ),
    bug(
        "outcome-not-journalled",
        "The coordinator does not write an outcome, so after a crash it aborts what it has committed.",
        Edit(
            __name__,
            old="self.enter(transaction, outcome)  # Durable before anybody is told.",
            new="self.states[transaction] = outcome",
            within="Coordinator.decide",
        ),
    ),
)
