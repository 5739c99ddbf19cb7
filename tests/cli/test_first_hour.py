"""What a newcomer does, with nothing but the wheel and an empty folder: the tutorial from its first line to
its last, the plugin, a notebook, a new protocol, the examples.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dynaproof.checkers.user_file import imported

HERE = Path(__file__).resolve().parent
packages: Any = imported(HERE / "test_packages.py")
tutorial: Any = imported(HERE / "tutorial_blocks.py")

EXECUTE = "from nbclient.cli import main; main()"
CELLS = (
    "import dynaproof\nfrom bank import BANK\ndynaproof.explore(BANK, schedules=20)",
    "dynaproof.replay('runs/no_money_is_made-timed-1000003.json')",
    "dynaproof.trace('runs/no_money_is_made-timed-1000003.json')",
    "dynaproof.check('examples/histories/stale_read.jsonl')",
    "import sys\nsys.path.append('examples/models')\nimport voting\ndynaproof.explore_model(voting.Voting())",
)


class Newcomer(NamedTuple):
    """Somebody with an environment that has the wheel, and an empty folder."""

    python: Path
    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def newcomer(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    place = tmp_path_factory.mktemp("newcomer")
    python = packages.environment_with(packages.build(root, "wheel", place / "wheel"), place / "environment")
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))
    }
    own["PATH"] = f"{python.parent}{os.pathsep}{own['PATH']}"
    for name in ("COLUMNS", "CI", "NO_COLOR", "FORCE_COLOR"):
        own.pop(name, None)
    folder = place / "empty"
    folder.mkdir()
    return Newcomer(python, folder, own)


@pytest.fixture(scope="module")
def followed(newcomer: Newcomer, root: Path) -> list[Any]:
    """The tutorial's commands with what came of them."""
    text = (root / "docs" / "tutorial.md").read_text(encoding="utf-8")
    return list(tutorial.follow(text, newcomer.folder, newcomer.environment))


def test_every_command_of_the_tutorial_says_what_is_shown(followed: list[Any]) -> None:
    assert len(followed) > 10
    for one in followed:
        assert one.is_as_shown(), f"docs/tutorial.md:{one.line}: $ {one.command}\n{one.came}"


def test_the_tutorial_shows_a_pass_a_failure_and_the_last_failed(followed: list[Any]) -> None:
    tests = [one for one in followed if "pytest" in one.command]
    assert [one.came.splitlines()[-1].split(" in ")[0] for one in tests] == [
        "1 passed",
        "1 failed",
        "1 passed",
    ]
    assert tests[-1].command.endswith("--lf")
    assert not any("Traceback" in one.came for one in followed)


def test_the_examples_are_copied_whole_and_run(newcomer: Newcomer, followed: list[Any], root: Path) -> None:
    bank = newcomer.folder / "bank"
    told = newcomer_runs(newcomer, "dynaproof examples examples", bank)
    assert told.returncode == 0, told.stdout
    copied = {str(file.relative_to(bank)) for file in (bank / "examples").rglob("*") if file.is_file()}
    kept = {
        str(file.relative_to(root))
        for file in (root / "examples").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert copied == kept
    explored = newcomer_runs(
        newcomer, "dynaproof explore examples/protocols/tickets.py:TICKETS --schedules 4 --json", bank
    )
    assert explored.returncode == 0, explored.stdout
    again = newcomer_runs(newcomer, "dynaproof examples examples", bank)
    assert again.returncode == 2
    assert "examples: the folder is not empty" in again.stdout


def test_a_notebook_shows_campaign_run_trace_and_verdict(newcomer: Newcomer, followed: list[Any]) -> None:
    bank = newcomer.folder / "bank"
    newcomer_runs(newcomer, "dynaproof examples examples", bank)
    empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**empty, "id": f"cell-{at}", "source": text} for at, text in enumerate(CELLS)]
    notebook = bank / "look.ipynb"
    notebook.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    done = subprocess.run(
        [newcomer.python, "-c", EXECUTE, "--inplace", notebook.name],
        cwd=bank, env=newcomer.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = list(shown_by(json.loads(notebook.read_text())))
    wanted = (
        ("campaign of bank.py:BANK", "no promise is broken", "a_transfer_arrives"),
        ("run of bank.py:BANK", "no promise is broken"),
        ("run of bank.py:BANK", "ben gets Transfer (number 2, amount 1) from ann", "balance: 10 -&gt; 11"),
        ("stale read", "client ", "<svg "),
        ("model ", "every state keeps every promise"),
    )
    assert len(shown) == len(wanted)
    for card, words in zip(shown, wanted, strict=True):
        assert all(word in card for word in words), card


def test_the_protocol_of_the_readme_is_whole_and_breaks_its_promise(
    newcomer: Newcomer, root: Path, tmp_path: Path
) -> None:
    (block,) = [
        one for one in tutorial.blocks((root / "README.md").read_text("utf-8")) if one.file == "ping.py"
    ]
    (tmp_path / "ping.py").write_text(block.text, encoding="utf-8")
    explored = newcomer_runs(newcomer, "dynaproof explore ping.py:PING --schedules 4", tmp_path)
    assert explored.returncode == 1
    assert "FAILED no_ping_is_heard_twice at step 5\n" in explored.stdout


def newcomer_runs(newcomer: Newcomer, command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return tutorial.run(command, folder, newcomer.environment)


def shown_by(notebook: dict[str, Any]) -> Iterator[str]:
    """The HTML of every cell; each has some."""
    for cell in notebook["cells"]:
        (output,) = [one for one in cell["outputs"] if one["output_type"] == "execute_result"]
        yield "".join(output["data"]["text/html"])
