"""`dynaproof new` and `dynaproof examples`: files to start from."""

import shutil
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from dynaproof import console
from dynaproof.errors import UserError

HERE = Path(__file__).resolve().parent.parent
BEGINNING = HERE / "beginning"
"""What `new` writes; docs/tutorial.md goes through it."""

LEFT_BEHIND = ("__pycache__", "*.py[cod]", ".*")


def new(folder: Path, /) -> int:
    """Write a small protocol with its promise, and a test that explores it, to be changed into your own.

    Args:
        folder: A new or an empty folder.
    """
    for file in copied(BEGINNING, folder):
        console.show(str(file))
    return 0


def examples(folder: Path, /) -> int:
    """Copy the examples: protocols, models, recorded histories, failing runs.

    Args:
        folder: A new or an empty folder.
    """
    files = copied(example_folder(), folder)
    for place in sorted({file.parent for file in files}):
        number = sum(file.parent == place for file in files)
        console.show(f"{place}: {number} {'file' if number == 1 else 'files'}")
    return 0


def example_folder() -> Path:
    """Where the examples are: in the package that was built, or beside it in a checkout."""
    built = HERE / "examples"
    return built if built.is_dir() else HERE.parent / "examples"


def copied(source: Path, folder: Path) -> list[Path]:
    """Copy a folder's files into a new or an empty one, all or none; returns them in order of their names."""
    from dynaproof.checkers.whole_file import write_whole

    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: that is a file", "name a new or an empty folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder}: the folder is not empty", "name a new or an empty folder")
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    files = []
    try:
        for file in sorted(one for one in source.rglob("*") if one.is_file()):
            place = file.relative_to(source)
            if not any(fnmatch(part, left) for part in place.parts for left in LEFT_BEHIND):
                write_whole(folder / place, file.read_bytes())
                files.append(folder / place)
    except BaseException:  # A full disk, or Ctrl-C: a second try needs the folder empty again.
        for begun in missing[-1:] or folder.iterdir():
            if begun.is_dir():
                shutil.rmtree(begun, ignore_errors=True)
            else:
                with suppress(OSError):
                    begun.unlink()
        raise
    return sorted(files)
