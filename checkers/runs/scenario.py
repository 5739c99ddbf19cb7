"""A scenario says what is run: kinds of nodes, a setup, faults, specs, an end. It is a value, ours or a
user's.

A run of it has three parts. The *setup* makes the system ready: `place` does what has to be done by hand,
then events happen through its `stages` and until `ready`, then `begin` starts the load. Then, for as many
steps as the configuration says, things go wrong. Then the faults stop, time is fair, and `end` judges what
must happen eventually.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.runs.config import ENDS, RunConfig, draw_run
from dynaproof.checkers.runs.evaluation import first_violation
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.kind import Kind, Placed, twice_named
from dynaproof.checkers.runs.observation import OF_ANY_NODE, Gathered, Observation
from dynaproof.checkers.runs.overview import Overview
from dynaproof.checkers.runs.refining import Refinement
from dynaproof.checkers.runs.requests import Requests
from dynaproof.checkers.runs.watched import Watched
from dynaproof.checkers.runs.world_faults import OF_ANY_WORLD
from dynaproof.checkers.user_file import article
from dynaproof.checkers.world.place import place_names
from dynaproof.specs.spec import AnySpec, Spec
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.nodes import Settled

MOST_SETUP_STEPS = 20_000
"""The most events of one stage of a setup, by default: those of a region take up to some thousands."""

SETUP = "setups_end"
"""The name under which a run fails if its system does not become ready."""

MOST_END_STEPS = 60_000
"""The most events of an end, by default."""

SETTLING = "ends_settle"
"""The name under which a run fails if its events are used up before its system has had time to settle."""


SEVERAL = ("kinds", "specs", "sometimes", "faults", "ends", "refines")
"""The fields of a scenario that hold several things,"""
WHOLE = ("length", "most_faults", "setup_steps", "settle_us", "end_steps")
"""and those that hold whole numbers."""


def start_all(run: Any) -> None:
    """The setup of a scenario without one of its own: every node starts."""
    for place in run.world.places.values():
        run.world.start(place)


def at_once(_run: Any) -> bool:
    """A system that is ready as soon as its nodes have started."""
    return True


def nothing(_run: Any) -> None:
    """The step of a scenario that has none: nothing happens."""


def nothing_said(_run: Any, _what: str) -> None:
    """What a scenario says by default of a setup that does not end: none of its promises says it must."""


def no_load(_config: Any) -> int:
    """The load of a scenario without one: nothing begins."""
    return 0


def no_overview(_run: Any) -> Iterable[Overview]:
    """The tables of a scenario without any: each node is shown by what it knows."""
    return ()


def none_smaller(_config: Any) -> Iterable[Any]:
    """A configuration of which nothing but faults and noise can be left out."""
    return ()


class ScenarioError(ValueError):
    """A scenario that cannot be run; the message says why."""


def undrawn(_seed: int, _strategy: str) -> Any:
    """Stands for the draw that a scenario gets when it is made."""
    raise AssertionError("a scenario without a draw is given one when it is made")


class Drawing(Struct, frozen=True):
    """Draws configurations for a scenario that has no constants of its own."""

    name: str
    faults: tuple[FaultKind | str, ...]
    length: int
    most_faults: int
    ends: tuple[str, ...]

    def __call__(self, seed: int, strategy: str) -> RunConfig:
        """The configuration of a seed."""
        kinds = [fault for fault in self.faults if isinstance(fault, FaultKind)]
        config = draw_run(self.name, seed, strategy, kinds, self.length)
        config = structs.replace(config, end=self.ends[seed % len(self.ends)])
        if not self.most_faults:
            return structs.replace(config, faults=(), loss=0, duplication=0)
        return structs.replace(config, faults=config.faults[: self.most_faults])


def settle(run: Any) -> None:
    """Wait until all that must hold eventually does, or has had its time; then the whole run is judged."""
    at_end = [spec for spec in run.scenario.specs if Settled in spec.on]
    if not at_end:
        return
    due = [spec for spec in at_end if spec.kind == "eventually"]

    def holds() -> bool:
        return all(first_violation(spec, run.view) is None for spec in due)

    scenario, world = run.scenario, run.world
    began, before = world.tau, world.steps
    run.advance_until(holds, scenario.settle_us, scenario.end_steps)
    passed, steps = world.tau - began, world.steps - before
    if passed < scenario.settle_us and steps >= scenario.end_steps and not holds():
        time = f"took {passed:,} us, and settle_us={scenario.settle_us:,} were to pass"
        run.fail(SETTLING, f"{steps:,} events of the end {time}: set fewer timers, or raise end_steps")
    if run.failure is None:
        run.view.file(Settled())
        run.check()


class Scenario(Struct, frozen=True, kw_only=True):
    """What is run; see the module. All functions but `draw` and `observe` are given the run."""

    name: str
    sentence: str
    draw: Callable[[int, str], Any] = undrawn
    """The configuration of a seed under a strategy; by default, faults, clocks and noise are drawn."""
    kinds: tuple[Kind, ...]
    length: int = 300
    """Steps in which things go wrong, in a configuration that is drawn by default,"""
    most_faults: int = 6
    """and the most faults that fall in them; without any, nothing is lost or repeated either."""
    ends: tuple[str, ...] = ("all",)
    """What heals when the faults stop, in turn by seed: `all`, a `majority` of the nodes, all but one `gray`
    link.
    """
    setup_steps: int = MOST_SETUP_STEPS
    """The most events of one stage of the setup."""
    settle_us: int = 10_000_000
    """How long after the faults what must hold eventually may take, in the default end."""
    end_steps: int = MOST_END_STEPS
    """The most events in that time: a run fails that has more."""
    specs: tuple[AnySpec, ...] = OF_ANY_NODE
    """The specs, each evaluated at every step in which one of its facts is fresh."""
    sometimes: tuple[str | AnySpec, ...] = ()
    """What a campaign should reach, by the names under which its observation counts it."""
    provides: tuple[type[Fact], ...] = ()
    """The types of facts that its kinds and its end file, besides those of its observation."""
    config: type[RunConfig] = RunConfig
    """The type of its configurations, by which run files are read."""
    faults: tuple[FaultKind | str, ...] = ()
    """What may go wrong, in the order in which it is drawn, by object or by name; if nothing is named, the
    faults of any world and those of its kinds of nodes.
    """
    refines: tuple[Refinement, ...] = ()
    """The models that each run is followed through."""
    observe: Callable[[Any], Observation] = Gathered
    """What the kinds' observers gather in a run of this configuration."""
    place: Callable[[Any], None] = start_all
    stages: tuple[tuple[Callable[[Any], bool], str], ...] = ()
    """What else the setup does by hand, in order: a condition, and the action that is performed once it
    holds.
    """
    ready: Callable[[Any], bool] = at_once
    unready: Callable[[Any, str], None] = nothing_said
    """Called if the setup does not get that far, with what it waits for: here a scenario may file that one of
    its own promises is broken. The run fails in any case.
    """
    begin: Callable[[Any], None] = nothing
    relieve: Callable[[Any], None] = nothing
    """Called when the faults have stopped and all nodes are back, to change whatever else the end needs."""
    end: Callable[[Any], None] = nothing
    actions: Mapping[str, Callable[[Any], None]] = {}
    """What nodes are made to do in the setup and in the end, by the name of the event that stands for it in
    the run and when it is replayed.
    """
    act_sentences: Mapping[str, str] = {}
    overview: Callable[[Any], Iterable[Overview]] = no_overview
    """The state of the whole system as tables, for whoever reads a run: it changes nothing."""

    load: Callable[[Any], int] = no_load
    """How much a configuration asks of its system: of two that fail alike, the smaller is kept."""
    smaller: Callable[[Any], Iterable[Any]] = none_smaller
    """Configurations that ask less, the most promising first, for shrinking; faults and noise are left out in
    any case.
    """
    requests: Requests | None = None
    """How requests that come at a rate are issued; None if only its own clients load it."""

    def __post_init__(self) -> None:
        set_field = structs.force_setattr
        self._require_shapes()
        for one in self.refines:
            if not isinstance(one, Refinement):
                raise ScenarioError(f"the scenario {self.name} refines {one!r}, which is no Refinement")
        if not self.kinds or not all(isinstance(kind, Kind) for kind in self.kinds):
            raise ScenarioError(f"the scenario {self.name} has no nodes: kinds=(A_KIND, ...)")
        placed = [node for kind in self.kinds if isinstance(kind.nodes, Placed) for node in kind.nodes.ids]
        twice = twice_named(placed)
        if twice is not None:
            raise ScenarioError(f"the scenario {self.name} has two nodes named {twice}, of two kinds")
        if self.requests is not None:
            self._require_requests(self.requests)
        for given in (*self.specs, *(one for one in self.sometimes if not isinstance(one, str))):
            if not isinstance(given, Spec):
                raise ScenarioError(f"the scenario {self.name} has the spec {given!r}, which is no @spec")
        own = [fault for kind in self.kinds for fault in kind.faults]
        known = {fault.name: fault for fault in (*OF_ANY_WORLD, *own)}
        set_field(self, "faults", tuple(self._fault(one, known) for one in self.faults or known.values()))
        if any(kind.node is not None for kind in self.kinds):
            self._of_any_nodes()
        if self.draw is undrawn:
            set_field(self, "draw", Drawing(self.name, self.faults, self.length, self.most_faults, self.ends))

    def _require_shapes(self) -> None:
        """Reject what is no tuple where it must be one, and a number that is none."""
        name: Any = self.name
        if not name or not isinstance(name, str):
            raise ScenarioError(f"a scenario has name={name!r:.60}; its name is a text")
        for field in SEVERAL:
            given: Any = getattr(self, field)
            if not isinstance(given, tuple | list):
                shown = repr(given) if isinstance(given, str | int) else article(given)
                raise ScenarioError(
                    f"the scenario {name} has {shown} as its {field}, which is a tuple: {field}=(...,)"
                )
        if not self.specs:
            raise ScenarioError(
                f"the scenario {name} has specs=(), and so no promise of its own: specs=(A_SPEC, ...), or "
                "leave specs out if what every node promises is enough"
            )
        for field in WHOLE:
            number: Any = getattr(self, field)
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise ScenarioError(
                    f"the scenario {name} has {field}={number!r:.60}; it takes a whole number from 0 on"
                )
        if not self.ends or any(end not in ENDS for end in self.ends):
            raise ScenarioError(
                f"the scenario {name} has ends={self.ends!r:.60}; there are {', '.join(ENDS)}"
            )

    def _require_requests(self, requests: Any) -> None:
        if not isinstance(requests, Requests):
            raise ScenarioError(f"the scenario {self.name} has requests={requests!r}, which is no Requests")
        kinds = [kind.name for kind in self.kinds]
        for name in requests.instead_of:
            if name not in kinds and requests.sessions.name not in kinds:
                raise ScenarioError(
                    f"the scenario {self.name} has no kind {name!r} to leave out under load; it has "
                    f"{', '.join(kinds)}"
                )

    def _fault(self, fault: FaultKind | str, known: Mapping[str, FaultKind]) -> FaultKind:
        if isinstance(fault, str) and fault in known:
            return known[fault]
        if not isinstance(fault, FaultKind):
            raise ScenarioError(
                f"the scenario {self.name} has no fault {fault!r}; there are {', '.join(known)}"
            )
        return fault

    def _of_any_nodes(self) -> None:
        """Nodes of classes are watched, and promise what any node promises."""
        set_field = structs.force_setattr
        seen = tuple(one for one in self.sometimes if not isinstance(one, str))
        given = (*self.specs, *(one for one in seen if one not in self.specs))
        set_field(self, "specs", (*(one for one in OF_ANY_NODE if one not in given), *given))
        named = tuple(one.name for one in self.specs if one.kind == "sometimes")
        listed = tuple(one for one in self.sometimes if isinstance(one, str))
        set_field(self, "sometimes", (*listed, *(one for one in named if one not in listed)))
        if self.observe is Gathered:
            set_field(self, "observe", Watched)
        if self.end is nothing:
            set_field(self, "end", settle)

    def provided(self) -> tuple[type[Any], ...]:
        """The types of facts that its kinds and its end file."""
        return (*self.provides, *(note for kind in self.kinds for note in kind.noted))

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names of what a campaign should reach."""
        return tuple(one if isinstance(one, str) else one.name for one in self.sometimes)

    @property
    def eventual(self) -> frozenset[str]:
        """The names of the specs that only a whole run can break."""
        due = (spec.name for spec in self.specs if spec.kind == "eventually" or Settled in spec.on)
        return frozenset((SETUP, SETTLING, *due))

    def fault_kinds(self) -> dict[str, FaultKind]:
        """What may go wrong, by name; nothing falls that a configuration does not name."""
        return {kind.name: kind for kind in self.faults if isinstance(kind, FaultKind)}

    def node_names(self, config: Any) -> list[str]:
        """The names of a run's nodes, as they are shown."""
        return place_names([node for kind in self.kinds for node in kind.nodes(config)])
