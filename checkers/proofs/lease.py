"""The lease argument, for all drift bounds, rates and delays; and what is wrong with its neighbours.

A leader sends a question at the time `sent`; a grantor receives it at `received`, and the leader has the
answer at `answered`. The grantor is free at the time `free`, when by its clock L has passed since `received`.
The leader serves at the time `served` only while by its clock less than its bound has passed since `sent`.
The claim is that then `served < free`: nobody else is promised anything while the leader serves.

A clock whose rate is within [1 - rho, 1 + rho] at every instant has a mean rate within it over any interval;
that is all that is used, so rates may vary as they like. `0 <= rho < 1`, and delays are at least 0.

**Whole microseconds.** The implementation reads its clocks in whole microseconds, rounded down. A difference
of two readings is off by less than one, either way. So a grantor that waits for L by its readings may have
waited for little more than L - 1, and the bound must be taken of that. `Settings.usable_lease_us` does; taken
of L it is refuted.

Sources: Gray and Cheriton, Leases, SOSP 1989, 3.1 (clock drift); Liskov, Practical uses of synchronized
clocks in distributed systems, PODC 1991.
"""

import sys
from dataclasses import dataclass
from typing import Any, cast

import z3

from dynaproof.checkers.proofs.claim import Claim, Term, Verdict, decide
from dynaproof.impl.partition.settings import Settings


def _reals(names: str) -> list[Term]:
    return list(z3.Reals(names))


RHO, LEASE, BOUND = _reals("rho L bound")
SENT, RECEIVED, ANSWERED, SERVED, FREE = _reals("sent received answered served free")
LEADER_RATE, GRANTOR_RATE = _reals("leader_rate grantor_rate")
NUMBERS = (RHO, LEASE, LEADER_RATE, GRANTOR_RATE, SENT, RECEIVED, ANSWERED, FREE, SERVED)

WORLD = (
    RHO >= 0,
    RHO < 1,
    LEASE > 0,
    *(1 - RHO <= LEADER_RATE, LEADER_RATE <= 1 + RHO),
    *(1 - RHO <= GRANTOR_RATE, GRANTOR_RATE <= 1 + RHO),
    *(SENT <= RECEIVED, RECEIVED <= ANSWERED, ANSWERED <= SERVED, RECEIVED <= FREE),
)
"""All drifts, rates and delays."""

GRANTOR_ELAPSED = GRANTOR_RATE * (FREE - RECEIVED)
LEADER_ELAPSED = LEADER_RATE * (SERVED - SENT)
SAFE = SERVED < FREE


def tight() -> list[Claim]:
    """The bound L (1 - rho) / (1 + rho) holds, and no greater one does."""
    holds = Claim(
        "a leader that serves strictly before L (1 - rho) / (1 + rho) serves alone",
        (*WORLD, GRANTOR_ELAPSED >= LEASE, LEADER_ELAPSED * (1 + RHO) < LEASE * (1 - RHO)),
        SAFE,
    )
    # Of any greater bound: no delay, the leader's clock as slow as can be and the grantor's as fast.
    witness = (
        *(SENT == 0, RECEIVED == 0, ANSWERED == 0, FREE == SERVED, FREE * (1 + RHO) == LEASE),
        *(LEADER_RATE == 1 - RHO, GRANTOR_RATE == 1 + RHO),
    )
    breaks = z3.And(*WORLD, GRANTOR_ELAPSED >= LEASE, LEADER_ELAPSED < BOUND, z3.Not(SAFE))
    greater = Claim(
        "every greater bound lets a leader serve when its grantor is free",
        (RHO >= 0, RHO < 1, LEASE > 0, BOUND * (1 + RHO) > LEASE * (1 - RHO), *witness),
        breaks,
    )
    return [holds, greater]


def refuted() -> list[Claim]:
    """What looks like the bound, and is not."""
    free = (*WORLD, GRANTOR_ELAPSED >= LEASE)
    (asked_again,) = _reals("asked_again")

    def claim(name: str, *given: Term, more: tuple[Term, ...] = ()) -> Claim:
        return Claim(name, (*free, LEASE == 10, *given), SAFE, holds=False, show=(*NUMBERS, *more))

    since_answer = LEADER_RATE * (SERVED - ANSWERED)
    since_again = LEADER_RATE * (SERVED - asked_again)
    return [
        claim(
            "counted from the answer, without any drift",
            RHO == 0,
            since_answer * (1 + RHO) < LEASE * (1 - RHO),
        ),
        claim("rho ignored: strictly before L", RHO == 0.25, LEADER_ELAPSED < LEASE),
        claim(
            "only the own drift: strictly before L (1 - rho)", RHO == 0.25, LEADER_ELAPSED < LEASE * (1 - RHO)
        ),
        claim(
            "up to the bound itself, and free at L: `<=` on both sides",
            RHO == 0.25,
            LEADER_ELAPSED * (1 + RHO) <= LEASE * (1 - RHO),
        ),
        claim(
            "counted from a repetition of the question, without any drift",
            RHO == 0,
            *(asked_again >= SENT, asked_again <= SERVED, since_again < LEASE),
            more=(asked_again,),
        ),
    ]


# -------------------------------------------------------------------- whole microseconds


@dataclass(frozen=True)
class Whole:
    """An unknown whole number that `impl` may compute with; division is Python's, by what is positive."""

    term: Term

    def __add__(self, other: "Whole | int") -> "Whole":
        return Whole(self.term + _term(other))

    def __radd__(self, other: int) -> "Whole":
        return Whole(other + self.term)

    def __sub__(self, other: "Whole | int") -> "Whole":
        return Whole(self.term - _term(other))

    def __rsub__(self, other: int) -> "Whole":
        return Whole(other - self.term)

    def __mul__(self, other: "Whole | int") -> "Whole":
        return Whole(self.term * _term(other))

    def __floordiv__(self, other: "Whole | int") -> "Whole":
        # Z3's division of integers rounds down where the divisor is positive, as Python's does.
        return Whole(self.term / _term(other))


def _term(one: "Whole | int") -> Term:
    return one.term if isinstance(one, Whole) else one


@dataclass(frozen=True)
class _Unknown:
    """What `Settings.usable_lease_us` reads of the settings."""

    lease_us: Whole
    drift_ppm: Whole


MILLION = 1_000_000
LEASE_US: Term = z3.Int("lease_us")
DRIFT_PPM: Term = z3.Int("drift_ppm")
SETTINGS = (LEASE_US >= 1, DRIFT_PPM >= 0, DRIFT_PPM < MILLION)
"""All settings that mean something: rho is below 1."""


def usable() -> Term:
    """The term that the implementation's own function makes of unknown settings."""
    unknown: Any = _Unknown(Whole(LEASE_US), Whole(DRIFT_PPM))
    found: Any = Settings.usable_lease_us(cast(Settings, unknown))
    return found.term


def whole_microseconds() -> list[Claim]:
    """`Settings.usable_lease_us` is safe with clocks that are read in whole microseconds."""
    bound = usable()
    rounding = Claim(
        "usable_lease_us is at most (L - 1) (1 - rho) / (1 + rho), and not negative",
        SETTINGS,
        z3.And(bound * (MILLION + DRIFT_PPM) <= (LEASE_US - 1) * (MILLION - DRIFT_PPM), bound >= 0),
    )
    return [rounding, read_in_whole("L - 1", LEASE - 1), read_in_whole("L", LEASE, holds=False)]


def read_in_whole(text: str, base: Term, *, holds: bool = True) -> Claim:
    """Whether a whole bound of at most `base` (1 - rho) / (1 + rho) is safe with rounded readings.

    Each reading is at most the clock, and less than one below it. As readings and the bound are whole, a
    leader that serves strictly before its bound is at least one before it.
    """
    clocks = _reals("leader_clock_sent leader_clock_served grantor_clock_received grantor_clock_free")
    reads = _reals("leader_reads_sent leader_reads_served grantor_reads_received grantor_reads_free")
    rounded = (
        term for clock, read in zip(clocks, reads, strict=True) for term in (read <= clock, clock < read + 1)
    )
    given = (
        *WORLD,
        *rounded,
        clocks[1] - clocks[0] == LEADER_ELAPSED,
        clocks[3] - clocks[2] == GRANTOR_ELAPSED,
        reads[3] - reads[2] >= LEASE,
        reads[1] - reads[0] + 1 <= BOUND,
        base * (1 - RHO) >= BOUND * (1 + RHO),
    )
    exact = (
        ()
        if holds
        else (RHO == 0, LEASE == 10, BOUND == 10, *(read == z3.ToReal(z3.ToInt(read)) for read in reads))
    )
    return Claim(
        f"readings rounded down, a whole bound of at most {text} times (1 - rho) / (1 + rho)",
        (*given, *exact),
        SAFE,
        holds=holds,
        show=() if holds else (RHO, LEASE, BOUND, *clocks, RECEIVED, FREE, SERVED),
    )


def claims() -> list[Claim]:
    """Everything that is claimed about leases."""
    return [*tight(), *refuted(), *whole_microseconds()]


def verdicts() -> list[Verdict]:
    """What Z3 says of it."""
    return [decide(one) for one in claims()]


if __name__ == "__main__":
    sys.stdout.writelines(f"{one.line()}\n" for one in verdicts())
