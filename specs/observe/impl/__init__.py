"""The implementation seen through a `GroupView`: `requests` from what clients ask for and are answered,
`replicas` from what leaves nodes, `disks` from what is durable; `place` has what is read of a node.

May import of ours: `impl`.
"""

from dynaproof.specs.observe.impl.replicas import ImplObserver

__all__ = ["ImplObserver"]
