"""The branches of the system that schedules take, measured by coverage.py.

A branch is one way out of a line that has several. Branches outside functions are left out: every run takes
them alike, when a module is loaded.
"""

from __future__ import annotations

import ast
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from dynaproof import impl
from dynaproof.checkers.processes import in_order
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.scenarios.catalogue import config_of, execute

FOLDERS = ("paxos", "partition", "storage_node", "metadata", "admin", "router")
"""The folders of `impl` that are measured."""

ROOT = Path(next(iter(impl.__path__))).resolve()

Arcs = dict[str, list[tuple[int, int]]]
"""By file below `impl`: pairs of lines that followed each other; below 0, an end."""

Schedule = tuple[str, int]
"""A scenario, and the number of one of its schedules."""


class Branch(Struct, frozen=True):
    """One way out of a line: to another line, or out of the function (`to` below 0)."""

    file: str
    line: int
    to: int
    function: str
    """The qualified name of the innermost function."""
    text: str
    """The line."""

    @property
    def place(self) -> str:
        """Where it is, in the form that editors take."""
        return f"{self.file}:{self.line}"

    @property
    def way(self) -> str:
        """Which way out of its line it is."""
        return f"to line {self.to}" if self.to > 0 else "out of the function"


class Folder(Struct, frozen=True):
    """Branches of one folder, and how many of them were taken."""

    name: str
    branches: int
    reached: int


class Reach(Struct, frozen=True):
    """What a campaign took, and what it did not take."""

    folders: tuple[Folder, ...]
    unreached: tuple[Branch, ...]


def nth(scenarios: Sequence[str], number: int) -> Schedule:
    """A schedule of a mix: one of each scenario, then the next one of each."""
    return scenarios[number % len(scenarios)], number // len(scenarios)


def traced(
    schedules: Iterator[Schedule], strategy: str, seed: int, jobs: int
) -> Iterator[tuple[Schedule, RunResult, Arcs]]:
    """Run schedules; yields each with what it took."""
    for schedule, (outcome, arcs) in in_order(partial(_trace, strategy, seed), schedules, jobs):
        yield schedule, outcome, arcs


def _trace(strategy: str, seed: int, schedule: Schedule) -> tuple[RunResult, Arcs]:
    scenario, number = schedule
    config = config_of(scenario, strategy, seed, number)
    measuring = _measuring()
    measuring.start()
    try:
        outcome = execute(config)
    finally:
        measuring.stop()
    data = measuring.get_data()
    files = sorted(data.measured_files())
    return outcome, {Path(file).relative_to(ROOT).as_posix(): list(data.arcs(file) or ()) for file in files}


def _measuring() -> Any:
    """A measurement of branches that neither reads nor writes a file."""
    from coverage import Coverage  # noqa: PLC0415 (a tool of the checkout, not needed by what is installed)

    return Coverage(
        data_file=None, config_file=False, branch=True, source=[str(ROOT / name) for name in FOLDERS]
    )


def reach(all_arcs: Mapping[str, Iterable[tuple[int, int]]]) -> Reach:
    """Which branches these pairs of lines have taken, and which not; files are below `impl`."""
    measuring = _measuring()
    data = measuring.get_data()
    data.add_arcs({str(ROOT / file): pairs for file, pairs in all_arcs.items()})
    data.touch_files([str(path) for name in FOLDERS for path in sorted((ROOT / name).rglob("*.py"))])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.json")
        measuring.json_report(outfile=str(file))
        report = json.loads(file.read_text(encoding="utf-8"))
    counts = {name: [0, 0] for name in FOLDERS}
    unreached = []
    for name, found in sorted(report["files"].items()):
        path = Path(name).resolve()
        count = counts[path.relative_to(ROOT).parts[0]]
        taken = [pair for pair in found["executed_branches"] if function_at(path, pair[0])]
        missed = [
            branch for pair in found["missing_branches"] if (branch := _branch(path, *pair)) is not None
        ]
        count[0] += len(taken) + len(missed)
        count[1] += len(taken)
        unreached += missed
    return Reach(tuple(Folder(f"impl/{name}", *count) for name, count in counts.items()), tuple(unreached))


def _branch(path: Path, line: int, to: int) -> Branch | None:
    function = function_at(path, line)
    if not function:
        return None
    text = path.read_text(encoding="utf-8").split("\n")[line - 1].strip()
    return Branch(f"impl/{path.relative_to(ROOT).as_posix()}", line, to, function, text)


def source_digest() -> str:
    """The digest of the files that are measured: lines that were taken are lines of these."""
    found = hashlib.sha256()
    for name in FOLDERS:
        for path in sorted((ROOT / name).rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()


def function_at(path: Path, line: int) -> str:
    """The qualified name of the innermost function at a line; empty outside of all."""
    inside = [name for name, first, last in _functions(path) if first <= line <= last]
    return inside[-1] if inside else ""


@cache
def _functions(path: Path) -> tuple[tuple[str, int, int], ...]:
    """The functions of a file, outer ones first: name, first and last line of the body."""
    return tuple(_within(ast.parse(path.read_text(encoding="utf-8")), ""))


def _within(node: ast.AST, prefix: str) -> Iterator[tuple[str, int, int]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield prefix + child.name, child.body[0].lineno, child.end_lineno or child.lineno
            yield from _within(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _within(child, f"{prefix}{child.name}.")
        else:
            yield from _within(child, prefix)
