"""What the messages and timers of a run say, as a digest. The run's own digest has only their kinds and
times, so by that, two runs that say different things at the same times are equal.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import Any

from msgspec import Struct

from dynaproof.checkers.seam import Event
from dynaproof.checkers.world.listening import Listening

PLAIN = (int, float, str, bytes, Enum, type(None))
"""Types whose values say the same in every process."""


class Contents:
    """Listens to a run, and hashes what is delivered, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def listens(self, place: Any) -> Listening:
        """Everything that is about to happen."""
        return Listening(begins=self.begins)

    def begins(self, event: Event) -> None:
        """An event is about to happen."""
        if event.payload is not None:
            self._hash.update(f"{event.where} {said(event.payload)}\n".encode())

    def digest(self) -> str:
        """SHA-256 of everything heard."""
        return self._hash.hexdigest()


def said(value: Any) -> str:
    """A value in words that are the same in every process: sets in order, an object by its type."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, Struct):
        fields = [f"{name}={said(getattr(value, name))}" for name in value.__struct_fields__]
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(said, value))})"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(said, value)))}}}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{said(key)}: {said(held)}' for key, held in value.items())}}}"
    return type(value).__name__
