"""`dynaproof prove`: a table, one JSON object per obligation, exit statuses, a user's own."""

import json
from pathlib import Path

import pytest

from dynaproof.checkers.proofs.catalogue import OBLIGATIONS
from dynaproof.cli import main

KEYS = {
    *("name", "statement", "assumptions", "source", "proved", "seconds", "about", "counterexample"),
    *("mutant", "mutant_refuted"),
}

MINE = '''
from dynaproof import Edit, Said, bug, obligation

def double(x: int) -> int:
    return x + x if x < 100 else 2 * x + 1

@obligation(about=(double,), symbols="double(x) = 2 x", source="school")
def doubles(x: int) -> Said:
    """It doubles."""
    return Said(given={"x is not negative": x >= 0}, then=double(x) == 2 * x)

def doubles_small(x: int) -> Said:
    """It doubles what is small."""
    return Said(given={"x is small": (x >= 0) & (x < 100)}, then=double(x) == 2 * x)

def half(x: int) -> int:
    return x // 2

UP = Edit(__name__, "x // 2", "(x + 1) // 2", within="half")
HALVES_BADLY = bug("halves_badly", "Half of a number is rounded up.", UP)

@obligation(about=(half,), symbols="2 half(x) <= x", source="school", bugs=(HALVES_BADLY,))
def halves(x: int) -> Said:
    """Two halves are no more than the whole."""
    return Said(given={"any number": x == x}, then=2 * half(x) <= x)

def broken(x: int) -> Said:
    return x + undefined

NUMBER = 5
'''


@pytest.fixture
def mine(tmp_path: Path) -> str:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    return str(file)


def test_json_has_what_was_proved_and_what_refutes_the_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "one_refill_equals_many", "leader_serves_alone", "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first.keys() >= KEYS
    assert first["name"] == "one_refill_equals_many"
    assert first["proved"] is True
    assert first["about"] == ["dynaproof.impl.capacity.bucket.refilled"]
    assert first["mutant"] == "refill_rounds"
    assert first["mutant_refuted"] is True
    assert first["mutants"]["refill_rounds"]["replayed"] is True
    assert second["mutant_refuted"] is True


def test_all_obligations_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(f"{name}\n" in out for name in OBLIGATIONS)
    assert main(["prove", "--list", "--json"]) == 0
    assert [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()] == [*OBLIGATIONS]


def test_users_obligation_is_refuted_with_its_numbers(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", f"{mine}:doubles"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("refuted  doubles (")
    assert "x = 1" in out
    assert main(["prove", f"{mine}:doubles_small"]) == 0
    assert "1 of 1 proved" in capsys.readouterr().out
    assert main(["prove", f"{mine}:halves"]) == 0
    assert "1 of 1 seeded bugs refuted" in capsys.readouterr().out


def test_mistakes_are_bad_input(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "one_refil"]) == 2
    assert "there is no obligation 'one_refil'" in capsys.readouterr().err
    assert main(["prove", f"{mine}:NUMBER"]) == 2
    assert "an obligation is a function that returns Said" in capsys.readouterr().err
    assert main(["prove", f"{mine}:broken"]) == 2
    assert "NameError" in capsys.readouterr().err
