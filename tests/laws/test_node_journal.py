"""A node's journal after any crash is a prefix of what was appended, all that was synced included; and it
stays as small as what stands in it.
"""

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.storage_node.node_journal import FRAMES_KEPT, PREFIX, Made, NodeJournal, Silent, Standing

STEP = st.one_of(
    st.tuples(st.integers(0, 4), st.booleans()),
    st.just("sync"),
    st.tuples(st.just("crash"), st.integers(0, 1 << 16)),
)
"""A record of a group, whether its replica is made or falls silent; a sync; or a crash."""


def standing(records: list[Standing]) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for record in records:
        found[record.group] = record
    return found


def shown(journal: NodeJournal) -> dict[int, tuple[int, int]]:
    return {group: (journal.floor(group), journal.live(group)) for group in journal.groups()}


def expected(records: list[Standing]) -> dict[int, tuple[int, int]]:
    return {
        group: (one.incarnation, one.incarnation if isinstance(one, Made) else 0)
        for group, one in sorted(standing(records).items())
    }


@given(st.lists(STEP, max_size=120))
def test_a_crash_leaves_a_prefix_with_all_that_was_synced(steps) -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk)
    records: list[Standing] = []
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
            journal = NodeJournal(disk)
            journal.recover()
            kept = [
                size for size in range(synced, len(records) + 1) if expected(records[:size]) == shown(journal)
            ]
            assert kept, "what is left is no prefix"
            del records[kept[-1] :]
            synced, through = len(records), 0
        else:
            group, made = step
            floor = journal.floor(group)
            record = Made(group, floor + 1) if made else Silent(group, max(1, floor))
            through = journal.append(record)
            records.append(record)
        assert shown(journal) == expected(records)


def test_a_journal_of_many_records_stays_as_small_as_what_stands() -> None:
    disk = SimDisk(Outbox())
    journal = NodeJournal(disk)
    most = 0
    for number in range(40 * FRAMES_KEPT):
        through = journal.append(Made(number % 10, number // 10 + 1))
        disk.sync_started()
        disk.sync_done()
        journal.confirm(through)
        most = max(most, sum(disk.size(name) for name in disk.logs(PREFIX)))
    assert most < 200 * FRAMES_KEPT
    again = NodeJournal(disk)
    again.recover()
    assert shown(again) == dict.fromkeys(range(10), (4 * FRAMES_KEPT, 4 * FRAMES_KEPT))


def test_an_older_record_of_a_group_does_not_lower_its_floor() -> None:
    journal = NodeJournal(SimDisk(Outbox()))
    journal.append(Made(1, 5))
    journal.append(Silent(1, 3))
    assert (journal.floor(1), journal.live(1)) == (5, 5)
    assert journal.floor(2) == journal.live(2) == 0
