"""What shared pages promise: their invariants, what must be reachable, and that nothing stays in the end."""

from dynaproof.model.language import Constant, Expected, always, always_possible, eventually, sometimes
from dynaproof.model.shared_pages.protocol import DAMAGED, NOTHING, SharedPagesRules


class SharedPagesPromises(SharedPagesRules):
    """Nobody reads a page that is not what it wrote; no crash takes the tree of a child that has spoken."""

    @always
    def reads_what_was_written(self) -> bool:
        """What trees in memory, `Head`s and a view refer to is what it is to be, or seen to be damaged."""
        return self.is_sound(self.view_at, self.view_version) and all(
            self.is_sound(self.at[leaf], self.version[leaf])
            and self.is_sound(self.head_at[leaf], self.head_version[leaf])
            for leaf in self.Leaf
        )

    def is_sound(self, page: int, version: int) -> bool:
        """Whether who reads a page, if it is one, gets what was written or sees the damage."""
        return page == 0 or self.holds(page, version) or self.holds(page, DAMAGED)

    @always
    def crash_takes_nothing(self) -> bool:
        """The durable `Head` of every replica that has spoken refers to durable pages."""
        return not self.lost and all(
            self.disk_at[leaf] == 0
            or self.on_disk[max(self.disk_at[leaf], 1)] in (self.disk_version[leaf], DAMAGED)
            for leaf in self.Leaf
            if self.mark[self.owner(leaf)] == "synced"
        )

    @always
    def only_rot_silences(self) -> bool:
        """Nobody is silent but by rot."""
        return self.rotted > 0 or not any(self.state[r] == "silent" for r in self.Replica)


class SharedPages(SharedPagesPromises):
    """Shared pages with their promises, and what must be reachable for them to say something."""

    @always_possible
    def children_speak(self) -> bool:
        """Every child can still come to speak, unless a page has rotted."""
        return self.rotted > 0 or all(
            self.mark[c] == "synced" for c in self.Child if c < 3 or self.grandchild > 0
        )

    @sometimes
    def shared_by_three(self) -> bool:
        """A page of the parent is in its tree, in its child's, and in that one's child's."""
        return bool(self.at[0] != 0 and self.at[0] == self.at[2] and self.at[2] == self.at[4])

    @sometimes
    def parents_file_outlives_it(self) -> bool:
        """The parent is gone, and the right child reads its page."""
        return bool(self.state[0] == "gone" and 0 < self.at[3] <= 3)

    @sometimes
    def gone_while_viewed(self) -> bool:
        """The parent is gone, the left child is home, durably, and a view still holds the parent's page."""
        return bool(self.state[0] == "gone" and 0 < self.view_at <= 3 and self.disk_at[2] > 3)

    @sometimes
    def all_home(self) -> bool:
        """The parent is gone with its file, and its children have what they need in their own."""
        return bool(
            self.state[0] == "gone"
            and self.on_disk[2] == NOTHING
            and self.disk_at[3] == 6
            and self.disk_at[2] > 3
        )

    expected = (
        Expected({}, 2_614_518, 17_094_232, 47),
        Expected({"grandchild": 0}, 586_672, 3_777_322, 37),
    )


class PagesComeHome(SharedPagesPromises):
    """The children are made, and in the end no file is left that only the past needed."""

    views = Constant(0)
    grandchild = Constant(0)

    @eventually
    def children_are_made(self) -> bool:
        """Both children of the parent speak, unless a page has rotted."""
        return bool(self.rotted > 0 or (self.mark[1] == "synced" and self.mark[2] == "synced"))

    @eventually
    def nothing_is_left(self) -> bool:
        """The files of the parent and of its copy are gone, and that of a left child that is gone."""
        return bool(self.is_empty(0) and self.is_empty(4) and (self.state[1] == "live" or self.is_empty(1)))

    def is_empty(self, f: int) -> bool:
        """Whether nothing of a file is left."""
        return all(self.content[p] == NOTHING for p in self.Page if self.inside(f, p))

    expected = (
        Expected({}, 175_152, 1_014_862, 36),
        Expected({"crashes": 0}, 36_306, 174_354, 34),
        Expected({"crashes": 0, "grandchild": 1}, 164_148, 841_314, 43),
        Expected({"crashes": 0, "rots": 1}, 340_270, 1_799_729, 35),
    )
