"""All seeded bugs, by name.

The list has the variants that broke the replication rules when these were model-checked, the bugs that were
really made while the replica was sketched, and for every promise at least one bug that breaks it. Beside them
are those that no hunt has killed so far, each tied to a test of its rule: they are hunted by name.
"""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.seeded import (
    admins,
    answers,
    auto_scaling,
    ballots,
    batches,
    boots,
    configs,
    copies,
    disks,
    eventual_reads,
    flow,
    guards,
    hosting,
    leases,
    liveness,
    log_readers,
    log_replicas,
    membership,
    metadata_moves,
    node_limits,
    node_records,
    on_demand,
    pages,
    repairs,
    request_ids,
    router_splits,
    routers,
    serving,
    several_items,
    sheds,
    split_admin,
    splits,
    tails,
    throttling,
    times,
    tokens,
    unreached,
    windows,
)
from dynaproof.checkers.patches import Bug

MODULES = (
    ballots,
    tails,
    configs,
    leases,
    disks,
    serving,
    liveness,
    guards,
    flow,
    windows,
    batches,
    copies,
    log_readers,
    membership,
    log_replicas,
    pages,
    request_ids,
    boots,
    sheds,
    hosting,
    times,
    several_items,
    admins,
    routers,
    answers,
    repairs,
    node_records,
    metadata_moves,
    splits,
    split_admin,
    router_splits,
    throttling,
    auto_scaling,
    node_limits,
    tokens,
    eventual_reads,
    on_demand,
)

MUTANTS: Final[dict[str, Bug]] = {bug.name: bug for module in MODULES for bug in module.BUGS}
"""All mutants, in the order of the modules."""

UNREACHED: Final[dict[str, Bug]] = {bug.name: bug for bug in unreached.BUGS}
"""Not among the mutants: a hunt for all leaves them out, and is clean."""

KNOWN_BUGS: Final[dict[str, Bug]] = {**MUTANTS, **UNREACHED}

__all__ = ["KNOWN_BUGS", "MODULES", "MUTANTS", "UNREACHED"]
