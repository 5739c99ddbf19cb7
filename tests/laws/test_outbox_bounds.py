"""What waits for a sync is bounded in messages and in bytes; only messages to others are shed, and each is
kept for the driver to note.
"""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import ONLY_LANE, Message, NodeId
from dynaproof.impl.outbox import MESSAGE_BYTES, Outbox, OutboxLimits, Outgoing, weight

ME, OTHER = NodeId("region", "a", "n"), NodeId("region", "b", "n")


class Word(Message, frozen=True, gc=False, tag="word"):
    number: int
    text: bytes = b""


HANDLERS = st.lists(
    st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=5), min_size=1, max_size=30
)
"""Handlers one after another: of each message, whether it is to the node itself, and its length."""

LIMITS = st.builds(OutboxLimits, st.integers(0, 12), st.integers(0, 1_500))


def handle(outbox: Outbox, sent: Sequence[tuple[bool, int]], number: int) -> list[Outgoing]:
    """A handler that writes once and sends these; all that it has sent."""
    outbox.wrote()
    said = [
        (ME if own else OTHER, Word(number * 10 + at, b"x" * size), ONLY_LANE)
        for at, (own, size) in enumerate(sent)
    ]
    for to, message, _ in said:
        outbox.send(to, message)
    assert outbox.handled() == []
    return said


@given(HANDLERS, LIMITS, st.integers(1, 6))
def test_what_is_sent_leaves_in_order_or_is_kept_as_dropped(handlers, limits, synced) -> None:
    outbox, sent, left = Outbox(ME, limits), [], []
    for number, words in enumerate(handlers):
        sent += handle(outbox, words, number)
        if not number % synced:
            outbox.sync_started()
            left += outbox.sync_done()
    outbox.sync_started()
    left += outbox.sync_done()
    assert not len(outbox)
    assert all(to == OTHER for to, _, _ in outbox.dropped)
    assert left == [one for one in sent if one not in outbox.dropped]


@given(HANDLERS, LIMITS)
def test_what_waits_for_others_is_bounded(handlers, limits) -> None:
    outbox, sent = Outbox(ME, limits), []
    for number, words in enumerate(handlers):
        sent += handle(outbox, words, number)
        to_others = [one[1] for one in sent if one[0] == OTHER and one not in outbox.dropped]
        assert len(to_others) <= limits.messages
        assert sum(map(weight, to_others)) <= limits.bytes


@given(HANDLERS)
def test_nothing_is_dropped_while_there_is_room(handlers) -> None:
    outbox, sent = Outbox(ME), []
    for number, words in enumerate(handlers):
        sent += handle(outbox, words, number)
    assert not outbox.dropped
    assert len(outbox) == len(sent)


def test_bytes_are_counted_again_after_few_messages_waited() -> None:
    outbox = Outbox(ME, OutboxLimits(bytes=3 * MESSAGE_BYTES))
    large = (False, MESSAGE_BYTES - 100)
    for number in range(5):
        handle(outbox, [large], number)
    assert (len(outbox), len(outbox.dropped)) == (3, 2)
    outbox.sync_started()
    assert len(outbox.sync_done()) == 3
    for number in range(5, 10):
        handle(outbox, [large, (True, 10)], number)
    assert len(outbox.dropped) == 2 + 2
    assert len(outbox) == 3 + 5


class Talker:
    """Writes at every word of its own, and tells itself and another node the next one."""

    def __init__(self, env) -> None:
        self.env = env
        self.heard: list[int] = []

    def on_start(self) -> None:
        for number in range(20):
            self.env.disk.append("log", b"x")
            self.env.send(ME, Word(number))
            self.env.send(OTHER, Word(number))

    def on_message(self, sender: NodeId, message: Word) -> None:
        self.heard.append(message.number)

    def on_timer(self, timer) -> None: ...


class Sheds:
    """Hears of what was shed."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []
        self.vanished: list[Message] = []

    def listens(self, place):
        return Listening(
            shed=lambda _, to, message: self.heard.append((to.zone, message.number)),
            vanished=lambda _, message: self.vanished.append(message),
        )


def test_a_world_notes_and_counts_each_shed_and_loses_nothing_of_a_node_to_itself() -> None:
    sheds = Sheds()
    options = Options(outbox=OutboxLimits(messages=20), capacity=4)
    world = World([(ME, Talker), (OTHER, Talker)], Timed(1), options, (sheds,))
    talker = world.at(ME)
    world.start(talker)
    while world.step():
        pass
    assert talker.node.heard == list(range(20))  # type: ignore[attr-defined]
    shed = [number for zone, number in sheds.heard if zone == "b"]
    assert len(shed) == len(sheds.heard) == talker.hosted.shed > 0
    assert world.fell == {"full outbox": 10, "full link": talker.hosted.shed - 10}
    assert not sheds.vanished


def test_a_message_that_is_sent_again_after_it_was_shed_is_not_taken_for_what_was_shed() -> None:
    sheds = Sheds()
    options = Options(outbox=OutboxLimits(messages=1))
    world = World([(ME, Talker), (OTHER, Talker)], Timed(1), options, (sheds,))
    place, again = world.at(ME), Word(1)
    place.up = True

    def full(env) -> None:
        env.disk.append("log", b"x")
        for message in (Word(0), again, Word(2)):
            env.send(OTHER, message)

    world.run(place, full, place.env)
    assert [number for _, number in sheds.heard] == [1, 2]
    while world.step():
        pass
    for message in (again, Word(3)):
        world.run(place, place.env.send, OTHER, message)
    assert not sheds.vanished
