"""What a partition remembers of requests: by a plain dict, by its bounds, and after a restart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import Fill, Rates, Version
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.memory import CODEC, FORGOTTEN_AT_ONCE, LATEST_DEADLINE, Memory, remembered
from dynaproof.impl.partition.metered import Metered
from dynaproof.impl.partition.records import Answer, Outcome, Remembered, StoredItem, Write
from dynaproof.impl.partition.refusals import Refusals
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import NO_BALLOT, RequestId
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.comparison import digest_of
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile

CLIENT = NodeId("region", "client", "c0")

COMMITS = st.lists(
    st.tuples(
        st.integers(1, 40),  # Microseconds since the commit before,
        st.integers(0, 60),  # and until the deadline.
        st.one_of(st.none(), st.integers(0, 200)),  # A failed condition shows an item of that size.
    ),
    max_size=120,
)


def page_file(disk: SimDisk) -> PageFile:
    return PageFile(disk, "items", 160, PageCache(1 << 20))


def empty() -> Memory:
    return Memory(BTree(page_file(SimDisk(Outbox())), CODEC))


def record(number: int, timestamp: int, deadline: int, shown: int | None) -> Write | Outcome:
    request = RequestId(CLIENT, 1, number)
    if shown is None:
        return Write(number, NO_BALLOT, 0, timestamp, request, deadline, ())
    observed = StoredItem(b"x" * shown, 1, 1)
    return Outcome(number, NO_BALLOT, 0, timestamp, request, deadline, observed)


def apply(memory: Memory, one: Write | Outcome) -> None:
    memory.forget(one.timestamp)
    memory.remember(one)


@given(COMMITS)
def test_an_id_is_remembered_until_the_first_commit_past_its_deadline(
    commits: list[tuple[int, int, int | None]],
) -> None:
    memory, plain, timestamp = empty(), dict[RequestId, Remembered](), 1
    for number, (pause, ahead, shown) in enumerate(commits, 1):
        timestamp += pause
        one = record(number, timestamp, timestamp + ahead, shown)
        apply(memory, one)
        plain[one.request] = Remembered(one.request, one.deadline, one.answer)
        plain = {request: kept for request, kept in plain.items() if kept.deadline >= timestamp}
        assert {kept.request: kept for kept in remembered(memory.tree, timestamp)} == plain
        for past in range(1, number + 1):
            deadline = sum(pause for pause, _, _ in commits[:past]) + 1 + commits[past - 1][1]
            request = RequestId(CLIENT, 1, past)
            expected = plain[request].answer if request in plain else None
            assert memory.answer_to(request, deadline, timestamp) == expected


@given(COMMITS)
def test_rows_go_in_pieces_and_are_never_more_than_ids_were_remembered_at_once(
    commits: list[tuple[int, int, int | None]],
) -> None:
    memory, timestamp, peak = empty(), 1, 0
    for number, (pause, ahead, shown) in enumerate(commits, 1):
        timestamp += pause
        before = memory.count
        apply(memory, record(number, timestamp, timestamp + ahead, shown))
        assert before - memory.count < FORGOTTEN_AT_ONCE
        peak = max(peak, sum(1 for _ in remembered(memory.tree, timestamp)))
        rows = list(memory.tree.range())
        assert memory.count == len(rows) <= peak
        assert memory.bytes == sum(CODEC.entry_size(key, row) for key, row in rows)
        assert memory.bytes >= sum(len(row.observed.item) for _, row in rows if row.observed is not None)


@given(COMMITS, st.integers(0, 120))
def test_what_a_checkpoint_brings_back_goes_on_as_if_nothing_had_been(
    commits: list[tuple[int, int, int | None]], at: int
) -> None:
    disk = SimDisk(Outbox())
    file = page_file(disk)
    memory, timestamp = Memory(BTree(file, CODEC)), 1
    other = empty()
    for number, (pause, ahead, shown) in enumerate(commits, 1):
        timestamp += pause
        one = record(number, timestamp, timestamp + ahead, shown)
        apply(memory, one)
        apply(other, one)
        if number == at:
            roots = file.checkpoint((memory.tree,))
            reopened = page_file(disk)
            reopened.recover()
            memory = Memory(BTree(reopened, CODEC, roots[0]), memory.count, memory.bytes)
    assert (memory.count, memory.bytes, memory.earliest) == (other.count, other.bytes, other.earliest)
    assert digest_of(memory.tree) == digest_of(other.tree)


def test_a_request_is_named_by_its_deadline_too() -> None:
    memory = empty()
    apply(memory, record(1, 10, 50, None))
    request = RequestId(CLIENT, 1, 1)
    assert memory.answer_to(request, 50, 50) == Answer(1, True, None)
    assert memory.answer_to(request, 51, 50) is None
    assert memory.answer_to(request, 50, 51) is None


def test_a_partition_remembers_all_that_its_rate_admits() -> None:
    """At the rate in each second, with the furthest deadlines, and a new leader's clock 2 epsilon back."""
    settings = Settings(
        admitted_writes_per_s=50, deadline_span_us=3_000_000, epsilon_us=250_000, in_flight_slots=1
    )
    memory, number, most = empty(), 0, 0
    for second in range(12):
        for write in range(50):  # All at the beginning of their second.
            number += 1
            tau = second * 1_000_000 + write
            timestamp = 1 + (tau if tau < 6_000_000 else max(6_000_000 + number, tau - 500_000))
            apply(memory, record(number, timestamp, timestamp + settings.deadline_span_us, None))
            most = max(most, memory.count)
    assert 150 < most < settings.remembered_requests == 227


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(0, 30))), st.integers(1, 4))
def test_a_refusal_is_final_only_if_it_is_kept(refused: list[tuple[int, int, int]], limit: int) -> None:
    refusals, kept = Refusals(limit), dict[tuple[RequestId, int], int]()
    for timestamp, (number, attempt, ahead) in enumerate(refused):
        request, deadline = RequestId(CLIENT, 1, number), 1_000 * number + ahead
        if refusals.add(request, attempt, deadline, timestamp):
            kept[request, attempt] = deadline
        assert len(refusals) <= limit
        for (one, last), until in kept.items():
            assert until < timestamp or refusals.cover(one, last)


def test_refusals_past_their_deadlines_make_room() -> None:
    refusals = Refusals(2)
    for number in (1, 2):
        assert refusals.add(RequestId(CLIENT, 1, number), 1, 10, 5)
    assert not refusals.add(RequestId(CLIENT, 1, 3), 1, 10, 10)
    assert refusals.add(RequestId(CLIENT, 1, 3), 1, 20, 11)


def test_a_restart_knows_when_the_first_id_may_be_forgotten_of_a_partition_with_rates() -> None:
    """The row of the buckets is below those of the ids: until then a leader throttles if it may keep no more
    (rule I4).
    """
    disk = SimDisk(Outbox())
    file = page_file(disk)
    memory = Memory(BTree(file, CODEC))
    fill = Fill(MICRO, MICRO)
    row = Metered.begin(Rates(Version(1), fill, fill, None, None), 0).row()
    for has_ids in (False, True):
        if has_ids:
            for number, deadline in ((1, 70), (2, 50)):
                apply(memory, record(number, 10 * number, deadline, None))
        memory.meter(row)
        (root,) = file.checkpoint((memory.tree,))
        reopened = page_file(disk)
        reopened.recover()
        again = Memory(BTree(reopened, CODEC, root), memory.count, memory.bytes)
        assert again.metered == row
        assert again.earliest == memory.earliest == (50 if has_ids else LATEST_DEADLINE)
