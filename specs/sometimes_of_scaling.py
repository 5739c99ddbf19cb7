"""What a campaign on tables that are scaled should see; as in `sometimes`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dynaproof.specs.situation import Sometimes

SCALED_OUT = Sometimes(
    "table scaled out",
    "A table was given more because its high alarm was on.",
    "docs/capacity.md, Auto scaling",
)

SCALED_IN = Sometimes(
    "table scaled in",
    "A table was given less because its low alarm was on.",
    "docs/capacity.md, Auto scaling",
)

DATA_MISSING = Sometimes(
    "alarm evaluated with missing data",
    "An alarm that was on or off was evaluated by periods of which some had no data, which left it open.",
    "CloudWatch user guide, Configuring how alarms treat missing data",
)

SCALER_DIED = Sometimes(
    "scaler died between alarm and order",
    "The metrics service crashed after it had ordered a change, and before it was answered.",
    "docs/table.md, A17",
)

COPY_CAME_LATE = Sometimes(
    "late copy of an emission",
    "A copy of an emission came when that was stored already.",
    "docs/capacity.md, Auto scaling",
)

CAPACITY_SPLIT = Sometimes(
    "partition split for capacity",
    "Children were listed of a partition that was split because a share of its table passed a cap.",
    "docs/table.md, A18",
)

OF_SCALING: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (SCALED_OUT, SCALED_IN, DATA_MISSING, SCALER_DIED, COPY_CAME_LATE, CAPACITY_SPLIT)
    }
)
"""Situations that need a metrics service."""
