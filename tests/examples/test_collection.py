"""What a storage node hosts and nothing names is dropped there, wherever it stands in the node's reports; and
a node that stays silent keeps no other from being commanded.
"""

import pytest

from dynaproof.checkers.world.options import Options
from dynaproof.impl.metadata.orders import DeleteTable
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.router.messages import Described
from tests.examples.small_region import SmallRegion

STEPS = 60_000


@pytest.mark.parametrize(("in_a_chunk", "at_a_time"), [(1, 100), (100, 1), (2, 2)])
def test_what_nothing_names_is_dropped_wherever_it_stands_in_a_report(
    in_a_chunk: int, at_a_time: int
) -> None:
    """Of a report of several chunks the first one only was ever looked up."""
    options = Options(latencies=(300,), sync_us=(100,))  # So the chunks of a report arrive in order.
    admin = {"collected_at_once": at_a_time}
    region = SmallRegion(admin=admin, chunk_reports=in_a_chunk, options=options)
    region.create("kept", partitions=4)
    region.create("gone", partitions=4)
    metadata = region.run.observation.metadata  # type: ignore[attr-defined]
    gone = [one for one in metadata.of(PartitionRecord) if one.table == "gone"]
    out = region.world.at(gone[0].config.voters[0].node)
    hosted = [one.partition for one in gone if out.id in {voter.node for voter in one.config.voters}]
    region.world.crash(out, "away")
    assert isinstance(region.ask(DeleteTable("gone")), Described)
    assert region.go(lambda: "gone" not in region.tables(), STEPS)
    region.world.start(out)
    host = out.node
    assert region.go(lambda: not host.unread)  # type: ignore[union-attr]
    assert {*hosted} <= {*host.replicas}  # type: ignore[union-attr]
    assert min(host.replicas) < min(hosted), "behind others"  # type: ignore[union-attr]
    assert region.go(lambda: not {*hosted} & {*host.replicas}, STEPS)  # type: ignore[union-attr]


def test_a_table_is_deleted_though_the_node_that_is_commanded_first_stays_silent() -> None:
    """Found by create-delete-create: all commands that may be sent at a time went to who was silent."""
    region = SmallRegion(admin={"commands": 1})
    region.create("books", partitions=2)
    metadata = region.run.observation.metadata  # type: ignore[attr-defined]
    first = metadata.of(PartitionRecord)[0].config.voters[0]
    region.world.crash(region.world.at(first.node), "away")
    assert isinstance(region.ask(DeleteTable("books")), Described)
    assert region.go(lambda: not region.tables(), STEPS)
