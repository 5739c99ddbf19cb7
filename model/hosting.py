"""Hosting: how a node makes the child of a partition that is split, and what a restart makes of what it
finds.

Each node has a replica of the parent, and should get one of the child (of one child: they are alike), which
it makes by itself from the parent's state at the barrier. In a crash a node's files are independent, and each
keeps a prefix of what was not synced. So of two files, the child's journal (with its pages) and the node's
own journal, each keeps or loses what it had not synced. A sync covers all that was written before it.

H1. Making has three steps. (a) A node whose parent's replica has applied the split writes the child's pages
    and journal. (b) When these are durable, it writes the *mark* `Made` into the node's own journal. (c) When
    the mark is durable, the child speaks: before that it promises, votes and grants nothing.
H2. A restart that finds the mark but no sound journal of the child has forgotten: that incarnation is silent
    forever. One that finds no mark removes whatever there is of the child: nothing was ever said for it.
H3. The child is then made anew from the parent, as long as the node has no mark and is not silent.
H7. A node grants the parent's leader no lease once the parent's replica has applied the split, or a mark of a
    child is there: what a replica knows to be chosen is volatile, and the mark is not.
H8. The child speaks only when what this node granted to the parent's leader has run out. A restart waits for
    a whole lease.
H10. A child that the node cannot make because its parent's replica is lost or behind is copied from a peer's.
H11. The parent's replica is dropped when the mark is durable, and not before. A child may be dropped on a
    node before it was made there, once its config names another one instead. The node's journal says so as
    long as a replica of the parent is there: one that comes to the barrier late makes the child by no
    command, so no later admin's term holds that off.

Consensus is abstracted: a promise of the child is durable when it is heard, and a quorum of them makes a
leader.

Source: Pillai et al., *All File Systems Are Not Created Equal*, OSDI 2014 (what a crash keeps of two files).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Scalar,
    Set,
    action,
    always,
    always_possible,
    require,
    sometimes,
)


class Hosting(Model):
    """No promise is made twice, the child is led beside no leader of the parent, and no crash loses it."""

    nodes = Constant(3)
    crashes = Constant(2)
    rots = Constant(1)
    drops = Constant(1)

    Node = Scalar(nodes)

    parent = Array(Node, Enum("behind", "applied", "gone"))
    """Whether a node's replica of the parent knows that the split is chosen."""
    journal = Array(Node, Enum("none", "written", "synced"))
    """The child's pages and journal on a node,"""
    mark = Array(Node, Enum("none", "written", "synced"))
    """and the mark in the node's own journal."""
    silent = Set(Node)
    promised = Set(Node)
    """The child's replicas that have the promise of the first ballot in their journal,"""
    said = Set(Node)
    """those that ever let it out,"""
    twice = Set(Node)
    """and those that let it out again, not knowing that they had."""
    bound = Set(Node)
    """Nodes whose grant to the parent's leader runs, or that wait for one that they may have given;"""
    used = Set(Node)
    """and whose grants the parent's leader counts."""
    parent_stopped = Bool()
    crashed = Int(0, crashes)
    rotted = Set(Node)
    """Nodes that lost a synced journal of the child."""
    parents_rotted = Int(0, rots)
    left = Set(Node)
    """Nodes on which the child was dropped before it was made there,"""
    dropped = Set(Node)
    """and those whose journal still says so."""

    # ---------------------------------------------------------------- the parent

    @action(n=Node)
    def apply_split(self, n: int) -> None:
        """A replica of the parent learns that the split is chosen."""
        require(self.parent[n] == "behind")
        self.parent[n] = "applied"

    @action
    def stop_the_parent(self) -> None:
        """The parent's leader applies the split, and stops for good."""
        require(not self.parent_stopped)
        self.parent_stopped = True
        self.used = set()

    @action(n=Node)
    def grant(self, n: int) -> None:
        """A replica grants the parent's leader a lease (H7)."""
        require(not self.parent_stopped and n not in self.used)
        require(self.parent[n] == "behind" and self.may_grant(n))
        self.bound.add(n)
        self.used.add(n)

    @action(n=Node)
    def run_out(self, n: int) -> None:
        """A grant ends, or the wait after a restart."""
        require(n in self.bound)
        self.bound.discard(n)
        self.used.discard(n)

    @action(n=Node)
    def drop_parent(self, n: int) -> None:
        """The parent's replica is dropped (H11)."""
        require(self.parent[n] == "applied" and self.may_drop(n))
        self.parent[n] = "gone"

    # ---------------------------------------------------------------- making the child

    @action(n=Node)
    def make_child(self, n: int) -> None:
        """A node makes the child from the parent's state at the barrier (H1a, H3)."""
        require(self.parent[n] == "applied" and self.is_vacant(n))
        self.write_child(n)

    @action(n=Node)
    def copy_child(self, n: int) -> None:
        """A node is told to make it, as a copy of a peer's that speaks (H10)."""
        require(self.is_vacant(n) and n not in self.left)
        require(any(m != n and self.speaks(m) and self.journal[m] == "synced" for m in self.Node))
        self.write_child(n)

    @action(n=Node)
    def drop_child(self, n: int) -> None:
        """A node is told to drop what it has not made: the child's config names another one instead (H11)."""
        require(len(self.left) < self.drops and self.child_is_led() and self.is_vacant(n))
        self.left.add(n)
        self.dropped.add(n)

    @action(n=Node)
    def forget_the_drop(self, n: int) -> None:
        """The node's journal begins anew without it (H11)."""
        require(n in self.dropped and self.may_forget(n))
        self.dropped.discard(n)

    def write_child(self, n: int) -> None:
        """The child's pages and journal are written, and not durable yet."""
        self.journal[n] = "written"
        self.promised.discard(n)

    @action(n=Node)
    def write_mark(self, n: int) -> None:
        """The node's journal says that the child was made (H1b)."""
        require(self.journal[n] == "synced" and self.mark[n] == "none")
        self.mark[n] = "written"

    @action(n=Node)
    def sync(self, n: int) -> None:
        """All that a node has written is durable."""
        require(self.journal[n] == "written" or self.mark[n] == "written")
        if self.journal[n] == "written":
            self.journal[n] = "synced"
        if self.mark[n] == "written":
            self.mark[n] = "synced"

    @action(n=Node)
    def promise(self, n: int) -> None:
        """The child's replica promises the first ballot (H1c, H8)."""
        require(self.journal[n] == "synced" and n not in self.silent and self.speaks(n))
        require(n not in self.promised and self.has_waited(n))
        if n in self.said:
            self.twice.add(n)
        self.promised.add(n)
        self.said.add(n)

    # ---------------------------------------------------------------- failures

    @action(n=Node, keeps_journal=Bool(), keeps_mark=Bool())
    def crash(self, n: int, keeps_journal: bool, keeps_mark: bool) -> None:
        """A node restarts; of what was not synced each file keeps its own part."""
        require(self.crashed < self.crashes)
        self.crashed = self.crashed + 1
        self.restart(n, keeps_journal, keeps_mark, False)

    @action(keeps_journal=Bool(), keeps_mark=Bool())
    def power_failure(self, keeps_journal: bool, keeps_mark: bool) -> None:
        """All nodes restart at once."""
        require(self.crashed < self.crashes)
        self.crashed = self.crashed + 1
        for n in self.Node:
            self.restart(n, keeps_journal, keeps_mark, False)

    @action(n=Node)
    def rot_child(self, n: int) -> None:
        """A restart finds that the child's synced journal is damaged or missing."""
        require(self.journal[n] == "synced" and len(self.rotted) < self.rots)
        self.rotted.add(n)
        self.restart(n, False, True, True)

    @action(n=Node)
    def rot_parent(self, n: int) -> None:
        """A restart finds the parent's journal damaged: its replica is silent, and the child is as it was."""
        require(self.parent[n] != "gone" and self.parents_rotted < self.rots)
        self.parents_rotted = self.parents_rotted + 1
        self.restart(n, True, True, False)
        self.parent[n] = "gone"

    def restart(self, n: int, keeps_journal: bool, keeps_mark: bool, rots: bool) -> None:
        """What a node makes of what it finds (H2); it waits (H8), and knows no slot to be chosen."""
        marked = self.mark[n] == "synced" or (self.mark[n] == "written" and keeps_mark)
        sound = not rots and (self.journal[n] == "synced" or (self.journal[n] == "written" and keeps_journal))
        self.mark[n] = "synced" if marked else "none"
        if marked and not sound:
            self.silent.add(n)
        self.journal[n] = "synced" if sound and marked else "none"
        if self.parent[n] == "applied":
            self.parent[n] = "behind"
        self.bound.add(n)

    # ---------------------------------------------------------------- what the rules require

    def speaks(self, n: int) -> bool:
        """Whether the mark is durable (H1c)."""
        return n not in self.silent and self.mark[n] == "synced"

    def is_vacant(self, n: int) -> bool:
        """Whether nothing of the child is there, nor was (H3)."""
        known = n in self.silent or n in self.dropped
        return self.journal[n] == "none" and self.mark[n] == "none" and not known

    def may_grant(self, n: int) -> bool:
        """Whether no mark is there (H7, its second half)."""
        return bool(self.mark[n] == "none")

    def has_waited(self, n: int) -> bool:
        """Whether nothing that was granted still runs (H8)."""
        return n not in self.bound

    def may_drop(self, n: int) -> bool:
        """Whether the mark is durable, or what was to be made was dropped (H11)."""
        return bool(self.mark[n] == "synced" or n in self.dropped)

    def may_forget(self, n: int) -> bool:
        """Whether no replica of the parent is there (H11)."""
        return bool(self.parent[n] == "gone")

    # ---------------------------------------------------------------- promises

    @always(spec="promises_never_go_back")
    def promises_never_go_back(self) -> bool:
        """Nobody lets a promise out that it has let out before and forgotten: so a ballot is led once."""
        return len(self.twice) == 0

    @always(spec="one_owner_per_key")
    def one_owner_per_key(self) -> bool:
        """While the parent's leader may serve, no quorum has promised the child."""
        return not (self.parent_may_serve() and self.child_is_led())

    def parent_may_serve(self) -> bool:
        """Whether the parent's leader has the grants of a quorum."""
        return not self.parent_stopped and 2 * len(self.used) > self.nodes

    def child_is_led(self) -> bool:
        """Whether a quorum has promised the child's first ballot."""
        return bool(2 * len(self.said) > self.nodes)

    @always(spec="only_the_damaged_fall_silent")
    def only_loss_silences(self) -> bool:
        """Only a replica that lost something synced is silent, so no power failure takes a quorum."""
        return all(n in self.rotted for n in self.silent)

    @always
    def child_can_be_made(self) -> bool:
        """Where neither the child is durable nor the parent's replica is left, the child is silent, or the
        parent's journal rotted.
        """
        return bool(
            sum(
                self.parent[n] == "gone"
                and self.journal[n] != "synced"
                and n not in self.silent
                and n not in self.left
                for n in self.Node
            )
            <= self.parents_rotted
        )

    @always
    def dropped_stays_dropped(self) -> bool:
        """Where the child was dropped before it was made, it is never made."""
        return all(self.journal[n] == "none" for n in self.left)

    @always_possible
    def all_speak(self) -> bool:
        """Every replica of the child that is not silent and was not dropped can still come to speak."""
        return all(n in self.silent or n in self.left or self.speaks(n) for n in self.Node)

    @sometimes
    def parent_comes_late(self) -> bool:
        """A replica of the parent learns of the split where the child was dropped."""
        return any(n in self.left and self.parent[n] == "applied" for n in self.Node)

    @sometimes
    def parent_dropped_after_a_crash(self) -> bool:
        """After a crash a child has promised whose parent's replica is gone."""
        return self.crashed > 0 and any(n in self.said and self.parent[n] == "gone" for n in self.Node)

    @sometimes
    def child_led_beside_a_grant(self) -> bool:
        """The child is led, and the parent's leader, which has not heard of the split, has a grant still."""
        return self.child_is_led() and len(self.used) > 0

    @sometimes
    def behind_with_a_mark(self) -> bool:
        """A node's replica of the parent does not know of the split, and the node's mark does."""
        return any(self.parent[n] == "behind" and n in self.said for n in self.Node)

    @sometimes
    def all_promised_and_one_rotted(self) -> bool:
        """All have promised, and one of them is silent since."""
        return len(self.silent) == 1 and len(self.said) == self.nodes

    expected = (Expected({}, 339_549, 5_727_116, 28, symmetry=True),)
