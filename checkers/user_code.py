"""Errors in a user's code: a guard around it, and what is said of them, and where in their own files they
came from.
"""

from __future__ import annotations

import ast
import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType

OURS = str(Path(__file__).parents[1])
OUR_PACKAGE = f"{__name__.partition('.')[0]}."

SPECS_NEVER_RAISE = "specs_never_raise"
"""The name under which a run fails if a user's spec, or their abstraction, goes wrong itself: then nothing is
known of the system.
"""

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


class Guard:
    """Around a user's code: whatever it raises, the end of the process included, becomes `blamed(error)`.

    Interruptions pass: by the keyboard, and by a time limit of ours. What `blamed` gives back as it was, too.
    """

    __slots__ = ("_blamed",)

    def __init__(self, blamed: Callable[[BaseException], BaseException]) -> None:
        self._blamed = blamed

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is None or _interrupts(error):
            return
        blamed = self._blamed(error)
        if blamed is not error:
            raise blamed from error


def _interrupts(error: BaseException) -> bool:
    ours = type(error).__module__.startswith(OUR_PACKAGE)
    return isinstance(error, KeyboardInterrupt) or (ours and not isinstance(error, Exception))


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
