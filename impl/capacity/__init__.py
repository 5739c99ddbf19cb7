"""Capacity: what requests cost, what is admitted, who raises the rates.

All of it is arithmetic on whole numbers, in pure functions over the vocabulary of `arithmetic`; the structs
around them hold state and apply the functions in order. Nothing here has a clock, sends a message or writes
a disk.

*What is here.* `units` (costs), `bucket` and `admission` (what a partition's leader takes), `shares` (a
table's units over its partitions, splits, changes of leader), `rates` (what a partition has of them),
`controller` (the multiplier of adaptive capacity, by PID or in proportion), `global_admission` (a table's
bucket from which routers draw), `policies` (these behind one interface), `metrics`, `alarms` and `scaling`
(auto scaling), `on_demand` (twice the previous peak).

*Who calls it.* `rates` says what a table is given and what each partition has of it; the admin tells a
partition its rates, and they are a record of its log; where a table adapts, it boosts them by the
controllers of `policies` (`impl/admin/ratings.py`). `impl/partition/metered.py` folds the write buckets,
`impl/partition/meter.py` admits writes and reads; both divide what is left at a split.
`impl/partition/costs.py` applies the units to items. A refusal is `Throttled`: the API's reason, and when to
come again. A storage node has buckets of its own, which all its replicas with rates go through.

Routers draw tokens of a table under global admission (`impl/router/tokens.py`) of the service that has its
bucket (`impl/tokens`). What an on-demand table takes is the admin's to decide, too.

*What is not called yet.* Metrics, alarms and scaling, which are simulated (`./run capacity`); a table is
given something else by `UpdateTable` only.
"""
