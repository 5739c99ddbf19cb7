"""Adaptive capacity: the multiplier of a table's shares, raised where a partition is throttled while the
table is not.

Once a period the controller is told three ratios in millionths, and gives the next multiplier: what the
hottest partition consumed and what it refused, both as parts of a share, and how far the table as a whole is
over its provisioned rate.

*Goal.* What the hottest partition was asked for, plus a margin: a tenth of what that is above a share, and a
hundredth. A controller that only approached the demand would throttle for ever. Without demand above a share
the goal is 1. A table that consumes all but a hundredth of what it has, or more, is *over its rate* and gets
less: the goal is below the multiplier by as much as the table is over.

*PID.* The error is the goal less the multiplier. The output is 1, plus the proportional, the integral and
the derivative term, rounded down. Then three limits: while there is throttling, and the table is not over,
the multiplier rises by `LEAST_STEP` at least; it never changes by more than `step` in a period; and it stays
within 1 and `most`. *Anti-windup*: the integral is what makes the terms add up to what was really put out
after these limits. So it never runs ahead of the multiplier, and needs no bound of its own.

*Proportional*, the mode of the 2022 paper: while there is throttling the multiplier rises in proportion to
it; else it decays towards 1 by a part each period.

The proofs are in `checkers/proofs/controllers.py`; `docs/capacity.md` has what they say and assume. Sources:
Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 4.2; Åström and Hägglund, PID Controllers, 1995, 3.5
(back-calculation).
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US, clamped, div, maximum, minimum, select

ONE: Final = MICRO
"""The multiplier of a table that gets its shares."""

PERIOD_US: Final = 5 * SECOND_US
MOST: Final = 10 * ONE
STEP: Final = ONE
LEAST_STEP: Final = ONE // 1_000
LEAST_MARGIN: Final = ONE // 100
MARGIN_PART: Final = 10
DECAY_PART: Final = 8
FULL_PERCENT: Final = 99
"""What a table may consume of its rate and still be boosted."""


class Gains(Struct, frozen=True):
    """Of the three terms, in millionths."""

    proportional: int
    integral: int
    derivative: int


GAINS: Final = Gains(100_000, 500_000, 20_000)
"""As shipped. They contract: (1 - integral), and integral, plus proportional plus 7/3 of derivative is below
3/4.
"""


def over_provisioned(consumed: int, provisioned: int) -> int:
    """By how much a table consumes more than a boosted one may, in millionths of its rate; else at most 0."""
    return div((consumed * 100 - provisioned * FULL_PERCENT) * (MICRO // 100), maximum(1, provisioned))


def goal(consumed: int, throttled: int, over: int, multiplier: int, most: int) -> int:
    """What the multiplier should be."""
    demand = minimum(consumed + throttled, most)
    wanted = select(demand > ONE, demand + div(demand - ONE, MARGIN_PART) + LEAST_MARGIN, ONE)
    return select(over > 0, minimum(wanted, maximum(ONE, multiplier - over)), wanted)


def rising(throttled: int, over: int) -> Any:
    """Whether the multiplier must rise."""
    return (throttled > 0) & (over <= 0)


def limited(wanted: int, multiplier: int, must_rise: Any, step: int, most: int) -> int:
    """The next multiplier: no less than it must be, no further than a step, within 1 and the maximum."""
    raised = select(must_rise, maximum(wanted, multiplier + LEAST_STEP), wanted)
    return clamped(clamped(raised, multiplier - step, multiplier + step), ONE, most)


class Pid(Struct):
    """The controller of one table, for reads or for writes."""

    gains: Gains = GAINS
    most: int = MOST
    step: int = STEP
    multiplier: int = ONE
    integral: int = 0
    """In millionths of millionths."""
    error: int = 0
    """Of the last period."""
    change: int = 0
    """By how much the error had changed then."""

    def observe(self, consumed: int, throttled: int, over: int) -> None:
        """Take the readings of a period, and go to the next multiplier."""
        gains, before = self.gains, self.multiplier
        error = goal(consumed, throttled, over, before, self.most) - before
        change = error - self.error
        terms = gains.proportional * error + gains.derivative * change
        wanted = ONE + div(terms + self.integral + gains.integral * error, MICRO)
        self.multiplier = limited(wanted, before, rising(throttled, over), self.step, self.most)
        self.integral = (self.multiplier - ONE) * MICRO - terms
        self.error, self.change = error, change


class Proportional(Struct):
    """The controller of one table that knows throttling alone."""

    gain: int = GAINS.integral
    most: int = MOST
    step: int = STEP
    multiplier: int = ONE

    def observe(self, consumed: int, throttled: int, over: int) -> None:
        """Take the readings of a period, and go to the next multiplier."""
        before = self.multiplier
        raised = before + div(self.gain * throttled, MICRO)
        decayed = before - div(before - ONE + DECAY_PART - 1, DECAY_PART)
        wanted = select(over > 0, before - over, select(throttled > 0, raised, decayed))
        self.multiplier = limited(wanted, before, rising(throttled, over), self.step, self.most)
