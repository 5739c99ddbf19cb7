"""Runs as schedules: what happened after the fixture, event by event, with every choice by its name.

A run is kept as seed and configuration until a failure makes more of it worth writing out. Then `record` runs
it again and keeps the names of its events, faults and mends among them, and its choices; `follow` lets
exactly these happen. *Exact* following diverges with the step at which the run became another one; *lenient*
following passes over what is not possible and takes a missing choice for the benign default, so that any part
of a schedule is a legal run: a message left out is delayed for ever, a timer left out is late, a mend left
out never comes.

The fixture before it is run from the configuration. A schedule ends with its last event: what must happen
eventually is judged in the fair end of a whole run only, not at the end of a schedule.
"""

from __future__ import annotations

from dynaproof.checkers.simulator.events import EventName, Strategy
from dynaproof.checkers.simulator.faults import MENDS, NEVER
from dynaproof.checkers.simulator.partition import UNTIMED, PartitionRun, finish, outcome_of
from dynaproof.checkers.simulator.run import FAULTS, Outcome, RunConfig
from dynaproof.checkers.strategies.recording import Recorded, Recording
from dynaproof.checkers.strategies.replaying import Divergence, Replaying
from dynaproof.specs.promises import PROMISES

MENDING = frozenset(MENDS.values())

EVENTUALLY = frozenset(spec.name for spec in PROMISES.values() if spec.kind == "eventually")
"""What only a whole run can break."""


class RecordedRun(PartitionRun):
    """A run that keeps its schedule."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.kept: list[Recording] = []
        self.world.keep_trace = True

    def go_wrong(self) -> None:
        """From here on everything is kept."""
        super().go_wrong()
        if not self.kept:  # Timed mode goes on with the strategy of the fixture.
            self.swap(self.world.strategy, timed=True)

    def swap(self, strategy: Strategy, timed: bool) -> None:
        """Keep what this strategy answers."""
        self.kept.append(Recording(strategy))
        if strategy is self.world.strategy:
            self.world.strategy = self.kept[-1]
        else:
            super().swap(self.kept[-1], timed)

    def recorded(self) -> Recorded:
        """The schedule so far."""
        events = tuple((kind, chain, number) for kind, chain, number, _ in self.world.trace)
        choices = tuple(choice for kept in self.kept for choice in kept.recorded().choices)
        return Recorded(events[self.fixture_steps :], choices)


class ScheduledRun(PartitionRun):
    """A run that follows a schedule."""

    def __init__(
        self,
        config: RunConfig,
        schedule: Recorded,
        lenient: bool = False,
    ) -> None:
        super().__init__(config)
        self.schedule = schedule
        self.replaying = Replaying(schedule, lenient)
        self.kept = Recording(self.replaying)
        self.lenient = lenient
        self.world.keep_trace = True
        self.injector.by_name = True
        self.injector.next = NEVER

    def faulty(self) -> None:
        """Let happen what the schedule names, up to the first failure."""
        config = self.config
        self.world.loss, self.world.duplication = config.loss, config.duplication
        super().swap(self.kept, timed=config.strategy not in UNTIMED)
        for step, name in enumerate(self.schedule.events):
            self.take(step, name)
            if self.failure is not None:
                return

    def take(self, step: int, name: EventName) -> None:
        """Let one named event happen; exactly, or if it can."""
        kind, chain, number = name
        injector = self.injector
        before = self.world.steps
        if kind == "end":
            self.heal()
        elif kind == "probe":
            self.probe()
        elif kind in FAULTS or kind in MENDING:
            if number < len(injector.faults) and chain in injector.replicas:
                fault, slot = injector.faults[number].kind, self.world.slots[chain]
                if kind == fault and number not in injector.hit:
                    injector.hit[number] = slot  # Recorded, for it may have been drawn for whoever leads.
                    injector.fall(number)
                elif MENDS.get(fault) == kind and injector.hit.get(number) is slot:
                    injector.mend(number)
        else:
            event = self.replaying.take(name)
            if event is not None:
                self.world.happen(event)
        if self.watcher.view.fresh:
            self.check()
        if not self.lenient:
            self.replaying.expect(step, name, self.world.steps > before)

    def swap(self, strategy: Strategy, timed: bool) -> None:
        """The schedule goes on when the faults stop."""
        self.world.timed = timed

    def end(self) -> None:
        """The schedule has it."""

    def recorded(self) -> Recorded:
        """What really happened of the schedule, and what was asked."""
        events = tuple((kind, chain, number) for kind, chain, number, _ in self.world.trace)
        return Recorded(events[self.fixture_steps :], self.kept.recorded().choices)


def record(config: RunConfig) -> tuple[Outcome, Recorded]:
    """Run a configuration and keep its schedule."""
    run = RecordedRun(config)
    return finish(run), run.recorded()


def follow(config: RunConfig, schedule: Recorded, lenient: bool = False) -> tuple[Outcome, Recorded]:
    """Let a schedule happen, and keep what of it did.

    Raises:
        Divergence: an exact schedule cannot go on as it was recorded.
    """
    run = ScheduledRun(config, schedule, lenient)
    run.fixture()
    if run.failure is None:
        run.faulty()
    return outcome_of(run), run.recorded()


__all__ = ["EVENTUALLY", "Divergence", "RecordedRun", "ScheduledRun", "follow", "record"]
