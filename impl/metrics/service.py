"""The metrics service as a node: it keeps the metrics of a region, and scales tables by them.

Once in a period the alarms of each table are evaluated, and then one table after the other is described; if
its alarms say so, a change of it is ordered, as any user orders one (`tables`).

*Soft state.* Nothing is on a disk. A restart loses the metrics of all periods, the states of alarms, and when
tables were changed last. What was emitted before it and not answered is sent again; what was answered is
missing. So for as many periods as it looks at, an alarm has INSUFFICIENT_DATA, or what its policy makes of
missing periods, and nothing is scaled before a cooldown has passed: the loss delays scaling, and scales
nothing. Durable metrics would buy back those periods for a write to a disk with every emission.

*Invariant.* What is under way is bounded: one question, and one table after the other.
"""

from __future__ import annotations

from dynaproof.impl.capacity.metrics import MetricStore
from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.metrics.asking import AnswerTimer, Asking
from dynaproof.impl.metrics.intake import Intake
from dynaproof.impl.metrics.settings import MetricsSettings
from dynaproof.impl.metrics.tables import ScaledTable
from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.router.messages import Described, DescribeTable, Result
from dynaproof.impl.storage_node.messages import Emission, EmissionStored


class EvaluateTimer(Timer, frozen=True, gc=False, tag="evaluate"):
    """A period is over."""


class MetricsService:
    """The metrics service of a region; see the module."""

    def __init__(self, env: Env, routers: tuple[NodeId, ...], settings: MetricsSettings) -> None:
        self.env = env
        self.settings = settings
        self.store = MetricStore(settings.period_us)
        self.intake = Intake(self.store, settings.sources)
        self.asking = Asking(env, routers, settings.connect_us, settings.answer_us, self)
        self.tables = {policy.table: ScaledTable(env, policy) for policy in settings.policies}
        self.waiting: list[str] = []
        """Tables that have not been described yet in this period."""

    @property
    def clock_us(self) -> Microseconds:
        """Up to when all emissions should be there, by the wall clock."""
        return max(0, self.env.wall - self.settings.settle_us)

    # --- What the driver calls ---

    def on_start(self) -> None:
        """Nothing is known before it is emitted, and described."""
        self.env.set_timer(1, EvaluateTimer())

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an emission, or an answer."""
        kind = type(message)
        if isinstance(message, Emission):
            self.on_emission(sender, message)
        elif kind in Asking.HANDLERS:
            Asking.HANDLERS[kind](self.asking, sender, message)

    def on_timer(self, timer: Timer) -> None:
        """A period is over, or a router has not answered."""
        if isinstance(timer, AnswerTimer):
            self.asking.on_timer(timer)
        else:
            self.on_evaluate_timer()

    # --- Metrics ---

    def on_emission(self, sender: NodeId, m: Emission) -> None:
        """Store an emission once, and answer each copy."""
        shed = self.intake.take(sender, m, self.env.wall)
        if shed is not None:
            self.env.send(sender, EmissionStored(m.boot, m.number, shed))

    # --- Scaling ---

    def on_evaluate_timer(self) -> None:
        """Evaluate all alarms; then look at one table after the other."""
        self.env.set_timer(self.settings.period_us, EvaluateTimer())
        for table in self.tables.values():
            table.evaluate(self.store, self.clock_us)
        self.waiting = list(self.tables)
        self.next()

    def next(self) -> None:
        """Have the next table described."""
        if self.waiting and self.asking.action is None:
            self.asking.ask(DescribeTable(self.waiting.pop(0)))

    def answered(self, action: DescribeTable | UpdateTable, result: Result | None) -> None:
        """The answer says how a table is, because it was described, or because an order has changed it:
        decide only after a description, which was asked for that. What became of an order that was not
        answered, the next description says.
        """
        table = self.tables[action.name]
        if isinstance(result, Described) and isinstance(result.table, ProvisionedTable):
            table.learn(result.table, self.clock_us)
            table.evaluate(self.store, self.clock_us)
            if isinstance(action, DescribeTable):
                order = table.order(self.store, self.clock_us)
                if order is not None:
                    self.asking.ask(order)
                    return
        self.next()
