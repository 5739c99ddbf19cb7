"""What a campaign reports as never seen is asked for: the faults that a scenario lists are those it draws."""

import pytest

from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.scenarios.repair import OF_REPAIR
from dynaproof.checkers.scenarios.split import OF_SPLITS
from dynaproof.checkers.scenarios.table_faults import OF_TABLES
from dynaproof.checkers.scenarios.throttled import OF_CAPACITY

CONFIGS = 600


@pytest.mark.parametrize("name", [one.name for one in (*OF_TABLES, *OF_REPAIR, *OF_SPLITS, *OF_CAPACITY)])
def test_each_fault_that_a_scenario_lists_is_drawn_and_no_other(name: str) -> None:
    listed = set(find(name).fault_kinds())
    drawn = {
        fault.kind for number in range(CONFIGS) for fault in config_of(name, "portfolio", 5, number).faults
    }
    assert drawn == listed
