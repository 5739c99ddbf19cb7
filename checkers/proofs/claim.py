"""A claim about all numbers: Z3 proves it, or gives numbers that refute it.

A claim is a conjunction of assumptions and a conclusion. Z3 looks for numbers that satisfy the assumptions
but not the conclusion; there are none if and only if the claim holds.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from dynaproof.checkers.proofs.unknown import Term

TIMEOUT_SECONDS = 60

TACTICS = ("simplify", "propagate-values", "solve-eqs", "smt")
"""Z3's tactics, in order: for products of unknowns a hundred times as fast as its own choice."""


@dataclass(frozen=True)
class Claim:
    """A statement about all values of its variables: `given` implies `then`; `holds`: whether it should."""

    name: str
    given: Sequence[Term]
    then: Term
    holds: bool = True
    show: Sequence[Term] = ()
    """The terms whose numbers a counterexample prints, in this order."""


@dataclass(frozen=True)
class Verdict:
    """What Z3 answered: proved, refuted by `numbers` (name to exact fraction), or unknown."""

    claim: Claim
    answer: str
    seconds: float
    numbers: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """The values of the unknowns that were asked for, by name, as Z3 has them."""

    @property
    def as_claimed(self) -> bool:
        """Whether what should hold is proved, and what should not is refuted."""
        return self.answer == ("proved" if self.claim.holds else "refuted")

    def line(self) -> str:
        """For people."""
        numbers = ", ".join(f"{name} = {value}" for name, value in self.numbers.items())
        return f"{self.claim.name}: {self.answer}{f' by {numbers}' if numbers else ''} ({self.seconds:.2f} s)"


def decide(claim: Claim, *, unknowns: Mapping[str, Term] | None = None) -> Verdict:
    """Ask Z3, for at most `TIMEOUT_SECONDS`; the numbers of a refutation are put back into the claim."""
    begun = time.perf_counter()
    solver = z3.Then(*TACTICS).solver()
    solver.set("timeout", TIMEOUT_SECONDS * 1000)
    solver.add(*claim.given, z3.Not(claim.then))
    found = solver.check()
    seconds = time.perf_counter() - begun
    if found == z3.unsat:
        return Verdict(claim, "proved", seconds)
    if found == z3.unknown:
        return Verdict(claim, "unknown", seconds)
    solution = solver.model()
    assert all(z3.is_true(solution.eval(one, model_completion=True)) for one in claim.given)
    assert z3.is_false(solution.eval(claim.then, model_completion=True))
    numbers = {str(one): str(solution.eval(one, model_completion=True)) for one in claim.show}
    values = {name: solution.eval(one, model_completion=True) for name, one in (unknowns or {}).items()}
    return Verdict(claim, "refuted", seconds, numbers, values)
