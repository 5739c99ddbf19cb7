"""The token service of a region, as a kind of node; routers that draw from it; and the faults of both.

The service crashes like any other node, and so do routers that hold tokens.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.caller_notes import caller_crashed
from dynaproof.checkers.kinds.region import ADMIN_NODES, ROUTER_NODES, RegionConfig, region_of
from dynaproof.checkers.kinds.region_faults import CrashOf
from dynaproof.checkers.kinds.region_kinds import ROUTERS
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.replica_host import brief
from dynaproof.checkers.runs.fault import Ground
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.words import Knowledge
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Env, NodeId, NodeProtocol
from dynaproof.impl.router.notes import Ended, TokensMoved, TokensRefused, TokensSettled, TokensSpent
from dynaproof.impl.router.router import Router
from dynaproof.impl.tokens.messages import Granted
from dynaproof.impl.tokens.service import TokenService

TOKENS = "tokens"
TOKENS_NODE = NodeId("region", "c", "tokens-c")


def make_service(env: Env, config: RegionConfig) -> NodeProtocol:
    """The token service."""
    return TokenService(env, ROUTER_NODES, config.router.tokens)


def make_router(env: Env, config: RegionConfig) -> NodeProtocol:
    """A router that draws from it."""
    return Router(env, region_of(config).metadata, ADMIN_NODES, config.router, TOKENS_NODE)


# --- What is observed ---


def granted(observation: RegionObservation, place: Place, note: Granted) -> None:
    """The service answers a draw."""
    observation.capacity.tokens.granted(place, note)


def service_handled(observation: RegionObservation, place: Place) -> None:
    """A handler of the service has run."""
    observation.capacity.tokens.service_handled(place)


def moved(observation: RegionObservation, place: Place, note: TokensMoved) -> None:
    """Something happens to a router's tokens."""
    observation.capacity.tokens.moved(place, note)


def spent(observation: RegionObservation, place: Place, note: TokensSpent) -> None:
    """A router has taken tokens for a request."""
    observation.capacity.tokens.spent(place, note)


def settled(observation: RegionObservation, place: Place, note: TokensSettled) -> None:
    """A router settles a request."""
    observation.capacity.tokens.settled(place, note)


def refused(observation: RegionObservation, place: Place, note: TokensRefused) -> None:
    """A router throttles."""
    observation.capacity.tokens.refused(place, note)


def ended(observation: RegionObservation, place: Place, note: Ended) -> None:
    """A call of a router has ended."""
    observation.capacity.tokens.call_ended(note)
    ROUTERS.table()[Ended](observation, place, note)


def router_handled(observation: RegionObservation, place: Place) -> None:
    """A handler of a router has run."""
    observation.router_handled(place)
    observation.capacity.tokens.router_handled(place)


def router_crashed(observation: RegionObservation, place: Place, lost_disk: bool) -> None:
    """A router is gone, with its tokens."""
    observation.capacity.tokens.crashed(place)
    caller_crashed(observation, place, lost_disk)


def knowledge_of_service(place: Place) -> Knowledge:
    """What the service has."""
    service: Any = place.node
    levels = (
        f"{of.table} {of.direction.lower()}s {one.table.bucket.level // 1_000_000}"
        for of, one in service.tables.items()
    )
    return {"buckets": ", ".join(levels) or "none"}


# --- Faults ---


class ServiceCrash(CrashOf):
    """The token service stops."""

    name = "crash of the token service"
    sentence = "the token service crashes"

    def who(self, ground: Ground) -> Place | None:
        """The service."""
        return next((one for one in ground.targets if isinstance(one.node, TokenService)), None)


class SpenderCrash(CrashOf):
    """A router that holds tokens stops."""

    name = "crash of a router with tokens"
    sentence = "a router that holds tokens crashes"

    def who(self, ground: Ground) -> Place | None:
        """The first that holds some."""
        return next(
            (
                one
                for one in ground.targets
                if one.up
                and isinstance(one.node, Router)
                and any(purse.tokens.held > 0 for purse in one.node.purses.purses.values())
            ),
            None,
        )


SERVICE_CRASH = ServiceCrash()
SPENDER_CRASH = SpenderCrash()

# --- Kinds ---

TOKEN_SERVICE = Kind(
    name=TOKENS,
    nodes=lambda _config: (TOKENS_NODE,),
    make=make_service,
    notes={Granted: granted},
    handled=service_handled,
    knowledge=knowledge_of_service,
    brief=brief,
    may_stay_cut=False,
)

SPENDING_ROUTERS = structs.replace(
    ROUTERS,
    make=make_router,
    notes={
        **ROUTERS.table(),
        Ended: ended,
        TokensMoved: moved,
        TokensSpent: spent,
        TokensSettled: settled,
        TokensRefused: refused,
    },
    handled=router_handled,
    crashed=router_crashed,
)
