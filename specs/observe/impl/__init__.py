"""The implementation seen through a `GroupView`: `requests` by what clients ask for and are told,
`replicas` by what leaves nodes, `disks` by what is durable of them; `place` has what is read of a node.

May import of ours: `impl`.
"""

from dynaproof.specs.observe.impl.replicas import ImplObserver

__all__ = ["ImplObserver"]
