"""A model made ready to explore: its machine code, and the little that the search must know besides.

Reading a model's text takes longer than loading its code, so what was learnt is kept in the cache too, under
a name for all that it depends on (`origin`). It is only numbers; names and values come from the model.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dynaproof.checkers.state_space import backward, engine
from dynaproof.checkers.state_space.compiled import Code, keep, read_kept
from dynaproof.checkers.state_space.independence import safe_instances
from dynaproof.checkers.state_space.interpreter import Label
from dynaproof.checkers.state_space.kernel import DECLARATIONS, compile_kernel
from dynaproof.checkers.state_space.layout import Layout
from dynaproof.checkers.state_space.lower import lower
from dynaproof.checkers.state_space.machine import model_functions
from dynaproof.checkers.state_space.origin import name_of
from dynaproof.checkers.state_space.symmetry import canonical_function
from dynaproof.checkers.state_space.text_check import refuse_contradictions
from dynaproof.model.language import Model, ModelError
from dynaproof.model.language.model import of_kind


@dataclass(frozen=True)
class Enabled:
    """An action instance that can happen in some state; `fair`: weakly."""

    label: Label
    fair: bool


@dataclass(frozen=True)
class Program:
    """The code with the packed initial states, and the instances by the numbers that the code gives them.

    `safe` has those that partial order reduction may take alone; `read` says whether the model's text was
    read for it, rather than what was kept.
    """

    code: Code
    layout: Layout
    starts: tuple[tuple[int, ...], ...]
    instances: tuple[Enabled, ...]
    safe: tuple[bool, ...]
    read: bool


def is_direct(layout: Layout) -> bool:
    """Whether a state is its own entry in the table of known states."""
    return layout.words == 1 and layout.bits <= 63


def prepare(model: Model, *, symmetry: bool, por: bool, cached: bool = True) -> Program:
    """The program of a model; ModelError for mistakes in its text."""
    if len(model.sometimes) > 62:
        raise ModelError("a model may have 62 `sometimes` conditions")
    name = name_of(model, symmetry=symmetry, por=por) if cached else None
    kept = None if name is None else _kept(model, name)
    if kept is not None:
        return kept
    refuse_contradictions(model, symmetry=symmetry)
    lowered = lower(model)
    layout = lowered.layout
    constants = {name: value for name, value in vars(engine).items() if isinstance(value, int)}
    constants |= {"WORDS": layout.words, "DIRECT": int(is_direct(layout)), "REDUCED": int(por)}
    kernels = (*engine.KERNELS, *(backward.KERNELS if of_kind(model, "always_possible") else ()))
    parts = [
        DECLARATIONS,
        model_functions(lowered),
        canonical_function(lowered, symmetry),
        *(compile_kernel(kernel, constants) for kernel in kernels),
    ]
    code = Code.of("\n".join(parts), cached=cached)
    possible = {one.label for one in lowered.instances}
    numbers = [at for at, one in enumerate(_every(model)) if one.label in possible]
    safe = safe_instances(lowered) if por else []
    facts = {"code": code.key, "starts": lowered.starts, "instances": numbers, "safe": safe}
    # Only if nothing was edited while it was read.
    if name is not None and name_of(model, symmetry=symmetry, por=por) == name:
        keep(f"{name[:40]}.json", json.dumps(facts).encode())
    return _program(model, code, facts, read=True)


def _kept(model: Model, name: str) -> Program | None:
    data = read_kept(f"{name[:40]}.json")
    if data is None:
        return None
    facts = json.loads(data)
    code = Code.kept(facts["code"])
    return None if code is None else _program(model, code, facts, read=False)


def _program(model: Model, code: Code, facts: dict[str, Any], *, read: bool) -> Program:
    every = list(_every(model))
    return Program(
        code,
        Layout(model),
        tuple(tuple(words) for words in facts["starts"]),
        tuple(every[at] for at in facts["instances"]),
        tuple(facts["safe"]),
        read,
    )


def _every(model: Model) -> Iterator[Enabled]:
    """All instances in the order of the text, including those that can never happen."""
    for action in model.actions:
        for arguments in itertools.product(*(kind.values() for kind in action.parameters.values())):
            yield Enabled(Label(action.name, arguments), action.fair)
