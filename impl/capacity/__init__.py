"""Capacity: what requests cost, what is admitted, who raises the rates.

All of it is arithmetic on whole numbers, in pure functions over the vocabulary of `arithmetic`; the structs
around them hold state and apply the functions in order. Nothing here has a clock, sends a message or writes
a disk.

*What is here.* `units` (costs), `bucket` and `admission` (what a partition's leader takes), `shares` (a
table's units over its partitions, splits, changes of leader), `controller` (the multiplier of adaptive
capacity, by PID or in proportion), `global_admission` (a table's bucket from which routers draw), `policies`
(these behind one interface), `metrics`, `alarms` and `scaling` (auto scaling), `on_demand`.

*How a storage node is to use it.* This is a design: storage nodes, routers and metadata do not call it yet.

1. A partition's record in the metadata says its share, in micro-units a second, for reads and for writes;
   what it becomes by a change of the table, of the multiplier or of the number of partitions is a record of
   the partition's log (`Rate`), folded by `Bucket.change`.
2. The leader makes an `Admission` for writes when it begins to lead: the two buckets of the applied state,
   which are part of the partition's state as four numbers each, plus `replay` of what is adopted or in
   flight. It calls `admit(cost, timestamp, now)` where it knows the old image (applied plus in flight), with
   the timestamp that the record would have, **before** it takes an id or proposes: a request that is
   throttled leaves nothing behind, and a retry that is answered from what is remembered costs nothing. The
   record carries `cost` (micro-units), a failed condition's too; applying it is `replay(cost, timestamp)` on
   every replica, so all of them have the same level at the same slot. A leader that steps down drops its own
   copy, and with it what was in vain.
3. For reads the leader has an `Admission` by its own clock. Its level travels in heartbeats as one number;
   who takes over begins with `succeeded`. The cost of a page is known once it has been evaluated, and is
   admitted then.
4. At a split the children begin with `divided` of the parent's level at the barrier.
5. A refusal is `Throttled`: the API's reason, and when to come again.
6. The partition remembers ids at the rate of `writes_per_second`, the lesser one of its two buckets, so that
   none is refused for want of ids.
7. Once a period each leader reports what it consumed and refused; who holds the table's `Policy` calls
   `observe`, and the own buckets fill as `Policy.own` says. Under global admission a router asks
   `Policy.take` before it forwards.
"""
