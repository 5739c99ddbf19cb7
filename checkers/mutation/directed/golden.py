"""Golden traces: what happens in each directed scenario, step by step, as text to be read.

    ./run python -m dynaproof.checkers.mutation.directed.golden

writes them anew; a test compares. Read the difference before you commit it: it is what the system does.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final

from dynaproof.checkers.mutation.directed.catalogue import DIRECTED, Scenario, trace_of
from dynaproof.checkers.whole_file import write_whole

TRACES: Final = Path(__file__).with_name("traces")


def golden(scenario: Scenario) -> str:
    """The trace of a scenario, under its name and sentence."""
    head = [scenario.name, "", *textwrap.wrap(scenario.sentence, 110)]
    if scenario.kills:
        head += textwrap.wrap(f"Seeded bugs that break a promise here: {', '.join(scenario.kills)}.", 110)
    return "\n".join([*head, "", *trace_of(scenario).lines]) + "\n"


def rewrite() -> None:
    """Write all traces, and remove those of scenarios that are gone."""
    TRACES.mkdir(exist_ok=True)
    for path in sorted(TRACES.iterdir()):
        if path.stem not in DIRECTED:
            path.unlink()
    for name, scenario in DIRECTED.items():
        write_whole(TRACES / f"{name}.txt", golden(scenario).encode())


if __name__ == "__main__":
    rewrite()
