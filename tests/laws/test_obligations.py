"""Every obligation is proved of the functions as they are, assumes nothing absurd, and is refuted of bugs."""

import inspect
import time
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated

import pytest

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.seeded import (
    capacity_buckets,
    capacity_controllers,
    capacity_scaling,
    lease_bounds,
)
from dynaproof.checkers.patches import Bug, Edit, bug
from dynaproof.checkers.proofs.catalogue import OBLIGATIONS
from dynaproof.checkers.proofs.obligation import (
    Obligation,
    ObligationError,
    Proof,
    Said,
    Unit,
    implies,
    negation,
    obligation,
    prove,
    satisfiable,
)
from dynaproof.impl.capacity.arithmetic import div, maximum, minimum, select
from dynaproof.impl.capacity.bucket import refilled

SECONDS_EACH, SECONDS_IN_ALL = 3, 10


@cache
def timed_proof_of(name: str) -> tuple[Proof, float]:
    """The proof, with its bugs, and the CPU time that both took: the machine may do something else."""
    begun = time.process_time()
    return prove(OBLIGATIONS[name]), time.process_time() - begun


def proof_of(name: str) -> Proof:
    return timed_proof_of(name)[0]


@pytest.mark.parametrize("name", OBLIGATIONS)
def test_obligation_is_proved_and_each_of_its_bugs_is_refuted(name: str) -> None:
    found = proof_of(name)
    assert found.proved, found.counterexample and found.counterexample.line()
    assert found.counterexample is None
    assert found.mutants
    for mutant, numbers in found.mutants.items():
        assert numbers is not None, f"{mutant} is not refuted"
        assert numbers.replayed, f"{mutant}: the function itself does not give {numbers.line()}"
    assert found.obligation.statement.endswith(".")
    assert found.obligation.symbols
    assert found.obligation.source
    assert found.assumptions
    assert found.obligation.about


@pytest.mark.parametrize("name", OBLIGATIONS)
def test_what_an_obligation_assumes_can_be_the_case(name: str) -> None:
    assert satisfiable(OBLIGATIONS[name])


def test_proofs_are_quick() -> None:
    seconds = [timed_proof_of(name)[1] for name in OBLIGATIONS]
    assert max(seconds) < SECONDS_EACH
    assert sum(seconds) < SECONDS_IN_ALL


def test_every_seeded_bug_of_capacity_is_refuted_by_some_obligation() -> None:
    used = {bug.name for one in OBLIGATIONS.values() for bug in one.bugs}
    defined = [
        one.name
        for module in (capacity_buckets, capacity_controllers, capacity_scaling, lease_bounds)
        for one in vars(module).values()
        if isinstance(one, Bug)
    ]
    assert sorted(defined) == sorted(used)
    assert len(set(defined)) == len(defined)
    for one in (one for found in OBLIGATIONS.values() for one in found.bugs if one.name in MUTANTS):
        assert MUTANTS[one.name].edits == one.edits, "what is hunted in the system is what a proof refutes"


def test_the_documents_name_every_obligation_and_its_bugs(root: Path) -> None:
    text = (root / "docs" / "proofs.md").read_text(encoding="utf-8")
    for one in OBLIGATIONS.values():
        assert f"`{one.name}`" in text or one.name in text
        if one.about[0].startswith("dynaproof.impl.capacity"):
            assert one.statement in text
            assert all(f"`{bug.name}`" in text for bug in one.bugs)


FULL, RATE, LARGEST = 300 * 10**12, 10**6, 400 * 10**6
BEGINNINGS = {
    "bucket_stays_within_its_bounds": {"level": FULL, "capacity": FULL},
    "admitted_is_bounded_in_every_window": {"level": FULL, "capacity": FULL, "begun_level": FULL},
    "demand_within_burst_and_rate_is_never_throttled": {"level": FULL, "capacity": FULL},
    "conforming_demand_passes_admission": {
        "own": FULL,
        "own_capacity": FULL,
        "cap": FULL,
        "cap_capacity": FULL,
        "own_rate": RATE,
        "cap_rate": RATE,
    },
    "admitted_is_bounded_over_changes_of_rate": {"level": FULL, "capacity": FULL, "begun": FULL},
    "shares_add_up_to_the_table": {"partitions": 3},
    "successor_mints_at_most_what_it_has_not_heard_of": {"level": FULL, "capacity": FULL, "heard": FULL},
    "multiplier_within_bounds": {"multiplier": 10**6, "most": 10**7},
    "integral_within_its_limits": {"multiplier": 10**6},
    "tokens_conserved": {"level": FULL, "capacity": FULL, "begun": FULL},
    "unused_tokens_are_bounded": {"most": LARGEST},
    "table_under_global_admission_is_bounded": {
        "level": FULL,
        "capacity": FULL,
        "begun": FULL,
        "most": LARGEST,
    },
}
"""Of each that is inductive, the state in which a bucket, a controller or a table begins; the rest is 0."""


@pytest.mark.parametrize("name", BEGINNINGS)
def test_invariant_holds_at_the_beginning(name: str) -> None:
    one = OBLIGATIONS[name]
    numbers = dict.fromkeys(inspect.signature(one.says).parameters, 0)
    numbers |= {key: value for key, value in {"rate": RATE, "largest": LARGEST}.items() if key in numbers}
    found = one.says(**numbers | BEGINNINGS[name])
    assert {words for words, condition in found.given.items() if not condition} == set()
    assert all(found.parts)


# --- The engine ---


def said(given: bool, then: bool) -> Said:
    return Said({"assumed": given}, then)


def made(says: object) -> Obligation:
    return obligation(about=(refilled,), symbols="s", source="t")(says)  # type: ignore[arg-type]


def test_what_does_not_hold_is_refuted_by_numbers_in_units() -> None:
    def too_bold(amount: Annotated[int, Unit("EUR", 100)]) -> Said:
        """No amount is above a euro."""
        return said(amount >= 150, amount <= 100)

    found = prove(made(too_bold))
    assert found.answer == "refuted"
    assert found.counterexample is not None
    assert found.counterexample.replayed
    assert found.counterexample.numbers["amount"] >= 150
    assert found.counterexample.line().startswith("amount = 1.5") or " EUR" in found.counterexample.line()


def test_branches_are_looked_at_way_by_way() -> None:
    def steps(value: int) -> int:
        if value < 0:
            return -1
        return 1 if 0 < value <= 10 and value != 7 else 0

    def ranges(value: int, other: int) -> Said:
        found = steps(value)
        return said(min(value, other) >= 0, (found >= 0) & implies(value == 7, found == 0))

    def wrong(value: int) -> Said:
        return said(value > 0, steps(value) == 1)

    assert prove(made(ranges)).proved
    refuted = prove(made(wrong)).counterexample
    assert refuted is not None
    assert refuted.numbers["value"] == 7 or refuted.numbers["value"] > 10


def test_division_by_an_unknown_wants_it_above_0() -> None:
    def halves(value: int, by: int) -> Said:
        quotient = div(value, by)
        return said(value >= 0, quotient * by <= value)

    def guarded(value: int, by: int) -> Said:
        quotient = value // by
        return said(by > 0, (quotient * by <= value) & (value - quotient * by < by) & (value % by >= 0))

    found = prove(made(halves))
    assert found.answer == "refuted"
    assert found.counterexample is not None
    assert found.counterexample.numbers["by"] <= 0
    assert prove(made(guarded)).proved


def test_real_numbers_and_truths_can_be_unknown() -> None:
    def between(low: Fraction, high: Fraction, which: bool) -> Said:
        middle = select(which, low, high)  # type: ignore[arg-type]
        return said(low < high, (minimum(low, high) <= middle) & (middle <= maximum(low, high)))  # type: ignore[arg-type]

    def below(low: Fraction, high: Fraction) -> Said:
        return said((low < high) & (high < low + 1), low + 1 <= high + low * 0)

    def square(side: Fraction) -> Said:
        """Refuted by an irrational number, which Python has not exactly."""
        return said(side > 0, negation(side * side == 2))

    assert prove(made(between)).proved
    irrational = prove(made(square))
    assert irrational.answer == "refuted"
    assert irrational.counterexample is not None
    assert not irrational.counterexample.replayed
    found = prove(made(below)).counterexample
    assert found is not None
    assert isinstance(found.numbers["low"], Fraction | int)
    assert found.replayed


def test_bug_that_is_not_refuted_is_told() -> None:
    harmless = bug(
        "harmless",
        "The operands change places.",
        Edit("dynaproof.impl.capacity.bucket", "level + rate * elapsed_us", "rate * elapsed_us + level"),
    )

    @obligation(about=(refilled,), symbols="s", source="t", bugs=(harmless,))
    def never_above_its_capacity(level: int, capacity: int) -> Said:
        return said(True, refilled(level, 1, 2, capacity) <= capacity)

    found = prove(never_above_its_capacity)
    assert found.proved
    assert found.mutants == {"harmless": None}
    assert not found.mutants_refuted


def test_assumptions_that_nothing_meets_are_noticed() -> None:
    def vacuous(value: int) -> Said:
        return said((value > 0) & (value < 0), value == 5)

    assert prove(made(vacuous)).proved
    assert not satisfiable(made(vacuous))


def test_what_z3_cannot_decide_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    def hard(x: int, y: int, z: int, n: int) -> Said:
        positive = (x > 0) & (y > 0) & (z > 0)
        return said(positive & (n == x * x * x * x * x + y * y * y * y * y), n != z * z * z * z * z)

    monkeypatch.setattr("dynaproof.checkers.proofs.claim.TIMEOUT_SECONDS", 1)
    found = prove(made(hard))
    assert found.answer == "unknown"
    assert not found.proved


def test_mistakes_in_a_users_function_are_told_in_a_sentence() -> None:
    def raises(value: int) -> Said:
        raise KeyError(value)

    def nothing() -> int:
        return 5

    def of_text(value: str) -> Said:
        return said(True, True)

    def branches(value: int) -> Said:
        count = sum(1 for number in range(12) if value > number)
        return said(True, count >= 0)

    with pytest.raises(ObligationError, match="it returned a int"):
        prove(made(nothing))
    with pytest.raises(ObligationError, match="KeyError"):
        prove(made(raises))
    with pytest.raises(ObligationError, match="is annotated"):
        prove(made(of_text))
    with pytest.raises(ObligationError, match="512 ways"):
        prove(made(branches))
