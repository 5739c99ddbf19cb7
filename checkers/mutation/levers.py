"""Levers: what a campaign draws beside the order of events, each of which can be switched off.

A lever is off in a configuration that its `off` leaves as it is. So a campaign without it is the same one
with every configuration changed, and a lever pays by the bugs that only die while it may be on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, structs

from dynaproof.checkers.kinds.membership import MembershipConfig
from dynaproof.checkers.kinds.metadata_moves import MovesConfig
from dynaproof.checkers.kinds.replica_faults import PAGE_ROT, ROT
from dynaproof.checkers.runs.world_faults import (
    CRASH_BEHIND_PAGES,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    LOST_DISK,
)
from dynaproof.checkers.world.options import RATE_ONE
from dynaproof.impl.outbox import OutboxLimits


class Lever(Struct, frozen=True):
    """One lever: a configuration without it, and seeded bugs that die by it alone, in their own scenarios."""

    name: str
    sentence: str
    off: Callable[[Any], Any]
    bugs: tuple[str, ...]
    strategy: str = "portfolio"
    """Under which they are hunted."""

    def is_on(self, config: Any) -> bool:
        """Whether the configuration has anything of it."""
        return bool(self.off(config) != config)


def _no_late_copies(config: Any) -> Any:
    return structs.replace(config, options=structs.replace(config.options, late_us=0))


def _wide_bounds(config: Any) -> Any:
    """Wide enough that a short run meets none of them."""
    options = structs.replace(config.options, outbox=OutboxLimits(), capacity=256)
    settings = structs.replace(
        config.settings,
        admitted_writes_per_s=20_000,
        admitted_bytes_per_s=20_971_520,
        refused_attempts=4_096,
        waiting_attempts=16,
        in_flight_slots=32,
    )
    return structs.replace(config, options=options, settings=settings)


def _no_operator(config: Any) -> Any:
    """The operator replaces only voters that are lost; groups have three."""
    if isinstance(config, MembershipConfig):
        config = structs.replace(config, voters=3)
    if isinstance(config, MembershipConfig | MovesConfig):
        config = structs.replace(config, operator=structs.replace(config.operator, moves=0))
    return config


def _sound_disks(config: Any) -> Any:
    each = (ROT, PAGE_ROT, LOST_DISK, CRASH_IN_SYNC, FAILED_SYNC, CRASH_BEHIND_PAGES)
    damage = {kind.name for kind in each}
    return structs.replace(config, faults=tuple(fault for fault in config.faults if fault.kind not in damage))


def _equal_clocks(config: Any) -> Any:
    options = structs.replace(config.options, rates=tuple(RATE_ONE for _ in config.options.rates))
    return structs.replace(config, options=options)


LEVERS: Final = (
    Lever(
        "late copies",
        "second copies of messages come leases later",
        _no_late_copies,
        ("not_fenced", "leavers_dropped_at_once"),
        "timed",  # Where order is free a copy comes as late as the strategy likes.
    ),
    Lever(
        "small bounds",
        "outboxes, links, windows, and what is remembered and waits have bounds so low that runs meet them",
        _wide_bounds,
        ("own_messages_shed", "full_for_ever"),
    ),
    Lever(
        "operators",
        "an operator replaces voters that live, the leader too, in groups of three or five",
        _no_operator,
        ("leaver_keeps_its_lease", "newest_hosts_not_kept"),
    ),
    Lever(
        "disks",
        "journals and pages rot, disks are lost, syncs fail, are cut short, or stay the first of two",
        _sound_disks,
        ("checksum_not_checked", "rotted_voter_votes_on"),
    ),
    Lever(
        "clocks",
        "clocks go as far apart as the drift bound allows",
        _equal_clocks,
        ("drift_ignored", "half_of_drift_ignored"),
    ),
)
"""In the order in which they are told."""
