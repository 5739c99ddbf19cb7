"""The log that comes with a copy is as durable as the head that names the copy: one frame, all or none."""

import pytest

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.log import Head, ReplicationLog, fresh_head
from dynaproof.impl.paxos.records import Config, NoOp
from dynaproof.impl.tree.pages import PageRef

BALLOT = Ballot(1, "sa", 1)
ME = Member(NodeId("region", "a", "sa"), 1)
GROUP = Config(0, (ME,), 2)
ROOTS = PageRef(0, b""), PageRef(1, b"")
COPY = PartitionSnapshot(9, BALLOT, BALLOT, 9, 0, GROUP, 0, ROOTS, 0, 0, 0, ())


def record(slot: int) -> NoOp:
    return NoOp(slot, BALLOT, 0, slot)


def copied(first: int) -> Head:
    records = tuple(map(record, range(first, 10)))
    ballots = (BALLOT,) * len(records)
    return Head(
        ME,
        GROUP,
        0,
        BALLOT,
        NO_BALLOT,
        first,
        9,
        COPY,
        "items",
        copied=True,
        records=records,
        held_at=ballots,
    )


def laggard(disk: SimDisk) -> ReplicationLog:
    log = ReplicationLog.create(disk, "log/", decode, fresh_head(ME, GROUP, 0))
    log.learn(1, tuple(map(record, range(1, 4))), (BALLOT,) * 3)
    return log


@pytest.mark.parametrize("first", [2, 4, 6, 10])
def test_a_copy_is_recovered_with_the_log_that_came_with_it(first: int) -> None:
    disk = SimDisk(Outbox())
    log = laggard(disk)
    log.roll(copied(first))
    assert (log.first, log.last, log.commit) == (first, 9, 9)
    found = ReplicationLog.recover(disk, "log/", decode)
    assert found is not None
    again, torn = found
    assert not torn
    entries = [whose.entries.chunk(first, 9, 1 << 20) for whose in (again, log)]
    assert again.first == log.first
    assert entries[0] == entries[1]
    assert [one.slot for one in entries[0][0]] == list(range(first, 10))


def test_a_crash_inside_the_head_leaves_the_log_as_it_was_before_the_copy() -> None:
    disk = SimDisk(Outbox())
    log = laggard(disk)
    disk.sync_started()
    disk.sync_done()
    log.roll(copied(2))
    assert disk.crash(lambda _, n: n - 1 if n > 2 else 0)
    found = ReplicationLog.recover(disk, "log/", decode)
    assert found is not None
    again, torn = found
    assert torn
    assert (again.first, again.last, again.commit, again.head.snapshot) == (1, 3, 3, None)
