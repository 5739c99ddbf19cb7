"""What is kept of what comes without end: only the newest, up to a bound."""

from __future__ import annotations

from typing import Any


def keep_newest(kept: dict[Any, Any], most: int) -> None:
    """Forget what was put in first, until no more than `most` are left."""
    while len(kept) > most:
        del kept[next(iter(kept))]
