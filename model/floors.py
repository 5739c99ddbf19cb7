"""What a node may forget of the replicas that it has dropped, while commands arrive late and more than once.

Two partitions may have a replica on the node: partition 0 is the metadata, whose own leader commands it; the
other one is an admin's. No incarnation of a replica is named twice. Commands stay under way forever, so a
deposed admin or leader that does not know it yet behaves exactly like one whose commands arrive late.

1. An admin's command carries its term; those for the metadata carry none (0). A node keeps the highest term
   that it has seen, its fence, and refuses commands of lower terms; for the metadata it does not look at the
   term.
2. An admin, or the metadata's leader, has a replica made while it is named, and dropped when it no longer is.
   The node refuses to make what is not above the floor: the highest incarnation that it has dropped.
3. A drop is of one incarnation, and is recorded even where that is absent; but not while an older one lives.
4. A floor is forgotten when the fence is above the term that dropped. Drops by the metadata's leader carry no
   term: no fence holds off an earlier leader, so that floor stays forever.

Source: Burrows, *The Chubby Lock Service*, OSDI 2006, 2.4 (sequencers against requests that arrive late).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Expected,
    Int,
    Model,
    Range,
    Set,
    action,
    always,
    always_possible,
    require,
    sometimes,
)

METADATA = 0


class Floors(Model):
    """What was dropped never comes back, and what is named can be there."""

    partitions = Constant(2)
    incarnations = Constant(2)
    terms = Constant(2)

    Partition = Range(METADATA, partitions - 1)
    Incarnation = Range(1, incarnations)
    Term = Range(0, terms)

    term = Int(1, terms)
    """Of the admin that is active."""
    given = Array(Partition, Int(0, incarnations))
    """The highest incarnation that was given out,"""
    named = Array(Partition, Int(0, incarnations))
    """and the one that is named; 0: none."""
    creates = Set(Partition, Incarnation, Term)
    drops = Set(Partition, Incarnation, Term)
    has = Array(Partition, Int(0, incarnations))
    """The incarnation that is there; 0: none."""
    floor = Array(Partition, Int(0, incarnations))
    """The highest incarnation that the node knows it has dropped; 0: none,"""
    dropped_by = Array(Partition, Int(0, terms))
    """and the highest term that dropped."""
    fence = Int(1, terms)
    dropped = Set(Partition, Incarnation)
    """What was dropped, whatever the node has forgotten."""
    came_back = Bool()

    # ---------------------------------------------------------------- the admins and the metadata's leader

    @action
    def take_over(self) -> None:
        """Another admin becomes active."""
        require(self.term < self.terms)
        self.term = self.term + 1

    @action(p=Partition)
    def name(self, p: int) -> None:
        """A new incarnation is planned."""
        require(self.named[p] == 0 and self.given[p] < self.incarnations)
        self.given[p] = self.given[p] + 1
        self.named[p] = self.given[p] + 1

    @action(p=Partition)
    def leave(self, p: int) -> None:
        """It is named no more."""
        require(self.named[p] > 0)
        self.named[p] = 0

    @action(fair=True, p=Partition, i=Incarnation, t=Term)
    def send_create(self, p: int, i: int, t: int) -> None:
        """The node is told to make what is named (rules 1 and 2)."""
        require(i == self.named[p] and t == self.commands_with(p))
        self.creates.add((p, i, t))

    @action(fair=True, p=Partition, i=Incarnation, t=Term)
    def send_drop(self, p: int, i: int, t: int) -> None:
        """The node is told to drop what is named no more (rules 1 and 2)."""
        require(i <= self.given[p] and i != self.named[p] and t == self.commands_with(p))
        self.drops.add((p, i, t))

    # ---------------------------------------------------------------- the node

    @action(fair=True, p=Partition, i=Incarnation, t=Term)
    def receive_create(self, p: int, i: int, t: int) -> None:
        """It makes a replica, however late it is told (rules 1 and 2)."""
        require((p, i, t) in self.creates and self.obeys(p, t))
        require(self.has[p] == 0 and i > self.floor[p])
        self.has[p] = i
        self.fence = max(self.fence, t)
        if (p, i) in self.dropped:
            self.came_back = True

    @action(fair=True, p=Partition, i=Incarnation, t=Term)
    def receive_drop(self, p: int, i: int, t: int) -> None:
        """It drops a replica, however late it is told (rules 1 and 3)."""
        require((p, i, t) in self.drops and self.obeys(p, t))
        require(self.has[p] == 0 or self.has[p] >= i)
        if self.has[p] == i:
            self.has[p] = 0
        self.floor[p] = max(self.floor[p], i)
        self.dropped_by[p] = max(self.dropped_by[p], t)
        self.fence = max(self.fence, t)
        self.dropped.add((p, i))

    @action(fair=True)
    def hear_of_the_term(self) -> None:
        """The active admin tells its term (rule 1)."""
        self.fence = self.term

    @action(p=Partition)
    def forget_a_floor(self, p: int) -> None:
        """The node forgets what it has dropped (rule 4)."""
        require(self.floor[p] > 0 and self.may_forget(p))
        self.floor[p] = 0
        self.dropped_by[p] = 0

    # ---------------------------------------------------------------- what the rules require

    def commands_with(self, p: int) -> int:
        """The term of a command that is sent now (rule 1)."""
        return 0 if p == METADATA else int(self.term)

    def obeys(self, p: int, t: int) -> bool:
        """Whether the node obeys a command of this term (rule 1)."""
        return bool(p == METADATA or t >= self.fence)

    def may_forget(self, p: int) -> bool:
        """Whether the fence holds off every command to make what was dropped (rule 4)."""
        return bool(0 < self.dropped_by[p] < self.fence)

    # ---------------------------------------------------------------- promises

    @always
    def dropped_stays_dropped(self) -> bool:
        """No incarnation is made once the node has dropped it."""
        return not self.came_back

    @always_possible
    def settles(self) -> bool:
        """What is named can be there, and nothing else."""
        return all(self.has[p] == self.named[p] for p in self.Partition)

    @sometimes
    def successor_lives_beside_old_commands(self) -> bool:
        """The second incarnation is there, the floor is forgotten, commands for the first are under way."""
        return any(
            self.has[p] == 2 and self.floor[p] == 0 and any(q == p and i == 1 for q, i, _ in self.creates)
            for p in self.Partition
        )

    expected = (Expected({}, 134_550, 1_133_276, 26),)
