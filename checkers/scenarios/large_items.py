"""The scenario `large-items`: now and then a client puts an item of 400 KB, the largest that DynamoDB
takes.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance
from dynaproof.checkers.scenarios.partition import LARGEST_ITEM, PAGE_BYTES
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm_or_faulty, draw_load
from dynaproof.specs.sometimes import (
    CATCH_UP_BY_COPY,
    LEADER_CHANGED,
    TAIL_ADOPTED,
    WAITED_FOR_ROOM,
)

NAME = "large-items"

LENGTH = 1_500
"""The fewest events of a run before its end."""


def draw_large_items(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed; in half of them the log is cut soon."""
    config = draw_load(NAME, seed, strategy, clients=12, length=LENGTH)
    label = f"{NAME}/{strategy}/{seed}"
    pick = Chance(label)
    settings = structs.replace(config.settings, page_bytes=PAGE_BYTES)
    if Chance(f"{label}/retained")(2):
        settings = structs.replace(
            settings, in_flight_slots=4, checkpoint_slots=8, retained_slots=24, chunk_slots=16
        )
    config = structs.replace(config, settings=settings, item_bytes=LARGEST_ITEM)
    return calm_or_faulty(config, pick)


SEEN = tuple(
    one.name
    for one in (
        LEADER_CHANGED,
        WAITED_FOR_ROOM,
        TAIL_ADOPTED,
        CATCH_UP_BY_COPY,
    )
)
"""What its campaigns should see."""

LARGE_ITEMS = structs.replace(
    UNDER_LOAD,
    sometimes=SEEN,
    name=NAME,
    sentence="12 impatient clients, some of whose items have 400 KB",
    draw=draw_large_items,
)
