"""A storage node of a region obeys the admins of the highest term that it has seen, and nobody else; what it
has buried it never makes again.
"""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.messages import MetadataAt
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import Env, Message, NodeId
from dynaproof.impl.partition.messages.requests import (
    Delete,
    Get,
    Operation,
    Put,
    Request,
    Scan,
    WrongPartition,
)
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.files import logs_of, pages_of
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.paxos.messages.leadership import Adopt
from dynaproof.impl.paxos.messages.membership import Created, CreateReplica, DropReplica, Gone
from dynaproof.impl.paxos.records import NoOp
from dynaproof.impl.storage_node.agent import Region
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import (
    DropPartition,
    Fenced,
    NodeReport,
    PartitionGone,
    RaiseFence,
)

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
ADMINS = tuple(NodeId("region", zone, f"admin-{zone}") for zone in "ab")
ROUTER = NodeId("region", "a", "router-a")
ME, ADMIN = NODES[0], ADMINS[0]
CONFIG = first_config(NODES)
LEASE_US = 400_000


class Listener:
    """A node that hears, and says nothing."""

    def __init__(self, env: Env) -> None:
        self.heard: list[tuple[int, Message]] = []
        self.env = env

    def on_start(self) -> None: ...

    def on_message(self, sender: NodeId, message: Message) -> None:
        self.heard.append((self.env.lane, message))

    def on_timer(self, timer: Any) -> None: ...


class Node:
    """One storage node, whose peers and admins hear it and say nothing."""

    def __init__(self, syncs_us: int = 10) -> None:
        settings = Settings(
            heartbeat_us=100_000, lease_us=LEASE_US, election_us=1 << 40, repairs_itself=False
        )

        def host(env: Env) -> Any:
            return StorageNode(env, NODES, settings, region=Region(NODES[1:], ADMINS, report_us=50_000))

        others = (*NODES[1:], *ADMINS, ROUTER)
        nodes = [(ME, host), *((node, Listener) for node in others)]
        self.world = World(nodes, Timed(1), Options(latencies=(1,), sync_us=(syncs_us,)))
        self.place = self.world.at(ME)
        for node in (ME, *others):
            self.world.start(self.world.at(node))
        self.until(lambda: False, LEASE_US + 1)  # What an earlier life may have granted has run out.

    @property
    def node(self) -> Any:
        return self.place.node

    def heard(self, who: NodeId = ADMIN, but: type = NodeReport) -> list[tuple[int, Message]]:
        """What another node has heard, with the lanes, but for the reports."""
        found = self.world.at(who).node.heard  # type: ignore[attr-defined]
        return [(lane, message) for lane, message in found if not isinstance(message, but)]

    def tell(self, message: Message, group: int, sender: NodeId = ADMIN) -> list[tuple[int, Message]]:
        """What the sender hears when all has been done that follows."""
        before = len(self.heard(sender))
        self.world.run(self.place, self.node.on_message, sender, message, lane=group)
        self.settle()
        return self.heard(sender)[before:]

    def settle(self) -> None:
        """A little time passes."""
        self.until(lambda: False, 5_000)

    def until(self, done: Callable[[], bool], microseconds: int) -> bool:
        end = self.world.tau + microseconds
        while self.world.tau < end and not done():
            if not self.world.step():
                break
        return done()

    def create(self, group: int, term: int, incarnation: int = 1, sender: NodeId = ADMIN) -> Any:
        member = structs.replace(CONFIG.voters[0], incarnation=incarnation)
        return self.tell(CreateReplica(member, CONFIG, 0, None, term), group, sender)

    def restart(self) -> None:
        self.world.crash(self.place, "test", spare=True)
        self.world.start(self.place)
        self.settle()

    def start_unread(self) -> None:
        """It starts again, and has not looked yet at what its disk has."""
        self.world.crash(self.place, "test", spare=True)
        self.settle()
        self.world.start(self.place)
        assert self.node.unread

    def files(self, group: int) -> list[str]:
        disk = self.place.disk
        return [*disk.logs(logs_of(group)), *disk.files(pages_of(group))]


GONE = PartitionGone(ME)
CREATED = Created(CONFIG.voters[0])


def test_an_admin_has_a_replica_made_and_made_known() -> None:
    node = Node()
    assert node.create(5, term=1) == [(5, CREATED)], "once it is marked, and speaks"
    assert node.create(5, term=1) == [(5, CREATED)], "and to every further copy of the command"
    assert list(node.node.replicas) == [5]


def test_a_replica_is_not_said_to_be_there_before_its_mark_is_durable() -> None:
    node = Node()
    node.world.run(
        node.place, node.node.on_message, ADMIN, CreateReplica(CONFIG.voters[0], CONFIG, 0, None, 1), lane=5
    )
    assert node.until(lambda: node.node.journal.live(5) == 1, 5_000), "it is marked, and that is not durable"
    assert node.heard() == []
    node.world.crash(node.place, "test", spare=True)
    node.settle()
    assert node.heard() == []


@pytest.mark.parametrize("sender", [ROUTER, NODES[1], ME])
def test_nobody_but_an_admin_commands_a_storage_node(sender: NodeId) -> None:
    node = Node()
    node.create(5, term=1)
    for command in (DropPartition(9), RaiseFence(9), DropReplica(CONFIG.voters[0], 9)):
        node.world.run(node.place, node.node.on_message, sender, command, lane=5)
    node.world.run(
        node.place, node.node.on_message, sender, CreateReplica(CONFIG.voters[0], CONFIG, 0), lane=6
    )
    node.settle()
    assert list(node.node.replicas) == [5]
    assert node.node.journal.fence == 1
    assert node.node.journal.groups() == [5]


@pytest.mark.parametrize(
    "late",
    [
        CreateReplica(CONFIG.voters[0], CONFIG, 0, None, 2),
        DropPartition(2),
        DropReplica(CONFIG.voters[0], 2),
        RaiseFence(2),
    ],
    ids=lambda command: type(command).__name__,
)
@pytest.mark.parametrize("restarts", [False, True])
def test_a_late_command_of_a_lower_term_is_answered_fenced_and_changes_nothing(
    late: Message, restarts: bool
) -> None:
    node = Node()
    node.create(5, term=1)
    assert node.tell(RaiseFence(3), 0, ADMINS[1]) == []
    if restarts:
        node.restart()
    before = node.node.journal.groups()
    for group in (5, 6):
        assert node.tell(late, group) == [(group, Fenced(3))]
    assert list(node.node.replicas) == [5]
    assert node.node.journal.groups() == before


@pytest.mark.parametrize("command", [RaiseFence(3), DropPartition(3)], ids=["RaiseFence", "DropPartition"])
def test_a_fence_that_was_shown_survives_a_crash_at_any_step(command: Message) -> None:
    for steps in range(12):
        node = Node(syncs_us=1_000)
        node.create(5, term=1)
        node.until(lambda: node.place.sync_event is None, 10_000)  # noqa: B023
        before = len(node.heard())
        node.world.run(node.place, node.node.on_message, ADMINS[1], command, lane=0)
        node.world.run(node.place, node.node.on_message, ADMIN, DropReplica(CONFIG.voters[0], 1), lane=5)
        for _ in range(steps):
            node.world.step()
        node.world.crash(node.place, "test", spare=True)
        node.world.start(node.place)
        node.settle()
        shown = [message for _, message in node.heard()[before:] if isinstance(message, Fenced)]
        assert not shown or node.node.journal.fence == 3, f"after {steps} steps it had shown {shown}"


def test_a_command_of_a_higher_term_raises_the_fence_durably() -> None:
    node = Node()
    node.create(5, term=4)
    node.restart()
    assert node.node.journal.fence == 4
    assert node.create(6, term=3) == [(6, Fenced(4))]


def test_a_buried_partition_is_never_made_again() -> None:
    node = Node()
    node.create(5, term=1)
    assert node.tell(DropPartition(1), 5) == [(5, GONE)]
    for restarts in (False, True):
        if restarts:
            node.restart()
        for incarnation in (1, 2, 99):
            assert node.create(5, term=7, incarnation=incarnation) == []
        assert not node.node.replicas
        assert node.files(5) == []


def test_a_partition_that_never_was_here_is_buried_too_before_its_late_creation() -> None:
    node = Node()
    assert node.tell(DropPartition(1), 5) == [(5, GONE)]
    assert node.create(5, term=1) == []
    assert not node.node.replicas


def test_a_creation_under_way_ends_when_its_partition_is_buried() -> None:
    for steps in range(8):
        node = Node()
        command = CreateReplica(CONFIG.voters[0], CONFIG, 0, None, 1)
        node.world.run(node.place, node.node.on_message, ADMIN, command, lane=5)
        for _ in range(steps):
            node.world.step()
        assert node.tell(DropPartition(1), 5)[-1] == (5, GONE)
        assert not node.node.replicas
        assert not node.node.making
        assert node.files(5) == []


def test_a_partition_is_said_to_be_gone_when_no_lease_runs_that_was_granted_for_it() -> None:
    node = Node()
    node.create(5, term=1)
    ballot, leader = Ballot(1, NODES[1].name, 2), CONFIG.voters[1]
    record = NoOp(1, ballot, 0, 0)
    adopt = Adopt(leader, 1, ballot, node.place.env.now, 0, (record,), 0)
    node.world.run(node.place, node.node.on_message, NODES[1], adopt, lane=5)
    node.settle()
    granted_until = node.node.replicas[5].lease_granted_until
    assert granted_until > node.place.env.now, "it has granted a lease"
    assert node.tell(DropPartition(1), 5) == [], "the leader may still read by it"
    assert not node.node.replicas
    node.until(lambda: node.place.env.now >= granted_until - 60_000, LEASE_US)  # A report or more.
    assert node.tell(DropPartition(1), 5) == []
    node.until(lambda: node.place.env.now >= granted_until, LEASE_US)
    assert node.tell(DropPartition(1), 5) == [(5, GONE)]


def test_after_a_restart_a_partition_that_was_here_is_gone_a_lease_later() -> None:
    node = Node()
    node.create(5, term=1)
    node.restart()
    assert node.tell(DropPartition(1), 5) == []
    node.until(lambda: False, LEASE_US)
    assert node.tell(DropPartition(1), 5) == [(5, GONE)]


def test_the_buried_is_forgotten_when_the_fence_is_above_and_its_files_are_gone_and_stays_unmade() -> None:
    node = Node()
    node.create(5, term=1)
    node.tell(DropPartition(1), 5)
    for number in range(100):
        node.create(100 + number % 3, term=1, incarnation=1 + number)
        node.tell(DropReplica(structs.replace(CONFIG.voters[0], incarnation=1 + number), 1), 100 + number % 3)
    assert node.node.journal.buried(5), "the fence is not above its term"
    node.tell(RaiseFence(2), 0)
    for number in range(100, 200):
        node.create(100 + number % 3, term=2, incarnation=1 + number)
        node.tell(DropReplica(structs.replace(CONFIG.voters[0], incarnation=1 + number), 2), 100 + number % 3)
    assert not node.node.journal.buried(5)
    assert node.create(5, term=1) == [(5, Fenced(2))]
    node.restart()
    assert node.create(5, term=1) == [(5, Fenced(2))]
    assert not node.node.replicas


def test_an_admin_neither_makes_nor_drops_the_metadata() -> None:
    node = Node()
    assert node.create(METADATA, term=1) == []
    assert node.tell(DropPartition(1), METADATA) == []
    assert node.tell(DropReplica(CONFIG.voters[0], 1), METADATA) == []
    assert node.node.journal.groups() == []
    assert not node.node.replicas


def test_a_replica_is_dropped_by_its_incarnation_and_by_no_other() -> None:
    node = Node()
    node.create(5, term=1, incarnation=3)
    older, own = (structs.replace(CONFIG.voters[0], incarnation=number) for number in (2, 3))
    assert node.tell(DropReplica(older, 1), 5) == [(5, Gone(older))]
    assert list(node.node.replicas) == [5]
    assert node.tell(DropReplica(own, 1), 5) == [(5, Gone(own))]
    assert not node.node.replicas


PUT, DELETE = Put(b"k", b"i"), Delete(b"k")
OWN, OTHER = Ballot(4, ME.name, 1), Ballot(4, NODES[1].name, 2)


@pytest.mark.parametrize(
    ("operation", "ballot", "final"),
    [
        (Get(b"k", True), OWN, True),
        (Get(b"k", False), NO_BALLOT, True),
        (Scan(b"", None, 1, 1, True), OWN, True),
        (PUT, OWN, False),
        (DELETE, OWN, False),
        (PUT, OTHER, True),
        (PUT, NO_BALLOT, True),
    ],
)
def test_a_request_for_what_is_not_here_is_refused_for_good_unless_this_node_may_have_led(
    operation: Operation, ballot: Ballot, final: bool
) -> None:
    request = Request(RequestId(ROUTER, 1, 1), 2, ballot, 1 << 40, operation)
    refused = (5, WrongPartition(request.request, 2, final))
    node = Node()
    assert node.tell(request, 5, ROUTER) == [refused]
    node.create(5, term=1)
    assert refused not in node.tell(request, 5, ROUTER)
    node.tell(DropPartition(1), 5)
    assert node.tell(request, 5, ROUTER) == [refused]


def test_a_node_reports_what_it_hosts_and_its_fence() -> None:
    node = Node()
    node.create(5, term=2)
    node.until(lambda: False, 100_000)
    reports = [m for _, m in node.heard(ADMINS[1], but=Fenced) if isinstance(m, NodeReport)]
    assert (reports[-1].node, reports[-1].fence, reports[-1].total) == (ME, 2, 1)
    (hosted,) = reports[-1].replicas
    assert (hosted.partition, hosted.member, hosted.full) == (5, CONFIG.voters[0], True)


OF_METADATA = Region(NODES[1:], ADMINS).first_config()
LEARNER = Member(ME, 9)


def make_metadata(node: Node, sender: NodeId) -> bool:
    """Whether a learner of partition 0 is there after this command."""
    command(node, CreateReplica(LEARNER, OF_METADATA, 0), sender)
    return METADATA in node.node.replicas


def command(node: Node, message: Message, sender: NodeId) -> None:
    """Say this to the node, for partition 0."""
    node.world.run(node.place, node.node.on_message, sender, message, lane=METADATA)
    node.settle()


def test_partition_0_is_made_at_the_command_of_a_node_that_hosts_it_and_at_no_other() -> None:
    node = Node()
    node.tell(RaiseFence(7), 0)
    stranger = NodeId("region", "c", "sc9")
    assert not any(make_metadata(node, sender) for sender in (*ADMINS, ROUTER, stranger))
    assert make_metadata(node, NODES[1]), "it has neither a term nor a fence to pass"


def test_a_replica_of_partition_0_is_dropped_by_a_host_of_it_when_nothing_names_its_node() -> None:
    node = Node()
    make_metadata(node, NODES[1])
    for sender in (*ADMINS, ROUTER, ME):
        command(node, DropReplica(LEARNER, 9), sender)
        assert METADATA in node.node.replicas
    named = Hosts(1, (ME.address, NODES[2].address))
    node.tell(MetadataAt(named), METADATA, NODES[1])
    assert node.tell(DropReplica(LEARNER), METADATA, NODES[1]) == [], "it has a vote by what is kept here"
    assert METADATA in node.node.replicas
    node.tell(MetadataAt(Hosts(2, OF_ELSEWHERE.members)), METADATA, NODES[1])
    assert node.tell(DropReplica(LEARNER), METADATA, NODES[1])[-1] == (METADATA, Gone(LEARNER))
    assert not node.node.replicas


OF_ELSEWHERE = Hosts(3, (NODES[2].address, NodeId("region", "c", "sc2").address))


def kept(node: Node, hosts: Hosts, sender: NodeId) -> Hosts | None:
    """Where partition 0 is, as the node keeps it once it was told this."""
    command(node, MetadataAt(hosts), sender)
    found: Hosts | None = node.node.journal.hosts
    return found


@pytest.mark.parametrize("teller", [NODES[1], *ADMINS])
def test_a_node_keeps_the_newest_hosts_of_partition_0_over_a_restart(teller: NodeId) -> None:
    node = Node()
    assert kept(node, OF_ELSEWHERE, teller) == OF_ELSEWHERE
    older = Hosts(2, (NODES[1].address,))
    assert kept(node, older, teller) == OF_ELSEWHERE
    node.restart()
    assert node.node.journal.hosts == OF_ELSEWHERE
    assert kept(node, older, teller) == OF_ELSEWHERE
    newer = Hosts(4, (NODES[1].address,))
    assert kept(node, newer, NODES[2]) == newer


@pytest.mark.parametrize(
    ("hosts", "teller"),
    [
        (OF_ELSEWHERE, ROUTER),
        (OF_ELSEWHERE, NodeId("region", "c", "sc9")),
        (Hosts(3, ()), NODES[1]),
        (Hosts(3, tuple(NodeId("region", "a", f"s{n}", 0) for n in range(17))), NODES[1]),
    ],
)
def test_a_node_keeps_no_hosts_of_partition_0_that_strangers_tell_or_that_cannot_be(
    hosts: Hosts, teller: NodeId
) -> None:
    assert kept(Node(), hosts, teller) is None


def test_a_node_reports_the_hosts_of_partition_0_that_it_keeps_to_those_hosts_too() -> None:
    node = Node()
    kept(node, OF_ELSEWHERE, NODES[1])
    node.until(lambda: False, 100_000)
    reports = [m for _, m in node.heard(ADMINS[1], but=Fenced) if isinstance(m, NodeReport)]
    assert reports[0].metadata is None
    assert reports[-1].metadata == OF_ELSEWHERE
