"""All seeded bugs: importing the modules registers them.

Their list follows the variants that broke the replication rules when these were model-checked, the bugs that
were really made while the replica was sketched, and for every promise at least one bug that breaks it.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.bug import MUTANTS, Mutant
from dynaproof.checkers.mutation.seeded import (
    ballots,
    configs,
    disks,
    guards,
    leases,
    liveness,
    serving,
    tails,
)

MODULES = (ballots, tails, configs, leases, disks, serving, liveness, guards)
"""In the order in which they register."""

__all__ = ["MODULES", "MUTANTS", "Mutant"]
