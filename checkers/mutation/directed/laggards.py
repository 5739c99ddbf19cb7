"""Scenarios of voters that lack something, and of what a leader then sends them again."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.common import campaign, write, writes
from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.mutation.directed.scenario import scenario
from dynaproof.checkers.mutation.directed.windows import SHORT
from dynaproof.impl.partition.messages.requests import Get, Reply
from dynaproof.impl.paxos.messages.catch_up import CopiedPages, CopyOffer, CopyPages, CopyTimer, Fetch
from dynaproof.impl.paxos.messages.leadership import (
    Accept,
    Adopt,
    Behind,
    Heard,
    Heartbeat,
    HeartbeatTimer,
    Vote,
)


@scenario("restarted_voter_not_believed")
def a_voter_restarts_before_it_adopts_a_batch(harness: Harness) -> None:
    """A voter tells a new leader what it knew chosen; the batch does not reach it, and a restart takes its
    commit index away.
    """
    harness.elect("sa")
    harness.beat("sa")
    write(harness, "c0", "1", "sa")
    harness.settle()
    harness.beat("sa")
    campaign(harness, "sc", "sa")
    harness.drop("sc", "sb")
    harness.deliver("sc", "sa", Adopt)
    harness.deliver("sa", "sc", Vote)
    harness.fire("sc", HeartbeatTimer)
    harness.deliver("sc", "sb", Heartbeat)
    harness.deliver("sb", "sc", Heard)
    harness.drop("sc", "sb")
    harness.crash("sb")
    harness.free()
    harness.restart("sb")
    harness.settle()
    for _ in range(3):
        harness.beat("sc")
    level = harness.replica("sb").log.commit == harness.replica("sc").log.commit
    harness.promise("replicas_equal_when_quiet", level, "sb never learns what is chosen")


@scenario("known_batch_not_adopted")
def a_batch_needs_the_vote_of_who_knows_it_chosen(harness: Harness) -> None:
    """The no-op of a leader is chosen, and it alone knows; the next leader adopts that no-op with the promise
    of the other voter, which is lost. So its batch needs the vote of the old leader, who knows all of it.
    """
    harness.elect("sa")
    harness.beat("sa")
    campaign(harness, "sb", "sa")
    harness.deliver("sb", "sa", Adopt)
    harness.deliver("sa", "sb", Vote)
    campaign(harness, "sc", "sa")
    harness.crash("sa")
    harness.drop("sc", "sb")
    harness.drop("sb", "sc")
    harness.free()
    harness.settle()
    for _ in range(3):
        harness.beat("sc")
    serves = harness.replica("sc").may_serve()
    harness.promise("progress_after_faults_stop", serves, "sc and sb hear each other, and sc never serves")


@scenario("kept_before_the_message", **SHORT)
def a_voter_restarts_between_two_windows(harness: Harness) -> None:
    """A voter accepts a full window, and the next one with the word that the first is chosen; it restarts."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sa", "sb", "sc")
    for client, value in (("c0", "x"), ("c1", "y")):
        write(harness, client, value * 220, "sa")
        harness.deliver("sa", "sc", Accept)
        harness.deliver("sc", "sa", Vote)
    harness.deliver("sa", "sb", Accept)
    harness.deliver("sa", "sb", Accept)
    harness.expect(harness.replica("sb").log.last == 3, "sb holds both writes")
    harness.crash("sb")
    harness.restart("sb")


@scenario("gap_filled_below_the_cut_log", checkpoint_slots=4, retained_slots=0)
def a_voter_keeps_what_came_behind_a_gap_that_is_cut(harness: Harness) -> None:
    """A voter lacks slots that the leader has cut, and keeps a later one."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sc")
    writes(harness, "sa", 8)
    harness.drop("sa", "sc")
    write(harness, "c0", "z", "sa")
    harness.expect(harness.replica("sa").log.first > 3, "sa has cut what sc lacks")
    harness.free()
    harness.settle()
    for _ in range(3):
        harness.beat("sa")
    level = harness.replica("sc").log.commit == harness.replica("sa").log.commit
    harness.promise("followers_keep_up", level, "sc never learns what is chosen, though all reaches it")


@scenario("copy_never_asks_again", checkpoint_slots=4, retained_slots=0)
def the_pages_of_a_copy_are_lost_once(harness: Harness) -> None:
    """A laggard copies a checkpoint; the pages that it asked for are lost, and its timer fires."""
    harness.elect("sa")
    harness.beat("sa")
    harness.hold("sc")
    writes(harness, "sa", 8)
    harness.drop("sa", "sc")
    harness.fire("sa", HeartbeatTimer)
    harness.deliver("sa", "sc", Heartbeat)
    harness.deliver("sc", "sa", Heard)
    harness.deliver("sa", "sc", Behind)
    harness.deliver("sc", "sa", Fetch)
    harness.deliver("sa", "sc", CopyOffer)
    while harness.deliver_if_any("sc", "sa", CopyPages):
        pass
    harness.drop("sa", "sc", CopiedPages)
    harness.wait(harness.run.config.settings.retry_us * 2)
    harness.fire("sc", CopyTimer)
    harness.free()
    harness.settle()
    copied = bool(harness.replica("sc").log.head.copied)
    harness.promise("copies_finish", copied, "sc has not asked again for what did not come")


def write_beside_one_cut_off(harness: Harness, name: str) -> None:
    """An item is overwritten while a voter is cut off, for longer than the voter may go without contact."""
    harness.elect("sa")
    harness.beat("sa")
    write(harness, "c0", "0", "sa")
    harness.settle()
    harness.beat("sa")
    harness.hold(name)
    write(harness, "c0", "1", "sa")
    harness.settle()
    for _ in range(12):
        harness.beat("sa")


def read_at(harness: Harness, name: str) -> None:
    """A client reads at a replica that for a long time has not heard of the last write."""
    harness.ask("c1", Get(b"k", strong=False), to=name)
    harness.deliver_if_any(name, "c1", Reply)
    shown = harness.client("c1").observed
    recent = shown is None or shown.item == item("1")
    harness.promise("eventual_reads_are_recent", recent, f"{name} shows what was overwritten long before")


@scenario("contact_while_behind", contact_us=2_000_000)
def a_laggard_is_read_before_it_has_caught_up(harness: Harness) -> None:
    """A voter that was cut off hears from the leader again, and is asked for an item before it has what it
    missed.
    """
    write_beside_one_cut_off(harness, "sb")
    harness.drop("sa", "sb")
    harness.fire("sa", HeartbeatTimer)
    harness.deliver("sa", "sb", Heartbeat)
    read_at(harness, "sb")


@scenario("contact_never_ends", contact_us=2_000_000)
def a_voter_that_was_cut_off_is_read(harness: Harness) -> None:
    """A voter that was cut off is asked for an item long after it last heard from a leader."""
    write_beside_one_cut_off(harness, "sb")
    read_at(harness, "sb")


@scenario("contact_before_the_first_batch", contact_us=2_000_000)
def a_laggard_is_read_when_a_new_leader_knows_no_more(harness: Harness) -> None:
    """A restart takes a voter's commit index back. It leads with the help of one that was cut off, and its
    heartbeat comes before its first batch.
    """
    write_beside_one_cut_off(harness, "sb")
    harness.crash("sc")
    harness.hold("sa", "sb", "sc")
    harness.restart("sc")
    campaign(harness, "sc", "sb")
    harness.fire("sc", HeartbeatTimer)
    harness.deliver("sc", "sb", Heartbeat)
    read_at(harness, "sb")
