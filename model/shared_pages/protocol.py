"""Shared pages: how the children of a split begin with their parent's pages, and when a page file is removed.

There is one node, and one line: a parent with two leaves, a and b; its left child has a, its right child b,
and the left child's own child a. A tree is what its leaves refer to: a page, and the version that it should
hold (the digest in the reference). Pages lie in files: the parent's, one for each child, and one with a copy
that the parent took from a peer. The rules, as they are numbered for the implementation:

P1. From the barrier on a tree does not change. A replica that has applied its split writes one last
    checkpoint there.
P2. A child's first `Head` names the root that its parent's `Head` names at the barrier (without what is
    outside the child's range), and the files in which that root's pages lie. Page numbers are one space along
    a line: a child's own pages have numbers above its parent's.
P3. A child's mark is written when three things are durable: its `Head`, its own pages, and its parent's
    `Head` at the barrier. If the parent's replica is lost before that, the child that is being made is
    removed.
P4. The owner of a file writes and frees single pages in it; a replica that only names it does neither. A page
    is free when neither the owner's tree in memory, nor its newest `Head`, nor its durable one, nor a held
    view reaches it.
P5. A page that is copied home is verified as it is read. The new `Head` names no file that its root does not
    reach.
P6. A file is removed when none of these names it: the newest and the durable `Head` of every replica that is
    neither dropped nor silent; a copy under way; a held view. Only this decides, never the removal of its
    owner.
P7. A child that is itself split is frozen like any parent, home or not: its children name what its `Head`
    names.
P8. A replica that reads a damaged page is silent, itself alone.

A crash keeps any prefix of what was not synced, separately for each file. So a file may reach the disk at any
time by itself (`flush`), and a crash loses the rest; a step that needs something durable asks for just that.

Sources: Rodeh, *B-trees, Shadowing, and Clones*, TOS 2008 (trees that share pages); Pillai et al., *All File
Systems Are Not Created Equal*, OSDI 2014 (what a crash keeps of several files).
"""

from dynaproof.model.language import Array, Bool, Constant, Enum, Int, Model, Range, action, initial, require

FILES = ((1, 3), (4, 5), (6, 6), (7, 7), (8, 9))
"""The first and the last page of each file: of the parent, of each child as it is numbered, of the copy."""
NOTHING = 0
"""What a page may have: nothing, a version of a from 1 to 3,"""
B = 4
DAMAGED = 5
ALTERED = 6
"""or what nobody wrote under a checksum that fits."""


class SharedPagesRules(Model):
    """Pages, trees and `Head`s of one node, in memory and on its disk, and what may happen to them."""

    crashes = Constant(1)
    rots = Constant(0)
    views = Constant(1)
    grandchild = Constant(1)

    Page = Range(1, 9)
    Leaf = Range(0, 4)
    """The parent's a and b, the left child's a, the right child's b, the grandchild's a."""
    Replica = Range(0, 3)
    Splitting = Range(0, 1)
    """The parent and its left child."""
    Child = Range(1, 3)
    File = Range(0, 4)

    content = Array(Page, Int(0, 6))
    on_disk = Array(Page, Int(0, 6))
    at = Array(Leaf, Int(0, 9))
    """The page of a leaf of the tree in memory, 0: of none yet;"""
    version = Array(Leaf, Int(0, 4))
    """and what it is to hold."""
    head_at = Array(Leaf, Int(0, 9))
    head_version = Array(Leaf, Int(0, 4))
    """The same of the newest `Head`,"""
    disk_at = Array(Leaf, Int(0, 9))
    disk_version = Array(Leaf, Int(0, 4))
    """and of the durable one."""
    state = Array(Replica, Enum("none", "live", "silent", "gone"))
    mark = Array(Replica, Enum("none", "written", "synced"))
    past = Array(Replica, Bool())
    """The replica knows that it has applied its split,"""
    head_past = Array(Replica, Bool())
    disk_past = Array(Replica, Bool())
    """its newest `Head` is at the barrier, and its durable one."""
    writes = Int(0, 1)
    """How many records the left child has before its own barrier."""
    view_at = Int(0, 9)
    """What a view of the left child holds while a peer copies it, 0: there is none."""
    view_version = Int(0, 4)
    crashed = Int(0, crashes)
    rotted = Int(0, rots)
    viewed = Int(0, views)
    lost = Bool()
    """A crash took the tree of a replica that had spoken."""

    @initial(writes=Range(0, 1))
    def parent_is_there(self, writes: int) -> None:
        """The parent has a durable checkpoint."""
        self.writes = writes
        self.state[0] = "live"
        self.mark[0] = "synced"
        for leaf in range(2):
            held = B if leaf == 1 else 1
            self.content[leaf + 1] = held
            self.on_disk[leaf + 1] = held
            self.at[leaf] = leaf + 1
            self.head_at[leaf] = leaf + 1
            self.disk_at[leaf] = leaf + 1
            self.version[leaf] = held
            self.head_version[leaf] = held
            self.disk_version[leaf] = held

    # ---------------------------------------------------------------- a tree and its checkpoints

    @action(fair=True, r=Splitting)
    def change(self, r: int) -> None:
        """A record changes a: one of the parent before its barrier, and perhaps one of its child (P1)."""
        require(self.speaks(r) and not self.past[r] and self.version[2 * r] < self.last_version(r))
        self.version[2 * r] = self.version[2 * r] + 1
        self.at[2 * r] = 0

    @action(fair=True, r=Splitting, p=Page)
    def save(self, r: int, p: int) -> None:
        """A checkpoint writes the changed leaf into a free page of the own file (P4)."""
        require(self.speaks(r) and self.at[2 * r] == 0 and self.inside(r, p) and self.is_free(r, p))
        self.content[p] = self.version[2 * r]
        self.at[2 * r] = p

    @action(fair=True, c=Child, p=Page)
    def move_home(self, c: int, p: int) -> None:
        """A checkpoint writes a leaf that lies in another's file into the own one (P5)."""
        require(self.speaks(c) and self.at[c + 1] != 0 and not self.inside(c, self.at[c + 1]))
        require(not self.past[c] and self.inside(c, p) and self.is_free(c, p))
        require(self.content[self.at[c + 1]] != DAMAGED)
        self.content[p] = self.content[self.at[c + 1]]
        self.at[c + 1] = p

    @action(fair=True, r=Replica)
    def write_head(self, r: int) -> None:
        """The pages of a checkpoint are durable, and a `Head` names their root (P1)."""
        require(self.speaks(r) and self.has_changed(r))
        require(all(self.at[leaf] != 0 for leaf in self.Leaf if self.has(r, leaf)))
        require(all(self.is_synced(self.at[leaf]) for leaf in self.Leaf if self.has(r, leaf)))
        for leaf in self.Leaf:
            if self.has(r, leaf):
                self.head_at[leaf] = self.at[leaf]
                self.head_version[leaf] = self.version[leaf]
        self.head_past[r] = self.past[r]

    @action(r=Splitting, p=Page)
    def free(self, r: int, p: int) -> None:
        """A page that its owner does not need is freed, at once or when a restart looks (P4)."""
        require(self.speaks(r) and self.content[p] != NOTHING and self.inside(r, p) and self.is_free(r, p))
        self.content[p] = NOTHING

    @action
    def take_copy(self) -> None:
        """The parent, which is behind, takes a copy of a peer at the barrier, into a file of its own."""
        require(self.state[0] == "live" and not self.past[0])
        require(self.head_version[0] < 2 and self.content[8] == NOTHING)
        self.content[8] = 2
        self.content[9] = B
        for leaf in range(2):
            self.at[leaf] = 8 + leaf
        self.version[0] = 2

    # ---------------------------------------------------------------- the split

    @action(fair=True, r=Splitting)
    def apply_split(self, r: int) -> None:
        """A replica applies its split, after a restart once more (P1, P7)."""
        require(self.speaks(r) and not self.past[r] and self.version[2 * r] == self.last_version(r))
        require(r == 0 or self.grandchild > 0)
        self.past[r] = True

    @action(fair=True, c=Child)
    def make_child(self, c: int) -> None:
        """A child begins with the root at the barrier (P2)."""
        require(self.state[c] == "none" and self.mark[c] == "none")
        require(self.speaks(self.maker(c)) and self.past[self.maker(c)] and self.at[self.source(c)] != 0)
        require(self.may_make(c))
        self.state[c] = "live"
        self.at[c + 1] = self.at[self.source(c)]
        self.version[c + 1] = self.version[self.source(c)]
        self.head_at[c + 1] = self.at[self.source(c)]
        self.head_version[c + 1] = self.version[self.source(c)]

    @action(fair=True, c=Child)
    def write_mark(self, c: int) -> None:
        """The node's journal says that the child was made (P3)."""
        require(self.state[c] == "live" and self.mark[c] == "none" and self.state[self.maker(c)] == "live")
        require(self.is_durable(c) and self.may_mark(c))
        self.mark[c] = "written"

    @action(fair=True, c=Child)
    def abandon(self, c: int) -> None:
        """A child in the making is removed, for its parent's replica is lost (P3)."""
        require(self.state[c] == "live" and self.mark[c] == "none" and self.state[self.maker(c)] != "live")
        self.state[c] = "none"
        self.forget(c)

    @action(fair=True, r=Splitting)
    def drop(self, r: int) -> None:
        """A replica that was split is dropped, when its children are marked or silent (H11)."""
        require(self.state[r] == "live" and self.past[r])
        require(
            all(
                self.mark[c] == "synced" or self.state[c] == "silent"
                for c in self.Child
                if self.maker(c) == r
            )
        )
        self.state[r] = "gone"
        self.forget(r)

    @action(fair=True, f=File)
    def remove_file(self, f: int) -> None:
        """A file that nobody names goes (P6)."""
        require(any(self.content[p] != NOTHING for p in self.Page if self.inside(f, p)))
        require(not any(self.inside(f, p) and self.is_named(p) for p in self.Page))
        for p in self.Page:
            if self.inside(f, p):
                self.content[p] = NOTHING

    @action
    def open_view(self) -> None:
        """A peer begins to copy the left child."""
        require(self.viewed < self.views and self.view_at == 0 and self.speaks(1) and self.head_at[2] != 0)
        self.viewed = self.viewed + 1
        self.view_at = self.head_at[2]
        self.view_version = self.head_version[2]

    @action(fair=True)
    def close_view(self) -> None:
        """It has it all, or was not heard of for too long."""
        require(self.view_at != 0)
        self.view_at = 0
        self.view_version = 0

    # ---------------------------------------------------------------- the disk, and failures

    @action(fair=True, f=File)
    def flush_pages(self, f: int) -> None:
        """A page file reaches the disk."""
        require(any(self.content[p] != self.on_disk[p] for p in self.Page if self.inside(f, p)))
        for p in self.Page:
            if self.inside(f, p):
                self.on_disk[p] = self.content[p]

    @action(fair=True, r=Replica)
    def flush_head(self, r: int) -> None:
        """A replica's journal reaches the disk."""
        require(not self.head_is_durable(r))
        for leaf in self.Leaf:
            if self.has(r, leaf):
                self.disk_at[leaf] = self.head_at[leaf]
                self.disk_version[leaf] = self.head_version[leaf]
        self.disk_past[r] = self.head_past[r]

    @action(fair=True)
    def flush_marks(self) -> None:
        """The node's journal reaches the disk."""
        require(any(self.mark[c] == "written" for c in self.Child))
        for c in self.Child:
            if self.mark[c] == "written":
                self.mark[c] = "synced"

    @action
    def crash(self) -> None:
        """The node restarts. What has no mark is removed; what has one, and no `Head`, has forgotten (H2)."""
        require(self.crashed < self.crashes)
        self.crashed = self.crashed + 1
        unmarked = [self.state[r] == "live" and self.mark[r] != "synced" for r in self.Replica]
        headless = [
            self.speaks(r) and any(self.disk_at[leaf] == 0 for leaf in self.Leaf if self.has(r, leaf))
            for r in self.Replica
        ]
        for r in self.Replica:
            if unmarked[r]:
                self.state[r] = "none"
            elif headless[r]:
                self.state[r] = "silent"
                self.lost = True
            if self.mark[r] == "written":
                self.mark[r] = "none"
            self.past[r] = self.disk_past[r]
            self.head_past[r] = self.disk_past[r]
        for leaf in self.Leaf:
            gone = unmarked[self.owner(leaf)] or headless[self.owner(leaf)]
            self.at[leaf] = 0 if gone else self.disk_at[leaf]
            self.version[leaf] = 0 if gone else self.disk_version[leaf]
            self.head_at[leaf] = 0 if gone else self.disk_at[leaf]
            self.head_version[leaf] = 0 if gone else self.disk_version[leaf]
            self.disk_at[leaf] = 0 if gone else self.disk_at[leaf]
            self.disk_version[leaf] = 0 if gone else self.disk_version[leaf]
        for p in self.Page:
            self.content[p] = self.on_disk[p]
        self.view_at = 0
        self.view_version = 0

    @action(p=Page)
    def rot(self, p: int) -> None:
        """A page on the disk is damaged."""
        require(self.rotted < self.rots and self.on_disk[p] != NOTHING and self.content[p] == self.on_disk[p])
        self.rotted = self.rotted + 1
        self.content[p] = DAMAGED
        self.on_disk[p] = DAMAGED

    @action(fair=True, r=Replica)
    def fall_silent(self, r: int) -> None:
        """A replica reads a damaged page (P8)."""
        require(self.speaks(r))
        require(any(self.holds(self.at[leaf], DAMAGED) for leaf in self.Leaf if self.has(r, leaf)))
        self.state[r] = "silent"
        self.forget(r)
        if r == 1:
            self.view_at = 0
            self.view_version = 0

    # ---------------------------------------------------------------- words

    def owner(self, leaf: int) -> int:
        """Whose leaf it is."""
        return max(0, leaf - 1)

    def has(self, r: int, leaf: int) -> bool:
        """Whether a leaf is a replica's."""
        return self.owner(leaf) == r

    def maker(self, c: int) -> int:
        """Whose split makes a child."""
        return 1 if c == 3 else 0

    def source(self, c: int) -> int:
        """The leaf that a child begins with."""
        return 1 if c == 2 else 2 if c == 3 else 0

    def last_version(self, r: int) -> int:
        """What a is when a replica applies its split."""
        return int(2 + r * self.writes)

    def inside(self, f: int, p: int) -> bool:
        """Whether a page is of a file: a replica's has its number."""
        return any(f == file and low <= p <= high for file, (low, high) in enumerate(FILES))

    def holds(self, page: int, held: int) -> bool:
        """Whether a page, if it is one, has this."""
        return page != 0 and self.content[max(page, 1)] == held

    def is_synced(self, page: int) -> bool:
        """Whether what is in a page, if it is one, is on the disk."""
        return page == 0 or self.content[max(page, 1)] == self.on_disk[max(page, 1)]

    def speaks(self, r: int) -> bool:
        """Whether a replica lives, and its mark is durable."""
        return bool(self.state[r] == "live" and self.mark[r] == "synced")

    def has_changed(self, r: int) -> bool:
        """Whether the newest `Head` names another tree than that in memory, or is not at the barrier yet."""
        return self.past[r] != self.head_past[r] or any(
            self.at[leaf] != self.head_at[leaf] or self.version[leaf] != self.head_version[leaf]
            for leaf in self.Leaf
            if self.has(r, leaf)
        )

    def head_is_durable(self, r: int) -> bool:
        """Whether the newest `Head` is on the disk."""
        return self.head_past[r] == self.disk_past[r] and all(
            self.head_at[leaf] == self.disk_at[leaf] and self.head_version[leaf] == self.disk_version[leaf]
            for leaf in self.Leaf
            if self.has(r, leaf)
        )

    def forget(self, r: int) -> None:
        """A replica's journal is removed."""
        for leaf in self.Leaf:
            if self.has(r, leaf):
                self.at[leaf] = 0
                self.version[leaf] = 0
                self.head_at[leaf] = 0
                self.head_version[leaf] = 0
                self.disk_at[leaf] = 0
                self.disk_version[leaf] = 0

    # ---------------------------------------------------------------- what the rules require

    def may_make(self, c: int) -> bool:
        """Whether the parent's `Head` names the root at the barrier; it need not be durable (P2)."""
        return not self.has_changed(self.maker(c))

    def may_mark(self, c: int) -> bool:
        """Whether that `Head` is durable now (P3)."""
        return not self.has_changed(self.maker(c)) and self.head_is_durable(self.maker(c))

    def is_durable(self, c: int) -> bool:
        """Whether a child's `Head` is durable, and the pages that it names (P3)."""
        return self.head_is_durable(c) and self.is_synced(self.at[c + 1])

    def is_free(self, r: int, p: int) -> bool:
        """Whether the owner of a page does not need it (P4)."""
        return not any(
            self.has(r, leaf) and p in (self.at[leaf], self.head_at[leaf], self.disk_at[leaf])
            for leaf in self.Leaf
        ) and not (r == 1 and self.view_at == p)

    def is_named(self, p: int) -> bool:
        """Whether anything names a page, and its file with it (P6)."""
        return self.view_at == p or any(
            p in (self.at[leaf], self.head_at[leaf], self.disk_at[leaf]) for leaf in self.Leaf
        )
