"""Old records of a log lie on the disk only: they are read back as written, or their replica forgets."""

import pytest

from dynaproof.checkers.mutation.directed.common import writes
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.journal import frames
from dynaproof.impl.journal.frames import FRAME_BYTES, encode_frame, pieces, scan
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.cursor import LogCursor
from dynaproof.impl.partition.messages.readers import LogRead, ReadLog
from dynaproof.impl.paxos.entries import BLOCK_BYTES, OBJECT_BYTES
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.log import ReplicationLog, fresh_head
from dynaproof.impl.paxos.messages.membership import Vacant
from dynaproof.impl.paxos.records import Config, NoOp, size_bytes
from dynaproof.impl.storage_node.messages import Ended
from dynaproof.specs.observe.impl.place import START_PASSES

BALLOT = Ballot(1, "sa", 1)
ME = Member(NodeId("region", "a", "sa"), 1)
READER = NodeId("region", "client", "reader")


def long_log(slots: int, cache_bytes: int) -> tuple[SimDisk, ReplicationLog]:
    """A log of records that are chosen as soon as they are accepted."""
    disk = SimDisk(Outbox())
    log = ReplicationLog.create(disk, "log/", decode, fresh_head(ME, Config(0, (ME,), 2), 0), cache_bytes)
    for slot in range(1, slots + 1):
        log.accept(BALLOT, slot, (NoOp(slot, BALLOT, 0, slot),), told=slot)
    return disk, log


@pytest.mark.parametrize("cache_bytes", [0, 40_000, 1 << 22])
def test_every_slot_is_read_back_as_it_was_written(cache_bytes: int) -> None:
    disk, log = long_log(2_000, cache_bytes)
    found = ReplicationLog.recover(disk, "log/", decode, cache_bytes)
    assert found is not None
    for whose in (log, found[0]):
        for first, last in ((1, 2_000), (1, 1), (700, 1_300), (1_999, 2_000)):
            records = whose.between(first, last)
            assert records == tuple(NoOp(slot, BALLOT, 0, slot) for slot in range(first, last + 1))
            assert whose.slot_held_at(first) == BALLOT


def test_memory_and_index_are_bounded_however_long_the_log_is() -> None:
    cache = 100_000
    disk, log = long_log(8_000, cache)
    assert log.cached_bytes() <= cache
    log.between(1, log.last)
    records_of_a_block = BLOCK_BYTES * log.last // disk.size("log/00000001") + 1
    assert log.cached_bytes() <= cache + BLOCK_BYTES + OBJECT_BYTES * records_of_a_block
    assert len(log.entries.index) <= 2 * disk.size("log/00000001") // BLOCK_BYTES


@pytest.mark.parametrize("each", [0, 100])
def test_no_block_is_read_twice_for_one_message(each: int) -> None:
    disk, log = long_log(2_000, cache_bytes=0)
    size = sum(map(size_bytes, log.between(1, 1_500)))
    before = disk.bytes_read
    records, held_at = log.message(1, 1_900, size + 1_500 * each, each)
    assert [record.slot for record in records] == list(range(1, 1_501))
    assert held_at == (BALLOT,) * 1_500
    assert disk.bytes_read - before <= disk.size("log/00000001")


def test_a_cut_forgets_blocks_below_it_and_no_other() -> None:
    _, log = long_log(3_000, 20_000)
    blocks = len(log.entries.index)
    log.entries.cut_below(1_500)
    assert 0 < len(log.entries.index) < blocks
    assert log.first == 1_500
    assert [record.slot for record in log.between(1_500, 3_000)] == list(range(1_500, 3_001))


@pytest.mark.parametrize("cache_bytes", [0, 3_000, 1 << 22])
def test_no_more_is_cut_than_a_checkpoint_covers_however_little_may_be_retained(cache_bytes: int) -> None:
    _, log = long_log(2_000, cache_bytes)
    for checkpoint in (1, 700, 1_300, 1_999):
        assert log.entries.first_within(checkpoint, 0) == checkpoint + 1
        assert log.entries.first_within(checkpoint, 40) <= checkpoint + 1
    assert log.entries.first_within(1_300, 1 << 30) == 1


@pytest.mark.parametrize("tail", [b"", b"\x00" * 100, b"\x00" * 99 + b"\x01", b"x"])
def test_frames_scanned_in_pieces_are_those_of_the_whole_log(
    monkeypatch: pytest.MonkeyPatch, tail: bytes
) -> None:
    monkeypatch.setattr(frames, "PIECE_BYTES", 64)
    disk = SimDisk(Outbox())
    payloads = [bytes([number]) * (number * 7 % 150) for number in range(40)]
    for number, payload in enumerate(payloads):
        disk.append("log", encode_frame(1, number, payload))
    disk.append("log", tail)
    found = list(pieces(disk, "log"))
    whole = scan(disk.read("log", 0, disk.size("log")))
    assert [payload for _, piece in found for payload in piece.payloads] == whole.payloads == payloads
    assert (found[-1][1].tail, found[-1][0] + found[-1][1].size) == (whole.tail, whole.size)
    assert all(piece.tail == "clean" for _, piece in found[:-1])


@pytest.mark.parametrize("frame_bytes", [60, 140, 150, 270, 1_000])
def test_no_byte_of_a_log_is_read_twice_whatever_the_size_of_its_frames(
    monkeypatch: pytest.MonkeyPatch, frame_bytes: int
) -> None:
    monkeypatch.setattr(frames, "PIECE_BYTES", 256)
    disk = SimDisk(Outbox())
    for number in range(30):
        disk.append("log", encode_frame(1, number, bytes(frame_bytes - FRAME_BYTES)))
    size = disk.append("log", b"\x00" * 1_000) + 1_000
    assert [piece.tail for _, piece in pieces(disk, "log")][-1] == "torn"
    assert disk.bytes_read == size


def test_a_start_reads_the_log_three_times_at_the_most() -> None:
    disk, log = long_log(9_000, 0)
    assert disk.size("log/00000001") > frames.PIECE_BYTES
    found = ReplicationLog.recover(disk, "log/", decode, 0)
    assert found is not None
    assert disk.bytes_read == 2 * disk.size("log/00000001")
    for slot in range(1, log.last + 1):
        assert found[0].record(slot).slot == slot
    assert 2 * disk.size("log/00000001") < disk.bytes_read <= START_PASSES * disk.size("log/00000001")


def test_a_replica_whose_old_record_rots_while_it_runs_falls_silent_when_it_is_read() -> None:
    harness = Harness(log_cache_bytes=0)
    harness.begin()
    harness.elect("sa")
    harness.beat("sa")
    writes(harness, "sa", 6)
    harness.beat("sa")
    place, log = harness.slot("sb"), harness.replica("sb").log
    frame = log.entries.index.frames_of(log.entries.index.block_of(3))
    (name,) = place.disk.logs("log/")
    harness.rot("sb", name, frame.at + frame.size // 2)
    answers = []
    send = place.outbox.send
    place.node.env.send = lambda to, m: (answers.append(m), send(to, m))  # type: ignore[attr-defined]
    for first in (5, 3):
        question = ReadLog(READER, "reader", LogCursor(first, 1))
        harness.world.run(place, place.node.on_message, READER, question)
    assert [type(answer) for answer in answers] == [LogRead, Ended, Vacant, Vacant]
    assert harness.replica("sb") is None
    assert harness.failure is None
