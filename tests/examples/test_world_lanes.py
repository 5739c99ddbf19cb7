"""A world keeps the lanes of its nodes apart: messages, timers, chance, and what a message waits for."""

from typing import Any

from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.place import Place
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Message, NodeId, Timer

A, B = (NodeId("region", zone, f"n{zone}") for zone in "ab")


class Word(Message, frozen=True, gc=False, tag="word"):
    text: str


class Alarm(Timer, frozen=True, gc=False, tag="alarm"):
    pass


class Keeper:
    """Remembers what comes in which lane, and answers in it."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.heard: list[tuple[int, str]] = []
        self.alarms: list[int] = []

    def on_start(self) -> None: ...

    def on_message(self, sender: NodeId, message: Message) -> None:
        assert isinstance(message, Word)
        self.heard.append((self.env.lane, message.text))
        if message.text == "question":
            self.env.send(sender, Word("answer"))

    def on_timer(self, timer: Timer) -> None:
        self.alarms.append(self.env.lane)


class Seen:
    """What leaves in which lane, and what of it too soon."""

    def __init__(self) -> None:
        self.left: list[tuple[int, str]] = []
        self.early: list[tuple[int, str]] = []

    def listens(self, place: Place) -> Listening:
        return Listening(
            sent={Word: lambda place, message: self.left.append((place.lane, message.text))},
            uncovered=lambda place, message: self.early.append((place.lane, message.text)),
        )


def made() -> tuple[World, Seen, Any]:
    seen = Seen()
    world = World([(A, Keeper), (B, Keeper)], Timed(1), Options(), (seen,))
    for place in world.places.values():
        world.start(place)
    return world, seen, world.at(A)


def test_a_message_arrives_in_its_lane_and_so_does_the_answer() -> None:
    world, _, place = made()
    for lane in (0, 7):
        world.run(place, place.env.send, B, Word("question"), lane=lane)
    while world.step():
        pass
    assert sorted(world.at(B).node.heard) == [(0, "question"), (7, "question")]  # type: ignore[attr-defined]
    assert sorted(place.node.heard) == [(0, "answer"), (7, "answer")]


def test_equal_timers_of_two_lanes_do_not_replace_each_other() -> None:
    world, _, place = made()
    for lane, delay in ((1, 20), (2, 10), (1, 5), (3, 1)):
        world.run(place, place.env.set_timer, delay, Alarm(), lane=lane)
    world.run(place, place.env.cancel_timer, Alarm(), lane=3)
    while world.step():
        pass
    assert place.node.alarms == [1, 2]


def test_a_message_waits_for_the_writes_of_its_own_lane_only() -> None:
    world, seen, place = made()
    disk = place.disk

    def handler() -> None:
        place.env.enter(1)
        disk.append("log", b"x")
        place.env.send(B, Word("of one"))
        place.env.enter(2)
        place.env.send(B, Word("of two"))

    world.run(place, handler)
    assert seen.left == [(2, "of two")]
    while world.step():
        pass
    assert seen.left == [(2, "of two"), (1, "of one")]
    assert not seen.early


def test_a_message_that_leaves_before_its_lane_is_durable_is_reported() -> None:
    world, seen, place = made()

    def handler() -> None:
        for lane in (1, 2):
            place.env.enter(lane)
            place.disk.append("log", b"x")
            place.env.send(B, Word(f"of {lane}"))

    world.run(place, handler)
    assert not seen.left
    place.outbox.sync_started()
    world._release(place, place.outbox.sync_done())
    assert seen.early == [(1, "of 1"), (2, "of 2")]


def test_each_lane_draws_its_own_chance() -> None:
    names = []

    class Naming(Timed):
        def index(self, label: Any, n: int) -> int:
            names.append(label)
            return super().index(label, n)

    world = World([(A, Keeper)], Naming(1), Options())
    place = world.at(A)
    world.start(place)
    for lane in (0, 4, 4):
        world.run(place, place.env.random, "coin", 2, lane=lane)
    assert names == [("coin", "na", 0), ("coin in 4", "na", 0), ("coin in 4", "na", 1)]
