"""Scenarios of voters that have a log and no tree."""

from __future__ import annotations

from typing import Any

from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.mutation.directed.common import lead_apart, replace_voter, write
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.messages.requests import Get, Reply, Request
from dynaproof.impl.paxos.ids import NO_BALLOT, RequestId
from dynaproof.impl.paxos.messages.election import (
    Alive,
    AskAlive,
    ElectionTimer,
    Prepare,
    Promise,
    TooFarBehind,
)
from dynaproof.impl.paxos.messages.leadership import Accept, Heard, Heartbeat, HeartbeatTimer, Vote
from dynaproof.impl.paxos.messages.membership import Counted, CreateReplica, Replaced, ReplaceVoter


def with_a_log_replica(harness: Harness) -> None:
    """`sa` leads; `sc` is lost, and a log replica takes its place on `sd`, with a config that `sb` holds."""
    lead_apart(harness, "sa", "sd")
    harness.crash("sc")
    replace_voter(harness, "sa", "sc", "sb")
    leader = harness.replica("sa")
    slot, config = leader.state.config_slot, leader.config
    harness.drop("sa", "sd", CreateReplica)
    counted = Counted(leader.log.record(slot), leader.leading)
    harness.inject("sd", CreateReplica(config.voters[2], config, slot, counted), sender="sa")
    made = harness.replica("sd")
    harness.expect(made.admitted and not made.full, "sd is a log replica")


@scenario("asks_by_what_it_knows", "log_replica_names_nothing")
def a_restarted_voter_asks_a_log_replica(harness: Harness) -> None:
    """A voter restarts, and does not know any more that the config is chosen with which a log replica begins;
    the leader is lost.
    """
    with_a_log_replica(harness)
    harness.crash("sb")
    harness.restart("sb")
    harness.crash("sa")
    harness.pass_leases()
    harness.fire("sb", ElectionTimer)
    harness.deliver("sb", "sd", AskAlive)
    harness.deliver("sd", "sb", Alive)
    harness.deliver("sb", "sd", Prepare)
    harness.deliver("sd", "sb", TooFarBehind)
    harness.deliver_if_any("sb", "sd", Prepare)
    harness.deliver_if_any("sd", "sb", Promise)
    led = harness.replica("sb").leading is not None
    harness.promise("progress_after_faults_stop", led, "nobody can lead any more, though the two hold all")


@scenario("log_replica_campaigns")
def the_leader_of_a_log_replica_is_lost(harness: Harness) -> None:
    """A log replica hears no leader any more; the other voter does not campaign."""
    with_a_log_replica(harness)
    harness.crash("sa")
    harness.pass_leases()
    harness.fire("sd", ElectionTimer)
    if harness.deliver_if_any("sd", "sb", AskAlive):
        harness.deliver("sb", "sd", Alive)
        harness.deliver("sd", "sb", Prepare)


@scenario("log_replica_serves")
def a_log_replica_is_asked(harness: Harness) -> None:
    """A log replica hears of its leader; a client asks it for what it does not have."""
    with_a_log_replica(harness)
    harness.fire("sa", HeartbeatTimer)
    harness.deliver("sa", "sd", Heartbeat)
    request = RequestId(harness.slot("c0").id, 1, 1)
    get = Request(request, 1, NO_BALLOT, 0, Get(b"k", strong=False))
    harness.inject("sd", get, sender="c0")
    harness.deliver_if_any("sd", "c0", Reply)


@scenario("log_replica_beside_a_laggard")
def a_log_replica_is_asked_for_beside_a_laggard(harness: Harness) -> None:
    """A voter is declared dead that lives: with its vote a write and a config are chosen which the third one
    does not have. The operator asks whether a log may begin there.
    """
    lead_apart(harness, "sa", "sd")
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sc", Accept)
    harness.deliver("sc", "sa", Vote)
    harness.deliver_if_any("sa", "c0", Reply)
    harness.expect(harness.client("c0").ending == "ok", "the write is acknowledged")
    replace_voter(harness, "sa", "sc", "sc")
    leader = harness.replica("sa")
    slot, config = leader.state.config_slot, leader.config
    harness.drop("sa", "sd", CreateReplica)
    harness.hold_link("sa", "c1")
    command = ReplaceVoter(0, first_config().voters[2], config.voters[2], "log")
    harness.inject("sa", command, sender="c1")
    answer = harness.find("sa", "c1", Replaced)
    assert answer is not None
    told: Any = answer.payload
    harness.deliver("sa", "c1", Replaced)
    if told.held is not None:
        harness.inject("sd", CreateReplica(config.voters[2], config, slot, told.held), sender="sa")
        harness.fire("sa", HeartbeatTimer)
        harness.deliver("sa", "sd", Heartbeat)
        harness.deliver("sd", "sa", Heard)
