"""Global admission control between nodes: the service that has tables' buckets, and what routers say to it.

The arithmetic, and what it bounds, is in `impl/capacity/global_admission.py`; how a router waits for its
tokens, and what it does without them, is in `impl/router/tokens.py`.
"""
