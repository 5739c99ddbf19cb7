"""What a situation that campaigns count takes, and what only looks like it, each told on the stage."""

import pytest

from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.episodes import campaign, write
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.impl.storage.messages import (
    Accept,
    Adopt,
    Alive,
    AskAlive,
    ElectionTimer,
    HeartbeatTimer,
    Prepare,
    Promise,
    Put,
    Refused,
    Reply,
    Request,
    Vote,
)


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.begin()
    return made


def reached(stage: Stage, what: str) -> int:
    assert stage.failure is None
    return stage.run.observation.reached.get(what, 0)


@pytest.mark.parametrize("writes", [0, 1])
def test_an_old_leader_holds_an_unchosen_write_not_a_no_op_alone(stage: Stage, writes: int) -> None:
    campaign(stage, "sa", "sb")
    if writes:
        stage.deliver("sa", "sb", Adopt)
        stage.deliver("sb", "sa", Vote)
        write(stage, "c0", "1", "sa")
    assert stage.replica("sa").log.last > stage.replica("sa").log.commit
    stage.pass_leases()
    stage.fire("sa", HeartbeatTimer)
    assert stage.replica("sa").leading is None
    assert reached(stage, "old leader deposed holding unchosen writes") == writes


def test_a_deposed_leader_that_does_not_know_its_write_to_be_chosen_holds_none(stage: Stage) -> None:
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sa", "sb", "sc")
    write(stage, "c0", "1", "sa")
    stage.deliver("sa", "sb", Accept)
    stage.pass_leases()
    stage.fire("sa", HeartbeatTimer)
    assert reached(stage, "old leader deposed holding unchosen writes") == 0


@pytest.mark.parametrize("records", [1, 2])
def test_a_pipelined_tail_has_two_records(stage: Stage, records: int) -> None:
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sa", "sb", "sc")
    for number in range(records):
        write(stage, f"c{number}", str(number), "sa")
        stage.deliver("sa", "sb", Accept)
    campaign(stage, "sc", "sb")
    assert reached(stage, "pipelined tail adopted") == records - 1


@pytest.mark.parametrize("won", [False, True])
def test_a_vote_is_split_while_the_other_candidate_has_not_won(stage: Stage, won: bool) -> None:
    stage.hold("sa", "sb", "sc")
    stage.pass_leases()
    for name in ("sa", "sb"):
        stage.fire(name, ElectionTimer)
        stage.deliver(name, "sc", AskAlive)
        stage.deliver("sc", name, Alive)
    stage.deliver("sb", "sc", Prepare)
    stage.deliver("sa", "sc", Prepare)
    if won:
        stage.deliver("sc", "sb", Promise)
        assert stage.replica("sb").leading is not None
    stage.deliver("sc", "sa", Refused)
    assert stage.replica("sa").campaign is None
    assert reached(stage, "split vote") == (not won)


@pytest.mark.parametrize("failed", [False, True])
def test_a_retry_is_another_attempt_and_no_copy_of_the_first(stage: Stage, failed: bool) -> None:
    what = "failed condition retried" if failed else "retry after a lost reply"
    stage.elect("sa")
    stage.beat("sa")
    stage.held["c0", "sa"] = stage.held["sa", "c0"] = True
    stage.send("c0", Put(b"k", item("1"), failed, item("0") if failed else None), to="sa")
    stage.repeat("c0", "sa", Request)
    stage.settle()
    stage.drop("sa", "c0", Reply)
    stage.deliver("c0", "sa", Request)
    assert stage.find("sa", "c0", Reply) is not None
    assert reached(stage, what) == 0
    stage.drop("sa", "c0", Reply)
    stage.ask_again("c0", "sa")
    assert reached(stage, what) == 1


@pytest.mark.parametrize("cut", [False, True])
def test_a_gray_link_is_one_that_is_cut(stage: Stage, cut: bool) -> None:
    stage.elect("sa")
    stage.beat("sa")
    if cut:
        stage.world.cut_links["sa>sc"] = 0
    stage.fire("sa", HeartbeatTimer)
    stage.drop("sa", "sc")
    stage.settle()
    stage.fire("sc", ElectionTimer)
    stage.settle()
    assert stage.replica("sa").leading is not None
    assert reached(stage, "gray link deposed nobody") >= cut
    assert bool(reached(stage, "gray link deposed nobody")) == cut
