"""The trace of a run: each step as a sentence, what its node knew before and after, and what the step
changed.

It is read from the nodes' public state after every event; the run itself is the same as without it.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.overview import Overview, OverviewError, overviews
from dynaproof.checkers.runs.run import Driver, Run, drive
from dynaproof.checkers.runs.run_file import RunFile
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.schedule import Following
from dynaproof.checkers.runs.words import Knowledge, known, sentence
from dynaproof.checkers.seam import Event
from dynaproof.checkers.user_code import described
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place

END_SENTENCE = "the faults stop"


class Step(Struct):
    """One step, counted from the end of the setup; in a run that fails before that, from its beginning."""

    number: int
    tau: int
    node: str
    sentence: str
    before: Knowledge
    after: Knowledge
    everyone: dict[str, Knowledge]
    """What each node knew after it, if that was asked for,"""
    overviews: tuple[Overview, ...] = ()
    """and the state of the whole system, if its scenario has tables of that."""

    def changes(self) -> list[str]:
        """What the step changed of what its node knew, in words."""
        return [
            f"{name}: {self.before.get(name, 'nothing')} -> {value}"
            for name, value in self.after.items()
            if self.before.get(name) != value
        ]


class Tracer:
    """Hears of every event before it happens, and so sees what the event before it has done."""

    def __init__(
        self, keep: Callable[[Step], None], *, in_setup: bool = False, wanted: int | None = None
    ) -> None:
        self.keep = keep
        self.in_setup = in_setup
        """Whether the steps of the setup are wanted, and not those after it."""
        self.wanted = wanted
        """The step after which the knowledge of every node is kept, and the state of the system."""
        self.run: Run | None = None
        self._open: Step | None = None
        self._place: Place | None = None

    def listens(self, place: Place) -> Listening:
        """Everything that happens at every place."""
        return Listening(begins=self.begins)

    def begins(self, event: Event) -> None:
        """An event is about to happen."""
        self.close()
        run = self.run
        assert run is not None, "a tracer has its run before anything happens"
        if run.is_set_up == self.in_setup:
            return
        place = self._place = event.place
        world = run.world
        tau = max(world.tau, event.due) if world.timed else world.tau
        number = world.steps + 1 - run.setup_steps
        self._open = Step(number, tau, place.name, self.sentence(run, event), self.knowledge(place), {}, {})

    def close(self) -> None:
        """The last event is over."""
        step, place, run = self._open, self._place, self.run
        if step is None or place is None or run is None:
            return
        step.tau, step.after, self._open = run.world.tau, self.knowledge(place), None
        if step.number == self.wanted:
            step.everyone = {name: self.knowledge(other) for name, other in run.world.places.items()}
            step.overviews = self.overviews(run)
        self.keep(step)

    def overviews(self, run: Run) -> tuple[Overview, ...]:
        """The state of the system, as its scenario shows it.

        Raises:
            OverviewError: that is a user's, and cannot be made.
        """
        try:
            return overviews(run.scenario.overview(run))
        except Exception as error:
            if not any(kind.node is not None for kind in run.scenario.kinds):
                raise
            raise OverviewError(f"the overview of {run.scenario.name}: {described(error)}") from error

    def knowledge(self, place: Place) -> Knowledge:
        """What a node knows, as its kind shows it."""
        assert self.run is not None, "a tracer has its run before anything happens"
        return known(place, self.run.kind(place).knowledge)

    def sentence(self, run: Run, event: Event) -> str:
        """What happens, in a sentence."""
        said = sentence(event, run.kind(event.place).brief)
        if said is not None:
            return said
        if event.kind == "end":
            return END_SENTENCE
        sentences = dict(run.scenario.act_sentences)
        for fault in run.injector.kinds.values():
            sentences[fault.name] = fault.sentence
            sentences[fault.mend] = fault.mend_sentence
        return sentences[event.kind].format(event.place.name)


class _Stop(Exception):  # noqa: N818 It ends a run that was traced for long enough.
    pass


def trace(
    run_file: RunFile,
    scenario: Scenario,
    keep: Callable[[Step], None],
    wanted: int | None = None,
    until: int | None = None,
) -> RunResult:
    """Run a file again and give every step to `keep`, up to step `until`.

    Raises:
        Divergence: its schedule is not possible as it was recorded.
        OverviewError: the scenario's overview of the wanted step cannot be made.
    """
    recorded, in_setup = run_file.recorded(), run_file.in_setup

    def keep_some(step: Step) -> None:
        keep(step)
        if until is not None and step.number >= until:
            raise _Stop

    driver: Driver = Exploring() if recorded is None else Following(recorded, in_setup=in_setup)
    tracer = Tracer(keep_some, in_setup=in_setup, wanted=wanted)
    run = tracer.run = Run(scenario, run_file.config, driver.first(run_file.config), (tracer,))
    try:
        drive(run, driver)
        tracer.close()
    except _Stop:
        pass
    return run.result()
