"""What is asked of a table: for each second, the rate at each partition.

A demand is a function of the second, and gives micro-units a second for each partition. Ours are made of
whole numbers and a seeded generator; a user's is a CSV file with the columns `second`, `partition` and
`units`, each row holding until the next of its partition; or a function, `FILE.py:NAME`, of the second and
the number of partitions, that gives units a second for each.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from dynaproof.checkers.user_code import described
from dynaproof.checkers.user_file import fitting
from dynaproof.impl.capacity.arithmetic import MICRO

Demand = Callable[[int], Sequence[int]]

HOUR = 3_600
DAY = 24 * HOUR
JITTER_PERCENT = 10

MOST_UNITS = 1_000_000_000
"""Units a second that a user's table may ask of one partition; a real one admits a thousand writes."""


class DemandError(Exception):
    """A user's demand cannot be read; the message is a sentence."""


def jittered(rates: Sequence[int], random: Random) -> list[int]:
    """Rates that differ from these by up to a tenth, each by itself."""
    draw = random.random
    spread = 2 * JITTER_PERCENT + 1
    return [rate * (100 - JITTER_PERCENT + int(draw() * spread)) // 100 for rate in rates]


def hot(partitions: int, base: int, peak: int, first: int, until: int, random: Random) -> Demand:
    """An even load, with one partition that is asked for more for a while; in units a second."""
    even = [base * MICRO] * partitions
    heated = [*even]
    heated[partitions // 3] = peak * MICRO
    return lambda second: jittered(heated if first <= second < until else even, random)


def steps(partitions: int, levels: Sequence[tuple[int, int]], random: Random) -> Demand:
    """An even load that changes at given seconds: pairs of a second and a partition's units a second."""

    def demand(second: int) -> Sequence[int]:
        rate = next(units for first, units in reversed(levels) if second >= first)
        return jittered([rate * MICRO] * partitions, random)

    return demand


def uneven(partitions: int, units: int, random: Random) -> Demand:
    """Partitions in the proportion of 1, 1/2, 1/3, ..., in an order that is drawn; in units of the table."""
    # In an order that only `random()` draws, so that it is the same in each version of Python.
    weights = [
        MICRO // rank for _, rank in sorted((random.random(), rank) for rank in range(1, partitions + 1))
    ]
    rates = [units * MICRO * weight // sum(weights) for weight in weights]

    def demand(_: int) -> Sequence[int]:
        return jittered(rates, random)

    return demand


def daily(partitions: int, low: int, high: int, period: int, random: Random) -> Demand:
    """A wave of two parabolas between a low and a high load, units a second of the table; it starts low."""

    def demand(second: int) -> Sequence[int]:
        at = second % period * 4 * MICRO // period  # In quarters of the period.
        # From 0 to 1 and back: a parabola below the middle, and one above it.
        turned = at if at <= 2 * MICRO else 4 * MICRO - at
        height = (
            turned * turned // (2 * MICRO)
            if turned <= MICRO
            else MICRO - (2 * MICRO - turned) * (2 * MICRO - turned) // (2 * MICRO)
        )
        rate = low * MICRO + (high - low) * height
        return jittered([rate // partitions] * partitions, random)

    return demand


# --- A user's own ---


def users_demand(name: str, partitions: int) -> Demand:
    """The demand of a CSV file, or of `FILE.py:NAME`.

    Raises:
        DemandError: it cannot be read.
    """
    if ".py:" in name:
        try:
            return _of_function(
                fitting(name, callable, "a demand is a function of second and partitions"), partitions
            )
        except LookupError as error:
            raise DemandError(str(error.args[0])) from error
    return _of_table(Path(name), partitions)


def _of_function(function: Callable[..., Any], partitions: int) -> Demand:
    def demand(second: int) -> Sequence[int]:
        try:
            rates = [round(units * MICRO) for units in function(second, partitions)]
        except Exception as error:
            raise DemandError(described(error)) from error
        if len(rates) != partitions or min(rates) < 0:
            raise DemandError(
                f"it gave {len(rates)} rates for {partitions} partitions, or one below 0, in second {second}"
            )
        return rates

    return demand


def _text(file: Path) -> str:
    data = file.read_bytes()
    try:
        return data.decode("utf-8-sig")  # Spreadsheets put a mark of the encoding first.
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DemandError(f"{file}, line {line}: the byte {data[error.start]:#04x} is not UTF-8") from error


def _change(row: Mapping[str | None, Any], partitions: int) -> tuple[int, int, int]:
    """The second, the partition and the rate of a row; raises ValueError with what is wrong with it."""
    if None in row or None in row.values():
        raise ValueError("it has not as many columns as the first line")
    try:
        second, partition = int(row["second"]), int(row["partition"])
    except ValueError as error:
        raise ValueError("second and partition are whole numbers") from error
    try:
        units = float(row["units"])
    except ValueError as error:
        raise ValueError(f"units is {row['units']!r}, which is not a number") from error
    if not 0 <= partition < partitions or second < 0 or not 0 <= units <= MOST_UNITS:
        raise ValueError(
            f"partitions are 0 to {partitions - 1}, units 0 to {MOST_UNITS:,}, and seconds from 0 on"
        )
    return second, partition, round(units * MICRO)


def _of_table(file: Path, partitions: int) -> Demand:
    changes: dict[int, list[tuple[int, int]]] = {}
    rows = csv.DictReader(StringIO(_text(file), newline=""))
    try:
        if rows.fieldnames is None or not {"second", "partition", "units"} <= set(rows.fieldnames):
            raise DemandError(f"{file} has no columns second, partition and units")
        for row in rows:
            second, partition, rate = _change(row, partitions)
            changes.setdefault(second, []).append((partition, rate))
    except csv.Error as error:  # The line that cannot be read is not counted yet.
        raise DemandError(f"{file}, line {rows.line_num + 1}: {error}") from error
    except ValueError as error:
        raise DemandError(f"{file}, line {rows.line_num}: {error}") from error
    order = sorted(changes)
    rates = [0] * partitions
    place = 0

    def demand(second: int) -> Sequence[int]:
        nonlocal place
        while place < len(order) and order[place] <= second:
            for partition, rate in changes[order[place]]:
                rates[partition] = rate
            place += 1
        return rates

    return demand
