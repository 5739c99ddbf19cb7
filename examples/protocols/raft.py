"""Raft's election and log: three nodes agree on a sequence of commands, whoever crashes and whatever is lost.

Names and rules are those of the paper's Figure 2. What a node has written is durable before any message that
it sends afterwards leaves, so candidates and leaders count themselves by messages to themselves.

    dynaproof explore examples/protocols/raft.py:RAFT
    dynaproof mutants examples/protocols/raft.py:RAFT

Its elections are held against the model `examples/models/raft_election.py`.

Source: Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm (Extended Version)*, 2014.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec

import dynaproof as dp
from dynaproof import Node, NodeId, Nodes, Note, Violation, spec

NAMES = ("a", "b", "c")
MAJORITY = 2
COMMANDS = 6
"""Entries that a leader fills the log up to; one more if the last is of an older term."""
HEARTBEAT_US = 10_000
TIMEOUT_US = 40_000


class Entry(msgspec.Struct, frozen=True):
    term: int
    command: str


class RequestVote(dp.Message):
    term: int
    last_index: int
    last_term: int


class Vote(dp.Message):
    term: int
    granted: bool


class Append(dp.Message):
    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int


class Appended(dp.Message):
    """Whether the follower's log is the leader's up to `match`; if not, it may be up to there at the most."""

    term: int
    match: int
    success: bool


class ElectionTimeout(dp.Timer):
    pass


class Heartbeat(dp.Timer):
    pass


class BecameLeader(Note):
    name: str
    term: int


class Committed(Note):
    index: int
    entry: Entry
    in_term: int  # The term of the leader that has found the entry on a majority.


class Applied(Note):
    name: str
    index: int
    entry: Entry


class Raft(Node):
    def __init__(self, env: dp.Env) -> None:
        super().__init__(env)
        self.peers = tuple(name for name in NAMES if name != self.name)
        self.term, self.vote, self.role = 0, "", "follower"
        self.log: list[Entry] = []
        self.commit = 0
        self.votes: list[str] = []
        self.match: dict[str, int] = {}
        self.next: dict[str, int] = {}

    def on_start(self) -> None:
        for term, vote in whole_lines(self.env, "term", tuple[int, str]):
            self.term, self.vote = term, vote
        self.log = whole_lines(self.env, "log", Entry)
        self.await_leader()

    def await_leader(self) -> None:
        self.env.set_timer(TIMEOUT_US + self.env.random("timeout", TIMEOUT_US), ElectionTimeout())

    def on_election_timeout(self, timer: ElectionTimeout) -> None:
        self.await_leader()
        if self.role == "leader":
            return
        self.enter(self.term + 1, self.name)
        self.role, self.votes = "candidate", []
        self.env.send(self.env.me, Vote(self.term, True))  # Its own vote counts once it is durable.
        for peer in self.peers:
            self.send(peer, RequestVote(self.term, len(self.log), self.term_at(len(self.log))))

    def enter(self, term: int, vote: str) -> None:
        """Be in a term with a vote; durable before any message says so."""
        self.term, self.vote = term, vote
        self.env.disk.append("term", msgspec.json.encode((term, vote)) + b"\n")

    def learn(self, term: int) -> None:
        """Follow into a greater term."""
        if term > self.term:
            self.enter(term, "")
            self.role = "follower"

    def on_request_vote(self, sender: NodeId, message: RequestVote) -> None:
        self.learn(message.term)
        complete = (message.last_term, message.last_index) >= (self.term_at(len(self.log)), len(self.log))
        granted = message.term == self.term and complete and self.vote in ("", sender.name)
        if granted:
            if not self.vote:
                self.enter(self.term, sender.name)
            self.await_leader()
        self.send(sender, Vote(self.term, granted))

    def on_vote(self, sender: NodeId, message: Vote) -> None:
        self.learn(message.term)
        if self.role != "candidate" or (message.term, message.granted) != (self.term, True):
            return
        self.votes += [sender.name] if sender.name not in self.votes else []
        if len(self.votes) == MAJORITY:
            self.role = "leader"
            self.match = dict.fromkeys(NAMES, 0)
            self.next = dict.fromkeys(NAMES, len(self.log) + 1)
            self.env.note(BecameLeader(self.name, self.term))
            self.on_heartbeat(Heartbeat())

    def on_heartbeat(self, timer: Heartbeat) -> None:
        """Add a command, if there is one, and send every follower what it lacks."""
        if self.role != "leader":
            return
        self.env.set_timer(HEARTBEAT_US, Heartbeat())
        if len(self.log) < COMMANDS or self.term_at(len(self.log)) < self.term:
            self.add(Entry(self.term, f"{self.name}{self.term}.{len(self.log) + 1}"))
        self.env.send(self.env.me, Appended(self.term, len(self.log), True))  # Counts once it is durable.
        for peer in self.peers:
            before = self.next[peer] - 1
            lacks = tuple(self.log[before:])
            self.send(peer, Append(self.term, before, self.term_at(before), lacks, self.commit))

    def add(self, entry: Entry) -> None:
        self.log.append(entry)
        self.env.disk.append("log", line(entry))

    def term_at(self, index: int) -> int:
        return self.log[index - 1].term if index else 0

    def on_append(self, sender: NodeId, message: Append) -> None:
        self.learn(message.term)
        before, reached = message.prev_index, message.prev_index + len(message.entries)
        if message.term < self.term:
            self.send(sender, Appended(self.term, 0, False))
            return
        self.role = "follower"
        self.await_leader()
        if before > len(self.log) or self.term_at(before) != message.prev_term:
            self.send(sender, Appended(self.term, min(len(self.log), before - 1), False))
            return
        for index, entry in enumerate(message.entries, before):
            if index < len(self.log) and self.log[index].term != entry.term:
                del self.log[index:]
                self.env.disk.cut("log", sum(len(line(kept)) for kept in self.log))
            if index == len(self.log):
                self.add(entry)
        self.send(sender, Appended(self.term, reached, True))
        self.apply(min(message.commit, reached))

    def on_appended(self, sender: NodeId, message: Appended) -> None:
        self.learn(message.term)
        if self.role != "leader" or message.term < self.term:
            return
        if message.success:
            self.match[sender.name] = max(self.match[sender.name], message.match)
        self.next[sender.name] = max(self.match[sender.name], message.match) + 1
        held = sorted(self.match.values(), reverse=True)[MAJORITY - 1]
        if held > self.commit and self.term_at(held) == self.term:  # Older ones commit with it.
            for index in range(self.commit + 1, held + 1):
                self.env.note(Committed(index, self.log[index - 1], self.term))
            self.apply(held)

    def apply(self, commit: int) -> None:
        while self.commit < commit:
            self.commit += 1
            self.env.note(Applied(self.name, self.commit, self.log[self.commit - 1]))


def line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def whole_lines(env: dp.Env, log: str, kind: type) -> list:
    """What a log holds; a last line that a crash has torn is cut off."""
    data = env.disk.read(log, 0, env.disk.size(log))
    env.disk.cut(log, data.rfind(b"\n") + 1)
    return [msgspec.json.decode(one, type=kind) for one in data.split(b"\n")[:-1]]


# --- What is promised (the paper's Figure 3), and what a campaign should see ---


@spec("always", source="Ongaro and Ousterhout 2014, Figure 3, Election Safety", on=(BecameLeader,))
def election_safety(view: Nodes) -> Iterator[Violation]:
    """At most one leader is elected in a term."""
    for one, other in combinations(view.notes(BecameLeader), 2):
        if one.term == other.term and one.name != other.name:
            yield Violation(f"{one.name} and {other.name} lead in term {one.term}")


@spec("always", source="Ongaro and Ousterhout 2014, Figure 3, Log Matching")
def log_matching(view: Nodes) -> Iterator[Violation]:
    """Two logs that have an entry of the same index and term are equal up to it."""
    for (a, one), (b, other) in combinations(view.nodes.items(), 2):
        same = [i for i, (x, y) in enumerate(zip(one.log, other.log, strict=False)) if x.term == y.term]
        if same and one.log[: same[-1] + 1] != other.log[: same[-1] + 1]:
            yield Violation(f"{a} and {b} agree on the term of entry {same[-1] + 1} and differ up to it")


@spec("always", source="Ongaro and Ousterhout 2014, Figure 3, Leader Completeness", on=(BecameLeader,))
def leader_completeness(view: Nodes) -> Iterator[Violation]:
    """A leader has every entry that was committed in an earlier term."""
    for new in view.take(BecameLeader):
        log = view.nodes[new.name].log
        for old in view.notes(Committed):
            if old.in_term < new.term and log[old.index - 1 : old.index] != (old.entry,):
                yield Violation(f"{new.name} leads in term {new.term} without entry {old.index}, {old.entry}")


@spec("always", source="Ongaro and Ousterhout 2014, Figure 3, State Machine Safety", on=(Applied,))
def state_machine_safety(view: Nodes) -> Iterator[Violation]:
    """No two nodes apply different commands at the same index."""
    for new in view.take(Applied):
        for old in view.notes(Applied):
            if old.index == new.index and old.entry != new.entry:
                yield Violation(f"entry {new.index}: {old.name} applied {old.entry}, {new.name} {new.entry}")


@spec("eventually", source="Ongaro and Ousterhout 2014, 5.3: retried until all store all")
def all_apply_the_log(view: Nodes) -> Iterator[Violation]:
    """Once the faults stop, every node applies all that the log is to hold."""
    for name, node in view.nodes.items():
        if node.commit < COMMANDS:
            yield Violation(f"{name} has applied {node.commit} entries of {COMMANDS}")


@spec("sometimes", on=(BecameLeader,))
def leadership_changes(view: Nodes) -> bool:
    """A second node comes to lead, after something was committed."""
    return len({note.name for note in view.notes(BecameLeader)}) > 1 and bool(view.notes(Committed))


RAFT = dp.Scenario(
    name="raft",
    sentence="three nodes elect leaders and agree on a log; crashes, cuts, lost and repeated messages",
    kinds=(dp.Kind(node=Raft, names=NAMES),),
    # A node that has lost its disk has forgotten its vote; Raft has no answer but another member (section 6).
    faults=tuple(fault for fault in dp.FAULTS if fault.name != "lost disk"),
    length=600,
    settle_us=50 * TIMEOUT_US,
    specs=(election_safety, log_matching, leader_completeness, state_machine_safety, all_apply_the_log),
    sometimes=(leadership_changes,),
)

bugs = (
    dp.bug(
        "votes-for-short-logs",
        "A node votes for a candidate whose log lacks entries that its own has.",
        dp.Edit(__name__, old="and complete and", new="and", within="Raft.on_request_vote"),
    ),
    dp.bug(
        "counts-old-votes",
        "A candidate counts votes that it was given in an older term.",
        dp.Edit(__name__, "(self.term, True)", "(message.term, True)", within="Raft.on_vote"),
    ),
)
