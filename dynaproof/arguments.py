"""Checks of a command's arguments before it begins: numbers in range, known strategies, outputs that can be
written and are not inputs.

An hour's campaign must not end in "no such folder", so every path is checked first.
"""

import math
import os
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryFile

from dynaproof.checkers.whole_file import is_stream
from dynaproof.errors import UserError, unknown_name

JOBS = 1
"""How many processes a command uses without `--jobs`."""

FIRST_RATE = 1_000
SECONDS, WARM_UP = 1.0, 0.2
SESSIONS, ROUND_TRIPS = 1_024, 50
"""Defaults of a load: the rate; simulated seconds that are measured, and those before them; sessions, and the
bound on the 99th percentile in mean round trips.
"""

PROBED_BYTES = 4_096


def above_zero(numbers: Mapping[str, float | None]) -> None:
    """Reject an option (name to number; None: not given) that is not a finite number above 0."""
    for option, number in numbers.items():
        if number is not None and not (number > 0 and math.isfinite(number)):
            raise UserError(f"{option} is {number}; it takes a number above 0")


def not_together(**given: object) -> None:
    """Reject two options that cannot be combined (each by its name; None and False: not given)."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value not in {None, False}]
    if len(named) > 1:
        raise UserError(f"{' and '.join(named)} cannot be combined", "give one of them")


def known_strategy(name: str) -> None:
    """Reject an unknown strategy, and a user's own that cannot be made."""
    from dynaproof.checkers.strategies.catalogue import GIVEN, STRATEGIES, strategy_named
    from dynaproof.checkers.strategies.users_strategy import StrategyError

    if name in (*STRATEGIES, "portfolio"):
        return
    if ".py:" not in name and name not in GIVEN:
        raise unknown_name("strategy", name, [*STRATEGIES, "portfolio"])
    try:
        strategy_named(name).make(1, 1)
    except (LookupError, StrategyError) as error:
        raise UserError(str(error.args[0])) from error


def folder_to_write(option: str, folder: Path) -> None:
    """Reject a place that is not a folder, cannot become one, or is not writable."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        if place.is_symlink():
            raise UserError(f"{option} {folder}: {place} is a link to nothing")
        place = place.parent
    if not place.is_dir():
        raise UserError(f"{option} {folder}: {place} is not a folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UserError(f"{option} {folder}: {place} may not be written to")
    try:
        with TemporaryFile(dir=place) as probe:  # Permissions do not tell of a full disk.
            probe.write(bytes(PROBED_BYTES))
            probe.flush()
    except OSError as error:
        problem = (error.strerror or type(error).__name__).lower()
        raise UserError(f"{option} {folder}: {place} cannot be written to: {problem}") from error


def file_to_write(option: str, file: Path | None, *suffixes: str) -> None:
    """Reject a file that cannot be written: a folder, a file in a missing folder, or one with another
    suffix.
    """
    if file is None:
        return
    if suffixes and file.suffix not in suffixes:
        raise UserError(f"{option} {file}: the name must end in {' or '.join(suffixes)}")
    if file.is_dir():
        raise UserError(f"{option} {file}: that is a folder", "name a file")
    if not file.parent.is_dir():
        raise UserError(f"{option} {file}: there is no folder {file.parent}")
    needed = [file] if file.exists() else []
    if not is_stream(file):  # It is written under another name and renamed, which its folder must allow.
        needed.append(file.resolve().parent)
    if not all(os.access(one, os.W_OK) for one in needed):
        raise UserError(f"{option} {file}: it may not be written")


def state_to_read(option: str, file: Path) -> None:
    """Reject a file that cannot keep anything: a folder, or a device or pipe, which may be read for ever."""
    if file.exists() and not file.is_file():
        raise UserError(f"{option} {file}: that is not a plain file", "name a file to keep the state in")


def outputs_apart(outputs: Mapping[str, Path | None], inputs: Iterable[str | Path]) -> None:
    """Reject an output (option to file; None: not given) that is an input too, or another output.

    Two spellings of one file count, through links and from other folders too.
    """
    given = {option: file for option, file in outputs.items() if file is not None and not is_stream(file)}
    read = [Path(one) for one in inputs]
    for option, file in given.items():
        if any(_same_file(file, one) for one in read):
            raise UserError(f"{option} {file}: that is an input, and would be lost", "name another file")
    for (option, file), (other, twin) in combinations(given.items(), 2):
        if _same_file(file, twin):
            raise UserError(f"{option} and {other} are the same file, {twin}", "name two files")


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except FileNotFoundError:  # One of them is still to be written.
        return False
