"""Tables that are scaled by a metrics service: users' demand goes up and down like a day's load, metrics are
lost, and alarms stay as they are while the scaler cannot act.

Time is scaled: a period of the metrics is shorter than a heartbeat if events take time, and a few heartbeats
if time leaps, so that a short run has a few dozen of them. The lower bound throttles.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.region_faults import ADMIN_CRASH
from dynaproof.checkers.kinds.region_kinds import USERS
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.kinds.scaled import (
    EMISSIONS_CUT,
    METRICS_CRASH,
    NODES_OF_A_SCALED_REGION,
    ORDER_HELD,
    SCALER_CRASH,
    SCALER_CUT,
    ScaledObservation,
)
from dynaproof.checkers.runs.config import Chance, Fault, in_order
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, GRAY_LINK, MESSAGE_LOSS, WALL_STEP
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES
from dynaproof.checkers.scenarios.region_end import judge_end
from dynaproof.checkers.scenarios.region_run import file, most_steps, observed, time_to_repair
from dynaproof.checkers.scenarios.split import LONG_DEAD, NEVER_BYTES, PATIENT_US
from dynaproof.checkers.scenarios.throttled import (
    THROTTLED_TABLE,
    ThrottledConfig,
    UnevenUser,
    draw_throttled,
    few_faults,
)
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.workloads.user import User
from dynaproof.impl.capacity.scaling import Tracking
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.metrics.settings import MetricsSettings, ScalingPolicy
from dynaproof.impl.node import Env, Microseconds, NodeProtocol
from dynaproof.specs.observe.impl.scaling import crowded
from dynaproof.specs.promises import scaling
from dynaproof.specs.sometimes_of_capacity import READ_THROTTLED, WRITE_THROTTLED
from dynaproof.specs.sometimes_of_scaling import (
    CAPACITY_SPLIT,
    COPY_CAME_LATE,
    DATA_MISSING,
    SCALED_IN,
    SCALED_OUT,
    SCALER_DIED,
)
from dynaproof.specs.views.scaling_facts import Crowded

HOURS = (8, 1, 1, 32)
"""How many times longer users think, by the hour of the day."""

LEAST_UNITS = 4
"""The lower bound, in a policy's units: what the table is given at first."""


class ScaledConfig(ThrottledConfig, frozen=True, kw_only=True):
    """What a run with a scaled table depends on."""

    metrics: MetricsSettings
    hour_us: Microseconds
    """A day has four of them."""


class DiurnalUser(UnevenUser):
    """A user that asks more by day."""

    config: ScaledConfig

    def think(self, pause_us: Microseconds) -> None:
        """Pause for longer at night."""
        super().think(pause_us * HOURS[self.env.now // self.config.hour_us % len(HOURS)])


def make_user(env: Env, config: ScaledConfig) -> NodeProtocol:
    """A user."""
    return DiurnalUser(env, config)


# --- Configurations ---


def draw_scaled(name: str, seed: int, strategy: str, *, length: int = 7_500) -> ScaledConfig:
    """The configuration of one seed: the table is given its lower bound, which is too little by day."""
    config = draw_throttled(name, seed, strategy, few_faults, length=length)
    pick = Chance(f"{name}/{strategy}/{seed}/scaled")
    heartbeat, lease = config.settings.heartbeat_us, config.settings.lease_us
    timed = strategy_named(strategy).timed
    period = heartbeat // 4 if timed else heartbeat * 4
    units = [rate // LEAST_UNITS for rate in (config.given.read, config.given.write)]
    # A share passes its cap with the lower bound, with the upper one, or never.
    caps = ("least", "most", "never", "never")[pick(4)]
    most = LEAST_UNITS * (2 if caps == "least" else (2, 8, 8)[pick(3)])
    target = (30, 70, 90)[pick(3)]

    def tracking(unit: int) -> Tracking:
        return Tracking(
            target,
            LEAST_UNITS,
            most,
            out_cooldown_us=period * (1, 3)[pick(2)],
            in_cooldown_us=period * (1, 4)[pick(2)],
            unit=unit,
            period_us=period,
            high_periods=1 + pick(2),
            low_periods=2 + pick(2),
            missing=("ignore", "ignore", "missing", "breaching", "not_breaching")[pick(5)],
        )

    read, write = (unit * LEAST_UNITS for unit in units)
    partitions = 1 + pick(2)
    cap = {"least": write * 2 // 3, "most": write * 3, "never": None}[caps]
    given = structs.replace(config.given, read=read, write=write, read_cap=None, write_cap=cap, adapts="none")
    user = structs.replace(config.user, partitions=partitions, keys=(4, 9)[pick(2)])
    metrics = MetricsSettings(
        period_us=period,
        settle_us=period // 4,
        connect_us=max(1, config.router.timeout_us // 8),
        answer_us=(config.router.timeout_us, heartbeat)[pick(2)],
        policies=(
            ScalingPolicy(
                User.table(0),
                tracking(units[0]) if pick(4) else None,
                tracking(units[1]),
            ),
        ),
    )
    admin = structs.replace(
        config.admin,
        survey_us=max(1, period // (1, 2)[pick(2)]),
        splits_at_once=(1, 4)[pick(2)],
        split_patience_us=lease * 3 if config.end == "gray" else PATIENT_US,
        dead_us=(lease * 4 + config.report_us * 2) * (1 if config.end == "majority" else LONG_DEAD),
        patience_us=lease * 8,
        make_us=lease * (2, 6)[pick(2)],
        split_bytes=NEVER_BYTES,
        hot_requests=NEVER_BYTES,
    )
    fields = {field: getattr(config, field) for field in ThrottledConfig.__struct_fields__}
    fields |= {"given": given, "user": user, "metrics": metrics, "admin": admin, "repairs": True}
    return ScaledConfig(**fields, hour_us=period * (4, 8)[pick(2)])


def long_faults(config: ScaledConfig, kinds: tuple[FaultKind, ...], count: int) -> ScaledConfig:
    """The configuration with faults of these kinds that last for most of the run."""
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/long")
    length = config.length
    faults = [
        Fault(
            kinds[pick(len(kinds))].name,
            1 + pick(length // 2),
            pick(64),
            length // 8 + pick(length // 2),
            pick(1 << 20),
        )
        for _ in range(count)
    ]
    return structs.replace(config, faults=in_order(config.faults, faults))


def short_faults(config: ScaledConfig, kinds: tuple[FaultKind, ...], count: int) -> ScaledConfig:
    """The configuration with faults of these kinds that are soon over."""
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/short")
    faults = [
        Fault(
            kinds[pick(len(kinds))].name,
            1 + pick(config.length * 3 // 4),
            pick(64),
            10 + pick(100),
            pick(1 << 20),
        )
        for _ in range(count)
    ]
    return structs.replace(config, faults=in_order(config.faults, faults))


def draw_diurnal(seed: int, strategy: str) -> ScaledConfig:
    """Days and nights, and a few short faults."""
    config = draw_scaled(DIURNAL_NAME, seed, strategy, length=10_000)
    return short_faults(config, (METRICS_CRASH, SCALER_CRASH, CRASH, WALL_STEP, SCALER_CUT), seed % 4)


def draw_lost(seed: int, strategy: str) -> ScaledConfig:
    """Emissions are lost, or the metrics service is down for long."""
    config = draw_scaled(LOST_NAME, seed, strategy)
    config = long_faults(config, (EMISSIONS_CUT, METRICS_CRASH, MESSAGE_LOSS), 1 + seed % 3)
    if seed % 2:
        # Copies come late, over the restarts of nodes.
        config = structs.replace(
            config,
            duplication=8_000,
            options=structs.replace(config.options, late_us=config.settings.heartbeat_us),
        )
    return short_faults(config, (CRASH,), seed % 4)


def draw_stuck(seed: int, strategy: str) -> ScaledConfig:
    """The scaler is cut off from the routers, and crashes with orders under way, while its alarms are on."""
    config = draw_scaled(STUCK_NAME, seed, strategy)
    if seed % 2:
        # The scaler gives up soon, and asks another router.
        metrics = structs.replace(config.metrics, answer_us=config.settings.heartbeat_us // 2)
        config = long_faults(structs.replace(config, metrics=metrics), (ORDER_HELD,), 3)
    else:
        config = long_faults(config, (SCALER_CUT, SCALER_CUT, METRICS_CRASH), 1 + seed % 3)
    return short_faults(config, (SCALER_CRASH, SCALER_CRASH, ADMIN_CRASH), seed % 4)


# --- The end ---


def judge_scaled_end(run: Run) -> None:
    """As in any region; and if partitions can be split, no share passes a partition's cap any more: a
    partition whose leader does not hear one of its voters cannot be split.
    """
    if run.config.end != "gray":
        gets_partitions(run)
        run.check()
    if run.failure is None:
        judge_end(run)


def gets_partitions(run: Run) -> None:
    """Tables have as many partitions as they need."""
    bound = SETTLING_LEASES * run.config.settings.lease_us + time_to_repair(run)

    def lacking() -> list[tuple[str, int, int]]:
        return crowded(observed(run).metadata.of(ProvisionedTable))

    run.advance_until(lambda: not lacking(), bound, most_steps(run))
    for table, partitions, needed in lacking() if run.failure is None else ():
        file(run, Crowded(table, partitions, needed, bound))


DIURNAL_NAME, LOST_NAME, STUCK_NAME = "diurnal", "lost-metrics", "stuck-alarm"

SEEN = (WRITE_THROTTLED, READ_THROTTLED, SCALED_OUT)

DIURNAL: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=DIURNAL_NAME,
    sentence="a table that is scaled follows a day's load between its bounds",
    draw=draw_diurnal,
    kinds=(*NODES_OF_A_SCALED_REGION, structs.replace(USERS, make=make_user)),
    specs=(*THROTTLED_TABLE.specs, *scaling.SPECS),
    provides=(*THROTTLED_TABLE.provides, Crowded),
    config=ScaledConfig,
    faults=(CRASH, HANDOVER, GRAY_LINK, WALL_STEP, METRICS_CRASH, SCALER_CRASH, SCALER_CUT, CLIENT_CRASH),
    observe=ScaledObservation,
    end=judge_scaled_end,
    sometimes=tuple(
        one.name for one in (*SEEN, SCALED_IN, COPY_CAME_LATE, SCALER_DIED, CAPACITY_SPLIT, DATA_MISSING)
    ),
)

LOST_METRICS: Scenario = structs.replace(
    DIURNAL,
    name=LOST_NAME,
    sentence="emissions are lost, or the metrics service is down for long, while a table is scaled",
    draw=draw_lost,
    faults=(CRASH, HANDOVER, GRAY_LINK, EMISSIONS_CUT, METRICS_CRASH, MESSAGE_LOSS, CLIENT_CRASH),
    sometimes=tuple(one.name for one in (*SEEN, DATA_MISSING, COPY_CAME_LATE)),
)

STUCK_ALARM: Scenario = structs.replace(
    DIURNAL,
    name=STUCK_NAME,
    sentence="alarms stay on while the scaler is cut off from routers, and its orders and answers come late",
    draw=draw_stuck,
    faults=(
        CRASH,
        HANDOVER,
        GRAY_LINK,
        SCALER_CUT,
        ORDER_HELD,
        SCALER_CRASH,
        METRICS_CRASH,
        ADMIN_CRASH,
        CLIENT_CRASH,
    ),
    sometimes=tuple(one.name for one in (*SEEN, SCALER_DIED)),
)

OF_SCALING = (DIURNAL, LOST_METRICS, STUCK_ALARM)
