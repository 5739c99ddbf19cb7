"""Unknown numbers, with which the functions of `impl` compute as they do with numbers.

`Whole` stands for an int (for a real number, if made from one), `Truth` for a bool. What a function does with
them builds a Z3 term: arithmetic, comparisons, `&`, `|`, and `select` of `impl/capacity/arithmetic.py`. Where
a function branches (`if`, `and`, `min`, a chained comparison), it is run once for each way that it can take,
and what it says holds under the conditions of that way; so any function of numbers can be examined, not only
one that was written for this.

*Division* rounds down and requires a divisor above 0, as in `impl`. By a constant it is Z3's own. By an
unknown it is a new unknown, which the definition of the quotient fixes by multiplication; that the divisor is
above 0 is a duty: it becomes a part of what has to be proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import z3

Term = Any
"""A Z3 term; the library has no types of its own that say more."""

MOST_WAYS = 512
"""The most ways through one function; more are an error."""


class TooManyWaysError(Exception):
    """A function branches too often to be examined way by way."""


@dataclass
class Way:
    """One way through a function: what its branches decided, and what its divisions stand for."""

    script: list[bool] = field(default_factory=list)
    """What the branches decide, in order; later ones take True first."""
    conditions: list[Term] = field(default_factory=list)
    """What the branches asked."""
    definitions: list[Term] = field(default_factory=list)
    """The definitions of the quotients."""
    duties: list[Term] = field(default_factory=list)
    """That divisors are above 0, which has to be proved."""

    def decide(self, term: Term) -> bool:
        """Which way a branch takes."""
        known = z3.simplify(term)
        if z3.is_true(known) or z3.is_false(known):
            return bool(z3.is_true(known))
        for condition, decided in zip(self.conditions, self.script, strict=False):
            if condition.eq(known):
                return decided
        number = len(self.conditions)
        if number == len(self.script):
            self.script.append(True)
        decided = self.script[number]
        self.conditions.append(known)
        return decided

    @property
    def holds(self) -> list[Term]:
        """What holds on this way."""
        pairs = zip(self.conditions, self.script, strict=False)
        return [one if decided else z3.Not(one) for one, decided in pairs]

    def quotient(self, value: Term, divisor: Term) -> Term:
        """The unknown that is the quotient, rounded down."""
        found = z3.FreshInt("quotient")
        below = z3.And(found * divisor <= value, value < found * divisor + divisor)
        self.definitions.append(z3.Implies(divisor > 0, below))
        self.duties.append(divisor > 0)
        return found


def ways(function: Callable[[Way], Any]) -> Iterator[tuple[Way, Any]]:
    """Each way through a function, with what it gives.

    Raises:
        TooManyWaysError: there are more than `MOST_WAYS`.
    """
    script: list[bool] = []
    for _ in range(MOST_WAYS):
        way = Way(script)
        yield way, function(way)
        while script and not script[-1]:
            script.pop()
        if not script:
            return
        script[-1] = False
    raise TooManyWaysError(f"it branches in more than {MOST_WAYS} ways; `select` chooses without a branch")


@dataclass(frozen=True, eq=False)
class Truth:
    """An unknown truth value: whether something holds."""

    term: Term
    way: Way

    def __and__(self, other: Truth | bool) -> Truth:
        return Truth(z3.And(self.term, term_of(other)), self.way)

    __rand__ = __and__

    def __or__(self, other: Truth | bool) -> Truth:
        return Truth(z3.Or(self.term, term_of(other)), self.way)

    __ror__ = __or__

    def __eq__(self, other: object) -> Truth:  # type: ignore[override]
        return Truth(self.term == term_of(other), self.way)

    def __ne__(self, other: object) -> Truth:  # type: ignore[override]
        return Truth(self.term != term_of(other), self.way)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self.way.decide(self.term)

    def select(self, then: Any, otherwise: Any) -> Whole | Truth:
        """One of two, numbers or truths."""
        chosen = z3.If(self.term, term_of(then), term_of(otherwise))
        return Truth(chosen, self.way) if z3.is_bool(chosen) else Whole(chosen, self.way)


@dataclass(frozen=True, eq=False)
class Whole:
    """An unknown number."""

    term: Term
    way: Way

    def __add__(self, other: Whole | int) -> Whole:
        return Whole(self.term + term_of(other), self.way)

    __radd__ = __add__

    def __sub__(self, other: Whole | int) -> Whole:
        return Whole(self.term - term_of(other), self.way)

    def __rsub__(self, other: int) -> Whole:
        return Whole(other - self.term, self.way)

    def __neg__(self) -> Whole:
        return Whole(-self.term, self.way)

    def __mul__(self, other: Whole | int) -> Whole:
        return Whole(self.term * term_of(other), self.way)

    __rmul__ = __mul__

    def __floordiv__(self, other: Whole | int) -> Whole:
        if isinstance(other, Whole):
            return Whole(self.way.quotient(self.term, other.term), self.way)
        if other <= 0:
            raise ZeroDivisionError(f"a division by {other}; a divisor is above 0")
        return Whole(self.term / other, self.way)  # By a positive divisor Z3 rounds down, as Python does.

    def __rfloordiv__(self, other: int) -> Whole:
        return Whole(self.way.quotient(z3.IntVal(other), self.term), self.way)

    def __mod__(self, other: Whole | int) -> Whole:
        return self - self.__floordiv__(other) * other

    def __abs__(self) -> Whole:
        return Whole(z3.If(self.term >= 0, self.term, -self.term), self.way)

    def __lt__(self, other: Whole | int) -> Truth:
        return Truth(self.term < term_of(other), self.way)

    def __le__(self, other: Whole | int) -> Truth:
        return Truth(self.term <= term_of(other), self.way)

    def __gt__(self, other: Whole | int) -> Truth:
        return Truth(self.term > term_of(other), self.way)

    def __ge__(self, other: Whole | int) -> Truth:
        return Truth(self.term >= term_of(other), self.way)

    def __eq__(self, other: object) -> Truth:  # type: ignore[override]
        return Truth(self.term == term_of(other), self.way)

    def __ne__(self, other: object) -> Truth:  # type: ignore[override]
        return Truth(self.term != term_of(other), self.way)

    def __bool__(self) -> bool:
        return self.way.decide(self.term != 0)

    __hash__ = None  # type: ignore[assignment]


def term_of(one: Any) -> Term:
    """The term of an unknown; a number or a bool stays as it is."""
    if isinstance(one, Whole | Truth):
        return one.term
    return z3.BoolVal(one) if isinstance(one, bool) else one
