"""Bugs of the bound of a lease, which proofs refute; `leases.py` has those that runs find."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

SETTINGS = "dynaproof.impl.paxos.settings"

READINGS_TAKEN_FOR_TIMES = bug(
    "readings_taken_for_times",
    "A lease is used up to the bound of L, as if clocks were not read in whole microseconds.",
    Edit(SETTINGS, "return (self.lease_us - 1) * (million", "return self.lease_us * (million"),
)
HALF_OF_DRIFT = bug(
    "half_of_drift",
    "A lease is used up to (L - 1) (1 - rho): the grantor's drift is left out.",
    Edit(
        SETTINGS,
        "(million - self.drift_ppm) // (million + self.drift_ppm)",
        "(million - self.drift_ppm) // million",
    ),
)
BUGS = (READINGS_TAKEN_FOR_TIMES, HALF_OF_DRIFT)
