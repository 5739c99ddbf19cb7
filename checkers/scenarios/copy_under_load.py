"""The scenario `copy-under-load`: a replica loses its disk, and copies a tree of megabytes under load. The
setup makes the tree in one piece on each replica, before the load begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.group import REPLICAS, Group, GroupConfig
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.world_faults import LOST_DISK
from dynaproof.checkers.scenarios.partition import FAULTS, a_leader_serves
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm, draw_load, fewest_retained
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.specs.sometimes import (
    CATCH_UP_BY_COPY,
    LEVEL_AGAIN,
    LOG_HELD_FOR_A_COPY,
    VOTER_REPLACED,
)

NAME = "copy-under-load"

LENGTH = 6_000
"""The fewest events of a run before its end."""

ITEMS = 1_500
"""The items of the tree that is copied,"""
ITEM_BYTES = 1_000
"""and the size of each."""

CHECKPOINT_SLOTS = (128, 512)
"""Checkpoints of a tree of this size: a copy takes longer than the one, and about as long as the other."""


VIEW_BYTES = 1 << 29
"""What a source may hold for a copy in most configurations: all of it, whatever is written."""


class LargeConfig(GroupConfig, frozen=True, kw_only=True):
    """What a run whose tree is large from the beginning depends on."""

    items: int = ITEMS


def draw_copy(seed: int, strategy: str) -> LargeConfig:
    """The configuration of one seed: one lost disk, and in half of them other faults besides."""
    config = draw_load(NAME, seed, strategy, clients=24, length=LENGTH)
    label = f"{NAME}/{strategy}/{seed}"
    pick = Chance(label)
    lost = Fault(LOST_DISK.name, 200 + pick(800), pick(3), 10 + pick(300), pick(1 << 20))
    few = Chance(f"{label}/retained")(2)  # Then only what is held for a copy is there when the copy is in.
    settings = structs.replace(
        config.settings,
        page_bytes=8_192,
        chunk_pages=4,
        checkpoint_slots=CHECKPOINT_SLOTS[pick(2)],
        retained_slots=fewest_retained(config.settings) if few else config.settings.retained_slots,
        view_bytes=(1_000, VIEW_BYTES, VIEW_BYTES, VIEW_BYTES)[Chance(f"{label}/views")(4)],
    )
    config = structs.replace(config, settings=settings)
    if pick(2):
        config = calm(config, (lost,))
    else:
        others = draw_faults(FAULTS, label, config.length, 1 + pick(3))
        config = structs.replace(config, faults=in_order((lost,), others))
    return LargeConfig(**structs.asdict(config))


def tree_is_there(run: Run) -> bool:
    """Whether a leader serves, and each replica has the tree in a checkpoint and no log below it, so that a
    replica that lacks the tree must copy it. Whatever of this is missing is begun.
    """
    replicas = Group(run).replicas()
    if not a_leader_serves(run) or any(not replica.state.applied for replica in replicas):
        return False
    hosts = [(run.world.at(node), replica) for node, replica in zip(REPLICAS, replicas, strict=True)]
    if not run.observation.items:  # type: ignore[attr-defined]
        make_trees(run, replicas)
        for place, replica in hosts:
            run.world.run(place, replica.write_checkpoint)
    if any(replica.log.head.snapshot is None or replica.checkpoint is not None for replica in replicas):
        return False
    for place, replica in hosts:
        if replica.log.first == 1:
            run.world.run(place, partial(cut_below_checkpoint, replica))
    return all(place.disk.durable == place.disk.written for place, _ in hosts)


def make_trees(run: Run, replicas: Sequence[Any]) -> None:
    """Put the items into the tree of each replica, and into the fold that the replicas are compared with."""
    config, items = run.config, run.observation.items  # type: ignore[attr-defined]
    stored = StoredItem(encode_item({"id": S("tree"), "filling": S("x" * ITEM_BYTES)}), 0, 0)
    for number in range(config.items):
        key = b"k%d/%06d" % (number % config.keys, number)  # Among the keys that clients use.
        items[key] = stored
        for replica in replicas:
            replica.state.items.put(key, stored)


def cut_below_checkpoint(replica: Any) -> None:
    """Begin a segment of the log behind the checkpoint."""
    log = replica.log
    log.roll(
        structs.replace(
            log.head,
            promised=log.promised,
            last_accepted=log.last_accepted,
            first=log.head.snapshot.slot + 1,
            commit=log.commit,
        )
    )


SEEN = tuple(
    one.name
    for one in (
        VOTER_REPLACED,
        CATCH_UP_BY_COPY,
        LOG_HELD_FOR_A_COPY,
        LEVEL_AGAIN,
    )
)
"""What its campaigns should see."""

COPY_UNDER_LOAD = structs.replace(
    UNDER_LOAD,
    sometimes=SEEN,
    name=NAME,
    sentence=f"24 impatient clients, and a replica that copies {ITEMS} items of {ITEM_BYTES} bytes meanwhile",
    draw=draw_copy,
    config=LargeConfig,
    ready=tree_is_there,
)
