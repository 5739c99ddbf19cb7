"""The metrics service, a node of its own: it keeps what storage nodes emit (`intake`, `capacity/metrics.py`),
evaluates alarms on it, and scales tables by them (`tables`), as any user changes a table: through a router
(`asking`). `service` puts these together.
"""
