"""The records of storage nodes, changed in any order by operators, and by admins that come and go: a node is
drained as long as an operator wants it to be, and dead until it is found to live, whatever else is written.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.orders import DrainNode, Refusal
from dynaproof.impl.metadata.records import NodeRecord, node_key
from dynaproof.impl.metadata.replacements import MarkNode, RecordNode, drain_node
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import StoredItem

NODE = NodeId("region", "a", "sa")
KEY = node_key(NODE.name)
CHANGES = st.sampled_from(
    (
        RecordNode(NODE),
        MarkNode(NODE.name, True),
        MarkNode(NODE.name, False),
        DrainNode(NODE.name, True),
        DrainNode(NODE.name, False),
    )
)


@given(st.lists(CHANGES, max_size=12))
def test_what_was_written_of_a_node_lasts_until_the_opposite_is_written(
    changes: list[RecordNode | MarkNode | DrainNode],
) -> None:
    """Each admin that becomes active records every node that reports, whatever is known of it already."""
    items: dict[bytes, StoredItem] = {}
    expected: NodeRecord | None = None
    for slot, one in enumerate(changes, 1):
        read = Read(items.items())
        change = drain_node(read, one) if isinstance(one, DrainNode) else one.decide(read, 0)
        assert isinstance(change, Refusal) == (isinstance(one, DrainNode) and expected is None)
        if change is not None and not isinstance(change, Refusal):
            (item,) = [part.item for part in change.parts if part.changes]
            assert item is not None, "no node is forgotten"
            items[KEY] = StoredItem(item, slot, slot)
        if isinstance(one, RecordNode):
            expected = expected or NodeRecord(NODE.name, NODE.zone)
        elif expected is not None and isinstance(one, DrainNode):
            expected = NodeRecord(expected.name, expected.zone, one.draining, expected.dead)
        elif expected is not None:
            expected = NodeRecord(expected.name, expected.zone, expected.draining, one.dead)
        assert Read(items.items()).record(KEY) == expected
