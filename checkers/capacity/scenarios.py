"""What can be simulated: a table, what is asked of it, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from msgspec import Struct

from dynaproof.checkers.capacity.demand import DAY, HOUR, Demand, daily, hot, steps, uneven
from dynaproof.impl.capacity.scaling import Tracking

MINUTE = 60


class Scenario(Struct, frozen=True, kw_only=True):
    """A table and its load."""

    name: str
    sentence: str
    seconds: int
    partitions: int
    units: int
    """The units a second provisioned for writes at the beginning."""
    demand: Callable[[int, Random], Demand]
    """Makes the demand from the number of partitions and a generator."""
    tick: int = 1
    """Seconds that are looked at together if all that comes in them is admitted."""
    since: int = 0
    """The second from which on the scenario is interesting."""
    tracking: Tracking | None = None
    """Auto scaling, if there is any."""
    lost: tuple[int, int] = (0, 0)
    """From when until when no metrics arrive."""
    drained: bool = False
    """Whether all buckets are empty at the beginning, instead of full."""
    stuck: tuple[int, int] = (0, 0)
    """From when until when the high alarm says OK."""


HOT_PARTITION = Scenario(
    name="hot-partition",
    sentence="One of ten partitions is asked for four times its share for 40 minutes, the others for little.",
    seconds=HOUR,
    partitions=10,
    units=1_000,
    demand=lambda partitions, random: hot(partitions, 20, 400, 10 * MINUTE, 50 * MINUTE, random),
    since=10 * MINUTE,
)
BURST_AFTER_IDLE = Scenario(
    name="burst-after-idle",
    sentence="A table idles for ten minutes, then all of it is asked for three times its rate for five.",
    seconds=30 * MINUTE,
    partitions=10,
    units=1_000,
    demand=lambda partitions, random: steps(
        partitions, [(0, 0), (10 * MINUTE, 300), (15 * MINUTE, 60)], random
    ),
    since=10 * MINUTE,
)
UNEVEN_KEYS = Scenario(
    name="uneven-keys",
    sentence="Twenty partitions are asked for 80 % of the rate, in the proportion of 1, 1/2, 1/3, ...",
    seconds=2 * HOUR,
    partitions=20,
    units=2_000,
    demand=lambda partitions, random: uneven(partitions, 1_600, random),
)
DIURNAL = Scenario(
    name="diurnal",
    sentence="A day's load goes from 2,000 to 10,000 units a second and back; auto scaling follows it.",
    seconds=DAY,
    partitions=100,
    units=3_000,
    demand=lambda partitions, random: daily(partitions, 2_000, 10_000, DAY, random),
    tick=5,
    tracking=Tracking(70, 1_000, 20_000),
)
LOST_METRICS = Scenario(
    name="lost-metrics",
    sentence="Load rises and falls within six hours, and no metrics arrive for an hour while it rises.",
    seconds=6 * HOUR,
    partitions=10,
    units=400,
    demand=lambda partitions, random: daily(partitions, 200, 2_000, 6 * HOUR, random),
    tick=5,
    tracking=Tracking(70, 100, 4_000),
    lost=(HOUR, 2 * HOUR),
)
STUCK_ALARM = Scenario(
    name="stuck-alarm",
    sentence="The same load, and for an hour of its rise the high alarm says OK, whatever the metrics say.",
    seconds=6 * HOUR,
    partitions=10,
    units=400,
    demand=lambda partitions, random: daily(partitions, 200, 2_000, 6 * HOUR, random),
    tick=5,
    tracking=Tracking(70, 100, 4_000),
    stuck=(HOUR, 2 * HOUR),
)

SCENARIOS: Final = {
    one.name: one
    for one in (HOT_PARTITION, BURST_AFTER_IDLE, UNEVEN_KEYS, DIURNAL, LOST_METRICS, STUCK_ALARM)
}
