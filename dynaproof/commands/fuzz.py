"""`dynaproof fuzz`: do all deciders of linearizability agree on random histories?"""

import secrets
from collections.abc import Iterator

from dynaproof import console
from dynaproof.arguments import above_zero
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

SHOWN = 5
FRESH_SEEDS = 2**31


def fuzz(
    *,
    object: str | None = None,  # noqa: A002
    count: int = 20_000,
    seed: int | None = None,
    first: int = 0,
    json: Flag = False,
) -> int:
    """Compare the linearizability checkers with each other and an oracle; exit status 1 if they differ.

    A disagreement names its seed and number; `fuzz --seed SEED --first NUMBER --count 1` repeats it.

    Args:
        object: Histories of this object only (of a register: of one that may begin with a value). Otherwise
            of registers, with every algorithm, and one in five of some other object.
        count: How many random histories.
        seed: Which; without it a fresh one, which is printed.
        first: The number of the first history.
        json: Print one JSON object.
    """
    from dynaproof.checkers.linearizability.fuzzing import Disagreement, Tally
    from dynaproof.checkers.linearizability.fuzzing import fuzz as disagreements
    from dynaproof.checkers.linearizability.object_fuzzing import ObjectDisagreement, ObjectTally, fuzz_object
    from dynaproof.checkers.linearizability.object_histories import KINDS

    above_zero({"--count": count})
    if first < 0:
        raise UserError(f"--first is {first}; histories are counted from 0")
    chosen = secrets.randbelow(FRESH_SEEDS) if seed is None else seed
    if object is not None and object not in KINDS:
        raise unknown_name("object", object, KINDS)
    tally: Tally | ObjectTally
    found_by: Iterator[Disagreement | ObjectDisagreement]
    if object is None:
        tally = Tally()
        found_by = disagreements(chosen, count, first, tally)
    else:
        tally = ObjectTally()
        found_by = fuzz_object(object, chosen, count, first, tally)
    found = 0
    for disagreement in found_by:
        found += 1
        if found <= SHOWN:
            console.say(str(disagreement))
    if json:
        console.emit(
            {
                "seed": chosen,
                "object": object,
                "first": first,
                "histories": tally.histories,
                "disagreements": found,
                "verdicts": dict(sorted(tally.verdicts.items())),
                "causes": dict(sorted(tally.causes.items())),
                "algorithms": dict(sorted(tally.algorithms.items())),
                "provenance": provenance(seed=chosen),
            }
        )
        return 1 if found else 0
    out = console.show
    out(f"seed {chosen}: {tally.histories} histories, {found} disagreements")
    for counts in (tally.verdicts, tally.causes, tally.algorithms):
        for name, times in counts.most_common():
            out(f"  {times:8} {name}")
    return 1 if found else 0
