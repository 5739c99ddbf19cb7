"""Where output goes: results to standard output, everything else to standard error.

With `--json` a command prints through `emit`, one JSON object per line, each as soon as it is known, and
nothing else on standard output. Without it, it prints sentences with `show`, and tables to `results()`.
Progress, warnings and logs go to standard error in both cases (`progress`, `say`), so that output can always
be piped.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def file_name(name: str) -> str:
    """A file's name as JSON can have it: what is not UTF-8 in it, escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def emit(item: object) -> None:
    """Print one object as one line of JSON, and flush it: any value that msgspec encodes (Struct, dict).

    Fields keep their order, so that equal results are equal bytes; so sets are not allowed.
    """
    sys.stdout.write(msgspec.json.encode(item).decode("utf-8") + "\n")
    sys.stdout.flush()


@cache
def results() -> "Console":
    """The rich console on standard output, for people; do not use it with `--json`."""
    from rich.console import Console

    class Piped(Console):
        """Rich would exit with 1, which means a broken promise; leave a broken pipe to the command line."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Piped(highlight=False, soft_wrap=False)


def visible(text: str) -> str:
    """A text whose control characters are written out, but for tabs and ends of lines: what stands in a
    history is no command to the terminal.
    """
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def show(text: str, *, style: str | None = None, end: str = "\n") -> None:
    """Print one line of a result on standard output, as it is: no markup, not wrapped; but `visible`."""
    text = visible(text)
    if not sys.stdout.isatty() and not os.environ.get("FORCE_COLOR"):
        sys.stdout.write(text + end)  # Loading rich takes longer than most checks.
        return
    results().print(text, style=style, end=end, markup=False, soft_wrap=True)


@cache
def messages() -> "Console":
    """The rich console on standard error: progress, warnings, logs."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Print one line on standard error, as it is (no markup), but `visible`."""
    sys.stderr.write(visible(text) + "\n")
    sys.stderr.flush()


@contextmanager
def progress(description: str, total: float | None = None) -> Iterator[Callable[[float, str], None]]:
    """Show progress on standard error while the block runs; show nothing if that is not a terminal.

    Gives a function to call as `advance(done, details)`: `done` in the unit of `total` (None: unknown),
    `details` a short text shown beside the bar (rates, counts, failures).
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = messages()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[details]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=total, details="")

        def advance(done: float, details: str) -> None:
            bar.update(task, completed=done, details=details)

        yield advance
