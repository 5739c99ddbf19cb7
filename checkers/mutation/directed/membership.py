"""Scenarios of new incarnations, and of voters that are replaced."""

from __future__ import annotations

from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.mutation.directed.common import canvass, lead_apart, replace_voter, write
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.messages.requests import Get, Put, Rejected, Reply, Request
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.catch_up import Chosen, Fetch, FetchTimer
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Heard, Heartbeat, HeartbeatTimer, Vote
from dynaproof.impl.paxos.messages.membership import CreateReplica


@scenario("promises_when_admitted")
def one_is_lost_in_the_middle_of_a_config(harness: Harness) -> None:
    """A leader counts a config, tells only the new voter of it, and is lost; the replaced voter, which has
    accepted it too, is asked by the third one.
    """
    lead_apart(harness, "sb", "sd")
    replace_voter(harness, "sb", "sa", "sa")
    harness.deliver("sb", "sd", CreateReplica)
    for other in ("sa", "sc", "sd"):
        harness.drop("sb", other)
    harness.crash("sb")
    canvass(harness, "sc", "sa")
    harness.deliver("sc", "sd", Prepare)
    harness.deliver_if_any("sd", "sc", Promise)
    led = harness.replica("sc").leading is not None
    harness.promise("progress_after_faults_stop", led, "nobody can lead any more after one loss")
    harness.free()
    harness.settle()
    for _ in range(3):
        harness.beat("sc")
    write(harness, "c0", "1", "sc")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the new leader and the new voter take a write")


@scenario("final_for_an_earlier_incarnation")
def a_copy_comes_to_the_next_incarnation(harness: Harness) -> None:
    """A write is chosen, and its reply lost; the leader's journal rots. A copy of the attempt arrives at the
    new incarnation on the same node, which has proposed nothing.
    """
    harness.elect("sa")
    harness.beat("sa")
    harness.send("c0", Put(b"k", item("1")), to="sa")
    harness.repeat("c0", "sa", Request)
    harness.hold_link("sa", "c0")
    harness.hold_link("c0", "sa")
    harness.settle()
    harness.beat("sa")
    harness.drop("sa", "c0", Reply)
    (journal,) = harness.slot("sa").disk.durable_logs("log/")
    harness.crash("sa")
    harness.rot("sa", journal, 40)
    harness.pass_leases()
    harness.elect("sb")
    harness.restart("sa")
    harness.settle()
    harness.expect(harness.replica("sa").incarnation == 4, "sa is replaced on its own node")
    harness.deliver("c0", "sa", Request)
    harness.deliver("sa", "c0", Rejected)
    harness.give_up("c0")
    harness.ask("c1", Get(b"k", strong=True), to="sb")
    harness.settle()
    harness.expect(harness.client("c0").ending == "indefinite", "the outcome is not known")


def renewed_by(harness: Harness, voter: str) -> None:
    """The leader's next round, which one voter hears."""
    harness.fire("sa", HeartbeatTimer)
    harness.deliver("sa", voter, Heartbeat)
    harness.deliver(voter, "sa", Heard)


def learner_beside_a_lease(harness: Harness) -> None:
    """`sa` leads, and for longer than a lease only `sb` has heard of it; a learner is made on `sd`."""
    lead_apart(harness, "sa", "sd")
    for _ in range(5):
        renewed_by(harness, "sb")
    harness.drop("sa", "sc")
    harness.restart("sd")
    learner = Member(harness.slot("sd").id, first_config().next_incarnation)
    harness.inject("sd", CreateReplica(learner, first_config(), 0), sender="sa")


def learns_of_its_config(harness: Harness) -> None:
    """The learner on `sd` fetches the log from the leader, and so has a vote."""
    harness.fire("sd", FetchTimer)
    harness.deliver("sd", "sa", Fetch)
    harness.deliver("sa", "sd", Chosen)
    harness.expect(harness.replica("sd").admitted, "sd is admitted")


@scenario("lease_of_the_old_config", "grants_of_two_configs")
def a_new_voter_campaigns_in_the_old_lease(harness: Harness) -> None:
    """A leader counts a config late. Only the voter that leaves has renewed its lease meanwhile: so the lease
    ends in that step, and the new voter may lead when the grant of the third one has run out.
    """
    learner_beside_a_lease(harness)
    harness.replace("sa", "sb")
    harness.deliver("sa", "sc", Accept)
    for _ in range(2):
        renewed_by(harness, "sb")
    harness.deliver("sc", "sa", Vote)
    learns_of_its_config(harness)
    harness.fire("sd", ElectionTimer)
    harness.deliver("sd", "sc", AskAlive)
    harness.deliver("sc", "sd", Alive)
    harness.wait(200_000)
    harness.deliver("sd", "sc", Prepare)
    harness.deliver("sc", "sd", Promise)
    harness.expect(harness.replica("sd").leading is not None, "sd leads")


@scenario("learning_a_config_frees")
def a_grantor_learns_of_a_config(harness: Harness) -> None:
    """A grantor learns with the question that it answers that a config is chosen; a new voter asks for its
    promise.
    """
    learner_beside_a_lease(harness)
    for _ in range(2):
        renewed_by(harness, "sb")
    replace_voter(harness, "sa", "sb", "sc")
    learns_of_its_config(harness)
    harness.fire("sd", ElectionTimer)
    harness.deliver("sd", "sc", AskAlive)
    harness.deliver("sc", "sd", Alive)
    harness.drop("sa", "sc")
    renewed_by(harness, "sc")
    harness.deliver("sd", "sc", Prepare)
    harness.deliver_if_any("sc", "sd", Promise)
    harness.expect(harness.replica("sd").leading is None, "sc is bound")
