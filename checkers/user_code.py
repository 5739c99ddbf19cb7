"""What is said of an exception in a user's code: the error, and where in their own files it came from."""

from __future__ import annotations

import ast
import inspect
import traceback
from pathlib import Path
from types import ModuleType

OURS = str(Path(__file__).parents[1])

MOST_LINES = 3
"""How many lines of a traceback are shown, the innermost first."""

OUTSIDE = {
    "random": "",
    "secrets": "",
    "time": "",
    "uuid": "",
    "datetime": "",
    "os": "urandom",
    "threading": "",
}
"""Modules whose calls make two runs of one configuration differ; of `os`, this function only."""


def described(error: BaseException) -> str:
    """An error in one line, with the lines of the user's files that it went through."""
    said = f"{type(error).__name__}: {error}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((OURS, "<"))
    ]
    lines = [
        f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}: {frame.line}"
        for frame in reversed(frames[-MOST_LINES:])
    ]
    return " ".join(f"{said} ({'; from '.join(lines)})".split()) if lines else " ".join(said.split())


def outside_calls(module: ModuleType) -> list[str]:
    """The calls in a file that ask the machine for time or chance, each with its line."""
    tree = ast.parse(inspect.getsource(module))
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {one.asname or one.name: one.name for one in node.names if one.name in OUTSIDE}
        elif isinstance(node, ast.ImportFrom) and node.module in OUTSIDE:
            known |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            first, _, rest = name.partition(".")
            full = f"{known[first]}.{rest}" if rest and first in known else known.get(first, "")
            root, _, function = full.partition(".")
            if root in OUTSIDE and function.startswith(OUTSIDE[root]):
                found.append(f"line {node.lineno} calls {full}")
    return found
