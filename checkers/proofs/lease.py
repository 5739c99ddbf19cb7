"""The lease argument, for all drift bounds, rates and delays; and what is wrong with variants of it.

A leader sends a question at the time `sent`; a grantor receives it at `received`, and the leader has the
answer at `answered`. The grantor is free at the time `free`, when by its clock L has passed since
`received`. The leader serves at the time `served` only while by its clock less than its bound has passed
since `sent`. What is proved is that then `served < free`: nobody else is promised anything while the leader
serves.

A clock whose rate is within [1 - rho, 1 + rho] at every instant has a mean rate within it over any interval;
only that is used, so rates may vary arbitrarily. `0 <= rho < 1`, and delays are at least 0.

**Whole microseconds.** The implementation reads its clocks in whole microseconds, rounded down. A difference
of two readings is off by less than one, either way. So a grantor that waits for L by its readings may have
waited for little more than L - 1, and the bound must be taken of that. `GroupSettings.usable_lease_us` does;
taken of L it is refuted.

Sources: Gray and Cheriton, Leases, SOSP 1989, 3.1 (clock drift); Liskov, Practical uses of synchronized
clocks in distributed systems, PODC 1991.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from dynaproof.checkers.mutation.seeded.lease_bounds import HALF_OF_DRIFT, READINGS_TAKEN_FOR_TIMES
from dynaproof.checkers.proofs.obligation import Count, Ratio, Real, Said, Time, negation, obligation
from dynaproof.impl.partition.settings import Settings

MILLION = 1_000_000
SOURCE = "Gray and Cheriton, Leases, SOSP 1989, 3.1; docs/replication.md, rule 15"


@dataclass(frozen=True)
class Course:
    """One lease, as an observer who knows the true time sees it."""

    rho: Any
    lease: Any
    leader_rate: Any
    grantor_rate: Any
    sent: Any
    received: Any
    answered: Any
    served: Any
    free: Any

    def given(self) -> dict[str, Any]:
        """The assumptions: all drifts, rates and delays."""
        slow, fast = 1 - self.rho, 1 + self.rho
        return {
            "0 <= rho < 1, L > 0": (self.rho >= 0) & (self.rho < 1) & (self.lease > 0),
            "clocks run within 1 - rho and 1 + rho": (slow <= self.leader_rate)
            & (self.leader_rate <= fast)
            & (slow <= self.grantor_rate)
            & (self.grantor_rate <= fast),
            "nothing is received before it is sent": (self.sent <= self.received)
            & (self.received <= self.answered)
            & (self.answered <= self.served)
            & (self.received <= self.free),
        }

    def freed(self) -> dict[str, Any]:
        """The same, and the grantor is free once L has passed by its clock."""
        return {
            **self.given(),
            "the grantor waits for L": self.grantor_rate * (self.free - self.received) >= self.lease,
        }

    @property
    def elapsed(self) -> Any:
        """The time that has passed by the leader's clock since it asked."""
        return self.leader_rate * (self.served - self.sent)

    @property
    def safe(self) -> Any:
        """Whether the grantor is not yet free when the leader serves."""
        return self.served < self.free


def counted_from_the_answer(
    lease: Real, sent: Real, received: Real, answered: Real, served: Real, free: Real
) -> Said:
    """Counted from the answer, without any drift."""
    course = Course(0 * lease, lease, 1 + 0 * lease, 1 + 0 * lease, sent, received, answered, served, free)
    return Said(
        {**course.freed(), "L is 10": lease == 10, "since the answer": served - answered < lease}, course.safe
    )


def rho_ignored(
    rho: Real, lease: Real, leader_rate: Real, grantor_rate: Real, sent: Real, received: Real, answered: Real,
    served: Real, free: Real,
) -> Said:  # fmt: skip
    """Strictly before L."""
    course = Course(rho, lease, leader_rate, grantor_rate, sent, received, answered, served, free)
    ten = {"L is 10, rho 1/4": (lease == 10) & (4 * rho == 1)}
    return Said({**course.freed(), **ten, "before L": course.elapsed < lease}, course.safe)


def only_the_own_drift(
    rho: Real, lease: Real, leader_rate: Real, grantor_rate: Real, sent: Real, received: Real, answered: Real,
    served: Real, free: Real,
) -> Said:  # fmt: skip
    """Strictly before L (1 - rho)."""
    course = Course(rho, lease, leader_rate, grantor_rate, sent, received, answered, served, free)
    ten = {"L is 10, rho 1/4": (lease == 10) & (4 * rho == 1)}
    return Said({**course.freed(), **ten, "before it": course.elapsed < lease * (1 - rho)}, course.safe)


def up_to_the_bound_itself(
    rho: Real, lease: Real, leader_rate: Real, grantor_rate: Real, sent: Real, received: Real, answered: Real,
    served: Real, free: Real,
) -> Said:  # fmt: skip
    """Up to the bound itself, and free at L: `<=` on both sides."""
    course = Course(rho, lease, leader_rate, grantor_rate, sent, received, answered, served, free)
    ten = {"L is 10, rho 1/4": (lease == 10) & (4 * rho == 1)}
    up_to = course.elapsed * (1 + rho) <= lease * (1 - rho)
    return Said({**course.freed(), **ten, "up to it": up_to}, course.safe)


def counted_from_a_repetition(
    lease: Real, sent: Real, again: Real, received: Real, answered: Real, served: Real, free: Real
) -> Said:
    """Counted from a repetition of the question, without any drift."""
    course = Course(0 * lease, lease, 1 + 0 * lease, 1 + 0 * lease, sent, received, answered, served, free)
    asked = (sent <= again) & (again <= served) & (served - again < lease)
    return Said({**course.freed(), "L is 10": lease == 10, "since the repetition": asked}, course.safe)


@obligation(
    about=(Settings.usable_lease_us,),
    symbols="leader's clock < L (1 - rho) / (1 + rho) since sent  =>  served < free",
    source=SOURCE,
    neighbours=(
        *(counted_from_the_answer, rho_ignored, only_the_own_drift, up_to_the_bound_itself),
        counted_from_a_repetition,
    ),
)
def leader_serves_alone(
    rho: Real, lease: Real, leader_rate: Real, grantor_rate: Real, sent: Real, received: Real, answered: Real,
    served: Real, free: Real,
) -> Said:  # fmt: skip
    """A leader that serves strictly before L (1 - rho) / (1 + rho) serves alone."""
    course = Course(rho, lease, leader_rate, grantor_rate, sent, received, answered, served, free)
    before = course.elapsed * (1 + rho) < lease * (1 - rho)
    return Said({**course.freed(), "the leader serves before its bound": before}, course.safe)


def _broken_by_the_witness(rho: Any, lease: Any, bound: Any, served: Any, greater: Any) -> Said:
    # The witness: no delay, the leader's clock as slow as can be and the grantor's as fast.
    zero = 0 * served
    course = Course(rho, lease, 1 - rho, 1 + rho, zero, zero, zero, served, served)
    given = {
        "0 <= rho < 1, L > 0": (rho >= 0) & (rho < 1) & (lease > 0),
        "the bound is greater": greater,
        "served when the grantor is free": served * (1 + rho) == lease,
    }
    breaks = course.elapsed < bound
    for holds in course.freed().values():
        breaks &= holds
    return Said(given, breaks & negation(course.safe))


def equal_bound_breaks_too(rho: Real, lease: Real, bound: Real, served: Real) -> Said:
    """The same of a bound that is equal."""
    return _broken_by_the_witness(rho, lease, bound, served, bound * (1 + rho) >= lease * (1 - rho))


@obligation(
    about=(Settings.usable_lease_us,),
    symbols="bound > L (1 - rho) / (1 + rho)  =>  some course has served >= free",
    source=SOURCE,
    neighbours=(equal_bound_breaks_too,),
)
def every_greater_bound_breaks(rho: Real, lease: Real, bound: Real, served: Real) -> Said:
    """Every greater bound lets a leader serve when its grantor is free."""
    return _broken_by_the_witness(rho, lease, bound, served, bound * (1 + rho) > lease * (1 - rho))


# -------------------------------------------------------------------- whole microseconds


@dataclass(frozen=True)
class _Unknown:
    """What `Settings.usable_lease_us` reads of the settings."""

    lease_us: Any
    drift_ppm: Any


@obligation(
    about=(Settings.usable_lease_us,),
    symbols="0 <= usable_lease_us <= (L - 1) (1 - rho) / (1 + rho)",
    source=SOURCE,
    bugs=(READINGS_TAKEN_FOR_TIMES, HALF_OF_DRIFT),
)
def usable_lease_is_within_its_bound(lease_us: Time, drift_ppm: Ratio) -> Said:
    """What the settings say of a lease that may be used is within the bound, and not negative."""
    bound = Settings.usable_lease_us(cast(Settings, _Unknown(lease_us, drift_ppm)))
    return Said(
        given={
            "L is at least a microsecond": lease_us >= 1,
            "rho is from 0 to below 1": (drift_ppm >= 0) & (drift_ppm < MILLION),
        },
        then=(bound * (MILLION + drift_ppm) <= (lease_us - 1) * (MILLION - drift_ppm)) & (bound >= 0),
    )


def _read_in_whole(
    course: Course, base: Any, bound: Any, clocks: tuple[Any, ...], reads: tuple[Any, ...]
) -> Said:
    """Whether a whole bound of at most `base` (1 - rho) / (1 + rho) is safe with readings rounded down.

    Each reading is at most the clock's value, and less than one below it. As readings and the bound are
    whole, a leader that serves strictly before its bound is at least one before it.
    """
    rounded = (reads[0] <= clocks[0]) & (clocks[0] < reads[0] + 1)
    for read, clock in zip(reads[1:], clocks[1:], strict=True):
        rounded = rounded & (read <= clock) & (clock < read + 1)
    return Said(
        {
            **course.given(),
            "clocks are read rounded down": rounded,
            "clocks show what has passed": (clocks[1] - clocks[0] == course.elapsed)
            & (clocks[3] - clocks[2] == course.grantor_rate * (course.free - course.received)),
            "the grantor waits for L by its readings": reads[3] - reads[2] >= course.lease,
            "the leader serves before its bound by its readings": reads[1] - reads[0] + 1 <= bound,
            "the bound is at most base (1 - rho) / (1 + rho)": base * (1 - course.rho)
            >= bound * (1 + course.rho),
        },
        course.safe,
    )


def bound_of_l(
    lease: Real, leader_sent: Real, leader_served: Real, grantor_received: Real, grantor_free: Real,
    reads_sent: Count, reads_served: Count, reads_received: Count, reads_free: Count,
    received: Real, answered: Real, served: Real, free: Real,
) -> Said:  # fmt: skip
    """The bound taken of L, without drift, although readings are rounded down."""
    zero = 0 * lease
    course = Course(zero, lease, 1 + zero, 1 + zero, zero, received, answered, served, free)
    clocks = (leader_sent, leader_served, grantor_received, grantor_free)
    said = _read_in_whole(
        course, lease, lease, clocks, (reads_sent, reads_served, reads_received, reads_free)
    )
    return Said({**said.given, "L is 10": lease == 10}, said.then)


@obligation(
    about=(Settings.usable_lease_us,),
    symbols="readings rounded down, bound <= (L - 1) (1 - rho) / (1 + rho)  =>  served < free",
    source=SOURCE,
    neighbours=(bound_of_l,),
)
def leader_serves_alone_by_whole_readings(
    rho: Real, lease: Real, bound: Real, leader_rate: Real, grantor_rate: Real,
    leader_sent: Real, leader_served: Real, grantor_received: Real, grantor_free: Real,
    reads_sent: Real, reads_served: Real, reads_received: Real, reads_free: Real,
    sent: Real, received: Real, answered: Real, served: Real, free: Real,
) -> Said:  # fmt: skip
    """A leader that goes by readings in whole microseconds, and by the bound of L - 1, serves alone."""
    course = Course(rho, lease, leader_rate, grantor_rate, sent, received, answered, served, free)
    clocks = (leader_sent, leader_served, grantor_received, grantor_free)
    reads = (reads_sent, reads_served, reads_received, reads_free)
    return _read_in_whole(course, lease - 1, bound, clocks, reads)


OBLIGATIONS = (
    leader_serves_alone,
    every_greater_bound_breaks,
    usable_lease_is_within_its_bound,
    leader_serves_alone_by_whole_readings,
)
