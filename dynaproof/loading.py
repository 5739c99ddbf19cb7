"""`load`: a scenario under open-loop load, as a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dynaproof.arguments import FIRST_RATE, ROUND_TRIPS, SECONDS, SESSIONS, WARM_UP, above_zero
from dynaproof.checkers.load.arrivals import PROCESSES, SECOND_US
from dynaproof.checkers.load.measuring import Plan
from dynaproof.checkers.load.saturation import MOST_RATE
from dynaproof.checkers.load.sweep import Listener, Nobody, sweep
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.catalogue import SCENARIOS, find
from dynaproof.checkers.scenarios.given import name_of
from dynaproof.checkers.scenarios.usable import require_usable
from dynaproof.errors import UserError, unknown_name
from dynaproof.load_result import Load


def load(
    scenario: Scenario | str,
    rates: int | Sequence[int] = FIRST_RATE,
    *,
    until_saturated: bool = False,
    arrivals: str = "poisson",
    seconds: float = SECONDS,
    warm_up: float = WARM_UP,
    seed: int = 1,
    keys: int | None = None,
    item_bytes: int | None = None,
    reads: int = 0,
    sessions: int = SESSIONS,
    most_round_trips: int = ROUND_TRIPS,
) -> Load:
    """Load a scenario with requests at each of these rates (per second of simulated time), and measure.

    With `until_saturated` further rates follow, until it is known within 5 % where the system is saturated.
    `reads` is how many in a hundred requests read. `docs/load.md` says what is measured, and how.

    Raises:
        UserError: there is no such scenario, it offers no requests, or a number is out of its range.
    """
    done = loaded(
        scenario,
        [rates] if isinstance(rates, int) else rates,
        until_saturated=until_saturated,
        arrivals=arrivals,
        seconds=seconds,
        warm_up=warm_up,
        seed=seed,
        keys=keys,
        item_bytes=item_bytes,
        reads=reads,
        sessions=sessions,
        most_round_trips=most_round_trips,
    )
    if done.report.ended == "interrupted":
        raise KeyboardInterrupt
    return done


def loaded(
    scenario: Scenario | str,
    rates: Sequence[int],
    *,
    until_saturated: bool,
    arrivals: str,
    seconds: float,
    warm_up: float,
    seed: int,
    keys: int | None,
    item_bytes: int | None,
    reads: int,
    sessions: int,
    most_round_trips: int,
    called: Callable[[str], str] = str,
    listener: Listener | None = None,
) -> Load:
    """As `load`; if it is interrupted, what was measured until then.

    `called` gives the name by which messages call an argument.
    """
    found = scenario_of(scenario)
    requests = found.requests
    if requests is None:
        raise UserError(
            f"the scenario {found.name} offers no requests to issue",
            "give it requests=Requests(sessions=Kind(...)), nodes with a handler of Due: docs/load.md",
        )
    if arrivals not in PROCESSES:
        raise unknown_name("process of arrivals", arrivals, PROCESSES)
    require_rates(rates, called)
    above_zero(
        {
            called(name): number
            for name, number in {
                "seconds": seconds,
                "keys": keys,
                "item_bytes": item_bytes,
                "sessions": sessions,
                "most_round_trips": most_round_trips,
            }.items()
        }
    )
    if not 0 <= warm_up < float("inf"):
        raise UserError(f"{called('warm_up')} is {warm_up}; it takes a number of seconds from 0 on")
    if not 0 <= reads <= 100:
        raise UserError(f"{called('reads')} is {reads}; it takes a number of percent from 0 to 100")
    plan = Plan(
        seed=seed,
        process=arrivals,
        warm_up_us=int(warm_up * SECOND_US),
        window_us=int(seconds * SECOND_US),
        keys=requests.keys if keys is None else keys,
        item_bytes=requests.item_bytes if item_bytes is None else item_bytes,
        reads_percent=reads,
        most_sessions=sessions,
        most_round_trips=most_round_trips,
        latencies=requests.latencies,
    )
    if not plan.window_us:
        raise UserError(f"{called('seconds')} is {seconds}; it takes at least a microsecond")
    report = sweep(
        found, requests, plan, rates, until_saturated=until_saturated, listener=listener or Nobody()
    )
    return Load(report)


def scenario_of(scenario: Scenario | str) -> Scenario:
    """The scenario that is given or named, checked to be one that can be run.

    Raises:
        UserError: there is none, or its nodes cannot be made.
    """
    if not isinstance(scenario, str | Scenario):
        raise UserError(
            f"load takes a Scenario or FILE.py:NAME, not a {type(scenario).__name__}",
            "Scenario(name=..., sentence=..., kinds=(...,), requests=...) makes one",
        )
    name = scenario if isinstance(scenario, str) else name_of(scenario)
    if isinstance(scenario, str) and name not in SCENARIOS and ".py:" not in name:
        raise unknown_name("scenario", name, list(SCENARIOS))
    try:
        require_usable(name)
        return find(name)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error


def require_rates(rates: Sequence[Any], called: Callable[[str], str]) -> None:
    """Reject anything that is not a rate."""
    if not rates:
        raise UserError(f"{called('rates')} is empty; it takes requests a second")
    for rate in rates:
        if not isinstance(rate, int) or not 0 < rate <= MOST_RATE:
            raise UserError(
                f"{called('rates')} is {rate}; it takes whole numbers of requests a second, "
                f"from 1 to {MOST_RATE:,}"
            )
