"""In which zones nodes may be taken for dead: one zone at a time, so that a wrong guess costs no partition
more than one voter of three (docs/table.md, *dead*).

A zone is *mourned* while partitions still have voters on dead nodes there. What can never be mended, because
a partition has no quorum, or its zone no other node, must not keep the dead of other zones from being
replaced for ever: a zone in which nobody was declared dead for `patience_us` holds nobody back any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.impl.node import Microseconds


class Mourning:
    """The zones that are mourned, as the walks of one admin find them."""

    __slots__ = ("found", "patience_us", "since")

    def __init__(self, patience_us: Microseconds) -> None:
        self.patience_us = patience_us
        self.since: dict[str, Microseconds] | None = None
        """Mourned zones by the last whole walk, and when a node of each was declared dead last, or a walk
        first found it mourned; None before the first walk.
        """
        self.found: dict[str, bool] = {}
        """The same by this walk, so far."""

    def activated(self) -> None:
        """Forget what an earlier term saw."""
        self.since = None

    def begin(self) -> None:
        """A walk begins."""
        self.found = {}

    def find(self, zone: str) -> None:
        """A partition has a voter on a dead node of this zone."""
        self.found[zone] = True

    def walked(self, now: Microseconds) -> None:
        """A walk was whole."""
        before = self.since or {}
        self.since = {zone: before.get(zone, now) for zone in self.found}

    def declared(self, zones: Iterable[str], now: Microseconds) -> None:
        """Nodes of these zones were declared dead meanwhile, or are about to be."""
        if self.since is not None:
            self.since.update(dict.fromkeys(zones, now))

    def may_begin(self, zone: str, now: Microseconds) -> bool:
        """Whether a node of this zone may be declared dead; the zone is mourned then."""
        if self.since is None or any(
            other != zone and now - since < self.patience_us for other, since in self.since.items()
        ):
            return False
        self.since[zone] = now
        return True
