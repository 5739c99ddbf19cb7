"""Which source each seeded bug was written against: digests of the originals that it overrides.

When an original changes, a test fails until somebody has looked whether the bug still changes one decision of
it; then `./run python -m dynaproof.checkers.mutation.pins` pins it anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from dynaproof.checkers.mutation.bug import originals
from dynaproof.checkers.mutation.catalogue import MUTANTS

PINS = Path(__file__).with_name("pins.json")


def pinned() -> dict[str, dict[str, str]]:
    """For each bug the digests of its originals, as they were when it was last looked at."""
    found: dict[str, dict[str, str]] = json.loads(PINS.read_text())
    return found


def current() -> dict[str, dict[str, str]]:
    """The same for the originals as they are."""
    return {name: originals(mutant) for name, mutant in MUTANTS.items()}


if __name__ == "__main__":
    PINS.write_text(json.dumps(current(), indent=1, sort_keys=True) + "\n")
