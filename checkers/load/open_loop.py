"""The driver of a run under open-loop load: it hands each request to a session when it is due, and measures.

*Invariant.* When a request is due depends on the seed and the rate alone, and every request is handed to one
session at most, in the order in which they are due.

At any time at most one session has the next request set as its timer. When that fires the request has been
issued, and the one after it is set at another session; if all are busy, it stays with the driver until a
session is free, and is issued at once if it is overdue by then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.load.arrivals import arrivals
from dynaproof.checkers.load.measuring import (
    NOTHING,
    Counts,
    Plan,
    Row,
    latency_of,
    mean_round_trip_us,
    per_second,
    ratio,
    why_saturated,
)
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.requests import Due, RequestEnd, Requests
from dynaproof.checkers.runs.run import Run, perform
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.catalogue import drawn
from dynaproof.checkers.seam import Strategy
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.options import RATE_ONE, Options
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import ONLY_LANE, NodeId, Note
from dynaproof.specs.views.nodes import Settled

WIDE = 1 << 20
"""How many messages may be in flight on a link: the network sheds none."""

PRUNED = 4_096
"""Steps between two prunings of what no spec can need any more, and two reports of how far a run is."""


class Request(Struct, frozen=True):
    """A request, and the global time at which it is due."""

    due: int
    asked: Due


class Ended(Struct, frozen=True):
    """A request that was due in the window has ended."""

    took: int
    outcome: RequestEnd
    write: bool


class OpenLoop:
    """Drives one run at one rate; see the module."""

    def __init__(
        self, requests: Requests, plan: Plan, rate: int, went_on: Callable[[int, int], None]
    ) -> None:
        """`went_on` is told now and then how many simulated microseconds have passed, and how many events."""
        self.requests = requests
        self.plan = plan
        self.rate = rate
        self.went_on = went_on
        self.sessions: dict[str, Place] = {}
        self.ended: list[Ended] = []
        self.due = 0
        """How many requests are due in the window, of those that were drawn so far."""
        self.waited = 0
        self.in_window: Counts | None = None
        self._arrivals = arrivals(plan.process, rate, f"{plan.seed}/arrivals")
        self._draw = Random(f"{plan.seed}/requests")
        self._began = 0
        self._begins = self._ends = 0
        """The window, in global time."""
        self._number = 0
        self._idle: list[Place] = []
        self._set = False
        """Whether a session has the next request as its timer."""
        self._taker: Place | None = None
        self._under_way: dict[str, Request] = {}
        self._written = 0
        self._answers = self._writes = self._put = 0

    # --- What a run asks of its driver ---

    def first(self, config: Any) -> Strategy:
        """Everything happens when it is due."""
        return Timed(config.seed)

    def drive(self, run: Run) -> None:
        """Make the system ready, load it, and judge the whole run."""
        run.set_up()
        if run.failure is None:
            self._load(run)
        if run.failure is None and Settled in run.observation.PROVIDES:
            run.view.file(Settled())
            run.check()

    def listens(self, place: Place) -> Listening:
        """Listen to what sessions say of their requests, and to what every node writes."""
        return Listening(
            notes={note: partial(self._said, told) for note, told in self.requests.endings.items()},
            handled=self._handled,
        )

    def _handled(self, place: Place) -> None:
        self._written += place.disk.bytes_written

    def _said(self, told: Callable[[Any], RequestEnd], place: Place, note: Note) -> None:
        request = self._under_way.get(place.name)
        if request is None or (ONLY_LANE, request.asked) in place.timers:
            return  # Another node's note, or a second one.
        del self._under_way[place.name]
        tau, asked, outcome = place.world.tau, request.asked, told(note)
        self._idle.append(place)
        if outcome == "answered":
            self._answers += 1
            self._writes += asked.write
            self._put += asked.size
        if self._is_measured(request):
            self.ended.append(Ended(tau - request.due, outcome, asked.write))

    # --- The load ---

    def _load(self, run: Run) -> None:
        world = run.world
        began = self._began = world.tau
        self._begins = began + self.plan.warm_up_us
        self._ends = self._begins + self.plan.window_us
        for place in run.places_of(self.requests.sessions.name):
            self._admit(run, place)
        self._next = self._drawn()
        before: Counts | None = None
        steps = 0
        self._hand_over(run)
        while run.failure is None and not self._is_over(world.tau):
            if not run.step():
                break  # Nothing can happen any more: every session waits for ever.
            last = world.last
            if self._set and last is not None and last.place is self._taker and type(last.payload) is Due:
                self._was_issued(world.tau)
            if not self._set:
                self._hand_over(run)
            if before is None and world.tau >= self._begins:
                before = self._counts(run)
            if before is not None and self.in_window is None and world.tau >= self._ends:
                self.in_window = self._counts(run).since(before)
            steps += 1
            if not steps % PRUNED:
                run.observation.prune()
                run.check()
                self.went_on(world.tau - began, steps)
        if self.in_window is None:
            self.in_window = self._counts(run).since(before) if before is not None else NOTHING
        while self._next.due < self._ends:  # Due, and never issued.
            self._next = self._drawn()

    def _is_over(self, tau: int) -> bool:
        if tau < self._ends or self.in_window is None:
            return False
        all_ended = self._next.due >= self._ends and len(self.ended) == self.due
        return all_ended or tau >= self._ends + self.plan.window_us

    def _is_measured(self, request: Request) -> bool:
        return self._begins <= request.due < self._ends

    def _drawn(self) -> Request:
        """The request after the last one that was drawn."""
        plan, draw = self.plan, self._draw.getrandbits
        self._number += 1
        write = (draw(32) * 100) >> 32 >= plan.reads_percent
        key = (draw(32) * plan.keys) >> 32
        request = Request(
            self._began + next(self._arrivals),
            Due(self._number, write, key, plan.item_bytes if write else 0),
        )
        self.due += self._is_measured(request)
        return request

    def _hand_over(self, run: Run) -> None:
        """Set the next request at a free session, or at a new one; if there can be none, it waits."""
        if not self._idle and len(self.sessions) < self.plan.most_sessions:
            self._admit(run, self._made(run))
        if not self._idle:
            return
        place = self._taker = self._idle.pop()
        self._set = True
        self._under_way[place.name] = self._next  # The session may be done with it in the same step.
        place.env.set_timer(max(0, self._next.due - run.world.tau), self._next.asked)

    def _was_issued(self, tau: int) -> None:
        """A session has the next request under way, or has even ended it."""
        self._set = False
        if self._is_measured(self._next):
            self.waited += tau > self._next.due
        self._next = self._drawn()

    def _made(self, run: Run) -> Place:
        kind = self.requests.sessions
        first: NodeId = kind.nodes(run.config)[0]
        name = f"{first.name}.{len(self.sessions) + 1}"
        return run.add(kind, NodeId(first.region, first.zone, name), RATE_ONE)

    def _admit(self, run: Run, place: Place) -> None:
        if not place.up:
            run.world.start(place)
        self.sessions[place.name] = place
        self._idle.append(place)

    def _counts(self, run: Run) -> Counts:
        messages = syncs = 0
        for place in run.world.places.values():
            syncs += place.syncs
            # Incarnations share a link; what a node sends itself passes no network.
            links = [link for link in place.links.values() if link is not None and link is not place.own]
            messages += sum({link.name: link.sent for link in links}.values())
        return Counts(messages, syncs, self._written, self._answers, self._writes, self._put)


def under_load(scenario: Scenario, requests: Requests) -> Scenario:
    """A scenario with sessions in place of its clients, judged by everything that holds before it has
    settled.
    """
    left_out = [kind for kind in scenario.kinds if kind.name in requests.instead_of]
    away = (*requests.instead_of, requests.sessions.name)
    kept = [kind for kind in scenario.kinds if kind.name not in away]
    return structs.replace(
        scenario,
        kinds=(*kept, requests.sessions),
        # What only those clients note is not noted, and a spec about it holds.
        provides=(*scenario.provides, *(note for kind in left_out for note in kind.noted)),
        specs=tuple(one for one in scenario.specs if not (one.kind == "eventually" and Settled in one.on)),
    )


def config_under_load(scenario: Scenario, requests: Requests, seed: int) -> Any:
    """The configuration of a seed without faults, on the network and the disks that `requests` names."""
    config = structs.replace(
        drawn(scenario, seed, "timed"),
        options=Options(latencies=requests.latencies, sync_us=requests.sync_us, capacity=WIDE),
        loss=0,
        duplication=0,
        faults=(),
        end="all",
    )
    return requests.configure(config)


def measure(
    scenario: Scenario, requests: Requests, plan: Plan, rate: int, went_on: Callable[[int, int], None]
) -> Row:
    """Load a scenario at one rate.

    Raises:
        SpecError: a spec of the scenario would never be judged.
    """
    driver = OpenLoop(requests, plan, rate, went_on)
    config = config_under_load(scenario, requests, plan.seed)
    _, result = perform(under_load(scenario, requests), config, driver, (driver,))
    return row_of(driver, result)


def row_of(driver: OpenLoop, result: RunResult) -> Row:
    """The figures of a run that is over."""
    plan, counts = driver.plan, driver.in_window or NOTHING
    answered = [one for one in driver.ended if one.outcome == "answered"]
    took = [one.took for one in answered]
    latency = latency_of(took)
    refused = sum(one.outcome == "refused" for one in driver.ended)
    trip = mean_round_trip_us(plan.latencies)
    return Row(
        rate=driver.rate,
        due=driver.due,
        answered=len(answered),
        refused=refused,
        unanswered=driver.due - len(answered) - refused,
        waited=driver.waited,
        sessions=len(driver.sessions),
        answered_per_s=per_second(counts.answers, plan.window_us),
        latency=latency,
        reads=latency_of([one.took for one in answered if not one.write]),
        writes=latency_of([one.took for one in answered if one.write]),
        p99_round_trips=None if latency is None else round(latency.p99_us / trip, 3),
        messages_per_write=ratio(counts.messages, counts.writes),
        messages_per_request=ratio(counts.messages, counts.answers),
        syncs_per_write=ratio(counts.syncs, counts.writes),
        bytes_per_write=ratio(counts.written, counts.writes),
        bytes_per_byte_put=ratio(counts.written, counts.put),
        saturated=why_saturated(plan, driver.due, counts.answers, took),
        events=result.events,
        simulated_us=result.simulated_us,
        digest=result.digest,
        failure=result.failure,
    )
