"""Work spread over processes keeps its order, and asks for no more of it than is soon done."""

import itertools
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from dynaproof.checkers import processes
from dynaproof.checkers.processes import AHEAD, CHUNK, in_order


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    items = [5, -3, 0, 8] * CHUNK
    assert list(in_order(abs, iter(items), jobs)) == [(item, abs(item)) for item in items]


@pytest.mark.parametrize("jobs", [1, 2])
def test_endless_items_are_read_only_a_few_chunks_ahead(jobs: int) -> None:
    asked = 0

    def items() -> Iterator[int]:
        nonlocal asked
        while True:
            asked += 1
            yield asked

    results = in_order(abs, items(), jobs)
    wanted = 2 * CHUNK
    assert list(islice(results, wanted)) == [(item, item) for item in range(1, wanted + 1)]
    assert asked <= wanted + jobs * AHEAD * CHUNK
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_of_the_work_reaches_the_caller(jobs: int) -> None:
    with pytest.raises(TypeError):
        list(in_order(abs, iter([1, "two"]), jobs))  # type: ignore[arg-type, list-item]


def begun_at(folder: Path, item: int) -> int:
    """Keep when the work on an item began, and take a while."""
    (folder / f"{item}").write_text(f"{time.time()}")
    time.sleep(0.02)
    return item


def test_processes_end_after_the_item_that_they_are_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "CHUNK_SECONDS", 60.0)  # So chunks grow to their full size.
    jobs, results = 2, in_order(partial(begun_at, tmp_path), itertools.count(), 2)
    for item, result in islice(results, 5 * CHUNK):
        assert item == result
    closed = time.time()
    results.close()  # type: ignore[attr-defined]
    begun = [float(file.read_text()) for file in tmp_path.iterdir()]
    assert len(begun) >= 5 * CHUNK
    assert sum(at > closed for at in begun) <= jobs
