"""Stories of configs. An operator replaces a voter that lost nothing, which the rules must bear too."""

from __future__ import annotations

from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.episodes import (
    batch,
    campaign,
    canvass,
    join,
    lead_apart,
    replace_voter,
    write,
)
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.mutation.directed.story import story
from dynaproof.impl.storage.ids import Member
from dynaproof.impl.storage.messages import (
    Accept,
    Adopt,
    Alive,
    AskAlive,
    Chosen,
    CopiedPages,
    CreateReplica,
    ElectionTimer,
    Fetch,
    Heard,
    Heartbeat,
    HeartbeatTimer,
    Prepare,
    Promise,
    Put,
    Vote,
)
from dynaproof.impl.storage.records import NoOp

OVERLAP = ("quorums_overlap",)
"""Quorums of two configs overlap in a counted voter only where the replaced voter lost its state."""


@story("found_config_rechosen", "old_promises_counted", without=OVERLAP)
def a_replaced_voter_campaigns(stage: Stage) -> None:
    """A voter that was replaced while it was out of reach campaigns; its one helper knows the new config."""
    lead_apart(stage, "sa", "sd")
    replace_voter(stage, "sa", "sc", "sb")
    join(stage, "sa")
    write(stage, "c0", "1", "sa")
    stage.deliver("sa", "sd", Accept)
    canvass(stage, "sc", "sb")
    batch(stage, "sc", "sb")
    batch(stage, "sc", "sa")


@story("batch_truncated_at_config", without=OVERLAP)
def a_write_stands_behind_a_found_config(stage: Stage) -> None:
    """A new leader finds a config and a chosen write behind it, and sends both again."""
    lead_apart(stage, "sa", "sd")
    replace_voter(stage, "sa", "sc", "sb")
    join(stage, "sa")
    write(stage, "c0", "1", "sa")
    stage.deliver("sa", "sd", Accept)
    campaign(stage, "sb", "sa")
    stage.deliver("sb", "sa", Adopt)
    campaign(stage, "sa", "sd")
    batch(stage, "sa", "sd")


@story("learning_is_no_promise", without=OVERLAP)
def a_config_is_learnt_by_an_old_candidate(stage: Stage) -> None:
    """A candidate of a lower ballot, and the new voter, learn a config that a higher ballot chose."""
    lead_apart(stage, "sa", "sd")
    stage.pass_leases()
    stage.fire("sc", ElectionTimer)
    stage.deliver("sc", "sb", AskAlive)
    stage.deliver("sb", "sc", Alive)
    for _ in range(2):  # So that the ballot is above the candidate's.
        campaign(stage, "sa", "sb")
        stage.deliver("sa", "sb", Adopt)
        stage.deliver("sb", "sa", Vote)
        stage.fire("sa", HeartbeatTimer)
        while stage.deliver_if_any("sa", "sb", Heartbeat):
            pass
    replace_voter(stage, "sa", "sb", "sb")
    join(stage, "sa")
    stage.drop("sa", "sc", Accept)
    while stage.deliver_if_any("sa", "sc", Adopt):
        pass
    stage.deliver("sc", "sa", Fetch)
    stage.deliver("sa", "sc", Chosen)
    stage.pass_leases()
    stage.fire("sc", ElectionTimer)
    stage.deliver_if_any("sc", "sd", AskAlive)
    stage.deliver_if_any("sd", "sc", Alive)
    while stage.deliver_if_any("sc", "sd", Prepare):
        stage.deliver_if_any("sd", "sc", Promise)
    batch(stage, "sc", "sd")
    write(stage, "c0", "1", "sa")
    stage.deliver("sa", "sd", Accept)


@story("foreign_prefix_not_voided", without=OVERLAP)
def a_stale_tail_stands_on_another_prefix(stage: Stage) -> None:
    """A new voter campaigns; its one helper has the writes of a lost branch, also above what is chosen."""
    lead_apart(stage, "sa", "sd")
    write(stage, "c0", "1", "sa")
    write(stage, "c1", "2", "sa")
    stage.give_up("c0")
    write(stage, "c0", "3", "sa")
    campaign(stage, "sb", "sc")
    batch(stage, "sb", "sc")
    replace_voter(stage, "sb", "sc", "sc")
    join(stage, "sb")
    canvass(stage, "sd", "sa")
    stage.free()
    stage.hold("sb", "sc")
    for _ in range(3):
        stage.beat("sd")


@story("retired_incarnation_revived", "rotted_voter_votes_on")
def a_late_copy_would_revive_a_retired_replica(stage: Stage) -> None:
    """A voter's journal rots; it falls silent, and a late copy of the message that made it arrives."""
    stage.elect("sa")
    stage.beat("sa")
    stage.hold("sb")
    stage.crash("sb")
    (journal,) = stage.slot("sb").disk.durable_logs("log/")
    stage.rot("sb", journal, 40)
    stage.restart("sb")
    voter = Member(stage.slot("sb").id, 2)
    stage.tell("sb", CreateReplica(voter, first_config(), 0))
    stage.free()
    stage.drop("sb", "sa")
    stage.beat("sa")


@story("leader_installs_copy", without=OVERLAP, checkpoint_slots=4, retained_slots=0)
def a_copy_is_durable_when_its_replica_leads(stage: Stage) -> None:
    """A laggard's candidacy is under way when a copy comes, whole; it leads before the copy is durable.

    The copy covers a config that the new leader found; it must count that chosen itself, or would propose
    nothing any more.
    """
    lead_apart(stage, "sa", "sd")
    replace_voter(stage, "sa", "sb", "sb")
    join(stage, "sa")
    stage.held.pop(("sa", "c0"))
    stage.hold_link("sd", "sd")  # It has checkpoints too, and hears late that they are durable.
    for value in ("1", "2", "3", "4"):
        write(stage, "c0", value, "sa")
        stage.deliver("sa", "sd", Accept)
        stage.deliver("sd", "sa", Vote)
        stage.settle()
    stage.drop("sa", "sc")
    stage.fire("sa", HeartbeatTimer)
    stage.deliver("sa", "sc", Heartbeat)
    stage.deliver("sc", "sa", Fetch)
    canvass(stage, "sc", "sb")
    stage.deliver("sc", "sd", Prepare)
    stage.hold_disk("sc")
    stage.deliver("sa", "sc", CopiedPages)
    stage.deliver("sd", "sc", Promise)
    stage.expect(stage.replica("sc").leading is not None, "sc leads")
    stage.free_disk("sc")
    stage.free()
    stage.hold("sa")
    stage.settle()
    stage.beat("sc")
    stage.ask("c1", Put(b"k", item("5")), to="sc")
    stage.settle()
    answered = stage.client("c1").ending == "ok"
    stage.promise("progress_after_faults_stop", answered, "a leader takes no writes")


@story("config_applied_before_chosen", without=OVERLAP)
def a_config_is_voted_for_by_its_new_voter_only(stage: Stage) -> None:
    """A leader proposes a config; before any voter of the old one has it, the new voter would vote."""
    lead_apart(stage, "sa", "sd")
    stage.replace("sa", "sb")
    if stage.deliver_if_any("sa", "sd", CreateReplica):
        for _ in range(2):
            stage.fire("sa", HeartbeatTimer)
            stage.deliver("sa", "sd", Heartbeat)
            stage.deliver("sd", "sa", Heard)
            stage.deliver_if_any("sd", "sa", Fetch)
            stage.deliver_if_any("sa", "sd", Chosen)
        stage.deliver("sa", "sd", Accept)
        stage.deliver("sd", "sa", Vote)


@story("retired_incarnation_counted", without=OVERLAP)
def a_retired_voter_votes_on(stage: Stage) -> None:
    """A voter does not know that it was replaced; its leader writes on, and would count its vote."""
    lead_apart(stage, "sa", "sd")
    replace_voter(stage, "sa", "sc", "sb")
    stage.drop("sa", "sc")
    write(stage, "c0", "1", "sa")
    stage.fire("sa", HeartbeatTimer)
    if stage.deliver_if_any("sa", "sc", Heartbeat):
        stage.deliver("sc", "sa", Heard)
        stage.deliver("sa", "sc", Accept)
        stage.deliver("sc", "sa", Vote)


@story("answers_are_voters", without=OVERLAP)
def a_retired_voter_answers_late(stage: Stage) -> None:
    """A heartbeat's answer comes when the config that retires its sender is chosen."""
    lead_apart(stage, "sa", "sd")
    stage.fire("sa", HeartbeatTimer)
    stage.deliver("sa", "sc", Heartbeat)
    replace_voter(stage, "sa", "sc", "sb")
    stage.deliver("sc", "sa", Heard)


@story("shapes_not_looked_at")
def a_peer_sends_fewer_ballots_than_records(stage: Stage) -> None:
    """A message of a broken peer, or of one of another version, has not the shape of its kind."""
    stage.elect("sa")
    stage.beat("sa")
    leader, voter = stage.replica("sa"), stage.replica("sb")
    records = (NoOp(2, leader.leading, 0, leader.last_timestamp + 1),)
    stage.tell("sb", Chosen(leader.member, voter.incarnation, 2, records, (), 2))
    stage.expect(voter.log.commit == 1, "nothing is learnt from it")
