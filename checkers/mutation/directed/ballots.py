"""Scenarios of ballots, votes and quorums."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.messages.requests import Put
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Handover, Heard, Release, Vote


@scenario("learnt_ballot_forgotten", "accept_raises_no_promise")
def a_ballot_is_learnt_by_an_accept(harness: Harness) -> None:
    """A replica learns a ballot by its first batch, votes, and crashes before it hears more of it."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa")
    harness.elect("sb")
    harness.deliver("sb", "sa", Adopt)
    harness.crash("sa")
    harness.restart("sa")


@scenario("old_ballot_led_again")
def a_promise_comes_late(harness: Harness) -> None:
    """A replica leads already when the last promise for its ballot arrives."""
    harness.hold_link("sc", "sa")
    harness.elect("sa")
    harness.deliver("sc", "sa", Promise)
    harness.deliver_if_any("sa", "sc", Prepare)
    harness.deliver_if_any("sc", "sa", Promise)


@scenario("own_vote_before_sync")
def the_leaders_disk_is_slow(harness: Harness) -> None:
    """A leader's own entry is not durable yet."""
    harness.elect("sa")
    harness.hold_disk("sa")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.start_sync("sa")
    harness.end_sync("sa")
    harness.settle()
    harness.free_disk("sa")
    harness.settle()
    harness.expect(harness.client("c0").ending == "ok", "the write is answered")


@scenario("old_votes_counted")
def a_vote_for_the_ballot_before_comes_late(harness: Harness) -> None:
    """A leader hands over, leads anew when its successor does not, and gets a vote from its first term."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold_link("sb", "sa")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.settle()
    harness.hold("sc")
    harness.inject("sa", Handover())
    harness.deliver("sa", "sb", Release)
    harness.fire("sa", ElectionTimer)
    harness.settle()
    harness.deliver("sb", "sa", Alive)
    harness.settle()
    harness.deliver("sb", "sa", Promise)
    harness.expect(harness.replica("sa").leading is not None, "sa leads again")
    harness.deliver("sb", "sa", Vote)


@scenario("promise_goes_back")
def a_lower_ballot_asks_after_a_higher_one(harness: Harness) -> None:
    """Two candidates; a voter that promised the higher ballot is asked for the lower one."""
    harness.hold("sa", "sb", "sc")
    for name in ("sa", "sb"):
        harness.fire(name, ElectionTimer)
        harness.deliver(name, "sc", AskAlive)
        harness.deliver("sc", name, Alive)
    harness.deliver("sb", "sc", Prepare)
    harness.deliver("sc", "sb", Promise)
    harness.expect(harness.replica("sb").leading is not None, "sb leads")
    harness.deliver("sa", "sc", Prepare)
    if harness.deliver_if_any("sc", "sa", Promise):
        harness.deliver("sa", "sc", Adopt)
        harness.deliver("sc", "sa", Vote)
        harness.deliver("sb", "sc", Adopt)
        harness.deliver("sc", "sb", Vote)


@scenario("no_promise_check")
def an_accept_comes_below_the_promise(harness: Harness) -> None:
    """A voter promised a higher ballot, when the lower one's first batch arrives."""
    harness.hold("sa", "sb", "sc")
    for name in ("sa", "sb"):
        harness.fire(name, ElectionTimer)
        harness.deliver(name, "sc", AskAlive)
        harness.deliver("sc", name, Alive)
    harness.deliver("sa", "sc", Prepare)
    harness.deliver("sc", "sa", Promise)
    harness.deliver("sb", "sc", Prepare)
    harness.deliver("sc", "sb", Promise)
    harness.deliver("sb", "sc", Adopt)
    harness.deliver("sc", "sb", Vote)
    harness.deliver("sa", "sc", Adopt)
    harness.deliver_if_any("sc", "sa", Vote)
    harness.deliver_if_any("sc", "sb", Heard)


@scenario("campaign_not_journalled")
def a_candidate_crashes_and_campaigns_again(harness: Harness) -> None:
    """A candidate's prepares are out when it crashes; its next campaign must not use their ballot."""
    harness.fire("sa", ElectionTimer)
    harness.hold_link("sa", "sc")
    harness.settle(AskAlive, Alive)
    harness.deliver("sa", "sb", Prepare)
    harness.crash("sa")
    harness.restart("sa")


@scenario("quorum_of_one", "leader_commits_alone")
def only_the_leader_has_it(harness: Harness) -> None:
    """No peer has got a write; an earlier slot is chosen meanwhile."""
    harness.elect("sa")
    harness.ask("c0", Put(b"k", item("1")), to="sa")
    harness.hold("sb", "sc")
    harness.ask("c1", Put(b"k", item("2")), to="sa")
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sb", "sa", Vote)
