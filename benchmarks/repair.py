"""How fast lost replicas are repaired, and replicas moved and nodes drained, and what the load feels of it:
`./run python benchmarks/repair.py`.

Simulated time, default settings. A row is over its bound, or within; exit status 1 if one is over. The
figures are of the simulator's clock, so they are the same on every machine. `docs/benchmarks/repair.md` has
them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from load_faults import Row, percentile, report
from msgspec import Struct
from region_under_load import SECOND, Answer, RegionUnderLoad, storage_nodes

from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.orders import DrainNode, MoveReplica
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import Member

ITEMS = 65_536
"""Of 1 KB: a tree of 64 MB."""
REQUESTS_PER_S = 1_000
QUIET_US, SETTLE_US = 2 * SECOND, 10 * SECOND
"""How long the load is on before anything happens, and what is left to a region after it."""
LOSSES, MOVES = 3, 10
"""How often each is measured, since much depends on when the next heartbeat is due; what stays away, once."""
MOST_US = 60 * SECOND
DRAINED, DRAINED_ITEMS = 100, 64
"""Replicas of the node that is drained, and items of each partition."""
COPY_US, TIMES, SLOWER, DRAIN_TIMES = 5 * SECOND, 2, 2, 1.5
"""The bounds: until the second copy is there; of a repair beside an idle one; of the p99 beside that in
quiet; and of a drain beside as many idle moves.
"""
STARTED = time.monotonic()


def progress(region: RegionUnderLoad | None, *said: object) -> None:
    """Show what is under way."""
    at = "" if region is None else f"{region.world.tau / SECOND:8.3f} s simulated, "
    print(f"[{at}{time.monotonic() - STARTED:.0f} s]", *said, file=sys.stderr, flush=True)


class Episode(Struct):
    """What happened once, in microseconds of the simulator's clock from when it began to count."""

    second_copy: int
    """Until the new voter is there and votes,"""
    full: int
    """and until it has its tree."""
    quiet: list[Answer]
    during: list[Answer]
    refused: int


class Figures(Struct):
    """Of many episodes."""

    episodes: list[Episode]

    def mean_full(self) -> float:
        """Until a voter was full, in seconds."""
        return sum(one.full for one in self.episodes) / len(self.episodes) / SECOND

    def slowest_copy(self) -> float:
        """Until a second copy was there, in seconds."""
        return max(one.second_copy for one in self.episodes) / SECOND

    def latencies(self, when: str) -> list[int]:
        """Of the answers in `quiet`, or `during` it."""
        return [answer.took for one in self.episodes for answer in getattr(one, when)]


class Watched:
    """Watches a partition get a new voter under the load, or without."""

    def __init__(self, region: RegionUnderLoad, loaded: bool, partition: int = 1) -> None:
        self.region = region
        self.loaded = loaded
        self.partition = partition
        self.quiet: list[Answer] = []
        record = region.partition(partition)
        assert record is not None, "the metadata has a leader"
        self.highest = max(voter.incarnation for voter in record.config.voters)

    def begin(self) -> None:
        """The load is on for a while before anything happens."""
        if self.loaded:
            loader = self.region.loader
            loader.answers.clear()
            loader.refused.clear()
            self.region.load(REQUESTS_PER_S)
            self.region.run(QUIET_US)
            self.quiet = list(loader.answers)

    def end(self, lost: int, began: int) -> Episode:
        """Until the new voter is there and votes, and until it is full. What was lost at `lost` was declared
        so at `began`; if it led, all counts from its successor's first answer on.
        """
        region = self.region
        assert region.until(MOST_US, lambda: self.is_served(lost)), "somebody leads"
        began = max(began, region.loader.first_answer(lost) if self.loaded else region.world.tau)
        assert region.until(MOST_US, self.votes), "the new voter votes"
        second_copy = region.world.tau
        assert region.until(MOST_US, self.is_full), "the new voter has its tree"
        full = region.world.tau
        during, refused = self.answered(began, full)
        return Episode(max(0, second_copy - began), full - began, self.quiet, during, refused)

    def answered(self, began: int, until: int) -> tuple[list[Answer], int]:
        """The answers to what was due in this time; and how many were refused."""
        if not self.loaded:
            return [], 0
        region = self.region
        region.run(SECOND // 10)
        region.stop()
        region.until(15 * SECOND, lambda: not region.loader.due)
        loader = region.loader
        return [one for one in loader.answers if began <= one.due <= until], sum(
            began <= due <= until for due in loader.refused
        )

    def is_served(self, since: int) -> bool:
        """Whether somebody leads, and has answered something that was due after a time."""
        answered = not self.loaded or self.region.loader.first_answer(since) > 0
        return answered and self.region.leader(self.partition) is not None

    def new_voter(self) -> Any:
        """What the leader knows of it."""
        leader = self.region.leader(self.partition)
        if leader is None:
            return None
        for voter, known in leader.leadership.progress.items():
            if voter.incarnation > self.highest:
                return known if known.through >= leader.state.config_slot and known.asked_at >= 0 else None
        return None

    def votes(self) -> bool:
        """Whether there is a new voter that holds all that was chosen since it is one."""
        return self.new_voter() is not None

    def is_full(self) -> bool:
        """Whether it has its tree too."""
        known = self.new_voter()
        return known is not None and known.full

    def settle(self) -> None:
        """Let who has left be dropped, and what else goes on be over."""
        region = self.region
        region.run(SETTLE_US)

        def settled() -> bool:
            record = region.partition(self.partition)
            return record is not None and not record.workflow and not record.pending

        assert region.until(MOST_US, settled), "who has left is dropped"


def who(region: RegionUnderLoad, leads: bool) -> Member:
    """The voter of the first partition that leads, or one that does not."""
    leader = region.leader(1)
    others = [voter for voter in leader.config.voters if voter != leader.member]
    found: Member = leader.member if leads else others[0]
    return found


# --- What happens ---


def lose_disk(region: RegionUnderLoad, loaded: bool, leads: bool) -> Episode:
    """A node comes back at once, on an empty disk; that counts from the report which says so."""
    watched = Watched(region, loaded)
    watched.begin()
    out = who(region, leads)
    place, lost = region.world.at(out.node), region.world.tau
    region.world.crash(place, "lost disk", lose_disk=True)
    region.world.start(place)
    assert region.until(MOST_US, lambda: region.heard_disk(out.node) > out.node.incarnation), "it reports"
    episode = watched.end(lost, region.world.tau)
    watched.settle()
    return episode


def stay_away(region: RegionUnderLoad, loaded: bool, leads: bool) -> Episode:
    """A node stays away; that counts from when the metadata says that it is dead."""
    watched = Watched(region, loaded)
    watched.begin()
    if loaded:
        region.stop()
    out = who(region, leads)
    place = region.world.at(out.node)
    region.world.crash(place, "dead")
    region.run(AdminSettings().dead_us - 8 * SECOND)
    if loaded:
        region.load(REQUESTS_PER_S)

    def dead() -> bool:
        record = region.node_record(out.node)
        return record is not None and record.dead

    assert region.until(MOST_US, dead), "it is declared dead"
    episode = watched.end(region.world.tau, region.world.tau)
    region.world.start(place)
    watched.settle()
    return episode


def move(region: RegionUnderLoad, loaded: bool, leads: bool) -> Episode:
    """A replica is moved; that counts from when it is ordered."""
    watched = Watched(region, loaded)
    watched.begin()
    episode = moved(watched, who(region, leads).node)
    watched.settle()
    return episode


def moved(watched: Watched, out: NodeId) -> Episode:
    """A replica is moved off a node to another one of its zone."""
    region = watched.region
    began, there = region.world.tau, [place.id for place, _ in region.replicas(watched.partition)]
    others = [region.world.at(one).id for one in storage_nodes() if one.zone == out.zone]
    spare = next(one for one in others if one not in there)
    region.order(MoveReplica(watched.partition, out.name, spare.name))
    return watched.end(0, began)


KINDS: dict[str, tuple[Callable[[RegionUnderLoad, bool, bool], Episode], bool, int]] = {
    "a follower's disk is lost": (lose_disk, False, LOSSES),
    "the leader's disk is lost": (lose_disk, True, LOSSES),
    "a follower stays away": (stay_away, False, 1),
    "the leader stays away": (stay_away, True, 1),
    "a follower is moved": (move, False, MOVES),
    "the leader is moved": (move, True, MOVES),
}


def replacements(only: Sequence[str]) -> Iterator[Row]:
    """Rows of all that replaces a voter of a partition of 64 MB."""
    found: dict[str, dict[bool, Figures]] = {kind: {} for kind in only}
    for loaded in (False, True):
        region = RegionUnderLoad(1, ITEMS)
        for kind in only:
            happens, leads, times = KINDS[kind]
            found[kind][loaded] = figures = Figures([])
            for number in range(times):
                # Each at another moment between two heartbeats, on which an idle group waits.
                region.run(number * Settings().heartbeat_us // times)
                figures.episodes.append(happens(region, loaded, leads))
                last = figures.episodes[-1]
                load = "under load" if loaded else "idle"
                progress(region, f"{kind}, {load}: {last.second_copy:,} us, full in {last.full:,} us")
    for kind, by_load in found.items():
        idle, loaded_ones = by_load[False], by_load[True]
        if KINDS[kind][0] is not move:
            slowest = max(idle.slowest_copy(), loaded_ones.slowest_copy())
            yield Row(kind, "the new voter is there and votes", round(slowest, 3), COPY_US / SECOND, "s")
        took, beside = loaded_ones.mean_full(), idle.mean_full()
        what = f"it is full, {took:.3f} s, beside {beside:.3f} s of an idle group"
        yield Row(kind, what, round(took / beside, 2), TIMES, "times")
        yield from felt(kind, loaded_ones)


def felt(kind: str, figures: Figures) -> Iterator[Row]:
    """What the load felt of it."""
    quiet, during = figures.latencies("quiet"), figures.latencies("during")
    what = f"p99 of {len(during):,} requests during it ({shown(during)}) beside quiet ({shown(quiet)})"
    ratio = percentile(during, 0.99) / percentile(quiet, 0.99)
    yield Row(kind, what, round(ratio, 2), SLOWER, "times")
    yield Row(kind, "requests refused during it", sum(one.refused for one in figures.episodes), 0, "requests")


def shown(took: list[int]) -> str:
    """The latencies that count, in milliseconds."""
    each = (percentile(took, 0.5), percentile(took, 0.99), max(took))
    return "p50 {:.1f}, p99 {:.1f}, max {:.1f} ms".format(*(one / 1_000 for one in each))


# --- A drain ---


def drain() -> Iterator[Row]:
    """Rows of the drain of a node."""
    kind = f"a node of {DRAINED} replicas is drained"
    partitions = 2 * DRAINED  # The nodes of the metadata have as many.
    region = RegionUnderLoad(partitions, partitions * DRAINED_ITEMS, rows=1)
    node, other = [one for one in storage_nodes() if region.hosted(one) == DRAINED][:2]
    progress(region, f"{node.name} has {DRAINED} replicas")
    idle = Figures([])
    for partition in [number for number in range(1, partitions) if region.has(other, number)][:MOVES]:
        idle.episodes.append(moved(Watched(region, False, partition), other))
    progress(region, f"idle moves take {idle.mean_full():.3f} s")
    region.run(SETTLE_US)
    at_once = AdminSettings().balance_at_once
    expected = DRAINED / at_once * idle.mean_full()
    watched = Watched(region, True)
    watched.begin()
    began = region.world.tau
    region.order(DrainNode(node.name))
    left = region.hosted(node)
    while left and region.world.tau < began + 10 * MOST_US:
        region.until(5 * SECOND, lambda: region.hosted(node) == 0)
        left = region.hosted(node)
        progress(region, f"{left} left")
    took = region.world.tau - began
    during, refused = watched.answered(began, region.world.tau)
    what = (
        f"it is empty in {took / SECOND:.1f} s, beside {DRAINED} / {at_once} idle moves in {expected:.1f} s"
    )
    yield Row(kind, what, round(took / SECOND / expected, 2), DRAIN_TIMES, "times")
    yield from felt(kind, Figures([Episode(0, took, watched.quiet, during, refused)]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="*", choices=[*KINDS, "drain"], help="what is to be measured")
    arguments.add_argument("--json", action="store_true", help="print one JSON object per row")
    given = arguments.parse_args()
    only = given.only or [*KINDS, "drain"]
    kinds = [kind for kind in only if kind in KINDS]
    measured: list[Iterator[Row]] = [replacements(kinds)] if kinds else []
    measured += [drain()] if "drain" in only else []
    sys.exit(1 if report(chain.from_iterable(measured), given.json) else 0)


if __name__ == "__main__":
    main()
