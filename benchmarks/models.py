"""Speed of the model engine beside its peers, and counts of states beside the published ones.

    ./run python benchmarks/models.py speed     writes docs/benchmarks/models.md
    ./run python benchmarks/models.py alone     writes only that document's tables without peers
    ./run python benchmarks/models.py counts    writes the table of counts in docs/models.md
    ./run python benchmarks/models.py counted   prints that table only

What is measured of each engine, and what it needs, is in `model_engines.py`.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from model_engines import (
    CASES,
    MAIN,
    OURS,
    ROOT,
    RUNS,
    SPIN,
    STATERIGHT,
    TLC,
    Case,
    Figure,
    by_turns,
    ours,
    spin,
    stateright,
    tlc,
    versions,
)

from dynaproof import exits
from dynaproof.checkers.state_space.catalogue import NAMES, find
from dynaproof.checkers.state_space.explore import explore
from dynaproof.provenance import provenance

SPEED = ROOT / "docs" / "benchmarks" / "models.md"
NOTE = """<!-- figures
  covers: {covers}
  command: ./run python benchmarks/models.py {which}
  commit: {commit}
  cannot: {why}
-->"""
"""What `./run claims` reads of where these figures are from."""
COUNTS = ROOT / "docs" / "models.md"
ALONE = "## Without peers"
TLC_MOST_STATES = 5_000_000
"""TLC takes many minutes for more."""

READY: tuple[tuple[str, dict[str, int]], ...] = (
    ("two_phase_commit", {"rms": 8}),
    ("paxos", {"max_ballot": 2}),
    ("paxos", {"max_ballot": 3}),
    *((name, {}) for name in NAMES if name not in {"two_phase_commit", "paxos"}),
    ("examples/models/register_paxos.py", {}),
)
"""Models whose way from text to code is measured."""


# ---------------------------------------------------------------- beside the peers


def speed() -> None:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for case in CASES:
            searches = [ours(case, 1), ours(case, 2), stateright(case, work, 1), stateright(case, work, 2)]
            searches.append(spin(case, work))
            if case.distinct < TLC_MOST_STATES:
                searches.append(tlc(case, work))
            made = by_turns(case, [one for one in searches if one is not None])
            figures += made
            print(*(one.row() for one in made), sep="\n", flush=True)
        known = versions(work)
    lines = [
        "# Speed of the model engine",
        "",
        noted("document", "speed", "needs TLC, Stateright and Spin"),
        "Written by `./run python benchmarks/models.py speed`; all figures of a table are of one run.",
        f"{place()}; {'; '.join(known)}.",
        f"Each figure is the best of {RUNS} runs by turns, of more where they are short, and of TLC one run.",
        loaded(),
        "",
        "| model | engine | seconds | distinct states/s | |",
        "| --- | --- | ---: | ---: | --- |",
        *(one.row() for one in figures),
        "",
        "Every engine explores all states, checks at least agreement, and finds the same number of states.",
        "",
        *compared(figures),
        "",
        ALONE,
    ]
    SPEED.parent.mkdir(parents=True, exist_ok=True)
    SPEED.write_text("\n".join(lines), encoding="utf-8")
    alone()


def compared(figures: list[Figure]) -> list[str]:
    """Our rate with one thread over each peer's, and whether it reaches what was set as the goal."""
    lines = [
        "| our rate with one thread over that of | "
        + " | ".join(label(case) for case in CASES)
        + " | goal |",
        "| --- |" + " ---: |" * len(CASES) + " --- |",
    ]
    rates = {(one.engine, one.case): one.rate for one in figures}
    mine = {case: rates[OURS[0], case] for case in CASES}
    goals = {**dict.fromkeys((*STATERIGHT, SPIN), 1.0), TLC: 20.0}
    for engine, goal in goals.items():
        ratios = {case: mine[case] / rates[engine, case] for case in CASES if (engine, case) in rates}
        if ratios:
            cells = [f"{ratios[case]:.1f}" if case in ratios else "" for case in CASES]
            lines.append(
                f"| {engine} | {' | '.join(cells)} | above {goal:g}: {met(min(ratios.values()) > goal)} |"
            )
    scaling = {case: rates[OURS[1], case] / mine[case] for case in CASES}
    lines += [
        "",
        "| goal | measured | |",
        "| --- | ---: | --- |",
        *(
            f"| {label(case)}: 2,000,000 states/s with one thread | {mine[case]:,.0f} | "
            f"{met(mine[case] >= 2_000_000)} |"
            for case in CASES[:2]
        ),
        *(
            f"| {label(case)}: two threads 1.6 times one | {scaling[case]:.2f} | "
            f"{met(scaling[case] >= 1.6)} |"
            for case in CASES
            if case.distinct > 1_000_000
        ),
    ]
    return lines


def label(case: Case) -> str:
    return f"{case.model} {case.settings[1]}"


def met(reached: bool) -> str:
    return "met" if reached else "**not met**"


# ---------------------------------------------------------------- alone


@dataclass(frozen=True)
class Run:
    """One run of ours, with the goal that it is measured against."""

    text: str
    arguments: tuple[str, ...]
    goal: str = ""
    most_seconds: float = float("inf")
    most_mb: float = float("inf")
    least_rate: int = 0


ALONE_RUNS = (
    Run("two_phase_commit rms=10", ("two_phase_commit", "--set", "rms=10"), "60 s, 2,500 MB", 60, 2500),
    Run("the same, 2 threads", ("two_phase_commit", "--set", "rms=10", "--threads", "2")),
    Run("the same, symmetry", ("two_phase_commit", "--set", "rms=10", "--symmetry"), "1 s", most_seconds=1),
    Run(
        "paxos max_ballot=7 (507 bits), its first 2,000,000 states",
        ("paxos", "--set", "max_ballot=7", "--max-states", "2000000"),
        "500,000 states/s",
        least_rate=500_000,
    ),
)


def explored(one: Run) -> str:
    """A row for one run; the memory is all that the process ever held, Python and libraries included."""
    command = [sys.executable, "-c", MAIN, "model", *one.arguments, "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {exits.CLEAN, exits.UNKNOWN}:  # A limit of states ends some runs.
        raise RuntimeError(f"{one.text}: exit code {process.returncode}")
    processor, held = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    reached = (
        shown["seconds"] <= one.most_seconds
        and held <= one.most_mb
        and shown["states_per_second"] >= one.least_rate
    )
    cells = [
        one.text,
        f"{shown['distinct']:,}",
        "yes" if shown["exhausted"] else "no",
        f"{shown['seconds']:.2f}",
        f"{processor:.2f}",
        f"{shown['states_per_second']:,}",
        f"{held:,.0f}",
        f"{one.goal}: {met(reached)}" if one.goal else "",
    ]
    return f"| {' | '.join(cells)} |"


def ready(name: str, settings: dict[str, int]) -> str:
    """A row for the time from a model's text to running code: compiled afresh, and from the cache."""
    program = (
        "import time\n"
        "from dynaproof.checkers.state_space.catalogue import find\n"
        "from dynaproof.checkers.state_space.explore import Exploration\n"
        f"made = find({str(ROOT / name) if name.endswith('.py') else name!r})(**{settings})\n"
        "begun = time.process_time()\n"
        "print(Exploration(made).compile_seconds, time.process_time() - begun)\n"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "DYNAPROOF_CACHE": cache}
        command = [sys.executable, "-c", program]
        told = [
            subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
            for _ in range(2)
        ]
    (first, processor), (cached, _) = (map(float, one.stdout.split()) for one in told)
    shown = " ".join([Path(name).stem, *(f"{key}={value}" for key, value in settings.items())])
    reached = met(first < 5 and cached < 0.3)
    return f"| {shown} | {first:.2f} | {processor:.2f} | {cached:.2f} | {reached} |"


def alone() -> None:
    """Measure what is ours alone, and put it behind what the document says of the peers."""
    head, _, _ = SPEED.read_text(encoding="utf-8").partition(ALONE)
    runs = [explored(one) for one in ALONE_RUNS]
    prepared = [ready(name, settings) for name, settings in READY]
    lines = [
        ALONE,
        "",
        noted("section", "alone", "all of it is speed and memory, and it writes this document"),
        f"{place()}. {loaded()}",
        "Processor seconds are user and system, of all threads, MB the largest resident set of the process.",
        "",
        "| dynaproof | distinct states | exhausted | seconds | processor seconds | states/s | MB | goal |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |",
        *runs,
        "",
        "From text to running code; the goal is 5 s the first time, and 0.3 s from the cache:",
        "",
        "| model | first time, seconds | processor seconds | cached, seconds | goal |",
        "| --- | ---: | ---: | ---: | --- |",
        *prepared,
        "",
    ]
    SPEED.write_text(head + "\n".join(lines), encoding="utf-8")
    print(*runs, *prepared, sep="\n")


def noted(covers: str, which: str, why: str) -> str:
    """The note above what one of the commands of this file writes."""
    return NOTE.format(covers=covers, which=which, commit=(provenance().commit or "0" * 7)[:7], why=why)


def place() -> str:
    """The machine and what runs on it."""
    origin = provenance()
    machine = f"{origin.machine.cpu or origin.machine.architecture}, {origin.machine.cores} cores"
    return f"{machine}; {origin.python}; dynaproof {origin.version}"


def loaded() -> str:
    load = f"{os.getloadavg()[0]:.1f}"
    return f"The load of the machine was {load} at the end: above 2 other programs were running beside these."


# ---------------------------------------------------------------- counts


def counted() -> list[str]:
    """Explore every model for which counts are published, and print the rows of the table as they come."""
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
    return rows


def counts() -> None:
    """Put the table of counts between its marks."""
    rows = counted()
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
    commands = {"speed": speed, "alone": alone, "counts": counts, "counted": counted}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
