"""A driver hosts a node over its lives: each has its own boot and gate, and only a new disk a new name."""

from typing import Any

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.driver import Hosted
from dynaproof.impl.node import ONLY_LANE, Message, NodeId
from dynaproof.impl.outbox import Outbox

NODE, OTHER = NodeId("region", "a", "sa"), NodeId("region", "b", "sb")


class Word(Message, frozen=True, gc=False, tag="word"):
    pass


class Life:
    def __init__(self, env: Any) -> None:
        self.env = env


class Given:
    """What a driver hands to a life, as far as hosting sets it."""

    me: NodeId
    boot: int
    send: Any


def booted() -> tuple[Hosted, SimDisk, Any]:
    hosted, disk, env = Hosted(NODE, Life), SimDisk(Outbox()), Given()  # type: ignore[arg-type]
    hosted.boot(env, disk)  # type: ignore[arg-type]
    return hosted, disk, env


def test_what_a_life_sends_waits_for_what_it_has_written() -> None:
    hosted, disk, env = booted()
    disk.append("log", b"frame")
    env.send(OTHER, Word())
    assert hosted.outbox.handled() == []
    hosted.outbox.sync_started()
    assert hosted.outbox.sync_done() == [(OTHER, Word(), ONLY_LANE)]


def test_a_new_life_finds_its_disk_durable_and_nothing_of_the_old_one_waiting() -> None:
    hosted, disk, env = booted()
    disk.append("log", b"frame")
    env.send(OTHER, Word())
    hosted.outbox.handled()
    life = hosted.boot(env, disk)  # type: ignore[arg-type]
    assert (env.boot, len(hosted.outbox), hosted.outbox.needs_sync) == (2, 0, False)
    life.env.send(OTHER, Word())  # type: ignore[attr-defined]
    assert hosted.outbox.handled() == [(OTHER, Word(), ONLY_LANE)]


def test_a_lost_disk_makes_another_incarnation_of_the_same_node() -> None:
    hosted, disk, env = booted()
    hosted.lose_disk()
    hosted.boot(env, disk)  # type: ignore[arg-type]
    assert env.me == NodeId("region", "a", "sa", 2)
    assert env.boot == 2
    assert hosted.is_own(NODE)
    assert hosted.is_own(NODE.address)
    assert not hosted.is_own(OTHER)
