"""What all tests share: Hypothesis profiles, and where data outside the project lies.

Nothing here makes a default run depend on chance: the profiles `dev` and `ci` derive their examples from the
tests themselves, only `nightly` draws new ones each time (and prints how to reproduce a failure).
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parent.parent

# Times depend on the machine, so no example may fail for being slow; what must be fast has a benchmark.
COMMON = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", COMMON, max_examples=50, derandomize=True)
settings.register_profile("ci", COMMON, max_examples=100, derandomize=True, database=None)
settings.register_profile("nightly", COMMON, max_examples=2_000, phases=tuple(Phase))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded data that may lie beside the project; skips the test where it does not."""
    shared = Path(os.environ.get("DYNAPROOF_SHARED") or ROOT.parent / "shared")
    data = shared / "data"
    if not data.is_dir():
        pytest.skip("no recorded data beside the project (../shared/data, or DYNAPROOF_SHARED)")
    return data.resolve()
