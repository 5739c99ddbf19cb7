"""The strategies of campaigns, by name. `PORTFOLIO` says which of them a portfolio takes in turn: one that is
added here changes neither what a portfolio means nor any digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct

from dynaproof.checkers.seam import Strategy
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.strategies.untimed import Pct, Pos, RandomWalk
from dynaproof.checkers.strategies.users_strategy import METHODS, UsersStrategy, is_strategy
from dynaproof.checkers.user_file import fitting


class StrategyKind(Struct, frozen=True):
    """One strategy: what it does, and its source."""

    name: str
    sentence: str
    source: str
    make: Callable[[int, int], Strategy]
    """Makes it from a seed and from how rarely timers are offered; a timed one goes on with what made the
    system ready.
    """
    timed: bool = False


def _timed(seed: int, _timer_weight: int) -> Strategy:
    return Timed(seed)


def _pct(depth: int) -> StrategyKind:
    """PCT with another depth than `pct`."""
    return StrategyKind(
        f"pct-{depth}",
        f"as pct, with a depth of {depth}: {depth - 1} demotions",
        "Burckhardt et al., ASPLOS 2010",
        partial(Pct, depth=depth),
    )


STRATEGIES: Mapping[str, StrategyKind] = {
    kind.name: kind
    for kind in (
        StrategyKind(
            "timed",
            "latencies and deadlines decide; chance draws the latencies",
            "discrete-event simulation",
            _timed,
            timed=True,
        ),
        StrategyKind(
            "random",
            "uniform over the enabled events, timers now and then",
            "Thomson et al., Concurrency Testing Using Controlled Schedulers, TOPC 2016",
            RandomWalk,
        ),
        StrategyKind(
            "pct",
            "a random priority per link and per node, a few demotions",
            "Burckhardt et al., ASPLOS 2010; chains as in Ozkan et al., OOPSLA 2018",
            Pct,
        ),
        _pct(3),
        _pct(10),
        StrategyKind(
            "pos",
            "a random priority per event, drawn anew for those that race with what happened",
            "Yuan et al., Partial Order Aware Concurrency Sampling, CAV 2018",
            Pos,
        ),
    )
}

GIVEN: dict[str, StrategyKind] = {}
"""Strategies that were given to this process as objects and stand in no file, by name."""


def strategy_named(name: str) -> StrategyKind:
    """The strategy of a name: one of ours, or a class of `FILE.py:NAME`.

    Raises:
        LookupError: there is none; the message is a sentence.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if name in GIVEN:
        return GIVEN[name]
    if ".py:" not in name:
        raise LookupError(f"there is no strategy {name!r}")
    return users_kind(fitting(name, is_strategy, f"a strategy is a class with {', '.join(METHODS)}"), name)


def users_kind(made: type[Strategy], name: str) -> StrategyKind:
    """A user's strategy; what it does wrong is reported under this name."""
    sentence = " ".join((made.__doc__ or "").split("\n\n")[0].split())
    make: Callable[[int, int], Strategy] = partial(UsersStrategy, made, name)
    return StrategyKind(made.__name__, sentence, "", make)


PORTFOLIO = ("timed", "random", "pct", "pos")
"""What a portfolio takes in turn: no strategy dominates."""


def strategy_of(name: str, schedule: int) -> str:
    """The strategy of one schedule of a campaign: of several, separated by commas, each in turn."""
    taken = PORTFOLIO if name == "portfolio" else tuple(name.split(","))
    return taken[schedule % len(taken)]
