"""What a source holds for copiers: by whom, until when, and how much."""

import pytest

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.ids import NO_BALLOT, Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.paxos.views import Views
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile

ONE, TWO, THREE = (Member(NodeId("region", zone, zone), 1) for zone in "abc")
SETTINGS = Settings(views=2, view_us=100, view_bytes=1_000, copiers=2, page_bytes=128)


def snapshot(slot: int) -> Snapshot:
    return Snapshot(slot, NO_BALLOT, NO_BALLOT, slot, 0, Config(0, (ONE, TWO, THREE), 2), 0, ())


@pytest.fixture
def pages() -> PageFile:
    return PageFile(SimDisk(Outbox()), "items", SETTINGS.page_bytes, PageCache(1 << 20))


def test_a_copier_goes_on_with_its_view_when_there_is_a_newer_checkpoint(pages: PageFile) -> None:
    views = Views(SETTINGS, boot=1)
    first = views.offer(ONE, 3, snapshot(9), pages, now=0)
    assert first is not None
    assert views.offer(ONE, 3, snapshot(20), pages, now=50) is first
    assert views.asked(ONE, first.number, now=90) is first
    assert views.needed_from() == 10
    views.lapse(now=150)
    assert views.open() == [first]


def test_a_view_lapses_when_nobody_asks(pages: PageFile) -> None:
    views = Views(SETTINGS, boot=1)
    assert views.offer(ONE, 3, snapshot(9), pages, now=0) is not None
    views.lapse(now=100)
    assert (views.open(), views.needed_from(), pages.held) == ([], None, {})


def test_the_log_is_held_behind_the_copy_until_its_copier_is_level(pages: PageFile) -> None:
    views = Views(SETTINGS, boot=1)
    assert views.offer(ONE, 3, snapshot(9), pages, now=0) is not None
    views.has(ONE, 9, commit=30, now=10)
    assert (views.needed_from(), pages.held) == (10, {})
    views.has(ONE, 25, commit=30, now=20)
    assert views.needed_from() == 26
    views.has(ONE, 30, commit=30, now=30)
    assert views.needed_from() is None


def test_who_comes_when_all_views_are_open_shares_the_newest_or_comes_back(pages: PageFile) -> None:
    settings = Settings(views=1, copiers=2)
    views = Views(settings, boot=1)
    first = views.offer(ONE, 3, snapshot(9), pages, now=0)
    assert views.offer(TWO, 3, snapshot(20), pages, now=1) is first
    assert views.offer(THREE, 3, snapshot(20), pages, now=2) is None


def test_pages_stay_until_the_last_of_those_that_share_a_view_has_them(pages: PageFile) -> None:
    views = Views(Settings(views=1, copiers=3), boot=1)
    first = views.offer(ONE, 3, snapshot(9), pages, now=0)
    assert views.offer(TWO, 3, snapshot(9), pages, now=0) is first
    assert views.offer(THREE, 3, snapshot(20), pages, now=0) is first
    views.has(ONE, 9, commit=30, now=10)
    views.forget(TWO)
    assert (views.open(), list(pages.held.values())) == ([first], [1])
    views.forget(THREE)
    assert (views.open(), pages.held) == ([], {})


def test_no_more_is_held_for_a_slow_copier_than_may_be(pages: PageFile) -> None:
    """Rule C3: one that goes on asking, but copies more slowly than the file changes."""
    tree: BTree[int] = BTree(pages, PageCodec(int, lambda _: 2))
    tree.put(b"k", 0)
    pages.checkpoint([tree])
    pages.confirm()
    views = Views(SETTINGS, boot=1)
    view = views.offer(ONE, 3, snapshot(9), pages, now=0)
    assert view is not None
    most = SETTINGS.view_bytes // SETTINGS.page_bytes
    for turn in range(1, most + 2):
        tree.put(b"k", turn)
        pages.checkpoint([tree])
        pages.confirm()
        views.asked(ONE, view.number, now=turn)
        views.lapse(now=turn)
        assert bool(views.open()) == (turn <= most)
    assert (views.copiers, pages.held, pages.waiting_bytes()) == ({}, {}, 0)


def test_no_more_of_the_log_is_held_for_a_copier_than_may_be(pages: PageFile) -> None:
    """Rule C3: one that has its copy, and always some more of the log, but falls behind."""
    views = Views(SETTINGS, boot=1)
    assert views.offer(ONE, 3, snapshot(9), pages, now=0) is not None
    for behind in range(1, 12):
        commit = 9 + 2 * behind
        views.has(ONE, 9 + behind, commit=commit, now=behind)
        views.bound(lambda place, commit=commit: 100 * (commit - place))  # type: ignore[misc]
        assert bool(views.copiers) == (100 * behind <= SETTINGS.view_bytes)
    assert not views.copiers
    assert views.needed_from() is None


def test_a_log_replica_keeps_its_view_though_it_has_the_log(pages: PageFile) -> None:
    """Rule M5: it votes, so it is level long before it has a tree; without one it could not serve."""
    views = Views(SETTINGS, boot=1)
    first = views.offer(ONE, 7, snapshot(9), pages, now=0, bare=True)
    assert first is not None
    for known in (9, 30):
        views.has(ONE, known, commit=30, now=10)
        assert views.asked(ONE, first.number, now=20) is first
    assert views.needed_from() == 10


def test_a_copier_does_not_go_on_with_a_view_of_an_earlier_life_of_its_source(pages: PageFile) -> None:
    numbers = []
    for boot in (1, 2):
        view = Views(SETTINGS, boot).offer(ONE, 3, snapshot(9), pages, now=0)
        assert view is not None
        numbers.append(view.number)
    assert numbers[0] < numbers[1]
    later = Views(SETTINGS, boot=2)
    later.offer(ONE, 3, snapshot(20), pages, now=0)
    assert later.asked(ONE, numbers[0], now=1) is None
