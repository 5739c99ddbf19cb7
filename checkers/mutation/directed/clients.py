"""Stories of requests: retries, refusals, late copies."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.mutation.directed.story import story
from dynaproof.checkers.workloads.client import BackoffTimer
from dynaproof.impl.storage.messages import Accept, HeartbeatTimer, Put, Rejected, Reply, Request, Vote


@story("requests_forgotten")
def a_retry_comes_to_the_next_leader(stage: Stage) -> None:
    """The reply to a write is lost, and its client tries again at the next leader."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold_link("sa", "c0")
    stage.ask("c0", Put(b"k", item("1")), to="sa")
    stage.settle()
    stage.beat("sa")
    stage.hold("sa")
    stage.elect("sb")
    stage.ask_again("c0", to="sb")
    stage.settle()
    stage.expect(stage.client("c0").ending == "ok", "the retry is answered")


@story("fence_ignored")
def a_copy_of_a_refused_attempt_comes_late(stage: Stage) -> None:
    """An attempt aimed at another ballot is refused for good; a copy arrives once this replica leads.

    Its wall clock is behind the client's, so it does not take the request for expired.
    """
    stage.elect("sa")
    stage.beat("sa")
    stage.step_wall("sb", -500_000)
    stage.send("c0", Put(b"k", item("1")), to="sb")
    stage.repeat("c0", "sb", Request)
    stage.settle(Rejected)
    stage.hold_link("c0", "sb")
    stage.give_up("c0")
    stage.expect(stage.client("c0").ending == "definite", "the write failed for good")
    stage.hold("sa")
    stage.elect("sb")
    stage.deliver("c0", "sb", Request)
    stage.settle()


@story("final_refusal_forgotten", in_flight_slots=1)
def a_copy_of_a_throttled_attempt_comes_late(stage: Stage) -> None:
    """An attempt is throttled, which is final; a copy of it arrives when there is room again."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sb", "sc")
    stage.ask("c1", Put(b"k", item("1")), to="sa")
    stage.send("c0", Put(b"k", item("2")), to="sa")
    stage.repeat("c0", "sa", Request)
    stage.settle(Rejected)
    stage.hold_link("c0", "sa")
    stage.give_up("c0")
    stage.expect(stage.client("c0").ending == "definite", "the write failed for good")
    stage.deliver("sa", "sb", Accept)
    stage.deliver("sb", "sa", Vote)
    stage.deliver("c0", "sa", Request)
    stage.deliver_if_any("sa", "sb", Accept)
    stage.deliver_if_any("sb", "sa", Vote)


@story("flights_unbounded", in_flight_slots=1)
def more_writes_come_than_may_be_in_flight(stage: Stage) -> None:
    """Peers are slow, and clients give up and write on."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sb", "sc")
    for value in range(4):
        stage.ask("c0", Put(b"k", item(str(value))), to="sa")
        stage.give_up("c0")


@story("deadline_ignored")
def a_copy_comes_after_its_deadline(stage: Stage) -> None:
    """A write is answered; its deadline passes, and its id is forgotten; then a copy of it arrives."""
    stage.elect("sa")
    stage.beat("sa")
    stage.send("c0", Put(b"k", item("1")), to="sa")
    stage.repeat("c0", "sa", Request)
    stage.hold_link("c0", "sa")
    stage.settle()
    stage.expect(stage.client("c0").ending == "ok", "the write is answered")
    for _ in range(70):
        stage.beat("sa")
    stage.ask("c1", Put(b"k", item("2")), to="sa")
    stage.settle()
    stage.deliver("c0", "sa", Request)
    stage.settle()


@story()
def a_deposed_leader_is_asked_on_and_on(stage: Stage) -> None:
    """A link is gray, so a deposed leader does not hear the new one; a client that asks it must get away.

    It named itself as the leader, so the client came back to it until its deadline (found by exploration).
    """
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sa")
    stage.elect("sb")
    stage.beat("sb")
    stage.fire("sa", HeartbeatTimer)
    stage.expect(stage.replica("sa").leading is None, "sa has stepped down")
    stage.free()
    stage.hold_link("sa", "sb")
    stage.hold_link("sb", "sa")
    stage.drop("sa", "sc")
    stage.send("c0", Put(b"k", item("1")), to="sa")
    stage.undecided_clients_ask("sb")
    stage.settle(Request, Rejected)
    for _ in range(3):
        if stage.client("c0").ending is None:
            stage.fire("c0", BackoffTimer)
            stage.settle(Request, Rejected, Accept, Vote, Reply)
    answered = stage.client("c0").ending == "ok"
    stage.promise("progress_after_faults_stop", answered, "the client asks the deposed leader on and on")
