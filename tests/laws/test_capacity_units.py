"""What operations cost, by the documented formulas, on the examples of the developer guide and at their
edges.
"""

import pytest

from dynaproof.impl.capacity.units import (
    LARGEST_READ,
    LARGEST_WRITE,
    Consistency,
    batch_get_cost,
    batch_write_cost,
    page_cost,
    read_cost,
    write_cost,
)

UNIT = 1_000_000
KB = 1024


@pytest.mark.parametrize(
    ("size", "consistency", "units"),
    [
        (0, "strong", 1),
        (0, "eventual", 0.5),
        (1, "strong", 1),
        (4 * KB, "strong", 1),
        (4 * KB + 1, "strong", 2),
        (8 * KB, "eventual", 1),
        (8 * KB, "strong", 2),
        (8 * KB, "transactional", 4),
        (400 * KB, "strong", 100),
    ],
)
def test_read_costs_a_unit_for_each_begun_4_kb(size: int, consistency: Consistency, units: float) -> None:
    assert read_cost(size, consistency) == units * UNIT


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (0, 0, 1),
        (0, 1, 1),
        (0, KB, 1),
        (0, KB + 1, 2),
        (300 * KB, 310 * KB, 310),
        (310 * KB, 300 * KB, 310),
        (5 * KB, 0, 5),
    ],
)
def test_write_costs_a_unit_for_each_begun_kb_of_the_larger_image(
    before: int, after: int, units: int
) -> None:
    assert write_cost(before, after) == units * UNIT
    assert write_cost(before, after, transactional=True) == 2 * units * UNIT


def test_batch_rounds_each_item_and_a_page_rounds_the_sum() -> None:
    sizes = [1536, 6656]
    assert batch_get_cost(sizes, "strong") == 3 * UNIT
    assert page_cost([100] * 10, "strong") == UNIT
    assert batch_get_cost([100] * 10, "strong") == 10 * UNIT
    assert page_cost([], "eventual") == UNIT // 2
    assert batch_write_cost([(0, 100), (3 * KB, 100), (0, 0)]) == 5 * UNIT


def test_largest_requests() -> None:
    assert LARGEST_WRITE == 400 * UNIT
    assert LARGEST_READ == 256 * UNIT
