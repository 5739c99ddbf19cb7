"""A region with a metrics service, which scales its tables: its kinds of nodes, their faults, and what a run
shows of metrics, alarms and scaled tables.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import structs

from dynaproof.checkers.kinds.region import ADMIN_NODES, ROUTER_NODES, ZONES, host_in, region_of
from dynaproof.checkers.kinds.region_kinds import ADMINS, HOSTS_THAT_LOSE, ROUTERS
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.replica_host import brief
from dynaproof.checkers.runs.fault import Falling, Ground
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.runs.world_faults import Crash, Cut, into, out_of
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.metadata.records import ProvisionedTable, SplitRecord
from dynaproof.impl.metrics.notes import Evaluated, Ordered
from dynaproof.impl.metrics.service import MetricsService
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.impl.storage_node.messages import Emission
from dynaproof.specs.observe.impl.scaling import ScalingObserver
from dynaproof.specs.views.base import Fact

METRICS = "metrics"
"""The kind of node,"""

METRICS_NODE = NodeId("region", ZONES[2], "metrics")
"""and the only one. A configuration has its settings as `metrics`."""


class ScaledObservation(RegionObservation):
    """What a run shows of a region whose tables are scaled."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (*RegionObservation.PROVIDES, *ScalingObserver.PROVIDES)

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.scaling = ScalingObserver(self.region, config.metrics, self.reach)

    def chosen(self, record: Any) -> None:
        """A record of the metadata is chosen."""
        before = {one.workflow: one.step for one in self.metadata.of(SplitRecord)}
        super().chosen(record)
        for table in self.metadata.of(ProvisionedTable):
            if self.scaling.tables.get(table.name) != table:
                self.scaling.table_is(table, next(iter(self.places.values())).world.tau)
        for split in self.metadata.of(SplitRecord):
            if split.workflow not in before:
                self.scaling.split_planned(split)
            elif split.step == "made" != before[split.workflow]:
                self.scaling.split_listed(split)

    def host_handled(self, place: Place) -> None:
        """A handler of a storage node has run."""
        super().host_handled(place)
        self.scaling.host_handled(place, place.lane)

    def emits(self, place: Place, m: Emission) -> None:
        """An emission leaves a storage node."""
        self.scaling.emits(place, m)

    def metrics_handled(self, place: Place) -> None:
        """A handler of the metrics service has run."""
        self.scaling.handled(place)

    def evaluated(self, place: Place, note: Evaluated) -> None:
        """The metrics service has evaluated alarms."""
        self.scaling.evaluated(place, note)

    def ordered(self, place: Place, note: Ordered) -> None:
        """The metrics service orders a change."""
        self.scaling.ordered(place, note)

    def metrics_crashed(self, place: Place, _lost_disk: bool) -> None:
        """The metrics service is gone."""
        self.scaling.crashed(place)


# --- Faults ---


class MetricsCrash(Crash):
    """The metrics service stops, for as long as the fault lasts."""

    name = "crash of the metrics service"
    sentence = "the metrics service, {}, crashes"


class ScalerCrash(MetricsCrash):
    """The metrics service stops between an alarm and the answer to its order."""

    name = "crash of the scaler before it is answered"
    sentence = "{} crashes, which has ordered a change"
    certain = False
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where an order is under way."""
        return place.up and orders(place)


class ScalerCut(Cut):
    """The metrics service reaches no router, or hears none; what is emitted it hears."""

    name = "cut between the scaler and the routers"
    sentence = "{} and the routers are cut off from each other"

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """In one direction, or in both."""
        routers = [node.name for node in ROUTER_NODES]
        return [
            into(place, routers),
            out_of(place, routers),
            [*into(place, routers), *out_of(place, routers)],
        ][fault.amount % 3]


class OrderHeld(Cut):
    """The router that was just given an order reaches no admin, and hears none: it orders again until it
    does, when the scaler has given up, and perhaps asked another router.
    """

    name = "cut between a router with an order and the admins"
    sentence = "the router that {} has ordered a change of reaches no admin"
    mend_sentence = "the router that {} had ordered a change of reaches the admins again"
    certain = False
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where an order is under way."""
        return place.up and orders(place)

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """With that router."""
        service = place.node
        assert isinstance(service, MetricsService)
        return links_of_router(service.asking.router.name)

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Join them: by now the scaler may ask another router."""
        ground.join([link for router in ROUTER_NODES for link in links_of_router(router.name)], number)


def orders(place: Place) -> bool:
    """Whether the metrics service there has an order under way."""
    service = place.node
    return isinstance(service, MetricsService) and isinstance(service.asking.action, UpdateTable)


def links_of_router(router: str) -> list[str]:
    """The links between a router and the admins."""
    admins = [node.name for node in ADMIN_NODES]
    return [*(f"{admin}>{router}" for admin in admins), *(f"{router}>{admin}" for admin in admins)]


class EmissionsCut(Cut):
    """The metrics service hears no storage node."""

    name = "cut between the storage nodes and the metrics service"
    sentence = "{} hears no storage node"

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """Into the service; answers leave it."""
        routers = [node.name for node in ROUTER_NODES]
        others = [one.name for one in ground.targets if one is not place and one.name not in routers]
        return into(place, others)


METRICS_CRASH, SCALER_CRASH = MetricsCrash(), ScalerCrash()
SCALER_CUT, EMISSIONS_CUT, ORDER_HELD = ScalerCut(), EmissionsCut(), OrderHeld()

# --- Kinds ---


def make_host(env: Env, config: Any) -> NodeProtocol:
    """A storage node, which emits once in a period."""
    region = structs.replace(region_of(config), metrics=METRICS_NODE, emit_us=config.metrics.period_us)
    return host_in(region, env, config)


def make_metrics(env: Env, config: Any) -> NodeProtocol:
    """The metrics service."""
    return MetricsService(env, ROUTER_NODES, config.metrics)


def knowledge_of_metrics(place: Place) -> Knowledge:
    """What the metrics service knows."""
    service: Any = place.node
    asks = service.asking.action
    known = {"asks for": "nothing" if asks is None else str(asks), "metrics": str(len(service.store.series))}
    for name, table in service.tables.items():
        for metric, scaler in table.scalers.items():
            alarms = f"high {scaler.high.state}, low {scaler.low.state}"
            known[f"{metric} of {name}"] = f"{scaler.provisioned} units, alarms: {alarms}"
    return known


METRICS_SERVICE = Kind(
    name=METRICS,
    nodes=lambda _config: (METRICS_NODE,),
    make=make_metrics,
    handled=ScaledObservation.metrics_handled,
    notes={Evaluated: ScaledObservation.evaluated, Ordered: ScaledObservation.ordered},
    crashed=ScaledObservation.metrics_crashed,
    knowledge=knowledge_of_metrics,
    brief=brief,
    faults=(METRICS_CRASH, SCALER_CRASH, SCALER_CUT, EMISSIONS_CUT, ORDER_HELD),
    may_stay_cut=False,
)

HOSTS_THAT_EMIT = structs.replace(
    HOSTS_THAT_LOSE,
    make=make_host,
    handled=ScaledObservation.host_handled,
    sent={**HOSTS_THAT_LOSE.sent, Emission: ScaledObservation.emits},
)

NODES_OF_A_SCALED_REGION = (HOSTS_THAT_EMIT, ROUTERS, ADMINS, METRICS_SERVICE)
"""All kinds of the region but its users."""
