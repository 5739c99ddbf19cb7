"""Scenarios of requests: retries, refusals, late copies."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.checkers.workloads.client import BackoffTimer
from dynaproof.impl.partition.messages.requests import Put, Rejected, Reply, Request
from dynaproof.impl.paxos.messages.leadership import Accept, HeartbeatTimer, Vote


@scenario("requests_forgotten")
def a_retry_comes_to_the_next_leader(harness: Harness) -> None:
    """The reply to a write is lost, and its client tries again at the next leader."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold_link("sa", "c0")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.settle()
    harness.beat("sa")
    harness.hold("sa")
    harness.elect("sb")
    harness.ask_again("c0", to="sb")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the retry is answered")


@scenario("router_reuses_ids", "boots_not_counted")
def a_client_restarts_and_writes(harness: Harness) -> None:
    """A client has its answer and restarts; what it writes then is another request."""
    harness.elect("sa")
    harness.beat("sa")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the first write is answered")
    harness.crash("c0")
    harness.restart("c0")
    harness.ask("c0", Put(b"k", item("2")), to="sa")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the second write is answered")


@scenario("strangers_vote")
def a_stranger_votes(harness: Harness) -> None:
    """A leader's peers are out of reach, and a client speaks for one of them."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sb", "sc")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    leader = harness.replica("sa")
    clock, voter = leader.env, leader.others()[0]
    vote = Vote(voter, leader.incarnation, leader.leading, leader.log.last, clock.now, clock.wall)
    harness.inject("sa", vote, sender="c0")
    harness.expect(harness.client("c0").ending is None, "the write is not answered")


@scenario("fence_ignored")
def a_copy_of_a_refused_attempt_comes_late(harness: Harness) -> None:
    """An attempt aimed at another ballot is refused for good; a copy arrives once this replica leads.

    It restarted and names no leader, so no other attempt is made. Its wall clock is behind the client's, so
    it does not take the request for expired.
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.crash("sb")
    harness.restart("sb")
    harness.step_wall("sb", -500_000)
    harness.send("c0", Put(b"k", item("1")), to="sb")
    harness.repeat("c0", "sb", Request)
    harness.settle(Rejected)
    harness.hold_link("c0", "sb")
    harness.give_up("c0")
    harness.expect(harness.client("c0").ending == "definite", "the write failed for good")
    harness.hold("sa")
    harness.elect("sb")
    harness.deliver("c0", "sb", Request)
    harness.settle()


@scenario("final_refusal_forgotten", in_flight_slots=1, waiting_requests=0)
def a_copy_of_a_throttled_attempt_comes_late(harness: Harness) -> None:
    """An attempt is throttled, which is final; a copy of it arrives when there is room again."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sb", "sc")
    harness.ask("c1", Put(b"k", item("1")), to="sa")
    harness.send("c0", Put(b"k", item("2")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.settle(Rejected)
    harness.hold_link("c0", "sa")
    harness.give_up("c0")
    harness.expect(harness.client("c0").ending == "definite", "the write failed for good")
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sb", "sa", Vote)
    harness.deliver("c0", "sa", Request)
    harness.deliver_if_any("sa", "sb", Accept)
    harness.deliver_if_any("sb", "sa", Vote)


@scenario("flights_unbounded", in_flight_slots=1)
def more_writes_come_than_may_be_in_flight(harness: Harness) -> None:
    """Peers are slow, and clients give up and write on."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sb", "sc")
    for value in range(4):
        harness.ask("c0", Put(b"k", item(str(value))), to="sa")
        harness.give_up("c0")


@scenario("deadline_ignored")
def a_copy_comes_after_its_deadline(harness: Harness) -> None:
    """A write is answered; its deadline passes, and its id is forgotten; then a copy of it arrives."""
    harness.elect("sa")
    harness.beat("sa")
    harness.send("c0", Put(b"k", item("1")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.hold_link("c0", "sa")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the write is answered")
    for _ in range(70):
        harness.beat("sa")
    harness.ask("c1", Put(b"k", item("2")), to="sa")
    harness.settle()
    harness.deliver("c0", "sa", Request)
    harness.settle()


@scenario()
def a_deposed_leader_is_asked_on_and_on(harness: Harness) -> None:
    """A link is gray, so a deposed leader does not hear the new one; a client that asks it must get away.

    It named itself as the leader, so the client came back to it until its deadline (found by exploration).
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa")
    harness.elect("sb")
    harness.beat("sb")
    harness.fire("sa", HeartbeatTimer)
    harness.expect(harness.replica("sa").leading is None, "sa has stepped down")
    harness.free()
    harness.hold_link("sa", "sb")
    harness.hold_link("sb", "sa")
    harness.drop("sa", "sc")
    harness.send("c0", Put(b"k", item("1")), to="sa")
    harness.undecided_clients_ask("sb")
    harness.settle(Request, Rejected)
    for _ in range(3):
        if harness.client("c0").ending is None:
            harness.fire("c0", BackoffTimer)
            harness.settle(Request, Rejected, Accept, Vote, Reply)
    answered = harness.client("c0").ending == "ok"
    harness.promise("progress_after_faults_stop", answered, "the client asks the deposed leader on and on")
