"""A replica of a partition: the protocol over a partition's state, and the services in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dynaproof.impl.capacity.admission import NodeBuckets
from dynaproof.impl.capacity.rates import Rates, Usage
from dynaproof.impl.node import Env
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.heat import middle_of_tree
from dynaproof.impl.partition.messages.readers import MoveCursor
from dynaproof.impl.partition.messages.requests import Request
from dynaproof.impl.partition.meter import Meter
from dynaproof.impl.partition.readers import Readers
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.splitting import Splitting
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.partition.waiting import Waiting
from dynaproof.impl.paxos.files import log_prefix
from dynaproof.impl.paxos.log import AnyHead, ReplicationLog
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.paxos.service import Service
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.pages import RottenPageError

PartitionReplica: TypeAlias = Replica[PartitionState]

MoreServices: TypeAlias = Callable[[PartitionReplica], tuple[Service, ...]]
"""What else the replicas of a partition do, as services."""


def nothing_more(_replica: PartitionReplica) -> tuple[Service, ...]:
    """No more services: replicas of a table's partition do only what those of every partition do."""
    return ()


def create(
    env: Env, settings: Settings, cache: PageCache, node: NodeBuckets, head: AnyHead, more: MoreServices
) -> PartitionReplica:
    """A replica of the lane's group whose journal begins with this head.

    Raises:
        RottenPageError: a page of the checkpoint that the head names is damaged or missing.
    """
    prefix = log_prefix(env.lane, head.member.incarnation)
    log = ReplicationLog.create(env.disk, prefix, decode, head, settings.log_cache_bytes)
    return _serving(Replica.recover(env, settings, cache, log, PartitionState), settings, node, more)


def recover(
    env: Env, settings: Settings, cache: PageCache, node: NodeBuckets, incarnation: int, more: MoreServices
) -> tuple[PartitionReplica, bool] | None:
    """The replica of the lane's group that the journal of an incarnation describes, and whether a torn tail
    was cut; None where there is no journal.

    Raises:
        RottenLogError: synced bytes of the journal are damaged or missing.
        RottenPageError: a page that is needed to apply what follows the checkpoint is damaged or missing.
    """
    prefix = log_prefix(env.lane, incarnation)
    recovered = ReplicationLog.recover(env.disk, prefix, decode, settings.log_cache_bytes)
    if recovered is None:
        return None
    log, torn = recovered
    return _serving(Replica.recover(env, settings, cache, log, PartitionState), settings, node, more), torn


def _serving(
    replica: PartitionReplica, settings: Settings, node: NodeBuckets, more: MoreServices
) -> PartitionReplica:
    """`Waiting` comes after the services that answer for chosen slots. Membership comes last: a config that
    retires the leader ends its leadership, and what waits for the slot is answered before that.
    """
    waiting = Waiting(replica, settings)
    meter, splitting = Meter(replica, settings, node), Splitting(replica, waiting)
    requests = Requests(replica, settings, waiting, meter, splitting.wrong_partition)
    readers = Readers(replica, settings, waiting)
    waiting.turns = {Request: requests.turn, MoveCursor: readers.turn}
    services = (requests, readers, waiting, meter, *more(replica), splitting, splitting.membership)
    replica.serve(services, soft=meter)
    return replica


def asked(replica: PartitionReplica) -> int:
    """How often clients have asked a replica since it started."""
    return sum(service.asked for service in replica.services if isinstance(service, Requests))


def metered(replica: PartitionReplica) -> tuple[Rates, Usage] | None:
    """The rates that a replica has applied, and what it was asked for since it started; None if its partition
    has no rates.
    """
    buckets = replica.state.metered
    return None if buckets is None else (buckets.rates, meter_of(replica).usage)


def inherit(child: PartitionReplica, parent: PartitionReplica) -> None:
    """A replica of a child begins on a node that has one of its parent: pass on what is in no log."""
    meter_of(child).inherit(meter_of(parent))


def meter_of(replica: PartitionReplica) -> Meter:
    """The meter by which a replica admits."""
    return next(service for service in replica.services if isinstance(service, Meter))


def places_to_split(replica: PartitionReplica) -> tuple[bytes, bytes]:
    """Where a partition would be split by what it stores, and by what was asked for since the last call;
    empty where there is no such place, or its pages cannot be read: whatever needs those will notice.
    """
    busy_at = b""
    for service in replica.services:
        if isinstance(service, Requests):
            busy_at = service.heat.middle()
            service.heat.clear()
    try:
        return middle_of_tree(replica.state.items), busy_at
    except RottenPageError:
        return b"", busy_at
