"""The usable lease against an oracle, a grid of clock offsets; `test_obligations.py` has what is proved."""

from fractions import Fraction
from itertools import product

from dynaproof.impl.partition.settings import Settings

MILLION = 1_000_000


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
