"""What is kept between runs is used only for the very same model, engine and machine."""

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of
from dynaproof.checkers.state_space import compiled, origin
from dynaproof.checkers.state_space.catalogue import NAMES, find, models_of
from dynaproof.checkers.state_space.explore import Exploration, Result
from dynaproof.checkers.state_space.origin import name_of
from dynaproof.checkers.user_file import imported
from dynaproof.model.language import Action, Model
from dynaproof.model.paxos import Paxos
from dynaproof.model.two_phase_commit import TwoPhaseCommit

COUNTER = """
from dynaproof.model.language import Int, Model, action, require

STEP = 1
LAST = [3]


def following(n):
    return n + STEP


class Counter(Model):
    n = Int(0, 20)

    @action
    def count(self) -> None:
        require(following(self.n) <= LAST[0])
        self.n = following(self.n)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNAPROOF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def found(model: Model, **flags: bool) -> tuple[bool, Result, list[Any]]:
    """Whether the text was read, and all that was found but for times."""
    exploration = Exploration(model, **flags)
    result = dataclasses.replace(exploration.run(), seconds=0, compile_seconds=0)
    return exploration.program.read, result, exploration.states()


def written(path: Path, text: str) -> type[Model]:
    path.write_text(text, encoding="utf-8")
    # Python tells an edited file by its time in whole seconds.
    os.utime(path, (path.stat().st_mtime + len(text), path.stat().st_mtime + len(text)))
    for name in [name for name in sys.modules if name.startswith(f"user_file_{path.stem}_")]:
        del sys.modules[name]  # As in another process, to which the edited file is new.
    return next(models_of(imported(path)))


@pytest.mark.parametrize("flags", [{}, {"symmetry": True}, {"por": True}])
def test_text_is_read_once_and_the_same_is_found_again(flags: dict[str, bool]) -> None:
    first, *one = found(TwoPhaseCommit(rms=4), **flags)
    second, *two = found(TwoPhaseCommit(rms=4), **flags)
    assert first
    assert not second
    assert one == two


def test_a_violation_is_the_same_from_what_was_kept() -> None:
    seeded = bugs_of(TwoPhaseCommit)[0]
    first, result, _ = found(seeded())
    second, again, _ = found(seeded())
    assert (first, second) == (True, False)
    assert result.violation is not None
    assert again.violation == result.violation


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda _: b"", lambda data: data[:40]]
)
@pytest.mark.parametrize("kind", ["*.o", "*.json"])
def test_damaged_files_are_made_anew(cache: Path, kind: str, damage: Any) -> None:
    _, *one = found(TwoPhaseCommit(rms=3))
    (file,) = cache.glob(kind)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again, *two = found(TwoPhaseCommit(rms=3))
    assert again
    assert one == two
    assert file.read_bytes() == whole
    assert not Exploration(TwoPhaseCommit(rms=3)).program.read


@pytest.mark.parametrize("name", NAMES)
def test_every_model_of_the_system_has_a_name_of_its_own(name: str) -> None:
    kind = find(name)
    names = [name_of(one()) for one in (kind, *bugs_of(kind))]
    assert None not in names
    assert len(set(names)) == len(names)


def test_constants_and_flags_are_part_of_the_name() -> None:
    names = {
        name_of(Paxos()),
        name_of(Paxos(max_ballot=3)),
        name_of(Paxos(), symmetry=True, por=False),
        name_of(Paxos(), symmetry=False, por=True),
    }
    assert None not in names
    assert len(names) == 4


def test_an_edited_model_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "counter.py"
    counts = []
    for text in (
        COUNTER,
        COUNTER.replace("STEP = 1", "STEP = 3"),
        COUNTER.replace("n + STEP", "n + STEP * 2"),
    ):
        read, result, _ = found(written(file, text)())
        assert read
        counts.append(result.distinct)
    assert counts == [4, 2, 2]
    assert not found(written(file, COUNTER)())[0]


def test_a_file_edited_since_it_was_imported_gives_no_name(tmp_path: Path) -> None:
    file = tmp_path / "counter.py"
    kind = written(file, COUNTER)
    assert name_of(kind()) is not None
    written(file, COUNTER.replace("n + STEP", "n + STEP * 2"))
    assert name_of(kind()) is None


def test_values_changed_at_run_time_are_part_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = written(tmp_path / "counter.py", COUNTER)
    module = sys.modules[kind.__module__]
    assert found(kind())[1].distinct == 4
    monkeypatch.setattr(module, "STEP", 3)
    assert found(kind())[1].distinct == 2
    monkeypatch.setattr(module, "LAST", [6])
    assert found(kind())[1].distinct == 3


def test_a_function_put_in_from_elsewhere_gives_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: Any) -> None:
        pass

    before = name_of(TwoPhaseCommit())
    action = next(one for one in TwoPhaseCommit().actions if not one.parameters)
    monkeypatch.setattr(TwoPhaseCommit, action.name, Action(action.name, nothing))
    assert before is not None
    assert name_of(TwoPhaseCommit()) is None


def test_swapped_functions_change_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = name_of(TwoPhaseCommit())
    one, two = [each for each in TwoPhaseCommit().actions if each.parameters][:2]
    monkeypatch.setattr(TwoPhaseCommit, one.name, Action(one.name, two.method, one.parameters))
    assert name_of(TwoPhaseCommit()) not in {before, None}


def test_a_class_made_inside_a_function_gives_no_name() -> None:
    class Inner(TwoPhaseCommit):
        pass

    assert name_of(Inner()) is None
    assert found(Inner())[0]
    assert found(Inner())[0]


def test_engine_and_machine_are_part_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name_of(TwoPhaseCommit())}
    monkeypatch.setattr(origin, "_ENGINE", "another")
    names.add(name_of(TwoPhaseCommit()))
    monkeypatch.setattr(origin, "machine_name", lambda: "another")
    names.add(name_of(TwoPhaseCommit()))
    assert None not in names
    assert len(names) == 3


def test_a_cache_that_cannot_be_written_costs_only_time(cache: Path) -> None:
    cache.write_text("no folder")
    assert compiled.cache_directory() == cache
    assert found(TwoPhaseCommit(rms=3))[1:] == found(TwoPhaseCommit(rms=3))[1:]
