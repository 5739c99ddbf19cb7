"""A run: its configuration, wholly explicit, and what came of it.

A configuration is drawn from a seed once (`draw`); from then on it stands by itself: settings, probabilities,
faults with their steps and targets. So a run is replayed from its configuration, and shrunk by leaving things
out of it. Every seed switches a random subset of faults on, and draws the time constants too (Groce et al.,
*Swarm Testing*, ISSTA 2012).
"""

from __future__ import annotations

from random import Random

from msgspec import Struct, structs

from dynaproof.checkers.simulator.world import RATE_ONE, Options
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.client import ClientSettings

STRATEGIES = ("timed", "random", "pct", "pos")
"""How the next event is found; a portfolio takes them in turn."""

FAULTS = (
    "crash",
    "crash in sync",
    "failed sync",
    "lost disk",
    "rot",
    "page rot",
    "partition",
    "one-way cut",
    "gray link",
    "wall step",
    "slow node",
    "message loss",
    "handover",
)

CERTAIN = ("crash", "partition", "one-way cut", "gray link", "wall step", "slow node", "message loss")
"""Faults that fall whatever the run does until then; every run has one."""

ENDS = ("all", "majority", "gray")
"""What heals when the faults stop: everything, all but one node, or all but one link."""


LEADER = 40
"""Targets from here on are whoever leads when the fault falls."""


class Fault(Struct, frozen=True):
    """One fault: at which step after the fixture it falls, on what, and for how many steps it lasts."""

    kind: str
    step: int
    target: int
    steps: int
    amount: int


class RunConfig(Struct, frozen=True):
    """All that a run depends on."""

    scenario: str
    seed: int
    strategy: str
    settings: Settings
    client: ClientSettings
    options: Options
    loss: int
    duplication: int
    timer_weight: int
    clients: int
    operations: int
    keys: int
    length: int
    faults: tuple[Fault, ...]
    end: str
    readers: int = 0
    """Clients that only read, strongly: they go on to ask a leader that can get nothing chosen any more."""


class Failure(Struct, frozen=True):
    """A promise that was broken, and the step after the fixture at which it was seen."""

    spec: str
    sentence: str
    step: int


class Outcome(Struct, frozen=True):
    """What came of a run."""

    digest: str
    events: int
    simulated_us: int
    failure: Failure | None
    endings: dict[str, int]
    reached: dict[str, int]
    faults: dict[str, int]
    keys: int = 0
    """Keys that clients used,"""
    unjudged: int = 0
    """and those of them that are no longer judged at the end of the run: the judge's bound was reached."""


class Chance:
    """A seeded generator's numbers; only `getrandbits`, so that every Python draws the same."""

    def __init__(self, seed: str) -> None:
        self._bits = Random(seed).getrandbits

    def __call__(self, n: int) -> int:
        """A number below `n`."""
        return (self._bits(32) * n) >> 32


def draw_faults(scenario: str, seed: int, strategy: str, length: int, count: int) -> tuple[Fault, ...]:
    """So many faults of a random subset of the kinds, one of a kind that is certain to fall; by step."""
    pick = Chance(f"{scenario}/{strategy}/{seed}/faults")
    kinds = [kind for kind in FAULTS if pick(2)] or [FAULTS[pick(len(FAULTS))]]
    faults = []
    for number in range(count):
        possible = kinds if number else [kind for kind in kinds if kind in CERTAIN] or list(CERTAIN)
        kind = possible[pick(len(possible))]
        faults.append(Fault(kind, 1 + pick(length * 3 // 4), pick(64), 10 + pick(300), pick(1 << 20)))
    return tuple(sorted(faults, key=lambda fault: fault.step))


def draw(scenario: str, seed: int, strategy: str) -> RunConfig:
    """The configuration of one seed."""
    pick = Chance(f"{scenario}/{strategy}/{seed}")
    scale = (1, 1, 4, 10)[pick(4)]
    heartbeat = 1_500_000 // scale
    drift = (200, 50_000, 100_000, 300_000)[pick(4)]
    lease = heartbeat * (2, 4)[pick(2)]
    if drift > 100_000:
        lease = heartbeat * 4  # Two fast heartbeats of a slow leader would hardly fit into a shorter one.
    settings = Settings(
        heartbeat_us=heartbeat,
        lease_us=lease,
        drift_ppm=drift,
        election_us=heartbeat * 2 // (1, 8)[pick(2)],
        retry_us=heartbeat // 4,
        closed_us=heartbeat * 3,
        contact_us=lease * 3,
        checkpoint_slots=(8, 16, 64)[pick(3)],
        retained_slots=(4, 16)[pick(2)],
        in_flight_slots=(2, 4, 32)[pick(3)],
        chunk_slots=(4, 64)[pick(2)],
        waiting_attempts=(2, 16)[seed // 2 % 2],
        held_slots=(24, 4_096)[seed % 2],
        page_bytes=(96, 160, 8_192)[seed % 3],
        chunk_pages=1 + pick(2),
    )
    spread = RATE_ONE * drift // 1_000_000
    extremes = pick(3)
    if extremes == 0:  # One slow clock, the others fast: where ignoring the drift matters most.
        slow = pick(3)
        rates = tuple(RATE_ONE + (-spread if node == slow else spread) for node in range(8))
    elif extremes == 1:
        rates = tuple(RATE_ONE + spread * (pick(3) - 1) for _ in range(8))
    else:
        rates = tuple(RATE_ONE + pick(2 * spread + 1) - spread for _ in range(8))
    latencies = ((300, 500, 900), (100, 1_000, 20_000), (500, 500, 500, heartbeat // 2, heartbeat))[pick(3)]
    options = Options(
        latencies=latencies,
        sync_us=((100, 200), (100, 5_000), (200, heartbeat // 8))[pick(3)],
        rates=rates,
        walls=tuple(pick(100_000) for _ in range(8)),
        capacity=(4, 16, 256)[pick(3)],
    )
    length = 600 + pick(600)
    return RunConfig(
        scenario=scenario,
        seed=seed,
        strategy=strategy,
        settings=settings,
        client=ClientSettings(
            timeout_us=lease * 8,
            attempt_us=heartbeat // 2,
            backoff_us=heartbeat // 8,
            think_us=heartbeat // 16,
        ),
        options=options,
        loss=(0, 0, 1_500, 6_000)[pick(4)],
        duplication=(0, 0, 3_000)[pick(3)],
        timer_weight=(8, 24, 64)[pick(3)],
        clients=3,
        operations=14,
        keys=1 + pick(4),
        length=length,
        faults=draw_faults(scenario, seed, strategy, length, 1 + pick(6)),
        end=ENDS[pick(len(ENDS))],
        readers=(0, 0, 1, 2)[pick(4)],
    )


def without_fault(config: RunConfig, index: int) -> RunConfig:
    """The same run with one fault left out."""
    return structs.replace(config, faults=config.faults[:index] + config.faults[index + 1 :])
