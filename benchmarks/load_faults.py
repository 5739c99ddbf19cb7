"""The faults that load once showed, each with its bound: `./run python benchmarks/load_faults.py`.

Simulated time, default settings, no faults but those that a row names. A row is over its bound, or within;
exit status 1 if one is over. The figures are of the simulator's clock, so they are the same on every machine.
`docs/benchmarks/load.md` has them, and how the same was measured before these faults were mended.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from group_under_load import OPTIONS, SECOND, GroupUnderLoad, mean_round_trip
from msgspec import Struct, structs

from dynaproof.checkers.kinds.group import REPLICAS
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.outbox import OutboxLimits
from dynaproof.impl.partition.messages.readers import LogRead, MoveCursor
from dynaproof.impl.partition.messages.requests import Get, Put
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.messages.catch_up import Chosen, CopiedLog, CopiedPages
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Vote

NEAR_SLOTS = 64
TREE_ITEMS, ITEM_BYTES = 65_536, 1_024
"""A tree of 64 MB."""
MOST_COPY_US = 60 * SECOND
NEVER_IN = 1_000
"""For copies begun where none is in after that time."""


class Row(Struct, frozen=True):
    """What was measured, and the bound that it must keep."""

    number: str
    what: str
    measured: float
    bound: float
    unit: str
    most: bool = True
    """Whether the bound is an upper one."""

    @property
    def within(self) -> bool:
        """Whether the bound is kept."""
        return self.measured <= self.bound if self.most else self.measured >= self.bound


def percentile(values: list[int], share: float) -> float:
    """The value that so many in a thousand are not above."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * share))])


# --- The rows ---


def accepts_behind_a_gap() -> Iterator[Row]:
    """1: writes over a second among 40 clients."""
    group = GroupUnderLoad(40)
    group.start()
    group.run(3 * SECOND)
    still = sum(
        group.world.tau - group.world.at(node).node.began > SECOND  # type: ignore[attr-defined]
        for node in group.clients
    )
    slow = sum(took > SECOND for took in group.took) + still
    share = 100 * slow / (len(group.took) + len(group.clients))
    yield Row("1", "writes over 1 s, 40 clients", round(share, 3), 0.1, "%")


def copies_under_load() -> Iterator[Row]:
    """2: copies of a large tree begun until one is finished, and how long that takes beside an idle group."""
    times = {}
    for load in ("idle", "under load"):
        group = GroupUnderLoad(64, settings=Settings(retained_slots=64, retained_bytes=1 << 16))
        group.fill(TREE_ITEMS, ITEM_BYTES)
        group.start()
        group.run(SECOND // 4)
        if load == "idle":
            group.stop()
            group.run(SECOND // 4)
        group.checkpoint()
        took, begun = time_of_a_copy(group)
        times[load] = took
        yield Row("2", f"copies begun until one of a 64 MB tree is in, {load}", begun, 1, "copies")
    ratio = times["under load"] / times["idle"]
    yield Row(
        "2", f"its time under load beside idle ({times['idle'] / SECOND:.3f} s)", round(ratio, 2), 2, "times"
    )


def time_of_a_copy(group: GroupUnderLoad) -> tuple[int, int]:
    """Microseconds from the beginning of a copy to where the log names it, after a follower has lost its
    disk; and how many copies were begun until then.
    """
    world, lost = group.world, group.followers()[0]
    place = world.at(lost)
    world.crash(place, "lost disk", lose_disk=True)
    world.start(place)
    begun: list[Any] = []
    began_at = 0

    def installed() -> bool:
        nonlocal began_at
        replica = group.replica(lost)
        if replica is None:
            return False
        if replica.copy is not None and not any(replica.copy is one for one in begun):
            begun.append(replica.copy)
            began_at = began_at or world.tau
        return bool(replica.log.head.copied)

    done = group.run(MOST_COPY_US, installed)
    return (world.tau - began_at, len(begun)) if done else (MOST_COPY_US, NEVER_IN)


def write_amplification() -> Iterator[Row]:
    """Bytes written to the three disks per byte that is put, where a large tree is written at random."""
    written = Written()
    group = GroupUnderLoad(64, keys=TREE_ITEMS, item_bytes=ITEM_BYTES, observers=(written,))
    group.fill(TREE_ITEMS, ITEM_BYTES)
    group.start()
    group.run(SECOND // 4)
    written.bytes = 0
    group.ended.clear()
    group.run(SECOND)
    put = group.ended["ok"] * ITEM_BYTES
    yield Row(
        "amplification",
        "bytes written to three disks per byte put",
        round(written.bytes / put, 1),
        40,
        "bytes",
    )


def catching_up() -> Iterator[Row]:
    """3: level after a second down, and after ten."""
    for seconds, clients, think, bound in ((1, 16, 4_000, 3), (10, 64, 1, 10)):
        group = GroupUnderLoad(clients, think_us=think)
        group.start()
        group.run(SECOND)
        down = group.world.at(group.followers()[0])
        group.world.crash(down, "down")
        before = len(group.took)
        group.run(seconds * SECOND)
        rate = (len(group.took) - before) / seconds
        group.world.start(down)
        began = group.world.tau

        def level(down: Any = down, group: GroupUnderLoad = group) -> bool:
            replica = group.replica(down.id)
            behind = group.chosen() - replica.log.commit if replica is not None else 1 << 30
            return behind <= NEAR_SLOTS

        group.run(60 * SECOND, level)
        took = (group.world.tau - began) / SECOND
        yield Row("3", f"level after {seconds} s down at {rate:,.0f} writes/s", round(took, 3), bound, "s")


def request_ids() -> Iterator[Row]:
    """4: 64 clients that write as fast as they are answered."""
    group = GroupUnderLoad(64)
    group.start()
    group.run(SECOND)
    group.took.clear()
    group.refused.clear()
    group.run(5 * SECOND)
    trip = mean_round_trip(OPTIONS)
    yield Row("4", "writes/s, 64 clients", len(group.took) / 5, 10_000, "writes/s", most=False)
    yield Row("4", "refused at that rate", sum(group.refused.values()), 0, "refusals")
    yield Row(
        "4", "99 % are answered within", round(percentile(group.took, 0.99) / trip, 2), 4, "round trips"
    )
    yield Row("4", "the slowest was answered within", round(max(group.took) / trip, 2), 8, "round trips")


def shed_messages() -> Iterator[Row]:
    """5: checkpoints go on where messages to others are shed."""
    options = structs.replace(OPTIONS, outbox=OutboxLimits(messages=4))
    group = GroupUnderLoad(8, options=options, settings=Settings(checkpoint_slots=256))
    group.start()
    group.run(2 * SECOND)
    leader = group.leader()
    covered = leader.log.head.snapshot.slot if leader is not None and leader.log.head.snapshot else 0
    behind = leader.log.commit - covered if leader is not None else 1 << 30
    yield Row("5", "slots behind the newest checkpoint, outbox of 4 messages", behind, 2 * 256, "slots")


def router_restarts() -> Iterator[Row]:
    """6: an acknowledged write of a restarted client is there."""
    group = GroupUnderLoad(1)
    place = group.world.at(group.clients[0])
    lost = 0
    for number in range(20):
        if place.up:
            group.world.crash(place, "restart")
        group.world.start(place)
        client: Any = place.node
        value = b"value %d" % number
        client.next_operation = iter([Put(b"key", value), Get(b"key", True), *[None] * 1_000]).__next__
        found: list[Any] = []
        client.learned = lambda operation, ending, observed, found=found: found.append(
            (operation, ending, observed)
        )
        group.run(20 * SECOND, lambda found=found: len(found) == 2)
        put, read = found
        lost += put[1] == "ok" and (read[2] is None or read[2].item != value)
    yield Row("6", "acknowledged writes that vanished in 20 restarts", lost, 0, "writes")


class Written:
    """Counts what the handlers of storage nodes write."""

    def __init__(self) -> None:
        self.bytes = 0
        """Of pages and of journals."""

    def listens(self, place: Place) -> Listening:
        """To the end of every handler of a storage node."""
        return Listening(handled=self.handled) if place.id in REPLICAS else Listening()

    def handled(self, place: Place) -> None:
        """A handler has run."""
        self.bytes += place.disk.bytes_written


class Largest:
    """Hears of the messages that carry records or pages, and keeps the size of the largest."""

    KINDS = (Accept, Adopt, Chosen, CopiedLog, CopiedPages, LogRead, Promise)

    def __init__(self) -> None:
        self.bytes = 0

    def listens(self, place: Place) -> Listening:
        """To all that is sent of these kinds."""
        return Listening(sent=dict.fromkeys(self.KINDS, self.sent))

    def sent(self, place: Place, message: Message) -> None:
        """A message leaves a node."""
        self.bytes = max(self.bytes, len(msgspec.msgpack.encode(message)))


def message_sizes() -> Iterator[Row]:
    """7: the largest message between replicas beside its bound, with items of 400 KB, a laggard and a new
    leader.
    """
    largest = Largest()
    group = GroupUnderLoad(16, item_bytes=400_000, keys=64, observers=(largest,))
    group.start()
    group.run(SECOND)
    down = group.world.at(group.followers()[0])
    group.world.crash(down, "down")
    group.run(SECOND)
    group.world.start(down)
    group.run(SECOND)
    group.world.run(group.world.at(REPLICAS[1]), group.replica(REPLICAS[1]).start_campaign)
    group.run(2 * SECOND)
    yield Row("7", "the largest message between replicas", largest.bytes, Settings().message_bytes, "bytes")


def slow_reader() -> Iterator[Row]:
    """8: what the log keeps for a reader that stops, at the most and in the end."""
    settings = Settings(
        hold_lag_slots=2_000,
        held_slots=4_000,
        retained_slots=64,
        checkpoint_slots=256,
        checkpoint_bytes=1 << 16,
    )
    group = GroupUnderLoad(16, settings=settings)
    leader = group.leader()
    reader = NodeId("region", "client", "c0")
    place = group.world.at(leader.member.node)
    group.world.run(place, place.node.on_message, reader, MoveCursor(reader, "reader", 0))
    group.start()
    most = 0

    def watch() -> bool:
        nonlocal most
        log = leader.log
        most = max(most, log.last + 1 - log.first)
        return False

    group.run(2 * SECOND, watch)
    lag, beside = settings.hold_lag_slots, 2 * settings.checkpoint_slots + settings.retained_slots
    yield Row("8", "most slots kept for a reader that stopped and may lag 2,000", most, lag + beside, "slots")
    yield Row("8", "and at the least, for it is held", most, lag, "slots", most=False)
    log = leader.log
    yield Row("8", "slots kept once its hold has lapsed", log.last + 1 - log.first, beside, "slots")


def page_cache() -> Iterator[Row]:
    """9: the cache of a node beside its bound, after all of a tree was read that is eight times as large."""
    bound = 1 << 20
    group = GroupUnderLoad(4, settings=Settings(cache_bytes=bound, checkpoint_slots=256), keys=8_000)
    group.fill(8_000, 1_000)
    group.start()
    most = 0

    def watch() -> bool:
        nonlocal most
        cache = group.world.at(REPLICAS[0]).node.cache  # type: ignore[attr-defined]
        most = max(most, cache.clean_bytes + cache.dirty_bytes) if group.world.tau > 2 * SECOND else 0
        return False

    group.run(4 * SECOND, watch)
    yield Row("9", "bytes in the page cache beside its bound", round(most / bound, 3), 1.1, "times")


def strangers() -> Iterator[Row]:
    """10: what a leader without followers counts of votes that a client sends in their names, and of the same
    votes from themselves.
    """
    group = GroupUnderLoad(8)
    group.start()
    group.run(SECOND // 10)
    leader = group.leader()
    for node in group.followers():
        group.world.crash(group.world.at(node), "down")
    group.run(SECOND // 100)
    place, others = group.world.at(leader.member.node), leader.others()
    for what, bound, most in (("a client", 0, True), ("the voters", 1, False)):
        before = leader.log.commit
        for voter in others:
            sender = voter.node if what == "the voters" else group.clients[0]
            vote = Vote(voter, leader.incarnation, leader.leading, leader.log.last, 0, 0)
            group.world.run(place, place.node.on_message, sender, vote)
        counted = leader.log.commit - before
        yield Row(
            "10", f"slots chosen by votes that {what} sent for the voters", counted, bound, "slots", most
        )


TESTS_OF_11 = (
    "tests/examples/test_format_versions.py",
    "tests/examples/test_nodes_of_one_name.py",
    "tests/laws/test_views.py",
    "tests/laws/test_arbitrary_messages.py",
)


def formats_names_and_views() -> Iterator[Row]:
    """11: the tests of formats, names, held views, and answers to reads that are too large."""
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS_OF_11]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    counts = {what: int(count) for count, what in re.findall(r"(\d+) (passed|failed|error)", found.stdout)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    yield Row("11", "tests of formats, names and views that fail", failed, 0, "tests")
    yield Row("11", "and those that pass", counts.get("passed", 0), 1, "tests", most=False)


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "1": accepts_behind_a_gap,
    "2": copies_under_load,
    "3": catching_up,
    "4": request_ids,
    "5": shed_messages,
    "6": router_restarts,
    "7": message_sizes,
    "8": slow_reader,
    "9": page_cache,
    "10": strangers,
    "11": formats_names_and_views,
    "amplification": write_amplification,
}


def report(rows: Iterable[Row], as_json: bool, label: str = "{}:") -> int:
    """Print each row as it is measured, and give how many are over their bounds."""
    over = 0
    for row in rows:
        over += not row.within
        if as_json:
            print(json.dumps({**structs.asdict(row), "within": row.within}), flush=True)
        else:
            relation = "at most" if row.most else "at least"
            verdict = "" if row.within else "  OVER"
            found = f"{label.format(row.number)} {row.what}: {row.measured:,} {row.unit}"
            print(f"{found} ({relation} {row.bound:,}){verdict}", flush=True)
    return over


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="*", choices=ROWS, help="the rows to measure")
    arguments.add_argument("--json", action="store_true", help="print one JSON object per row")
    given = arguments.parse_args()
    rows = (row for name in given.only or ROWS for row in ROWS[name]())
    sys.exit(1 if report(rows, given.json, "{:>2} ") else 0)


if __name__ == "__main__":
    main()
