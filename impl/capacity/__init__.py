"""Capacity: what requests cost, what is admitted, what raises the rates.

All of it is arithmetic on whole numbers, in pure functions over the vocabulary of `arithmetic`; the structs
around them hold state and apply the functions in order. Nothing here has a clock, sends a message or writes
a disk.

*What is here.* `units` (costs), `bucket` and `admission` (what a partition's leader takes), `shares` (how a
table's units are divided among partitions, at splits, and at changes of leader), `rates` (what a partition
has of them), `controller` (the multiplier of adaptive capacity, by PID or in proportion), `global_admission`
(a table's bucket from which routers draw), `policies` (these behind one interface), `metrics`, `alarms` and
`scaling` (auto scaling), `on_demand` (twice the previous peak).

*Who calls it.* `rates` says what a table is given and what each partition has of it; the admin tells a
partition its rates, which are a record of its log; if a table adapts, the admin boosts them by the
controllers of `policies` (`impl/admin/ratings.py`). `impl/partition/metered.py` folds the write buckets,
`impl/partition/meter.py` admits writes and reads; both divide what is left at a split.
`impl/partition/costs.py` applies the units to items. A refusal is `Throttled`: the API's reason, and when to
come again. A storage node has buckets of its own, which all its replicas with rates go through.

Routers draw the tokens of a table under global admission (`impl/router/tokens.py`) from the service that has
its bucket (`impl/tokens`). The admin decides what an on-demand table takes, too.

Storage nodes emit what their replicas count to the metrics service (`impl/metrics`), which keeps it in
`metrics`, evaluates `alarms`, and scales tables by `scaling`; an admin splits partitions where `rates` says
that a table needs more of them.
"""
