"""How long writes stop when a partition is split, what the load feels of it, and what it writes and reads:
`./run python benchmarks/split.py`.

Simulated time, default settings. A row is over its bound, or within; exit status 1 if one is over. The
figures are of the simulator's clock, so they are the same on every machine. `docs/benchmarks/split.md` has
them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from statistics import mean
from typing import Any

from load_faults import Row, percentile, report
from msgspec import Struct
from region_under_load import SECOND, Answer, RegionUnderLoad, storage_nodes

from dynaproof.checkers.kinds.region import ROUTER_NODES
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.orders import SplitAt
from dynaproof.impl.partition.messages.requests import READS
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.paxos.messages.checkpoint import CheckpointWritten
from dynaproof.impl.router.notes import Ended, Invoked
from dynaproof.impl.values.key_range import whole
from dynaproof.specs.observe.impl.place import FEW_PAGES, replica_of, work_bounds

FEW, MANY = 1_000, 100_000
"""Items of 1 KB in the partition."""
SPLITS = 48
"""How many regions, each with a chance of its own, are split for each of both: a stop is a few round trips,
of which one alone says little.
"""
REQUESTS_PER_S = 2_000
QUIET_US, AFTER_US, MOST_US = 2 * SECOND, SECOND // 10, 600 * SECOND
"""How long before the split is *quiet*, and how long behind the stop is *during* it."""
FILLED = 0.9
"""The split is ordered when so much of what one checkpoint covers was written since the last: without the
checkpoint before the barrier (P1) the last one would have as much to write as any.
"""
PARENT, LEFT, RIGHT = 1, 2, 3
CHILDREN = (LEFT, RIGHT)
STOP_MS, P99_MS, APART, LAST, LEVEL, HOME = 50, 200, 10, 0.5, 2, 2
"""The bounds: of the longest stop; of the p99; of what the stops of few and many items differ by, in percent;
of the last checkpoint beside the largest before it; of what the making of the children reads beside that of
few; of what is written to bring pages home, for each byte of the parent's: what is remembered comes home to
both children.
"""
STARTED = time.monotonic()


def progress(*said: object) -> None:
    """Show what is under way."""
    print(f"[{time.monotonic() - STARTED:.0f} s]", *said, file=sys.stderr, flush=True)


class Work(Struct, frozen=True):
    """What one handler has read and written, in bytes, and what it may."""

    read: int
    written: int
    most_read: int
    most_written: int

    @property
    def share(self) -> float:
        """Of what it may."""
        return max(self.read / self.most_read, self.written / self.most_written)


class Watcher:
    """Hears at the routers which partition answers puts, and at the storage nodes what handlers do."""

    def __init__(self) -> None:
        self.puts: dict[RequestId, bool] = {}
        self.first: dict[int, int] = {}
        self.last: dict[int, int] = {}
        """By partition, when its first and its last answer to a put came to a router."""
        self.watches = False
        """Whether what handlers do counts."""
        self.largest = 0
        """What a handler has written at the most before the partition was split."""
        self.applied: dict[str, Work] = {}
        self.made: dict[str, Work] = {}
        """By storage node, the handler that applies the split and writes the last checkpoint; and the one
        that names that and writes the children's pages and heads.
        """
        self.more = 0
        """Written besides until both children have answered: marks, and the children's journals."""
        self.of_children = 0
        """Written for the children after that."""

    def listens(self, place: Place) -> Listening:
        """To puts, and to the end of every handler."""
        if place.id in ROUTER_NODES:
            return Listening(notes={Invoked: self.invoked, Ended: self.ended})
        return Listening(handled=self.handled) if place.id in storage_nodes() else Listening()

    def invoked(self, place: Place, note: Invoked) -> None:
        """A router asks a partition."""
        if not isinstance(note.operation, READS):
            self.puts[note.request] = True

    def ended(self, place: Place, note: Ended) -> None:
        """It has its answer."""
        if self.puts.pop(note.request, False) and note.ending == "ok":
            self.first.setdefault(place.lane, place.world.tau)
            self.last[place.lane] = place.world.tau

    def handled(self, place: Place) -> None:
        """A handler of a storage node has run."""
        disk, event = place.disk, place.world.last
        if not self.watches or event is None or not (disk.bytes_read or disk.bytes_written):
            return
        if event.lane in CHILDREN:
            self.of_children += disk.bytes_written
            return
        replica = replica_of(place, PARENT)
        if event.lane != PARENT or replica is None:
            return
        if not replica.state.barrier:
            self.largest = max(self.largest, disk.bytes_written)
            return
        work = Work(disk.bytes_read, disk.bytes_written, *work_bounds(place, replica, False))
        if place.name not in self.applied:
            self.applied[place.name] = work
        elif type(event.payload) is CheckpointWritten:
            self.made[place.name] = work


class Episode(Struct):
    """One split."""

    stops: list[int]
    """By child, from the parent's last answer to a put to its first one, in microseconds."""
    quiet: list[Answer]
    during: list[Answer]
    refused: int
    watcher: Watcher


class Home(Struct, frozen=True):
    """How what a split has left in the files of the parent came into those of the children."""

    seconds: float
    written: int
    """For the children, on all nodes, in bytes,"""
    pages: int
    """and what the pages of the parent took there."""


class Figures(Struct):
    """Of many splits of partitions with so many items."""

    items: int
    episodes: list[Episode]

    def stops(self) -> list[int]:
        """Of all children."""
        return [stop for one in self.episodes for stop in one.stops]

    def mean_stop(self) -> float:
        """In microseconds."""
        return mean(self.stops())

    def latencies(self, when: str) -> list[int]:
        """Of the answers in `quiet`, or `during` it."""
        return [answer.took for one in self.episodes for answer in getattr(one, when)]

    def most(self, which: str, of: Callable[[Work], float]) -> float:
        """Of the handlers of all nodes that `applied` the split, or that `made` the children."""
        return max(of(work) for one in self.episodes for work in getattr(one.watcher, which).values())


def since_checkpoint(region: RegionUnderLoad) -> float:
    """How much of what a checkpoint covers was written since the last one."""
    leader: Any = region.leader(PARENT)
    if leader is None:
        return 0
    log_bytes: int = leader.state.log_bytes - leader.log.head.snapshot.log_bytes
    return log_bytes / Settings().checkpoint_bytes


def split(items: int, seed: int) -> tuple[RegionUnderLoad, Episode]:
    """A partition is split at its middle under a constant load."""
    watcher = Watcher()
    region = RegionUnderLoad(1, items, seed=seed, observers=(watcher,))
    watcher.watches = True
    loader = region.loader
    region.load(REQUESTS_PER_S)
    for due in (True, False):  # A whole checkpoint, and nearly one more.
        assert region.until(30 * SECOND, lambda due=due: (since_checkpoint(region) > FILLED) == due)
    assert region.until(30 * SECOND, lambda: since_checkpoint(region) > FILLED)
    began = region.world.tau
    region.order(SplitAt(PARENT, whole().midpoint()))
    assert region.until(30 * SECOND, lambda: all(child in watcher.first for child in CHILDREN))
    over = max(watcher.first[child] for child in CHILDREN)
    watcher.more, watcher.of_children = watcher.of_children, 0
    region.run(AFTER_US)
    region.stop()
    assert region.until(15 * SECOND, lambda: not loader.due), "all that was asked is answered"
    assert not region.world.failed, "no handler has raised"
    stops = [watcher.first[child] - watcher.last[PARENT] for child in CHILDREN]
    quiet = [one for one in loader.answers if began - QUIET_US <= one.due < began]
    during = [one for one in loader.answers if began <= one.due <= over + AFTER_US]
    return region, Episode(stops, quiet, during, len(loader.refused), watcher)


def come_home(region: RegionUnderLoad, watcher: Watcher) -> Home:
    """Without a load, until all that the children need lies in files of their own."""
    began, before = region.world.tau, watcher.of_children
    pages = sum(replica.state.pages.taken_bytes for _, replica in region.replicas(PARENT))

    def home() -> bool:
        replicas = [replica for child in CHILDREN for _, replica in region.replicas(child)]
        return all(replica.state.pages.home and not replica.log.head.older for replica in replicas)

    assert pages, "the parent is there still"
    assert region.until(MOST_US, home), "all comes home"
    return Home((region.world.tau - began) / SECOND, watcher.of_children - before, pages)


def shown(took: list[int]) -> str:
    """The latencies that count, in milliseconds."""
    each = (percentile(took, 0.5), percentile(took, 0.99), max(took))
    return "p50 {:.1f}, p99 {:.1f}, max {:.1f} ms".format(*(one / 1_000 for one in each))


def rows_of(figures: Figures, home: Home) -> Iterator[Row]:
    """What was measured with so many items."""
    kind = f"{figures.items:,} items"
    stops = figures.stops()
    mean = figures.mean_stop() / 1_000
    what = f"the longest of {len(stops)} stops; {mean:.1f} ms in the mean"
    yield Row(kind, what, max(stops) / 1_000, STOP_MS, "ms")
    quiet, during = figures.latencies("quiet"), figures.latencies("during")
    what = f"p99 of {len(during):,} requests during it ({shown(during)}) beside quiet ({shown(quiet)})"
    yield Row(kind, what, percentile(during, 0.99) / 1_000, P99_MS, "ms")
    yield Row(kind, "requests refused", sum(one.refused for one in figures.episodes), 0, "requests")
    yield from work_of(kind, figures)
    written, of = f"{home.written:,} bytes written in {home.seconds:.0f} s", f"{home.pages:,} of the parent's"
    what = f"{written} to bring pages home, for each of {of}"
    yield Row(kind, what, round(home.written / home.pages, 2), HOME, "bytes")


def work_of(kind: str, figures: Figures) -> Iterator[Row]:
    """What single handlers have read and written for a split, and what all have written."""
    watchers = [one.watcher for one in figures.episodes]
    few_pages = FEW_PAGES * Settings().page_bytes
    last = max(work.written / one.largest for one in watchers for work in one.applied.values())
    written = figures.most("applied", lambda work: work.written)
    what = f"the last checkpoint, {written:,} bytes in one handler, beside the largest before it"
    yield Row(kind, what, round(last, 2), LAST, "times")
    read = figures.most("made", lambda work: work.read)
    yield Row(kind, "bytes read to make both children in one handler", read, few_pages, "bytes")
    written = figures.most("made", lambda work: work.written)
    yield Row(kind, "bytes written to make both children in one handler", written, few_pages, "bytes")
    share = max(figures.most(which, lambda work: work.share) for which in ("applied", "made"))
    yield Row(kind, "what these handlers do, of what `work_is_bounded` allows", round(share, 3), 1, "times")
    applied, made = (
        sum(work.written for one in watchers for work in works(one).values()) / len(watchers)
        for works in (lambda one: one.applied, lambda one: one.made)
    )
    more = sum(one.more for one in watchers) / len(watchers)
    what = f"bytes written by a split on three nodes, besides last checkpoints of {applied:,.0f}"
    yield Row(kind, what, round(made + more), 3 * few_pages, "bytes")


def measure(items: int) -> tuple[Figures, Home]:
    """Many splits; what the last one has split comes home."""
    figures = Figures(items, [])
    for seed in range(1, SPLITS + 1):
        region, episode = split(items, seed)
        figures.episodes.append(episode)
        progress(f"{items:,} items, seed {seed}: writes stop for {episode.stops} us")
    home = come_home(region, figures.episodes[-1].watcher)
    return figures, home


def rows() -> Iterator[Row]:
    """Rows of both."""
    few, home = measure(FEW)
    yield from rows_of(few, home)
    many, home = measure(MANY)
    yield from rows_of(many, home)
    kind, apart = f"{MANY:,} beside {FEW:,} items", 100 * abs(many.mean_stop() / few.mean_stop() - 1)
    yield Row(kind, "what the mean stops differ by", round(apart, 1), APART, "%")
    for what, of in (("read", lambda work: work.read), ("written", lambda work: work.written)):
        ratio = many.most("made", of) / few.most("made", of)
        yield Row(kind, f"what is {what} to make both children", round(ratio, 2), LEVEL, "times")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true", help="print one JSON object per row")
    given = arguments.parse_args()
    sys.exit(1 if report(rows(), given.json) else 0)


if __name__ == "__main__":
    main()
