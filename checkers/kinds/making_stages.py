"""How far a storage node has come in making its part of a split's children: which of the three syncs of H1 it
waits for.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from dynaproof.checkers.world.place import Place
from dynaproof.impl.storage_node.host import StorageNode

Stage: TypeAlias = Literal["checkpoint", "files", "mark"]
"""What is written but not yet durable: the parent's checkpoint at the barrier; a child's files, with the head
that names it; the mark that the child was made.
"""


def stages(place: Place) -> list[Stage]:
    """What a node has written of the children that it makes, and has not synced, each once."""
    node, found = place.node, dict[Stage, bool]()
    if not isinstance(node, StorageNode):
        return []
    unsynced = place.disk.last_written
    for group, replica in node.replicas.items():
        if group in unsynced and replica.state.split is not None and node.maker.owes_children(group):
            found["checkpoint"] = True
    for group, birth in node.maker.births.items():
        if birth.child is not None and group in node.making and group in unsynced:
            found["mark" if node.journal.floor(group) else "files"] = True
    return list(found)
