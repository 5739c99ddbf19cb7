"""Fuzzing the searches of algorithm B on one key: what neither a verdict nor an order shows.

Users are told where a search gets stuck, and what it has tried decides how far an unknown one came; so the
forms of a search are held against each other in that, too. `fuzzing` makes the histories.
"""

from collections.abc import Iterator, Sequence

from dynaproof.checkers.linearizability import by_depth_first, depth_first, frontier, pattern_kernel, patterns
from dynaproof.checkers.linearizability.register import (
    ASK_CAS,
    ASK_DIFFERS,
    ASK_PUT,
    ASK_READ,
    Ask,
    Asks,
    columns_of_key,
    of_key,
)
from dynaproof.specs.history import ABSENT, NEVER


def wrong_search(reduced: Asks) -> Iterator[str]:
    """Whether a pattern is missed, and whether the depth-first walk gets stuck where the frontier does.

    Machine code must find that there is a pattern where the reference does, and its walk must be the same, to
    the end and wherever a budget ends it.
    """
    asks, columns = of_key(reduced, 0), columns_of_key(reduced, 0)
    found = patterns.find(asks)
    if (found is None) == any(_is_excluded(ask, asks) for ask in asks):
        yield f"the bad pattern found is {found}"
    if pattern_kernel.is_excluded(columns) != (found is not None):
        yield f"machine code does not agree that the bad pattern is {found}"
    plain, walked = frontier.search(asks), depth_first.search(asks)
    stuck = [None if one.failed_at is None else asks[one.failed_at].ret for one in (plain, walked)]
    if stuck[0] != stuck[1] or plain.done != walked.done:
        yield f"depth first the search gets stuck at {stuck[1]}, not at {stuck[0]}"
    if by_depth_first.search(columns) != walked:
        yield "depth first machine code finds something else"
    for most in range(0, walked.most, depth_first.ASK_EVERY):

        def exhausted(visited: int, most: int = most) -> bool:
            return visited > most

        if by_depth_first.search(columns, exhausted=exhausted) != depth_first.search(
            asks, exhausted=exhausted
        ):
            yield f"depth first machine code comes elsewhere with a budget of {most}"


def _is_excluded(x: Ask, asks: Sequence[Ask]) -> bool:
    """Whether an operation and all that can have left a value exclude x, as `patterns` defines it."""
    if x.kind not in {ASK_READ, ASK_CAS} or x.ret == NEVER:
        return False
    sources = [ask for ask in asks if ask.kind >= ASK_PUT and ask.value == x.need and ask.call <= x.ret]
    if not sources and x.need != ABSENT:
        return True
    return any(
        other.ret < x.call
        and other.kind != ASK_DIFFERS
        and (
            (other.kind >= ASK_PUT and other.value != x.need)
            or (other.kind != ASK_PUT and other.need != x.need)
        )
        and all(source.ret < other.call for source in sources)
        for other in asks
    )
