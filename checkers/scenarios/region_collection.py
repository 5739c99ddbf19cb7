"""The fair end of a region: the active admin looks up in turn, for all that storage nodes host, whether
anything names it (A11). So what nothing names is found wherever it stands in its node's reports, and whatever
else the node hosts.
"""

from __future__ import annotations

from dynaproof.checkers.kinds.group import HOST
from dynaproof.checkers.kinds.region import ADMIN
from dynaproof.checkers.kinds.region_kinds import is_active
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES
from dynaproof.checkers.scenarios.region_run import file, most_steps
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import NodeId
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs.views.region import Unended


def looks_up_what_is_hosted(run: Run) -> None:
    """Every replica of a table that a node hosts is looked up from here on."""
    looked_up: dict[tuple[NodeId, int], bool] = {}

    def left() -> list[tuple[str, int]]:
        for place in run.places_of(ADMIN):
            if is_active(place) and isinstance(place.node, Admin):
                for address, heard in place.node.nodes.heard.items():
                    looked_up.update(((address, partition), True) for partition in heard.collecting)
        return [
            (place.name, partition)
            for place in run.places_of(HOST)
            if place.up and isinstance(place.node, StorageNode)
            for partition in place.node.replicas
            if partition != METADATA and (place.id.address, partition) not in looked_up
        ]

    bound = SETTLING_LEASES * run.config.settings.lease_us
    run.advance_until(lambda: not left(), bound, most_steps(run), asked=1)  # A look-up takes few steps.
    for node, partition in left() if run.failure is None else ():
        file(run, Unended(f"the wait until it is looked up what partition {partition} on {node} is", bound))
