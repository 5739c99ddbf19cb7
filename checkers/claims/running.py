"""Running the commands of claims within a budget, and judging what they print.

What runs is decided before anything does: the cheapest first, by the seconds that the notes give, as long as
everything fits. A command that several claims name runs once. Results are kept as they come, so that an
interrupted rerun can go on where it was, as long as the sources are the same.
"""

import hashlib
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from dynaproof.checkers.claims.notes import Claim, Expected
from dynaproof.checkers.whole_file import write_whole

SOURCES = ("checkers", "impl", "model", "specs", "dynaproof", "benchmarks", "examples")
"""The folders of a checkout whose files decide what its commands print."""


class Output(msgspec.Struct, frozen=True):
    """What a command printed on standard output; `status` None: the budget ended before it did."""

    status: int | None
    text: str
    seconds: float


class Kept(msgspec.Struct):
    """The outputs of one rerun by command, and the digest of the sources that printed them."""

    sources: str
    outputs: dict[str, Output]


class Verdict(msgspec.Struct, frozen=True):
    """One figure: what its document says, what the command says now (`verdict`: same, differs, not run)."""

    document: str
    line: int
    command: str
    commit: str
    figure: str
    said: str
    got: str
    verdict: str


def plan(claims: Iterable[Claim], budget_seconds: float) -> tuple[list[str], dict[str, str]]:
    """The commands that fit, cheapest first, and for each other command why it is not run."""
    seconds: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for claim in claims:
        if claim.cannot:
            reasons[claim.command] = claim.cannot
        else:
            seconds[claim.command] = max(claim.seconds, seconds.get(claim.command, 0))
    chosen: list[str] = []
    left = budget_seconds
    for command in sorted(seconds, key=lambda one: (seconds[one], one)):
        left -= seconds[command]
        if left >= 0:
            chosen.append(command)
        else:
            reasons[command] = f"does not fit into the budget (about {seconds[command]:g} s)"
    return chosen, reasons


def run(command: str, root: Path, limit_seconds: float) -> Output:
    """Run a command of `./run` in the checkout, and stop it with all its processes at the limit."""
    words = shlex.split(command)
    begun = time.monotonic()
    with subprocess.Popen(
        [str(root / "run"), *words[1:]],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            text, _ = process.communicate(timeout=max(limit_seconds, 0.001))
        except BaseException as error:
            # Its workers are in its session; killed alone, it would leave them behind.
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return Output(None, "", time.monotonic() - begun)
            raise
    return Output(process.returncode, text, time.monotonic() - begun)


def run_all(
    commands: list[str],
    root: Path,
    budget_seconds: float,
    kept: Path,
    resume: bool,
    told: Callable[[str], None],
) -> Iterable[tuple[str, Output]]:
    """Each command with its output, as it ends; a command that was run on the same sources before is not run
    again.
    """
    sources = sources_digest(root)
    before = _read_kept(kept) if resume else None
    outputs = before.outputs if before is not None and before.sources == sources else {}
    deadline = time.monotonic() + budget_seconds
    for number, command in enumerate(commands, 1):
        known = outputs.get(command)
        if known is None:
            told(f"{number} of {len(commands)}: {command}")
            known = run(command, root, deadline - time.monotonic())
            if known.status is not None:
                outputs[command] = known
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_whole(kept, msgspec.json.encode(Kept(sources, outputs)))
        yield command, known


def _read_kept(kept: Path) -> Kept | None:
    try:
        return msgspec.json.decode(kept.read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return None  # Nothing to go on from: everything is run.


def sources_digest(root: Path) -> str:
    """A digest of everything that decides what the commands of a checkout print."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root)}\n".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def judge(claim: Claim, output: Output | None, reason: str) -> list[Verdict]:
    """A verdict for each figure of a claim; `output` None: not run, for that reason."""
    if claim.cannot:
        return [Verdict(claim.document, claim.line, claim.command, claim.commit, "", "", reason, "not run")]
    verdicts = []
    for one in claim.expected:
        if output is None or output.status is None:
            got, verdict = reason or "the budget ended while it ran", "not run"
        else:
            got, same = _got(one, output)
            verdict = "same" if same else "differs"
        named = one.source or "text"
        verdicts.append(
            Verdict(claim.document, one.line, claim.command, claim.commit, named, one.said, got, verdict)
        )
    return verdicts


def _got(one: Expected, output: Output) -> tuple[str, bool]:
    """What the output says in the place of a figure, and whether that is the same."""
    if not one.source:
        there = _plain(one.said) in _plain(output.text)
        return (one.said if there else _nearest(output)), there
    if one.source.startswith('"'):
        before, _, after = (re.escape(part) for part in _plain(one.source.strip('"')).partition("#"))
        found = re.findall(rf"{before}([\d.]*\d){after}", _plain(output.text))
        return (found[0], _plain(one.said) in found) if found else (_nearest(output), False)
    value = _at(one.source, output)
    got = str(value).lower() if isinstance(value, bool) else str(value)
    return (got, got == _plain(one.said)) if value is not None else (_nearest(output), False)


def _at(place: str, output: Output) -> Any:
    """What stands at a dotted place of the output's last JSON object (`_` for a space); None: nothing."""
    for line in reversed(output.text.splitlines()):
        if line.startswith("{"):
            try:
                value: Any = msgspec.json.decode(line)
            except msgspec.DecodeError:
                return None
            for key in place.split("."):
                if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                    value = value[int(key)]
                elif isinstance(value, dict):
                    value = value.get(key, value.get(key.replace("_", " ")))
                else:
                    return None
            return value
    return None


def _nearest(output: Output) -> str:
    """What to show of an output that lacks a figure."""
    return f"not in the output (exit status {output.status})"


def _plain(text: str) -> str:
    """A text without thousands separators, and with single spaces."""
    return " ".join(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text).split())
