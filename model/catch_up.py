"""Checkpoints, cutting the log, and catching up by log or by copy.

Consensus is abstracted: records are proposed one after the other, and a slot is chosen when a majority has it
durably in its log. Every record carries a request id, which the state remembers for as long as the request
may be retried (here: always). A replica's tree and remembered ids are volatile; on disk are the log, which
begins behind `cut`, and the checkpoint that the log names. The rules:

1. A checkpoint is written beside the one in use, and is durable before the log names it. After a crash the
   replica starts from the checkpoint that the durable part of the log names, and applies the log above it.
2. The log is cut only below the checkpoint that it durably names, below every reader's cursor, and below a
   checkpoint that is held for a copy.
3. A laggard takes records from a peer's log; where that is already cut, it takes a copy of a checkpoint that
   the peer holds for it, with the remembered ids *and with the log that the peer retains*, as if it were its
   own checkpoint. The log names the copy and begins anew in one record.
4. A copy takes a long time. The peer holds the checkpoint that it had when the copy began, beside newer ones
   that it writes meanwhile, until the copy is taken or given up; what is held is volatile.

A crash loses what is not synced. What was written to the log and not synced may or may not have reached the
disk; pages that were not synced are lost, for losing one of them is enough.

The log that comes with a copy is missing from the usual descriptions. Without it the copy is above the
cursors of streams, indexes and archive, and once the other replicas are replaced by copies too, the records
in between are nowhere (seeded bug `CopyWithoutLog`).

Sources: Chandra, Griesemer and Redstone, Paxos Made Live, 5.1 (snapshots); Ongaro, Raft dissertation, 5.
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
)


class CatchUp(Model):
    """No chosen record is lost or out of a reader's reach; every state is a fold of chosen records."""

    replicas = Constant(3)
    readers = Constant(2)
    slots = Constant(3)
    crashes = Constant(1)

    Replica = Scalar(replicas)
    Reader = Scalar(readers)
    Slot = Range(1, slots)

    last = Array(Replica, Int(0, slots))
    cut = Array(Replica, Int(0, slots))
    applied = Array(Replica, Int(0, slots))
    remembered = Array(Replica, Set(Slot))

    named = Array(Replica, Int(0, slots))
    named_ids = Array(Replica, Set(Slot))
    named_in_doubt = Array(Replica, Bool())
    """The log names pages that are not synced: what rule 1 forbids."""
    draft = Array(Replica, Int(0, slots))
    draft_ids = Array(Replica, Set(Slot))
    draft_cut = Array(Replica, Option(Int(0, slots)))
    draft_step = Array(Replica, Enum("none", "written", "named"))
    """Of a checkpoint or copy that is being made; "named": in the log, which is not synced yet."""
    draft_synced = Array(Replica, Bool())

    view = Array(Replica, Option(Int(0, slots)))
    view_ids = Array(Replica, Set(Slot))
    """The checkpoint that a replica holds for a copy of it."""

    cursor = Array(Reader, Int(0, slots))
    crashed = Int(0, crashes)

    # ---------------------------------------------------------------- the log

    @action(r=Replica)
    def propose(self, r: int) -> None:
        """A replica that has the whole log puts a record behind it."""
        require(self.last[r] < self.slots and all(self.last[q] <= self.last[r] for q in self.Replica))
        self.last[r] = self.last[r] + 1

    @action(r=Replica, peer=Replica)
    def take_record(self, r: int, peer: int) -> None:
        """A replica accepts or learns the next record from a peer that retains it."""
        require(self.cut[peer] <= self.last[r] < self.last[peer])
        self.last[r] = self.last[r] + 1

    @action(r=Replica)
    def apply(self, r: int) -> None:
        """A replica applies the next record, which is chosen."""
        require(self.applied[r] < self.last[r] and self.chosen(self.applied[r] + 1))
        require(self.cut[r] <= self.applied[r])
        self.applied[r] = self.applied[r] + 1
        self.remembered[r].add(self.applied[r] + 1)

    @action(r=Replica, n=Slot)
    def cut_log(self, r: int, n: int) -> None:
        """A replica cuts its log: rule 2."""
        require(self.cut[r] < n <= self.named[r] and all(n <= self.cursor[k] for k in self.Reader))
        require(self.view[r] is None or n <= self.view[r])
        self.cut[r] = n

    @action(k=Reader, r=Replica)
    def serve_reader(self, k: int, r: int) -> None:
        """A reader takes the next record from a replica that retains and has applied it."""
        require(self.cut[r] <= self.cursor[k] < self.applied[r])
        self.cursor[k] = self.cursor[k] + 1

    # ---------------------------------------------------------------- checkpoints and copies

    @action(r=Replica)
    def write_checkpoint(self, r: int) -> None:
        """A replica writes its tree and remembered ids to new pages."""
        require(self.draft_step[r] == "none" and self.applied[r] > self.named[r])
        self.draft[r] = self.applied[r]
        self.draft_ids[r] = self.remembered[r]
        self.draft_cut[r] = None
        self.draft_step[r] = "written"

    @action(peer=Replica)
    def open_view(self, peer: int) -> None:
        """A replica holds its checkpoint for a laggard, which finds its log cut: rule 4."""
        require(self.view[peer] is None and any(self.last[r] < self.cut[peer] for r in self.Replica))
        self.view[peer] = self.named[peer]
        self.view_ids[peer] = self.named_ids[peer]

    @action(peer=Replica)
    def close_view(self, peer: int) -> None:
        """The copy is taken, or nobody asked for more of it for long."""
        require(self.view[peer] is not None)
        self.release_view(peer)

    def release_view(self, peer: int) -> None:
        """Nothing is held for a copy."""
        self.view[peer] = None
        self.view_ids[peer] = set()

    @action(r=Replica, peer=Replica)
    def write_copy(self, r: int, peer: int) -> None:
        """A laggard writes what a peer holds for it to its new pages, with what comes with it: rule 3."""
        require(self.draft_step[r] == "none" and self.last[r] < self.cut[peer])
        require(self.view[peer] is not None)
        self.draft[r] = self.view[peer]
        self.draft_ids[r] = self.view_ids[peer]
        self.draft_cut[r] = self.cut[peer]
        self.draft_step[r] = "written"

    @action(r=Replica)
    def sync_pages(self, r: int) -> None:
        """The new pages are durable."""
        require(self.named_in_doubt[r] or (self.draft_step[r] != "none" and not self.draft_synced[r]))
        self.named_in_doubt[r] = False
        self.draft_synced[r] = self.draft_step[r] != "none"

    @action(r=Replica)
    def name(self, r: int) -> None:
        """The log names the new pages: rule 1."""
        require(self.draft_step[r] == "written" and self.draft_synced[r])
        self.draft_step[r] = "named"

    @action(r=Replica)
    def sync_log(self, r: int) -> None:
        """What the log says is durable, so the new pages are the checkpoint now."""
        require(self.draft_step[r] == "named")
        self.use_draft(r)
        self.named_in_doubt[r] = not self.draft_synced[r]
        if self.draft_cut[r] is not None and self.draft[r] > self.applied[r]:
            self.applied[r] = self.draft[r]
            self.remembered[r] = self.draft_ids[r]

    def use_draft(self, r: int) -> None:
        """The log durably names the draft; behind a copy that is ahead of it, it begins anew."""
        self.named[r] = self.draft[r]
        self.named_ids[r] = self.draft_ids[r]
        if self.draft_cut[r] is not None and self.draft[r] > self.last[r]:
            self.last[r] = self.draft[r]
            self.cut[r] = self.draft_cut[r]
            self.release_view(r)  # The log above it is gone: a replica copying it would need another copy.
        self.clear_draft(r)

    def clear_draft(self, r: int) -> None:
        """There is no checkpoint being made."""
        self.draft[r] = 0
        self.draft_ids[r] = set()
        self.draft_cut[r] = None
        self.draft_step[r] = "none"
        self.draft_synced[r] = False

    @action(r=Replica, kept=Bool())
    def crash(self, r: int, kept: bool) -> None:
        """A replica restarts; `kept`: what was written to the log and not synced got to the disk."""
        require(self.crashed < self.crashes)
        self.crashed = self.crashed + 1
        self.release_view(r)
        if self.draft_step[r] == "named" and kept:
            self.use_draft(r)
            self.recover(r, self.draft[r], self.draft_ids[r], lost=not self.draft_synced[r])
        else:
            self.clear_draft(r)
            self.recover(r, self.named[r], self.named_ids[r], lost=self.named_in_doubt[r])

    def recover(self, r: int, slot: int, ids: frozenset[int], *, lost: bool) -> None:
        """Start from the checkpoint that the log names, or from nothing where its pages are lost."""
        self.named_in_doubt[r] = False
        self.named[r] = 0 if lost else slot
        self.named_ids[r] = set() if lost else ids
        self.applied[r] = 0 if lost else slot
        self.remembered[r] = set() if lost else ids

    # ---------------------------------------------------------------- what is promised

    def chosen(self, n: int) -> bool:
        """A majority has had the slot durably."""
        return bool(2 * sum(self.last[r] >= n for r in self.Replica) > self.replicas)

    def holds(self, r: int, n: int) -> bool:
        """A replica's disk has the slot, in the log or below its checkpoint."""
        return bool(self.cut[r] < n <= self.last[r] or n <= self.durable(r))

    def durable(self, r: int) -> int:
        """The slot of the checkpoint that the log names, if the disk has its pages for certain."""
        return 0 if self.named_in_doubt[r] else int(self.named[r])

    @always(spec="acknowledged_writes_survive")
    def chosen_records_survive(self) -> bool:
        """A majority holds every chosen record, in its log or below its checkpoint."""
        return all(
            not self.chosen(n) or 2 * sum(self.holds(r, n) for r in self.Replica) > self.replicas
            for n in self.Slot
        )

    @always(spec="log_cut_is_covered")
    def log_begins_below_the_checkpoint(self) -> bool:
        """What was cut from a log is below the replica's own durable checkpoint."""
        return all(self.cut[r] <= self.durable(r) for r in self.Replica)

    @always
    def log_continues_the_state(self) -> bool:
        """What a replica has not applied yet is in its log, from the next slot on."""
        return all(self.cut[r] <= self.applied[r] for r in self.Replica)

    @always(spec="log_cut_is_covered")
    def readers_find_their_records(self) -> bool:
        """No log begins above a reader's cursor, so any replica can go on serving it."""
        return all(self.cut[r] <= self.cursor[k] for r in self.Replica for k in self.Reader)

    @always
    def log_continues_what_is_held(self) -> bool:
        """Who has taken a copy finds what follows it in the log of the peer that held it."""
        return all(self.view[r] is None or self.cut[r] <= self.view[r] for r in self.Replica)

    @always(spec="replicas_equal_when_quiet")
    def state_is_a_fold(self) -> bool:
        """Replicas remember the ids of exactly the records that they have applied."""
        return all(
            (n in self.remembered[r]) == (n <= self.applied[r]) for r in self.Replica for n in self.Slot
        )

    @sometimes
    def copy_ahead_of_the_log_is_named(self) -> bool:
        """A copy that is ahead of a laggard's whole log is about to become its checkpoint."""
        return any(
            self.draft_step[r] == "named" and self.draft_cut[r] is not None and self.draft[r] > self.last[r]
            for r in self.Replica
        )

    @sometimes
    def copy_brought_records_for_a_reader(self) -> bool:
        """A copy is made of a peer whose log is still needed below the checkpoint."""
        return any(self.draft_cut[r] is not None and self.draft_cut[r] < self.draft[r] for r in self.Replica)

    @sometimes
    def copy_of_an_older_checkpoint(self) -> bool:
        """A laggard takes a copy whose peer has a newer checkpoint by now."""
        return any(
            self.draft_cut[r] is not None and self.view[peer] == self.draft[r] < self.named[peer]
            for r in self.Replica
            for peer in self.Replica
        )

    @sometimes
    def at_the_checkpoint_after_a_crash(self) -> bool:
        """After a crash a replica with a cut log is at its checkpoint, and has records above to apply."""
        return self.crashed > 0 and any(
            self.applied[r] == self.named[r] < self.last[r] and self.cut[r] > 0 for r in self.Replica
        )

    expected = (Expected({}, 6_759_002, 76_482_116, 63, symmetry=True, source="our explorer"),)
