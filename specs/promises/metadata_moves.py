"""The promises about where the metadata is, when it moves from node to node."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.region import RegionView, ShownHosts


@spec("always", source="docs/table.md, A15", over=RegionView, on=(ShownHosts,))
def metadata_is_where_nodes_say(view: RegionView) -> Iterable[Violation]:
    """Where a storage node says that the metadata is, a chosen config has it; and no node goes back to an
    earlier one, over all crashes that spare its disk.
    """
    for fact in view.take(ShownHosts):
        where = ", ".join(fact.hosts)
        if fact.epoch < fact.before:
            yield Violation(
                f"{fact.node} says that the metadata is on {where}, by epoch {fact.epoch}, and told of epoch "
                f"{fact.before} earlier"
            )
        else:
            yield Violation(
                f"{fact.node} says that the metadata is on {where}, and by epoch {fact.epoch} it is on "
                f"{', '.join(fact.chosen) or 'no nodes yet'}"
            )


SPECS: tuple[AnySpec, ...] = (metadata_is_where_nodes_say,)
"""The specs of this module, in the order in which they are listed."""
