"""A node's journal after any crash is a prefix of what was appended, all that was synced included; it stays
as small as what stands in it, and forgets what is buried when nothing can make that again.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.storage_node.node_journal import (
    ALL_INCARNATIONS,
    PREFIX,
    Buried,
    Dropped,
    Fence,
    Made,
    NodeJournal,
    Silent,
    Standing,
)

FRAMES = GroupSettings().node_frames

STEP = st.one_of(
    st.tuples(st.integers(1, 4), st.sampled_from(("made", "silent", "buried"))),
    st.tuples(st.integers(1, 6), st.just("fence")),
    st.just("sync"),
    st.tuples(st.just("crash"), st.integers(0, 1 << 16)),
)
"""A record of a group, whether its replica is made, falls silent or is buried; a fence of this term; a sync;
or a crash.
"""

Shown = tuple[dict[int, Standing], int]
"""How it stands with each group, and the fence."""


def shown(journal: NodeJournal) -> Shown:
    found: dict[int, Standing] = {}
    for group in journal.groups():
        floor, live = journal.floor(group), journal.live(group)
        assert journal.buried(group) == (floor == ALL_INCARNATIONS)
        found[group] = Made(group, live) if live else Silent(group, floor)
    return found, journal.fence


def expected(records: list[Standing | Fence]) -> Shown:
    """What stands after these records: of each group the last one with the floor, and the highest fence."""
    found: dict[int, Standing] = {}
    fence = 0
    for record in records:
        if isinstance(record, Fence):
            fence = max(fence, record.term)
        elif record.group not in found or record.incarnation >= found[record.group].incarnation:
            made = isinstance(record, Made)
            found[record.group] = record if made else Silent(record.group, record.incarnation)
    return dict(sorted(found.items())), fence


@given(st.lists(STEP, max_size=120))
def test_a_crash_leaves_a_prefix_with_all_that_was_synced(steps) -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk, FRAMES)
    records: list[Standing | Fence] = []
    synced = through = 0
    for step in steps:
        if step == "sync":
            disk.sync_started()
            disk.sync_done()
            synced = len(records)
            journal.confirm(through)
        elif step[0] == "crash":
            drawn = step[1]
            disk.crash(lambda _, n, drawn=drawn: drawn % n)
            journal = NodeJournal(disk, FRAMES)
            journal.recover()
            kept = [
                size for size in range(synced, len(records) + 1) if expected(records[:size]) == shown(journal)
            ]
            assert kept, "what is left is no prefix"
            del records[kept[-1] :]
            synced, through = len(records), 0
        else:
            group, what = step
            floor = journal.floor(group)
            record: Standing | Fence
            if what == "fence":
                record = Fence(group)
            elif what == "buried":
                record = Buried(group, 1 + journal.fence)
            elif what == "made":
                record = Made(group, floor + 1)
            else:
                record = Silent(group, max(1, floor))
            if floor < ALL_INCARNATIONS or what in {"fence", "buried"}:  # Nobody makes what is buried.
                through = journal.append(record)
                records.append(record)
        assert shown(journal) == expected(records)


def begun_anew(journal: NodeJournal) -> None:
    """Append until the journal has begun a new segment, whose head is all that it stands on."""
    for _ in range(FRAMES + 20):
        journal.append(Fence(journal.fence))


def recovered(disk: SimDisk) -> NodeJournal:
    disk.sync_started()
    disk.sync_done()
    journal = NodeJournal(disk, FRAMES)
    journal.recover()
    return journal


def test_the_head_of_a_new_segment_keeps_what_is_buried_and_the_fence() -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk, FRAMES)
    journal.append(Fence(3))
    journal.append(Buried(2, 3))
    begun_anew(journal)
    again = recovered(disk)
    assert again.fence == 3
    assert again.buried(2)
    assert again.floor(2) == ALL_INCARNATIONS
    assert again.live(2) == 0


@pytest.mark.parametrize("emptied", [False, True])
@pytest.mark.parametrize("fence", [3, 4])
def test_the_buried_is_forgotten_once_the_fence_is_above_and_its_files_are_gone(
    emptied: bool, fence: int
) -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk, FRAMES)
    journal.append(Made(2, 1))
    journal.append(Fence(3))
    journal.append(Buried(2, 3))
    if emptied:
        journal.emptied(2)
    journal.append(Fence(fence))
    assert journal.buried(2), "it is forgotten in a head only, where nothing else says that it was ever there"
    begun_anew(journal)
    gone = emptied and fence > 3
    for one in (journal, recovered(disk)):
        assert one.buried(2) == (not gone)
        assert one.groups() == ([] if gone else [2])
        assert one.fence == fence


def test_what_is_not_buried_is_never_forgotten() -> None:
    journal = NodeJournal(SimDisk(Outbox()), FRAMES)
    journal.append(Made(1, 4))
    journal.append(Made(2, 1))
    journal.append(Silent(2, 1))
    journal.emptied(1)
    journal.emptied(2)
    journal.append(Fence(9))
    begun_anew(journal)
    assert (journal.live(1), journal.floor(2)) == (4, 1)


def test_what_the_metadatas_leader_dropped_is_never_forgotten() -> None:
    """Found by `metadata-moves`, seed 9861: who led partition 0 before had it made again, without its
    promise; no fence holds that off.
    """
    journal = NodeJournal(SimDisk(Outbox()), FRAMES)
    journal.append(Made(0, 4))
    journal.append(Dropped(0, 4, term=0))
    journal.append(Dropped(7, 2, term=1))
    journal.emptied(0)
    journal.emptied(7)
    journal.append(Fence(2))
    begun_anew(journal)
    assert (journal.floor(0), journal.floor(7)) == (4, 0)


def test_the_newest_hosts_of_partition_0_are_kept_and_never_go_back() -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk, FRAMES)
    first, second = (Hosts(epoch, (NodeId("region", "a", f"s{epoch}", 0),)) for epoch in (4, 9))
    for hosts in (first, second, first):
        journal.append(hosts)
    assert journal.hosts == recovered(disk).hosts == second
    begun_anew(journal)
    assert journal.hosts == recovered(disk).hosts == second, "the head says it too"


def test_a_lower_fence_changes_nothing() -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk, FRAMES)
    journal.append(Fence(5))
    journal.append(Fence(2))
    assert journal.fence == recovered(disk).fence == 5


def test_a_journal_of_many_records_stays_as_small_as_what_stands() -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk, FRAMES)
    most = 0
    for number in range(40 * FRAMES):
        through = journal.append(Made(number % 10, number // 10 + 1))
        disk.sync_started()
        disk.sync_done()
        journal.confirm(through)
        most = max(most, sum(disk.size(name) for name in disk.logs(PREFIX)))
    assert most < 200 * FRAMES
    again = NodeJournal(disk, FRAMES)
    again.recover()
    assert shown(again) == ({group: Made(group, 4 * FRAMES) for group in range(10)}, 0)


def test_an_older_record_of_a_group_does_not_lower_its_floor() -> None:
    journal = NodeJournal(SimDisk(Outbox()), FRAMES)
    journal.append(Made(1, 5))
    journal.append(Silent(1, 3))
    assert (journal.floor(1), journal.live(1)) == (5, 5)
    assert journal.floor(2) == journal.live(2) == 0


def test_what_was_dropped_is_remembered_until_its_own_files_are_gone_whatever_was_dropped_before() -> None:
    """Else a restart finds files without a record, and takes the journal for one that has lost some."""
    journal = NodeJournal(SimDisk(Outbox()), FRAMES)
    for incarnation in (1, 2):
        journal.append(Made(2, incarnation))
        journal.append(Dropped(2, incarnation, term=1))
        if incarnation == 1:
            journal.emptied(2)
    journal.append(Fence(2))
    begun_anew(journal)
    assert journal.floor(2) == 2
    journal.emptied(2)
    begun_anew(journal)
    assert journal.floor(2) == 0


def test_a_fence_is_shown_once_it_is_durable_and_not_with_what_was_written_before() -> None:
    journal = NodeJournal(SimDisk(Outbox()), FRAMES)
    before = journal.append(Made(1, 1))
    through = journal.append(Fence(3))
    later = journal.append(Made(2, 1))
    assert before < through < later
    for synced, durable in ((before, 0), (through, 3), (later, 3)):
        journal.confirm(synced)
        assert (journal.fence, journal.durable_fence) == (3, durable)
