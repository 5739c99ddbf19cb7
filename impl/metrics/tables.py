"""One table that is scaled: what is known of it, its alarms, and what is ordered for it (rule A17 of
docs/table.md).

What is provisioned is what the metadata says, and never what was ordered: an order may have been refused, or
its answer lost. So a table is described before each decision, and an order names what was seen (`AsOf`): of
two orders that follow from one state at most one has an effect, however late they come, and an order of an
earlier life of the service has none once a later life has changed the table.

*Cooldowns.* A change counts from when the service learns of it, which is not before it was made; so does the
state that is there when the service starts. Hence an order is never given within a cooldown of the change
before it, whoever made that change, and whatever crashed meanwhile.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.impl.capacity.arithmetic import ceiling
from dynaproof.impl.capacity.metrics import MetricStore
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.capacity.scaling import Scaler, Tracking
from dynaproof.impl.metadata.orders import AsOf, UpdateTable
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.metrics.intake import READS, WRITES, of_table
from dynaproof.impl.metrics.notes import Evaluated, Ordered
from dynaproof.impl.metrics.settings import ScalingPolicy
from dynaproof.impl.node import Env, Microseconds


class ScaledTable:
    """Auto scaling of one table; see the module."""

    def __init__(self, env: Env, policy: ScalingPolicy) -> None:
        self.env = env
        self.policy = policy
        self.seen: AsOf | None = None
        """The newest state of the table that was described."""
        self.given: Provisioned | None = None
        """What the table is given in that state."""
        self.scalers: dict[str, Scaler] = {}
        """What follows that, by metric."""

    def learn(self, table: ProvisionedTable, clock_us: Microseconds) -> None:
        """A table was described: a change restarts the cooldowns, and older periods no longer count (A17)."""
        seen = AsOf(table.generation, table.version)
        if self.seen is not None and seen < self.seen:
            return  # A description that is older than another one.
        again = self.seen is None or self.seen.generation != seen.generation
        self.seen, self.given = seen, table.given
        self.follow(READS, self.policy.reads, table.given.read, again, clock_us)
        self.follow(WRITES, self.policy.writes, table.given.write, again, clock_us)

    def follow(
        self, metric: str, tracking: Tracking | None, rate: int, again: bool, clock_us: Microseconds
    ) -> None:
        """This much is provisioned, in micro-units a second; for another table all counts anew (`again`)."""
        if tracking is None:
            return
        provisioned, now = ceiling(rate, tracking.unit), self.env.now
        if again:
            consumed = of_table(metric, self.policy.table)
            self.scalers[metric] = Scaler(tracking, consumed, provisioned, now, clock_us)
        elif self.scalers[metric].provisioned != provisioned:
            self.scalers[metric].change(provisioned, now, clock_us)

    def evaluate(self, store: MetricStore, clock_us: Microseconds) -> None:
        """Bring the alarms to their states, by the periods that are over."""
        for metric, scaler in self.scalers.items():
            scaler.evaluate(store, clock_us)
            self.env.note(
                Evaluated(
                    self.policy.table,
                    metric,
                    scaler.provisioned,
                    scaler.counts_from_us,
                    clock_us,
                    scaler.high.state,
                    scaler.low.state,
                )
            )

    def order(self, store: MetricStore, clock_us: Microseconds) -> UpdateTable | None:
        """What should be ordered, by the alarms as they are and the table as it was described last (A17);
        None if the table is as it should be.
        """
        if self.seen is None or self.given is None:
            return None
        rates = {READS: self.given.read, WRITES: self.given.write}
        for metric, scaler in self.scalers.items():
            wanted = scaler.wanted(store, self.env.now, clock_us)
            if wanted != scaler.provisioned:
                rates[metric] = wanted * scaler.tracking.unit
        given = structs.replace(self.given, read=rates[READS], write=rates[WRITES])
        if given == self.given:
            return None
        order = UpdateTable(self.policy.table, given, self.seen)
        self.env.note(Ordered(order, clock_us))
        return order
