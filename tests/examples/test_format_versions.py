"""A frame of another format version is told from rot: nothing is lost, so nothing is retired or cut."""

from typing import ClassVar

import pytest

from dynaproof.checkers.kinds.group import REPLICAS
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.disk import SimDisk
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.world import World
from dynaproof.impl.journal import frames
from dynaproof.impl.journal.frames import UnknownFormatError, encode_frame, scan
from dynaproof.impl.node import FORMAT_VERSION, ONLY_LANE, Env, Message, NodeId, Timer
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.tree.codec import LeafBody, encode
from dynaproof.impl.tree.page_copy import PageCopy
from dynaproof.impl.tree.pages import Page, PageRef, digest_of_page, encode_page
from dynaproof.specs.observe.impl.place import replica_of


def test_a_frame_of_another_version_is_no_rot(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(frames, "FORMAT_VERSION", frames.FORMAT_VERSION + 1)
        written = encode_frame(1, 0, b"payload")
        assert scan(written).payloads == [b"payload"]
    with pytest.raises(UnknownFormatError) as found:
        scan(written)
    assert found.value.version == frames.FORMAT_VERSION + 1


@pytest.mark.parametrize("at", range(22))
def test_a_damaged_header_is_rot_whatever_version_it_shows(at: int) -> None:
    data = bytearray(encode_frame(1, 0, b"payload"))
    data[at] ^= 1
    assert scan(bytes(data)).tail == "rot"


def test_a_node_leaves_a_disk_of_another_version_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    config = draw("partition", 1, "timed")
    run = Run(PARTITION, config, Timed(config.seed))
    run.set_up()
    slot = run.world.places[REPLICAS[0].name]
    run.world.crash(slot, "crash", spare=True)
    logs = {name: slot.disk.read(name, 0, slot.disk.size(name)) for name in slot.disk.logs()}
    monkeypatch.setattr(frames, "FORMAT_VERSION", frames.FORMAT_VERSION + 1)
    run.world.start(slot)
    assert not slot.outbox.handler
    assert {name: slot.disk.read(name, 0, slot.disk.size(name)) for name in slot.disk.logs()} == logs
    monkeypatch.undo()
    run.world.crash(slot, "crash", spare=True)
    run.world.start(slot)
    run.advance(lambda: replica_of(slot, ONLY_LANE) is not None, 1_000)
    assert replica_of(slot, ONLY_LANE) is not None


class Word(Message, frozen=True, gc=False, tag="word"):
    pass


class LaterWord(Message, frozen=True, gc=False, tag="later_word"):
    format_version: ClassVar[int] = FORMAT_VERSION + 1


class Pause(Timer, frozen=True, gc=False, tag="pause"):
    pass


class LaterPause(Timer, frozen=True, gc=False, tag="later_pause"):
    format_version: ClassVar[int] = FORMAT_VERSION + 1


class Listener:
    """Tells itself and its neighbour a word of each version, and hears what it is given."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.heard: list[str] = []

    def on_start(self) -> None:
        for word in (Word(), LaterWord()):
            self.env.send(ONE, word)
            self.env.send(OTHER, word)
        for timer in (Pause(), LaterPause()):
            self.env.set_timer(10, timer)

    def on_message(self, sender: NodeId, message: Message) -> None:
        self.heard.append(f"{type(message).__name__} from {sender}")

    def on_timer(self, timer: Timer) -> None:
        self.heard.append(type(timer).__name__)


ONE, OTHER = NodeId("region", "a", "one"), NodeId("region", "b", "other")


def test_a_driver_hands_over_no_message_and_no_timer_of_another_version() -> None:
    world = World([(ONE, Listener), (OTHER, Listener)], Timed(1), Options())
    for node in (ONE, OTHER):
        world.start(world.at(node))
    while world.step():
        pass
    for node in (ONE, OTHER):
        place = world.at(node)
        heard = place.node.heard  # type: ignore[attr-defined]
        assert sorted(heard) == ["Pause", "Word from one", "Word from other"]
        assert place.hosted.unknown == 3
    assert world.fell["unknown format"] == 6


def test_a_page_of_another_version_is_not_copied_and_silences_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = Page(encode(LeafBody([b"k"], [StoredItem(b"i", 1, 1)], [])))
    copy = PageCopy(SimDisk(Outbox()), "items/1", 256, 1_000)
    copy.begin((PageRef(0, digest_of_page(leaf)),))
    copy.ask(1)
    with monkeypatch.context() as later:
        later.setattr(frames, "FORMAT_VERSION", frames.FORMAT_VERSION + 1)
        written = encode_page(0, leaf, 256)
    assert not copy.take(0, written)
    assert not copy.whole
    assert copy.ask(1) == (0,)
    assert copy.take(0, encode_page(0, leaf, 256))
    assert copy.whole
