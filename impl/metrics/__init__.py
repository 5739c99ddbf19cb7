"""The metrics service, a node of its own: it keeps what storage nodes emit (`intake`, `capacity/metrics.py`),
evaluates alarms on it, and scales tables by these (`tables`), in the way that any user changes a table:
through a router (`asking`). `service` puts these parts together.
"""
