"""Who finds a leader's window full waits there in order, and is throttled where too many wait (rule W1); what
has had its turn, and what is applied, is kept no longer.
"""

from types import SimpleNamespace
from typing import Any

from msgspec import structs

from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Put, Rejected
from dynaproof.impl.partition.records import Write
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.waiting import Waiting
from dynaproof.impl.paxos.messages.leadership import Accept, HeartbeatTimer, Vote


def led(**settings: Any) -> Harness:
    """`sa` leads, and what it sends to the others waits."""
    harness = Harness(**settings)
    harness.begin()
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sb", "sc")
    return harness


def waiting(harness: Harness) -> Any:
    return harness.replica("sa").services[2]


def overlay(harness: Harness) -> dict[bytes, int]:
    """By key, the slot in flight whose item conditions see."""
    (requests,) = [one for one in harness.replica("sa").services if isinstance(one, Requests)]
    return {key: slot for key, (slot, _) in requests.pending.overlay.items()}


def choose(harness: Harness) -> None:
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sb", "sa", Vote)


def ask(harness: Harness, client: str, operation: Put) -> None:
    """A client that has waited for long enough asks for something else."""
    if harness.client(client).call is not None:
        harness.give_up(client)
    harness.ask(client, operation, to="sa")


def test_writes_are_proposed_in_the_order_in_which_they_came() -> None:
    harness = led(in_flight_slots=1)
    order = ["c1", "c0", "c0", "c1"]
    for number, client in enumerate(order):
        ask(harness, client, Put(b"k", item(str(number))))
    assert len(waiting(harness)) == 3
    for _ in order:
        choose(harness)
    log = harness.replica("sa").log
    written = [record for record in log.between(1, log.commit) if isinstance(record, Write)]
    assert [record.request.node.name for record in written] == order
    assert not waiting(harness).queue
    assert harness.failure is None


def test_a_condition_of_who_waits_is_decided_on_the_state_at_its_turn() -> None:
    harness = led(in_flight_slots=1)
    ask(harness, "c0", Put(b"k", item("1")))
    ask(harness, "c0", Put(b"k", item("2")))
    ask(harness, "c1", Put(b"k", item("3"), True, item("2")))
    for _ in range(3):
        choose(harness)
    harness.settle()
    assert harness.client("c1").ending == "ok"


def test_a_leader_keeps_an_item_beside_the_state_only_while_its_write_is_in_flight() -> None:
    """Else all that it ever wrote would stay in memory for as long as it leads."""
    harness = led(in_flight_slots=2)
    first = harness.replica("sa").next_slot
    ask(harness, "c0", Put(b"k", item("1")))
    ask(harness, "c1", Put(b"k", item("2")))
    assert overlay(harness) == {b"k": first + 1}
    choose(harness)
    assert overlay(harness) == {b"k": first + 1}, "conditions still see the newer one"
    choose(harness)
    assert overlay(harness) == {}


def test_what_has_had_its_turn_leaves_its_room_to_others_who_wait() -> None:
    """Else all would be throttled once as much has waited as may wait at a time."""
    harness = led(in_flight_slots=1)
    for number in range(4):
        ask(harness, f"c{number % 2}", Put(b"k", item("x" * number)))
    queue = waiting(harness)
    for left in (3, 2, 1, 0):
        assert len(queue) == left
        assert queue.size == sum(waiter.size for waiter in queue.queue)
        choose(harness)
    assert queue.size == 0


def test_further_attempts_at_what_waits_take_room_too() -> None:
    """Each is kept with its items until its turn."""
    settings = structs.replace(Settings(), waiting_bytes=25, waiting_attempts=9)
    replica: Any = SimpleNamespace(env=SimpleNamespace(now=0), reached=lambda _: None)
    queue, sender = Waiting(replica, settings), NodeId("region", "a", "c0")
    assert queue.add("key", sender, "message", 10)
    assert [queue.join("key", sender, "again") for _ in range(3)] == [True] * 3
    assert (queue.size, queue.attempts) == (20, 2)
    assert not queue.add("other", sender, "message", 6)
    assert not queue.join("third", sender, "message")


def test_who_finds_too_many_waiting_is_throttled_with_a_hint_when_to_come_back() -> None:
    harness = led(in_flight_slots=1, waiting_requests=1)
    ask(harness, "c0", Put(b"k", item("1")))
    ask(harness, "c0", Put(b"k", item("2")))
    harness.wait(1_000)
    harness.hold_link("sa", "c1")
    ask(harness, "c1", Put(b"k", item("3")))
    event = harness.find("sa", "c1", Rejected)
    assert event is not None
    answer: Any = event.payload
    assert (answer.reason, answer.final) == ("throttled", True)
    assert answer.wait_us >= 1_000 * 9 // 10  # By a clock that may be slow.
    assert len(waiting(harness)) == 1


def test_a_leader_that_steps_down_answers_nobody_who_waits() -> None:
    harness = led(in_flight_slots=1)
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.ask("c1", Put(b"k", item("2")), to="sa")
    harness.pass_leases()
    harness.fire("sa", HeartbeatTimer)
    assert harness.replica("sa").leading is None
    assert (len(waiting(harness)), waiting(harness).size, waiting(harness).attempts) == (0, 0, 0)
    assert harness.find("sa", "c1", Rejected) is None
    assert harness.client("c1").ending is None
