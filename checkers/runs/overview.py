"""An overview: one table of a system's state at one step, for a program and for people.

A scenario brings its own (`Scenario.overview`): what its nodes have, and what else a reader of a run wants to
see side by side.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

Cell: TypeAlias = str | int | bool | None
"""What stands in one place of a table; None if nothing does."""

INDENT = "    "


class OverviewError(ValueError):
    """An overview that cannot be made; the message says whose, and why."""


class Overview(Struct, frozen=True):
    """One table: its name, its columns, and its rows, each with a cell for every column."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise OverviewError(
                    f"a row of the overview {self.name} has {len(row)} cells for {len(self.columns)} columns"
                    f": {row!r}"
                )

    def as_data(self) -> list[dict[str, Cell]]:
        """Each row by its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def lines(self) -> list[str]:
        """The table as text. A column in which nothing stands is left out."""
        if not self.rows:
            return [f"{self.name}: none"]
        shown = [
            (column.replace("_", " "), [row[at] for row in self.rows])
            for at, column in enumerate(self.columns)
            if any(row[at] is not None for row in self.rows)
        ]
        texts = [_aligned(title, cells) for title, cells in shown]
        return [self.name, *(f"{INDENT}{'  '.join(line)}".rstrip() for line in zip(*texts, strict=True))]


def _aligned(title: str, cells: list[Cell]) -> list[str]:
    """A column as text of one width, below its title; numbers stand at the right."""
    texts = [title, *map(_shown, cells)]
    width = max(map(len, texts))
    numbers = all(cell is None or type(cell) is int for cell in cells)
    return [text.rjust(width) if numbers else text.ljust(width) for text in texts]


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)


def overviews(found: Any) -> tuple[Overview, ...]:
    """What a scenario's own function gave, as overviews.

    Raises:
        OverviewError: it gave something else.
    """
    given = tuple(found)
    for one in given:
        if not isinstance(one, Overview):
            raise OverviewError(f"it gives {one!r}, which is no Overview")
    return given
