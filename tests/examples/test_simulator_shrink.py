"""Shrinking, with failures that are known beforehand."""

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Failure, Fault, RunResult
from dynaproof.checkers.runs.shrink import ATTEMPTS, Budget, shrink
from dynaproof.checkers.scenarios.partition import PARTITION, draw

CONFIG = next(
    config
    for config in (draw("partition", seed, "timed") for seed in range(100))
    if len(config.faults) >= 4 and config.loss and config.duplication
)
NEEDED = CONFIG.faults[2]


def outcome(config: GroupConfig, spec: str | None) -> RunResult:
    step = config.operations * 10 + max((fault.step for fault in config.faults), default=0)
    failure = None if spec is None else Failure(spec, "it broke", step)
    return RunResult("00", step, 0, failure, {}, {}, {})


def fails_with_one_fault(config: GroupConfig) -> RunResult:
    """Breaks `wanted` while a fault of the needed kind and target is left; without faults, another spec."""
    if not config.faults:
        return outcome(config, "another")
    found = any((fault.kind, fault.target) == (NEEDED.kind, NEEDED.target) for fault in config.faults)
    return outcome(config, "wanted" if found else None)


def shrunk() -> tuple[GroupConfig, RunResult, int]:
    tried: list[GroupConfig] = []

    def execute(config: GroupConfig) -> RunResult:
        tried.append(config)
        return fails_with_one_fault(config)

    config, found = shrink(PARTITION, CONFIG, fails_with_one_fault(CONFIG), execute, Budget(ATTEMPTS))
    return config, found, len(tried)


def test_a_shrunk_run_keeps_what_its_failure_needs_and_nothing_else() -> None:
    config, found, _ = shrunk()
    assert [(fault.kind, fault.target) for fault in config.faults] == [(NEEDED.kind, NEEDED.target)]
    assert (config.loss, config.duplication, config.operations, config.clients) == (0, 0, 1, 1)
    assert config.faults[0].step == 1
    assert found == fails_with_one_fault(config)


def test_a_shrunk_run_breaks_the_same_promise() -> None:
    _, found, _ = shrunk()
    assert found.failure is not None
    assert found.failure.spec == "wanted"


def test_shrinking_is_deterministic_and_bounded() -> None:
    first, second = shrunk(), shrunk()
    assert first == second
    assert first[2] <= ATTEMPTS


def test_a_run_that_nothing_smaller_fails_is_left_as_it_is() -> None:
    tried = 0

    def execute(config: GroupConfig) -> RunResult:
        nonlocal tried
        tried += 1
        return outcome(config, "wanted" if config == CONFIG else None)

    before = outcome(CONFIG, "wanted")
    assert shrink(PARTITION, CONFIG, before, execute, Budget(ATTEMPTS)) == (CONFIG, before)
    assert 0 < tried <= ATTEMPTS


def test_every_drawn_run_has_a_fault_and_only_known_ones_in_order() -> None:
    for seed in range(200):
        faults: tuple[Fault, ...] = draw("partition", seed, "pct").faults
        assert faults
        assert [fault.step for fault in faults] == sorted(fault.step for fault in faults)
