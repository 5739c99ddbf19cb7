"""A run: one execution of a scenario. It owns the world, what observes it, the faults, and the specs.

What happens next is decided by its *driver*: a strategy (`exploring.py`), a schedule (`schedule.py`), or
whoever calls `step` and `happen` by hand. A run is composed of these, and has no subclasses: an observer
hears of it, a driver decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec import structs

from dynaproof.checkers.runs.config import Failure, RunConfig, RunResult
from dynaproof.checkers.runs.endless import watched
from dynaproof.checkers.runs.evaluation import Evaluation, Raised
from dynaproof.checkers.runs.injector import Injector
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.refining import Follower
from dynaproof.checkers.runs.scenario import SETUP, Scenario
from dynaproof.checkers.seam import Event, Strategy
from dynaproof.checkers.user_code import SPECS_NEVER_RAISE, Guard
from dynaproof.checkers.user_file import blamed
from dynaproof.checkers.world.listening import Listening, Observer
from dynaproof.checkers.world.place import Place, full_name
from dynaproof.checkers.world.world import World
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.specs.spec import AnySpec

ASKED = 8
"""Steps between two checks of whether a phase is over: a phase ends a few steps late, never early."""


class Driver(Protocol):
    """Decides what happens in a run."""

    def first(self, config: Any) -> Strategy:
        """The strategy that a run begins with."""
        ...

    def drive(self, run: Run) -> None:
        """Let all of the run happen, to its end or to its first failure."""
        ...


class Run:
    """One run, step by step."""

    def __init__(
        self,
        scenario: Scenario,
        config: Any,
        strategy: Strategy,
        observers: Sequence[Observer] = (),
        specs: Sequence[AnySpec] | None = None,
    ) -> None:
        """Make the nodes; nothing has happened yet. Without `specs`, those of the scenario are judged.

        Raises:
            SpecError: a spec would never be judged.
        """
        self.scenario = scenario
        self.config = config
        self.failure: Failure | None = None
        self.is_set_up = False
        self.fair = True
        """Whether what is due happens when time is fair. When a schedule is followed, only what it names
        happens.
        """
        self.setup_steps = 0
        self.observation = scenario.observe(config)
        self.view: Any = self.observation.view
        self.evaluation = Evaluation(
            scenario.specs if specs is None else specs,
            (self.view,),
            (*self.observation.PROVIDES, *scenario.provided()),
        )
        self.followers = tuple(Follower(one) for one in scenario.refines)
        self._kinds: dict[NodeId, Kind] = {}
        self._places_of: dict[str, list[Place]] = {}
        """The places of each kind, by its name, as asked for before and as long as no node has been added
        since.
        """
        nodes = []
        for kind in scenario.kinds:
            for node in kind.nodes(config):
                self._kinds[node.address] = kind
                nodes.append((node, partial(_made, kind, config)))
        self.world = World(nodes, strategy, config.options, (_Kinds(self), *self.followers, *observers))
        self.world.keep_trace = False
        places = self.world.places
        self.injector = Injector(
            self.world,
            config,
            scenario.fault_kinds(),
            [(place, self.kind(place)) for place in places.values()],
            {kind.name: kind.budget(self.observation, places) for kind in scenario.kinds},
        )

    def kind(self, place: Place) -> Kind:
        """The kind of node at a place."""
        return self._kinds[place.id.address]

    def places_of(self, kind: str) -> Sequence[Place]:
        """The places of the nodes of this kind."""
        found = self._places_of.get(kind)
        if found is None:
            found = [place for place in self.world.places.values() if self.kind(place).name == kind]
            self._places_of[kind] = found
        return found

    def add(self, kind: Kind, node: NodeId, rate: int) -> Place:
        """One more node of a kind, which is not started yet."""
        self._kinds[node.address] = kind
        self._places_of.clear()
        name = node.name if node.name not in self.world.places else full_name(node)
        return self.world.add(node, name, partial(_made, kind, self.config), rate)

    # --- Phases ---

    def set_up(self) -> None:
        """Make the system ready. It is a failure if it does not get ready: nothing would be asked of it."""
        self.scenario.place(self)
        self.check()
        for condition, action in self.scenario.stages:
            self.wait_in_setup(condition, f'"{action}" can be performed')
            if self.failure is None:
                self.perform(action)
                self.check()
        self.wait_in_setup(self.scenario.ready, "it is ready")
        if self.failure is None:
            self.begin()

    def wait_in_setup(self, condition: Callable[[Run], bool], what: str) -> None:
        """Wait for a condition of the setup."""
        reached = partial(condition, self)
        if self.advance(reached, self.scenario.setup_steps) or self.failure is not None or reached():
            return
        self.scenario.unready(self, what)
        self.check()
        steps = self.scenario.setup_steps
        self.fail(SETUP, f"after {steps} events of the setup it does not hold that {what}")

    def begin(self) -> None:
        """The system is ready, and the load is on: from here on steps are counted. What happens while it
        begins is run from the configuration, as the setup is.
        """
        self.is_set_up = True
        self.scenario.begin(self)
        self.setup_steps = self.world.steps

    def heal(self) -> None:
        """Faults off, and fair from here on: an event, as faults are."""
        self.world.fault("end", next(iter(self.world.places.values())), 0)
        self.injector.heal(self.config.end)
        self.scenario.relieve(self)

    def perform(self, name: str) -> None:
        """Perform an action of the scenario."""
        self.scenario.actions[name](self)

    def swap(self, strategy: Strategy, timed: bool) -> None:
        """Hand all enabled events to another strategy."""
        world = self.world
        for event in world.strategy.drain():
            event.due = max(event.due, world.tau)
            strategy.add(event)
        world.strategy = strategy
        world.timed = timed
        world.was_untimed |= not timed

    # --- Steps ---

    def advance(self, done: Callable[[], bool], limit: int, asked: int = ASKED) -> bool:
        """Step until `done()`, which is checked every `asked` steps, at most `limit` times. Whether it was
        done.
        """
        world, view = self.world, self.view
        for number in range(limit if self.failure is None else 0):
            if not number % asked and done():
                return True
            event = world.strategy.pop()
            if event is not None:
                world.happen(event)
                if view.fresh:
                    self.check()
            if self.failure is not None:
                return False
        return False

    def advance_until(self, done: Callable[[], bool], duration: int, limit: int, asked: int = ASKED) -> bool:
        """Step until `done()`, or this much time has passed; at most `limit` times. Whether it was done."""
        world = self.world
        until = world.tau + duration
        return self.advance(lambda: world.tau >= until or done(), limit, asked) and world.tau < until

    def step(self) -> bool:
        """One event, and the specs on what it changed."""
        world = self.world
        event = world.strategy.pop()
        if event is None:
            return False
        world.happen(event)
        if self.view.fresh or self.followers:
            self.check()
        return True

    def happen(self, event: Event) -> None:
        """This event, and the specs on what it changed."""
        self.world.happen(event)
        if self.view.fresh or self.followers:
            self.check()

    def check(self) -> None:
        """Evaluate the specs that depend on a fresh fact."""
        raised: list[Raised] = []
        for spec, sentence in self.evaluation.broken(self.world.tau):
            if isinstance(sentence, Raised):
                raised.append(sentence)
            elif spec.kind == "sometimes":
                reached = self.observation.reached
                reached[spec.name] = reached.get(spec.name, 0) + 1
            else:
                self.fail(spec.name, sentence)
        for follower in self.followers:
            if follower.difference is not None:
                self.fail(follower.refinement.name, f"the step {follower.difference.sentence()}")
            elif follower.problem is not None:
                raised.append(Raised(f"{follower.refinement.name}: {follower.problem}"))
        for sentence in raised:  # After what is broken: a promise that is says more than a spec that cannot.
            self.fail(SPECS_NEVER_RAISE, sentence)

    def fail(self, spec: str, sentence: str) -> None:
        """Keep the first failure."""
        if self.failure is None:
            step = self.world.steps - self.setup_steps
            self.failure = Failure(spec, sentence, step, in_setup=not self.is_set_up)

    def result(self) -> RunResult:
        """The outcome of the run."""
        world, observation = self.world, self.observation
        keys, unjudged = observation.judged()
        return RunResult(
            world.digest(),
            world.steps,
            world.tau,
            self.failure,
            observation.endings,
            observation.reached,
            {**self.injector.injected, **world.fell},
            keys,
            unjudged,
        )


class _Kinds:
    """Passes on to a run's observation what the kinds of its nodes listen to."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def listens(self, place: Place) -> Listening:
        """What the kind of the node there listens to, and what every run listens to."""
        observation = self._run.observation
        return structs.replace(
            self._run.kind(place).listening(observation),
            uncovered=observation.uncovered,
            shed=observation.shed,
            vanished=observation.vanished,
            raised=observation.raised,
        )


def _made(kind: Kind, config: RunConfig, env: Env) -> NodeProtocol:
    node: NodeProtocol = kind.make(env, config)
    return node


def perform(
    scenario: Scenario, config: Any, driver: Driver, observers: Sequence[Observer] = ()
) -> tuple[Run, RunResult]:
    """A run of a configuration under a driver, and its result.

    Raises:
        UsersCodeError: an observer, a fault or an end of a user's raised, or something never returns.
    """
    run = Run(scenario, config, driver.first(config), observers)
    drive(run, driver)
    return run, run.result()


def drive(run: Run, driver: Driver) -> None:
    """Let all of a run happen. What is wrong with a user's code is said with its line.

    Raises:
        UsersCodeError: an observer, a fault or an end of a user's raised, or something never returns.
    """
    world = run.world
    with Guard(blamed), watched(lambda: world.steps, lambda: _last(world)):
        driver.drive(run)


def _last(world: World) -> str:
    """The last event, in words."""
    if world.last is None:
        return "the beginning of the run"
    kind, where, number = world.last.name
    return f"event {world.steps} ({kind} {where} {number})"
