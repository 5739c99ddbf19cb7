"""The policies of a table behind one interface: none, proportional, PID, global admission control.

A policy says at what rate, and up to which level, a partition's own bucket fills (`own`); once a period it is
told how that went (`observe`); and routers ask it before they forward a request (`take`), which matters only
under global admission. The caps of a partition hold under every policy.
"""

from __future__ import annotations

from typing import Final, Protocol

from msgspec import Struct, field

from dynaproof.impl.capacity.arithmetic import div, maximum, millionths, minimum
from dynaproof.impl.capacity.bucket import burst, full_bucket
from dynaproof.impl.capacity.controller import ONE, Pid, Proportional, over_provisioned
from dynaproof.impl.capacity.global_admission import RouterTokens, TableTokens, asked_for
from dynaproof.impl.capacity.on_demand import MOST_TAKEN, WINDOW_US, multiplied_next
from dynaproof.impl.capacity.shares import boosted, one_second


class Reading(Struct, frozen=True, gc=False):
    """What was measured in a period, in micro-units a second."""

    share: int
    """Of one partition."""
    hottest_consumed: int
    hottest_throttled: int
    """Of the partition that was asked for most."""
    table_consumed: int
    table_provisioned: int
    elapsed_us: int
    """How long the period was."""


class Policy(Protocol):
    """Decides who gets how much of a table, for reads or for writes."""

    @property
    def multiplier(self) -> int:
        """Of the shares, in millionths; 1 where there is none."""
        ...

    def own(self, share: int, cap: int) -> tuple[int, int]:
        """At which rate a partition's own bucket fills, and up to which level."""
        ...

    def observe(self, reading: Reading) -> None:
        """Take the readings of a period."""
        ...

    def change(self, rate: int, now_us: int) -> None:
        """From now on the table has another rate."""
        ...

    def take(self, router: int, cost: int, now_us: int) -> bool:
        """Whether a router may forward a request."""
        ...


class NoPolicy(Struct):
    """Each partition has its share, and that is all."""

    multiplier: int = ONE

    def own(self, share: int, cap: int) -> tuple[int, int]:
        """The share."""
        return share, burst(share)

    def observe(self, reading: Reading) -> None:
        """Nothing follows from it."""

    def change(self, rate: int, now_us: int) -> None:
        """Shares are computed where the partitions are known."""

    def take(self, router: int, cost: int, now_us: int) -> bool:
        """Routers forward all."""
        return True


class Adaptive(Struct):
    """Shares times a multiplier."""

    controller: Pid | Proportional

    @property
    def multiplier(self) -> int:
        """Of the shares."""
        return self.controller.multiplier

    def own(self, share: int, cap: int) -> tuple[int, int]:
        """A boosted fill; what is kept for bursts is by the share itself."""
        return boosted(share, self.controller.multiplier), burst(share)

    def observe(self, reading: Reading) -> None:
        """Hand the readings to the controller, relative to a share."""
        share = maximum(1, reading.share)
        self.controller.observe(
            millionths(reading.hottest_consumed, share),
            millionths(reading.hottest_throttled, share),
            over_provisioned(reading.table_consumed, reading.table_provisioned),
        )

    def change(self, rate: int, now_us: int) -> None:
        """The multiplier stays."""

    def take(self, router: int, cost: int, now_us: int) -> bool:
        """Routers forward all."""
        return True


class OnDemand(Struct):
    """Shares of twice the previous peak."""

    window_us: int = WINDOW_US
    multiplier: int = ONE
    peak: int = 0
    """The peak of the window so far."""
    passed_us: int = 0
    """How long ago the window began."""

    def own(self, share: int, cap: int) -> tuple[int, int]:
        """A share of what the table takes; what is kept for bursts is by the share of what it was given."""
        return boosted(share, self.multiplier), burst(share)

    def observe(self, reading: Reading) -> None:
        """Take the peak, and, at the end of a window, what follows from it."""
        self.peak = maximum(self.peak, reading.table_consumed)
        self.passed_us += reading.elapsed_us
        if self.passed_us >= self.window_us:
            given = maximum(1, reading.table_provisioned)
            self.multiplier = multiplied_next(self.multiplier, given, self.peak, MOST_TAKEN)
            self.peak = self.passed_us = 0

    def change(self, rate: int, now_us: int) -> None:
        """The multiplier stays."""

    def take(self, router: int, cost: int, now_us: int) -> bool:
        """Routers forward all."""
        return True


class GlobalAdmission(Struct):
    """One bucket for the table; a partition has only its cap.

    Draws are answered at once here; in the system they are messages (`impl/tokens`).
    """

    tokens: TableTokens
    routers: list[RouterTokens] = field(default_factory=list)
    multiplier: int = ONE

    def own(self, share: int, cap: int) -> tuple[int, int]:
        """The cap."""
        return cap, one_second(cap)

    def observe(self, reading: Reading) -> None:
        """Nothing follows from it."""

    def change(self, rate: int, now_us: int) -> None:
        """The table's bucket fills at the new rate."""
        self.tokens.bucket.change(rate, burst(rate), now_us)

    def take(self, router: int, cost: int, now_us: int) -> bool:
        """Use tokens of the router, which draws what is missing and as much again."""
        here = self.routers[router]
        here.expire(now_us)
        if here.held < cost:
            asked = asked_for(here.held, cost)
            here.credit(self.tokens.draw(here.held, here.returned(), asked, now_us), now_us)
        return here.take(cost)

    def take_some(self, router: int, cost: int, count: int, now_us: int) -> int:
        """Use tokens of a router for as many of `count` equal requests as there are tokens for."""
        here, taken = self.routers[router], 0
        here.expire(now_us)
        while taken < count:
            some = minimum(count - taken, div(here.held, cost))
            if some and here.take(some * cost):
                taken += some
                continue
            asked = asked_for(here.held, (count - taken) * cost)
            here.credit(self.tokens.draw(here.held, here.returned(), asked, now_us), now_us)
            if here.held < cost:
                break
        return taken


POLICIES: Final = ("pid", "proportional", "global", "none")


def policy_named(name: str, rate: int, routers: int) -> Policy:
    """A policy at its beginning, for a table's rate and a number of routers."""
    match name:
        case "pid":
            return Adaptive(Pid())
        case "proportional":
            return Adaptive(Proportional())
        case "on_demand":
            return OnDemand()
        case "global":
            tokens = TableTokens(full_bucket(rate, burst(rate), 0))
            return GlobalAdmission(tokens, [RouterTokens() for _ in range(routers)])
        case _:
            assert name == "none", name
            return NoPolicy()
