"""A run's configuration, wholly explicit, and the result of the run.

A configuration is drawn from a seed once; from then on it stands by itself: settings, probabilities, faults
with their steps and targets. So a run is replayed from its configuration, and shrunk by leaving things out of
it. A scenario whose runs depend on more than this has a configuration of its own that inherits from
`RunConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.world.options import RATE_ONE, Options

ENDS = ("all", "majority", "gray")
"""What heals when the faults stop: everything, all but one node, or all but one link."""

FOREMOST = 40
"""Targets from here on mean the node that is foremost when the fault falls: of replicas, the leader."""

RATES = 8
"""How many clocks a run draws; its nodes take them in turn."""

TARGETS = 64
"""Targets are drawn below this."""


class Fault(Struct, frozen=True):
    """One fault: at which step after the setup it falls, on what, and for how many steps it lasts."""

    kind: str
    step: int
    target: int
    steps: int
    amount: int


class RunConfig(Struct, frozen=True, kw_only=True):
    """What every run depends on."""

    scenario: str
    seed: int
    strategy: str
    options: Options = Options()
    loss: int = 0
    duplication: int = 0
    """The chances that a message is lost and that it is repeated, in parts of 65536, while faults are on."""
    timer_weight: int = 16
    """In untimed mode, one choice in this many is among the timers."""
    length: int = 1_000
    """Steps in which things go wrong."""
    faults: tuple[Fault, ...] = ()
    end: str = "all"


class Failure(Struct, frozen=True):
    """A promise that was broken, and the step at which it was seen.

    Steps are counted from the end of the setup; in a run that breaks a promise before that, from its
    beginning.
    """

    spec: str
    sentence: str
    step: int
    in_setup: bool = False


class RunResult(Struct, frozen=True):
    """The outcome of a run."""

    digest: str
    events: int
    simulated_us: int
    failure: Failure | None
    endings: dict[str, int]
    reached: dict[str, int]
    faults: dict[str, int]
    keys: int = 0
    """Keys that clients used;"""
    unjudged: int = 0
    """of these, the keys no longer judged at the end of the run, because the judge's bound was reached."""


class Chance:
    """A seeded generator's numbers; only `getrandbits`, so that every Python draws the same."""

    def __init__(self, seed: str) -> None:
        self._bits = Random(seed).getrandbits

    def __call__(self, n: int) -> int:
        """A number below `n`."""
        return (self._bits(32) * n) >> 32


def draw_faults(kinds: Sequence[FaultKind], label: str, length: int, count: int) -> tuple[Fault, ...]:
    """`count` faults by step, of a random subset of the kinds; one is of a kind that always takes effect, if
    there is any.

    Every seed switches a random subset on (Groce et al., *Swarm Testing*, ISSTA 2012).
    """
    pick = Chance(f"{label}/faults")
    drawn = [kind for kind in kinds if pick(2)] or [kinds[pick(len(kinds))]]
    certain = [kind for kind in drawn if kind.certain] or [kind for kind in kinds if kind.certain] or drawn
    faults = []
    for number in range(count):
        possible = drawn if number else certain
        kind = possible[pick(len(possible))].name
        faults.append(Fault(kind, 1 + pick(length * 3 // 4), pick(TARGETS), 10 + pick(300), pick(1 << 20)))
    return in_order(faults)


def in_order(*each: Iterable[Fault]) -> tuple[Fault, ...]:
    """All these faults by step; at the same step, those given first."""
    return tuple(sorted((fault for faults in each for fault in faults), key=lambda fault: fault.step))


def draw_run(label: str, seed: int, strategy: str, kinds: Sequence[FaultKind], length: int) -> RunConfig:
    """The configuration of one seed, for a scenario that has no constants of its own to draw."""
    pick = Chance(f"{label}/{strategy}/{seed}")
    spread = RATE_ONE * (200, 50_000, 100_000)[pick(3)] // 1_000_000
    options = Options(
        latencies=((300, 500, 900), (100, 1_000, 20_000))[pick(2)],
        sync_us=((100, 200), (100, 5_000))[pick(2)],
        capacity=(4, 16, 256)[pick(3)],
        rates=tuple(RATE_ONE + pick(2 * spread + 1) - spread for _ in range(RATES)),
        walls=tuple(pick(100_000) for _ in range(RATES)),
    )
    return RunConfig(
        scenario=label,
        seed=seed,
        strategy=strategy,
        options=options,
        loss=(0, 0, 1_500, 6_000)[pick(4)],
        duplication=(0, 0, 3_000)[pick(3)],
        timer_weight=(8, 24, 64)[pick(3)],
        length=length,
        faults=draw_faults(kinds, f"{label}/{strategy}/{seed}", length, 1 + pick(6)),
        end=ENDS[pick(len(ENDS))],
    )


def without_fault(config: Any, index: int) -> Any:
    """The same run with one fault left out."""
    return structs.replace(config, faults=config.faults[:index] + config.faults[index + 1 :])
