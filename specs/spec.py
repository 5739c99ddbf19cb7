"""What a spec is: a named function over a view, with a kind, a source, and the facts that it looks at."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from dynaproof.specs.views.base import View
from dynaproof.specs.views.nodes import Nodes, Settled, Stepped

Kind: TypeAlias = Literal["always", "eventually", "sometimes"]

KINDS: tuple[Kind, ...] = ("always", "eventually", "sometimes")

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
    """The kind of view that the promise is about."""
    on: tuple[type[Struct], ...]
    """The types of facts that it looks at: it is checked in a step in which one of them was filed."""
    check: Callable[[Seen], Iterable[Violation]]
    """Yields how the promise is broken; for a `sometimes`, where the situation is seen."""


AnySpec: TypeAlias = Spec[Any]


def spec(
    kind: Kind = "always",
    source: str = "",
    over: type[Any] = Nodes,
    on: tuple[type[Struct], ...] = (),
) -> Callable[[Callable[[Any], Iterable[Violation] | bool]], AnySpec]:
    """Make a spec of a check, under the check's own name; what runs a system is handed its specs.

    A check gives violations, or whether the promise holds (for a `sometimes`: whether the situation occurs).
    Over nodes, a spec without `on` looks at each step, or once at the end if it is an `eventually`.

    Raises:
        SpecError: a fact is not one of the view's, or there is none.
    """

    def make(check: Callable[[Any], Iterable[Violation] | bool]) -> AnySpec:
        name = check.__name__
        looked_at: tuple[Any, ...] = on
        if over is Nodes and not on:
            looked_at = (Settled,) if kind == "eventually" else (Stepped,)
        if kind not in KINDS:
            raise SpecError(f"the spec {name} is of kind {kind!r}; there are {', '.join(KINDS)}")
        if not looked_at:
            raise SpecError(f"the spec {name} looks at no facts, so it would never be checked")
        for fact in looked_at:
            if not (isinstance(fact, type) and issubclass(fact, over.FACTS)):
                missing = getattr(fact, "__name__", repr(fact))
                raise SpecError(f"the spec {name} is over a {over.__name__}, which has no {missing}")
        sentence = " ".join((check.__doc__ or "").split("\n\n")[0].split())
        if inspect.isgeneratorfunction(check):
            return Spec(name, kind, source, sentence, over, looked_at, check)
        return Spec(
            name, kind, source, sentence, over, looked_at, partial(answered, check, kind, sentence or name)
        )

    return make


def answered(
    check: Callable[[Any], Iterable[Violation] | bool], kind: Kind, sentence: str, view: Any
) -> Iterable[Violation]:
    """The violations of a check that is not a generator: those that it returns, or one for a plain no."""
    answer: object = check(view)
    if isinstance(answer, bool):
        broken = answer if kind == "sometimes" else not answer
        return (Violation(f"it does not hold: {sentence}"),) if broken else ()
    if isinstance(answer, Iterable) and not isinstance(answer, str | Violation):
        violations = tuple(answer)
        if all(isinstance(one, Violation) for one in violations):
            return violations
    raise TypeError(f"it gave {answer!r:.60}, and a spec gives True or False, or Violations")
