"""The driver of explored runs: a strategy decides, faults fall at their steps, then time is fair and the end
is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.run import Run, perform
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.seam import Strategy
from dynaproof.checkers.strategies.catalogue import StrategyKind, strategy_named
from dynaproof.checkers.strategies.recording import Recorded, Recording
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Observer

PRUNED = 4096
"""Steps between two prunings of what no spec can need any more."""


class Exploring:
    """Drives a run by the strategy that its configuration names; see the module."""

    def __init__(
        self,
        strategies: Callable[[str], StrategyKind] = strategy_named,
        *,
        records: bool = False,
        ends: bool = True,
    ) -> None:
        self.strategies = strategies
        self.records = records
        """Whether every event and choice is kept, under its name."""
        self.ends = ends
        """Whether the run has an end, or is over when its steps are."""
        self._inner: Strategy | None = None
        self._kept: list[Recording] = []

    def first(self, config: Any) -> Strategy:
        """Make the system ready, in fair time."""
        return self._keep(Timed(config.seed))

    def drive(self, run: Run) -> None:
        """Setup, faults, end."""
        run.world.keep_trace = self.records
        run.set_up()
        if run.failure is None:
            self.go_wrong(run)
            self.faulty(run)
        if run.failure is None and self.ends:
            self.heal(run)
            run.scenario.end(run)

    def go_wrong(self, run: Run) -> None:
        """Hand over to the configuration's strategy, and let the network lose and repeat messages."""
        config, world = run.config, run.world
        world.loss, world.duplication = config.loss, config.duplication
        self._kept.clear()  # A run that got this far has its setup run from the configuration.
        kind = self.strategies(config.strategy)
        if not kind.timed:
            run.swap(self._keep(kind.make(config.seed, config.timer_weight)), timed=False)
        elif self.records:
            assert self._inner is not None, "the run began with a strategy"
            world.strategy = self._keep(self._inner)

    def faulty(self, run: Run) -> None:
        """The steps in which things go wrong."""
        world = run.world
        end = world.steps + run.config.length
        while world.steps < end and run.failure is None:
            pause = min(end, world.steps + PRUNED)
            while world.steps < pause and run.failure is None:
                if not self.goes_on(run):
                    return
            run.observation.prune()
            run.check()

    def goes_on(self, run: Run) -> bool:
        """Let what is due fall, each judged before the next, then one event happen; False if a fault has
        broken a promise, or nothing can happen any more.
        """
        injector, step = run.injector, run.world.steps - run.setup_steps
        while step >= injector.next:
            injector.at(step)
            run.check()
            if run.failure is not None:
                return False
        return run.step()

    def heal(self, run: Run) -> None:
        """Faults off, fair and timed from here on."""
        if not self.strategies(run.config.strategy).timed:
            run.swap(self._keep(Timed(run.config.seed + 1)), timed=True)
        run.heal()

    def _keep(self, strategy: Strategy) -> Strategy:
        self._inner = strategy
        if not self.records:
            return strategy
        self._kept.append(Recording(strategy))
        return self._kept[-1]

    def recorded(self, run: Run) -> Recorded:
        """The schedule of a run since its setup, or of a setup that failed."""
        events = tuple((kind, where, number) for kind, where, number, _ in run.world.trace)
        choices = tuple(choice for kept in self._kept for choice in kept.recorded().choices)
        return Recorded(events[run.setup_steps :], choices)


def execute(scenario: Scenario, config: Any, observers: Sequence[Observer] = ()) -> RunResult:
    """Run a configuration to its end, or to its first failure."""
    return perform(scenario, config, Exploring(), observers)[1]


def record(scenario: Scenario, config: Any) -> tuple[RunResult, Recorded]:
    """Run a configuration and keep its schedule."""
    driver = Exploring(records=True)
    run, result = perform(scenario, config, driver)
    return result, driver.recorded(run)
