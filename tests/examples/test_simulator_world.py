"""Small worlds of toy nodes: what the simulator promises to nodes, and does to them."""

from collections.abc import Callable

import pytest

from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.options import RATE_ONE, Options
from dynaproof.checkers.world.place import Factory, Place
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Message, NodeId, Timer

A, B = (NodeId("region", zone, f"n{zone}") for zone in "ab")


class Word(Message, frozen=True, gc=False, tag="word"):
    text: str


class Alarm(Timer, frozen=True, gc=False, tag="alarm"):
    name: str


class Quiet:
    """A node that remembers what it is told, and does nothing."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.heard: list[tuple[str, str]] = []
        self.alarms: list[tuple[str, int]] = []

    def on_start(self) -> None:
        pass

    def on_message(self, sender: NodeId, message: Message) -> None:
        assert isinstance(message, Word)
        self.heard.append((str(sender), message.text))

    def on_timer(self, timer: Timer) -> None:
        assert isinstance(timer, Alarm)
        self.alarms.append((timer.name, self.env.now))


class Seen:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.left: list[tuple[str, bool]] = []
        self.early: list[Message] = []
        self.errors: list[str] = []
        self.crashes: list[tuple[str, bool]] = []

    def listens(self, place: Place) -> Listening:
        return Listening(
            sent={Word: self.sent},
            uncovered=self.uncovered,
            crashed=self.crashed,
            raised=self.raised,
        )

    def sent(self, slot: Place, message: Word) -> None:
        self.left.append((message.text, message not in self.early))

    def uncovered(self, slot: Place, message: Message) -> None:
        self.early.append(message)

    def crashed(self, slot: Place, lost_disk: bool) -> None:
        self.crashes.append((slot.name, lost_disk))

    def raised(self, slot: Place, payload: object, error: Exception) -> None:
        self.errors.append(f"{slot.name}: {error}")


def world_of(options: Options | None = None, seed: int = 1, factory: Factory = Quiet) -> tuple[World, Seen]:
    seen = Seen()
    world = World([(A, factory), (B, factory)], Timed(seed), options or Options(), (seen,))
    for slot in world.places.values():
        world.start(slot)
    return world, seen


def let(world: World, node: NodeId, action: Callable[[], object]) -> None:
    """The action as one handler of the node."""

    def handler() -> None:
        action()

    world.run(world.places[node.name], handler)


def finish(world: World) -> None:
    while world.step():
        assert world.steps < 10_000


def heard(world: World, node: NodeId) -> list[str]:
    return [text for _, text in world.places[node.name].node.heard]  # type: ignore[attr-defined]


def write_and_say(env: Env, to: NodeId, text: str) -> None:
    env.disk.append("log", text.encode())
    env.send(to, Word(text))


def test_a_message_leaves_only_after_the_sync_that_covers_its_writes() -> None:
    world, seen = world_of()
    slot = world.places["na"]
    let(world, A, lambda: write_and_say(slot.env, B, "one"))
    assert seen.left == []
    world.step()
    assert world.trace[-1][0] == "sync_start"
    let(world, A, lambda: write_and_say(slot.env, B, "two"))
    world.step()
    assert world.trace[-1][0] == "sync_end"
    assert seen.left == [("one", True)]
    assert bytes(slot.disk.durable_log("log")) == b"one"
    finish(world)
    assert seen.left == [("one", True), ("two", True)]
    assert sorted(heard(world, B)) == ["one", "two"]


def test_a_message_let_out_when_its_sync_starts_is_reported_as_not_covered() -> None:
    world, seen = world_of()
    slot = world.places["na"]
    let(world, A, lambda: write_and_say(slot.env, B, "early"))
    slot.outbox.sync_started()
    world._release(slot, slot.outbox.sync_done())
    assert seen.left == [("early", False)]


def test_messages_to_itself_wait_for_the_sync_and_are_never_lost_or_repeated() -> None:
    world, _ = world_of(Options(loss=65_536, duplication=65_536))
    env = world.places["na"].env
    let(world, A, lambda: [write_and_say(env, A, str(number)) for number in range(20)])
    assert heard(world, A) == []
    finish(world)
    assert heard(world, A) == [str(number) for number in range(20)]


def test_loss_duplication_cuts_and_capacity_are_per_directed_link() -> None:
    def sent(options: Options, cut: str | None = None) -> tuple[int, int]:
        world, _ = world_of(options)
        if cut is not None:
            world.cut_links[cut] = 0
        for me, other in ((A, B), (B, A)):
            env = world.places[me.name].env
            let(world, me, lambda env=env, other=other: [env.send(other, Word(str(n))) for n in range(10)])
        finish(world)
        links = [link for slot in world.places.values() for link in slot.links.values() if link is not None]
        assert {link.in_flight for link in links} <= {0}
        return len(heard(world, B)), len(heard(world, A))

    assert sent(Options()) == (10, 10)
    assert sent(Options(loss=65_536)) == (0, 0)
    assert sent(Options(duplication=65_536)) == (20, 20)
    assert sent(Options(), cut="na>nb") == (0, 10)
    assert sent(Options(capacity=3)) == (3, 3)


def test_timers_are_never_early_by_the_local_clock_and_late_by_less_than_one_tick_of_it() -> None:
    for rate in (RATE_ONE, RATE_ONE * 9 // 10, RATE_ONE * 11 // 10, RATE_ONE + 1):
        world, _ = world_of(Options(rates=(rate,)))
        slot = world.places["na"]
        world.tau = 123_457
        set_at = slot.env.now
        let(world, A, lambda env=slot.env: env.set_timer(1_000, Alarm("x")))
        finish(world)
        ((name, fired_at),) = slot.node.alarms  # type: ignore[attr-defined]
        assert name == "x"
        assert set_at + 1_000 <= fired_at <= set_at + 1_001
        assert (world.tau - 1) * rate >> 20 < set_at + 1_000, "no earlier tau would have done"


def test_an_equal_timer_replaces_and_a_cancelled_one_never_fires() -> None:
    world, _ = world_of()
    env = world.places["na"].env
    for delay in (1_000, 5_000):
        let(world, A, lambda delay=delay: env.set_timer(delay, Alarm("again")))
    let(world, A, lambda: env.set_timer(2_000, Alarm("never")))
    let(world, A, lambda: env.cancel_timer(Alarm("never")))
    finish(world)
    assert world.places["na"].node.alarms == [("again", 5_000)]  # type: ignore[attr-defined]


def test_a_crash_forgets_timers_held_messages_and_the_unsynced_and_a_restart_reads_the_rest() -> None:
    world, seen = world_of()
    slot = world.places["na"]
    first = slot.node
    let(world, A, lambda: write_and_say(slot.env, B, "kept"))
    finish(world)
    let(world, A, lambda: slot.env.set_timer(1_000, Alarm("x")))
    let(world, A, lambda: write_and_say(slot.env, B, "gone"))
    world.step()
    assert world.trace[-1][0] == "sync_start", "the crash falls inside the sync"
    world.crash(slot, "test")
    assert bytes(slot.disk.durable_log("log")) in {b"kept" + b"gone"[:size] for size in range(5)}
    world.start(slot)
    finish(world)
    assert slot.node is not first
    assert slot.node.alarms == []  # type: ignore[attr-defined]
    assert heard(world, B) == ["kept"]
    assert seen.crashes == [("na", False)]
    let(world, A, lambda: write_and_say(slot.env, B, "after"))
    finish(world)
    assert seen.left[-1] == ("after", True)
    assert heard(world, B) == ["kept", "after"]


def test_a_crash_may_lose_messages_that_the_last_sync_released() -> None:
    kept = set()
    for seed in range(40):
        world, seen = world_of(seed=seed)
        slot = world.places["na"]
        let(world, A, lambda env=slot.env: write_and_say(env, B, "x"))
        while not seen.left:
            world.step()
        world.crash(slot, "test")
        finish(world)
        kept.add(len(heard(world, B)))
        assert bytes(slot.disk.durable_log("log")) == b"x"
    assert kept == {0, 1}


@pytest.mark.parametrize("written", [False, True])
def test_a_crash_takes_all_messages_of_a_node_to_itself(written: bool) -> None:
    world, _ = world_of()
    slot = world.places["na"]

    def say(text: str) -> None:
        if written:
            write_and_say(slot.env, A, text)
        else:
            slot.env.send(A, Word(text))

    let(world, A, lambda: say("came"))
    finish(world)
    assert heard(world, A) == ["came"]
    let(world, A, lambda: say("gone"))
    while written and world.trace[-1][:2] != ("sync_end", "na"):
        world.step()
    let(world, A, lambda: slot.env.send(A, Word("gone too")))
    world.crash(slot, "test")
    world.start(slot)
    let(world, A, lambda: slot.env.send(A, Word("new")))
    finish(world)
    assert heard(world, A) == ["new"]


def test_a_node_that_is_down_hears_nothing() -> None:
    world, _ = world_of()
    world.crash(world.places["nb"], "test")
    let(world, A, lambda: world.places["na"].env.send(B, Word("x")))
    finish(world)
    assert heard(world, B) == [], "the node that crashed"
    world.start(world.places["nb"])
    finish(world)
    assert heard(world, B) == [], "the node that was started"


def test_a_node_on_a_lost_disk_is_another_incarnation_and_hears_nothing_sent_to_the_old_one() -> None:
    world, seen = world_of()
    slot, env = world.places["nb"], world.places["na"].env
    let(world, B, lambda: slot.env.disk.append("log", b"x"))
    finish(world)
    let(world, A, lambda: env.send(B, Word("in flight")))
    world.crash(slot, "test", lose_disk=True)
    world.start(slot)
    assert slot.env.me == NodeId("region", "b", "nb", 2)
    assert slot.disk.logs() == []
    let(world, A, lambda: env.send(B, Word("late")))
    let(world, A, lambda: env.send(slot.id, Word("new")))
    finish(world)
    assert heard(world, B) == ["new"]
    assert seen.crashes == [("nb", True)]


def test_a_handler_that_raises_is_reported_and_fails_the_run() -> None:
    world, seen = world_of()
    let(world, A, lambda: 1 // 0)
    assert world.failed
    assert seen.errors == ["na: integer division or modulo by zero"]


def test_messages_take_time_in_timed_mode_alone_and_timers_in_both() -> None:
    for timed, arrives_at in ((True, 700), (False, 0)):
        world, _ = world_of(Options(latencies=(700,)))
        world.timed = timed
        let(world, A, lambda env=world.places["na"].env: env.send(B, Word("x")))
        world.step()
        assert (heard(world, B), world.tau) == (["x"], arrives_at)
        let(world, B, lambda env=world.places["nb"].env: env.set_timer(5_000, Alarm("y")))
        world.step()
        assert world.tau == arrives_at + 5_000


def test_a_wall_step_moves_the_wall_clock_alone() -> None:
    world, _ = world_of()
    slot = world.places["na"]
    world.tau = 1_000
    now, wall = slot.env.now, slot.env.wall
    slot.wall_offset -= 700
    assert (slot.env.now, slot.env.wall) == (now, wall - 700)


def test_only_an_address_reaches_whoever_runs_under_a_name_now() -> None:
    world, _ = world_of()
    b = world.places[B.name]
    world.crash(b, "fault", lose_disk=True)
    world.start(b)
    assert b.id.incarnation == 2
    let(world, A, lambda: world.places[A.name].env.send(B, Word("to the old one")))
    let(world, A, lambda: world.places[A.name].env.send(B.address, Word("to whoever is there")))
    while world.step():
        pass
    assert [text for _, text in b.node.heard] == ["to whoever is there"]  # type: ignore[attr-defined]


def test_nodes_of_one_name_in_different_regions_have_places_and_links_of_their_own() -> None:
    here, there, asker = NodeId("east", "a", "n"), NodeId("west", "a", "n"), NodeId("east", "b", "asker")
    world = World([(node, Quiet) for node in (here, there, asker)], Timed(1), Options())
    assert list(world.places) == ["east/a/n", "west/a/n", "asker"]
    for place in world.places.values():
        world.start(place)
    env = world.places["asker"].env
    world.cut_links["asker>west/a/n"] = 0
    world.run(world.places["asker"], lambda: [env.send(node, Word(node.region)) for node in (here, there)])
    finish(world)
    assert [text for _, text in world.at(here).node.heard] == ["east"]  # type: ignore[attr-defined]
    assert world.at(there).node.heard == []  # type: ignore[attr-defined]
    world.crash(world.at(there), "test", lose_disk=True)
    assert (world.at(there).id.incarnation, world.at(here).id.incarnation) == (2, 1)


def test_observers_hear_only_what_they_listen_to_and_in_their_order() -> None:
    told: list[str] = []

    class Hears:
        def __init__(self, name: str, places: tuple[str, ...]) -> None:
            self.name, self.places = name, places

        def listens(self, place: Place) -> Listening:
            if place.name not in self.places:
                return Listening()
            return Listening(handled=lambda place: told.append(f"{self.name} of {place.name}"))

    observers = (Hears("one", ("na", "nb")), Hears("two", ("nb",)))
    world = World([(A, Quiet), (B, Quiet)], Timed(1), Options(), observers)
    for place in world.places.values():
        world.start(place)
    assert told == ["one of na", "one of nb", "two of nb"]
