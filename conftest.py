"""The option `--slow` of tests and benchmarks: without it what is marked `slow` is left out.

What was imported for the tests stays to their end, so the garbage collector is told not to look through it
again and again: that took a third of the time of tests that compile.
"""

import gc

import pytest

SLOW_SECONDS = 1_800
"""How long a test that is marked slow may take, on a busy machine too: several times what it takes alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--slow`."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too (minutes)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is marked slow, unless --slow asks for all or -m decides by itself."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    for item in slow:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
    if config.getoption("--slow") or "slow" in config.getoption("markexpr"):
        return
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


def pytest_collection_finish() -> None:
    """Leave all that is there by now out of every further collection."""
    gc.collect()
    gc.freeze()
