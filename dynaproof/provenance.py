"""Where a result comes from: enough to run it again, in every object that reports one.

`{"version", "commit", "modified", "python", "seed", "configuration", "machine"}`. None of it feeds back into
a run: results are functions of seed and configuration alone, so provenance is left out of every digest.
"""

import os
import platform
import sys
from functools import cache
from pathlib import Path

import msgspec

from dynaproof import __version__

ROOT = Path(__file__).resolve().parent.parent
GIT_TIMEOUT_SECONDS = 10


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine on which a result's figures depend; without the name of a host or a user."""

    system: str
    architecture: str
    cpu: str | None
    cores: int


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """The origin of one result.

    `commit` is null outside a checkout (an installed wheel) or without git; `modified` says whether tracked
    files differed from it. `seed` and `configuration` (a digest) are null where the command has none.
    """

    version: str
    commit: str | None
    modified: bool | None
    python: str
    seed: int | None
    configuration: str | None
    machine: Machine


def provenance(*, seed: int | None = None, configuration: str | None = None) -> Provenance:
    """The provenance of a result of this process; `configuration` is the digest of the configuration."""
    commit, modified = _checkout()
    return Provenance(
        version=__version__,
        commit=commit,
        modified=modified,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        seed=seed,
        configuration=configuration,
        machine=_machine(),
    )


def maker() -> str:
    """What writes files here, in words: version, commit, and whether there were changes on top."""
    made = provenance()
    commit = f", commit {made.commit[:12]}" if made.commit else ""
    return f"dynaproof {made.version}{commit}{' with changes' if made.modified else ''}"


@cache
def _checkout() -> tuple[str | None, bool | None]:
    """The commit of the checkout that this file is in, and whether tracked files differ from it."""
    if not (ROOT / ".git").exists():  # Installed elsewhere: a repository further up would not be ours.
        return None, None
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no") if commit else None
    return commit or None, None if changes is None else bool(changes)


def _git(*arguments: str) -> str | None:
    """What git printed, or None where it is missing, slow or refuses (no commit yet, not our repository)."""
    import subprocess  # Most results are told in words, without their provenance.

    command = ["git", "-C", str(ROOT), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def _machine() -> Machine:
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return Machine(system=platform.system(), architecture=platform.machine(), cpu=_cpu(), cores=cores)


def _cpu() -> str | None:
    """The processor's name where the system has it in a file, else None."""
    if sys.platform != "linux":
        return None
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return None
