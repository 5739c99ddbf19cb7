"""Of what comes without end as many are kept as may be, not fewer, and they are the newest."""

from types import SimpleNamespace
from typing import Any

import pytest

from dynaproof.impl.admin.orders import Orders
from dynaproof.impl.kept import keep_newest
from dynaproof.impl.metadata.directory import HINTS, Directory
from dynaproof.impl.metadata.messages import Leading
from dynaproof.impl.metadata.orders import NotActive
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Ballot, RequestId
from dynaproof.impl.sessions import OpenSession, Session, Sessions

NODE = NodeId("region", "a", "sa")


@pytest.mark.parametrize("count", range(12))
def test_the_newest_are_kept_and_as_many_as_may_be(count: int) -> None:
    kept = dict.fromkeys(range(count))
    keep_newest(kept, 5)
    assert list(kept) == list(range(count))[-5:]


def test_the_metadata_keeps_all_leaders_in_mind_that_it_may() -> None:
    directory = Directory(SimpleNamespace(env=None), lambda: None)  # type: ignore[arg-type]
    for partition in range(HINTS + 10):
        directory.on_leading(NODE, Leading(NODE, ((partition, Ballot(1, NODE.name, 1)),)))
        assert len(directory.leaders) == min(partition + 1, HINTS)
    assert list(directory.leaders) == list(range(10, HINTS + 10))


def test_the_metadata_forgets_the_leaders_that_it_has_not_heard_of_for_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dynaproof.impl.metadata.directory.HINTS", 3)
    directory = Directory(SimpleNamespace(env=None), lambda: None)  # type: ignore[arg-type]
    for partition in (1, 2, 3, 1, 4, 5):
        directory.on_leading(NODE, Leading(NODE, ((partition, Ballot(1, NODE.name, 1)),)))
    assert list(directory.leaders) == [1, 4, 5]


def test_the_session_that_was_used_last_outlives_those_that_were_not() -> None:
    env: Any = SimpleNamespace(boot=1, send=lambda _to, _message: None)
    sessions = Sessions(env, 2)
    for number in (1, 2):
        sessions.on_open(NODE, OpenSession(number))
    first, second = sessions.open
    ask = SimpleNamespace(session=first, number=1)
    assert sessions.takes(NODE, ask)
    sessions.on_open(NODE, OpenSession(3))
    assert sessions.takes(NODE, SimpleNamespace(session=first, number=2))
    assert not sessions.takes(NODE, SimpleNamespace(session=second, number=1))


def test_an_admin_keeps_as_many_answers_as_sessions_for_copies_of_their_orders() -> None:
    env: Any = SimpleNamespace(boot=1, enter=lambda _lane: None, send=lambda _to, _message: None)
    orders = Orders(env, SimpleNamespace(sessions=10), *[None] * 7)  # type: ignore[arg-type]
    requests = [RequestId(NODE, 1, number) for number in range(15)]
    for count, request in enumerate(requests, 1):
        orders.say(NODE, NotActive(request, Session(1, 1), ""))
        assert len(orders.answers) == min(count, 10)
    assert list(orders.answers) == requests[-10:]
