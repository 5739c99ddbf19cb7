"""Lamport's mutual exclusion by logical clocks, over channels that keep their order.

Source: Lamport, Time, Clocks, and the Ordering of Events in a Distributed System, 1978; LamportMutex.tla of
tlaplus/Examples, whose constraint is that no clock exceeds `max_clock`. TLC counts a transition out of the
constraint as generated; here it is none, so only states and depth compare.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Range,
    Seq,
    Set,
    Tuple,
    action,
    always,
    require,
    sometimes,
)


class LamportMutex(Model):
    """At most one process is in its critical section."""

    processes = Constant(3)
    max_clock = Constant(6)

    Process = Range(0, processes - 1)

    clock = Array(Process, Int(1, max_clock))
    asked = Array(Process, Process, Int(0, max_clock))
    acknowledged = Array(Process, Set(Process))
    network = Array(Process, Process, Seq(Tuple(Enum("request", "answer", "release"), Int(0, max_clock)), 3))
    critical = Set(Process)

    def broadcast(self, p: int, kind: str, time: int) -> None:
        """Send to everyone else."""
        for q in self.Process:
            if q != p:
                self.network[p, q].append((kind, time))

    def beats(self, p: int, q: int) -> bool:
        """Whether the request of `p` comes before that of `q`, as far as `p` knows."""
        mine, other = self.asked[p, p], self.asked[p, q]
        return other == 0 or mine < other or (mine == other and p < q)

    @action(p=Process)
    def request(self, p: int) -> None:
        """A process asks everyone."""
        require(self.asked[p, p] == 0)
        self.asked[p, p] = self.clock[p]
        self.broadcast(p, "request", self.clock[p])
        self.acknowledged[p] = {p}

    @action(p=Process, q=Process)
    def receive_request(self, p: int, q: int) -> None:
        """It notes the request of another one, and answers."""
        require(len(self.network[q, p]) > 0 and self.network[q, p][0][0] == "request")
        time = self.network[q, p][0][1]
        later = max(time, self.clock[p]) + 1
        require(later <= self.max_clock)
        self.asked[p, q] = time
        self.clock[p] = later
        self.network[q, p] = self.network[q, p][1:]
        self.network[p, q].append(("answer", 0))

    @action(p=Process, q=Process)
    def receive_answer(self, p: int, q: int) -> None:
        """It hears that another one knows of its request."""
        require(len(self.network[q, p]) > 0 and self.network[q, p][0][0] == "answer")
        self.acknowledged[p].add(q)
        self.network[q, p] = self.network[q, p][1:]

    @action(p=Process)
    def enter(self, p: int) -> None:
        """Everyone knows, and nobody was earlier."""
        require(all(q in self.acknowledged[p] for q in self.Process))
        require(all(q == p or self.beats(p, q) for q in self.Process))
        self.critical.add(p)

    @action(p=Process)
    def leave(self, p: int) -> None:
        """It tells everyone that it is done."""
        require(p in self.critical)
        self.critical.discard(p)
        self.broadcast(p, "release", 0)
        self.asked[p, p] = 0
        self.acknowledged[p] = set()

    @action(p=Process, q=Process)
    def receive_release(self, p: int, q: int) -> None:
        """It forgets the request of another one that is done."""
        require(len(self.network[q, p]) > 0 and self.network[q, p][0][0] == "release")
        self.asked[p, q] = 0
        self.network[q, p] = self.network[q, p][1:]

    @always
    def mutual_exclusion(self) -> bool:
        """At most one process is in its critical section."""
        return len(self.critical) <= 1

    @sometimes
    def all_clocks_run(self) -> bool:
        """Every clock has run as far as it may."""
        return all(self.clock[p] == self.max_clock for p in self.Process)

    expected = (Expected({}, 724_274, depth=61, source="tlaplus/Examples, MCLamportMutex"),)
