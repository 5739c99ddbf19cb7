"""Stories of ballots, votes and quorums."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.mutation.directed.story import story
from dynaproof.impl.partition.messages.requests import Put
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Handover, Heard, Release, Vote


@story("learnt_ballot_forgotten", "accept_raises_no_promise")
def a_ballot_is_learnt_by_an_accept(stage: Stage) -> None:
    """A replica learns a ballot by its first batch, votes, and crashes before it hears more of it."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sa")
    stage.elect("sb")
    stage.deliver("sb", "sa", Adopt)
    stage.crash("sa")
    stage.restart("sa")


@story("old_ballot_led_again")
def a_promise_comes_late(stage: Stage) -> None:
    """A replica leads already when the last promise for its ballot arrives."""
    stage.hold_link("sc", "sa")
    stage.elect("sa")
    stage.deliver("sc", "sa", Promise)
    stage.deliver_if_any("sa", "sc", Prepare)
    stage.deliver_if_any("sc", "sa", Promise)


@story("own_vote_before_sync")
def the_leaders_disk_is_slow(stage: Stage) -> None:
    """A leader's own entry is not durable yet."""
    stage.elect("sa")
    stage.hold_disk("sa")
    stage.ask("c0", Put(b"k", item("1")), to="sa")
    stage.start_sync("sa")
    stage.end_sync("sa")
    stage.settle()
    stage.free_disk("sa")
    stage.settle()
    stage.expect(stage.client("c0").ending == "ok", "the write is answered")


@story("old_votes_counted")
def a_vote_for_the_ballot_before_comes_late(stage: Stage) -> None:
    """A leader hands over, leads anew when its successor does not, and gets a vote from its first term."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold_link("sb", "sa")
    stage.ask("c0", Put(b"k", item("1")), to="sa")
    stage.settle()
    stage.hold("sc")
    stage.tell("sa", Handover())
    stage.deliver("sa", "sb", Release)
    stage.fire("sa", ElectionTimer)
    stage.settle()
    stage.deliver("sb", "sa", Alive)
    stage.settle()
    stage.deliver("sb", "sa", Promise)
    stage.expect(stage.replica("sa").leading is not None, "sa leads again")
    stage.deliver("sb", "sa", Vote)


@story("promise_goes_back")
def a_lower_ballot_asks_after_a_higher_one(stage: Stage) -> None:
    """Two candidates; a voter that promised the higher ballot is asked for the lower one."""
    stage.hold("sa", "sb", "sc")
    for name in ("sa", "sb"):
        stage.fire(name, ElectionTimer)
        stage.deliver(name, "sc", AskAlive)
        stage.deliver("sc", name, Alive)
    stage.deliver("sb", "sc", Prepare)
    stage.deliver("sc", "sb", Promise)
    stage.expect(stage.replica("sb").leading is not None, "sb leads")
    stage.deliver("sa", "sc", Prepare)
    if stage.deliver_if_any("sc", "sa", Promise):
        stage.deliver("sa", "sc", Adopt)
        stage.deliver("sc", "sa", Vote)
        stage.deliver("sb", "sc", Adopt)
        stage.deliver("sc", "sb", Vote)


@story("no_promise_check")
def an_accept_comes_below_the_promise(stage: Stage) -> None:
    """A voter promised a higher ballot, when the lower one's first batch arrives."""
    stage.hold("sa", "sb", "sc")
    for name in ("sa", "sb"):
        stage.fire(name, ElectionTimer)
        stage.deliver(name, "sc", AskAlive)
        stage.deliver("sc", name, Alive)
    stage.deliver("sa", "sc", Prepare)
    stage.deliver("sc", "sa", Promise)
    stage.deliver("sb", "sc", Prepare)
    stage.deliver("sc", "sb", Promise)
    stage.deliver("sb", "sc", Adopt)
    stage.deliver("sc", "sb", Vote)
    stage.deliver("sa", "sc", Adopt)
    stage.deliver_if_any("sc", "sa", Vote)
    stage.deliver_if_any("sc", "sb", Heard)


@story("campaign_not_journalled")
def a_candidate_crashes_and_campaigns_again(stage: Stage) -> None:
    """A candidate's prepares are out when it crashes; its next campaign must not use their ballot."""
    stage.fire("sa", ElectionTimer)
    stage.hold_link("sa", "sc")
    stage.settle(AskAlive, Alive)
    stage.deliver("sa", "sb", Prepare)
    stage.crash("sa")
    stage.restart("sa")


@story("quorum_of_one", "leader_commits_alone")
def only_the_leader_has_it(stage: Stage) -> None:
    """No peer has got a write; an earlier slot is chosen meanwhile."""
    stage.elect("sa")
    stage.ask("c0", Put(b"k", item("1")), to="sa")
    stage.hold("sb", "sc")
    stage.ask("c1", Put(b"k", item("2")), to="sa")
    stage.deliver("sa", "sb", Accept)
    stage.deliver("sb", "sa", Vote)
