"""Operations of several items: a page is a prefix of what was asked for, a change is all or nothing, and the
observer takes the answers of the system for right, and nothing else.
"""

from types import SimpleNamespace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs
from sortedcontainers import SortedDict

from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change, GetMany, Page, Part, Request, Scan
from dynaproof.impl.partition.reads import ENTRY_BYTES, page, shown
from dynaproof.impl.partition.records import Mutation, Outcome, StoredItem, Write
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import Ballot, RequestId
from dynaproof.impl.router.notes import Shown
from dynaproof.specs.observe.impl.several_items import page_wrong

REQUEST = RequestId(NodeId("region", "client", "c"), 1, 1)
BALLOT = Ballot(1, "sa", 1)
APPLIED = 8

KEYS = st.sampled_from([b"", b"a", b"a\0", b"b", b"c", b"d"])
STORED = st.builds(StoredItem, st.binary(max_size=40), st.integers(1, APPLIED), st.just(1))
ITEMS = st.dictionaries(KEYS, STORED)
ORDERED = st.lists(KEYS, min_size=1, unique=True).map(lambda keys: tuple(sorted(keys)))
READS = st.builds(GetMany, ORDERED, st.booleans()) | st.builds(
    Scan, KEYS, KEYS | st.none(), st.integers(1, 4), st.integers(0, 200), st.booleans()
)
BOUNDS = st.builds(Settings, scan_items=st.integers(1, 4), scan_bytes=st.integers(0, 200))


class Tree:
    """The items of a partition, as a sorted dict."""

    def __init__(self, items: dict[bytes, StoredItem]) -> None:
        self.sorted = SortedDict(items)
        self.get = self.sorted.get

    def range(self, low: bytes, high: bytes | None) -> list[tuple[bytes, StoredItem]]:
        return [(key, self.sorted[key]) for key in self.sorted.irange(low, high, (True, False))]


def answer(items: dict[bytes, StoredItem], read: GetMany | Scan, bounds: Settings) -> Page:
    state: Any = SimpleNamespace(items=Tree(items), applied=APPLIED)
    made = shown(state, REQUEST, 1, read, bounds)
    assert isinstance(made, Page)
    return made


def wrong(page: Page, items: dict[bytes, StoredItem], read: GetMany | Scan) -> str | None:
    return page_wrong(read, Shown(REQUEST, page.slot, page.items, page.through), items)


@given(ITEMS, st.integers(1, 4), st.integers(0, 200))
def test_a_page_of_any_bounds_is_a_prefix_of_its_range(
    items: dict[bytes, StoredItem], most_items: int, most_bytes: int
) -> None:
    there = sorted(items.items())
    shows, through = page(there, most_items, most_bytes)
    assert list(shows) == there[: len(shows)]
    assert through == (None if len(shows) == len(there) else there[len(shows)][0])
    size = sum(len(key) + len(stored.item) + ENTRY_BYTES for key, stored in shows)
    assert len(shows) <= most_items
    assert size <= most_bytes or len(shows) == 1 or not shows


@given(ITEMS, READS, BOUNDS)
def test_pages_that_follow_each_other_show_each_item_once(
    items: dict[bytes, StoredItem], read: GetMany | Scan, bounds: Settings
) -> None:
    first = read
    found: list[tuple[bytes, StoredItem]] = []
    for _ in range(20):
        one = answer(items, read, bounds)
        found += one.items
        if one.through is None:
            break
        if isinstance(read, Scan):
            read = structs.replace(read, low=one.through)
        else:
            read = structs.replace(read, keys=read.keys[read.keys.index(one.through) :])
    assert one.through is None
    high = None if isinstance(first, GetMany) else first.high
    asked = first.keys if isinstance(first, GetMany) else [key for key in sorted(items) if key >= first.low]
    expected = [key for key in asked if key in items and (high is None or key < high)]
    assert found == [(key, items[key]) for key in expected]


@given(ITEMS, READS, BOUNDS)
def test_the_observer_takes_every_page_of_the_system_for_right(
    items: dict[bytes, StoredItem], read: GetMany | Scan, bounds: Settings
) -> None:
    assert wrong(answer(items, read, bounds), items, read) is None


@given(ITEMS, READS, BOUNDS, KEYS, st.data())
def test_the_observer_takes_no_other_page_for_right(
    items: dict[bytes, StoredItem], read: GetMany | Scan, bounds: Settings, key: bytes, data: st.DataObject
) -> None:
    right = answer(items, read, bounds)
    shows = dict(right.items)
    other = StoredItem(b"", 9, 9)
    changed = data.draw(st.sampled_from(("without", "another", "backwards", "complete", "stuck")))
    if changed == "without":
        assume(key in shows)
        altered = structs.replace(right, items=tuple(one for one in right.items if one[0] != key))
    elif changed == "another":
        altered = structs.replace(right, items=tuple(sorted({**shows, key: other}.items())))
    elif changed == "backwards":
        assume(len(shows) > 1)
        altered = structs.replace(right, items=right.items[::-1])
    elif changed == "complete":
        assume(any(right.through is not None and right.through <= one for one in asked(read, items)))
        altered = structs.replace(right, through=None)
    else:
        low = read.low if isinstance(read, Scan) else read.keys[0]
        altered = structs.replace(right, items=(), through=low)
    assert wrong(altered, items, read) is not None


def asked(read: GetMany | Scan, items: dict[bytes, StoredItem]) -> list[bytes]:
    """The keys of the items that a read asks for."""
    if isinstance(read, GetMany):
        return [key for key in read.keys if key in items]
    return [key for key, _ in Tree(items).range(read.low, read.high)]


PARTS = st.lists(
    st.builds(Part, KEYS, st.integers(0, 3), st.booleans(), st.binary(max_size=2) | st.none()),
    min_size=1,
    unique_by=lambda part: part.key,
).map(lambda parts: tuple(sorted(parts, key=lambda part: part.key)))
FEW_VERSIONS = st.builds(StoredItem, st.binary(max_size=2), st.integers(1, 3), st.just(1))


@given(st.dictionaries(KEYS, FEW_VERSIONS), st.dictionaries(KEYS, FEW_VERSIONS | st.none()), PARTS, st.data())
def test_a_change_is_all_or_nothing_by_the_versions_in_flight(
    applied: dict[bytes, StoredItem],
    in_flight: dict[bytes, StoredItem | None],
    parts: tuple[Part, ...],
    data: st.DataObject,
) -> None:
    replica: Any = SimpleNamespace(
        env=None,
        state=SimpleNamespace(items=applied),
        next_slot=9,
        next_timestamp=lambda: 90,
        config=SimpleNamespace(epoch=0),
    )
    unmetered = SimpleNamespace(buckets=lambda: None)
    requests = Requests(replica, Settings(), SimpleNamespace(), unmetered, lambda *_: None)  # type: ignore[arg-type]
    flights = tuple(Mutation(key, applied.get(key), new) for key, new in in_flight.items())
    requests.proposed(Write(8, BALLOT, 0, 80, REQUEST, 1_000, flights))
    there = {**applied, **in_flight}
    if data.draw(st.booleans()):  # Else hardly ever do all of them hold.
        parts = tuple(
            structs.replace(part, version=0 if (one := there.get(part.key)) is None else one.slot)
            for part in parts
        )
    request = Request(structs.replace(REQUEST, number=2), 1, BALLOT, 1_000, Change(parts))
    decided = requests.decide(SimpleNamespace(ballot=BALLOT), request)  # type: ignore[arg-type]
    differing = [part for part in parts if not part.holds(there.get(part.key))]
    if differing:
        assert isinstance(decided, Outcome)
        assert decided.observed == there.get(differing[0].key)
    else:
        assert decided.changes() == tuple(
            Mutation(
                part.key,
                there.get(part.key),
                None if part.item is None else StoredItem(part.item, 9, 90),
            )
            for part in parts
            if part.changes
        )
