"""All directed scenarios: importing the modules registers them."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed import (
    ballots,
    clients,
    configs,
    disks,
    hosting,
    laggards,
    leases,
    log_replicas,
    membership,
    request_ids,
    tails,
    windows,
)
from dynaproof.checkers.mutation.directed.scenario import DIRECTED, Scenario, Trace, trace_of

MODULES = (
    ballots,
    tails,
    configs,
    membership,
    log_replicas,
    leases,
    disks,
    hosting,
    clients,
    request_ids,
    windows,
    laggards,
)

__all__ = ["DIRECTED", "MODULES", "Scenario", "Trace", "trace_of"]
