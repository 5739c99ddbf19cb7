"""The graph of all reachable states of a small model, for liveness and for pictures."""

from dataclasses import dataclass

import numpy as np

from dynaproof.checkers.state_space.explore import Exploration, Limits
from dynaproof.checkers.state_space.interpreter import Label, State
from dynaproof.model.language import Model, ModelError


class TooManyStatesError(ModelError):
    """The model has more states than a graph of them may have."""


@dataclass(frozen=True)
class Graph:
    """States in the order of discovery, each with its transitions: the instance's number and the state's.

    `initial` are the first states; `goals` has, for each state, the bits of the `eventually` conditions that
    hold in it.
    """

    exploration: Exploration
    initial: list[int]
    edges: list[list[tuple[int, int]]]
    goals: list[int]

    def label(self, instance: int) -> Label:
        """The action of an instance."""
        return self.exploration.program.instances[instance].label

    def state(self, number: int) -> State:
        """The values of the variables in a state."""
        return self.exploration.state_of(self.exploration.words_of(number))

    def __len__(self) -> int:
        return len(self.edges)


def transitions(model: Model, *, max_states: int) -> Graph:
    """The whole graph; ModelError if an invariant is violated, TooManyStatesError if it is larger."""
    exploration = Exploration(model)
    result = exploration.run(limits=Limits(states=max_states + 1))
    if result.violation is not None:
        raise ModelError(f"{result.violation.name} is violated")
    if not result.exhausted:
        raise TooManyStatesError(f"there are more than {max_states} states")
    expand = exploration.code.function("expand", 3)
    goals = exploration.code.function("goals", 2)
    words = exploration.words
    index = {exploration.words_of(number): number for number in range(result.distinct)}
    state = np.zeros(words, dtype=np.uint64)
    out = np.zeros((exploration.branching, words), dtype=np.uint64)
    taken = np.zeros(exploration.branching + 1, dtype=np.int32)
    every = (1 << len(model.eventually)) - 1
    edges: list[list[tuple[int, int]]] = []
    held: list[int] = []
    for packed in index:
        state[:] = packed
        count = expand(state.ctypes.data, out.ctypes.data, taken.ctypes.data)
        rows = out[:count].tolist()
        edges.append([(int(taken[at]), index[tuple(row)]) for at, row in enumerate(rows)])
        held.append(goals(state.ctypes.data, every))
    initial = sorted({index[words_] for words_ in exploration.program.starts})
    return Graph(exploration, initial, edges, held)
