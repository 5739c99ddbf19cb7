"""The linearizability checker beside Porcupine: `./run python benchmarks/linearizability.py`.

Checking alone is compared; parsing is measured apart. A check that does not end within the limit counts as
the limit. Ours runs with its compiled code already loaded, Porcupine in a process of its own per file, with
its memory bounded. Results are kept in a JSON file beside the document, so that families can be measured a
few at a time (`--only`), and the document is written from all of them.
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from linearizability_families import FAMILIES, MANY_KEYS, REGISTER, many_keys, one_key

from dynaproof.checkers.certificates import verify
from dynaproof.checkers.histories import read
from dynaproof.checkers.histories.writers import json_lines, write
from dynaproof.checkers.linearizability import Budget, check, minimal_core
from dynaproof.checkers.linearizability.checking import fitting_object, load_machine_code
from dynaproof.provenance import maker
from dynaproof.specs.history import History

HERE = Path(__file__).resolve().parent
PEER = HERE / "peers" / "porcupine"
DOCUMENT = HERE.parent / "docs" / "benchmarks" / "linearizability.md"
MEMORY_GB = 6
SHORT_SECONDS = 0.5
REPEATS = 5
KEYS = 1_000
SLOPE_SIZES = (100_000, 1_000_000, 10_000_000)
CORE_SIZE = 100_000
ONE_KEY_FACTOR, MANY_KEYS_FACTOR = 10, 5
LONG_MS = 5
"""What takes Porcupine longer must not take ours longer than it; what does not, ours may take so long."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--limit", type=float, default=30, help="seconds until a check counts as this long"
    )
    arguments.add_argument(
        "--only", nargs="*", help="families by the beginning of their names; none: no family"
    )
    arguments.add_argument("--part", nargs="*", default=PARTS, choices=PARTS, help="what to measure")
    arguments.add_argument("--write", type=Path, default=DOCUMENT, help="the document")
    arguments.add_argument("--resume", action="store_true", help="measure only what the JSON file lacks")
    given = arguments.parse_args()
    store = given.write.with_suffix(".json")
    kept: dict[str, Any] = json.loads(store.read_text()) if store.exists() else {}
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        peer = build(Path(folder))
        families = kept.setdefault("families", {})
        for name, make in FAMILIES.items() if "families" in given.part else ():
            if given.only is not None and not any(name.startswith(wanted) for wanted in given.only):
                continue
            for valid in (True, False):
                if given.resume and _row_name(name, valid) in families:
                    continue
                row = family(name, make(valid), valid, Path(folder), peer, given.limit)
                families[row["name"]] = row
                print(json.dumps(row), flush=True)
                store.parent.mkdir(parents=True, exist_ok=True)
                store.write_text(json.dumps(kept, indent=1) + "\n")
        if "files" in given.part and not (given.resume and kept.get("files")):
            kept["files"] = list(given_files(Path(folder), peer, given.limit))
        if "scale" in given.part and not (given.resume and "scale" in kept):
            kept["scale"] = scale(Path(folder))
            print(json.dumps(kept["scale"]), flush=True)
    kept["machine"] = machine(given.limit)
    given.write.parent.mkdir(parents=True, exist_ok=True)
    store.write_text(json.dumps(kept, indent=1) + "\n")
    given.write.write_text(document(kept))


PARTS = ("families", "files", "scale")


def warm_up() -> None:
    """Load the compiled code, so that no measurement pays for it."""
    load_machine_code()
    for valid in (True, False):
        check(one_key(REGISTER, 5, 1_000)(valid), machine_code=True)


def build(folder: Path) -> Path:
    """The peer's executable."""
    program = folder / "porcupine-peer"
    subprocess.run(["go", "build", "-o", program, "."], cwd=PEER, check=True)
    return program


def measured(history: History, limit: float) -> dict[str, Any]:
    """Our times for checking: the best of a few where that is quick."""
    wall, cpu, verdict, algorithm = math.inf, math.inf, "unknown", ""
    for _ in range(REPEATS):
        began, used = time.perf_counter(), time.process_time()
        result = check(history, budget=Budget(seconds=limit))
        took, spent = time.perf_counter() - began, time.process_time() - used
        wall, cpu = min(wall, took), min(cpu, spent)
        verdict, algorithm = result.verdict, f"{result.algorithm} ({result.engine})"
        if result.certificate is not None and took < SHORT_SECONDS:
            verify(history, result.certificate, fitting_object(history))
        if took > SHORT_SECONDS:
            break
    return {"verdict": verdict, "wall_ms": wall * 1e3, "cpu_ms": cpu * 1e3, "algorithm": algorithm}


def peer_measured(file: Path, peer: Path, limit: float) -> dict[str, Any]:
    """Porcupine's times for checking; out of memory counts as out of time."""

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_GB << 30, MEMORY_GB << 30))

    done = subprocess.run(
        [peer, "-limit", str(limit), file], capture_output=True, text=True, preexec_fn=bounded, check=False
    )
    if done.returncode != 0:
        return {"verdict": "out of memory", "wall_ms": limit * 1e3, "cpu_ms": limit * 1e3, "parse_ms": 0}
    answer = json.loads(done.stdout)
    if answer["verdict"] == "unknown":
        answer["check_ms"] = max(answer["check_ms"], limit * 1e3)
    return {
        "verdict": answer["verdict"],
        "wall_ms": answer["check_ms"],
        "cpu_ms": answer["cpu_ms"],
        "parse_ms": answer["parse_ms"],
    }


def family(
    name: str, history: History, valid: bool, folder: Path, peer: Path, limit: float
) -> dict[str, Any]:
    """One row: a history of a family, by both."""
    file = folder / "history.jsonl"
    write(history, file)
    began = time.perf_counter()
    again = read(file)
    parse_ms = (time.perf_counter() - began) * 1e3
    ours = measured(again, limit)
    theirs = peer_measured(file, peer, limit)
    expected = "linearizable" if valid else "not linearizable"
    if ours["verdict"] not in {expected, "unknown"}:
        raise AssertionError(f"{name}: {ours['verdict']} instead of {expected}")
    if theirs["verdict"] in {"linearizable", "not linearizable"} and theirs["verdict"] != expected:
        raise AssertionError(f"{name}: Porcupine says {theirs['verdict']} instead of {expected}")
    return {
        "name": _row_name(name, valid),
        "operations": len(history),
        "parse_ms": parse_ms,
        "ours": ours,
        "porcupine": theirs,
    }


def given_files(folder: Path, peer: Path, limit: float) -> Iterator[dict[str, Any]]:
    """Recorded histories of real systems, where they lie beside the project, and no made ones."""
    shared = Path(os.environ.get("DYNAPROOF_SHARED") or HERE.parent.parent / "shared")
    for path in sorted((shared / "data" / "histories").rglob("*")):
        if path.is_dir() or path.suffix in {".md", ".csv"} or path.parent.name == "trials":
            continue
        history = read(path)
        file = folder / "given.jsonl"
        file.write_bytes(json_lines(history))
        row = {"name": path.name, "operations": len(history), "ours": measured(history, limit)}
        row["porcupine"] = peer_measured(file, peer, limit)
        yield row


def scale(folder: Path) -> dict[str, Any]:
    """Parsing, growth of time with size, and memory, over 1,000 keys; and how long a core takes."""
    file = folder / "many.jsonl"
    file.write_bytes(json_lines(many_keys(REGISTER, KEYS, 5, SLOPE_SIZES[1] // KEYS)(True)))
    rate = 0.0
    for _ in range(2):
        began = time.perf_counter()
        parsed = len(read(file))
        rate = max(rate, parsed / (time.perf_counter() - began))
    base = many_keys(REGISTER, KEYS, 5, SLOPE_SIZES[0] // KEYS)(True)
    times = []
    for size in SLOPE_SIZES:
        history = repeated(base, size // SLOPE_SIZES[0])
        Path("/proc/self/clear_refs").write_text("5")  # The peak is counted anew from here.
        before = memory_kb("VmRSS")
        best, best_cpu = math.inf, math.inf
        for _ in range(3):
            began, used = time.perf_counter(), time.process_time()
            assert check(history).linearizable
            best = min(best, time.perf_counter() - began)
            best_cpu = min(best_cpu, time.process_time() - used)
        peak = memory_kb("VmHWM")
        columns = sum(column.nbytes for column in history.columns)
        bytes_each = ((peak - before) * 1024 + columns) / len(history)
        times.append(
            {"operations": len(history), "wall_ms": best * 1e3, "cpu_ms": best_cpu * 1e3,
             "bytes_per_operation": bytes_each}
        )  # fmt: skip
    spoiled = one_key(REGISTER, 20, CORE_SIZE)(False)
    began = time.perf_counter()
    core = minimal_core(spoiled, check(spoiled))
    core_s = time.perf_counter() - began
    logs = np.log([[row["operations"], row["cpu_ms"]] for row in times])
    slopes = np.diff(logs[:, 1]) / np.diff(logs[:, 0])
    return {
        "parsed_per_second": rate, "times": times, "slope": float(slopes[-1]),
        "core_s": core_s, "core_operations": len(core.history),
    }  # fmt: skip


def memory_kb(name: str) -> int:
    """A figure of this process's memory, as Linux counts it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def repeated(history: History, times: int) -> History:
    """The history so many times, one after the other, with values of their own.

    Reads of absent, which only the first run begins with, are left out of the others.
    """
    c = history.columns
    span = int(c.ret.max()) + 2
    values = len(history.values)
    parts: dict[str, list[Any]] = {name: [] for name in c._fields}
    for number in range(times):
        for name in c._fields:
            column = getattr(c, name)
            if name in {"call", "ret"}:
                column = column + number * span
            elif name == "value":
                column = np.where(column > 0, column + number * (values - 1), 0).astype(column.dtype)
            parts[name].append(column[c.value > 0] if number else column)
    columns = type(c)(*(np.concatenate(parts[name]) for name in c._fields))
    table: Any = range(values + (times - 1) * (values - 1))
    return History(columns, history.keys, table, clock=history.clock)


def machine(limit: float) -> dict[str, Any]:
    """What it was measured on."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.processor(),
    )  # fmt: skip
    go = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    version = next(
        line.split()[-1] for line in (PEER / "go.mod").read_text().splitlines() if "anishathalye" in line
    )
    return {
        "cpu": cpu, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(), "numba": numba.__version__, "numpy": np.__version__, "go": go,
        "porcupine": version, "commit": maker(), "load": f"{os.getloadavg()[1]:.1f}", "limit_s": limit,
        "memory_gb": MEMORY_GB,
    }  # fmt: skip


# ---- the document


def document(kept: dict[str, Any]) -> str:
    """The tables, as Markdown."""
    m = kept["machine"]
    short_commit = m["commit"].partition("commit ")[2][:7]  # Of `maker`'s sentence.
    parts = [HEAD.format(**m, repeats=REPEATS, long_ms=LONG_MS, short_commit=short_commit)]
    rows = [kept["families"][name] for name in _names() if name in kept.get("families", {})]
    parts += ["## Families\n", *_table(rows), ""]
    if kept.get("files"):
        parts += ["## Recorded histories\n", *_table(kept["files"]), ""]
    everything = rows + list(kept.get("files", ()))
    long = [row for row in everything if row["porcupine"]["wall_ms"] > LONG_MS]
    slower = [row["name"] for row in long if row["ours"]["wall_ms"] > row["porcupine"]["wall_ms"]]
    late = [row["name"] for row in everything if row not in long and row["ours"]["wall_ms"] > LONG_MS]
    parts += [f"Rows that take Porcupine over {LONG_MS} ms: {len(long)} of {len(everything)}.", ""]
    parts += [f"Of these ours is slower on: {', '.join(slower) or 'none'}.", ""]
    parts += [f"Of the others ours takes over {LONG_MS} ms on: {', '.join(late) or 'none'}.", ""]
    if "scale" in kept:
        s = kept["scale"]
        parts += ["## Scale\n", "| operations, 1,000 keys | wall, ms | CPU, ms | bytes per operation |"]
        parts += ["| ---: | ---: | ---: | ---: |"]
        for t in s["times"]:
            bytes_each = f"{t['bytes_per_operation']:.0f}"
            parts += [f"| {t['operations']:,} | {t['wall_ms']:,.0f} | {t['cpu_ms']:,.0f} | {bytes_each} |"]
        parts += ["", TAIL.format(**s)]
    return "\n".join(parts)


HEAD = """# The linearizability checker beside Porcupine

<!-- figures
  covers: document
  command: ./run python benchmarks/linearizability.py
  commit: {short_commit}
  cannot: needs Porcupine
-->
Made by `./run python benchmarks/linearizability.py`; a few families at a time by, say,
`--part families --only "one register"`. Checking alone, in milliseconds, wall and CPU. Ours is the best of
up to {repeats} runs in one process; Porcupine runs in one of its own with {memory_gb} GB. A time-out counts
as the limit of {limit_s:g} s, and so does running out of memory.

Ours is `check` as it is called; what decided is in the column "by". Machine code is loaded before the first
measurement. A ratio is Porcupine's time by ours. The gate of one-key families is a ratio of 10 by wall and by
CPU, that of 1,000 keys 5; "goal" is a family that need only be decided. That of few values with crashed
operations, and of recorded histories, is not to be slower than Porcupine where that takes over {long_ms} ms,
and to take at most {long_ms} ms elsewhere.

{cpu}, {cores} cores, {system}; Python {python}, numba {numba}, numpy {numpy}; {go}, Porcupine {porcupine};
{commit}.
Load average at the end: {load}; where it is above the cores, CPU times tell more than wall times.
"""

TAIL = """Slope of log CPU time over log size, from the second row to the last: {slope:.3f} (gate: at most
1.05). Bytes are the history's columns and what the peak of the process's memory rose to above what it was
before the check (gate: 200).

JSON lines parsed per second (1M operations): {parsed_per_second:,.0f} (gate: 500,000).

Minimal core of an invalid history of 100,000 operations, 20 clients: {core_s:.2f} s (gate: 2),
{core_operations} operations left.
"""


def _row_name(name: str, valid: bool) -> str:
    return f"{name}, {'valid' if valid else 'invalid'}"


def _names() -> list[str]:
    return [_row_name(name, valid) for name in FAMILIES for valid in (True, False)]


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        "| history | operations | ours | by | ours wall | ours CPU | Porcupine | Porcupine wall | "
        "Porcupine CPU | ratio wall | ratio CPU | gate |"
    )
    yield "| --- | ---: | --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |"
    for row in rows:
        ours, theirs = row["ours"], row["porcupine"]
        ratio = theirs["wall_ms"] / ours["wall_ms"]
        cpu = theirs["cpu_ms"] / ours["cpu_ms"]
        over = "" if theirs["verdict"] in {"linearizable", "not linearizable"} else "over "
        yield (
            f"| {row['name']} | {row['operations']:,} | {ours['verdict']} | {ours['algorithm']} | "
            f"{ours['wall_ms']:,.2f} | {ours['cpu_ms']:,.2f} | {theirs['verdict']} | "
            f"{theirs['wall_ms']:,.1f} | {theirs['cpu_ms']:,.1f} | {over}{ratio:,.1f} | {over}{cpu:,.1f} | "
            f"{_gate(row, min(ratio, cpu), ratio)} |"
        )


def _gate(row: dict[str, Any], least: float, wall: float) -> str:
    """Whether the row meets what is asked of it."""
    name: str = row["name"]
    if name not in _names() or name.startswith(FEW_VALUES):
        allowed = max(LONG_MS, row["porcupine"]["wall_ms"])
        return "met" if row["ours"]["wall_ms"] <= allowed else "NOT MET"
    if name.startswith(GOAL):
        return "goal: decided" if row["ours"]["verdict"] != "unknown" else "goal: not decided"
    factor = MANY_KEYS_FACTOR if name.startswith(MANY_KEYS) else ONE_KEY_FACTOR
    return "met" if least >= factor else "NOT MET"


FEW_VALUES = ("2 values", "5 values")
GOAL = "cas over 5 values, 50 clients, 10k"


if __name__ == "__main__":
    main()
