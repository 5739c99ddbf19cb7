"""The option `--slow` of tests and benchmarks: without it what is marked `slow` is left out."""

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
