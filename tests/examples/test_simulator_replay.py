"""Recording, replaying and the strategies, on a small chattering world."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.seam import Strategy
from dynaproof.checkers.strategies.recording import Recorded, Recording
from dynaproof.checkers.strategies.replaying import Divergence, Replaying
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.strategies.untimed import Pct, Pos, RandomWalk
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Message, NodeId, Timer

NODES = tuple(NodeId("region", zone, f"n{zone}") for zone in "abc")
STEPS = 400
STRATEGIES = (Timed, RandomWalk, Pct, Pos)


class Ping(Message, frozen=True, gc=False, tag="ping"):
    number: int


class Tick(Timer, frozen=True, gc=False, tag="tick"):
    pass


class Chatty:
    """Answers, writes now and then, and draws a number."""

    def __init__(self, env: Env) -> None:
        self.env = env

    def on_start(self) -> None:
        self.on_timer(Tick())

    def on_message(self, sender: NodeId, message: Message) -> None:
        assert isinstance(message, Ping)
        if message.number % 3 == 0:
            self.env.disk.append("log", bytes([message.number % 251]))
        if message.number < 9 or self.env.random("answer", 4) == 0:
            self.env.send(sender, Ping(message.number + 1))

    def on_timer(self, timer: Timer) -> None:
        for node in NODES:
            self.env.send(node, Ping(0))
        self.env.set_timer(1_000, timer)


class Forgetful(Chatty):
    """Differs from `Chatty` once: it stops answering."""

    def on_message(self, sender: NodeId, message: Message) -> None:
        assert isinstance(message, Ping)
        if message.number != 5:
            super().on_message(sender, message)


class Curious(Chatty):
    """Asks for a number that nobody recorded."""

    def on_message(self, sender: NodeId, message: Message) -> None:
        self.env.random("curiosity", 2)
        super().on_message(sender, message)


def play(strategy: Strategy, timed: bool, node: type[Chatty] = Chatty, steps: int = STEPS) -> World:
    """A run with a crash, a restart and a lost disk at fixed steps."""
    options = Options(loss=6_000, duplication=6_000, rates=(1 << 20, (1 << 20) - 200))
    world = World([(name, node) for name in NODES], strategy, options)
    world.timed = timed
    for slot in world.places.values():
        world.start(slot)
    victim = world.places["nb"]
    for step in range(steps):
        if step in {100, 200}:
            world.crash(victim, f"at{step}", lose_disk=step == 200)
        elif step in {150, 250}:
            world.start(victim)
        if not world.step():
            break
    return world


def record(strategy: type[Timed] | type[RandomWalk], seed: int = 3) -> tuple[World, Recorded]:
    recording = Recording(strategy(seed))
    return play(recording, strategy is Timed), recording.recorded()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_recording_changes_nothing(strategy: type[Timed] | type[RandomWalk]) -> None:
    world, recorded = record(strategy)
    assert world.steps == STEPS
    assert world.digest() == play(strategy(3), strategy is Timed).digest()
    assert recorded.events == tuple((kind, subject, number) for kind, subject, number, _ in world.trace)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_another_seed_gives_another_run(strategy: type[Timed] | type[RandomWalk]) -> None:
    assert record(strategy, 3)[0].digest() != record(strategy, 4)[0].digest()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_exact_replay_is_the_same_run(strategy: type[Timed] | type[RandomWalk]) -> None:
    world, recorded = record(strategy)
    assert play(Replaying(recorded), strategy is Timed).digest() == world.digest()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_divergence_names_its_step_and_what_was_recorded(
    strategy: type[Timed] | type[RandomWalk],
) -> None:
    _, recorded = record(strategy)
    with pytest.raises(Divergence) as found:
        play(Replaying(recorded), strategy is Timed, Forgetful)
    error = found.value
    assert 0 < error.step < len(recorded.events)
    assert error.expected in {recorded.events[error.step], *(label for label, _ in recorded.choices)}
    assert error.expected not in error.enabled
    assert str(error).startswith(f"step {error.step}: {error.expected} was recorded")


def test_a_choice_that_was_not_recorded_is_a_divergence_and_not_an_error_of_the_node() -> None:
    _, recorded = record(RandomWalk)
    with pytest.raises(Divergence) as found:
        play(Replaying(recorded), False, Curious)
    assert found.value.expected[0] == "curiosity"
    first = next(step for step, name in enumerate(recorded.events) if name[0].startswith("deliver"))
    assert found.value.step == first + 1


def test_a_lenient_replay_answers_benignly_where_nothing_fits() -> None:
    recorded = Recorded((), ((("latency", "na>nb", 0), 2), (("loss", "na>nb", 0), 1)))
    replaying = Replaying(recorded, lenient=True)
    assert replaying.index(("latency", "na>nb", 0), 3) == 2
    assert replaying.index(("latency", "na>nb", 0), 2) == 0, "too large for what is asked now"
    assert replaying.index(("latency", "na>nb", 1), 3) == 0, "not recorded"
    assert replaying.chance(("loss", "na>nb", 0), 1)
    assert not replaying.chance(("loss", "na>nb", 1), 65_536)
    assert replaying.pop() is None


_, WALK = record(RandomWalk)


@given(st.sets(st.integers(0, STEPS - 1), max_size=60), st.sets(st.integers(0, len(WALK.choices) - 1)))
def test_any_part_of_a_recorded_run_is_a_legal_run(without: set[int], no_choice: set[int]) -> None:
    events = tuple(name for step, name in enumerate(WALK.events) if step not in without)
    choices = tuple(choice for step, choice in enumerate(WALK.choices) if step not in no_choice)
    part = Recorded(events, choices)
    replaying = Replaying(part, lenient=True)
    world = play(replaying, False)
    assert not world.failed
    happened = iter(events)
    assert all((kind, subject, number) in happened for kind, subject, number, _ in world.trace), "in order"
    assert world.steps <= len(events)
    assert world.digest() == play(Replaying(part, lenient=True), False).digest()


def names(strategy: Timed | RandomWalk) -> Iterator[tuple[str, str, int]]:
    for event in strategy.drain():
        yield event.name


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_draining_hands_over_every_enabled_event_once_by_due_time(
    strategy: type[Timed] | type[RandomWalk],
) -> None:
    chooser = strategy(3)
    world = play(chooser, strategy is Timed, steps=50)
    events = chooser.drain()
    assert events
    assert [event.due for event in events] == sorted(event.due for event in events)
    assert len({event.name for event in events}) == len(events)
    assert all(event.position == -1 for event in events)
    assert list(names(chooser)) == []
    assert not world.step()


def test_an_untimed_timer_moves_time_to_its_deadline_and_never_back() -> None:
    world, _ = record(RandomWalk)
    times = [tau for *_, tau in world.trace]
    assert times == sorted(times)
    assert any(kind.startswith("timer") for kind, *_ in world.trace)
