"""A message waits for the writes of its own lane and for no others; what waits is bounded in each lane."""

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.outbox import MESSAGE_BYTES, Outbox, OutboxLimits, weight

ME, OTHER = NodeId("region", "a", "n"), NodeId("region", "b", "n")


class Word(Message, frozen=True, gc=False, tag="word"):
    number: int
    text: bytes = b""


class Reference:
    """The rule as it is said: each message with the number of its lane's last write, looked through at the
    end of every sync.
    """

    def __init__(self) -> None:
        self.written = self.durable = self.covering = 0
        self.last: dict[int, int] = {}
        self.waiting: list[tuple[int, Message]] = []

    def handled(self, steps: list[tuple[int, bool, Message | None]]) -> list[Message]:
        sent = []
        for lane, writes, message in steps:
            if writes:
                self.written += 1
                self.last[lane] = self.written
            if message is not None:
                sent.append((lane, message))
        waiting = [(self.last.get(lane, 0), message) for lane, message in sent]
        self.waiting += [one for one in waiting if one[0] > self.durable]
        return [message for need, message in waiting if need <= self.durable]

    def synced(self) -> list[Message]:
        self.durable = self.covering
        left = [message for need, message in self.waiting if need <= self.durable]
        self.waiting = [one for one in self.waiting if one[0] > self.durable]
        return left


STEP = st.tuples(st.integers(0, 3), st.booleans(), st.booleans())
"""In this lane: whether something is written, then whether something is sent."""

EVENTS = st.lists(st.one_of(st.lists(STEP, max_size=4), st.just("sync")), max_size=40)


@given(EVENTS)
def test_a_message_leaves_once_its_own_lane_is_durable_and_not_later(events) -> None:
    outbox, reference, number = Outbox(ME), Reference(), 0
    for event in events:
        if event == "sync":
            if outbox.syncing:
                left = [message for _, message, _ in outbox.sync_done()]
                assert sorted(left, key=lambda m: m.number) == reference.synced()
            elif outbox.needs_sync:
                outbox.sync_started()
                reference.covering = reference.written
            continue
        steps: list[tuple[int, bool, Message | None]] = []
        for lane, writes, sends in event:
            outbox.enter(lane)
            if writes:
                outbox.wrote()
            message = Word(number) if sends else None
            if message is not None:
                outbox.send(OTHER, message)
                number += 1
            steps.append((lane, writes, message))
        left = [message for _, message, _ in outbox.handled()]
        assert sorted(left, key=lambda m: m.number) == reference.handled(steps)
    assert len(outbox) == len(reference.waiting)


@given(EVENTS)
def test_the_messages_of_a_lane_leave_in_the_order_in_which_they_were_sent(events) -> None:
    outbox, number, left = Outbox(ME), 0, []
    for event in [*events, "sync", "sync", "sync", "sync"]:
        if event == "sync":
            if outbox.syncing:
                left += outbox.sync_done()
            elif outbox.needs_sync:
                outbox.sync_started()
            continue
        for lane, writes, sends in event:
            outbox.enter(lane)
            if writes:
                outbox.wrote()
            if sends:
                outbox.send(OTHER, Word(number))
                number += 1
        left += outbox.handled()
    assert len(left) == number
    assert not len(outbox)
    for lane in range(4):
        numbers = [message.number for _, message, its in left if its == lane]  # type: ignore[attr-defined]
        assert numbers == sorted(numbers)


def say(outbox: Outbox, lane: int, size: int, to: NodeId = OTHER) -> None:
    """A handler of a lane that writes and sends once."""
    outbox.enter(lane)
    outbox.wrote()
    outbox.send(to, Word(0, b"x" * size))
    outbox.handled()


def test_a_busy_lane_leaves_the_others_their_room() -> None:
    outbox = Outbox(ME, OutboxLimits(lane_messages=3))
    for _ in range(5):
        say(outbox, 1, 10)
    for _ in range(2):
        say(outbox, 2, 10)
    assert [lane for _, _, lane in outbox.dropped] == [1, 1]
    assert len(outbox) == 5


def test_all_lanes_together_are_bounded_in_messages_and_bytes() -> None:
    outbox = Outbox(ME, OutboxLimits(messages=6, lane_messages=4))
    for number in range(10):
        say(outbox, number, 10)
    assert [lane for _, _, lane in outbox.dropped] == [6, 7, 8, 9]
    say(outbox, 11, 10, to=ME)
    assert len(outbox) == 7
    outbox = Outbox(ME, OutboxLimits(bytes=4 * MESSAGE_BYTES, lane_bytes=MESSAGE_BYTES))
    for number in range(12):
        say(outbox, number // 2, MESSAGE_BYTES - weight(Word(0)) - 10)
    assert [lane for _, _, lane in outbox.dropped] == [0, 1, 2, 3, 4, 4, 5, 5]
    outbox.sync_started()
    assert len(outbox.sync_done()) == 4
    say(outbox, 0, 10)
    assert len(outbox) == 1


def test_a_node_remembers_nothing_of_lanes_whose_writes_are_durable() -> None:
    outbox = Outbox(ME)
    for lane in range(100):
        say(outbox, lane, 10)
    outbox.sync_started()
    say(outbox, 7, 10)
    assert len(outbox.sync_done()) == 100
    assert list(outbox._lanes) == [7]


# --- Bytes of a lane ---

THIRD = MESSAGE_BYTES * 2 // 5
"""Of messages of this size two find room in a lane of `MESSAGE_BYTES`, and a third one does not."""
NARROW = OutboxLimits(lane_bytes=MESSAGE_BYTES)


def test_what_handlers_send_one_after_another_is_bounded_in_the_bytes_of_its_lane() -> None:
    outbox = Outbox(ME, NARROW)
    for _ in range(4):
        say(outbox, 1, THIRD)
    assert (len(outbox), len(outbox.dropped)) == (2, 2)


def test_what_one_handler_sends_is_bounded_in_its_lane_too() -> None:
    for limits, size, fit in ((OutboxLimits(lane_messages=3), 10, 3), (NARROW, THIRD, 2)):
        outbox = Outbox(ME, limits)
        outbox.wrote()
        for number in range(5):
            outbox.send(OTHER, Word(number, b"x" * size))
        assert outbox.handled() == []
        assert (len(outbox), len(outbox.dropped)) == (fit, 5 - fit)


def test_a_lane_that_is_never_idle_has_the_room_again_of_what_has_left() -> None:
    """Else a busy lane sheds all from some time on, for ever."""
    outbox = Outbox(ME, NARROW)
    say(outbox, 1, THIRD)
    for _ in range(6):
        outbox.sync_started()
        say(outbox, 1, THIRD)
        assert len(outbox.sync_done()) == 1
    assert not outbox.dropped


def test_bytes_are_bounded_again_after_what_was_weighed_has_left() -> None:
    outbox = Outbox(ME, OutboxLimits(bytes=3 * MESSAGE_BYTES))
    for _ in range(2):
        for _ in range(5):
            say(outbox, 1, MESSAGE_BYTES - 100)
        assert len(outbox) == 3
        outbox.sync_started()
        assert len(outbox.sync_done()) == 3
