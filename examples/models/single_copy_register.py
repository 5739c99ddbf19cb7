"""A register on one server, whose clients write once and then read, with the history of what they saw.

Source: stateright, examples/single-copy-register.rs. A state there contains the history that its
linearizability tester keeps: for each operation what every other client had completed when it began. So it
does here.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Scalar,
    action,
    always,
    require,
    sometimes,
)


class SingleCopyRegister(Model):
    """A read gives a value that no later write had replaced before it began."""

    clients = Constant(2)

    Client = Scalar(clients)

    value = Option(Client)
    phase = Array(Client, Enum("writing", "written", "reading", "read", "done"))
    result = Array(Client, Option(Client))
    completed_before_read = Array(Client, Client, Int(0, 2))

    @action(c=Client)
    def write_arrives(self, c: int) -> None:
        """The server takes a client's value (its own name), and answers."""
        require(self.phase[c] == "writing")
        self.value = c
        self.phase[c] = "written"

    @action(c=Client)
    def write_returns(self, c: int) -> None:
        """The client hears of it, and asks for the value; the history notes what has been completed."""
        require(self.phase[c] == "written")
        self.phase[c] = "reading"
        for other in self.Client:
            if other != c:
                self.completed_before_read[c, other] = self.completed(other)

    @action(c=Client)
    def read_arrives(self, c: int) -> None:
        """The server answers with its value."""
        require(self.phase[c] == "reading")
        self.result[c] = self.value
        self.phase[c] = "read"

    @action(c=Client)
    def read_returns(self, c: int) -> None:
        """The client has it."""
        require(self.phase[c] == "read")
        self.phase[c] = "done"

    def completed(self, c: int) -> int:
        """How many operations a client has completed."""
        if self.phase[c] == "done":
            return 2
        return 1 if self.phase[c] in {"reading", "read"} else 0

    @always
    def reads_see_a_write(self) -> bool:
        """A read of a client follows its own write, so it sees that one or another."""
        return all(self.phase[c] not in {"read", "done"} or self.result[c] is not None for c in self.Client)

    @always
    def agreed_order_of_two(self) -> bool:
        """Of two writes that both were complete before two reads began, both reads see the same."""
        return all(
            self.phase[c] != "done"
            or self.phase[d] != "done"
            or any(self.completed_before_read[c, other] == 0 for other in self.Client if other != c)
            or any(self.completed_before_read[d, other] == 0 for other in self.Client if other != d)
            or self.result[c] == self.result[d]
            for c in self.Client
            for d in self.Client
        )

    @sometimes
    def reads_differ(self) -> bool:
        """Two clients have read different values."""
        return any(
            self.phase[c] == "done" and self.phase[d] == "done" and self.result[c] != self.result[d]
            for c in self.Client
            for d in self.Client
        )

    expected = (
        Expected({"clients": 2}, 93, source="stateright, examples/single-copy-register.rs"),
        Expected({"clients": 3}, 4_243, source="stateright, examples/single-copy-register.rs"),
        Expected({"clients": 4}, 400_233, source="stateright, examples/single-copy-register.rs"),
    )
