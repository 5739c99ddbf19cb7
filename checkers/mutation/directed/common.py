"""What several scenarios have in common."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed.fixture import item
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.impl.partition.messages.requests import Put
from dynaproof.impl.paxos.messages.catch_up import Chosen, Fetch, FetchTimer
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, ElectionTimer, Prepare, Promise, Refused
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, HeartbeatTimer, Vote
from dynaproof.impl.paxos.messages.membership import CreateReplica


def write(harness: Harness, client: str, value: str, leader: str) -> None:
    """A client writes the one key of these scenarios; the leader's accepts stay in flight."""
    harness.ask(client, Put(b"k", item(value)), to=leader)


def writes(harness: Harness, leader: str, number: int, keys: int = 1) -> None:
    """One client's writes, each answered."""
    for value in range(number):
        harness.ask("c0", Put(b"k%d" % (value % keys), item(str(value))), to=leader)
        harness.settle()
        harness.expect(harness.client("c0").ending == "ok", f"write {value} is answered")


def lead_apart(harness: Harness, leader: str, *apart: str) -> None:
    """One replica leads and all know it; then each of the group is cut off: what it sends waits."""
    harness.elect(leader)
    harness.beat(leader)
    harness.hold("sa", "sb", "sc", *apart)


def replace_voter(harness: Harness, leader: str, retiring: str, voter: str) -> None:
    """The leader has `sd` take the place of a voter, and counts that as chosen by another voter's vote."""
    harness.replace(leader, retiring)
    harness.deliver(leader, voter, Accept)
    harness.deliver(voter, leader, Vote)


def campaign(harness: Harness, name: str, voter: str) -> None:
    """One replica is elected with the help of one voter, after all leases; all others are out of reach."""
    canvass(harness, name, voter)
    harness.expect(harness.replica(name).leading is not None, f"{name} leads")


def ask_for_more(harness: Harness, laggard: str, leader: str, voter: str) -> None:
    """A laggard hears that the leader is alive, for a voter renews its lease, and that it knows more chosen;
    the laggard asks for that, and its question is under way.
    """
    for _ in range(3):
        harness.fire(leader, HeartbeatTimer)
        harness.deliver(leader, voter, Heartbeat)
        harness.deliver(voter, leader, Heard)
    harness.fire(laggard, ElectionTimer)
    harness.deliver(laggard, leader, AskAlive)
    harness.deliver(leader, laggard, Alive)
    harness.expect(harness.find(laggard, leader, Fetch) is not None, f"{laggard} asks {leader}")
    harness.drop(laggard, voter, AskAlive)


def canvass(harness: Harness, name: str, voter: str) -> None:
    """The same, but the replica may need more promises than that one."""
    harness.hold("sa", "sb", "sc", "sd")
    harness.pass_leases()
    if harness.replica(name).leading is not None:
        harness.fire(name, HeartbeatTimer)  # Not renewed for a long time: it steps down.
    harness.drop(name, voter)
    harness.drop(voter, name)
    while not harness.find(voter, name, Promise):
        harness.fire(name, ElectionTimer)
        harness.deliver(name, voter, AskAlive)
        harness.deliver(voter, name, Alive)
        harness.deliver(name, voter, Prepare)
        harness.deliver_if_any(
            voter, name, Refused
        )  # It has promised a higher ballot: once more, above that.
    harness.deliver(voter, name, Promise)


def batch(harness: Harness, leader: str, voter: str) -> None:
    """The first batch of a leader arrives, whether in one message, as it must, or in several."""
    while harness.deliver_if_any(leader, voter, Accept):
        pass
    harness.deliver_if_any(leader, voter, Adopt)
    while harness.deliver_if_any(voter, leader, Vote):
        pass


def join(harness: Harness, leader: str) -> None:
    """The new replica on `sd` is made, and learns the log from the leader."""
    harness.deliver(leader, "sd", CreateReplica)
    harness.fire("sd", FetchTimer)
    harness.deliver("sd", leader, Fetch)
    harness.deliver(leader, "sd", Chosen)
    harness.expect(harness.replica("sd").admitted, "sd is admitted")
