"""Creating and deleting a table, and creating one of the same name again, while commands arrive late and more
than once.

A table's generation stands for the ids of its partitions: no id is used twice. Every node should get a
replica of the partition, which takes writes while a quorum of the nodes has one. Commands carry the epoch of
the admin that sent them.

1. Create: a conditioned write records generation, partitions and members, `creating`; the nodes are told; as
   soon as all have answered, one conditioned write makes the table `active`.
2. Delete: one conditioned write makes it `deleting`, from `creating` too; the nodes are told; the record is
   removed once so many have answered that the others are no quorum. A node that reports a partition without a
   record is told then.
3. A node refuses commands of an epoch below the highest that it has seen, durably, and answers with that.
4. A drop leaves a tombstone with the command's epoch, even where there was nothing. A create of a partition
   with a tombstone is refused.
5. A tombstone is removed when the node has seen an epoch above it: by then every create of that partition
   that is still under way is of an older epoch.

Source: Burrows, *The Chubby Lock Service*, OSDI 2006, 2.4 (sequencers against requests that arrive late).
"""

from dynaproof.model.language import (
    Array,
    Bool,
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
    always_possible,
    require,
    sometimes,
)


class Tables(Model):
    """A deleted table takes no write, an active one has its replicas, and nothing stays behind."""

    nodes = Constant(2)
    generations = Constant(2)
    epochs = Constant(2)

    Node = Scalar(nodes)
    Generation = Range(1, generations)
    Epoch = Range(1, epochs)

    status = Enum("none", "creating", "active", "deleting")
    generation = Int(0, generations)
    """Of the table there is, or was last."""
    epoch = Int(1, epochs)
    """Of the admin that is active."""
    creates = Set(Generation, Node, Epoch)
    drops = Set(Generation, Node, Epoch)
    """Commands, which stay under way for ever,"""
    made = Set(Generation, Node)
    gone = Set(Generation, Node)
    """and answers to them."""
    has = Set(Generation, Node)
    """The replicas that there are."""
    tombstone = Array(Generation, Node, Int(0, epochs))
    """The epoch of the drop; 0: there is none."""
    fence = Array(Node, Int(1, epochs))
    """The highest epoch that a node has seen."""
    was_active = Set(Generation)
    late_write = Bool()
    """A partition of a table that had been deleted has acknowledged a write."""

    # ---------------------------------------------------------------- users and admins

    @action
    def create_table(self) -> None:
        """A user creates the table (rule 1)."""
        require(self.status == "none" and self.generation < self.generations)
        self.status = "creating"
        self.generation = self.generation + 1

    @action
    def delete_table(self) -> None:
        """A user deletes it (rule 2)."""
        require(self.status in ("creating", "active"))
        self.status = "deleting"

    @action
    def take_over(self) -> None:
        """Another admin becomes active; commands of the one before are still under way."""
        require(self.epoch < self.epochs)
        self.epoch = self.epoch + 1

    @action(fair=True, n=Node)
    def send_create(self, n: int) -> None:
        """The admin tells a node to make its replica."""
        require(self.status == "creating")
        for g in self.Generation:
            for e in self.Epoch:
                if g == self.generation and e == self.epoch:
                    self.creates.add((g, n, e))

    @action(fair=True)
    def activate(self) -> None:
        """All nodes have answered (rule 1)."""
        require(self.status == "creating" and all((self.generation, n) in self.made for n in self.Node))
        self.status = "active"
        self.was_active.add(self.generation)

    @action(fair=True, n=Node)
    def send_drop(self, n: int) -> None:
        """The admin tells a node to drop its replica."""
        require(self.status == "deleting")
        for g in self.Generation:
            for e in self.Epoch:
                if g == self.generation and e == self.epoch:
                    self.drops.add((g, n, e))

    @action(fair=True)
    def remove_record(self) -> None:
        """The record goes (rule 2)."""
        require(self.status == "deleting" and self.may_remove())
        self.status = "none"

    # ---------------------------------------------------------------- nodes

    @action(fair=True, g=Generation, n=Node, e=Epoch)
    def receive_create(self, g: int, n: int, e: int) -> None:
        """A node makes its replica, however late it is told (rules 3 and 4)."""
        require((g, n, e) in self.creates and self.is_in_time(n, e) and self.may_create(g, n))
        require((g, n) not in self.has)
        self.has.add((g, n))
        self.made.add((g, n))
        self.fence[n] = max(self.fence[n], e)

    @action(fair=True, g=Generation, n=Node, e=Epoch)
    def receive_drop(self, g: int, n: int, e: int) -> None:
        """A node drops its replica, however late it is told (rules 3 and 4)."""
        require((g, n, e) in self.drops and self.is_in_time(n, e))
        for other in self.Generation:
            if self.names(g, other):
                self.has.discard((other, n))
        self.tombstone[g, n] = max(self.tombstone[g, n], e)
        self.gone.add((g, n))
        self.fence[n] = max(self.fence[n], e)

    @action(fair=True, g=Generation, n=Node)
    def report(self, g: int, n: int) -> None:
        """A node reports what it has, and the metadata, read after that, has no record of it (rule 2)."""
        require((g, n) in self.has and (self.status == "none" or self.generation > g))
        for e in self.Epoch:
            if e == self.epoch:
                self.drops.add((g, n, e))

    @action(g=Generation, n=Node)
    def purge(self, g: int, n: int) -> None:
        """A tombstone goes (rule 5)."""
        require(self.tombstone[g, n] > 0 and self.may_purge(g, n))
        self.tombstone[g, n] = 0

    @action(g=Generation)
    def write_arrives(self, g: int) -> None:
        """A router whose cache has a generation sends a write, and the partition acknowledges it."""
        require(g in self.was_active and self.takes_writes(g))
        if g != self.generation or self.status == "none":
            self.late_write = True

    # ---------------------------------------------------------------- what the rules require

    def may_remove(self) -> bool:
        """Whether the nodes that have not answered are no quorum (rule 2)."""
        return bool(2 * sum((self.generation, n) not in self.gone for n in self.Node) <= self.nodes)

    def takes_writes(self, g: int) -> bool:
        """Whether a quorum of the nodes has a replica."""
        return bool(2 * sum((g, n) in self.has for n in self.Node) > self.nodes)

    def is_in_time(self, n: int, e: int) -> bool:
        """Whether a node obeys a command of this epoch (rule 3)."""
        return bool(e >= self.fence[n])

    def may_create(self, g: int, n: int) -> bool:
        """Whether there is no tombstone (rule 4)."""
        return bool(self.tombstone[g, n] == 0)

    def may_purge(self, g: int, n: int) -> bool:
        """Whether the node has seen an epoch above the tombstone's (rule 5)."""
        return bool(self.fence[n] > self.tombstone[g, n])

    def names(self, g: int, other: int) -> bool:
        """Whether a command for one generation is for another one, too: an id is never used again."""
        return g == other

    # ---------------------------------------------------------------- promises

    @always
    def deleted_table_takes_nothing(self) -> bool:
        """No partition of a table whose record is gone acknowledges a write."""
        return not self.late_write

    @always
    def active_table_is_there(self) -> bool:
        """Every replica of an active table is there."""
        return self.status != "active" or all((self.generation, n) in self.has for n in self.Node)

    @always
    def no_quorum_without_a_record(self) -> bool:
        """Where there is no record, there is no quorum that could take writes."""
        return all(
            not self.takes_writes(g) or (self.status != "none" and g == self.generation)
            for g in self.Generation
        )

    @always_possible
    def settles(self) -> bool:
        """Every workflow can still end, with what is there being the active table's and nothing else."""
        return self.status in ("none", "active") and all(
            ((g, n) in self.has) == (g == self.generation and self.status == "active")
            for g in self.Generation
            for n in self.Node
        )

    @sometimes
    def second_table_beside_old_commands(self) -> bool:
        """The second table is active, no tombstone of the first one is left, and its commands are still under
        way.
        """
        return (
            self.generation == 2
            and self.status == "active"
            and all(self.tombstone[1, n] == 0 for n in self.Node)
        )

    expected = (Expected({}, 413_860, 2_411_222, 31),)
