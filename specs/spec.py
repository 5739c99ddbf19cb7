"""What a spec is: a named function over a view, with a kind, a source, and the facts that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from dynaproof.specs.views.base import Fact, View

Kind: TypeAlias = Literal["always", "eventually", "sometimes"]

Seen = TypeVar("Seen", bound=View[Any])


class SpecError(ValueError):
    """A spec that cannot be judged: its facts and its view do not fit, or nobody files its facts."""


class Violation(Struct, frozen=True):
    """One way in which a promise is broken: a sentence with the facts in it."""

    sentence: str


class Spec(Struct, Generic[Seen], frozen=True):
    """A promise: its name, its sentence (the docstring's first paragraph), and how it is checked."""

    name: str
    kind: Kind
    source: str
    sentence: str
    over: type[Seen]
    """The kind of view that it is a promise about."""
    on: tuple[type[Fact], ...]
    """The types of facts that it looks at: it is checked in a step in which one of them was filed."""
    check: Callable[[Seen], Iterable[Violation]]


AnySpec: TypeAlias = Spec[Any]


def spec(
    kind: Kind, source: str, over: type[Seen], on: tuple[type[Fact], ...]
) -> Callable[[Callable[[Seen], Iterable[Violation]]], Spec[Seen]]:
    """Make a spec of a check, under the check's own name; whoever runs something is handed the specs.

    Raises:
        SpecError: a fact is not one of the view's, or there is none.
    """

    def make(check: Callable[[Seen], Iterable[Violation]]) -> Spec[Seen]:
        name = check.__name__
        if not on:
            raise SpecError(f"the spec {name} looks at no facts, so it would never be checked")
        for fact in on:
            if not issubclass(fact, over.FACTS):
                raise SpecError(f"the spec {name} is over a {over.__name__}, which has no {fact.__name__}")
        sentence = " ".join((check.__doc__ or "").split("\n\n")[0].split())
        return Spec(name, kind, source, sentence, over, on, check)

    return make
