"""The implementation seen through views. A group: `requests` from what clients ask for and are answered,
`replicas` from what leaves nodes, `disks` from what is durable, and one module more for each further subject
(`holds`, `load`, `times`, `capacity`, ...). A region: `metadata` from the records that are chosen, `orders`,
`users` and `told_tables` from what users ask for and are told. `place` has what is read of a node.

May import of ours: `impl`.
"""

from dynaproof.specs.observe.impl.replicas import ImplObserver

__all__ = ["ImplObserver"]
