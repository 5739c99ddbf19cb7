"""The simulated disk against the plainest one: a list of operations, a prefix of which is durable."""

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.outbox import Outbox

LOGS = ("log/a", "log/b")
Operation: TypeAlias = tuple[str, str, int, bytes]
"""What (`append`, `cut`, `write`, `free`, `start`, `done`), where, a size or page, bytes."""

operations = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from(LOGS), st.just(0), st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("cut"), st.sampled_from(LOGS), st.integers(0, 12), st.just(b"")),
        st.tuples(st.just("write"), st.just("pages/p"), st.integers(0, 2), st.binary(max_size=3)),
        st.tuples(st.just("free"), st.just("pages/p"), st.integers(0, 2), st.just(b"")),
        st.tuples(st.sampled_from(("start", "done")), st.just(""), st.just(0), st.just(b"")),
    ),
    max_size=40,
)


class Oracle:
    """Per log the contents after each operation, and how many operations are durable."""

    def __init__(self) -> None:
        self.states: dict[str, list[bytes]] = {log: [b""] for log in LOGS}
        self.pages: list[dict[int, bytes]] = [{}]
        self.mark: dict[str, int] | None = None
        self.durable: dict[str, int] = dict.fromkeys((*LOGS, "pages/p"), 0)

    def lengths(self) -> dict[str, int]:
        return {**{log: len(self.states[log]) - 1 for log in LOGS}, "pages/p": len(self.pages) - 1}


def play(done: list[Operation]) -> tuple[SimDisk, Oracle, Outbox]:
    """Both disks after the operations; a sync that is asked for twice, or ended before it began, is not."""
    outbox, oracle = Outbox(), Oracle()
    disk = SimDisk(outbox)
    for what, name, number, data in done:
        if what == "append":
            assert disk.append(name, data) == len(oracle.states[name][-1])
            oracle.states[name].append(oracle.states[name][-1] + data)
        elif what == "cut":
            disk.cut(name, number)
            if number < len(oracle.states[name][-1]):
                oracle.states[name].append(oracle.states[name][-1][:number])
        elif what == "write":
            disk.write_page(name, number, data)
            oracle.pages.append({**oracle.pages[-1], number: data})
        elif what == "free":
            disk.free_page(name, number)
            if number in oracle.pages[-1]:
                oracle.pages.append({page: kept for page, kept in oracle.pages[-1].items() if page != number})
        elif what == "start" and oracle.mark is None:
            disk.sync_started()
            outbox.sync_started()
            oracle.mark = oracle.lengths()
        elif what == "done" and oracle.mark is not None:
            disk.sync_done()
            outbox.sync_done()
            oracle.durable, oracle.mark = oracle.mark, None
    return disk, oracle, outbox


@given(operations)
def test_reads_see_every_write_at_once(done: list[Operation]) -> None:
    disk, oracle, _ = play(done)
    for log in LOGS:
        assert disk.read(log, 0, disk.size(log)) == oracle.states[log][-1]
    assert disk.logs("log/") == [log for log in LOGS if oracle.states[log][-1]]
    assert {page: disk.read_page("pages/p", page) for page in disk.pages("pages/p")} == oracle.pages[-1]


@given(operations)
def test_a_sync_makes_durable_exactly_what_was_written_before_it_started(done: list[Operation]) -> None:
    disk, oracle, outbox = play(done)
    for log in LOGS:
        assert disk.durable_log(log) == oracle.states[log][oracle.durable[log]]
    assert disk.durable_files().get("pages/p", {}) == oracle.pages[oracle.durable["pages/p"]]
    assert (disk.written, disk.durable) == (outbox.written, outbox.durable)
    assert disk.durable == sum(oracle.durable.values())


@given(operations, st.data())
def test_a_crash_keeps_of_each_file_a_prefix_chosen_for_it_alone(
    done: list[Operation], data: st.DataObject
) -> None:
    disk, oracle, _ = play(done)
    asked: dict[str, list[tuple[int, int]]] = {}

    def pick(name: str, choices: int) -> int:
        number = data.draw(st.integers(0, choices - 1))
        asked.setdefault(name, []).append((number, choices))
        return number

    torn = disk.crash(pick)
    tails = 0
    for log in LOGS:
        states, first = oracle.states[log], oracle.durable[log]
        draws = asked.get(log, [(0, 1)])
        assert draws[0][1] == len(states) - first
        kept = first + draws[0][0]
        expected = states[kept]
        if len(draws) == 2:
            assert draws[1][1] == len(states[kept + 1]) - len(expected), "only an append is kept in part"
            expected = states[kept + 1][: len(expected) + draws[1][0]]
            tails += draws[1][0] > 0
        assert disk.read(log, 0, disk.size(log)) == disk.durable_log(log) == expected
    assert torn == (tails > 0)
    kept = oracle.durable["pages/p"] + asked.get("pages/p", [(0, 1)])[0][0]
    assert disk.durable_files().get("pages/p", {}) == oracle.pages[kept]
    assert disk.pages("pages/p") == sorted(oracle.pages[kept])


def keep(everything: bool) -> Callable[[str, int], int]:
    return lambda _name, choices: choices - 1 if everything else 0


@given(operations, st.booleans())
def test_what_a_crash_left_no_second_crash_takes(done: list[Operation], everything: bool) -> None:
    disk, _, _ = play(done)
    disk.crash(keep(everything))
    left = [disk.read(log, 0, disk.size(log)) for log in LOGS]
    disk.crash(keep(not everything))
    assert [disk.read(log, 0, disk.size(log)) for log in LOGS] == left


@given(operations, st.integers(0, 63), st.booleans())
def test_a_lost_tail_leaves_what_is_before_it(done: list[Operation], at: int, zeroed: bool) -> None:
    disk, _, _ = play(done)
    disk.crash(keep(True))
    for log in disk.durable_logs(""):
        before = disk.read(log, 0, disk.size(log))
        disk.lose_tail(log, at % len(before), zeroed)
        kept = before[: at % len(before)]
        assert disk.durable_log(log) == (kept.ljust(len(before), b"\0") if zeroed else kept)
        assert disk.read(log, 0, len(before)) == disk.durable_log(log)


@given(operations, st.integers(0, 63), st.integers(1, 255))
def test_rot_changes_one_byte_for_reads_and_for_the_platter(
    done: list[Operation], at: int, mask: int
) -> None:
    disk, _, _ = play(done)
    disk.crash(keep(True))
    before = {log: disk.read(log, 0, disk.size(log)) for log in LOGS}
    for log in disk.durable_logs(""):
        disk.rot(log, at % len(before[log]), mask)
        found = disk.read(log, 0, disk.size(log))
        assert found == disk.durable_log(log)
        differing = [
            (index, old ^ new)
            for index, (old, new) in enumerate(zip(before[log], found, strict=True))
            if old != new
        ]
        assert differing == [(at % len(before[log]), mask)]


@given(operations)
def test_a_lost_disk_is_empty(done: list[Operation]) -> None:
    disk, _, _ = play(done)
    disk.lose()
    assert [*disk.logs(), *disk.files(), *disk.durable_logs(""), *disk.durable_files()] == []
