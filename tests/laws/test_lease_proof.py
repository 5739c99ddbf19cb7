"""The lease argument: proved for all drifts, rates and delays; its neighbours refuted; an oracle beside."""

from fractions import Fraction
from itertools import product

import pytest
import z3

from dynaproof.checkers.proofs.claim import Claim, decide
from dynaproof.checkers.proofs.lease import LEASE, RHO, claims
from dynaproof.impl.partition.settings import Settings

MILLION = 1_000_000


@pytest.mark.parametrize("claim", claims(), ids=[one.name for one in claims()])
def test_claim_about_leases_is_proved_or_refuted_as_it_should_be(claim: Claim) -> None:
    verdict = decide(claim)
    assert verdict.as_claimed, verdict.line()
    assert bool(verdict.numbers) == (not claim.holds)


def test_proof_can_fail() -> None:
    verdict = decide(
        Claim("a lease is longer than rho", (RHO >= 0, LEASE > 0), LEASE > RHO, show=(RHO, LEASE))
    )
    assert verdict.answer == "refuted"
    assert not verdict.as_claimed
    assert Fraction(verdict.numbers["L"]) <= Fraction(verdict.numbers["rho"])


def test_assumptions_of_every_claim_that_holds_can_be_met() -> None:
    for claim in claims():
        solver = z3.Solver()
        solver.add(*claim.given)
        assert solver.check() == z3.sat, claim.name


def overlaps(lease: int, bound: int, leader_rate: Fraction, grantor_rate: Fraction) -> bool:
    """Whether some leader serves at a time at which its grantor is free, on a grid of clock offsets.

    No message is delayed: the question is sent and received at time 0, the worst case. Clocks start a part of
    a microsecond past a whole one, and are read rounded down.
    """
    parts = [Fraction(part, 8) for part in range(8)]
    # The leader serves until just before its clock reads `bound`; the grantor is free once its reads `lease`.
    serves_before = max((bound - offset) / leader_rate for offset in parts)
    free_from = min((lease - offset) / grantor_rate for offset in parts)
    return free_from < serves_before


def test_usable_lease_is_safe_and_one_more_microsecond_is_not() -> None:
    for lease, drift in product(range(1, 60), (0, 100_000, 250_000, 500_000, 900_000)):
        slow, fast = Fraction(MILLION - drift, MILLION), Fraction(MILLION + drift, MILLION)
        usable = Settings(lease_us=lease, drift_ppm=drift).usable_lease_us()
        assert not overlaps(lease, usable, slow, fast)
        if drift == 0:
            assert overlaps(lease, usable + 1, slow, fast)
