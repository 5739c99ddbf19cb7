"""The metadata moves to other nodes at an operator's commands to its leader: nothing is left where it was,
and whoever knows only nodes that have left is led on.
"""

from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.user_file import imported
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.messages import Locate, MetadataAt, NotServing
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import Message
from dynaproof.impl.partition.messages.requests import Get, Request, WrongPartition
from dynaproof.impl.paxos.files import logs_of, pages_of
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import NO_BALLOT, Member, RequestId
from dynaproof.impl.paxos.messages.membership import ConfigStatus, ReplaceVoter, Status
from dynaproof.impl.router.messages import Described, DescribeTable, ListTables, Names

REGION: Any = imported(Path(__file__).resolve().parent / "small_region.py")


class Moves(REGION.SmallRegion):  # type: ignore[misc]
    """A small region whose metadata is moved by hand."""

    def replica(self, place: Place) -> Any:
        """The replica of the metadata there."""
        return place.node.replicas.get(METADATA)  # type: ignore[attr-defined]

    def leader(self) -> Place | None:
        """Where the metadata is served."""
        for place in self.hosts:
            replica = self.replica(place) if place.up else None
            if replica is not None and replica.may_serve():
                return place  # type: ignore[no-any-return]
        return None

    def governing(self) -> Any:
        """The governing config."""
        assert self.go(lambda: self.leader() is not None)
        return self.replica(self.leader()).state.config

    def heard_from(self, place: Place, message: Message) -> list[Message]:
        """What a node answers the router to this, in the lane of the metadata."""
        heard: list[Message] = []
        router = self.router.node
        listen = router.on_message
        router.on_message = lambda sender, said: (heard.append(said), listen(sender, said))[1]
        self.world.run(place, place.node.on_message, self.router.id, message, lane=METADATA)
        self.go(lambda: bool(heard), 200)
        del router.on_message
        return heard

    def command(self, out: Place, to: Place) -> tuple[Member, Message]:
        """A new voter, and the command to replace one at another node by it."""
        config = self.governing()
        (leaves,) = (voter for voter in config.voters if voter.node == out.id)
        new = Member(to.id, config.next_incarnation)
        return new, ReplaceVoter(config.epoch, leaves, new, "full")

    def move(self, out: Place, to: Place) -> None:
        """Replace the voter at one node by one at another."""
        new, command = self.command(out, to)

        def moved() -> bool:
            leader = self.leader()
            if leader is None:
                return False
            self.world.run(leader, leader.node.on_message, self.router.id, command, lane=METADATA)
            self.go(lambda: False, 20)
            return new in self.governing().voters

        assert self.go(moved, 400), f"{out.name} was not replaced by {to.name}"

    def replace(self, out: Place, to: Place) -> None:
        """The same, only until the config is chosen."""
        new, command = self.command(out, to)

        def chosen() -> bool:
            return new in self.run.observation.groups[METADATA].config.voters  # type: ignore[no-any-return]

        for _ in range(100):
            leader = self.leader()
            if leader is not None and not chosen():
                self.world.run(leader, leader.node.on_message, self.router.id, command, lane=METADATA)
            if self.go(chosen, 20):
                return
        raise AssertionError(f"{out.name} was not replaced by {to.name}")

    def move_all(self) -> None:
        """Move every voter to the other node of its zone."""
        for out, to in zip(self.hosts[:3], self.hosts[3:], strict=True):
            self.move(out, to)

    def left_at(self, place: Place) -> list[str]:
        """What a node has of partition 0."""
        files = [*place.disk.logs(logs_of(METADATA)), *place.disk.files(pages_of(METADATA))]
        return [*files, *(["a replica"] if self.replica(place) is not None else [])]

    def restart(self, place: Place, lose_disk: bool = False) -> None:
        """A node crashes, and comes back."""
        self.world.crash(place, "test", lose_disk=lose_disk, spare=True)
        if lose_disk:
            self.run.observation.commands.fences.pop(place.name, None)  # It has forgotten its fence too.
        self.world.start(place)


def test_nothing_of_the_metadata_is_left_on_nodes_that_it_has_left() -> None:
    region = Moves()
    region.create("books")
    region.move_all()
    assert [voter.node for voter in region.governing().voters] == [place.id for place in region.hosts[3:]]
    assert region.go(lambda: not any(map(region.left_at, region.hosts[:3])))
    assert isinstance(region.ask(DescribeTable("books")), Described)


def test_a_router_that_knows_only_the_configured_nodes_is_led_on() -> None:
    region = Moves()
    region.create("books")
    region.move_all()
    assert region.go(lambda: not any(map(region.left_at, region.hosts[:3])))
    region.restart(region.router)
    assert region.router.node.tables.whereabouts.newest.epoch == 0
    for action, answer in ((DescribeTable("books"), Described), (ListTables(), Names)):
        while not isinstance(said := region.ask(action), answer):
            assert said is None, f"it was answered {said}"  # The session was with its life before.
    assert region.router.node.tables.whereabouts.newest.epoch == 3


def test_admins_that_know_only_the_configured_nodes_are_led_on() -> None:
    region = Moves()
    region.move_all()
    assert region.go(lambda: not any(map(region.left_at, region.hosts[:3])))
    for admin in region.admins:
        region.restart(admin)

    def is_ready() -> bool:
        active = [place.node for place in region.admins if place.node.term.active]
        return any(len(admin.nodes.heard) == len(region.hosts) for admin in active)

    assert region.go(is_ready)
    region.create("books")


@pytest.mark.parametrize("restarts", [False, True])
def test_a_node_that_has_left_says_where_the_metadata_is(restarts: bool) -> None:
    region = Moves()
    region.move_all()
    first = region.hosts[0]
    assert region.go(lambda: not region.left_at(first) and first.node.journal.hosts.epoch == 3)
    if restarts:
        region.go(lambda: False, 100)  # It is durable, and was shown.
        region.restart(first)
        region.go(lambda: not first.node.unread)
    hosts = Hosts(3, tuple(place.id.address for place in region.hosts[3:]))
    assert NotServing(7, None, NO_BALLOT, hosts) in region.heard_from(first, Locate(7, "books"))
    request = RequestId(region.router.id, 1, 99)
    refused = region.heard_from(first, Request(request, 1, NO_BALLOT, 1 << 40, Get(b"k", True)))
    assert WrongPartition(request, 1, True, hosts) in refused
    assert MetadataAt(hosts) in region.heard_from(first, ConfigStatus())


def test_a_node_whose_replica_has_left_and_is_not_dropped_yet_leads_on_who_asks() -> None:
    region = Moves()
    first, dead, third = region.hosts[:3]
    assert region.go(lambda: region.leader() is not None)
    region.world.crash(dead, "test")
    region.move(first, region.hosts[3])
    assert region.go(lambda: first.node.journal.hosts is not None)
    hosts = Hosts(1, tuple(place.id.address for place in (region.hosts[3], dead, third)))
    assert region.heard_from(first, ConfigStatus()) == [MetadataAt(hosts)]
    assert region.heard_from(first, Locate(7, "books")) == [NotServing(7, None, NO_BALLOT, hosts)]
    request = RequestId(region.router.id, 1, 99)
    asked = Request(request, 1, NO_BALLOT, 1 << 40, Get(b"k", True))
    assert region.heard_from(first, asked) == [WrongPartition(request, 1, True, hosts)]
    assert region.replica(first) is not None, "a voter is dead, and may lack what it holds"


def test_a_leader_that_leaves_goes_and_another_one_leads() -> None:
    region = Moves()
    region.create("books")
    config, leader = region.governing(), region.leader()
    to = next(place for place in region.hosts[3:] if leader is not None and place.id.zone == leader.id.zone)
    region.move(leader, to)
    assert region.leader() is not leader
    assert region.governing().epoch == config.epoch + 1
    assert region.go(lambda: not region.left_at(leader))
    assert isinstance(region.ask(DescribeTable("books")), Described)


def test_the_voter_of_a_dead_node_is_replaced() -> None:
    region = Moves()
    dead = next(place for place in region.hosts[:3] if place is not region.leader())
    region.world.crash(dead, "test")
    region.move(dead, region.hosts[3 + region.hosts.index(dead)])
    region.world.start(dead)
    assert region.go(lambda: not region.left_at(dead)), "it comes back, hears so, and has its replica dropped"


def test_a_successor_that_is_lost_at_once_is_replaced_on_the_node_that_it_was_to_relieve() -> None:
    """Found by `what_was_begun_ends` in `metadata-moves`: who has left stayed, for a voter lacked what it
    holds, and so no node was free for another in the place of that voter.
    """
    region = Moves()
    assert region.go(lambda: region.leader() is not None)
    left = next(place for place in region.hosts[:3] if place is not region.leader())
    lost = region.hosts[3 + region.hosts.index(left)]
    region.replace(left, lost)
    region.world.crash(lost, "test")
    assert region.go(lambda: region.governing().epoch == 1)
    region.go(lambda: False, 300)
    assert region.replica(left) is not None, "a voter is lost, and nobody wants it replaced"
    region.move(lost, left)
    assert region.go(lambda: region.replica(left) is not None and region.replica(left).admitted)
    assert region.replica(left).member in region.governing().voters
    region.create("books")


def test_a_node_that_the_metadata_has_moved_to_is_recovered_and_missed_when_it_loses_its_disk() -> None:
    region = Moves()
    region.move_all()
    there = next(place for place in region.hosts[3:] if place is not region.leader())
    assert region.go(lambda: region.replica(there).admitted)
    before = region.replica(there).member
    region.restart(there)
    assert region.go(lambda: region.replica(there) is not None)
    assert region.replica(there).member == before
    region.restart(there, lose_disk=True)
    assert region.go(lambda: any(voter.node == there.id for voter in region.governing().voters))
    assert region.go(lambda: region.replica(there) is not None and region.replica(there).admitted)
    assert region.replica(there).member.incarnation > before.incarnation


def test_a_node_that_has_lost_its_disk_and_hosted_none_of_it_is_told_so() -> None:
    region = Moves()
    spare = region.hosts[3]
    region.restart(spare, lose_disk=True)
    assert region.go(lambda: spare.node.agent.metadata.told)
    assert not spare.node.agent.metadata.may_be_missed
    assert region.replica(spare) is None


def test_a_learner_that_was_given_up_is_dropped_when_its_command_is_void() -> None:
    region = Moves()
    config, leader, spare = region.governing(), region.leader(), region.hosts[3]
    new = Member(spare.id, config.next_incarnation)
    command = ReplaceVoter(config.epoch, config.voters[0], new, "full")
    assert leader is not None

    def is_made() -> bool:
        region.heard_from(leader, command)
        return region.replica(spare) is not None

    assert region.go(is_made, 50)
    assert new not in region.governing().voters
    region.go(lambda: False, 500)
    assert region.replica(spare) is not None, "the command may still count"
    to = region.hosts[4]
    region.move(region.hosts[1], to)
    assert region.go(lambda: not region.left_at(spare))
    (status,) = (m for m in region.heard_from(region.leader(), ConfigStatus()) if isinstance(m, Status))
    assert new not in status.config.voters
