"""Which of the model's states runs see, out of all that exhaustive exploration knows.

A run's abstract states count as long as they are within the model's bounds on slots and used ballots.
Ballots are numbered from 1 by their order among those used so far. Every such state is one of the model's,
for the model's own text led there, and what is bounded only grows. Symmetry groups states that differ only in
the names of replicas.

The runs are small, so that they stay within the bounds for long: they begin at the boot of the replicas, with
one client that has one operation, and idle leaders close no timestamps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.group import CLIENT, GroupConfig
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import at_once
from dynaproof.checkers.scenarios.partition import PARTITION, create_replicas
from dynaproof.checkers.state_space.explore import Exploration
from dynaproof.model.multi_paxos.one_no_op import OneNoOp

SLOTS, BALLOTS = 2, 3
"""The bounds: the model's defaults."""

COLD = "partition, from boot on"
"""The scenario of a configuration whose runs begin at boot."""

NEVER_US = 1 << 60
"""No idle leader waits this long."""

State = tuple[Any, ...]


def small(config: GroupConfig) -> GroupConfig:
    """A configuration whose runs stay within the bounds for long."""
    settings = structs.replace(config.settings, closed_us=NEVER_US)
    return structs.replace(config, scenario=COLD, settings=settings, clients=1, operations=1)


def start_clients(run: Run) -> None:
    """The load begins; nobody reads the log."""
    for place in run.places_of(CLIENT):
        run.world.start(place)


FROM_BOOT_ON = structs.replace(
    PARTITION,
    name=COLD,
    sentence="the group of `partition` from the boot of its replicas on: its first election is explored too",
    place=create_replicas,
    ready=at_once,
    begin=start_clients,
)


class Seen:
    """The states within the bounds that one run has seen, in order."""

    def __init__(self, slots: int = SLOTS, ballots: int = BALLOTS) -> None:
        self.slots, self.ballots = slots, ballots
        self.states: dict[State, None] = {}
        self.outside = False

    def visit(self, model: Any) -> None:
        """The state after an action."""
        if self.outside:
            return
        used = [b for b in model.Ballot if model.role[b] != "unused"]
        if len(used) > self.ballots or any(model.proposed[b] > self.slots for b in used):
            self.outside = True  # Ballots used and slots proposed only grow.
            return
        self.states[bounded(model, used, self.slots, self.ballots)] = None


def bounded(model: Any, used: list[int], slots: int, ballots: int) -> State:
    """A state of the unbounded text as one of `OneNoOp` with these bounds, its variables in order."""
    rank: dict[int | None, int | None] = {0: 0, None: None}
    rank |= {b: at + 1 for at, b in enumerate(used)}
    spare = ballots - len(used)
    acceptors, places = model.Acceptor, range(1, slots + 1)

    def of_ballots(values: Iterable[Any], unused: Any) -> State:
        return (*values, *[unused] * spare)

    return (
        tuple(rank[model.promised[a]] for a in acceptors),
        tuple(rank[model.last_accepted[a]] for a in acceptors),
        tuple(model.known[a] for a in acceptors),
        tuple(tuple(rank[model.log[a, n]] for n in places) for a in acceptors),
        frozenset((a, rank[b], n) for a, b, n in model.votes),
        frozenset(model.silent),
        of_ballots((model.role[b] for b in used), "unused"),
        of_ballots((model.base[b] for b in used), 0),
        of_ballots((model.tail_end[b] for b in used), 0),
        of_ballots((model.proposed[b] for b in used), 0),
        of_ballots((tuple(rank[model.records[b, n]] for n in places) for b in used), (None,) * slots),
        frozenset((a, rank[b]) for a, b in model.answered),
        of_ballots((rank[model.best_accepted[b]] for b in used), 0),
        of_ballots((model.best_last[b] for b in used), 0),
        of_ballots((model.leaderships[b] for b in used), 0),
    )


class Coverage:
    """The states that a campaign has seen, and their share of the reachable ones."""

    def __init__(self, slots: int = SLOTS, ballots: int = BALLOTS) -> None:
        model = OneNoOp(slots=slots, ballots=ballots)
        self.exploration = Exploration(model, symmetry=True)
        result = self.exploration.run()
        assert result.exhausted, "the model is explored within its bounds"
        self.reachable = result.distinct
        self.constants = dict(result.constants)
        self._raw: dict[State, None] = {}
        self._seen: dict[str, dict[tuple[int, ...], None]] = {}
        self._all: dict[tuple[int, ...], None] = {}
        self.curves: dict[str, list[int]] = {}
        """By strategy, how many states had been seen after each of its runs."""

    def add(self, strategy: str, states: Iterable[State]) -> None:
        """Add the states of the next run."""
        seen = self._seen.setdefault(strategy, {})
        for state in states:
            words = self.exploration.representative(state)
            seen[words] = self._all[words] = None
        self.curves.setdefault(strategy, []).append(len(seen))

    def summary(self) -> dict[str, object]:
        """For the campaign's JSON object."""
        return {
            "constants": self.constants,
            "reachable": self.reachable,
            "seen": len(self._all),
            "share": round(len(self._all) / self.reachable, 6),
            "by_strategy": {
                name: {
                    "schedules": len(self.curves[name]),
                    "seen": len(seen),
                    "share": round(len(seen) / self.reachable, 6),
                }
                for name, seen in sorted(self._seen.items())
            },
            "curves": dict(sorted(self.curves.items())),
        }
