"""The plan of a region: which nodes there are, of which kinds, as a configuration names them.

*Invariant.* A region can boot from any plan that was made: there are storage nodes in three zones, so the
metadata and every partition can lose a zone; there are an admin and a router; and no two nodes have the same
name.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import NodeId

ZONES = 3
"""The least number of zones with storage nodes: as many as a partition has replicas."""


class RegionError(ValueError):
    """A configuration that cannot be a region; the message says what is missing or wrong."""


class RegionPlan(Struct, frozen=True):
    """The nodes of a region.

    Raises:
        RegionError: a region of these nodes could not do its work.
    """

    storage_nodes: tuple[NodeId, ...]
    admins: tuple[NodeId, ...]
    routers: tuple[NodeId, ...]
    metrics: NodeId | None = None
    """The metrics service, which scales tables; without one none is scaled."""
    tokens: NodeId | None = None
    """The token service; None: no table can be under global admission."""

    def __post_init__(self) -> None:
        zones = sorted({node.zone for node in self.storage_nodes})
        if len(zones) < ZONES:
            raise RegionError(
                f"a region needs storage nodes in {ZONES} zones; there are {len(self.storage_nodes)} in "
                f"{len(zones)} ({', '.join(zones) or 'none'})"
            )
        for kind, nodes in (("admin", self.admins), ("router", self.routers)):
            if not nodes:
                raise RegionError(f"a region needs one {kind} at the least; there is none")
        services = [one for one in (self.metrics, self.tokens) if one is not None]
        nodes = (*self.storage_nodes, *self.admins, *self.routers, *services)
        regions = sorted({node.region for node in nodes})
        if len(regions) > 1:
            raise RegionError(f"the nodes are of several regions: {', '.join(regions)}")
        names = [node.name for node in nodes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise RegionError(f"two nodes have the same name: {', '.join(twice)}")

    @property
    def metadata(self) -> tuple[NodeId, ...]:
        """The storage nodes that host the metadata at first: the first one of each of the first zones."""
        first: dict[str, NodeId] = {}
        for node in self.storage_nodes:
            first.setdefault(node.zone, node)
        return tuple(first.values())[:ZONES]
