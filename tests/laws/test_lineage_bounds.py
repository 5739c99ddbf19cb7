"""A table has had so many partitions at most that the write that deletes it touches the records of all."""

from __future__ import annotations

import pytest
from msgspec import structs

from dynaproof.impl.metadata.records import table_key
from dynaproof.impl.metadata.splits import LINEAGE, PlanSplit
from tests.laws.test_split_changes import FIRST_PARTITION, MIDDLE, MOST, Region


@pytest.mark.parametrize(("parents", "is_split"), [(LINEAGE - 2, True), (LINEAGE - 1, False)])
def test_no_partition_is_split_of_a_table_that_has_had_as_many_as_it_may(
    parents: int, is_split: bool
) -> None:
    """Those that were split count too: their records stay until the table is deleted."""
    region = Region()
    table = structs.replace(region.table, parents=tuple(range(100, 100 + parents)))
    region.put(table_key("books"), table)
    plan = PlanSplit(FIRST_PARTITION, "books", MIDDLE, "size")
    assert (plan.decide(region.read(plan.keys()), MOST) is not None) == is_split
