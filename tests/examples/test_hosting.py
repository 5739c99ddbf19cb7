"""A node hosts replicas of many groups: each is marked before it speaks, and is found again."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.kinds.group import REPLICAS, first_config
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, Message, NodeId
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.files import log_prefix, logs_of, pages_of
from dynaproof.impl.paxos.messages.membership import CreateReplica, Vacant
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import Marked, NoRoom
from dynaproof.impl.storage_node.node_journal import PREFIX

CONFIG = first_config()
ME, PEER = REPLICAS[0], REPLICAS[1]


class Listener:
    """A node that hears, and says nothing."""

    def __init__(self, _env: Env) -> None:
        self.heard: list[tuple[int, Message]] = []
        self.env = _env

    def on_start(self) -> None: ...

    def on_message(self, sender: NodeId, message: Message) -> None:
        self.heard.append((self.env.lane, message))

    def on_timer(self, timer: Any) -> None: ...


class Hosted:
    """One host, whose peers hear it and say nothing."""

    def __init__(self, groups: tuple[int, ...] = (), **settings: Any) -> None:
        chosen = structs.replace(Settings(), **settings)

        def host(env: Env) -> Any:
            return StorageNode(env, REPLICAS, chosen, groups)

        nodes = [(ME, host), *((node, Listener) for node in REPLICAS[1:])]
        self.world = World(nodes, Timed(1), Options(latencies=(1,), sync_us=(10,)))
        self.place = self.world.at(ME)
        for node in REPLICAS:
            self.world.start(self.world.at(node))

    @property
    def node(self) -> Any:
        return self.place.node

    def command(self, group: int, incarnation: int = 1, sender: NodeId = PEER) -> None:
        member = structs.replace(CONFIG.voters[0], node=self.place.id, incarnation=incarnation)
        command = CreateReplica(member, CONFIG, 0)
        self.world.run(self.place, self.node.on_message, sender, command, lane=group)

    def wait(self, done: Callable[[], bool]) -> None:
        for _ in range(200):
            if done():
                return
            assert self.world.step()
        raise AssertionError("it does not come to that")

    def make(self, *groups: int) -> None:
        for group in groups:
            self.command(group)
        self.wait(lambda: all(group in self.node.replicas for group in groups))

    def durable(self) -> None:
        self.wait(lambda: self.place.disk.written == self.place.disk.durable)

    def restart(self) -> None:
        self.world.crash(self.place, "test", spare=True)
        self.world.start(self.place)
        self.wait(lambda: not self.node.unread or self.node.broken)

    def files(self, group: int) -> dict[str, bytes]:
        disk = self.place.disk
        return {name: disk.read(name, 0, disk.size(name)) for name in disk.logs(logs_of(group))}

    def vacancies(self) -> dict[int, int]:
        """By group, what the peer heard last of what had been made there."""
        self.durable()
        for _ in range(10):
            self.world.step()
        heard = self.world.at(PEER).node.heard  # type: ignore[attr-defined]
        return {lane: message.retired for lane, message in heard if isinstance(message, Vacant)}


def test_what_a_replica_granted_binds_its_node_though_another_one_has_ended_since() -> None:
    grants = Hosted().node.grants
    granted_until = grants.env.now + 5 * grants.lease_us
    grants.ended(7, granted_until)
    grants.ended(7, granted_until - grants.lease_us)
    assert grants.bound_until(7, was_made=True) == granted_until


def test_grants_that_have_run_out_are_not_kept() -> None:
    """One for each replica that ever ended here would be too many."""
    grants = Hosted().node.grants
    for group in range(50):
        grants.ended(group, grants.env.now - group % 2)
    grants.ended(50, grants.env.now + 1)
    grants.ended(51, grants.env.now + 1)
    assert list(grants.granted) == [50, 51]


def test_a_replica_starts_once_its_mark_is_durable_and_not_before() -> None:
    hosted = Hosted()
    hosted.command(3)
    assert list(hosted.node.making) == [3]
    assert hosted.node.journal.live(3) == 0
    hosted.wait(lambda: hosted.node.journal.live(3) == 1)
    assert hosted.place.disk.durable_logs(log_prefix(3, 1))
    assert not hosted.node.replicas
    hosted.wait(lambda: 3 in hosted.node.replicas)
    assert hosted.place.disk.durable_logs(PREFIX)
    assert not hosted.node.making


@pytest.mark.parametrize("steps", range(1, 7))
def test_a_crash_at_any_step_of_the_making_leaves_a_replica_or_nothing(steps: int) -> None:
    hosted = Hosted(groups=(3,))
    hosted.command(3)
    for _ in range(steps):
        hosted.world.step()
    hosted.restart()
    there = 3 in hosted.node.replicas
    assert hosted.node.journal.live(3) == int(there)
    assert bool(hosted.files(3)) == there
    if not there:
        assert hosted.vacancies() == {3: 0}
        hosted.make(3)


def test_making_and_silence_touch_the_files_of_no_other_group() -> None:
    hosted = Hosted()
    hosted.make(1, 2, 12)
    hosted.durable()
    before = {group: hosted.files(group) for group in (1, 12)}
    hosted.world.crash(hosted.place, "test", spare=True)
    (journal,) = hosted.place.disk.durable_logs(log_prefix(2, 1))
    hosted.place.disk.rot(journal, 40, 1)
    hosted.world.start(hosted.place)
    hosted.wait(lambda: not hosted.node.unread)
    hosted.durable()
    hosted.wait(lambda: not hosted.files(2))
    hosted.command(2, incarnation=4)
    hosted.wait(lambda: 2 in hosted.node.replicas)
    assert {group: hosted.files(group) for group in (1, 12)} == before
    assert sorted(hosted.node.replicas) == [1, 2, 12]
    assert hosted.node.replicas[2].incarnation == 4


def test_a_journal_that_is_missing_as_a_whole_is_the_end_of_its_incarnation() -> None:
    hosted = Hosted()
    hosted.make(1, 2)
    hosted.durable()
    for name in hosted.place.disk.logs(logs_of(2)):
        hosted.place.disk.remove_log(name)
    hosted.durable()
    hosted.restart()
    assert list(hosted.node.replicas) == [1]
    assert hosted.vacancies() == {2: 1}
    hosted.command(2)
    assert not hosted.node.making, "the same incarnation is never made again"


def test_a_node_whose_own_journal_is_missing_as_a_whole_is_silent() -> None:
    hosted = Hosted(groups=(1,))
    hosted.make(1)
    hosted.world.run(hosted.place, hosted.node.replicas[1].start_campaign, lane=1)
    hosted.durable()
    for name in hosted.place.disk.logs(PREFIX):
        hosted.place.disk.remove_log(name)
    hosted.durable()
    heard = len(hosted.world.at(PEER).node.heard)  # type: ignore[attr-defined]
    hosted.restart()
    assert hosted.node.broken
    for _ in range(50):
        hosted.world.step()
    assert len(hosted.world.at(PEER).node.heard) == heard  # type: ignore[attr-defined]


def test_a_command_beyond_the_bound_is_refused_with_the_bound() -> None:
    hosted = Hosted(replicas_per_node=2)
    hosted.make(1, 2)
    hosted.command(3)
    assert not hosted.node.making
    hosted.wait(lambda: any(lane == 3 for lane, _ in hosted.world.at(PEER).node.heard))  # type: ignore[attr-defined]
    (refusal,) = [m for lane, m in hosted.world.at(PEER).node.heard if lane == 3]  # type: ignore[attr-defined]
    assert isinstance(refusal, NoRoom)
    assert refusal.replicas_per_node == 2
    hosted.command(2)
    assert sorted(hosted.node.replicas) == [1, 2]


def test_what_is_being_made_and_what_was_not_looked_at_yet_take_room_too() -> None:
    hosted = Hosted(replicas_per_node=1)
    for group in (1, 2):
        hosted.command(group)
    assert list(hosted.node.making) == [1]
    hosted.wait(lambda: 1 in hosted.node.replicas)
    hosted.durable()
    hosted.world.crash(hosted.place, "test", spare=True)
    hosted.world.start(hosted.place)
    hosted.command(2)
    assert not hosted.node.making
    hosted.wait(lambda: list(hosted.node.replicas) == [1])


def test_a_node_that_has_a_replica_makes_no_second_one_of_its_group() -> None:
    hosted = Hosted()
    hosted.make(5)
    hosted.command(5, incarnation=2)
    assert 5 not in hosted.node.making
    assert hosted.node.replicas[5].incarnation == 1


def test_a_command_while_the_disk_is_not_read_yet_makes_nothing() -> None:
    hosted = Hosted()
    hosted.make(1)
    hosted.durable()
    hosted.world.crash(hosted.place, "test", spare=True)
    hosted.world.start(hosted.place)
    hosted.command(1, incarnation=7)
    assert not hosted.node.making
    hosted.wait(lambda: 1 in hosted.node.replicas)
    assert hosted.node.replicas[1].incarnation == 1


def test_what_only_the_node_says_to_itself_is_heard_from_itself_only() -> None:
    hosted = Hosted()
    hosted.command(1)
    hosted.world.run(hosted.place, hosted.node.on_message, PEER, Marked(1, 0), lane=1)
    assert list(hosted.node.making) == [1]
    assert not hosted.node.replicas


def test_all_groups_of_a_node_share_one_cache_and_no_files() -> None:
    hosted = Hosted()
    hosted.make(1, 2, 3)
    replicas = hosted.node.replicas.values()
    assert {id(replica.state.pages.cache) for replica in replicas} == {id(hosted.node.cache)}
    names = {replica.state.pages.name for replica in replicas}
    assert sorted(names) == sorted(f"{pages_of(group)}000001/{0:012d}" for group in (1, 2, 3))
