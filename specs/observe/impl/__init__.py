"""The implementation seen through a `View`: `requests` by what clients ask for and are told, `replicas` by
what leaves nodes and is on their disks. May import of ours: `impl`, and `dynaproof.specs.view`.
"""

from dynaproof.specs.observe.impl.replicas import ImplObserver

__all__ = ["ImplObserver"]
