"""The end of a run of a region: its tables can be used. A fresh item is written and read in every partition
of every active table, and a page of each table is read.

So a region in which nobody can use some table, or one partition, does not pass for one in which nothing went
wrong: errors that describe a table, and refusals for now, are answers, but no use.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from dynaproof.checkers.kinds.region import ROUTER, USER, RegionConfig
from dynaproof.checkers.kinds.token_service import TOKENS
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES, never
from dynaproof.checkers.scenarios.region_run import file, file_of, most_steps, observed
from dynaproof.checkers.workloads.user import User
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import PartitionRecord, ProvisionedTable, TableRecord, table_key
from dynaproof.impl.partition.records import Item
from dynaproof.impl.router.messages import Action, Done, GetItem, PutItem, ScanTable
from dynaproof.impl.values.attribute import Item as AttributeItem
from dynaproof.impl.values.attribute import S, number
from dynaproof.impl.values.encoding import decode_item, encode_item
from dynaproof.impl.values.key import encode_key
from dynaproof.specs.observe.impl.place import has_cut_links
from dynaproof.specs.views.capacity_facts import MICRO
from dynaproof.specs.views.group_facts import Stalled
from dynaproof.specs.views.region import Unended

PAUSES = 64
"""About how often what was not done is asked for again within the bound;"""

MOST_ROUNDS = 256
"""and the most rounds of asking."""

TRIED = 1_000
"""Keys among which one of each partition is looked for. If a partition is so small that it owns none of them,
one that users ask for may lie in it; if not, it is not asked for anything.
"""

LEAST_PAUSES = 1_024
"""The fewest pauses of the user in the time that it waits for an answer."""

NOTHING = "no answer"

UNITS = 16
"""Units of capacity that a partition must have had the time to gain: what its users owe for large items, and
what is asked for here.
"""


class Lacking(NamedTuple):
    """A partition or table that nobody has used yet."""

    what: PartitionRecord | TableRecord
    next: Action
    """What is asked for next: a write, then a read of what was written; or a page."""
    error: str
    """What was heard last."""


def is_of_use(run: Run) -> None:
    """A user writes a fresh item in every partition of an active table and reads it, and reads a page of each
    table.
    """
    bound = time_to_use(run)
    until = run.world.tau + bound
    for _ in range(MOST_ROUNDS):
        before = [one.next for one in lacking(run)]
        if run.failure is not None or not before or run.world.tau >= until:
            break
        run.perform("probe")
        began_at = run.world.tau
        run.advance_until(lambda: is_over(run), until - began_at, most_steps(run))
        if before == [one.next for one in lacking(run)]:
            pause = bound // PAUSES - (run.world.tau - began_at)
            run.advance_until(never, pause, most_steps(run))
    asking(run).stop()
    for one in lacking(run) if run.failure is None else ():
        if isinstance(one.what, PartitionRecord):
            wrong = f"a fresh write and a strong read of it did not succeed ({one.error})"
            file_of(run, one.what.partition, Stalled(wrong, bound))
        else:
            file(run, Unended(f"the wait for a page of {one.what.name} ({one.error})", bound))


def probe(run: Run) -> None:
    """A user asks for what is lacking, through routers that run and reach all: an event."""
    place = place_of(run)
    run.world.fault("probe", place, 0)
    user = asking(run)
    if user.doing is None:
        routers = [one for one in run.places_of(ROUTER) if one.up]
        whole = [one for one in routers if not has_cut_links(one)]
        user.routers = tuple(one.id.address for one in whole or routers)
        asked = [one.next for one in lacking(run)]
        user.take_up(asked, run.config.user.timeout_us // LEAST_PAUSES)
    if place.up:
        run.world.run(place, user.begin)


def place_of(run: Run) -> Place:
    """The place of the user that asks."""
    return next((place for place in run.places_of(USER) if place.up), run.places_of(USER)[0])


def asking(run: Run) -> User:
    """The user that asks, as a node."""
    node = place_of(run).node
    assert isinstance(node, User), "places of users have users"
    return node


def is_over(run: Run) -> bool:
    """Whether the user has done all that it was asked to do, or has tried for long enough."""
    user = asking(run)
    return user.doing is None and (user.left <= 0 or not user.tries)


def time_to_use(run: Run) -> int:
    """The time within which everything can be used: after an error a user waits, and a table's buckets fill
    slowly.
    """
    config: RegionConfig = run.config
    fills = [
        UNITS * MICRO * 1_000_000 // max(1, min(table.given.read, table.given.write) // len(table.partitions))
        for table in observed(run).metadata.of(ProvisionedTable)
    ]
    return SETTLING_LEASES * config.settings.lease_us + 2 * config.user.timeout_us + max(fills, default=0)


# --- What is asked for ---


def usable(run: Run) -> list[TableRecord]:
    """The tables that are active; under global admission, only if something grants tokens."""
    grants = all(place.up for place in run.places_of(TOKENS))
    return [
        table
        for table in observed(run).metadata.of(TableRecord)
        if table.status == "active"
        and (grants or not isinstance(table, ProvisionedTable) or table.given.adapts != "global")
    ]


def partitions_of(run: Run) -> dict[int, PartitionRecord]:
    """The partitions of these tables that own their ranges."""
    there = {partition: True for table in usable(run) for partition in table.partitions}
    records: list[PartitionRecord] = observed(run).metadata.of(PartitionRecord)
    return {one.partition: one for one in records if one.partition in there}


def keys_in(run: Run) -> dict[int, Item]:
    """For each partition, a key that nobody has asked for, or one that users ask for; for some, none."""
    left, found = partitions_of(run), dict[int, Item]()
    used: int = run.config.user.keys
    for index in chain(range(used, used + TRIED), range(used)):
        if not left:
            break
        key = encode_item(run.config.user.key(index))
        for partition, record in list(left.items()):
            table = observed(run).metadata.records[table_key(record.table)]
            assert isinstance(table, TableRecord), "that is under this key"
            if record.range.contains(encode_key(table.schema, decode_item(key))):
                found[partition] = key
                del left[partition]
    return found


def lacking(run: Run) -> list[Lacking]:
    """What is left to be asked for."""
    return [*partitions_lacking(run), *tables_lacking(run)]


def partitions_lacking(run: Run) -> Iterator[Lacking]:
    """The partitions of which no fresh item was read. If a write is throttled, nothing is read either: else
    the table would have to be given both at the same time.
    """
    user, records = asking(run), partitions_of(run)
    for partition, key in keys_in(run).items():
        record = records[partition]
        fresh: AttributeItem = {"writer": S(user.env.me.name), "number": number(str(partition))}
        write = PutItem(record.table, encode_item({**fresh, **decode_item(key)}))
        read = GetItem(record.table, key, strong=True)
        done, error = user.heard.get(write, (None, NOTHING))
        if done is None:
            yield Lacking(record, write, error or NOTHING)
            continue
        found, error = user.heard.get(read, (None, NOTHING))
        if not isinstance(found, Done) or found.item != write.item:
            yield Lacking(record, read, "another item" if found is not None else error or NOTHING)


def tables_lacking(run: Run) -> Iterator[Lacking]:
    """The tables of which no page was read."""
    for table in usable(run):
        page = ScanTable(table.name, None, limit=1, strong=True)
        found, error = asking(run).heard.get(page, (None, NOTHING))
        if found is None:
            yield Lacking(table, page, error or NOTHING)
