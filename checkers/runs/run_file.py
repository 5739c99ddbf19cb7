"""Run files: one run with its result, as JSON. The run is its configuration, and its schedule where that was
written out.

The configuration names the scenario, one of ours or a user's `FILE.py:NAME`, and is of that scenario's type.
Replaying a file without a schedule runs the configuration again; with one, it lets exactly the named events
happen. The digest of the configuration lies beside it, so that an edited file is not taken for the run that
it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.schedule import follow
from dynaproof.checkers.seam import EventName
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.strategies.recording import Recorded
from dynaproof.checkers.whole_file import write_whole

NAME_PARTS = 3

RUN_FORMAT = 7
"""Version of run files; raised whenever a configuration or a schedule comes to mean another run."""

Find = Callable[[str], Scenario]
"""The scenario that a name in a run file stands for; raises `LookupError`, with a sentence, if there is none.
"""


class RunFileError(Exception):
    """A run file cannot be used; the message says why, and what to do."""


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """A `Recorded` to be read by people: each name as `kind node-or-link number`."""

    events: tuple[str, ...]
    choices: dict[str, int]


class RunFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What a run file holds."""

    format: int
    mutant: str | None
    config: Any
    """Of the type that its scenario says."""
    result: RunResult
    schedule: Schedule | None = None
    configuration: str = ""
    """Digest of `config`."""
    made_by: str = ""
    """The version that wrote it."""
    minimal: bool = False
    """Whether shrinking went on until nothing more could be left out."""

    @property
    def in_setup(self) -> bool:
        """Whether the run fails before its system is ready; its schedule then begins with the run."""
        return self.result.failure is not None and self.result.failure.in_setup

    def recorded(self) -> Recorded | None:
        """The schedule by its names."""
        if self.schedule is None:
            return None
        events = [_name(text, f"events[{at}]") for at, text in enumerate(self.schedule.events)]
        choices = [(_name(text, "choices"), number) for text, number in self.schedule.choices.items()]
        return Recorded(tuple(events), tuple(choices))


class _Named(Struct, frozen=True):
    scenario: str


class _Envelope(Struct, frozen=True):
    config: _Named


def schedule_of(recorded: Recorded) -> Schedule:
    """The schedule as text."""
    choices = {_text(label): number for label, number in recorded.choices}
    return Schedule(tuple(_text(name) for name in recorded.events), choices)


def configuration_digest(config: Any) -> str:
    """SHA-256 over a configuration."""
    return hashlib.sha256(msgspec.json.encode(config)).hexdigest()


def rerun(run: RunFile, scenario: Scenario) -> RunResult:
    """The run again.

    Raises:
        Divergence: its schedule is not possible as it was recorded.
    """
    recorded = run.recorded()
    if recorded is None:
        return execute(scenario, run.config)
    return follow(scenario, run.config, recorded, in_setup=run.in_setup)[0]


def stamped(run: RunFile, made_by: str = "") -> RunFile:
    """The run as its file has it: with the digest of its configuration, and who made it."""
    return msgspec.structs.replace(
        run, configuration=configuration_digest(run.config), made_by=made_by or run.made_by
    )


def save(path: Path, run: RunFile, made_by: str = "") -> None:
    """Write a run file; a reader sees the old one or the new one, never a part."""
    encoded = msgspec.json.encode(stamped(run, made_by))
    write_whole(path, msgspec.json.format(encoded, indent=1) + b"\n")


def load(path: Path, find: Find) -> RunFile:
    """Read a run file; `find` gives its scenario.

    Raises:
        RunFileError: it is truncated, is no run file, is of another version, or its configuration is not the
            one that it was written with.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        version = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("format")
    except msgspec.ValidationError as error:
        raise RunFileError(f"{path}: not a run file ({error}); name the file of a run") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RunFileError(
            f"{path}: not a run file, or a truncated one ({error}); explore again to make it anew"
        ) from error
    if version is None or bytes(version) != str(RUN_FORMAT).encode():
        shown = "no format" if version is None else f"format {bytes(version).decode()}"
        raise RunFileError(
            f"{path}: {shown}, this version reads {RUN_FORMAT}; "
            f"use the version that wrote it{_maker(data)}, or explore again"
        )
    try:
        scenario = find(msgspec.json.decode(data, type=_Envelope).config.scenario)
        run = msgspec.json.decode(data, type=RunFile)
        run = msgspec.structs.replace(run, config=_config(scenario, run.config))
        run.recorded()
        _check_names(scenario, run.config)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RunFileError(f"{path}: {error}; explore again to make it anew") from error
    except LookupError as error:
        raise RunFileError(f"{path}: {error.args[0]}; use the version that wrote it{_maker(data)}") from error
    if run.configuration != configuration_digest(run.config):
        raise RunFileError(
            f"{path}: its configuration is not the one that it was written with "
            f"(digest {configuration_digest(run.config)[:12]}, not {run.configuration[:12] or 'none'}); "
            "take the file as it was written, or explore again"
        )
    return run


def _config(scenario: Scenario, fields: object) -> Any:
    try:
        return msgspec.convert(fields, scenario.config)
    except msgspec.ValidationError as error:  # Its path begins at the configuration.
        raise ValueError(str(error).replace("`$", "`$.config")) from error


def _check_names(scenario: Scenario, config: Any) -> None:
    try:
        strategy_named(config.strategy)
    except LookupError as error:
        raise ValueError(f"{error.args[0]} - at `$.config.strategy`") from error
    kinds = scenario.fault_kinds()
    for at, fault in enumerate(config.faults):
        if fault.kind not in kinds:
            raise ValueError(f"there is no fault {fault.kind!r} - at `$.config.faults[{at}].kind`")


def _maker(data: bytes) -> str:
    try:
        made_by = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("made_by", b'""')
        name = msgspec.json.decode(made_by, type=str)
    except msgspec.MsgspecError:
        return ""
    return f" ({name})" if name else ""


def _text(name: EventName) -> str:
    return f"{name[0]} {name[1]} {name[2]}"


def _name(text: str, place: str) -> EventName:
    parts = text.rsplit(" ", 2)
    if len(parts) != NAME_PARTS or not parts[-1].isdecimal():
        raise ValueError(f"{text!r} is not a kind, a node or link and a number - at `$.schedule.{place}`")
    return (parts[0], parts[1], int(parts[2]))
