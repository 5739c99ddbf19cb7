"""Obligations: what has to be proved of functions of `impl`, each with a bug that must be refuted.

An obligation is written as a function of the unknowns, which calls the very functions that it is about, and
says what is assumed and what follows::

    @obligation(
        about=(refilled,),
        symbols="level + rate * t <= capacity  =>  refilled(level, t) = level + rate * t",
        source="...",
        bugs=(bug("bucket_leaks", "...", Edit(BUCKET, old, new)),),
    )
    def a_bucket_fills_at_its_rate(level: Grains, rate: PerSecond, time_us: Time, capacity: Grains) -> Said:
        \"\"\"A bucket that does not become full has what it had and what was filled.\"\"\"
        return Said(
            given={"time does not go back": time_us >= 0, "it fits": level + rate * time_us <= capacity},
            then=refilled(level, time_us, rate, capacity) == level + rate * time_us,
        )

To prove it, the function is called with unknowns as arguments, for Z3. A counterexample is put back as plain
numbers: the same function, and so the real one that it is about, is called with them and must say that what
was assumed holds, and what should follow does not. The annotations say in which units numbers are shown.

A proof says something only if what is assumed can be the case: `satisfiable` asks that.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, get_args, get_type_hints

import z3

from dynaproof.checkers.patches import Bug, seeded
from dynaproof.checkers.proofs.claim import Claim, decide
from dynaproof.checkers.proofs.unknown import TooManyWaysError, Truth, Way, Whole, term_of, ways
from dynaproof.checkers.user_code import described
from dynaproof.checkers.user_file import article
from dynaproof.impl.capacity.arithmetic import select

APPROXIMATE_DIGITS = 30


class ObligationError(Exception):
    """A function says nothing that can be proved; the message is a sentence."""


@dataclass(frozen=True)
class Unit:
    """How an unknown is shown: its unit, how many make one of that; and whether it is a whole number."""

    name: str
    scale: int = 1
    whole: bool = True


Grains = Annotated[int, Unit("units", 10**12)]
"""A level or a capacity of a bucket."""
Units = Annotated[int, Unit("units", 10**6)]
"""A cost, in micro-units."""
PerSecond = Annotated[int, Unit("units/s", 10**6)]
"""A rate, in micro-units a second."""
Time = Annotated[int, Unit("s", 10**6)]
"""Microseconds."""
Ratio = Annotated[int, Unit("", 10**6)]
"""In millionths."""
Count = Annotated[int, Unit("")]
Real = Annotated[Fraction, Unit("", whole=False)]
YesNo = Annotated[bool, Unit("")]


@dataclass(frozen=True)
class Said:
    """What an obligation says of its unknowns."""

    given: Mapping[str, Any]
    """What is assumed: each in words, and as a condition."""
    then: Any
    """What follows; for a tuple, each part, and each is asked separately."""

    @property
    def parts(self) -> tuple[Any, ...]:
        """What follows, one by one."""
        return self.then if isinstance(self.then, tuple) else (self.then,)


def negation(condition: Any) -> Any:
    """Whether a condition does not hold; an unknown has no `not`."""
    return select(condition, False, True)


def implies(condition: Any, then: Any) -> Any:
    """Whether `then` holds wherever the condition does."""
    return select(condition, then, True)


@dataclass(frozen=True)
class Obligation:
    """Something to be proved."""

    name: str
    says: Callable[..., Said]
    about: tuple[str, ...]
    """The functions that it is about, as `module.name`."""
    symbols: str
    source: str
    bugs: tuple[Bug, ...] = ()
    neighbours: tuple[Callable[..., Said], ...] = ()
    """Similar statements that are refuted, if it is not about a function that a bug could change."""
    fixed: tuple[str, ...] = ()
    """Constants and bounded ranges that are not unknowns, in words."""

    @property
    def statement(self) -> str:
        """What it says, in words."""
        return " ".join((inspect.getdoc(self.says) or self.name.replace("_", " ")).split())


@dataclass(frozen=True)
class Counterexample:
    """Numbers that refute an obligation."""

    numbers: Mapping[str, int | bool | Fraction]
    shown: Mapping[str, str]
    """The same numbers in units."""
    replayed: bool
    """Whether the real function gives the same with them."""

    def line(self) -> str:
        """For people."""
        return ", ".join(f"{name} = {value}" for name, value in self.shown.items())


@dataclass(frozen=True)
class Proof:
    """The result for an obligation."""

    obligation: Obligation
    answer: str
    """`proved`, `refuted` or `unknown`."""
    seconds: float
    assumptions: tuple[str, ...]
    counterexample: Counterexample | None = None
    mutants: Mapping[str, Counterexample | None] = field(default_factory=dict)
    """Each seeded bug, with what refutes it (None: it was not refuted)."""

    @property
    def proved(self) -> bool:
        """Whether Z3 has proved it."""
        return self.answer == "proved"

    @property
    def mutants_refuted(self) -> bool:
        """Whether each of its bugs is refuted, by numbers with which the real function is wrong too."""
        return all(one is not None and one.replayed for one in self.mutants.values())


def obligation(
    *,
    about: Sequence[Callable[..., Any]],
    symbols: str,
    source: str,
    bugs: Sequence[Bug] = (),
    neighbours: Sequence[Callable[..., Said]] = (),
    fixed: Sequence[str] = (),
) -> Callable[[Callable[..., Said]], Obligation]:
    """Make an obligation of a function that says it; its docstring is the statement in words."""

    def made(says: Callable[..., Said]) -> Obligation:
        functions = tuple(f"{one.__module__}.{one.__qualname__}" for one in about)
        return Obligation(
            says.__name__,
            says,
            functions,
            symbols,
            source,
            tuple(bugs),
            tuple(neighbours),
            tuple(fixed),
        )

    return made


# ---------------------------------------------------------------- proving


def prove(one: Obligation, *, mutants: bool = True) -> Proof:
    """Ask Z3 for the obligation, and for each of its bugs."""
    begun = time.perf_counter()
    answer, numbers, assumptions = _decided(one.says)
    seconds = time.perf_counter() - begun
    counterexample = None if numbers is None else _replayed(one.says, numbers)
    refuted: dict[str, Counterexample | None] = {}
    for bug in one.bugs if mutants else ():
        with seeded(bug):
            refuted[bug.name] = _refuted(one.says)
    for says in one.neighbours if mutants else ():
        refuted[says.__name__] = _refuted(says)
    return Proof(one, answer, seconds, (*assumptions, *one.fixed), counterexample, refuted)


def satisfiable(one: Obligation) -> bool:
    """Whether what is assumed can be the case."""
    return any(
        decide(Claim("", given, z3.BoolVal(False))).answer == "refuted" for _, given, _ in _goals(one.says)
    )


def _decided(says: Callable[..., Said]) -> tuple[str, dict[str, Any] | None, tuple[str, ...]]:
    """The answer, the numbers that refute it, and what is assumed in words."""
    answer = "proved"
    words: tuple[str, ...] = ()
    for said, given, then in _goals(says):
        words = tuple(said.given)
        verdict = decide(Claim(says.__name__, given, then), unknowns=_terms(says))
        if verdict.answer == "refuted":
            return "refuted", _plain(verdict.values), words
        if verdict.answer == "unknown":
            answer = "unknown"
    return answer, None, words


def _goals(says: Callable[..., Said]) -> list[tuple[Said, tuple[Any, ...], Any]]:
    """What has to be shown, way by way: what was said, what is given, what follows."""
    goals = []
    for way, said in _said(says):
        given = tuple(
            z3.BoolVal(term_of(one)) if isinstance(one, bool) else term_of(one) for one in said.given.values()
        )
        known = (*given, *way.definitions, *way.holds)
        goals += [(said, known, z3.And(term_of(part), *way.duties)) for part in said.parts]
    return goals


def _said(says: Callable[..., Said]) -> Iterator[tuple[Way, Said]]:
    """What a function says on each of its ways; it may be a user's, with any kind of mistake."""
    try:
        for way, said in ways(lambda way: says(**_unknowns(says, way))):
            if not isinstance(said, Said):
                raise ObligationError(
                    f"it returned {article(said)}, and what it says is a Said(given=..., then=...)"
                )
            yield way, said
    except ObligationError:
        raise
    except TooManyWaysError as error:
        raise ObligationError(str(error)) from error
    except Exception as error:
        raise ObligationError(described(error)) from error


def _units(says: Callable[..., Said]) -> dict[str, tuple[type, Unit]]:
    """Each unknown, with its type and its unit."""
    hints = get_type_hints(says, include_extras=True)
    found = {}
    for name in inspect.signature(says).parameters:
        kind, *others = get_args(hints.get(name, int)) or (hints.get(name, int),)
        if kind not in {int, bool, float, Fraction}:
            raise ObligationError(
                f"its {name} is annotated {kind!r}; an unknown is an int, a bool or a Fraction"
            )
        plain = Unit("", whole=kind in {int, bool})
        found[name] = (kind, next((one for one in others if isinstance(one, Unit)), plain))
    return found


def _terms(says: Callable[..., Said]) -> dict[str, Any]:
    return {name: _term(name, kind, unit) for name, (kind, unit) in _units(says).items()}


def _term(name: str, kind: type, unit: Unit) -> Any:
    if kind is bool:
        return z3.Bool(name)
    return z3.Int(name) if unit.whole else z3.Real(name)


def _unknowns(says: Callable[..., Said], way: Way) -> dict[str, Whole | Truth]:
    return {
        name: Truth(term, way) if z3.is_bool(term) else Whole(term, way)
        for name, term in _terms(says).items()
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Z3's values as Python's."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if z3.is_bool(value):
            found[name] = z3.is_true(value)
        elif z3.is_int_value(value):
            found[name] = value.as_long()
        else:
            # For an irrational number, one near it; the replay says whether that refutes, too.
            near = value if z3.is_rational_value(value) else value.approx(APPROXIMATE_DIGITS)
            found[name] = Fraction(near.numerator_as_long(), near.denominator_as_long())
    return found


def _refuted(says: Callable[..., Said]) -> Counterexample | None:
    answer, numbers, _ = _decided(says)
    return _replayed(says, numbers) if answer == "refuted" and numbers is not None else None


def _replayed(says: Callable[..., Said], numbers: Mapping[str, Any]) -> Counterexample:
    """The counterexample, once the function itself has been called with it."""
    units = _units(says)
    shown = {name: _shown(value, units[name][1]) for name, value in numbers.items()}
    try:
        said = says(**numbers)
    except ZeroDivisionError:  # A divisor that may be 0 is a refutation too.
        return Counterexample(numbers, shown, replayed=True)
    holds = all(bool(one) for one in said.given.values())
    return Counterexample(numbers, shown, replayed=holds and not all(bool(one) for one in said.parts))


def _shown(value: Any, unit: Unit) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    scaled = Fraction(value) / unit.scale
    number = (
        str(scaled)
        if not unit.whole
        else f"{float(scaled):,.12g}"
        if scaled.denominator != 1
        else f"{scaled.numerator:,}"
    )
    return f"{number} {unit.name}".rstrip()
