"""A register replicated on two servers (ABD), whose clients write once and then read, with what they saw.

An operation asks the other server what it has, takes the later of both, and records that on both before it
answers. The servers serve one operation each at a time; messages are delivered once, in any order.

Source: Attiya, Bar-Noy and Dolev, Sharing Memory Robustly in Message-Passing Systems, 1995; stateright,
examples/linearizable-register.rs, whose states contain the history that its linearizability tester keeps.
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
    action,
    always,
    require,
    sometimes,
)


class AbdRegister(Model):
    """Reads and writes of all clients are as if they happened one after the other."""

    clients = Constant(2)

    Client = Range(0, clients - 1)
    Server = Range(0, 1)

    # What a server has: a sequence number, of which the last bit is the server that made it, and a value.
    seq = Array(Server, Int(0, 2 * clients + 1, init=0))
    value = Array(Server, Option(Client))

    # A client's operation: where it is, what its server had at its start, and what its message carries.
    reads = Array(Client, Bool())
    stage = Array(Client, Enum("asked", "query", "answer", "record", "recorded", "served", "done"))
    own_seq = Array(Client, Int(0, 2 * clients + 1, init=0))
    own_value = Array(Client, Option(Client))
    sent_seq = Array(Client, Int(0, 2 * clients + 1, init=0))
    sent_value = Array(Client, Option(Client))
    completed_before_read = Array(Client, Client, Int(0, 2))

    def server_of(self, c: int, s: int) -> bool:
        """Whether a server serves a client's operation: one its write, the other its read."""
        return s == (c + 1 if self.reads[c] else c) % 2

    @action(c=Client, s=Server)
    def start(self, c: int, s: int) -> None:
        """The server asks the other one; it serves nobody else until it is done."""
        require(self.stage[c] == "asked" and self.server_of(c, s))
        require(
            not any(
                self.stage[d] in {"query", "answer", "record", "recorded"} and self.server_of(d, s)
                for d in self.Client
            )
        )
        self.stage[c] = "query"
        self.own_seq[c] = self.seq[s]
        self.own_value[c] = self.value[s]

    @action(c=Client, s=Server)
    def query_arrives(self, c: int, s: int) -> None:
        """The other server says what it has."""
        require(self.stage[c] == "query" and not self.server_of(c, s))
        self.stage[c] = "answer"
        self.sent_seq[c] = self.seq[s]
        self.sent_value[c] = self.value[s]

    @action(c=Client, s=Server)
    def answer_arrives(self, c: int, s: int) -> None:
        """The server takes the later of both, or writes what is later still, and has it recorded."""
        require(self.stage[c] == "answer" and self.server_of(c, s))
        latest = max(self.own_seq[c], self.sent_seq[c])
        found = self.own_value[c] if self.own_seq[c] > self.sent_seq[c] else self.sent_value[c]
        made = latest if self.reads[c] else latest // 2 * 2 + 2 + s
        what = found if self.reads[c] else c
        self.stage[c] = "record"
        if made > self.seq[s]:
            self.seq[s] = made
            self.value[s] = what
        self.own_seq[c] = 0
        self.own_value[c] = None
        self.sent_seq[c] = made
        self.sent_value[c] = what

    @action(c=Client, s=Server)
    def record_arrives(self, c: int, s: int) -> None:
        """The other server records it, unless it has something later."""
        require(self.stage[c] == "record" and not self.server_of(c, s))
        if self.sent_seq[c] > self.seq[s]:
            self.seq[s] = self.sent_seq[c]
            self.value[s] = self.sent_value[c]
        self.stage[c] = "recorded"
        self.sent_seq[c] = 0
        if not self.reads[c]:
            self.sent_value[c] = None

    @action(c=Client)
    def recorded_arrives(self, c: int) -> None:
        """The server answers the client."""
        require(self.stage[c] == "recorded")
        self.stage[c] = "served"

    @action(c=Client)
    def write_returns(self, c: int) -> None:
        """The client hears of its write and reads; the history notes what has been completed."""
        require(self.stage[c] == "served" and not self.reads[c])
        self.stage[c] = "asked"
        self.reads[c] = True
        for other in self.Client:
            if other != c:
                self.completed_before_read[c, other] = self.completed(other)

    @action(c=Client)
    def read_returns(self, c: int) -> None:
        """The client has the value."""
        require(self.stage[c] == "served" and self.reads[c])
        self.stage[c] = "done"

    def completed(self, c: int) -> int:
        """How many operations a client has completed."""
        if self.stage[c] == "done":
            return 2
        return 1 if self.reads[c] else 0

    @always
    def reads_see_a_write(self) -> bool:
        """A read of a client follows its own write, so it sees that one or another."""
        return all(self.stage[c] != "done" or self.sent_value[c] is not None for c in self.Client)

    @always
    def equal_numbers_have_equal_values(self) -> bool:
        """Servers that have the same sequence number have the same value."""
        return self.seq[0] != self.seq[1] or self.value[0] == self.value[1]

    @always
    def reads_agree_on_the_order_of_writes(self) -> bool:
        """Two reads that began when all writes were complete see the same value."""
        return all(
            self.stage[c] != "done"
            or self.stage[d] != "done"
            or any(self.completed_before_read[c, other] == 0 for other in self.Client if other != c)
            or any(self.completed_before_read[d, other] == 0 for other in self.Client if other != d)
            or self.sent_value[c] == self.sent_value[d]
            for c in self.Client
            for d in self.Client
        )

    @sometimes
    def everyone_is_done(self) -> bool:
        """All operations are complete."""
        return all(self.stage[c] == "done" for c in self.Client)

    expected = (Expected({"clients": 2}, 544, source="stateright, examples/linearizable-register.rs"),)
