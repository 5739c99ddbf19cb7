"""What a campaign on tables with provisioned capacity should see; as in `sometimes`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dynaproof.specs.situation import Sometimes

WRITE_THROTTLED = Sometimes(
    "write throttled for want of capacity",
    "A leader refused a write because its partition's share, or its cap, did not admit it.",
    "docs/capacity.md, Who is admitted",
)

READ_THROTTLED = Sometimes(
    "read throttled for want of capacity",
    "A replica refused a read because its partition's share, or its cap, did not admit it.",
    "docs/capacity.md, Who is admitted",
)

SUCCESSOR_THROTTLED = Sometimes(
    "two leaders of a partition throttled writes",
    "A leader throttled a write in a partition of which another leader had throttled one.",
    "docs/capacity.md, Who is admitted",
)

READS_TAKEN_OVER = Sometimes(
    "read level taken over",
    "A new leader began to admit reads with the level that it had heard.",
    "impl/capacity/shares.py",
)

RATES_CHANGED = Sometimes(
    "rates of a partition changed",
    "A partition heard of other rates than those that it began with.",
    "docs/table.md, A16",
)

BOOSTED = Sometimes(
    "shares of a table boosted",
    "A partition of a table that adapts was given more than its share.",
    "impl/capacity/controller.py",
)

IN_DEBT = Sometimes(
    "write admitted by a full bucket that cannot hold it",
    "A bucket was in debt: a full one had admitted a request that cost more than it can hold.",
    "docs/capacity.md, Who is admitted",
)

BUCKETS_DIVIDED = Sometimes(
    "buckets divided at a split",
    "A partition that had throttled was split, and its children began with what was left in its buckets.",
    "docs/table.md, H4",
)

READS_DIVIDED = Sometimes(
    "read level divided at a split",
    "A replica of a child began with its part of what it had heard that its parent had left to be read.",
    "impl/capacity/shares.py",
)

NODE_THROTTLED = Sometimes(
    "request throttled by its node",
    "A storage node refused a request by its own bucket, which all partitions there go through.",
    "docs/capacity.md, Who is admitted",
)

TOKENS_SHORT = Sometimes(
    "router throttled for want of tokens",
    "A router throttled a request since the token service had said that its table's bucket is short.",
    "impl/capacity/global_admission.py, rule 1",
)

TOKENS_UNHEARD = Sometimes(
    "router heard nothing of its tokens",
    "A router throttled a request since the token service had not answered in time.",
    "impl/router/tokens.py, Fail safe",
)

TOKENS_RETURNED = Sometimes(
    "tokens expired and were returned",
    "The token service took back what a router had drawn and not used.",
    "impl/capacity/global_admission.py, rule 3",
)

ROUTER_DIED_WITH_TOKENS = Sometimes(
    "router crashed with tokens",
    "A router crashed that held tokens of a table.",
    "impl/capacity/global_admission.py, Crashes",
)

TOKENS_BEGAN_AGAIN = Sometimes(
    "bucket at the token service began again",
    "A bucket at the token service began another life, since the service had crashed.",
    "impl/capacity/global_admission.py, Crashes",
)

LATE_DRAW = Sometimes(
    "copy of a draw came late",
    "The token service was told a draw that it had answered, or an older one.",
    "impl/capacity/global_admission.py, rule 2",
)

TAKES_MORE = Sometimes(
    "on-demand table takes more",
    "A partition of an on-demand table was given more, since its table had a greater peak.",
    "impl/capacity/on_demand.py",
)

OF_CAPACITY: Mapping[str, Sometimes] = MappingProxyType(
    {
        one.name: one
        for one in (
            WRITE_THROTTLED,
            READ_THROTTLED,
            SUCCESSOR_THROTTLED,
            READS_TAKEN_OVER,
            RATES_CHANGED,
            BOOSTED,
            IN_DEBT,
            BUCKETS_DIVIDED,
            READS_DIVIDED,
            NODE_THROTTLED,
            TOKENS_SHORT,
            TOKENS_UNHEARD,
            TOKENS_RETURNED,
            ROUTER_DIED_WITH_TOKENS,
            TOKENS_BEGAN_AGAIN,
            LATE_DRAW,
            TAKES_MORE,
        )
    }
)
"""Situations that need provisioned capacity."""
