"""Scenarios of what a new leader adopts: the shortest traces of the replication rules' variants."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.common import ask_for_more, batch, campaign, lead_apart, write
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.paxos.messages.catch_up import Chosen, Fetch
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import (
    Accept,
    Adopt,
    Behind,
    Heard,
    Heartbeat,
    HeartbeatTimer,
    Vote,
)


@scenario("slot_by_slot_adoption")
def two_branches_meet(harness: Harness) -> None:
    """Two writes in flight die with their leader's term; another leader's no-op is in one place only when the
    first one comes back and sees both branches.
    """
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    write(harness, "c1", "2", "sa")
    campaign(harness, "sb", "sc")
    campaign(harness, "sa", "sb")
    harness.deliver("sa", "sb", Adopt)
    harness.deliver("sb", "sa", Vote)


@scenario("no_cut_on_accept")
def an_old_leader_accepts_a_new_batch(harness: Harness) -> None:
    """A deposed leader with two writes in flight accepts the new one's batch, and is asked for its tail."""
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    write(harness, "c1", "2", "sa")
    campaign(harness, "sb", "sc")
    harness.deliver("sb", "sa", Adopt)
    campaign(harness, "sc", "sa")
    harness.deliver("sc", "sa", Adopt)
    harness.deliver("sa", "sc", Vote)


@scenario("tail_slot_by_slot", "ignores_accepted")
def only_the_start_of_a_tail_arrives(harness: Harness) -> None:
    """Two writes are chosen; the next leader adopts them, and only its first message about them arrives."""
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    write(harness, "c1", "2", "sa")
    for _ in range(2):
        harness.deliver("sa", "sc", Accept)
    campaign(harness, "sb", "sc")
    if not harness.deliver_if_any("sb", "sc", Accept):
        harness.deliver("sb", "sc", Adopt)
    campaign(harness, "sa", "sc")
    batch(harness, "sa", "sc")


@scenario("known_chosen_inside_tail")
def a_slot_of_the_tail_comes_alone(harness: Harness) -> None:
    """As before, but the batch is lost, and what is sent again begins behind what the voter knows chosen."""
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    write(harness, "c1", "2", "sa")
    for _ in range(2):
        harness.deliver("sa", "sc", Accept)
    campaign(harness, "sb", "sc")
    harness.drop("sb", "sc", Adopt)
    harness.deliver("sb", "sc", Heartbeat)
    harness.deliver("sc", "sb", Heard)
    if not harness.deliver_if_any("sb", "sc", Accept):
        harness.deliver("sb", "sc", Adopt)
    campaign(harness, "sa", "sc")
    batch(harness, "sa", "sc")


@scenario("cuts_its_own_ballot")
def a_batch_is_repeated(harness: Harness) -> None:
    """A copy of a leader's first batch arrives after a write that is chosen with this voter."""
    harness.hold_link("sa", "sb")
    harness.fire("sa", ElectionTimer)
    harness.settle()
    harness.hold("sa", "sb", "sc")
    harness.deliver_if_any("sa", "sb", AskAlive)
    harness.repeat("sa", "sb", Adopt)
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sb", "sa", Vote)
    harness.deliver("sa", "sb", Adopt)
    campaign(harness, "sc", "sb")
    harness.deliver("sc", "sb", Adopt)
    harness.deliver("sb", "sc", Vote)
    write(harness, "c1", "2", "sc")
    harness.deliver("sc", "sb", Accept)
    harness.deliver("sb", "sc", Vote)


@scenario("commit_from_stale_heartbeat")
def a_heartbeat_overtakes_the_batch(harness: Harness) -> None:
    """A deposed leader with a write in flight hears the new leader's commit index before its batch."""
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    campaign(harness, "sb", "sc")
    harness.deliver("sb", "sc", Adopt)
    harness.deliver("sc", "sb", Vote)
    harness.fire("sb", HeartbeatTimer)
    harness.drop("sb", "sa", Adopt)
    while harness.deliver_if_any("sb", "sa", Heartbeat):
        pass


@scenario("no_prefix_rule")
def an_accept_overtakes_the_batch(harness: Harness) -> None:
    """A new leader's write reaches a voter that still has the old leader's, and not its batch."""
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    campaign(harness, "sb", "sc")
    harness.deliver("sb", "sc", Adopt)
    harness.deliver("sc", "sb", Vote)
    write(harness, "c1", "2", "sb")
    harness.deliver("sb", "sa", Accept)
    harness.drop("sb", "sc")
    campaign(harness, "sc", "sa")
    harness.deliver("sc", "sa", Adopt)
    harness.deliver("sa", "sc", Vote)


@scenario("outdated_promises_counted")
def a_candidate_learns_after_it_asked(harness: Harness) -> None:
    """A candidate has a promise, and learns that a slot is chosen, before it gets the next promise.

    Counted without its tail, the first one let a chosen slot be filled anew (found by exploration).
    """
    lead_apart(harness, "sa")
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sb", "sa", Vote)
    ask_for_more(harness, "sc", "sa", "sb")
    write(harness, "c1", "2", "sa")
    harness.deliver("sa", "sb", Accept)
    harness.hold_link("sc", "sc")
    harness.pass_leases()
    harness.fire("sc", ElectionTimer)
    harness.deliver("sc", "sb", AskAlive)
    harness.deliver("sb", "sc", Alive)
    harness.deliver("sc", "sb", Prepare)
    harness.deliver("sb", "sc", Promise)
    harness.deliver("sc", "sa", Fetch)
    harness.deliver("sa", "sc", Chosen)
    while harness.deliver_if_any("sc", "sc", Prepare):
        harness.deliver_if_any("sc", "sc", Promise)
    batch(harness, "sc", "sb")


@scenario("last_accepted_from_entries")
def an_entry_is_learnt_at_a_ballot_never_accepted(harness: Harness) -> None:
    """Of two chosen writes a voter learns the first alone, from a peer that holds it at a later ballot.

    The voter has accepted nothing at that ballot. If it says that it has, it outranks who holds the second.
    """
    lead_apart(harness, "sb")
    write(harness, "c0", "1", "sb")
    write(harness, "c1", "2", "sb")
    for _ in range(2):
        harness.deliver("sb", "sc", Accept)
    harness.deliver("sc", "sb", Vote)
    harness.expect(
        harness.replica("sb").log.commit == 2, "sb knows the first write chosen, and not the second"
    )
    campaign(harness, "sc", "sa")
    harness.pass_leases()
    harness.fire("sc", HeartbeatTimer)  # Not renewed: it steps down.
    harness.pass_leases()
    harness.deliver("sc", "sb", Heartbeat)  # Late: from here on sb takes it for alive.
    harness.drop("sc", "sb", AskAlive)
    harness.fire("sc", ElectionTimer)
    harness.deliver("sc", "sb", AskAlive)
    harness.deliver("sb", "sc", Alive)
    harness.deliver("sc", "sb", Fetch)
    harness.deliver("sb", "sc", Chosen)
    harness.drop("sc", "sa")
    campaign(harness, "sc", "sb")
    harness.deliver("sc", "sa", Heartbeat)
    harness.deliver("sa", "sc", Heard)
    harness.deliver("sc", "sa", Behind)
    harness.deliver("sa", "sc", Fetch)
    harness.deliver("sc", "sa", Chosen)
    harness.expect(harness.replica("sa").log.last == 2, "sa has learnt the first write")
    campaign(harness, "sa", "sb")
    batch(harness, "sa", "sb")
