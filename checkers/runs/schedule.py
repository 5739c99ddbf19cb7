"""Runs as schedules: what happened after the setup, event by event, with every choice by its name.

A run is kept as seed and configuration until a failure makes more of it worth writing out. Then `record` runs
it again and keeps the names of its events, faults and mends among them, and its choices; `follow` lets
exactly these happen. *Exact* following diverges at the step at which the run became another one; *lenient*
following passes over what is not possible and takes a missing choice for the benign default, so that any part
of a schedule is a legal run: a message left out is delayed for ever, a timer left out is late, a mend left
out never comes.

The setup is run from the configuration, unless the failure is in the setup itself: then the schedule begins
with the run. A schedule ends with its last event: what must happen eventually is judged only in the fair end
of a whole run, not at the end of a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.injector import NEVER
from dynaproof.checkers.runs.run import Run, perform
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.seam import EventName, Strategy
from dynaproof.checkers.strategies.catalogue import StrategyKind, strategy_named
from dynaproof.checkers.strategies.recording import Recorded, Recording
from dynaproof.checkers.strategies.replaying import Replaying
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Observer


class Following:
    """Drives a run by a schedule; see the module."""

    def __init__(
        self,
        schedule: Recorded,
        *,
        in_setup: bool = False,
        lenient: bool = False,
        strategies: Callable[[str], StrategyKind] = strategy_named,
    ) -> None:
        self.schedule = schedule
        self.in_setup = in_setup
        self.lenient = lenient
        self.strategies = strategies
        self.replaying = Replaying(schedule, lenient)
        self.kept = Recording(self.replaying)

    def first(self, config: Any) -> Strategy:
        """The schedule from the beginning, or what makes the system ready before it."""
        return self.kept if self.in_setup else Timed(config.seed)

    def drive(self, run: Run) -> None:
        """Let happen what the schedule names, up to the first failure."""
        config, world = run.config, run.world
        world.keep_trace = True
        run.fair = False
        run.injector.by_name = True
        run.injector.next = NEVER
        if self.in_setup:
            run.scenario.place(run)
            run.check()
        else:
            run.set_up()
            if run.failure is not None:
                return
            world.loss, world.duplication = config.loss, config.duplication
            run.swap(self.kept, timed=self.strategies(config.strategy).timed)
        for step, name in enumerate(self.schedule.events):
            self.take(run, step, name)
            if run.failure is not None:
                return

    def take(self, run: Run, step: int, name: EventName) -> None:
        """Let one named event happen; exactly, or if it can."""
        kind, where, number = name
        before = run.world.steps
        if kind == "end":
            run.world.timed = True
            run.heal()
        elif kind in run.scenario.actions:
            run.perform(kind)
        elif not self.fault(run, kind, where, number):
            event = self.replaying.take(name)
            if event is not None:
                run.world.happen(event)
        if run.view.fresh or run.followers:
            run.check()
        if not self.lenient:
            self.replaying.expect(step, name, run.world.steps > before)

    def fault(self, run: Run, kind: str, where: str, number: int) -> bool:
        """Let a fault fall, or mend it, if it can; whether the event is one of these at all."""
        injector = run.injector
        kinds, place = injector.kinds, run.world.places.get(where)
        if kind not in kinds and all(kind != fault.mend for fault in kinds.values()):
            return False
        if number < len(injector.faults) and place is not None:
            fault = injector.faults[number].kind
            if not injector.may_hit(place, fault):
                return True
            if kind == fault and number not in injector.hit:
                injector.fall(number, on=place)  # Recorded: it may have been drawn for the foremost node.
            elif kinds[fault].mend == kind and injector.hit.get(number) is place:
                injector.mend(number)
        return True

    def recorded(self, run: Run) -> Recorded:
        """What of the schedule really happened, and the choices that were asked for."""
        events = tuple((kind, where, number) for kind, where, number, _ in run.world.trace)
        return Recorded(events[run.setup_steps :], self.kept.recorded().choices)


def follow(
    scenario: Scenario,
    config: Any,
    schedule: Recorded,
    *,
    in_setup: bool = False,
    lenient: bool = False,
    observers: Sequence[Observer] = (),
) -> tuple[RunResult, Recorded]:
    """Let a schedule happen, and keep what of it did.

    Raises:
        Divergence: an exact schedule cannot go on as it was recorded.
    """
    driver = Following(schedule, in_setup=in_setup, lenient=lenient)
    run, result = perform(scenario, config, driver, observers)
    return result, driver.recorded(run)
