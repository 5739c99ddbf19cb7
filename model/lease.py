"""Leader leases under bounded drift: at most one ballot may serve by its lease, and only the last one led.

Time passes in ticks. In a tick every clock advances by 1 (slow) or 2 (fast), chosen anew for each clock and
each tick, so that every clock's rate stays within [1 - rho, 1 + rho] of 3/2 units for rho = 1/3. Between two
ticks any number of messages may be received: delays are unbounded, and may be zero. A leader has its own
clock even if a grantor lives on the same node, which only adds behaviours.

1. A grantor that is asked by a ballot not below its promise grants L of its own clock from receipt. It
   promises no other ballot while that runs, and is free at >= L.
2. A leader asks in rounds. The send time travels with the question; asking again repeats it unchanged. It
   serves while a round that a quorum answered is, by the leader's clock and since it was *sent*, strictly
   younger than L (1 - rho) / (1 + rho), here L / 2.
3. A restarted grantor has forgotten its grants: it waits L before it promises anything.
4. A leader that stops for good may release what it was granted.

Timers are kept as the time left, ages as the time passed, so that no clock grows forever. A promise is
durable and a grant is not. `checkers/proofs/lease.py` proves the bound of rule 2 for all rates and delays;
this model adds ballots, restarts, releases and several rounds.

Sources: Gray and Cheriton, Leases, SOSP 1989; Lamport, Paxos Made Simple, 2.2.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Range,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
)


class Lease(Model):
    """Whoever may serve by a lease leads the last ballot, so it serves alone and misses no write."""

    grantors = Constant(3)
    ballots = Constant(3)
    rounds = Constant(1)
    lease = Constant(4)
    crashes = Constant(1)

    Grantor = Scalar(grantors)
    Ballot = Range(1, ballots)
    Round = Range(1, rounds)
    Fast = Range(0, 7)
    """Which clocks are fast in a tick, as bits: of three grantors and three leaders; any more stay slow."""

    promised = Array(Grantor, Int(0, ballots))
    granted_to = Array(Grantor, Int(0, ballots))
    left = Array(Grantor, Int(0, lease))
    crashed = Int(0, crashes)

    role = Array(Ballot, Enum("candidate", "leader", "released"))
    promises = Set(Ballot, Grantor)
    age = Array(Ballot, Round, Int(0, lease), init=lease)
    answered = Set(Ballot, Round, Grantor)

    # ---------------------------------------------------------------- electing

    @action(g=Grantor, b=Ballot)
    def promise(self, g: int, b: int) -> None:
        """A grantor promises, unless a lease that it granted, or its wait after a restart, still runs."""
        require(self.role[b] == "candidate" and self.promised[g] < b)
        require(self.left[g] == 0)
        self.promised[g] = b
        self.promises.add((b, g))

    @action(b=Ballot)
    def lead(self, b: int) -> None:
        """A quorum's promises have arrived."""
        require(self.role[b] == "candidate")
        require(2 * sum((b, g) in self.promises for g in self.Grantor) > self.grantors)
        self.role[b] = "leader"
        for g in self.Grantor:
            self.promises.discard((b, g))

    # ---------------------------------------------------------------- the lease

    @action(b=Ballot, k=Round)
    def ask(self, b: int, k: int) -> None:
        """A leader begins a round; the question carries the time at which it is sent."""
        require(self.role[b] == "leader" and not self.young(self.age[b, k]))
        self.age[b, k] = 0

    @action(g=Grantor, b=Ballot, k=Round)
    def grant(self, g: int, b: int, k: int) -> None:
        """A question arrives, however late or often: the grantor is bound for L from now, and answers.

        The answer counts for its own round only, and nothing depends on when it arrives: so it does at once.
        """
        require(self.role[b] != "candidate" and self.promised[g] <= b)
        self.promised[g] = b
        self.granted_to[g] = b
        self.left[g] = self.lease
        if self.young(self.age[b, k]):
            self.answered.add((b, k, g))

    @action(b=Ballot)
    def release(self, b: int) -> None:
        """A leader stops serving for good."""
        require(self.role[b] == "leader")
        self.role[b] = "released"

    @action(g=Grantor, b=Ballot)
    def receive_release(self, g: int, b: int) -> None:
        """A grantor hears of it, and is free."""
        require(self.role[b] == "released" and self.granted_to[g] == b)
        self.left[g] = 0
        self.granted_to[g] = 0

    @action(g=Grantor)
    def restart(self, g: int) -> None:
        """A grantor restarts: its promise is durable, its grants are forgotten, so it waits."""
        require(self.crashed < self.crashes)
        self.crashed = self.crashed + 1
        self.granted_to[g] = 0
        self.left[g] = self.lease

    @action(grantors_fast=Fast, leaders_fast=Fast)
    def tick(self, grantors_fast: int, leaders_fast: int) -> None:
        """Time passes: every clock advances by one unit, the fast ones by two.

        A round that is too old to be used is forgotten, with its answers.
        """
        for bit, g in enumerate(self.Grantor):  # All numbers happen, so any bit may be any clock's.
            left = max(self.left[g] - 1 - grantors_fast // 2**bit % 2, 0)
            self.left[g] = left
            if left == 0:
                self.granted_to[g] = 0
        for b in self.Ballot:
            for k in self.Round:
                age = min(self.age[b, k] + 1 + leaders_fast // 2 ** (b - 1) % 2, self.lease)
                self.age[b, k] = age if self.young(age) else self.lease
                if not self.young(age):
                    for g in self.Grantor:
                        self.answered.discard((b, k, g))

    # ---------------------------------------------------------------- the age of a round

    def young(self, age: int) -> bool:
        """Whether a round may be used: age < L (1 - rho) / (1 + rho), with rho = 1/3: rule 2."""
        return bool(2 * age < self.lease)

    # ---------------------------------------------------------------- what is promised

    def leased(self, b: int) -> bool:
        """A quorum has answered a round that is still young: rule 2."""
        return any(
            self.young(self.age[b, k])
            and 2 * sum((b, k, g) in self.answered for g in self.Grantor) > self.grantors
            for k in self.Round
        )

    def may_serve(self, b: int) -> bool:
        """Whether a ballot's leader may answer by its lease: rules 2 and 4."""
        return bool(self.role[b] == "leader" and self.leased(b))

    @always(spec="one_lease_holder")
    def one_lease_holder(self) -> bool:
        """At most one ballot may serve by its lease."""
        return sum(self.may_serve(b) for b in self.Ballot) <= 1

    @always
    def holder_is_led_last(self) -> bool:
        """While a ballot may serve by its lease no later one is led, so none gets anything chosen either."""
        return all(
            not self.may_serve(b) or self.role[c] == "candidate"
            for b in self.Ballot
            for c in self.Ballot
            if c > b
        )

    @sometimes
    def last_ballot_serves(self) -> bool:
        """The last ballot serves, after every other had been led."""
        return self.may_serve(self.ballots) and all(self.role[b] != "candidate" for b in self.Ballot)

    @sometimes
    def serves_past_a_restart(self) -> bool:
        """A leader serves although a grantor that its quorum needs has forgotten it."""
        return self.crashed > 0 and any(
            self.may_serve(b) and 2 * sum(self.granted_to[g] == b for g in self.Grantor) <= self.grantors
            for b in self.Ballot
        )

    @sometimes
    def led_early_thanks_to_a_release(self) -> bool:
        """A ballot is led while the lease of a released one would still be usable."""
        return any(
            self.role[b] == "released" and self.leased(b) and self.role[c] == "leader"
            for b in self.Ballot
            for c in self.Ballot
            if c > b
        )

    expected = (
        Expected({}, 2_450_458, 173_468_082, 34, symmetry=True, source="our explorer"),
        Expected({"ballots": 2}, 92_660, 6_492_688, 24, symmetry=True, source="our explorer"),
        Expected(
            {"ballots": 2, "rounds": 2}, 4_096_448, 301_459_167, 32, symmetry=True, source="our explorer"
        ),
    )
