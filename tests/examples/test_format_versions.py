"""A frame of another format version is told from rot: nothing is lost, so nothing is retired or cut."""

import pytest

from dynaproof.checkers.kinds.group import REPLICAS
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.impl.journal import frames
from dynaproof.impl.journal.frames import UnknownFormatError, encode_frame, scan


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
    assert slot.node.replica is not None  # type: ignore[attr-defined]
