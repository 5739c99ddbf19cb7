"""What a check says, and what it may cost."""

import time
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from dynaproof.specs.history import Column

Verdict = Literal["linearizable", "not linearizable", "unknown"]

LINEARIZABLE: Verdict = "linearizable"
NOT_LINEARIZABLE: Verdict = "not linearizable"
UNKNOWN: Verdict = "unknown"

BYTES_PER_CONFIGURATION = 400
"""About what a configuration takes in the searches; turns a memory budget into a number of configurations."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a check may take; None: no limit. When it ends, the verdict is unknown.

    `megabytes` counts what a search remembers, not the history itself.
    """

    seconds: float | None = None
    configurations: int | None = None
    megabytes: float | None = None


def endless(_configurations: int) -> bool:
    """The budget of a search without a limit: it never ends."""
    return False


class Meter:
    """Counts against a budget, for all keys together; the searches ask it now and then.

    Time ends for all keys at once. A search that remembers too much is given up, and others go on: they run
    one after the other, so what one remembers is all that is remembered. `ended_by` is the last reason given.
    """

    def __init__(self, budget: Budget | None) -> None:
        budget = budget or Budget()
        self._ends_at = None if budget.seconds is None else time.monotonic() + budget.seconds
        limits = [budget.configurations] if budget.configurations is not None else []
        if budget.megabytes is not None:
            limits.append(int(budget.megabytes * 1_000_000 / BYTES_PER_CONFIGURATION))
        self.limit = min(limits, default=None)
        self.ended_by: str | None = None

    def exhausted(self, configurations: int) -> bool:
        """Whether the budget has ended, with so many configurations remembered at the moment."""
        if self.limit is not None and configurations > self.limit:
            self.ended_by = f"more than {self.limit} configurations"
            return True
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            self.ended_by = "time"
            return True
        return False


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why one key is not linearizable: the named cause, the rows that show it, and a sentence."""

    cause: str
    witness: tuple[int, ...]
    sentence: str


@dataclass(frozen=True)
class Result:
    """The answer to one check. Rows are places in the history, from 0.

    If the verdict is no, `cause`, `sentence`, `witness` (rows) and `key` are there, and if a search decided,
    `stuck_at`, the row at whose return it got stuck; if it is yes, `certificate` (rows, key after key, see
    `checkers.certificates`). `algorithm` names what decided, `why` says why that one did, `engine` in which
    form: Python, numpy or machine code. `progress` says how far an unknown one came; `undecided` names its
    keys, `key` is the first of them, `prefix` (rows) the longest order of that key's operations that was
    found, and `stuck_at` the row at whose return that order could not be continued.
    """

    verdict: Verdict
    operations: int
    keys: int
    algorithm: str
    why: str
    sentence: str
    cause: str | None = None
    witness: tuple[int, ...] = ()
    key: str | None = None
    stuck_at: int | None = None
    certificate: Column | None = field(default=None, repr=False)
    progress: str | None = None
    undecided: tuple[str, ...] = ()
    prefix: tuple[int, ...] = ()
    engine: str = "Python"

    @property
    def linearizable(self) -> bool:
        """Whether the verdict is yes."""
        return self.verdict == LINEARIZABLE
