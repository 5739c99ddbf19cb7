"""What several stories have in common."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.cast import item
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.impl.partition.messages.requests import Put
from dynaproof.impl.paxos.messages.catch_up import Chosen, Fetch, FetchTimer
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise, Refused
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, HeartbeatTimer, Vote
from dynaproof.impl.paxos.messages.membership import CreateReplica


def write(stage: Stage, client: str, value: str, leader: str) -> None:
    """A client writes the one key of these stories; the leader's accepts stay in flight."""
    stage.ask(client, Put(b"k", item(value)), to=leader)


def lead_apart(stage: Stage, leader: str, *apart: str) -> None:
    """One replica leads and all know it; then each of the group is by itself: what it sends waits."""
    stage.elect(leader)
    stage.beat(leader)
    stage.hold("sa", "sb", "sc", *apart)


def replace_voter(stage: Stage, leader: str, retiring: str, voter: str) -> None:
    """The leader has `sd` take the place of a voter, and counts that chosen by the vote of another."""
    stage.replace(leader, retiring)
    stage.deliver(leader, voter, Accept)
    stage.deliver(voter, leader, Vote)


def campaign(stage: Stage, name: str, voter: str) -> None:
    """One replica is elected with the help of one voter, after all leases; all others are out of reach."""
    canvass(stage, name, voter)
    stage.expect(stage.replica(name).leading is not None, f"{name} leads")


def canvass(stage: Stage, name: str, voter: str) -> None:
    """The same, but it may need more promises than that one."""
    stage.hold("sa", "sb", "sc", "sd")
    stage.pass_leases()
    if stage.replica(name).leading is not None:
        stage.fire(name, HeartbeatTimer)  # Not renewed for long: it steps down.
    stage.drop(name, voter)
    stage.drop(voter, name)
    while not stage.find(voter, name, Promise):
        stage.fire(name, ElectionTimer)
        stage.deliver(name, voter, AskAlive)
        stage.deliver(voter, name, Alive)
        stage.deliver(name, voter, Prepare)
        stage.deliver_if_any(voter, name, Refused)  # It has promised a higher ballot: once more, above that.
    stage.deliver(voter, name, Promise)


def batch(stage: Stage, leader: str, voter: str) -> None:
    """The first batch of a leader arrives, be it one message, as it must, or several."""
    while stage.deliver_if_any(leader, voter, Accept):
        pass
    stage.deliver_if_any(leader, voter, Adopt)
    while stage.deliver_if_any(voter, leader, Vote):
        pass


def join(stage: Stage, leader: str) -> None:
    """The new replica on `sd` is made, and learns the log from the leader."""
    stage.deliver(leader, "sd", CreateReplica)
    stage.fire("sd", FetchTimer)
    stage.deliver("sd", leader, Fetch)
    stage.deliver(leader, "sd", Chosen)
    stage.expect(stage.replica("sd").admitted, "sd is admitted")
