"""Scenarios of leases and clocks."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.common import batch, campaign, lead_apart, write
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.messages.requests import Get, Put
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer
from dynaproof.impl.paxos.messages.leadership import (
    Accept,
    Handover,
    Heard,
    Heartbeat,
    HeartbeatTimer,
    Release,
)


@scenario("lease_from_answer", drift_ppm=0)
def the_answers_come_late(harness: Harness) -> None:
    """The answers to a heartbeat reach the leader just before its lease ends: they prolong nothing."""
    harness.elect("sa")
    harness.fire("sa", HeartbeatTimer)
    harness.settle(Heartbeat)
    harness.wait(3_000_000)
    harness.deliver("sb", "sa", Heard)
    harness.deliver("sc", "sa", Heard)
    harness.hold("sa")
    harness.elect("sb")


@scenario("lease_from_last_question", drift_ppm=0)
def a_retransmission_prolongs_nothing(harness: Harness) -> None:
    """The leader asks again and again in vain; the answers to its first question come after the last one."""
    harness.elect("sa")
    harness.fire("sa", HeartbeatTimer)
    harness.settle(Heartbeat)
    harness.hold("sa")
    for _ in range(3):
        harness.fire("sa", HeartbeatTimer)
    harness.deliver("sb", "sa", Heard)
    harness.deliver("sc", "sa", Heard)
    harness.elect("sb")


@scenario("drift_ignored", "half_of_drift_ignored", rates={"sa": 0.9, "sb": 1.1, "sc": 1.1})
def the_leaders_clock_is_slow(harness: Harness) -> None:
    """The leader's clock is as slow, the grantors' are as fast, as the drift bound permits."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa")
    harness.elect("sb")


@scenario("restart_waits_for_no_lease", "lease_not_granted")
def a_grantor_restarts(harness: Harness) -> None:
    """Only one peer renews the leader's lease; it restarts, and another one asks for its promise."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sc")
    for _ in range(3):
        harness.beat("sa")
    harness.free()
    harness.hold("sa")
    harness.crash("sb")
    harness.restart("sb")
    harness.fire("sc", ElectionTimer)
    harness.settle()


@scenario("reads_without_lease")
def a_client_reaches_the_old_leader(harness: Harness) -> None:
    """A leader that lost its peers, and its lease, is asked for a strong read after a new leader's write."""
    harness.elect("sa")
    harness.beat("sa")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.settle()
    harness.hold("sa")
    harness.elect("sb")
    harness.beat("sb")
    harness.ask("c1", Put(b"k", item("2")), to="sb")
    harness.settle()
    harness.expect(harness.client("c1").ending == "ok", "the new leader's write is answered")
    harness.held.pop(("sa", "c0"))
    harness.ask("c0", Get(b"k", strong=True), to="sa")
    harness.settle()


@scenario("release_keeps_serving")
def a_leader_hands_over(harness: Harness) -> None:
    """A leader releases its lease, and its successor is elected by the other peer within what was left of
    it.
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa")
    harness.inject("sa", Handover())
    harness.deliver("sa", "sc", Release)
    harness.deliver("sa", "sb", Release)
    harness.settle()
    harness.expect(harness.replica("sb").leading is not None, "sb leads")


@scenario("new_leader_counts_as_dead")
def a_new_leader_is_asked_for_before_it_is_renewed(harness: Harness) -> None:
    """A peer has just voted for a new leader; another, which the leader does not reach, asks who hears it."""
    harness.hold_link("sa", "sc")
    harness.elect("sa")
    harness.fire("sc", ElectionTimer)
    harness.settle()
    harness.promise(
        "no_idle_elections", harness.replica("sc").campaign is None, "sc campaigns beside a new leader"
    )


@scenario("early_timer_deposes")
def a_timer_is_older_than_the_leader(harness: Harness) -> None:
    """The link between a new leader and one voter is gray. The other one hears the leader; its timer was set
    before, and the voter at the gray link is the first to answer it.
    """
    harness.hold_link("sa", "sc")
    harness.hold_link("sc", "sa")
    harness.elect("sa")
    harness.fire("sb", ElectionTimer)
    harness.deliver("sb", "sc", AskAlive)
    harness.deliver("sc", "sb", Alive)
    harness.promise(
        "no_idle_elections", harness.replica("sb").campaign is None, "sb campaigns against whom it hears"
    )
    harness.settle()
    harness.expect(harness.replica("sa").leading is not None, "sa still leads")


@scenario("silent_clocks_count_as_near", "clock_always_trusted")
def a_leader_hears_one_clock_and_is_far_from_it(harness: Harness) -> None:
    """The wall clock of a new leader is off; one voter answers it, and the other is silent."""
    lead_apart(harness, "sb")
    harness.slot("sa").wall_offset = 1_800_000
    campaign(harness, "sa", "sb")
    batch(harness, "sa", "sb")
    write(harness, "c0", "1", "sa")
    stamps = harness.find("sa", "sb", Accept) is not None
    harness.promise(
        "timestamps_near_real_time", not stamps, "sa stamps a write by a clock that is far from all others"
    )


@scenario("own_step_not_noticed")
def a_leaders_clock_steps_when_one_voter_is_silent(harness: Harness) -> None:
    """One voter is silent when the wall clock of the leader steps; the other one answers."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold_link("sa", "sb")
    harness.step_wall("sa", 1_800_000)
    harness.beat("sa")
    harness.hold_link("sa", "sc")
    write(harness, "c0", "1", "sa")
    stamps = harness.find("sa", "sc", Accept) is not None
    harness.promise(
        "timestamps_near_real_time", not stamps, "sa stamps a write by a clock that is far from all others"
    )
