"""All of our promises, one module per subject; a run is handed those by which it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dynaproof.specs.promises import (
    capacity,
    clients,
    consensus,
    drains,
    heat,
    lineage,
    liveness,
    load,
    membership,
    metadata_moves,
    orders,
    readers,
    region,
    region_capacity,
    scaling,
    streams,
    times,
    tokens,
    transactions,
)
from dynaproof.specs.spec import AnySpec

OF_A_GROUP: tuple[AnySpec, ...] = (
    *clients.SPECS,
    *consensus.SPECS,
    *readers.SPECS,
    *times.SPECS,
    *membership.SPECS,
    *liveness.SPECS,
    *load.SPECS,
)
"""What a replica group promises."""

OF_A_REGION: tuple[AnySpec, ...] = (
    *OF_A_GROUP,
    lineage.one_owner_per_key,
    lineage.lineage_is_a_tree_that_covers,
    *region.SPECS,
    *orders.SPECS,
    *drains.SPECS,
    *heat.SPECS,
    *capacity.SPECS,
    *region_capacity.SPECS,
    *tokens.SPECS,
)
"""What a region with tables promises: for each partition what a group promises, and more."""

PROMISES: Mapping[str, AnySpec] = MappingProxyType(
    {
        one.name: one
        for one in (
            *OF_A_GROUP,
            *lineage.SPECS,
            *region.SPECS,
            *orders.SPECS,
            *drains.SPECS,
            *heat.SPECS,
            *capacity.SPECS,
            *scaling.SPECS,
            *region_capacity.SPECS,
            *tokens.SPECS,
            *metadata_moves.SPECS,
            *streams.SPECS,
            *transactions.SPECS,
        )
    }
)
"""All promises by name, in the order in which they are listed."""
