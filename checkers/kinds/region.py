"""A region with tables: what a run of one depends on, where its nodes are, and how they are made."""

from __future__ import annotations

from dynaproof.checkers.runs.config import RunConfig
from dynaproof.checkers.workloads.user import User, UserSettings
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.records import (
    METADATA,
)
from dynaproof.impl.node import Env, Microseconds, NodeId, NodeProtocol
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.region import RegionPlan
from dynaproof.impl.router.router import Router
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.storage_node.agent import Region
from dynaproof.impl.storage_node.host import StorageNode

ROUTER = "router"
ADMIN = "admin"
USER = "user"
"""The kinds of nodes beside the storage nodes."""

ZONES = ("a", "b", "c")

ADMIN_NODES = tuple(NodeId("region", zone, f"admin-{zone}") for zone in ZONES[:2])
ROUTER_NODES = tuple(NodeId("region", zone, f"router-{zone}") for zone in ZONES)


class RegionConfig(RunConfig, frozen=True, kw_only=True):
    """What a run of a region depends on."""

    settings: Settings
    """The settings of all partitions;"""
    report_us: Microseconds
    """how often storage nodes report;"""
    chunk_reports: int = 100
    """on how many replicas in one message;"""
    admin: AdminSettings
    router: RouterSettings
    user: UserSettings
    users: int
    rows: int = 2
    """How many storage nodes each zone has."""
    repairs: bool = False
    """Whether lost voters are replaced; if not, nodes are never taken for dead, and lose nothing."""


def hosts(config: RegionConfig) -> tuple[NodeId, ...]:
    """The storage nodes, over all zones in turn."""
    return tuple(
        NodeId("region", zone, f"s{zone}{row if row > 1 else ''}")
        for row in range(1, config.rows + 1)
        for zone in ZONES
    )


def region_of(config: RegionConfig) -> Region:
    """What storage nodes know of the region."""
    plan = RegionPlan(hosts(config), ADMIN_NODES, ROUTER_NODES)
    return Region(plan.metadata, ADMIN_NODES, config.report_us, config.chunk_reports)


def users(config: RegionConfig) -> list[NodeId]:
    """As many users as the configuration says."""
    return [NodeId("region", "user", f"u{number}") for number in range(config.users)]


def make_host(env: Env, config: RegionConfig) -> NodeProtocol:
    """A storage node; some of them host the metadata."""
    return host_in(region_of(config), env, config)


def host_in(region: Region, env: Env, config: RegionConfig) -> NodeProtocol:
    """A storage node of a region."""
    here = any(node.address == env.me.address for node in region.metadata)
    groups = (METADATA,) if here else ()
    return StorageNode(env, region.metadata, config.settings, groups, region=region)


def make_admin(env: Env, config: RegionConfig) -> NodeProtocol:
    """An admin."""
    return Admin(env, region_of(config).metadata, config.admin)


def make_router(env: Env, config: RegionConfig) -> NodeProtocol:
    """A router."""
    return Router(env, region_of(config).metadata, ADMIN_NODES, config.router)


def make_user(env: Env, config: RegionConfig) -> NodeProtocol:
    """A user."""
    return User(env, ROUTER_NODES, config.user)
