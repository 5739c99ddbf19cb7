"""What the metrics service reports of itself to its observers; nothing depends on it."""

from __future__ import annotations

from dynaproof.impl.capacity.alarms import State
from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.node import Microseconds, Note


class Evaluated(Note, frozen=True, gc=False, tag="evaluated"):
    """The alarms of a table's reads, or writes, were brought to these states: at `clock_us` of the metrics,
    with this much provisioned, by the periods from `counts_from_us` on.
    """

    table: str
    metric: str
    provisioned: int
    counts_from_us: Microseconds
    clock_us: Microseconds
    high: State
    low: State


class Ordered(Note, frozen=True, gc=False, tag="ordered"):
    """This is ordered, by the alarms as they are and the last period of the metrics at `clock_us`."""

    order: UpdateTable
    clock_us: Microseconds
