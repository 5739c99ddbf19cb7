"""The promises about capacity beyond a single partition: what a storage node serves."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.capacity_facts import MICRO
from dynaproof.specs.views.region import RegionView
from dynaproof.specs.views.region_capacity import NodeCharged, NodeExceeded


@spec("always", source="docs/capacity.md, Who is admitted", over=RegionView, on=(NodeCharged,))
def node_admits_within_its_bound(view: RegionView) -> Iterable[Violation]:
    """Over all its partitions with rates a storage node admits a second's fill, what the time since it
    started fills, and one request at the most.
    """
    for fact in view.take(NodeCharged):
        if fact.level < fact.cost * MICRO and fact.level < fact.capacity:
            yield Violation(
                f"{fact.node} admitted {fact.what} of {fact.cost} micro-units, "
                f"with {fact.level // MICRO} left"
            )


@spec("always", source="docs/capacity.md, Who is admitted", over=RegionView, on=(NodeExceeded,))
def node_throttles_by_what_it_admitted(view: RegionView) -> Iterable[Violation]:
    """A storage node refuses by its own bucket only what that does not hold, while it is not full; and what
    any bucket refused has changed nothing of it.
    """
    for fact in view.take(NodeExceeded):
        if fact.expected >= fact.cost * MICRO or fact.expected >= fact.capacity:
            yield Violation(
                f"{fact.node} throttled {fact.request}, which costs {fact.cost} micro-units, "
                f"with {fact.expected // MICRO} left"
            )
        elif fact.level != fact.expected // MICRO:
            yield Violation(
                f"{fact.node} throttled {fact.request} with {fact.level} micro-units left, and what it has "
                f"admitted leaves {fact.expected // MICRO}"
            )


SPECS: tuple[AnySpec, ...] = (node_admits_within_its_bound, node_throttles_by_what_it_admitted)
"""The specs of this module, in the order in which they are listed."""
