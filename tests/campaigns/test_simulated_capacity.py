"""The simulation of capacity is held to the whole system: what a short run of each admits of one load."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.capacity.scenarios import SCENARIOS
from dynaproof.checkers.capacity.simulation import Simulation
from dynaproof.checkers.kinds.region_kinds import ADMINS, HOSTS_OF_REGION, USERS
from dynaproof.checkers.kinds.token_service import SPENDING_ROUTERS, TOKEN_SERVICE
from dynaproof.checkers.user_file import imported
from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US
from dynaproof.impl.capacity.rates import Adapting, Provisioned
from dynaproof.impl.router.messages import Done, PutItem

REGION: Any = imported(Path(__file__).resolve().parents[1] / "examples" / "small_region.py")
KINDS = (HOSTS_OF_REGION, SPENDING_ROUTERS, ADMINS, USERS, TOKEN_SERVICE)

UNITS, RATE, SECONDS = 1, 10, 33
BURST_SECONDS = 300


def admitted_by_the_system(policy: Adapting) -> int:
    """Writes to one item, at a steady rate, that are not throttled."""
    region = REGION.SmallRegion(kinds=KINDS)
    region.create("books", 1, given=Provisioned(UNITS * MICRO, UNITS * MICRO, adapts=policy))
    begun, admitted = region.world.tau, 0
    for number in range(RATE * SECONDS):
        due = begun + number * SECOND_US // RATE
        region.run.advance_until(lambda: False, max(0, due - region.world.tau), 10_000)
        admitted += region.ask(PutItem("books", REGION.item("a", "b"))) == Done()
    return admitted


def admitted_by_the_simulation(policy: str, *, drained: bool) -> int:
    """The same, second by second."""
    scenario = structs.replace(
        SCENARIOS["hot-partition"],
        seconds=SECONDS,
        partitions=1,
        units=UNITS,
        since=0,
        tick=1,
        drained=drained,
        demand=lambda *_: lambda _: [RATE * MICRO],
    )
    found = Simulation(scenario, policy, 1).run()
    assert found.offered == RATE * SECONDS
    return found.offered - found.throttled


@pytest.mark.parametrize(("policy", "begins_empty"), [("none", False), ("global", True)])
def test_a_short_run_admits_what_the_simulation_says(policy: Adapting, begins_empty: bool) -> None:
    simulated = admitted_by_the_simulation(policy, drained=begins_empty)
    # A bucket at the token service begins with a second's fill; a router has as much in hand as it needs.
    assert abs(admitted_by_the_system(policy) - simulated) <= 3 * UNITS
    assert simulated <= (0 if begins_empty else BURST_SECONDS * UNITS) + (SECONDS + 1) * UNITS
