"""The one error of `impl/values`: what a value breaks, where, and how DynamoDB says so."""

from __future__ import annotations

from typing import Literal, TypeAlias

ErrorKind: TypeAlias = Literal["ValidationException", "SerializationException"]
"""Which of DynamoDB's two errors it is: a rule is broken, or the JSON does not have the shape of a value."""


class InvalidValue(ValueError):  # noqa: N818 - a name from the protocol's side, like StopIteration
    """A value, an item or a key that DynamoDB would not take.

    Attributes:
        rule: short name of the broken rule, stable, for tests and counters ("number_overflow").
        message: DynamoDB's words where they are known, ours otherwise.
        kind: which error the message belongs to.
        path: where it lies, as names and list indexes from the outside in; () for the value itself.
    """

    def __init__(self, rule: str, message: str, kind: ErrorKind = "ValidationException") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.kind: ErrorKind = kind
        self.path: tuple[str | int, ...] = ()

    def inside(self, step: str | int) -> InvalidValue:
        """The same error, seen from one level further out: `step` is the name or index that led to it."""
        self.path = (step, *self.path)
        return self

    @property
    def where(self) -> str:
        """The path in the notation of document paths, `a.b[3]`; empty for the value itself."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.path else self.message


def out_of_bounds(name: str, value: int, least: int, most: int | None = None) -> InvalidValue | None:
    """What a number in a request breaks if it is below `least` or above `most`; None if it is within."""
    if value < least:
        bound = f"greater than or equal to {least}"
    elif most is not None and value > most:
        bound = f"less than or equal to {most}"
    else:
        return None
    return InvalidValue(
        "out_of_bounds",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must have value {bound}",
    )
