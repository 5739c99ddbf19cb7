"""What all tests share: Hypothesis profiles, and where data outside the project lies.

Nothing here makes a default run depend on chance: the profiles `dev` and `ci` derive their examples from the
tests themselves, only `nightly` draws new ones each time (and prints how to reproduce a failure).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from dynaproof.checkers.state_space.explore import Result
    from dynaproof.checkers.state_space.interpreter import State
    from dynaproof.model.language import Model

ROOT = Path(__file__).resolve().parent.parent

# Times depend on the machine, so no example may fail for being slow; what must be fast has a benchmark.
COMMON = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", COMMON, max_examples=50, derandomize=True)
settings.register_profile("ci", COMMON, max_examples=50, derandomize=True, database=None)
settings.register_profile("nightly", COMMON, max_examples=2_000, phases=tuple(Phase))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

# A machine may be set to keep no bytecode. The tests start hundreds of processes, and each would compile all
# that it imports; a user's process, and so what is tested, finds it compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = True  # But it edits files faster than bytecode tells them apart.


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


SAMPLE = 100
"""How many of the states that a search came by are kept, at the least where there are so many."""


class Searched(NamedTuple):
    """What the search for a seeded bug of a model found, and states from all over what it came by."""

    result: Result
    sample: tuple[State, ...]


@pytest.fixture(scope="session")
def searched() -> Callable[[type[Model]], Searched]:
    """The exhaustive search of a model with a seeded bug: made once, for all tests that ask for it."""
    from dynaproof.checkers.state_space.explore import Exploration

    @cache
    def search(bug: type[Model]) -> Searched:
        exploration = Exploration(bug(), symmetry=True)
        result = exploration.run()
        every = max(1, result.distinct // SAMPLE)
        sample = [exploration.words_of(at) for at in range(0, result.distinct, every)]
        return Searched(result, tuple(exploration.state_of(words) for words in sample))

    return search


@pytest.fixture(scope="session")
def reach_every_situation() -> Callable[[str, int], None]:
    """Run a scenario, at most so many schedules, until all that it should reach was seen; none may fail."""
    from dynaproof.checkers.campaign import Totals, outcomes
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS

    def reach(name: str, schedules: int) -> None:
        totals, wanted = Totals(), SCENARIOS[name].sometimes
        for number, outcome in outcomes(name, "portfolio", 6, iter(range(schedules)), 1):
            assert outcome.failure is None, (number, outcome.failure)
            totals.add(outcome)
            if set(wanted) <= set(totals.sometimes):
                break
        assert [one for one in wanted if one not in totals.sometimes] == []

    return reach


@pytest.fixture(scope="session")
def killed() -> Callable[[str, str, int, int], Any]:
    """Hunt a seeded bug, so many schedules of a portfolio with this seed: it breaks this promise. Gives the
    configuration of the run that does.
    """
    from dynaproof.checkers.mutation.catalogue import MUTANTS
    from dynaproof.checkers.mutation.hunt import explore

    def hunt(name: str, spec: str, schedules: int, seed: int) -> Any:
        found = explore(MUTANTS[name], "portfolio", schedules, seed)
        assert found is not None
        _, config, outcome = found
        assert outcome.failure is not None
        assert outcome.failure.spec == spec
        return config

    return hunt


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded data that may lie beside the project; skips the test where it does not."""
    shared = Path(os.environ.get("DYNAPROOF_SHARED") or ROOT.parent / "shared")
    data = shared / "data"
    if not data.is_dir():
        pytest.skip("no recorded data beside the project (../shared/data, or DYNAPROOF_SHARED)")
    return data.resolve()
