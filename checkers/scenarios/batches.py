"""The scenario `batches`: the group of `partition`, whose clients change several items at once, conditioned
on the versions that they have seen, and read several at once, in pages that often have no room for all.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.workloads.workload import Mix
from dynaproof.specs.sometimes import OF_SEVERAL_ITEMS

NAME = "batches"

CLIENTS = 3
OPERATIONS = 20
"""The operations of each client."""


def draw_batches(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: that of `partition`, with other clients, and pages of few items."""
    config = draw(NAME, seed, strategy)
    pick = Chance(f"{NAME}/{strategy}/{seed}/several")
    settings = structs.replace(
        config.settings,
        scan_items=(2, 1_000, 1_000)[pick(3)],
        scan_bytes=(200, 1 << 20, 1 << 20)[pick(3)],
    )
    return structs.replace(
        config,
        settings=settings,
        clients=CLIENTS,
        operations=OPERATIONS,
        keys=3 + pick(6),
        mix=Mix(reads=(3, 6)[pick(2)], changes=3 + pick(4), pages=2 + pick(4)),
        readers=(0, 0, 1)[pick(3)],
    )


BATCHES = structs.replace(
    PARTITION,
    name=NAME,
    sentence="clients that change several items at once, and read several, page by page",
    draw=draw_batches,
    sometimes=tuple(OF_SEVERAL_ITEMS),
)
