"""Scenarios of configs. An operator replaces a voter that lost nothing, which the rules must allow too."""

from __future__ import annotations

from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.mutation.directed.common import (
    ask_for_more,
    batch,
    campaign,
    canvass,
    join,
    lead_apart,
    replace_voter,
    write,
)
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.impl.partition.messages.requests import Put
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.catch_up import Chosen, CopiedPages, CopyOffer, CopyPages, Fetch
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
from dynaproof.impl.paxos.messages.membership import CreateReplica
from dynaproof.impl.paxos.records import NoOp


@scenario("found_config_rechosen", "old_promises_counted")
def a_replaced_voter_campaigns(harness: Harness) -> None:
    """A voter that was replaced while it was out of reach campaigns; its one helper knows the new config."""
    lead_apart(harness, "sa", "sd")
    replace_voter(harness, "sa", "sc", "sb")
    join(harness, "sa")
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sd", Accept)
    canvass(harness, "sc", "sb")
    batch(harness, "sc", "sb")
    batch(harness, "sc", "sa")


@scenario("batch_truncated_at_config")
def a_write_stands_behind_a_found_config(harness: Harness) -> None:
    """A new leader finds a config and a chosen write behind it, and sends both again."""
    lead_apart(harness, "sa", "sd")
    replace_voter(harness, "sa", "sc", "sb")
    join(harness, "sa")
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sd", Accept)
    campaign(harness, "sb", "sa")
    harness.deliver("sb", "sa", Adopt)
    campaign(harness, "sa", "sd")
    batch(harness, "sa", "sd")


@scenario("learning_is_no_promise")
def a_config_is_learnt_by_an_old_candidate(harness: Harness) -> None:
    """A candidate of a lower ballot, and the new voter, learn a config that a higher ballot chose."""
    lead_apart(harness, "sa", "sd")
    write(harness, "c1", "0", "sa")
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sb", "sa", Vote)
    ask_for_more(harness, "sc", "sa", "sb")
    harness.pass_leases()
    harness.fire("sc", ElectionTimer)
    harness.deliver("sc", "sb", AskAlive)
    harness.deliver("sb", "sc", Alive)
    for _ in range(2):  # So that the ballot is above the candidate's.
        campaign(harness, "sa", "sb")
        harness.deliver("sa", "sb", Adopt)
        harness.deliver("sb", "sa", Vote)
        harness.fire("sa", HeartbeatTimer)
        while harness.deliver_if_any("sa", "sb", Heartbeat):
            pass
    replace_voter(harness, "sa", "sb", "sb")
    join(harness, "sa")
    harness.pass_leases()
    harness.deliver("sc", "sa", Fetch)
    harness.deliver("sa", "sc", Chosen)
    harness.fire("sc", ElectionTimer)
    harness.deliver_if_any("sc", "sd", AskAlive)
    harness.deliver_if_any("sd", "sc", Alive)
    while harness.deliver_if_any("sc", "sd", Prepare):
        harness.deliver_if_any("sd", "sc", Promise)
    batch(harness, "sc", "sd")
    write(harness, "c0", "1", "sa")
    harness.deliver("sa", "sd", Accept)


@scenario("foreign_prefix_not_voided")
def a_stale_tail_stands_on_another_prefix(harness: Harness) -> None:
    """A new voter campaigns; its one helper has the writes of a lost branch, also above what is chosen."""
    lead_apart(harness, "sa", "sd")
    write(harness, "c0", "1", "sa")
    write(harness, "c1", "2", "sa")
    harness.give_up("c0")
    write(harness, "c0", "3", "sa")
    campaign(harness, "sb", "sc")
    batch(harness, "sb", "sc")
    replace_voter(harness, "sb", "sc", "sc")
    join(harness, "sb")
    canvass(harness, "sd", "sa")
    harness.free()
    harness.hold("sb", "sc")
    for _ in range(3):
        harness.beat("sd")


@scenario("retired_incarnation_revived", "rotted_voter_votes_on")
def a_late_copy_would_revive_a_retired_replica(harness: Harness) -> None:
    """A voter's journal rots; it falls silent, and a late copy of the message that made it arrives."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sb")
    harness.crash("sb")
    (journal,) = harness.slot("sb").disk.durable_logs("log/")
    harness.rot("sb", journal, 40)
    harness.restart("sb")
    voter = Member(harness.slot("sb").id, 2)
    harness.inject("sb", CreateReplica(voter, first_config(), 0))
    harness.free()
    harness.drop("sb", "sa")
    harness.beat("sa")


@scenario("leader_installs_copy", checkpoint_slots=4, retained_slots=0)
def a_copy_is_durable_when_its_replica_leads(harness: Harness) -> None:
    """A laggard's candidacy is under way when a copy comes, whole; it leads before the copy is durable.

    The copy covers a config that the new leader found; it must count that chosen itself, or would propose
    nothing any more.
    """
    lead_apart(harness, "sa", "sd")
    replace_voter(harness, "sa", "sb", "sb")
    join(harness, "sa")
    harness.held.pop(("sa", "c0"))
    harness.hold_link("sd", "sd")  # It has checkpoints too, and hears late that they are durable.
    for value in ("1", "2", "3", "4"):
        write(harness, "c0", value, "sa")
        harness.deliver("sa", "sd", Accept)
        harness.deliver("sd", "sa", Vote)
        harness.settle()
    harness.drop("sa", "sc")
    harness.fire("sa", HeartbeatTimer)
    harness.deliver("sa", "sc", Heartbeat)
    harness.deliver("sc", "sa", Heard)
    harness.deliver("sa", "sc", Behind)
    harness.deliver("sc", "sa", Fetch)
    harness.deliver("sa", "sc", CopyOffer)
    harness.deliver("sc", "sa", CopyPages)
    canvass(harness, "sc", "sb")
    harness.deliver("sc", "sd", Prepare)
    harness.hold_disk("sc")
    harness.deliver("sa", "sc", CopiedPages)
    harness.deliver("sd", "sc", Promise)
    harness.expect(harness.replica("sc").leading is not None, "sc leads")
    harness.free_disk("sc")
    harness.free()
    harness.hold("sa")
    harness.settle()
    harness.beat("sc")
    harness.ask("c1", Put(b"k", item("5")), to="sc")
    harness.settle()
    answered = harness.client("c1").ending == "ok"
    harness.promise("progress_after_faults_stop", answered, "a leader takes no writes")


@scenario("config_applied_before_chosen")
def a_config_is_voted_for_by_its_new_voter_only(harness: Harness) -> None:
    """A leader proposes a config; before any voter of the old one has it, the new voter would vote."""
    lead_apart(harness, "sa", "sd")
    harness.replace("sa", "sb")
    if harness.deliver_if_any("sa", "sd", CreateReplica):
        for _ in range(2):
            harness.fire("sa", HeartbeatTimer)
            harness.deliver("sa", "sd", Heartbeat)
            harness.deliver("sd", "sa", Heard)
            harness.deliver_if_any("sa", "sd", Adopt)
            harness.deliver_if_any("sd", "sa", Vote)
        harness.deliver("sa", "sd", Accept)
        harness.deliver("sd", "sa", Vote)


@scenario("retired_incarnation_counted")
def a_retired_voter_votes_on(harness: Harness) -> None:
    """A voter does not know that it was replaced; its leader writes on, and would count its vote."""
    lead_apart(harness, "sa", "sd")
    replace_voter(harness, "sa", "sc", "sb")
    harness.drop("sa", "sc")
    write(harness, "c0", "1", "sa")
    harness.fire("sa", HeartbeatTimer)
    if harness.deliver_if_any("sa", "sc", Heartbeat):
        harness.deliver("sc", "sa", Heard)
        harness.deliver("sa", "sc", Accept)
        harness.deliver("sc", "sa", Vote)


@scenario("answers_are_voters")
def a_retired_voter_answers_late(harness: Harness) -> None:
    """A heartbeat's answer comes when the config that retires its sender is chosen."""
    lead_apart(harness, "sa", "sd")
    harness.fire("sa", HeartbeatTimer)
    harness.deliver("sa", "sc", Heartbeat)
    replace_voter(harness, "sa", "sc", "sb")
    harness.deliver("sc", "sa", Heard)


@scenario("shapes_not_looked_at")
def a_peer_sends_fewer_ballots_than_records(harness: Harness) -> None:
    """A message of a broken peer, or of one of another version, has not the shape of its kind."""
    harness.elect("sa")
    harness.beat("sa")
    leader, voter = harness.replica("sa"), harness.replica("sb")
    records = (NoOp(2, leader.leading, 0, leader.leadership.last_timestamp + 1),)
    harness.inject("sb", Chosen(leader.member, voter.incarnation, 2, records, (), 2), sender="sa")
    harness.expect(voter.log.commit == 1, "nothing is learnt from it")
