"""A table is deleted whose partition has had other voters, while some nodes are away for good.

1. The admin plans the next config, has it chosen, records it, and then plans another one. Commands to choose
   what was planned stay under way for ever.
2. Who accepts a config has accepted all before it. A config is chosen by a quorum of the one before it. A
   quorum without anybody that has accepted a later config serves.
3. Once the table is being deleted, all nodes are told to drop their replicas.
4. The record goes once those that have not dropped theirs are no quorum of the recorded config, and none of
   the one that is planned. Nodes that only earlier configs name are not waited for.

Three voters; the first two are replaced, one after the other.

Source: Lamport, Malkhi, Zhou, *Reconfiguring a State Machine*, SIGACT News 2010 (a config is chosen by the
one before it); docs/table.md, A14.
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
    eventually,
    require,
    sometimes,
)

VOTERS = 3


class Deletion(Model):
    """A deleted partition is never served again, and nodes that have left do not keep it."""

    changes = Constant(2)

    Node = Range(0, VOTERS + changes - 1)

    log = Array(Node, Int(0, changes))
    """The latest config that a node has accepted."""
    chosen = Int(0, changes)
    planned = Int(0, changes)
    recorded = Int(0, changes)
    """The latest config that was chosen, planned, recorded."""
    deleting = Bool()
    dropped = Set(Node)
    gone = Bool()
    """Whether the record is gone."""

    # ---------------------------------------------------------------- configs

    def names(self, config: int, n: int) -> bool:
        """Whether a config names a node: each replaces the first of the one before it."""
        return config <= n < config + VOTERS

    def enough(self, config: int, nodes: list[int]) -> bool:
        """Whether a quorum of a config is among these nodes."""
        return 2 * sum(self.names(config, n) for n in nodes) > VOTERS

    @action
    def plan(self) -> None:
        """The admin plans to replace a voter (rule 1)."""
        require(not self.deleting and self.planned == self.recorded and self.planned < self.changes)
        self.planned = self.planned + 1

    @action(n=Node)
    def accept(self, n: int) -> None:
        """A node accepts the next config, however late that is proposed (rules 1 and 2)."""
        require(n not in self.dropped and self.log[n] == self.chosen and self.chosen < self.planned)
        self.log[n] = self.chosen + 1
        if self.enough(self.chosen, [one for one in self.Node if self.log[one] > self.chosen]):
            self.chosen = self.chosen + 1

    @action(n=Node)
    def overwrite(self, n: int) -> None:
        """Another leader, which has not heard of a config, has something else accepted in its place."""
        require(n not in self.dropped and self.log[n] > self.chosen)
        self.log[n] = self.chosen

    @action(n=Node)
    def learn(self, n: int) -> None:
        """A node learns a config that was chosen."""
        require(n not in self.dropped and self.log[n] < self.chosen)
        self.log[n] = self.log[n] + 1

    @action
    def record(self) -> None:
        """The admin hears what was chosen (rule 1)."""
        require(not self.deleting and self.recorded < self.chosen)
        self.recorded = self.recorded + 1

    # ---------------------------------------------------------------- the end

    @action(fair=True)
    def delete(self) -> None:
        """A user deletes the table."""
        require(not self.deleting)
        self.deleting = True

    @action(fair=True, n=Node)
    def drop(self, n: int) -> None:
        """A node drops its replica (rule 3)."""
        require(self.deleting and n not in self.dropped and self.may_vote(n))
        self.dropped.add(n)

    @action(n=Node)
    def drop_after_leaving(self, n: int) -> None:
        """A node that has left may be away for good, and never drop it."""
        require(self.deleting and n not in self.dropped and not self.may_vote(n))
        self.dropped.add(n)

    def may_vote(self, n: int) -> bool:
        """Whether the recorded config names a node, or the planned one does."""
        return self.names(self.recorded, n) or self.names(self.planned, n)

    @action(fair=True)
    def remove(self) -> None:
        """The record goes (rule 4)."""
        require(self.deleting and not self.gone)
        left = [n for n in self.Node if n not in self.dropped]
        require(not self.enough(self.recorded, left) and not self.enough(self.planned, left))
        self.gone = True

    # ---------------------------------------------------------------- promises

    def serves(self, config: int) -> bool:
        """Whether nodes that are left may serve in a config (rule 2)."""
        left = [n for n in self.Node if n not in self.dropped and self.log[n] <= config]
        return self.enough(config, left) and any(self.log[n] == config for n in left)

    @always
    def what_is_deleted_is_not_served(self) -> bool:
        """Once the record is gone no nodes that are left can serve."""
        return not (self.gone and any(self.serves(config) for config in range(self.changes + 1)))

    @eventually
    def the_record_goes(self) -> bool:
        """However many nodes that have left stay away."""
        return bool(self.gone)

    @sometimes
    def gone_while_the_first_voters_have_it(self) -> bool:
        """A quorum of the first config still has its replicas."""
        left = [n for n in self.Node if n not in self.dropped]
        return bool(self.gone and self.recorded == self.changes and self.enough(0, left))

    @sometimes
    def gone_while_two_of_a_zone_have_it(self) -> bool:
        """Who is to be replaced and who is to come are both away: together they are no quorum of either."""
        left = [n for n in self.Node if n not in self.dropped]
        return bool(
            self.gone and self.recorded < self.planned and self.recorded in left and self.planned + 2 in left
        )

    @sometimes
    def gone_before_what_was_chosen_is_recorded(self) -> bool:
        """The last config was chosen, and nobody recorded it."""
        return bool(self.gone and self.recorded < self.chosen)

    expected = (Expected({}, 13_164, 55_534, 22),)
