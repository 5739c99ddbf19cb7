"""Stream shards: leaders append what a partition's log changed, and a consumer reads it by shards.

A partition has one shard. Its log has records that change items, and records that change nothing and leave no
stream record; a `Split` ends it, and the log of each child continues in the next slot. The rules:

1. A leader sends `append(previous_slot, through_slot, records)`: all changes of the slots in between. The
   shard takes it only if `previous_slot` is its last, and answers every append with its last slot.
2. A leader knows only from answers how far the shard is. After a restart it begins at the log's retained
   start, and is told where to continue. A deposed leader goes on sending for a while.
3. The log is cut only below what an answer has confirmed.
4. The append whose last slot is the split closes the shard and opens two, which begin behind that slot.
5. A worker of a consumer takes a shard under a lease: a child only when the parent is finished. It processes,
   and then moves the checkpoint, which only the lease's owner can do. The next worker to take the shard
   begins at the checkpoint. A worker that has lost its lease goes on processing for a while.

Appends are delayed, repeated and lost, and so are their answers. Leaders' ballots are left out: what is
chosen does not depend on them, and any two leaders may be sending at once.

Source: the developer guide of DynamoDB, Change data capture for DynamoDB Streams; of Kinesis Data Streams,
Resharding.
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
    Seq,
    Tuple,
    action,
    always,
    initial,
    require,
    sometimes,
)


class Shard(Model):
    """A shard has every change of its log up to its last slot, once and in order; parents are read first."""

    slots = Constant(3)
    leaders = Constant(2)
    workers = Constant(2)

    Slot = Range(1, slots)
    Leader = Scalar(leaders)
    Worker = Scalar(workers)
    Partition = Range(0, 2)
    """0 is the parent, whose log ends with the split; 1 and 2 are its children."""

    log = Array(Partition, Slot, Enum("free", "change", "nothing", "split"))
    cut = Array(Partition, Int(0, slots))
    cursor = Array(Partition, Leader, Int(0, slots))
    sent = Array(Partition, Leader, Option(Tuple(Int(0, slots), Slot)))

    opened = Array(Partition, Bool())
    closed = Bool()
    last = Array(Partition, Int(0, slots))
    records = Array(Partition, Seq(Slot, slots + 1))

    owner = Array(Partition, Option(Worker))
    checkpoint = Array(Partition, Int(0, slots))
    finished = Bool()
    at = Array(Worker, Option(Tuple(Partition, Int(0, slots))))
    processed = Array(Partition, Int(0, slots))
    skipped = Bool()

    # ---------------------------------------------------------------- the log

    @action(p=Partition, n=Slot)
    def change(self, p: int, n: int) -> None:
        """A record that changes an item is chosen."""
        require(self.is_next(p, n))
        self.log[p, n] = "change"

    @action(p=Partition, n=Slot)
    def change_nothing(self, p: int, n: int) -> None:
        """A record that changes nothing is chosen: a failed condition, a closed timestamp."""
        require(self.is_next(p, n))
        self.log[p, n] = "nothing"

    @action(n=Slot)
    def split(self, n: int) -> None:
        """The split is chosen, behind some record: the children's logs begin behind it."""
        require(n > 1 and self.is_next(0, n))
        self.log[0, n] = "split"
        for p in (1, 2):
            self.cut[p] = n
            for leader in self.Leader:
                self.cursor[p, leader] = n

    @action(p=Partition, leader=Leader)
    def cut_log(self, p: int, leader: int) -> None:
        """A leader cuts the log below what it may: rule 3."""
        require(self.cursor[p, leader] > self.cut[p])
        self.cut[p] = self.cursor[p, leader]

    # ---------------------------------------------------------------- the leaders

    @action(p=Partition, leader=Leader, n=Slot)
    def send(self, p: int, leader: int, n: int) -> None:
        """A leader sends what is behind its cursor, through a slot that is chosen."""
        require(n > self.cursor[p, leader] >= self.cut[p] and self.log[p, n] != "free")
        self.sent[p, leader] = (self.cursor[p, leader], n)

    @action(p=Partition, leader=Leader)
    def hear(self, p: int, leader: int) -> None:
        """A leader gets the shard's answer, its last slot."""
        require(self.opened[p] and self.sent[p, leader] is not None)
        self.cursor[p, leader] = self.last[p]
        self.sent[p, leader] = None

    @action(p=Partition, leader=Leader)
    def restart(self, p: int, leader: int) -> None:
        """A leader is another one, or restarts: it begins at the log's start."""
        require(self.cursor[p, leader] > self.cut[p])
        self.cursor[p, leader] = self.cut[p]

    # ---------------------------------------------------------------- the shards

    @initial
    def open_parent(self) -> None:
        """The parent's shard is there."""
        self.opened[0] = True

    @action(p=Partition, leader=Leader)
    def append(self, p: int, leader: int) -> None:
        """An append arrives, perhaps not for the first time: rules 1 and 4."""
        require(self.sent[p, leader] is not None)
        sent: tuple[int, int] = self.sent[p, leader]
        require(self.opened[p] and sent[0] == self.last[p])
        through = sent[1]
        for n in self.Slot:
            if sent[0] < n <= through and self.log[p, n] == "change":
                self.records[p].append(n)
        self.last[p] = through
        if p == 0 and self.log[p, through] == "split":
            self.closed = True
            for child in (1, 2):
                self.opened[child] = True
                self.last[child] = through

    # ---------------------------------------------------------------- the consumer

    @action(w=Worker, p=Partition)
    def take(self, w: int, p: int) -> None:
        """A worker takes a shard over, from its checkpoint; another one's lease has run out: rule 5."""
        require(self.opened[p] and (p == 0 or self.finished))
        require(self.at[w] is None and self.owner[p] != w and not (p == 0 and self.finished))
        self.owner[p] = w
        self.at[w] = (p, self.checkpoint[p])

    @action(w=Worker)
    def process(self, w: int) -> None:
        """A worker processes the next record of its shard."""
        require(self.at[w] is not None)
        at: tuple[int, int] = self.at[w]
        require(len(self.records[at[0]]) > at[1])
        self.at[w] = (at[0], at[1] + 1)
        if at[1] > self.processed[at[0]]:
            self.skipped = True
        self.processed[at[0]] = max(self.processed[at[0]], at[1] + 1)

    @action(w=Worker)
    def move_checkpoint(self, w: int) -> None:
        """The owner of a lease moves the checkpoint to what it has processed, and finishes a parent."""
        require(self.at[w] is not None)
        at: tuple[int, int] = self.at[w]
        require(self.owner[at[0]] == w)
        self.checkpoint[at[0]] = at[1]
        if at[0] == 0 and self.closed and at[1] == len(self.records[0]):
            self.finished = True

    @action(w=Worker)
    def leave(self, w: int) -> None:
        """A worker leaves its shard, or crashes."""
        require(self.at[w] is not None)
        at: tuple[int, int] = self.at[w]
        self.at[w] = None
        if self.owner[at[0]] == w:
            self.owner[at[0]] = None

    # ---------------------------------------------------------------- the order of the log

    def is_next(self, p: int, n: int) -> bool:
        """Slot n is the next of a partition's log, and the log has not ended."""
        if self.log[p, n] != "free" or self.log[0, n] == "split":
            return False
        if n == 1:
            return p == 0
        if p == 0:
            return bool(self.log[0, n - 1] not in {"free", "split"})
        return bool(self.log[0, n - 1] == "split" or self.log[p, n - 1] != "free")

    # ---------------------------------------------------------------- what is promised

    @always(spec="stream_complete_and_single")
    def complete_and_single(self) -> bool:
        """A shard has the changes of its log up to its last slot: all of them, once, in order."""
        return all(
            all(self.records[p][i] < self.records[p][i + 1] for i in range(len(self.records[p]) - 1))
            and all(n in self.records[p] for n in self.Slot if self.covers(p, n))
            and len(self.records[p]) == sum(self.covers(p, n) for n in self.Slot)
            for p in self.Partition
        )

    def covers(self, p: int, n: int) -> bool:
        """Slot n changed something, and the shard is that far."""
        return bool(self.log[p, n] == "change" and n <= self.last[p])

    @always(spec="stream_complete_and_single")
    def closed_shard_is_complete(self) -> bool:
        """A closed shard has everything up to the split."""
        return not self.closed or any(self.log[0, n] == "split" and self.last[0] == n for n in self.Slot)

    @always(spec="log_cut_is_covered")
    def cut_is_covered(self) -> bool:
        """What was cut from the log is in the shard."""
        return all(not self.opened[p] or self.cut[p] <= self.last[p] for p in self.Partition)

    @always(spec="parent_before_children")
    def parent_before_children(self) -> bool:
        """Whoever has processed a record of a child had all of its closed parent processed before."""
        return all(
            self.processed[p] == 0 or (self.closed and self.processed[0] == len(self.records[0]))
            for p in (1, 2)
        )

    @always
    def nothing_is_skipped(self) -> bool:
        """A record is processed after all that are before it in its shard."""
        return not self.skipped

    @sometimes
    def children_are_processed(self) -> bool:
        """A record of each child is processed, after one of the parent."""
        return all(self.processed[p] > 0 for p in self.Partition)

    @sometimes
    def two_leaders_overlap(self) -> bool:
        """Two leaders have different appends from the same slot on their way."""
        return any(
            self.sent[0, one] is not None
            and self.sent[0, two] is not None
            and self.sent[0, one][0] == self.sent[0, two][0] == self.last[0]
            and self.sent[0, one][1] < self.sent[0, two][1]
            for one in self.Leader
            for two in self.Leader
        )

    @sometimes
    def processed_again(self) -> bool:
        """A worker is behind what another has processed: a record is delivered twice to the consumer."""
        return any(
            self.at[w] is not None and self.at[w][1] < self.processed[self.at[w][0]] for w in self.Worker
        )

    expected = (
        Expected({}, 11_379_840, 144_063_576, 42, symmetry=True, source="our explorer"),
        Expected({"workers": 1}, 2_170_404, 23_972_798, 40, symmetry=True, source="our explorer"),
    )
