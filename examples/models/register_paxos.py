"""A register by single-decree Paxos on three servers, whose clients write once and then read.

Client `c` asks server `c` to write, which so becomes a leader, once. Messages are delivered once, in any
order, and wait where the receiver has no use for them. Each message in flight is a cell for its sender and
receiver.

Source: stateright, examples/paxos.rs, whose states contain the history that its linearizability tester keeps.
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Tuple,
    action,
    always,
    require,
    sometimes,
)
from dynaproof.model.language.types import Type


def vote(ballot: Type, client: Type) -> Option:
    """None, or a client's value accepted in a ballot."""
    return Option(Tuple(ballot, client))


class RegisterPaxos(Model):
    """All clients read the same value."""

    clients = Constant(2)

    Client = Range(0, clients - 1)
    Server = Range(0, 2)
    # Three times the round, plus the leader; 0 is before all.
    Ballot = Range(0, 3 * clients + 2)

    ballot = Array(Server, Int(0, 3 * clients + 2))
    accepted = Array(Server, vote(Ballot, Client))
    decided = Array(Server, Bool())
    proposal = Array(Client, Option(Client))
    heard = Array(Client, Server, Option(Tuple(vote(Ballot, Client), Bool())))
    accepts = Array(Client, Server, Bool())

    put = Array(Client, Bool(init=True))
    prepare = Array(Client, Server, Int(0, 3 * clients + 2))
    prepared = Array(Client, Server, Option(Tuple(Ballot, vote(Ballot, Client))))
    accept = Array(Client, Server, vote(Ballot, Client))
    accept_ok = Array(Client, Server, Int(0, 3 * clients + 2))
    decide = Array(Client, Server, vote(Ballot, Client))
    put_ok = Array(Client, Client, Bool())

    stage = Array(Client, Enum("writing", "reading", "answered", "done"))
    result = Array(Client, Option(Client))
    completed_before_read = Array(Client, Client, Int(0, 2))

    @action(c=Client)
    def put_arrives(self, c: int) -> None:
        """A server begins to lead with the round after the last that it knows, its own promise counted."""
        require(self.put[c] and not self.decided[c] and self.proposal[c] is None)
        made = (self.ballot[c] // 3 + 1) * 3 + c
        self.put[c] = False
        self.proposal[c] = c
        self.ballot[c] = made
        self.heard[c, c] = (self.accepted[c], True)
        for s in self.Server:
            if s != c:
                self.prepare[c, s] = made

    @action(c=Client, s=Server)
    def prepare_arrives(self, c: int, s: int) -> None:
        """A server promises, and says what it has accepted."""
        require(not self.decided[s] and self.ballot[s] < self.prepare[c, s])
        self.ballot[s] = self.prepare[c, s]
        self.prepared[c, s] = (self.prepare[c, s], self.accepted[s])
        self.prepare[c, s] = 0

    @action(c=Client, s=Server)
    def prepared_arrives(self, c: int, s: int) -> None:
        """With a majority the leader takes the latest accepted value, or its own, and accepts it itself."""
        require(not self.decided[c] and self.prepared[c, s] is not None)
        require(self.prepared[c, s][0] == self.ballot[c])
        last = self.prepared[c, s][1]
        self.prepared[c, s] = None
        self.heard[c, s] = (last, True)
        if sum(self.heard[c, other] is not None for other in self.Server) == 1:
            own = self.heard[c, c][0]
            latest = last if own is None or (last is not None and last[0] > own[0]) else own
            chosen = self.proposal[c] if latest is None else latest[1]
            self.proposal[c] = chosen
            self.accepted[c] = (self.ballot[c], chosen)
            self.accepts[c, c] = True
            for other in self.Server:
                if other != c:
                    self.accept[c, other] = (self.ballot[c], chosen)

    @action(c=Client, s=Server)
    def accept_arrives(self, c: int, s: int) -> None:
        """A server accepts, unless it has promised not to."""
        require(not self.decided[s] and self.accept[c, s] is not None)
        require(self.ballot[s] <= self.accept[c, s][0])
        self.ballot[s] = self.accept[c, s][0]
        self.accepted[s] = self.accept[c, s]
        self.accept_ok[c, s] = self.accept[c, s][0]
        self.accept[c, s] = None

    @action(c=Client, s=Server)
    def accept_ok_arrives(self, c: int, s: int) -> None:
        """With a majority the leader has decided: it tells the others, and the client whose value it is."""
        require(not self.decided[c] and self.accept_ok[c, s] != 0 and self.accept_ok[c, s] == self.ballot[c])
        self.accept_ok[c, s] = 0
        self.accepts[c, s] = True
        if sum(self.accepts[c, other] for other in self.Server) == 1:
            self.decided[c] = True
            for other in self.Server:
                if other != c:
                    self.decide[c, other] = (self.ballot[c], self.proposal[c])
            for d in self.Client:
                if self.proposal[c] == d:
                    self.put_ok[c, d] = True

    @action(c=Client, s=Server)
    def decide_arrives(self, c: int, s: int) -> None:
        """A server learns the decision."""
        require(not self.decided[s] and self.decide[c, s] is not None)
        self.ballot[s] = self.decide[c, s][0]
        self.accepted[s] = self.decide[c, s]
        self.decided[s] = True
        self.decide[c, s] = None

    @action(leader=Client, c=Client)
    def put_ok_arrives(self, leader: int, c: int) -> None:
        """A client hears of its write and reads; the history notes what has been completed."""
        require(self.put_ok[leader, c] and self.stage[c] == "writing")
        self.put_ok[leader, c] = False
        self.stage[c] = "reading"
        for other in self.Client:
            if other != c:
                self.completed_before_read[c, other] = self.completed(other)

    @action(c=Client, s=Server)
    def get_arrives(self, c: int, s: int) -> None:
        """The next server answers, once it knows the decision."""
        require(self.stage[c] == "reading" and s == (c + 1) % 3 and self.decided[s])
        self.stage[c] = "answered"
        self.result[c] = None if self.accepted[s] is None else self.accepted[s][1]

    @action(c=Client)
    def get_ok_arrives(self, c: int) -> None:
        """The client has the value."""
        require(self.stage[c] == "answered")
        self.stage[c] = "done"

    def completed(self, c: int) -> int:
        """How many operations a client has completed."""
        if self.stage[c] == "done":
            return 2
        return 0 if self.stage[c] == "writing" else 1

    @always
    def one_value_decided(self) -> bool:
        """Servers that have decided agree."""
        return all(
            not self.decided[s] or not self.decided[t] or self.accepted[s][1] == self.accepted[t][1]
            for s in self.Server
            for t in self.Server
        )

    @always
    def decided_is_accepted(self) -> bool:
        """A decided server has what was decided."""
        return all(not self.decided[s] or self.accepted[s] is not None for s in self.Server)

    @sometimes
    def value_read(self) -> bool:
        """A client has read a value."""
        return any(self.stage[c] == "done" for c in self.Client)

    expected = (
        Expected({"clients": 2}, 16_668, source="stateright, examples/paxos.rs"),
        Expected({"clients": 3}, 1_194_428, source="stateright, examples/paxos.rs"),
    )
