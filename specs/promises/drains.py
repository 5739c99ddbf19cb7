"""The promise about nodes that an operator has drained."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.region import DrainChanged, DrainObeyed, RegionView


@spec("always", source="docs/table.md, A15", over=RegionView, on=(DrainChanged, DrainObeyed))
def drain_orders_last(view: RegionView) -> Iterable[Violation]:
    """An order to drain a node, or no longer, is obeyed once the node's record says so; and the record says
    so until the next such order, whoever writes it for whatever reason.
    """
    for fact in view.take(DrainChanged):
        if not fact.ordered:
            says = "is drained" if fact.draining else "is not drained any more"
            yield Violation(f"the record of {fact.node} says that it {says}, and nobody orders that")
    for obeyed in view.take(DrainObeyed):
        if not obeyed.done:
            what = "drained" if obeyed.draining else "drained no longer"
            yield Violation(f"that {obeyed.node} be {what} is obeyed, and no record of it says so")


SPECS: tuple[AnySpec, ...] = (drain_orders_last,)
"""The specs of this module."""
