"""Restoring to a point in time from snapshots and archived logs, which partitions do not coordinate.

A partition's leader archives its log record by record, in any order; an upload may be lost, and is retried as
long as the log has the record. Replicas put snapshots of their trees beside it. A split ends the parent's log
and begins those of two children. Commit timestamps increase along the log and across the split. Consensus is
abstracted: a leader has records in flight behind the chosen ones, and an election may drop them. The rules:

1. Only chosen records are archived, and what is archived is never replaced (a conditional put).
2. The archive of a partition is good up to its first hole. Its last record before that closes its timestamp:
   nothing at or below it is missing, or will ever be chosen. An idle leader commits `closed` records.
3. The latest restorable time is the least closed timestamp over the leaves of the lineage, as the archive has
   them: an archived split makes two leaves, which are at first closed at the split's timestamp.
4. To restore to T, take for each leaf of the lineage *at T* the nearest snapshot not past T, and the archived
   records behind it up to T. A leaf without a snapshot of its own begins with its parent's.
5. A parent's archive lives on after the split (the end of the restore window is not modelled).

So that there is less to explore, a write of the parent is a write of both halves.

Source: Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 5.4 (backups and restores); the developer guide,
Point-in-time recovery.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Set,
    Tuple,
    action,
    always,
    require,
    sometimes,
)


class Restore(Model):
    """A restore to T is exactly what was chosen with timestamps up to T, for every T that is offered."""

    slots = Constant(2)
    times = Constant(4)

    Partition = Range(0, 2)
    """0 is the parent; 1 and 2 are its children."""
    Slot = Range(1, slots)
    Time = Range(1, times)

    log = Array(Partition, Slot, Option(Tuple(Enum("write", "closed", "split"), Range(1, times))))
    last = Array(Partition, Int(0, slots))
    chosen = Array(Partition, Int(0, slots))
    archive = Array(Partition, Slot, Option(Tuple(Enum("write", "closed", "split"), Range(1, times))))
    snapshots = Set(Partition, Slot)

    # ---------------------------------------------------------------- the partitions

    @action(p=Partition, t=Time, what=Enum("write", "closed", "split"))
    def propose(self, p: int, t: int, what: str) -> None:
        """A leader puts a record with a timestamp behind its log."""
        require(self.last[p] < self.slots and self.may_stamp(p, t))
        require(what != "split" or p == 0)
        require(self.split_stamp() > 0 if p > 0 else not self.split_in_flight())
        self.log[p, self.last[p] + 1] = (what, t)
        self.last[p] = self.last[p] + 1

    @action(p=Partition)
    def choose(self, p: int) -> None:
        """The next record is chosen."""
        require(self.chosen[p] < self.last[p])
        self.chosen[p] = self.chosen[p] + 1

    @action(p=Partition)
    def lose(self, p: int) -> None:
        """A new leader does not adopt the last record in flight."""
        require(self.chosen[p] < self.last[p])
        self.log[p, self.last[p]] = None
        self.last[p] = self.last[p] - 1

    @action(p=Partition, n=Slot)
    def upload(self, p: int, n: int) -> None:
        """An upload of a record arrives: rule 1."""
        require(self.archive[p, n] is None and n <= self.chosen[p])
        self.archive[p, n] = self.log[p, n]

    @action(p=Partition, n=Slot)
    def take_snapshot(self, p: int, n: int) -> None:
        """A replica that has applied a slot puts its tree into the object store."""
        require(n <= self.chosen[p] and (p, n) not in self.snapshots)
        self.snapshots.add((p, n))

    # ---------------------------------------------------------------- timestamps and the archive

    def may_stamp(self, p: int, t: int) -> bool:
        """A timestamp is greater than all before it in the lineage."""
        return all(
            (self.log[p, n] is None or self.log[p, n][1] < t)
            and (p == 0 or self.log[0, n] is None or self.log[0, n][1] < t)
            for n in self.Slot
        )

    def good_through(self, p: int) -> int:
        """The last slot of a partition's archive before the first hole: rule 2."""
        archived = [all(self.archive[p, m] is not None for m in range(1, n + 1)) for n in self.Slot]
        return sum(archived)

    def closed(self, p: int) -> int:
        """A partition's closed timestamp, by its archive: rules 2 and 3."""
        own = self.stamp_at(p, self.good_through(p))
        return own if p == 0 or own > 0 else self.archived_split()

    def latest(self) -> int:
        """The latest restorable time: rule 3."""
        return self.closed(0) if self.archived_split() == 0 else min(self.closed(1), self.closed(2))

    def may_begin_with(self, p: int, n: int, t: int) -> bool:
        """Whether a restore to t may begin with a snapshot: rule 4."""
        return bool((p, n) in self.snapshots and self.log[p, n][1] <= t)

    # ---------------------------------------------------------------- restoring

    def split_in_flight(self) -> bool:
        """The parent's log has a split, chosen or not."""
        return any(self.is_logged(0, n, "split") for n in self.Slot)

    def is_logged(self, p: int, n: int, what: str) -> bool:
        """A slot of a log has a record of a kind, chosen or in flight."""
        return bool(self.log[p, n] is not None and self.log[p, n][0] == what)

    def is_archived(self, p: int, n: int, what: str) -> bool:
        """A slot of an archive has a record of a kind."""
        return bool(self.archive[p, n] is not None and self.archive[p, n][0] == what)

    def split_stamp(self) -> int:
        """The timestamp of the chosen split, 0 without one."""
        return max(
            (self.log[0, n][1] for n in self.Slot if n <= self.chosen[0] and self.is_logged(0, n, "split")),
            default=0,
        )

    def archived_split(self) -> int:
        """The timestamp of the split as far as the parent's archive is good, 0 without one."""
        return max(
            (
                self.archive[0, n][1]
                for n in self.Slot
                if n <= self.good_through(0) and self.is_archived(0, n, "split")
            ),
            default=0,
        )

    def stamp_at(self, p: int, slot: int) -> int:
        """The timestamp of an archived slot, 0 for none."""
        return max(
            (self.archive[p, n][1] for n in self.Slot if n == slot and self.archive[p, n] is not None),
            default=0,
        )

    def restored(self, p: int, n: int, t: int, leaf: int) -> bool:
        """Whether a restore of a leaf to t gives the write of a slot of it, or of its parent: rule 4."""
        if any(self.may_begin_with(leaf, m, t) for m in self.Slot if p != leaf or m >= n):
            return self.is_logged(p, n, "write") and bool(n <= self.chosen[p])
        if p != leaf and any(self.may_begin_with(p, m, t) for m in self.Slot if m >= n):
            return self.is_logged(p, n, "write")
        return self.is_archived(p, n, "write") and bool(self.archive[p, n][1] <= t)

    def written(self, p: int, n: int, t: int) -> bool:
        """Whether a slot's write was chosen with a timestamp up to t."""
        return self.is_logged(p, n, "write") and bool(n <= self.chosen[p] and self.log[p, n][1] <= t)

    def is_leaf(self, p: int, t: int) -> bool:
        """Whether a partition is a leaf of the lineage at t, by the archive: rule 4."""
        return (p > 0) == (0 < self.archived_split() <= t)

    # ---------------------------------------------------------------- what is promised

    @always(spec="restore_is_exact")
    def restore_is_exact(self) -> bool:
        """For every T on offer, each leaf at T is restored to the chosen prefix with timestamps up to T."""
        return all(
            t > self.latest()
            or not self.is_leaf(leaf, t)
            or self.restored(p, n, t, leaf) == self.written(p, n, t)
            for t in self.Time
            for leaf in self.Partition
            for p in self.Partition
            if p in {0, leaf}
            for n in self.Slot
        )

    @always(spec="restore_is_exact")
    def offered_leaves_are_the_leaves(self) -> bool:
        """The lineage at T is what the archive says, for every T on offer."""
        return all(
            t > self.latest() or (0 < self.split_stamp() <= t) == (0 < self.archived_split() <= t)
            for t in self.Time
        )

    @sometimes
    def offered_past_the_split(self) -> bool:
        """A time past the split is on offer, with writes of the parent and of a child."""
        return any(
            0 < self.archived_split() < t <= self.latest() and self.written(1, n, t) and self.written(0, 1, t)
            for t in self.Time
            for n in self.Slot
        )

    @sometimes
    def offered_thanks_to_an_idle_child(self) -> bool:
        """A time past the split is on offer because an idle child has committed a closed timestamp."""
        return 0 < self.archived_split() < self.latest() and all(
            self.archive[2, n] is None or self.is_archived(2, n, "closed") for n in self.Slot
        )

    @sometimes
    def hole_in_the_archive(self) -> bool:
        """An upload is lost, and a later one is not."""
        return any(self.archive[p, 1] is None and self.archive[p, 2] is not None for p in self.Partition)

    @sometimes
    def child_begins_with_the_snapshot_of_its_parent(self) -> bool:
        """A restore to a time past the split has no snapshot of a child."""
        return 0 < self.archived_split() < self.latest() and any(
            self.may_begin_with(0, n, self.latest()) and not any((1, m) in self.snapshots for m in self.Slot)
            for n in self.Slot
        )

    expected = (
        Expected({}, 726_193, 4_343_265, 25, source="our explorer"),
        Expected({"slots": 3}, 4_150_113, 29_410_033, 29, source="our explorer"),
    )
