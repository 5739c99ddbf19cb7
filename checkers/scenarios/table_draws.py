"""What the runs of a region draw beside their faults, each in some schedules and not in others: bounds so
small that they are met, admins that take over soon, messages that come again often and late, users that order
tables more often than they use them, and tables with sort keys (Groce et al., *Swarm Testing*, ISSTA 2012).
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.runs.config import Chance

OFTEN = (12_000, 32_000)
"""Chances that a message is repeated, in parts of 65536, if copies come late."""

SOME_ORDERS = 8
"""How many of 24 things that users ask for are orders, if tables come and go;"""

ORDERS = 16
"""and if users order more than they ask."""

SORT_KEYS = (0, 0, 2, 3)
"""The sort keys of each partition key; 0: the tables have none."""

TIMER_WEIGHTS = (2, 4, 12, 24)
"""A region has five times as many timers as a group, and each waits for its turn as it does there."""


BATCHES = (60, 100, 16 << 20)
"""How many bytes users may write and read in one batch: one of three items, or two, or all."""

TWO_ITEMS = 120
"""How many bytes a router takes from users, and reads for them: two items and what asks for them."""


def bounded(config: RegionConfig) -> RegionConfig:
    """A configuration with some small bounds: reports of many chunks, little that an admin looks up and
    commands at a time, nodes that get no replicas as soon as they are silent, small batches, and node
    journals that begin anew again and again.
    """
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/bounds")
    collected_at_once, chunk_reports = (1, 2, 100)[pick(3)], (1, 2, 100)[pick(3)]
    router = structs.replace(config.router, batch_bytes=BATCHES[pick(3)])
    settings = structs.replace(config.settings, node_frames=(1, 4, 64)[pick(3)])
    admin = structs.replace(
        config.admin,
        collected_at_once=collected_at_once,
        commands=(3, 64)[pick(2)],
        heard_us=(3 * config.report_us, config.admin.heard_us)[pick(2)],
    )
    return structs.replace(config, settings=settings, admin=admin, router=router, chunk_reports=chunk_reports)


def unruly(config: RegionConfig, hasty: int = 1) -> RegionConfig:
    """A configuration with some of these draws; in `hasty` quarters of them, admins take over soon."""
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/unruly")
    soon, late, ordering = pick(4) < hasty, pick(2), pick(2)
    weight = TIMER_WEIGHTS[pick(len(TIMER_WEIGHTS))]
    config = structs.replace(config, timer_weight=weight)
    if not pick(3):
        config = structs.replace(config, router=structs.replace(config.router, bytes_at_once=TWO_ITEMS))
    if soon:
        config = takes_over_soon(config, pick)
    if late:
        config = repeats_late(config, pick)
    if config.user.orders and not ordering:
        config = structs.replace(config, user=structs.replace(config.user, orders=ORDERS))
    return with_sort_keys(config, pick)


def with_sort_keys(config: RegionConfig, pick: Chance) -> RegionConfig:
    """In half of the configurations tables have sort keys, so that queries have pages."""
    sort_keys = SORT_KEYS[pick(len(SORT_KEYS))]
    return structs.replace(config, user=structs.replace(config.user, sort_keys=sort_keys))


def takes_over_soon(config: RegionConfig, pick: Chance) -> RegionConfig:
    """An admin takes over as soon as the other one's change of the metadata can be late, so that two often
    believe themselves active.
    """
    latencies, syncs = config.options.latencies, config.options.sync_us
    beat = max(config.settings.heartbeat_us // (2, 8)[pick(2)], 4 * max(latencies) + 2 * max(syncs))
    admin = structs.replace(config.admin, takeover_us=beat, touch_us=beat // (1, 2)[pick(2)])
    return structs.replace(config, admin=admin)


def repeats_late(config: RegionConfig, pick: Chance) -> RegionConfig:
    """Many messages come a second time, when what they ask for has been done and undone: so users that order
    take their time, and delete what has existed for some leases.
    """
    lease, user = config.settings.lease_us, config.user
    options = structs.replace(config.options, late_us=lease * (1, 1, 3)[pick(3)])
    if user.orders:
        user = structs.replace(user, think_us=lease // 2, deletes=1)
    return structs.replace(config, options=options, duplication=OFTEN[pick(2)], user=user)
