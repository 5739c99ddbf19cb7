"""Do actions and promises commute with permutations? Sampled states are permuted and compared.

What `text_check` cannot see in the text (a number from outside, a library helper) is looked for here: in a
sample of the states that were found, members of each scalar set are exchanged in pairs. What can happen then
must be what could happen before, exchanged, and the same promises must hold. The sample has a fixed size and
is taken at even distances, so it finds what is common, but not everything.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from dynaproof.checkers.state_space import engine
from dynaproof.checkers.state_space.layout import Layout
from dynaproof.checkers.state_space.memory import Memory
from dynaproof.checkers.state_space.symmetry import Image, images, moved_cells, scalar_sets
from dynaproof.model.language import Model, ModelError
from dynaproof.model.language.model import of_kind

Steps: TypeAlias = Counter[tuple[str, tuple[int, ...]]]
"""How often each action leads to each state."""

SAMPLES = 96
"""How many states are looked at; all of them, if the model has fewer."""


def refuse_asymmetric(model: Model, memory: Memory) -> None:
    """Raise a ModelError naming the action or promise that tells two members apart in a sampled state."""
    layout = memory.program.layout
    swaps = list(_swaps(layout))
    found = memory.found()
    judge = _Judge(model, memory)
    for index in range(0, found, max(1, found // SAMPLES)):
        if memory.parent_of(index) == engine.VOID:
            continue
        words = memory.words_of(index)
        before = judge.look(words)
        for label, (one, two), every in swaps:
            swapped = layout.pack(moved_cells(every, layout.unpack(words)))
            name = judge.difference(before, every, judge.look(swapped))
            if name is not None:
                apart = f"{name} tells members {one} and {two} of {label} apart"
                raise ModelError(f"{apart}, and with --symmetry they must be alike: explore without it")


def _swaps(layout: Layout) -> Iterator[tuple[str, tuple[int, int], list[Image]]]:
    """Exchanges of neighbours, which together make all permutations."""
    for label, size in scalar_sets(layout).items():
        for one in range(size - 1):
            swapped = list(range(size))
            swapped[one], swapped[one + 1] = one + 1, one
            yield label, (one, one + 1), images(layout, {label: swapped})


class _Judge:
    """Says what can happen in a state, and which promises hold, by the machine code that explored it."""

    def __init__(self, model: Model, memory: Memory) -> None:
        code = memory.program.code
        self.layout, self.instances = memory.program.layout, memory.program.instances
        self.expand, self.check = code.function("expand", 3), code.function("check", 1)
        kinds = (("seen", "sometimes"), ("goals", "eventually"), ("possible", "always_possible"))
        self.held = [(code.function(name, 2), of_kind(model, kind)) for name, kind in kinds]
        self.ends = code.function("ends", 1)
        self.always = of_kind(model, "always")
        self.state = np.zeros(memory.words, dtype=np.uint64)
        self.out = np.zeros((memory.branching, memory.words), dtype=np.uint64)
        self.taken = np.zeros(memory.branching + 1, dtype=np.int32)

    def look(self, words: tuple[int, ...]) -> tuple[Steps, dict[str, bool]]:
        """The possible steps, by action and by the state that they lead to, and what holds."""
        self.state[:] = words
        at = self.state.ctypes.data
        count = self.expand(at, self.out.ctypes.data, self.taken.ctypes.data)
        if count < 0:
            return Counter({(self.instances[-1 - count].label.action, ()): 1}), {}
        rows = self.out[:count].tolist()
        actions = [self.instances[number].label.action for number in self.taken[:count]]
        steps = Counter((action, tuple(row)) for action, row in zip(actions, rows, strict=True))
        holds = {"@terminal": bool(self.ends(at))}
        for function, conditions in self.held:
            bits = function(at, (1 << len(conditions)) - 1)
            holds |= {one.name: bool(bits >> number & 1) for number, one in enumerate(conditions)}
        broken = self.check(at)
        holds |= {one.name: broken != number for number, one in enumerate(self.always, 1)}
        return steps, holds

    def difference(
        self,
        before: tuple[Steps, dict[str, bool]],
        every: list[Image],
        after: tuple[Steps, dict[str, bool]],
    ) -> str | None:
        """The first action or promise that differs between a state and its image."""
        layout = self.layout
        moved: Steps = Counter()
        for (action, words), times in before[0].items():
            moved[action, layout.pack(moved_cells(every, layout.unpack(words)))] += times
        if moved != after[0]:
            differ = (moved - after[0]) or (after[0] - moved)
            return min(action for action, _ in differ)
        return next((name for name, held in before[1].items() if after[1].get(name) != held), None)
