"""The implementation seen through a `GroupView`: `requests` by what clients ask for and are told,
`replicas` by what leaves nodes and is on their disks; `place` has what both read of a node.

May import of ours: `impl`.
"""

from dynaproof.specs.observe.impl.replicas import ImplObserver

__all__ = ["ImplObserver"]
