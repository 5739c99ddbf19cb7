"""The log that comes with a copy is written piece by piece, and counts once the head does that names the
copy: a crash before that leaves the log as it was.
"""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.checkpoint import Copy
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.log import AnyHead, Head, ReplicationLog, fresh_head
from dynaproof.impl.paxos.records import Config, NoOp
from dynaproof.impl.tree.pages import PageRef

BALLOT = Ballot(1, "sa", 1)
ME = Member(NodeId("region", "a", "sa"), 1)
GROUP = Config(0, (ME,), 2)
ROOTS = PageRef(0, b""), PageRef(1, b"")
COPY = PartitionSnapshot(9, BALLOT, BALLOT, 9, 0, GROUP, 0, ROOTS, 0, 0, 0, ())


def record(slot: int) -> NoOp:
    return NoOp(slot, BALLOT, 0, slot)


def head_of_copy(first: int) -> AnyHead:
    return Head(ME, GROUP, 0, BALLOT, NO_BALLOT, first, 9, COPY, "items", copied=True)


def bring(log: ReplicationLog, first: int, last: int) -> None:
    """Pieces of two records."""
    for slot in range(first, last + 1, 2):
        records = tuple(map(record, range(slot, min(slot + 2, last + 1))))
        log.bring(slot, records, (BALLOT,) * len(records))


def laggard(disk: SimDisk) -> ReplicationLog:
    log = ReplicationLog.create(disk, "log/", decode, fresh_head(ME, GROUP, 0))
    log.learn(1, tuple(map(record, range(1, 4))), (BALLOT,) * 3)
    return log


def sync(disk: SimDisk, log: ReplicationLog) -> None:
    disk.sync_started()
    disk.sync_done()
    log.journal.confirm(log.journal.sequence)


def recovered(disk: SimDisk) -> tuple[ReplicationLog, bool]:
    found = ReplicationLog.recover(disk, "log/", decode)
    assert found is not None
    return found


def shown(log: ReplicationLog) -> tuple[int, int, list[int]]:
    """Where a log begins, what it knows chosen, and the slots that it has."""
    return log.first, log.commit, [one.slot for one in log.entries.chunk(log.first, log.last, 1 << 20)[0]]


@pytest.mark.parametrize("first", [2, 4, 6, 10])
def test_a_copy_is_recovered_with_the_log_that_came_with_it(first: int) -> None:
    disk = SimDisk(Outbox())
    log = laggard(disk)
    bring(log, first, 9)
    assert shown(log) == (1, 3, [1, 2, 3])
    log.roll(head_of_copy(first))
    again, torn = recovered(disk)
    assert not torn
    assert shown(again) == shown(log) == (first, 9, list(range(first, 10)))
    assert [log.slot_held_at(slot) for slot in range(first, 10)] == [BALLOT] * (10 - first)


@pytest.mark.parametrize("kept", range(6))
def test_a_crash_among_the_pieces_leaves_the_log_as_it_was_before_the_copy(kept: int) -> None:
    disk = SimDisk(Outbox())
    log = laggard(disk)
    sync(disk, log)
    bring(log, 2, 9)
    log.roll(head_of_copy(2))
    # Of the old segment a part is kept, of the new one all: its head names pieces that are not there.
    disk.crash(lambda name, n: min(kept, n - 2) if name.endswith("1") else n - 1)
    again, _ = recovered(disk)
    assert (shown(again), again.head.snapshot) == ((1, 3, [1, 2, 3]), None)


def test_what_an_earlier_copy_has_brought_is_not_of_a_later_one() -> None:
    disk = SimDisk(Outbox())
    log = laggard(disk)
    bring(log, 3, 6)
    bring(log, 8, 9)
    log.roll(head_of_copy(8))
    assert shown(log) == shown(recovered(disk)[0]) == (8, 9, [8, 9])


def test_pieces_outlast_the_segment_of_a_checkpoint_among_them() -> None:
    disk = SimDisk(Outbox())
    log = laggard(disk)
    bring(log, 4, 6)
    own = PartitionSnapshot(3, BALLOT, BALLOT, 3, 0, GROUP, 0, ROOTS, 0, 0, 0, ())
    log.roll(Head(ME, GROUP, 0, BALLOT, NO_BALLOT, 4, 3, own, "items"))
    sync(disk, log)
    log.drop_unneeded()
    bring(log, 7, 9)
    log.roll(head_of_copy(4))
    sync(disk, log)
    log.drop_unneeded()
    assert shown(log) == shown(recovered(disk)[0]) == (4, 9, [4, 5, 6, 7, 8, 9])


@pytest.mark.parametrize(
    ("held", "slot", "next_slot"),
    [(5, 30, 21), (12, 30, 21), (21, 20, 21), (22, 30, 22), (3, 30, 3), (5, 15, 5)],
)
def test_a_copy_that_goes_on_from_another_view_keeps_what_has_come_of_the_held_log(
    held: int, slot: int, next_slot: int
) -> None:
    """Unless the new view needs more of it, or ends before it: else no view might be long enough."""

    def offer(first: int, through: int) -> Any:
        snapshot = SimpleNamespace(slot=through, roots=(), first_held=lambda: first)
        return SimpleNamespace(source=None, view=1, snapshot=snapshot)

    copy = Copy(cast(Any, SimpleNamespace(begin=lambda _: None)), offer(5, 25))
    copy.log.came((BALLOT,) * 16)
    copy.begin(offer(held, slot))
    assert copy.log.next == next_slot
