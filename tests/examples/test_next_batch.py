"""Proposals of one moment travel together (rule W7), told on the harness."""

import pytest

from dynaproof.checkers.mutation.directed.common import write
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.readers import MoveCursor
from dynaproof.impl.paxos.messages.leadership import Accept, Handover, Vote


@pytest.fixture
def harness() -> Harness:
    """`sa` leads, its first write is journalled and not durable, and two more proposals have come since."""
    made = Harness()
    made.begin()
    made.elect("sa")
    made.beat("sa")
    made.hold_disk("sa")
    write(made, "c0", "1", "sa")
    made.start_sync("sa")
    write(made, "c1", "2", "sa")
    made.inject("sa", MoveCursor(NodeId("region", "client", "c1"), "archive", 1), sender="c1")
    return made


def accepts(harness: Harness, sender: str, receiver: str) -> list[list[int]]:
    """The slots of each accept in flight."""
    events = [event for event in harness.strategy.events if type(event.payload) is Accept]
    found = [event for event in events if (event.sender.name, event.place.name) == (sender, receiver)]
    return [[record.slot for record in event.payload.records] for event in found]  # type: ignore[union-attr]


def test_what_comes_during_a_sync_is_one_accept_one_frame_and_one_vote_of_each(harness: Harness) -> None:
    replica, disk = harness.replica("sa"), harness.slot("sa").disk
    assert (replica.log.last, replica.next_slot, replica.in_flight) == (2, 5, 3)
    written = disk.written
    harness.end_sync("sa")
    assert (replica.log.last, replica.next_slot, replica.in_flight) == (4, 5, 3)
    assert disk.written == written + 1
    harness.start_sync("sa")
    harness.end_sync("sa")
    for voter in ("sb", "sc"):
        assert accepts(harness, "sa", voter) == [[2], [3, 4]]
        harness.deliver("sa", voter, Accept)
        harness.drop(voter, "sa", Vote)
        harness.deliver("sa", voter, Accept)
        harness.deliver(voter, "sa", Vote)
        assert harness.find(voter, "sa", Vote) is None
    assert replica.log.commit == 4
    assert harness.run.observation.reached["proposals travelled together"] == 1


def test_a_leader_that_steps_down_knows_nothing_of_what_waited(harness: Harness) -> None:
    replica = harness.replica("sa")
    harness.inject("sa", Handover())
    assert replica.leading is None
    assert replica.log.last == 2
    harness.free_disk("sa")
    harness.settle()
    led = [name for name in ("sb", "sc") if harness.replica(name).leading is not None]
    assert len(led) == 1
    assert harness.client("c1").ending is None
    assert harness.run.observation.reached["next batch dropped"] == 1
    harness.ask_again("c1", led[0])
    harness.settle()
    assert harness.client("c1").ending == "ok"
    assert harness.failure is None


def test_a_leader_with_nothing_under_way_sends_at_once(harness: Harness) -> None:
    harness.free_disk("sa")
    harness.settle()
    assert harness.client("c1").ending == "ok"
    write(harness, "c0", "3", "sa")
    assert accepts(harness, "sa", "sb") == accepts(harness, "sa", "sc") == [[5]]
    assert not harness.replica("sa").leadership.next_batch
