"""Does it come true in the end? `eventually` conditions under weak fairness, with a lasso if one does not.

A behaviour may stop anywhere, unless a `fair` action instance (an action with its parameters) stays enabled
forever: that one must happen in the end. Enabled means that it would change the state. So a condition fails
if and only if some states without it, reachable through such states only, form a strongly connected part (or
a single state) in which every fair instance is somewhere disabled, or happens. A larger part only makes both
easier, so the maximal parts decide.

Source: Lamport, The Temporal Logic of Actions, 1994; Lichtenstein and Pnueli, 1985 (strong components).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dynaproof.checkers.state_space.interpreter import Label, State
from dynaproof.checkers.state_space.transitions import Graph, transitions
from dynaproof.model.language import Model

MAX_STATES = 500_000


@dataclass(frozen=True)
class Lasso:
    """A fair behaviour on which a condition never comes true: a path, and the cycle that it ends in.

    A cycle of no steps means that nothing more need happen.
    """

    condition: str
    path: tuple[tuple[Label | None, State], ...]
    cycle: tuple[tuple[Label | None, State], ...]


def check_liveness(model: Model, *, max_states: int = MAX_STATES) -> Lasso | None:
    """The first `eventually` condition that some fair behaviour never fulfils, with the behaviour; None: all
    hold.

    Raises TooManyStatesError if there are too many to keep the graph, ModelError if an invariant is violated.
    """
    graph = transitions(model, max_states=max_states)
    for bit, one in enumerate(model.eventually):
        without = [not goals >> bit & 1 for goals in graph.goals]
        parents = _reachable(graph, without)
        for part in _components(graph, parents):
            if _fair(graph, part):
                return _lasso(graph, one.name, parents, part)
    return None


def _reachable(graph: Graph, inside: list[bool]) -> dict[int, tuple[int, int] | None]:
    """The states reached through `inside` only, each with the state and instance by which it was reached."""
    parents: dict[int, tuple[int, int] | None] = {one: None for one in graph.initial if inside[one]}
    queue = list(parents)
    for at in queue:
        for instance, target in graph.edges[at]:
            if inside[target] and target not in parents:
                parents[target] = (at, instance)
                queue.append(target)
    return parents


def _components(graph: Graph, inside: dict[int, tuple[int, int] | None]) -> Iterable[list[int]]:
    """The strongly connected components of the reached states (Tarjan, without recursion)."""
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    open_states: list[int] = []
    is_open: set[int] = set()
    for root in inside:
        if root in order:
            continue
        work = [(root, iter(graph.edges[root]))]
        order[root] = lowest[root] = len(order)
        open_states.append(root)
        is_open.add(root)
        while work:
            at, edges = work[-1]
            for _, target in edges:
                if target not in inside:
                    continue
                if target not in order:
                    order[target] = lowest[target] = len(order)
                    open_states.append(target)
                    is_open.add(target)
                    work.append((target, iter(graph.edges[target])))
                    break
                if target in is_open:
                    lowest[at] = min(lowest[at], order[target])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[at])
                if lowest[at] == order[at]:
                    part: list[int] = []
                    while not part or part[-1] != at:
                        part.append(open_states.pop())
                        is_open.discard(part[-1])
                    yield part


def _fair(graph: Graph, part: list[int]) -> bool:
    """Whether a behaviour may stay in these states forever."""
    members = set(part)
    for number, instance in enumerate(graph.exploration.program.instances):
        if instance.fair and not any(
            not changing or any(target in members for target in changing)
            for changing in (
                [target for taken, target in graph.edges[at] if taken == number and target != at]
                for at in part
            )
        ):
            return False
    return True


def _lasso(graph: Graph, name: str, parents: dict[int, tuple[int, int] | None], part: list[int]) -> Lasso:
    entry = min(part, key=lambda one: len(_path(parents, one)))
    path = [
        (None if taken is None else graph.label(taken), graph.state(one))
        for taken, one in _path(parents, entry)
    ]
    cycle: list[tuple[Label | None, State]] = []
    at = entry
    members = set(part)
    for goal in [*part, entry]:
        steps = _walk(graph, members, at, goal)
        cycle.extend((graph.label(taken), graph.state(one)) for taken, one in steps)
        at = goal
    return Lasso(name, tuple(path), tuple(cycle))


def _path(parents: dict[int, tuple[int, int] | None], last: int) -> list[tuple[int | None, int]]:
    steps: list[tuple[int | None, int]] = []
    at: int | None = last
    while at is not None:
        parent = parents[at]
        steps.append((None if parent is None else parent[1], at))
        at = None if parent is None else parent[0]
    return steps[::-1]


def _walk(graph: Graph, members: set[int], start: int, goal: int) -> list[tuple[int, int]]:
    """A shortest walk inside a component, where there always is one; empty from a state to itself."""
    came: dict[int, tuple[int, int]] = {}
    queue = [start]
    for at in queue:
        if at == goal:
            break
        for taken, target in graph.edges[at]:
            if target in members and target not in came and target != start:
                came[target] = (taken, at)
                queue.append(target)
    steps: list[tuple[int, int]] = []
    at = goal
    while at != start:
        taken, before = came[at]
        steps.append((taken, at))
        at = before
    return steps[::-1]
