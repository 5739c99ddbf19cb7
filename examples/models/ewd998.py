"""Safra's termination detection on a ring (EWD 998), with messages as a bag for each node.

Source: Dijkstra, EWD 998, 1987; EWD998PCal.tla of tlaplus/Examples, with its constraint that every counter is
below 3. TLC counts a transition out of the constraint as generated; here it is none, so only states compare.
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Expected,
    Int,
    Model,
    Range,
    action,
    always,
    initial,
    require,
    sometimes,
)


class TerminationDetection(Model):
    """Node 0 knows by a token that went round that every node is idle, and no message is on its way."""

    nodes = Constant(3)
    below = Constant(3)

    Node = Range(0, nodes - 1)

    active = Array(Node, Bool())
    dark = Array(Node, Bool(init=True))
    counter = Array(Node, Int(0 - below * nodes, below - 1, init=0))
    pending = Array(Node, Int(0, below * nodes))
    token_at = Int(0, nodes - 1)
    token_count = Int(0 - below * nodes * nodes, below * nodes * nodes, init=0)
    token_dark = Bool(init=True)

    @initial(busy=Int(0, 7))
    def any_are_active(self, busy: int) -> None:
        """Each node may be active at first."""
        self.active = [busy // 2**n % 2 == 1 for n in self.Node]

    @action(n=Node, to=Node)
    def send(self, n: int, to: int) -> None:
        """An active node sends a message to another one."""
        require(self.active[n] and n != to)
        require(self.counter[n] + 1 < self.below)
        self.pending[to] += 1
        self.counter[n] += 1

    @action(n=Node)
    def receive(self, n: int) -> None:
        """A message makes its receiver active, and dark."""
        require(self.pending[n] > 0)
        self.pending[n] -= 1
        self.counter[n] -= 1
        self.active[n] = True
        self.dark[n] = True

    @action(n=Node)
    def rest(self, n: int) -> None:
        """A node becomes idle."""
        self.active[n] = False

    @action(n=Node)
    def pass_token(self, n: int) -> None:
        """An idle node adds its counter to the token, and its colour, and passes it on."""
        require(n != 0 and self.token_at == n and not self.active[n])
        self.token_at = n - 1
        self.token_count = self.token_count + self.counter[n]
        self.token_dark = self.dark[n] or self.token_dark
        self.dark[n] = False

    @action
    def start_again(self) -> None:
        """Node 0 sends the token round once more, if it cannot tell."""
        require(self.token_at == 0)
        require(self.dark[0] or self.token_dark or self.token_count + self.counter[0] != 0)
        self.token_at = self.nodes - 1
        self.token_count = 0
        self.token_dark = False
        self.dark[0] = False

    def detected(self) -> bool:
        """What node 0 takes for termination."""
        return (
            self.token_at == 0
            and not self.token_dark
            and not self.dark[0]
            and not self.active[0]
            and self.token_count + self.counter[0] == 0
        )

    @always
    def detection_is_right(self) -> bool:
        """What node 0 takes for termination is one."""
        return not self.detected() or all(not self.active[n] and self.pending[n] == 0 for n in self.Node)

    @always
    def counters_tell_what_is_on_its_way(self) -> bool:
        """The sum of all counters is the number of messages on their way."""
        return sum(self.counter) == sum(self.pending)

    @sometimes
    def termination_is_detected(self) -> bool:
        """Node 0 knows."""
        return self.detected()

    expected = (Expected({}, 321_370, source="tlaplus/Examples, EWD998PCal"),)
