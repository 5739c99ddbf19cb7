"""Bugs of auto scaling in the system: what is emitted and stored, what alarms make of it, what is ordered,
and when partitions are split for it. Those of the arithmetic are the ones that the proofs refute
(`capacity_scaling`), hunted here where they show in a run.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import capacity_scaling as arithmetic
from dynaproof.checkers.mutation.seeded.throttling import in_the_system
from dynaproof.checkers.patches import Edit, bug

EMITTER = "dynaproof.impl.storage_node.emitter"
INTAKE = "dynaproof.impl.metrics.intake"
TABLES = "dynaproof.impl.metrics.tables"
STORE = "dynaproof.impl.capacity.metrics"
SCALING = "dynaproof.impl.capacity.scaling"
CHANGES = "dynaproof.impl.metadata.changes"
SPLITS = "dynaproof.impl.metadata.splits"
PLANNER = "dynaproof.impl.admin.planner"
RATINGS = "dynaproof.impl.admin.ratings"

DIURNAL, LOST, STUCK = "diurnal", "lost-metrics", "stuck-alarm"

BUGS = (
    in_the_system(arithmetic.SCALES_BEYOND_ITS_BOUNDS, DIURNAL),
    in_the_system(arithmetic.LOW_ALARM_HALVES, DIURNAL),
    in_the_system(arithmetic.ROUNDED_DOWN, DIURNAL),
    in_the_system(arithmetic.COOLDOWN_IGNORED, DIURNAL),
    in_the_system(arithmetic.ONE_PERIOD_IS_ENOUGH, DIURNAL),
    in_the_system(arithmetic.MISSING_DECIDES, LOST),
    bug(
        "emitted_since_the_start",
        "Each emission has what replicas have counted since they started, not since the last one.",
        Edit(EMITTER, "more = usage.since(before.get(at, Usage()))", "more = usage"),
        scenario=DIURNAL,
        breaks=("emissions_say_what_was_counted",),
    ),
    bug(
        "emissions_of_two_lives_alike",
        "A node does not remember what it has emitted of a replica, once another one was made or went.",
        Edit(
            EMITTER,
            "before, self.told = self.told, {}",
            "before, self.told = (self.told if len(self.told) == len(replicas) else {}), {}",
        ),
        scenario=DIURNAL,
        breaks=("emissions_say_what_was_counted",),
    ),
    bug(
        "copies_counted",
        "An emission that comes again is counted again.",
        Edit(INTAKE, "if m.number in source.taken:", "if m.number in source.taken and False:"),
        scenario=LOST,
        breaks=("metrics_conserve_what_was_emitted",),
    ),
    bug(
        "only_the_newest_taken",
        "Of a node's emissions those that come late are answered, and not counted.",
        Edit(INTAKE, "if m.number in source.taken:", "if m.number <= source.newest:"),
        scenario=LOST,
        breaks=("metrics_conserve_what_was_emitted",),
    ),
    bug(
        "counted_a_period_late",
        "What is emitted counts in the period after its own.",
        Edit(
            INTAKE,
            "self.store.put(of_table(name, one.table), value, m.at_us)",
            "self.store.put(of_table(name, one.table), value, m.at_us + self.store.period_us)",
        ),
        scenario=DIURNAL,
        breaks=("alarms_follow_their_metrics",),
    ),
    bug(
        "missing_is_nothing",
        "A period without data counts as one in which nothing was consumed.",
        Edit(
            STORE,
            "None if statistics is None else statistics.read(statistic)",
            "0 if statistics is None else statistics.read(statistic)",
        ),
        scenario=LOST,
        breaks=("alarms_follow_their_metrics",),
    ),
    bug(
        "running_period_counts",
        "Alarms look at the period that is not over.",
        Edit(STORE, "div(now_us, self.period_us) - 1", "div(now_us, self.period_us)"),
        scenario=DIURNAL,
        breaks=("alarms_follow_their_metrics",),
    ),
    bug(
        "periods_before_a_change_count",
        "After a change, alarms look at periods before it.",
        Edit(
            TABLES,
            "self.scalers[metric].change(provisioned, now, clock_us)",
            "self.scalers[metric].change(provisioned, now, 0)",
        ),
        scenario=DIURNAL,
        breaks=("alarms_follow_their_metrics",),
    ),
    bug(
        "low_alarm_ignores_the_target",
        "The low alarm goes off below the target, not 20 points below it.",
        Edit(
            SCALING,
            "return maximum(target_percent - LOW_POINTS, div(target_percent, 2))",
            "return target_percent",
        ),
        scenario=DIURNAL,
        breaks=("alarms_follow_their_metrics",),
    ),
    bug(
        "scales_by_the_order",
        "A table is taken to have what was ordered, whatever became of that.",
        Edit(
            TABLES,
            "rates[metric] = wanted * scaler.tracking.unit",
            """
            rates[metric] = wanted * scaler.tracking.unit
            scaler.change(wanted, self.env.now, clock_us)
            """,
        ),
        scenario=STUCK,
        breaks=("alarms_follow_their_metrics",),
    ),
    bug(
        "changes_restart_no_cooldown",
        "A change that is learned of does not restart the cooldowns.",
        Edit(
            TABLES,
            "self.scalers[metric].change(provisioned, now, clock_us)",
            "self.scalers[metric].change(provisioned, self.scalers[metric].changed_us, clock_us)",
        ),
        scenario=DIURNAL,
        breaks=("cooldowns_hold",),
    ),
    bug(
        "orders_whatever_it_has_become",
        "An order does not say what its table was like.",
        Edit(
            TABLES,
            "UpdateTable(self.policy.table, given, self.seen)",
            "UpdateTable(self.policy.table, given)",
        ),
        scenario=STUCK,
        breaks=("orders_change_what_they_have_seen",),
    ),
    bug(
        "late_orders_change_tables",
        "An order has its effect though its table has changed since it was described.",
        Edit(
            CHANGES,
            "order.as_of is not None and order.as_of != AsOf(table.generation, table.version)",
            "order.as_of is not None and order.as_of.generation != table.generation",
        ),
        scenario=STUCK,
        breaks=("direction_turns_with_the_load",),
    ),
    bug(
        "lowered_halfway",
        "An order that lowers what a table is given is obeyed by half.",
        Edit(
            CHANGES,
            "after = structs.replace(table, version=table.version + 1, given=order.given)",
            """
            given = order.given
            if given.write < table.given.write:
                given = structs.replace(given, write=(given.write + table.given.write) // 2)
            after = structs.replace(table, version=table.version + 1, given=given)
            """,
        ),
        scenario=DIURNAL,
        breaks=("direction_turns_with_the_load",),
    ),
    bug(
        "never_split_for_capacity",
        "A share may pass a partition's cap for good.",
        Edit(PLANNER, "coming < self.ratings.lacking.get(partition.table, 0)", "coming < 0"),
        scenario=DIURNAL,
        breaks=("shares_come_to_fit_their_caps",),
    ),
    bug(
        "split_beyond_need",
        "A table is split into one partition more than it needs.",
        Edit(
            SPLITS,
            "partitions_needed(table.given) > len(table.partitions)",
            "partitions_needed(table.given) >= len(table.partitions)",
        ),
        Edit(
            RATINGS,
            "partitions_needed(table.given) - len(table.partitions)",
            "partitions_needed(table.given) - len(table.partitions) + 1",
        ),
        scenario=DIURNAL,
        breaks=("partitions_are_split_where_needed",),
    ),
    bug(
        "need_not_looked_at_again",
        "A partition is split because its table lacked one at some time, whatever it is given since.",
        Edit(
            SPLITS,
            'if self.reason == "capacity" and not lacks_partitions(table):',
            'if self.reason == "capacity" and table.status == "deleting":',
        ),
        scenario=DIURNAL,
        breaks=("partitions_are_split_where_needed",),
    ),
)
