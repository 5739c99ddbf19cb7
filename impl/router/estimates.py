"""The least that a part of a user's request costs, before any partition has looked at its items."""

from __future__ import annotations

from dynaproof.impl.capacity.units import read_cost, write_cost
from dynaproof.impl.partition.messages.requests import READS, Operation, Put
from dynaproof.impl.values.encoding import decode_item
from dynaproof.impl.values.size import item_size_bytes


def least_cost(operation: Operation) -> int:
    """In micro-units: a write costs what it leaves, or more; a read, what an absent item costs, or more."""
    if isinstance(operation, READS):
        return read_cost(0, "strong" if operation.strong else "eventual")
    return write_cost(0, item_size_bytes(decode_item(operation.item)) if isinstance(operation, Put) else 0)
