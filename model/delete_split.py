"""Deleting a table while one of its partitions is being split, with nodes that come late.

Nodes may have a replica of the parent, partition 1, and of a child, partition 2 (the other child is like it).
One write of the metadata makes the table `deleting`, whatever workflow runs; the commands of that workflow
are still under way.

A7. A node that is told to drop a partition buries it, even if it has no replica of it: what is buried is
    never made there again.
A11. A replica that a node reports is dropped if its partition has no record.
A14. `DropPartition` goes to every node for the parent *and* for the child, whose id the split's workflow has
    recorded, whether or not it has been made. The record is removed when for each of these ids all nodes but
    one have answered: so no replica that is left has a quorum.
H3. A node whose replica of the parent has applied the `Split` makes the child, however late.

Source: DynamoDB (ATC 2022), 4.2 (split); Burrows, *The Chubby Lock Service*, OSDI 2006, 2.4 (against requests
that arrive late).
"""

from dynaproof.model.language import (
    Bool,
    Constant,
    Enum,
    Expected,
    Model,
    Range,
    Scalar,
    Set,
    action,
    always,
    eventually,
    initial,
    require,
    sometimes,
)


class DeleteSplit(Model):
    """When the record is gone no partition of the table has a quorum, and in the end no node has anything."""

    nodes = Constant(3)

    Node = Scalar(nodes)
    Partition = Range(1, 2)

    status = Enum("active", "deleting", "gone")
    """Of the table, in the metadata."""
    asked_split = Bool()
    barrier = Bool()
    """The `Split` is chosen."""
    has = Set(Partition, Node)
    """The replicas that there are,"""
    buried = Set(Partition, Node)
    """and what is never made again."""
    drops = Set(Partition, Node)
    """Commands, which stay under way for ever,"""
    answered = Set(Partition, Node)
    """and answers to them."""

    @initial
    def the_parent_is_there(self) -> None:
        """Every node has a replica of it."""
        for n in self.Node:
            self.has.add((1, n))

    # ---------------------------------------------------------------- users and admins

    @action(fair=True)
    def ask_split(self) -> None:
        """The split's workflow has recorded the child's id, and tells the leader (A12)."""
        require(self.status == "active")
        self.asked_split = True

    @action(fair=True)
    def delete_table(self) -> None:
        """A user deletes the table, sooner or later (A14)."""
        require(self.status == "active")
        self.status = "deleting"

    @action(fair=True, p=Partition, n=Node)
    def send_drop(self, p: int, n: int) -> None:
        """A node is told to drop a partition (A14), or what it has reported (A11)."""
        require(self.status == "deleting" or (self.status == "gone" and (p, n) in self.has))
        self.drops.add((p, n))

    @action(fair=True)
    def remove_record(self) -> None:
        """The record goes (A14)."""
        require(self.status == "deleting" and all(self.may_remove(p) for p in self.Partition))
        self.status = "gone"

    # ---------------------------------------------------------------- the parent's leader, and nodes

    @action(fair=True)
    def choose_split(self) -> None:
        """The `Split` is chosen, however late it was asked for."""
        require(self.asked_split and not self.barrier and self.has_quorum(1))
        self.barrier = True

    @action(fair=True, n=Node)
    def make_child(self, n: int) -> None:
        """A node makes the child from its parent's replica (H3)."""
        require(self.barrier and (1, n) in self.has and (2, n) not in self.has and (2, n) not in self.buried)
        self.has.add((2, n))

    @action(fair=True, p=Partition, n=Node)
    def receive_drop(self, p: int, n: int) -> None:
        """A node obeys, however late (A7)."""
        require((p, n) in self.drops)
        self.buried.add((p, n))
        self.has.discard((p, n))
        self.answered.add((p, n))

    # ---------------------------------------------------------------- what the rules require

    def has_quorum(self, p: int) -> bool:
        """Whether a partition can take writes."""
        return bool(2 * sum((p, n) in self.has for n in self.Node) > self.nodes)

    def may_remove(self, p: int) -> bool:
        """Whether all nodes but one have answered for a partition (A14)."""
        return sum((p, n) not in self.answered for n in self.Node) <= 1

    # ---------------------------------------------------------------- promises

    @always(spec="removed_tables_take_no_writes")
    def no_quorum_without_a_record(self) -> bool:
        """No partition of a table that is gone can take writes."""
        return self.status != "gone" or not any(self.has_quorum(p) for p in self.Partition)

    @eventually
    def nothing_stays(self) -> bool:
        """The table is deleted, and no node has anything of it."""
        return self.status == "gone" and len(self.has) == 0

    @sometimes
    def child_made_after_the_record(self) -> bool:
        """A late node has a child of a table whose record is gone."""
        return self.status == "gone" and any((2, n) in self.has for n in self.Node)

    expected = (Expected({}, 5_032, 52_303, 17),)
