"""What a router knows of tables: a cache that is used while it is refreshed (rule R1 of docs/table.md).

*Invariant.* What is known of a table goes forward only: what was read at a lower slot of the metadata
replaces nothing. At most one look-up of a table is under way, and at most `refreshes` in all.

A split that a replica reports is used at once, until the next look-up. That brings the parent back if the
metadata does not list the children yet; the first request that goes to the parent mends it again. So nothing
goes in circles: a call that is at a child stays there (`Caller`), and a page begins behind what it has read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import ClassVar, Protocol

from dynaproof.impl.metadata.messages import Locate, Located, NotServing
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.node import ONLY_LANE, Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot
from dynaproof.impl.router.caller import Caller
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.values.key_range import whole

LIFE_BITS = 32
"""In a life a router asks fewer questions than have other numbers in this many bits."""


class LocateTimer(Timer, frozen=True, gc=False, tag="locate"):
    """The metadata has not answered this question, or it is time to ask it again."""

    number: int


class Known:
    """An active table as the metadata had it at a slot, except for splits that were heard of since."""

    __slots__ = ("asked_at", "at", "partitions", "slot", "starts", "table")

    def __init__(
        self,
        table: TableRecord,
        partitions: tuple[PartitionRecord, ...],
        slot: int,
        asked_at: Microseconds,
        at: Microseconds,
    ) -> None:
        self.table = table
        self.partitions = partitions
        """In the order of their ranges, which cover all."""
        self.starts = [one.range.start for one in partitions]
        self.slot = slot
        self.asked_at = asked_at
        """When the metadata was asked for it, so it is no older than that;"""
        self.at = at
        """and when it has answered."""

    def owner(self, key: bytes) -> PartitionRecord:
        """The partition to which a storage key belongs (R2)."""
        return self.partitions[bisect_right(self.starts, key) - 1]

    def record(self, partition: int) -> PartitionRecord | None:
        """The record of one of the partitions, by its number."""
        return next((one for one in self.partitions if one.partition == partition), None)

    def with_children(self, parent: PartitionRecord, children: tuple[PartitionRecord, ...]) -> Known:
        """The same with the children of a partition in its place."""
        at = self.partitions.index(parent)
        partitions = (*self.partitions[:at], *children, *self.partitions[at + 1 :])
        return Known(self.table, partitions, self.slot, self.asked_at, self.at)


def hosts_of(partition: PartitionRecord) -> tuple[NodeId, ...]:
    """The addresses of the nodes that host a partition, as the metadata has them."""
    return tuple(voter.node.address for voter in partition.config.voters)


class LookUp:
    """A look-up of a table under way."""

    __slots__ = ("asked", "asked_at", "followed", "late", "table", "until", "waits")

    def __init__(self, table: str, until: Microseconds) -> None:
        self.table = table
        self.until = until
        self.asked = 0
        """How often the metadata was asked,"""
        self.asked_at: Microseconds = 0
        """and when for the first time."""
        self.followed: Ballot = NO_BALLOT
        """The ballot of the hint last followed (R3)."""
        self.waits: dict[int, Microseconds] = {}
        """The requests that wait for it, and until when."""
        self.late: dict[int, Microseconds] = {}
        """The requests that came after the metadata was asked: an answer may be older than they are."""

    def given_up(self, now: Microseconds) -> list[int]:
        """Drop the requests whose time is over; these."""
        over = [number for number, until in (*self.waits.items(), *self.late.items()) if until <= now]
        for number in over:
            self.waits.pop(number, None)
            self.late.pop(number, None)
        return over


class Waiters(Protocol):
    """The part that waits for look-ups of tables."""

    def located(self, name: str, table: TableRecord | None, waits: list[int]) -> None:
        """A table was looked up: this is what there is."""
        ...

    def not_located(self, waits: list[int]) -> None:
        """The metadata has not answered in time."""
        ...


class Tables:
    """The tables that a router knows; see the module."""

    def __init__(
        self,
        env: Env,
        settings: RouterSettings,
        metadata: tuple[NodeId, ...],
        caller: Caller,
        waiters: Waiters,
    ) -> None:
        self.env = env
        self.settings = settings
        self.whereabouts = Whereabouts(metadata)
        """Where the metadata is."""
        self.caller = caller
        self.waiters = waiters
        self.known: dict[str, Known] = {}
        self.homes: dict[int, tuple[NodeId, ...]] = {}
        """By partition of the known tables: the addresses of the nodes that host it."""
        self.look_ups: dict[int, LookUp] = {}
        """The look-ups under way, by the number of the question."""
        self.queue: list[LookUp] = []
        """Look-ups that have no room yet: never two of one table, so no more than there are requests."""
        self.numbers = (env.boot - 1) << LIFE_BITS
        """The number of the last question: no two lives of a router have the same, for an answer to the one
        may come late, in the other.
        """
        self.leader: NodeId | None = None
        self.turn = 0

    def start(self) -> None:
        """Begin with any node: routers do not all ask the same one first."""
        self.turn = self.env.random("metadata", len(self.whereabouts.configured))

    def get(self, table: str) -> Known | None:
        """What is known of a table; if that is old, it is refreshed meanwhile (R1)."""
        known = self.known.get(table)
        if known is not None and self.env.now - known.at >= self.settings.refresh_us:
            self.refresh(table)
        return known

    def refresh(self, table: str) -> None:
        """Look a table up in the background, if there is room for that (R1)."""
        if len(self.look_ups) < self.settings.refreshes and self.under_way(table) is None:
            self.begin(LookUp(table, self.env.now + self.settings.timeout_us))

    def wait(self, table: str, number: int, until: Microseconds) -> None:
        """Look a table up for this request (R1)."""
        look_up = self.under_way(table)
        if look_up is not None:
            (look_up.late if look_up.asked else look_up.waits)[number] = until
        else:
            look_up = LookUp(table, until)
            look_up.waits[number] = until
            self.take(look_up)
        look_up.until = max(look_up.until, until)

    def under_way(self, table: str) -> LookUp | None:
        """The look-up of a table, if there is one."""
        return next((one for one in (*self.look_ups.values(), *self.queue) if one.table == table), None)

    def take(self, look_up: LookUp) -> None:
        """Begin a look-up for which requests wait, or have it wait for room."""
        if len(self.look_ups) < self.settings.refreshes:
            self.begin(look_up)
        else:
            self.queue.append(look_up)

    # --- Asking ---

    def begin(self, look_up: LookUp) -> None:
        """Ask the metadata."""
        self.numbers += 1
        self.look_ups[self.numbers] = look_up
        look_up.asked_at = self.env.now
        self.ask(self.numbers, look_up)

    def ask(self, number: int, look_up: LookUp) -> None:
        """Ask the leader of the metadata, else its members in turn, and later those where it began (A15)."""
        to = self.leader
        if to is None:
            nodes = self.whereabouts.to_ask(look_up.asked)
            to = nodes[self.turn % len(nodes)]
            self.turn += 1
        look_up.asked += 1
        self.env.enter(ONLY_LANE)
        self.env.send(to, Locate(number, look_up.table))
        self.env.set_timer(self.settings.caller.attempt_us, LocateTimer(number))

    def on_locate_timer(self, timer: LocateTimer) -> None:
        """Ask again; or give up (R1). Whoever has waited for a request's time waits no longer, though others
        that came later do, here or for look-ups that have no room.
        """
        look_up = self.look_ups[timer.number]
        self.leader = None
        over = [number for one in (look_up, *self.queue) for number in one.given_up(self.env.now)]
        self.queue = [one for one in self.queue if one.waits]
        if self.env.now < look_up.until:
            self.ask(timer.number, look_up)
        else:
            self.over(timer.number)
        self.waiters.not_located(over)

    def on_not_serving(self, sender: NodeId, m: NotServing) -> None:
        """Follow the hint if it is newer than the last one (R3); else ask the next member a little later."""
        look_up = self.look_ups.get(m.number)
        if look_up is None:
            return
        self.whereabouts.learn(m.hosts)
        if m.leader is not None and m.ballot > look_up.followed:
            look_up.followed, self.leader = m.ballot, m.leader.address
            self.ask(m.number, look_up)
            return
        self.leader = None
        caller = self.settings.caller
        pause = min(caller.most_backoff_us, caller.backoff_us << min(look_up.asked, 16))
        self.env.set_timer(1 + pause // 2 + self.env.random("locate", pause), LocateTimer(m.number))

    def over(self, number: int) -> LookUp:
        """A look-up has ended: another one may begin."""
        look_up = self.look_ups.pop(number)
        self.env.enter(ONLY_LANE)
        self.env.cancel_timer(LocateTimer(number))
        if self.queue:
            self.begin(self.queue.pop(0))
        return look_up

    def on_located(self, sender: NodeId, m: Located) -> None:
        """Keep an answer that is no older than what is known (R1), and tell the requests that wait."""
        if m.number not in self.look_ups or not is_whole(m, self.look_ups[m.number].table):
            return
        look_up = self.over(m.number)
        self.leader = sender.address
        self.whereabouts.learn(Hosts(m.epoch, m.members))
        before = self.known.get(look_up.table)
        if before is None or m.slot >= before.slot:
            self.forget(look_up.table, m.table)
            self.keep(look_up, m)
        waits = list(look_up.waits)
        if m.table is not None and m.table.status == "active":
            waits += look_up.late
        elif look_up.late:  # It may have become active before these asked.
            again = LookUp(look_up.table, look_up.until)
            again.waits = look_up.late
            self.take(again)
        self.waiters.located(look_up.table, m.table, waits)

    def forget(self, name: str, table: TableRecord | None) -> None:
        """Forget what is known of a table; if the table is gone, its partitions are never asked again."""
        before = self.known.pop(name, None)
        for one in () if before is None else before.partitions:
            del self.homes[one.partition]
            if table is None or table.generation != one.generation:
                self.caller.forget(one.partition)

    def keep(self, look_up: LookUp, m: Located) -> None:
        """Keep a table while it is active."""
        if m.table is None or m.table.status != "active":
            return
        if any(one.partition in self.homes for one in m.partitions):
            return  # Another table has it, and one of the two answers is wrong.
        self.known[look_up.table] = Known(m.table, m.partitions, m.slot, look_up.asked_at, self.env.now)
        for one in m.partitions:
            self.homes[one.partition] = hosts_of(one)
        for partition, ballot, leader in m.leaders:
            self.caller.learn(partition, ballot, leader)
        if len(self.known) > self.settings.tables:
            self.forget(next(iter(self.known)), None)

    def split(self, name: str, partition: int, split: Split) -> None:
        """A partition of a table is split: from now on its children are asked (R1)."""
        known = self.known.get(name)
        parent = None if known is None else known.record(partition)
        if known is None or parent is None:
            return
        left, right = split.children
        whole_range = left.range.start == parent.range.start and right.range.end == parent.range.end
        if not whole_range or any(child.partition in self.homes for child in split.children):
            return  # The metadata says otherwise, and one of the two is wrong.
        children = tuple(
            PartitionRecord(
                child.partition, parent.table, parent.generation, child.range, parent.state, child.config
            )
            for child in split.children
        )
        self.known[name] = known.with_children(parent, children)
        del self.homes[partition]
        for one in children:
            self.homes[one.partition] = hosts_of(one)

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Located: on_located,
        NotServing: on_not_serving,
    }


def is_whole(m: Located, name: str) -> bool:
    """Whether an answer has the shape that sound metadata gives it: it names hosts of the metadata, and an
    active table has this name and its partitions, each once and hosted somewhere, in order, with ranges that
    cover all.
    """
    if not m.members or m.table is None or m.table.status != "active":
        return bool(m.members)
    ranges = [one.range for one in m.partitions]
    return (
        m.table.name == name
        and m.table.partitions == tuple(one.partition for one in m.partitions)
        and len(dict.fromkeys(m.table.partitions)) == len(m.partitions) > 0
        and all(one.config.voters and one.generation == m.table.generation for one in m.partitions)
        and ranges[0].start == whole().start
        and ranges[-1].end is None
        and all(one.end == following.start for one, following in pairwise(ranges))
    )
