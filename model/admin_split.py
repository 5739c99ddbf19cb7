"""The workflow of a split, with a repair of the same partition beside it, nodes that come late, and a split
of a child.

Partition p has the children 2p and 2p + 1. Of four nodes three host a partition: 0, 1, and 2 or, after a
repair, 3. Consensus is what an existing quorum chooses. Commands arrive late and more than once; each change
of the metadata is one conditioned write.

A4. One workflow at a time has a partition. A repair may be given up at any step, with its command still under
    way.
A11. Nodes report what they host. A replica that is in no config of its partition is dropped; one of a
    partition without a record is kept as long as a workflow names that partition.
A12. A split: (1) the plan records the children's ids; (2) the leader is told to propose the `Split`, at the
    config epoch that the plan expects, and the `Split` names the voters of the children: those of the config
    that governs it; (3) when it is chosen, one write takes the parent out, brings both children in, and adds
    the edges of the lineage; (4) when every voter of each child has been made, or the child is itself split
    and the same is true of its children, the parent is dropped.
H2. What a node has lost or dropped never returns as the same incarnation: the mark says so.
H3. A node that the `Split` names makes the child from the parent's replica, as soon as that has applied the
    `Split`, however late.
H5. Behind the barrier the leader refuses configs for good.
H10. A node without that replica makes the child by copying a peer's.

Source: DynamoDB (ATC 2022), 4.2 (split).
"""

from dynaproof.model.language import (
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


class AdminSplit(Model):
    """Listed partitions cover every key once, each keeps a quorum, and all can become whole again."""

    splits = Constant(1)
    losses = Constant(1)

    Partition = Range(1, 2 * splits + 1)
    Node = Range(0, 3)
    Key = Range(0, 3)

    there = Set(Partition, Node, init=frozenset({(1, 0), (1, 1), (1, 2)}))
    """The replicas that there are,"""
    gone = Set(Partition, Node)
    """and those that were lost or dropped: the node's journal remembers."""
    barrier = Set(Partition)
    """Partitions whose `Split` is chosen."""
    swapped = Set(Partition)
    """Those in whose config node 3 votes in the place of node 2."""

    listed = Set(Partition, init=frozenset({1}))
    """The metadata: who serves,"""
    closed = Set(Partition)
    """who is split, in the lineage,"""
    splitting = Set(Partition)
    repairing = Set(Partition)
    """and which workflow has a partition."""
    asked_split = Set(Partition)
    asked_replace = Set(Partition)
    dropping = Set(Partition)
    """Commands that were sent."""
    lost = Int(0, losses)

    # ---------------------------------------------------------------- the metadata, by any admin

    @action(fair=True, p=Partition)
    def plan_split(self, p: int) -> None:
        """A workflow takes the partition (A4, A12.1); in the end all are split that may be."""
        require(p in self.listed and p <= self.splits and p not in self.splitting and p not in self.repairing)
        self.splitting.add(p)

    @action(fair=True, p=Partition)
    def ask_split(self, p: int) -> None:
        """The leader is told to split (A12.2)."""
        require(p in self.splitting)
        self.asked_split.add(p)

    @action(fair=True, p=Partition)
    def list_children(self, p: int) -> None:
        """The children take the place of their parent (A12.3)."""
        require(p in self.splitting and p in self.listed and self.may_list(p))
        self.listed = {q for q in self.listed if q != p} | {q for q in self.Partition if q // 2 == p}
        self.closed.add(p)

    @action(fair=True, p=Partition)
    def drop_parent(self, p: int) -> None:
        """The nodes are told to drop the parent, and the workflow ends (A12.4)."""
        require(p in self.splitting and p in self.closed and p not in self.listed and self.may_drop(p))
        self.splitting.discard(p)
        self.dropping.add(p)

    @action(fair=True, p=Partition)
    def plan_repair(self, p: int) -> None:
        """A workflow takes the partition whose replica on node 2 is lost (A4)."""
        require(p in self.listed and (p, 2) in self.gone and p not in self.swapped)
        require(p not in self.splitting and p not in self.repairing)
        self.repairing.add(p)

    @action(fair=True, p=Partition)
    def make_learner(self, p: int) -> None:
        """Node 3 makes a learner, as a copy of a peer."""
        require(
            p in self.repairing and (p, 3) not in self.there and (p, 3) not in self.gone and self.alive(p)
        )
        self.there.add((p, 3))

    @action(fair=True, p=Partition)
    def ask_replace(self, p: int) -> None:
        """The leader is told to replace the voter."""
        require(p in self.repairing and (p, 3) in self.there)
        self.asked_replace.add(p)

    @action(fair=True, p=Partition)
    def finish_repair(self, p: int) -> None:
        """It has been done, or the partition is split: then its children have to be looked at."""
        require(p in self.repairing and (p in self.swapped or p in self.barrier))
        self.repairing.discard(p)

    @action(p=Partition)
    def give_up_repair(self, p: int) -> None:
        """The repair is given up, its command still under way (A4)."""
        require(p in self.repairing)
        self.repairing.discard(p)

    # ---------------------------------------------------------------- the partition's leader

    @action(fair=True, p=Partition)
    def choose_split(self, p: int) -> None:
        """The `Split` is chosen, and the governing config names the children's voters (A12.2)."""
        require(p in self.asked_split and p not in self.barrier and self.alive(p))
        self.barrier.add(p)
        if p in self.swapped:
            for c in self.Partition:
                if c // 2 == p:
                    self.swapped.add(c)

    @action(fair=True, p=Partition)
    def choose_replace(self, p: int) -> None:
        """A config is chosen, however late it was asked for (H5)."""
        require(p in self.asked_replace and p not in self.swapped and self.may_replace(p) and self.alive(p))
        require((p, 3) in self.there)
        self.swapped.add(p)

    # ---------------------------------------------------------------- storage nodes

    @action(fair=True, p=Partition, n=Node)
    def make_child(self, p: int, n: int) -> None:
        """A node makes a child from its parent's replica (H3)."""
        require(p > 1 and (p // 2, n) in self.there and self.is_born(p))
        require(self.votes(p, n) and (p, n) not in self.there and self.may_make(p, n))
        self.there.add((p, n))

    @action(fair=True, p=Partition, n=Node)
    def copy_child(self, p: int, n: int) -> None:
        """A node makes a child as a copy of a peer's (H10)."""
        require(p > 1 and self.votes(p, n) and (p, n) not in self.there and (p, n) not in self.gone)
        require(self.alive(p))
        self.there.add((p, n))

    @action(fair=True, p=Partition, n=Node)
    def drop(self, p: int, n: int) -> None:
        """A node drops a replica: it is told to (A12.4), or reported one that no config names (A11)."""
        require((p, n) in self.there)
        require(p in self.dropping or (not self.votes(p, n) and (p in self.barrier or n == 2)))
        self.there.discard((p, n))
        self.gone.add((p, n))

    @action(p=Partition)
    def lose(self, p: int) -> None:
        """Node 2 loses a replica, while no other voter has lost one; who was not made has lost nothing."""
        require((p, 2) in self.there and p not in self.swapped and self.lost < self.losses)
        require((p, 0) not in self.gone and (p, 1) not in self.gone)
        self.lost = self.lost + 1
        self.there.discard((p, 2))
        self.gone.add((p, 2))

    # ---------------------------------------------------------------- what the rules require

    def votes(self, p: int, n: int) -> bool:
        """Whether a node is in a partition's config."""
        return n < 2 or (p in self.swapped) == (n == 3)

    def alive(self, p: int) -> bool:
        """Whether a quorum of the voters is there."""
        return sum((p, n) in self.there and self.votes(p, n) for n in self.Node) > 1

    def whole(self, p: int) -> bool:
        """Whether all three voters are there."""
        return all((p, n) in self.there for n in self.Node if self.votes(p, n))

    def is_born(self, p: int) -> bool:
        """Whether the split of a partition's parent is chosen."""
        return any(q == p // 2 for q in self.barrier)

    def holds(self, p: int, n: int) -> bool:
        """Whether a node has a partition's data: its replica, or its parent's, from which it makes that."""
        return (p, n) in self.there or (
            p > 1 and (p, n) not in self.gone and self.is_born(p) and self.holds(p // 2, n)
        )

    def may_list(self, p: int) -> bool:
        """Whether the `Split` is chosen (A12.3)."""
        return p in self.barrier

    def may_drop(self, p: int) -> bool:
        """Whether the parent is not needed any more (A12.4)."""
        return all(self.is_settled(c) for c in self.Partition if c // 2 == p)

    def is_settled(self, p: int) -> bool:
        """Whether all voters of a child have been made, or those of its own children."""
        return self.whole(p) or (p in self.closed and p in self.dropping)

    def may_make(self, p: int, n: int) -> bool:
        """Whether a node never had it (H2)."""
        return (p, n) not in self.gone

    def may_replace(self, p: int) -> bool:
        """Whether the leader still proposes configs (H5)."""
        return p not in self.barrier

    def in_range(self, p: int, k: int) -> bool:
        """Whether a key is a partition's."""
        return (
            p == 1 or (p == 2 and k < 2) or (p == 3 and k > 1) or (p == 4 and k == 0) or (p == 5 and k == 1)
        )

    # ---------------------------------------------------------------- promises

    @always(spec="one_owner_per_key")
    def ranges_cover_once(self) -> bool:
        """In every committed state of the metadata one partition is listed for each key."""
        return all(
            sum(p in self.listed and self.in_range(p, k) for p in self.Partition) == 1 for k in self.Key
        )

    @always(spec="lineage_is_a_tree_that_covers")
    def parents_are_closed(self) -> bool:
        """Whoever is in the lineage is the root, or a child of one that is closed."""
        return all(
            (p not in self.listed and p not in self.closed) or p == 1 or any(q == p // 2 for q in self.closed)
            for p in self.Partition
        )

    @always(spec="lineage_is_a_tree_that_covers")
    def children_are_there(self) -> bool:
        """Whoever is closed has all its children in the lineage."""
        return all(
            not any(q == p // 2 for q in self.closed) or p in self.listed or p in self.closed
            for p in self.Partition
        )

    @always(spec="acknowledged_writes_survive")
    def quorum_survives(self) -> bool:
        """Two voters of every listed partition have its data."""
        return all(sum(self.votes(p, n) and self.holds(p, n) for n in self.Node) > 1 for p in self.listed)

    @always(spec="forgetful_never_vote")
    def nobody_comes_back(self) -> bool:
        """What was lost or dropped is never there again as the same incarnation."""
        return all((p, n) not in self.there for p, n in self.gone)

    @always_possible
    def ends_whole(self) -> bool:
        """All can still end well, however often repairs were given up."""
        return self.all_is_well()

    def all_is_well(self) -> bool:
        """Whether all is split that may be, listed partitions have their voters, and nothing else is left."""
        return (
            all(p in self.closed for p in self.Partition if p <= self.splits)
            and len(self.splitting) == 0
            and len(self.repairing) == 0
            and all(self.whole(p) for p in self.listed)
            and all(p in self.listed and self.votes(p, n) for p, n in self.there)
        )

    @sometimes
    def split_with_a_lost_voter(self) -> bool:
        """The children are listed, and node 2, which has lost the parent, has not made its child yet."""
        return (
            1 in self.closed
            and (1, 2) in self.gone
            and (2, 2) not in self.there
            and 1 not in self.swapped
            and 1 not in self.dropping
        )

    @sometimes
    def repaired_before_the_split(self) -> bool:
        """A late replacement came just before the barrier, and node 3 has a child."""
        return (2, 3) in self.there and 1 not in self.repairing

    expected = (
        Expected({}, 1_055, 4_884, 21),
        Expected({"splits": 2, "losses": 2}, 280_971, 2_138_955, 41),
    )
