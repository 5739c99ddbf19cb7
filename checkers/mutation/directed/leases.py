"""Stories of leases."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.mutation.directed.story import story
from dynaproof.impl.partition.messages.requests import Get, Put
from dynaproof.impl.paxos.messages.election import ElectionTimer
from dynaproof.impl.paxos.messages.leadership import Handover, Heard, Heartbeat, HeartbeatTimer, Release


@story("lease_from_answer", drift_ppm=0)
def the_answers_come_late(stage: Stage) -> None:
    """The answers to a heartbeat reach the leader just before its lease ends: they prolong nothing."""
    stage.elect("sa")
    stage.fire("sa", HeartbeatTimer)
    stage.settle(Heartbeat)
    stage.wait(3_000_000)
    stage.deliver("sb", "sa", Heard)
    stage.deliver("sc", "sa", Heard)
    stage.hold("sa")
    stage.elect("sb")


@story("lease_from_last_question", drift_ppm=0)
def a_retransmission_prolongs_nothing(stage: Stage) -> None:
    """The leader asks again and again in vain; the answers to its first question come after the last one."""
    stage.elect("sa")
    stage.fire("sa", HeartbeatTimer)
    stage.settle(Heartbeat)
    stage.hold("sa")
    for _ in range(3):
        stage.fire("sa", HeartbeatTimer)
    stage.deliver("sb", "sa", Heard)
    stage.deliver("sc", "sa", Heard)
    stage.elect("sb")


@story("drift_ignored", "half_of_drift_ignored", rates={"sa": 0.9, "sb": 1.1, "sc": 1.1})
def the_leaders_clock_is_slow(stage: Stage) -> None:
    """The leader's clock is as slow, the grantors' are as fast, as the drift bound permits."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sa")
    stage.elect("sb")


@story("restart_waits_for_no_lease", "lease_not_granted")
def a_grantor_restarts(stage: Stage) -> None:
    """Only one peer renews the leader's lease; it restarts, and another one asks for its promise."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sc")
    for _ in range(3):
        stage.beat("sa")
    stage.free()
    stage.hold("sa")
    stage.crash("sb")
    stage.restart("sb")
    stage.fire("sc", ElectionTimer)
    stage.settle()


@story("reads_without_lease")
def a_client_reaches_the_old_leader(stage: Stage) -> None:
    """A leader that lost its peers, and its lease, is asked for a strong read after a new leader's write."""
    stage.elect("sa")
    stage.beat("sa")
    stage.ask("c0", Put(b"k", item("1")), to="sa")
    stage.settle()
    stage.hold("sa")
    stage.elect("sb")
    stage.beat("sb")
    stage.ask("c1", Put(b"k", item("2")), to="sb")
    stage.settle()
    stage.expect(stage.client("c1").ending == "ok", "the new leader's write is answered")
    stage.held.pop(("sa", "c0"))
    stage.ask("c0", Get(b"k", strong=True), to="sa")
    stage.settle()


@story("release_keeps_serving")
def a_leader_hands_over(stage: Stage) -> None:
    """A leader releases its lease, and its successor is elected by the other peer within what was left of
    it.
    """
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sa")
    stage.tell("sa", Handover())
    stage.deliver("sa", "sc", Release)
    stage.deliver("sa", "sb", Release)
    stage.settle()
    stage.expect(stage.replica("sb").leading is not None, "sb leads")


@story("new_leader_counts_as_dead")
def a_new_leader_is_asked_for_before_it_is_renewed(stage: Stage) -> None:
    """A peer has just voted for a new leader; another, which the leader does not reach, asks who hears it."""
    stage.hold_link("sa", "sc")
    stage.elect("sa")
    stage.fire("sc", ElectionTimer)
    stage.settle()
    stage.promise(
        "no_idle_elections", stage.replica("sc").campaign is None, "sc campaigns beside a new leader"
    )
