"""Stories of what a new leader adopts: the shortest traces of the replication rules' variants."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.episodes import batch, campaign, lead_apart, write
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.mutation.directed.story import story
from dynaproof.impl.paxos.messages.catch_up import Chosen, Fetch
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, HeartbeatTimer, Vote


@story("slot_by_slot_adoption")
def two_branches_meet(stage: Stage) -> None:
    """Two writes in flight die with their leader's term; another leader's no-op is in one place only when the
    first one comes back and sees both branches.
    """
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    write(stage, "c1", "2", "sa")
    campaign(stage, "sb", "sc")
    campaign(stage, "sa", "sb")
    stage.deliver("sa", "sb", Adopt)
    stage.deliver("sb", "sa", Vote)


@story("no_cut_on_accept")
def an_old_leader_accepts_a_new_batch(stage: Stage) -> None:
    """A deposed leader with two writes in flight accepts the new one's batch, and is asked for its tail."""
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    write(stage, "c1", "2", "sa")
    campaign(stage, "sb", "sc")
    stage.deliver("sb", "sa", Adopt)
    campaign(stage, "sc", "sa")
    stage.deliver("sc", "sa", Adopt)
    stage.deliver("sa", "sc", Vote)


@story("tail_slot_by_slot", "ignores_accepted")
def only_the_start_of_a_tail_arrives(stage: Stage) -> None:
    """Two writes are chosen; the next leader adopts them, and only its first message about them arrives."""
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    write(stage, "c1", "2", "sa")
    for _ in range(2):
        stage.deliver("sa", "sc", Accept)
    campaign(stage, "sb", "sc")
    if not stage.deliver_if_any("sb", "sc", Accept):
        stage.deliver("sb", "sc", Adopt)
    campaign(stage, "sa", "sc")
    batch(stage, "sa", "sc")


@story("known_chosen_inside_tail")
def a_slot_of_the_tail_comes_alone(stage: Stage) -> None:
    """As before, but the batch is lost, and what is sent again begins behind what the voter knows chosen."""
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    write(stage, "c1", "2", "sa")
    for _ in range(2):
        stage.deliver("sa", "sc", Accept)
    campaign(stage, "sb", "sc")
    stage.drop("sb", "sc", Adopt)
    stage.deliver("sb", "sc", Heartbeat)
    stage.deliver("sc", "sb", Heard)
    if not stage.deliver_if_any("sb", "sc", Accept):
        stage.deliver("sb", "sc", Adopt)
    campaign(stage, "sa", "sc")
    batch(stage, "sa", "sc")


@story("cuts_its_own_ballot")
def a_batch_is_repeated(stage: Stage) -> None:
    """A copy of a leader's first batch arrives after a write that is chosen with this voter."""
    stage.hold_link("sa", "sb")
    stage.fire("sa", ElectionTimer)
    stage.settle()
    stage.hold("sa", "sb", "sc")
    stage.deliver_if_any("sa", "sb", AskAlive)
    stage.repeat("sa", "sb", Adopt)
    write(stage, "c0", "1", "sa")
    stage.deliver("sa", "sb", Accept)
    stage.deliver("sb", "sa", Vote)
    stage.deliver("sa", "sb", Adopt)
    campaign(stage, "sc", "sb")
    stage.deliver("sc", "sb", Adopt)
    stage.deliver("sb", "sc", Vote)


@story("commit_from_stale_heartbeat")
def a_heartbeat_overtakes_the_batch(stage: Stage) -> None:
    """A deposed leader with a write in flight hears the new leader's commit index before its batch."""
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    campaign(stage, "sb", "sc")
    stage.deliver("sb", "sc", Adopt)
    stage.deliver("sc", "sb", Vote)
    stage.fire("sb", HeartbeatTimer)
    stage.drop("sb", "sa", Adopt)
    while stage.deliver_if_any("sb", "sa", Heartbeat):
        pass


@story("no_prefix_rule")
def an_accept_overtakes_the_batch(stage: Stage) -> None:
    """A new leader's write reaches a voter that still has the old leader's, and not its batch."""
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    campaign(stage, "sb", "sc")
    stage.deliver("sb", "sc", Adopt)
    stage.deliver("sc", "sb", Vote)
    write(stage, "c1", "2", "sb")
    stage.deliver("sb", "sa", Accept)
    stage.drop("sb", "sc")
    campaign(stage, "sc", "sa")
    stage.deliver("sc", "sa", Adopt)
    stage.deliver("sa", "sc", Vote)


@story("outdated_promises_counted")
def a_candidate_learns_after_it_asked(stage: Stage) -> None:
    """A candidate has a promise, and learns that a slot is chosen, before it gets the next promise.

    Counted without its tail, the first one let a chosen slot be filled anew (found by exploration).
    """
    lead_apart(stage, "sa")
    write(stage, "c0", "1", "sa")
    stage.deliver("sa", "sb", Accept)
    stage.deliver("sb", "sa", Vote)
    stage.fire("sa", HeartbeatTimer)
    stage.deliver("sa", "sc", Heartbeat)  # It tells that slot 2 is chosen, and sc asks for that.
    write(stage, "c1", "2", "sa")
    stage.deliver("sa", "sb", Accept)
    stage.hold_link("sc", "sc")
    stage.pass_leases()
    stage.fire("sc", ElectionTimer)
    stage.deliver("sc", "sb", AskAlive)
    stage.deliver("sb", "sc", Alive)
    stage.deliver("sc", "sb", Prepare)
    stage.deliver("sb", "sc", Promise)
    stage.deliver("sc", "sa", Fetch)
    stage.deliver("sa", "sc", Chosen)
    while stage.deliver_if_any("sc", "sc", Prepare):
        stage.deliver_if_any("sc", "sc", Promise)
    batch(stage, "sc", "sb")


@story("last_accepted_from_entries")
def an_entry_is_learnt_at_a_ballot_never_accepted(stage: Stage) -> None:
    """Of two chosen writes a voter learns the first alone, from a peer that holds it at a later ballot.

    The voter has accepted nothing at that ballot. If it says that it has, it outranks who holds the second.
    """
    lead_apart(stage, "sb")
    write(stage, "c0", "1", "sb")
    write(stage, "c1", "2", "sb")
    for _ in range(2):
        stage.deliver("sb", "sc", Accept)
    stage.deliver("sc", "sb", Vote)
    stage.expect(stage.replica("sb").log.commit == 2, "sb knows the first write chosen, and not the second")
    campaign(stage, "sc", "sa")
    stage.pass_leases()
    stage.fire("sc", HeartbeatTimer)  # Not renewed: it steps down.
    stage.pass_leases()
    stage.deliver("sc", "sb", Heartbeat)  # Late: from here on sb takes it for alive.
    stage.drop("sc", "sb", AskAlive)
    stage.fire("sc", ElectionTimer)
    stage.deliver("sc", "sb", AskAlive)
    stage.deliver("sb", "sc", Alive)
    stage.deliver("sc", "sb", Fetch)
    stage.deliver("sb", "sc", Chosen)
    stage.drop("sc", "sa")
    campaign(stage, "sc", "sb")
    stage.deliver("sc", "sa", Heartbeat)
    stage.deliver("sa", "sc", Fetch)
    stage.deliver("sc", "sa", Chosen)
    stage.expect(stage.replica("sa").log.last == 2, "sa has learnt the first write")
    campaign(stage, "sa", "sb")
    batch(stage, "sa", "sb")
