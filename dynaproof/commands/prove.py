"""`dynaproof prove`: obligations about all numbers, proved or refuted by Z3."""

from typing import TYPE_CHECKING, Any

from dynaproof import console, exits
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

if TYPE_CHECKING:
    from dynaproof.checkers.proofs.obligation import Obligation, Proof


def prove(*names: str, list: Flag = False, mutants: bool = True, json: Flag = False) -> int:  # noqa: A002
    """Prove obligations about the functions of the system, for all numbers; exit status 1 if one is refuted.

    Each has seeded bugs that must be refuted, by numbers with which the patched function is called again.
    What Z3 cannot decide is not proved, and the exit status is 3.

    Args:
        names: Which obligations; all of ours if none is named. FILE.py:NAME for your own.
        list: Print the obligations with their statements, and prove nothing.
        mutants: Refute the seeded bugs too.
        json: Print one JSON object per obligation.
    """
    from dynaproof.checkers.proofs.catalogue import OBLIGATIONS
    from dynaproof.checkers.proofs.obligation import prove as decided

    chosen = [_named(name) for name in names] or [*OBLIGATIONS.values()]
    if list:
        for one in chosen:
            if json:
                console.emit(_of(one))
            else:
                console.show(f"{one.name}\n    {one.statement}\n    {one.symbols}")
        return exits.CLEAN
    proofs = []
    with console.progress("proving", len(chosen)) as advance:
        for number, one in enumerate(chosen):
            advance(number, one.name)
            proof = _proved(one, mutants, decided)
            proofs.append(proof)
            if json:
                console.emit({**as_json(proof), "provenance": provenance()})
            else:
                _show(proof)
    if not json:
        good = sum(one.proved for one in proofs)
        refuted = sum(found is not None for one in proofs for found in one.mutants.values())
        bugs = sum(len(one.mutants) for one in proofs)
        seconds = sum(one.seconds for one in proofs)
        console.show(
            f"{good} of {len(proofs)} proved in {seconds:.2f} s; {refuted} of {bugs} seeded bugs refuted"
        )
    if any(one.answer == "refuted" or not one.mutants_refuted for one in proofs):
        return exits.FAILED
    return exits.CLEAN if all(one.proved for one in proofs) else exits.UNKNOWN


def _named(name: str) -> "Obligation":
    from dynaproof.checkers.proofs.catalogue import OBLIGATIONS, obligation_named

    if ".py:" not in name and name not in OBLIGATIONS:
        raise unknown_name("obligation", name, [*OBLIGATIONS])
    try:
        return obligation_named(name)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error


def _proved(one: "Obligation", mutants: bool, decided: Any) -> "Proof":
    """The proof, or what is wrong with a user's function."""
    from dynaproof.checkers.patches import BugError
    from dynaproof.checkers.proofs.obligation import ObligationError

    try:
        proof: Proof = decided(one, mutants=mutants)
    except (ObligationError, BugError) as error:
        raise UserError(f"{one.name}: {error}") from error
    return proof


def _show(proof: "Proof") -> None:
    bugs = sum(one is not None for one in proof.mutants.values())
    told = f", {bugs} of {len(proof.mutants)} bugs refuted" if proof.mutants else ""
    console.show(f"{proof.answer:8} {proof.obligation.name} ({proof.seconds:.2f} s{told})")
    if proof.counterexample is not None:
        console.show(f"         {proof.counterexample.line()}")
        if not proof.counterexample.replayed:
            console.show("         but the function itself, called with these numbers, keeps what it says")
    for name, found in proof.mutants.items():
        if found is None or not found.replayed:
            console.show(f"         the bug {name} is not refuted")


def _of(one: "Obligation") -> dict[str, object]:
    return {
        "name": one.name,
        "statement": one.statement,
        "symbols": one.symbols,
        "source": one.source,
        "about": one.about,
        "mutants": [*(bug.name for bug in one.bugs), *(says.__name__ for says in one.neighbours)],
    }


def as_json(proof: "Proof") -> dict[str, object]:
    """One object: the obligation, its result, and its bugs, of which `mutant` is the first."""
    one = proof.obligation
    found = proof.counterexample
    return {
        "name": one.name,
        "statement": one.statement,
        "symbols": one.symbols,
        "assumptions": proof.assumptions,
        "source": one.source,
        "proved": proof.proved,
        "answer": proof.answer,
        "seconds": round(proof.seconds, 3),
        "about": one.about,
        "counterexample": None if found is None else {"numbers": found.shown, "replayed": found.replayed},
        "mutant": next(iter(proof.mutants), None),
        "mutant_refuted": proof.mutants_refuted if proof.mutants else None,
        "mutants": {
            name: None if numbers is None else {"numbers": numbers.shown, "replayed": numbers.replayed}
            for name, numbers in proof.mutants.items()
        },
    }
