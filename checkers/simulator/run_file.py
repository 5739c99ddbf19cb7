"""Run files: one run's configuration with what came of it, as JSON. Replaying one is running its
configuration again.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from checkers.simulator.run import Outcome, RunConfig

RUN_FORMAT = 2
"""Version of run files; raised whenever a configuration means another run."""


class RunFileError(Exception):
    """A run file cannot be used; the message says why, and what to do."""


class RunFile(Struct, frozen=True):
    """What a run file holds."""

    format: int
    mutant: str | None
    config: RunConfig
    outcome: Outcome


def save(path: Path, run: RunFile) -> None:
    """Write a run file; whoever reads sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")
    os.replace(part, path)


def load(path: Path) -> RunFile:
    """Read a run file.

    Raises:
        RunFileError: it is truncated, is no run file, or is of another version.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        version = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("format")
    except msgspec.MsgspecError as error:
        raise RunFileError(
            f"{path}: not a run file, or a truncated one ({error}); explore again to make it anew"
        ) from error
    if version is None or bytes(version) != str(RUN_FORMAT).encode():
        shown = "no format" if version is None else f"format {bytes(version).decode()}"
        raise RunFileError(f"{path}: {shown}, this version reads {RUN_FORMAT}; use the version that wrote it")
    try:
        return msgspec.json.decode(data, type=RunFile)
    except msgspec.MsgspecError as error:
        raise RunFileError(f"{path}: {error}") from error
