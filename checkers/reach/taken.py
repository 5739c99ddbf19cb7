"""What a campaign has taken so far, and the file in which it is kept, so that it can go on later."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct, field

from dynaproof.checkers.reach.branches import Arcs
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.whole_file import write_whole


class Taken(Struct):
    """The first `schedules` of a mix of scenarios; `last_new` is the last one that took something new.

    `made_by` is the version that ran them, `source` the digest of the code whose branches they took.
    """

    made_by: str
    source: str
    scenarios: tuple[str, ...]
    strategy: str
    seed: int
    schedules: int = 0
    events: int = 0
    failed: int = 0
    last_new: int = 0
    pairs: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    """By file below `impl`: lines that followed each other."""

    def add(self, outcome: RunResult, arcs: Arcs) -> None:
        """Count the next schedule."""
        self.schedules += 1
        self.events += outcome.events
        self.failed += outcome.failure is not None
        for file, pairs in arcs.items():
            known = self.pairs.setdefault(file, set())
            if not known.issuperset(pairs):
                known.update(pairs)
                self.last_new = self.schedules

    def continues(self, other: Taken) -> bool:
        """Whether it is the same campaign of the same version as another."""
        mine = (self.made_by, self.source, self.scenarios, self.strategy, self.seed)
        return mine == (other.made_by, other.source, other.scenarios, other.strategy, other.seed)

    def save(self, file: Path) -> None:
        """Write it whole, or not at all."""
        write_whole(file, msgspec.json.encode(self, order="deterministic"))


def kept_in(file: Path) -> Taken:
    """What a file keeps.

    Raises:
        ValueError: it keeps something else.
        OSError: it cannot be read.
    """
    return msgspec.json.decode(file.read_bytes(), type=Taken)
