"""The promise about transactions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.transaction import Decided, TransactionCommitted, TransactionView


@spec(
    "always",
    source="Adya, Weak Consistency, 1999, 3 (serialization graphs); Herlihy and Wing, 1990",
    over=TransactionView,
    on=(Decided, TransactionCommitted),
)
def transactions_serializable(view: TransactionView) -> Iterable[Violation]:
    """All committed transactions and single operations are strictly serializable.

    All participants of a transaction finish it alike, only what is committed is read, and the graph of who
    must come before whom has no cycle: by the order of a key's writes, by who read whose write, by who read
    what another one then replaced, and by who had ended before another began. The order of a key's writes is
    given by its log, so that this is exact. It takes time quadratic in the transactions of the view.
    """
    for name in dict.fromkeys(fact.transaction for fact in view.take(Decided)):
        outcomes = view.decisions[name]
        if len(set(outcomes.values())) > 1:
            committed = [str(one) for one, outcome in outcomes.items() if outcome]
            aborted = [str(one) for one, outcome in outcomes.items() if not outcome]
            yield Violation(f"{name} is committed by {committed} and aborted by {aborted}")
    if view.take(TransactionCommitted):
        for name, one in view.transactions.items():
            for key, writer in one.reads:
                if writer is not None and writer not in view.versions.get(key, ()):
                    yield Violation(f"{name} read what {writer} wrote to {key!r}, which is not committed")
        try:
            TopologicalSorter(_before(view)).prepare()
        except CycleError as error:
            yield Violation(f"no order explains {' after '.join(str(one) for one in error.args[1])}")


def _before(view: TransactionView) -> Mapping[Hashable, list[Hashable]]:
    """By transaction, those that must come before it."""
    before: dict[Hashable, list[Hashable]] = {name: [] for name in view.transactions}
    for writers in view.versions.values():
        for one, other in pairwise(writers):
            before[other].append(one)
    for name, one in view.transactions.items():
        for key, writer in one.reads:
            writers = view.versions.get(key, [])
            if writer in writers:
                before[name].append(writer)
            replaced_at = writers.index(writer) + 1 if writer in writers else 0
            if replaced_at < len(writers) and writers[replaced_at] != name:
                before[writers[replaced_at]].append(name)
        before[name] += [
            other
            for other, past in view.transactions.items()
            if past.ended is not None and past.ended < one.began
        ]
    return before


SPECS: tuple[AnySpec, ...] = (transactions_serializable,)
"""The specs of this module, in the order in which they are listed."""
