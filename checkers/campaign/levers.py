"""Levers: what a campaign draws beside the order of events, each of which can be switched off.

A lever is off in a configuration that its `off` leaves as it is. So a campaign without it is the same
campaign with every configuration changed, and a lever pays by the bugs that only die while it may be on. A
campaign counts in how many schedules each lever was on, and what was seen in these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct, field, structs

from dynaproof.checkers.kinds.membership import MembershipConfig
from dynaproof.checkers.kinds.metadata_moves import MovesConfig
from dynaproof.checkers.kinds.repair_faults import LOST_DISK_BESIDE_REPAIR
from dynaproof.checkers.kinds.replica_faults import LOST_TAIL, PAGE_ROT, ROT
from dynaproof.checkers.kinds.split_faults import LOST_DISKS_IN_SPLIT
from dynaproof.checkers.runs.world_faults import (
    CRASH_BEHIND_PAGES,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    LOST_DISK,
)
from dynaproof.checkers.world.options import RATE_ONE
from dynaproof.impl.outbox import OutboxLimits
from dynaproof.impl.partition.settings import Settings


class Lever(Struct, frozen=True):
    """One lever: a configuration without it, and seeded bugs that die only by it, in their own scenarios."""

    name: str
    sentence: str
    off: Callable[[Any], Any]
    bugs: tuple[str, ...]
    strategy: str = "portfolio"
    """The strategy under which they are hunted."""

    def is_on(self, config: Any) -> bool:
        """Whether the configuration has anything of it."""
        return bool(self.off(config) != config)


def _no_late_copies(config: Any) -> Any:
    return structs.replace(config, options=structs.replace(config.options, late_us=0))


def _wide_bounds(config: Any) -> Any:
    """Bounds so wide that a short run meets none of them."""
    config = structs.replace(
        config, options=structs.replace(config.options, outbox=OutboxLimits(), capacity=256)
    )
    if not isinstance(getattr(config, "settings", None), Settings):
        return config
    settings = structs.replace(
        config.settings,
        admitted_writes_per_s=20_000,
        admitted_bytes_per_s=20_971_520,
        refused_attempts=4_096,
        waiting_attempts=16,
        in_flight_slots=32,
    )
    return structs.replace(config, settings=settings)


def _no_operator(config: Any) -> Any:
    """The operator replaces only voters that are lost; groups have three."""
    if isinstance(config, MembershipConfig):
        config = structs.replace(config, voters=3)
    if isinstance(config, MembershipConfig | MovesConfig):
        config = structs.replace(config, operator=structs.replace(config.operator, moves=0))
    return config


def _sound_disks(config: Any) -> Any:
    syncs = (CRASH_IN_SYNC, FAILED_SYNC, CRASH_BEHIND_PAGES)
    lost = (LOST_DISK, LOST_DISK_BESIDE_REPAIR, *LOST_DISKS_IN_SPLIT)
    damage = {kind.name for kind in (ROT, PAGE_ROT, *lost, *syncs)}
    return _without(config, damage)


def _whole_tails(config: Any) -> Any:
    return _without(config, {LOST_TAIL.name})


def _without(config: Any, kinds: set[str]) -> Any:
    return structs.replace(config, faults=tuple(fault for fault in config.faults if fault.kind not in kinds))


def _equal_clocks(config: Any) -> Any:
    options = structs.replace(config.options, rates=tuple(RATE_ONE for _ in config.options.rates))
    return structs.replace(config, options=options)


BY_CHANCE = 0.01
"""What is seen only with a lever is reported if its probability, did the lever not matter, is below this."""

LEVERS: Final = (
    Lever(
        "late copies",
        "second copies of messages come leases later",
        _no_late_copies,
        ("not_fenced", "leavers_dropped_at_once"),
        "timed",  # If order is free, a copy comes as late as the strategy likes.
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
        "lost tails",
        "segments of journals lose ends that were synced, or have zeros there",
        _whole_tails,
        ("lost_tails_not_noticed", "void_segments_say_nothing"),
    ),
    Lever(
        "clocks",
        "clocks go as far apart as the drift bound allows",
        _equal_clocks,
        ("drift_ignored", "half_of_drift_ignored"),
    ),
)
"""In the order in which they are reported."""


def levers_on(config: Any) -> tuple[str, ...]:
    """The names of the levers of which a configuration has anything."""
    return tuple(lever.name for lever in LEVERS if lever.is_on(config))


class LeverCounts(Struct):
    """Schedules of a campaign by the levers that were on in them."""

    on: dict[str, int] = field(default_factory=lambda: dict.fromkeys((lever.name for lever in LEVERS), 0))
    """By lever, the schedules in which it was on."""
    seen: dict[str, int] = field(default_factory=dict)
    """By `sometimes`: the schedules in which it was seen,"""
    seen_on: dict[str, dict[str, int]] = field(default_factory=dict)
    """and by lever, in how many of these the lever was on."""

    def add(self, levers: Iterable[str], reached: Iterable[str]) -> None:
        """Count one schedule: the levers that were on, and what was seen in it."""
        for name in reached:
            self.seen[name] = self.seen.get(name, 0) + 1
        for lever in levers:
            self.on[lever] += 1
            seen = self.seen_on.setdefault(lever, {})
            for name in reached:
                seen[name] = seen.get(name, 0) + 1

    def only_on(self, lever: str, schedules: int) -> list[str]:
        """What was seen in no schedule without this lever, and in too many with it for chance."""
        share = self.on[lever] / max(schedules, 1)
        with_it = self.seen_on.get(lever, {})
        return sorted(
            name for name, times in with_it.items() if times == self.seen[name] and share**times < BY_CHANCE
        )
