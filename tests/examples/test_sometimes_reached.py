"""What a situation that campaigns count takes, and what only looks like it, each told on the harness."""

import pytest

from dynaproof.checkers.mutation.directed.common import campaign, write
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.impl.partition.messages.requests import Put, Reply, Request
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise, Refused
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, HeartbeatTimer, Vote


@pytest.fixture
def harness() -> Harness:
    made = Harness()
    made.begin()
    return made


def reached(harness: Harness, what: str) -> int:
    assert harness.failure is None
    return harness.run.observation.reached.get(what, 0)


@pytest.mark.parametrize("writes", [0, 1])
def test_an_old_leader_holds_an_unchosen_write_not_a_no_op_alone(harness: Harness, writes: int) -> None:
    campaign(harness, "sa", "sb")
    if writes:
        harness.deliver("sa", "sb", Adopt)
        harness.deliver("sb", "sa", Vote)
        write(harness, "c0", "1", "sa")
    assert harness.replica("sa").log.last > harness.replica("sa").log.commit
    harness.pass_leases()
    harness.fire("sa", HeartbeatTimer)
    assert harness.replica("sa").leading is None
    assert reached(harness, "old leader deposed holding unchosen writes") == writes


def test_a_deposed_leader_that_does_not_know_its_write_to_be_chosen_holds_none(harness: Harness) -> None:
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa", "sb", "sc")
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sb", Accept)
    harness.pass_leases()
    harness.fire("sa", HeartbeatTimer)
    assert reached(harness, "old leader deposed holding unchosen writes") == 0


@pytest.mark.parametrize("records", [1, 2])
def test_a_pipelined_tail_has_two_records(harness: Harness, records: int) -> None:
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa", "sb", "sc")
    for number in range(records):
        write(harness, f"c{number}", str(number), "sa")
        harness.deliver("sa", "sb", Accept)
    campaign(harness, "sc", "sb")
    assert reached(harness, "pipelined tail adopted") == records - 1


@pytest.mark.parametrize("won", [False, True])
def test_a_vote_is_split_while_the_other_candidate_has_not_won(harness: Harness, won: bool) -> None:
    harness.hold("sa", "sb", "sc")
    harness.pass_leases()
    for name in ("sa", "sb"):
        harness.fire(name, ElectionTimer)
        harness.deliver(name, "sc", AskAlive)
        harness.deliver("sc", name, Alive)
    harness.deliver("sb", "sc", Prepare)
    harness.deliver("sa", "sc", Prepare)
    if won:
        harness.deliver("sc", "sb", Promise)
        assert harness.replica("sb").leading is not None
    harness.deliver("sc", "sa", Refused)
    assert harness.replica("sa").campaign is None
    assert reached(harness, "split vote") == (not won)


@pytest.mark.parametrize("failed", [False, True])
def test_a_retry_is_another_attempt_and_no_copy_of_the_first(harness: Harness, failed: bool) -> None:
    what = "failed condition retried" if failed else "retry after a lost reply"
    harness.elect("sa")
    harness.beat("sa")
    harness.held["c0", "sa"] = harness.held["sa", "c0"] = True
    harness.send("c0", Put(b"k", item("1"), failed, item("0") if failed else None), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.settle()
    harness.drop("sa", "c0", Reply)
    harness.deliver("c0", "sa", Request)
    assert harness.find("sa", "c0", Reply) is not None
    assert reached(harness, what) == 0
    harness.drop("sa", "c0", Reply)
    harness.ask_again("c0", "sa")
    assert reached(harness, what) == 1


@pytest.mark.parametrize("cut", [False, True])
def test_a_gray_link_is_one_that_is_cut(harness: Harness, cut: bool) -> None:
    harness.elect("sa")
    harness.beat("sa")
    if cut:
        harness.world.cut_links["sa>sc"] = 0
    harness.fire("sa", HeartbeatTimer)
    harness.drop("sa", "sc")
    harness.settle()
    harness.fire("sc", ElectionTimer)
    harness.settle()
    assert harness.replica("sa").leading is not None
    assert reached(harness, "gray link deposed nobody") >= cut
    assert bool(reached(harness, "gray link deposed nobody")) == cut
