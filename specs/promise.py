"""What a spec is: a named function over a `View`, with a kind, a source, and the topics of facts that it
looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from dynaproof.specs.view import View

Kind: TypeAlias = Literal["always", "eventually", "sometimes"]


class Violation(Struct, frozen=True):
    """One way in which a promise is broken: a sentence with the facts in it."""

    sentence: str


Check: TypeAlias = Callable[[View], Iterable[Violation]]


class Spec(Struct, frozen=True):
    """A promise: its name, its sentence (the docstring's first paragraph), and how it is checked."""

    name: str
    kind: Kind
    source: str
    sentence: str
    topics: tuple[str, ...]
    check: Check


ALL: dict[str, Spec] = {}
"""Every spec by name, in the order of definition."""


def spec(kind: Kind, source: str, on: tuple[str, ...]) -> Callable[[Check], Check]:
    """Register a check under its own name; `on` are the topics whose fresh facts it needs."""

    def register(check: Check) -> Check:
        sentence = " ".join((check.__doc__ or "").split("\n\n")[0].split())
        ALL[check.__name__] = Spec(check.__name__, kind, source, sentence, on, check)
        return check

    return register
