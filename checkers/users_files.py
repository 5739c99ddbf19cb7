"""The files that a user's objects come from, and whether they have changed: work that goes on from where it
was interrupted goes on with the code that began it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from dynaproof.checkers.user_code import OURS
from dynaproof.checkers.user_file import file_of

LIBRARIES = "site-packages"
"""A folder of this name below the user's holds what is not theirs."""


def hashes_of(names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of the files of these objects (`FILE.py:NAME`; other names are in no file), and of the modules
    beside them, or in folders below, that are imported by now; by their paths.
    """
    files = dict.fromkeys(Path(file) for file in map(file_of, names) if file)
    found = {str(one): _hash(one) for one in files}
    for folder in dict.fromkeys(file.parent for file in files):
        for path in _imported_below(folder.resolve()):
            found.setdefault(str(folder / path), _hash(folder / path))
    return {path: found[path] for path in sorted(found) if found[path]}


def changed(before: Mapping[str, str]) -> str | None:
    """The first of these files that is not as it was; None if all are."""
    return next((path for path in sorted(before) if _hash(Path(path)) != before[path]), None)


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _imported_below(folder: Path) -> list[Path]:
    """The files of the modules that were imported from a folder, by their places in it."""
    found = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file is None or file.startswith(OURS):
            continue
        path = Path(file).resolve()
        if path.is_relative_to(folder) and LIBRARIES not in path.parts:
            found.append(path.relative_to(folder))
    return found
