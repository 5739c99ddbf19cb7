"""The booleans of recorded histories: to Python `True` is 1, to whoever recorded them it is not.

`(True, 1) == (1, True)` and `{True} == {1}`, so a queue, a set or a user's own object that held Python's
booleans would take different states for one. `Boolean` equals the Python boolean that it stands for, and
nothing else.
"""

from typing import Any, Final


class Boolean:
    """`true` or `false`, which are no numbers."""

    __slots__ = ("_value",)

    def __init__(self, value: bool) -> None:
        self._value = value

    def __bool__(self) -> bool:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Boolean | bool) and bool(other) == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return repr(self._value)


TRUE: Final = Boolean(True)
FALSE: Final = Boolean(False)


def distinct(value: Any) -> Any:
    """A value with a `Boolean` for each Python boolean in it, at any depth of tuples and frozensets."""
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if value.__class__ is tuple:
        return tuple(map(distinct, value))
    if value.__class__ is frozenset:
        return frozenset(map(distinct, value))
    return value
