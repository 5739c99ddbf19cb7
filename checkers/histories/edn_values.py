"""The values of EDN that Python has no type of its own for: hashable, and equal if they are equal in EDN
(but numbers are equal whatever their kind, as in Clojure's `==`).

`true` and `false` are `specs.booleans.Boolean`s. Vectors and lists are tuples (they are equal in Clojure
too), sets frozensets, `nil` None, strings, integers and floats themselves, ratios `Fraction`s, numbers that
end in `M` `Decimal`s.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from dynaproof.specs.booleans import Boolean


class _Named(str):
    """A kind of letters of its own: not equal to the string, or another kind, with the same letters."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__ and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.__class__.__name__, str(self)))

    def __repr__(self) -> str:
        return edn_text(self)


class Keyword(_Named):
    """A keyword, without its colon."""

    __slots__ = ()


class Symbol(_Named):
    """A symbol; `##NaN` too, which as a float would not be equal to itself."""

    __slots__ = ()


class Character(_Named):
    r"""A character itself, not its name: for `\newline`, the line feed."""

    __slots__ = ()


class Tagged(msgspec.Struct, frozen=True):
    """A tagged element, such as `#inst "2026-01-01"`, with a tag that means nothing here."""

    tag: str
    content: Any

    def __repr__(self) -> str:
        return edn_text(self)


class EdnMap(Mapping[Any, Any]):
    """A map, in the order in which it was written, which makes no difference."""

    __slots__ = ("_entries",)

    def __init__(self, entries: dict[Any, Any]) -> None:
        self._entries = entries

    def __getitem__(self, key: Any) -> Any:
        return self._entries[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __hash__(self) -> int:
        return hash(frozenset(self._entries.items()))

    def __repr__(self) -> str:
        return edn_text(self)


CHARACTER_NAMES = {
    "newline": "\n", "space": " ", "tab": "\t", "return": "\r", "backspace": "\b", "formfeed": "\f"
}  # fmt: skip
_NAMES_OF_CHARACTERS = {character: name for name, character in CHARACTER_NAMES.items()}


def edn_text(value: Any) -> str:
    """A value as Clojure prints it; raises TypeError for one that EDN does not have."""
    if value is None:
        return "nil"
    if isinstance(value, bool | Boolean):
        return "true" if value else "false"
    if isinstance(value, Keyword):
        return f":{value}"
    if isinstance(value, Symbol):
        return str(value)
    if isinstance(value, Character):
        return f"\\{_NAMES_OF_CHARACTERS.get(str(value), str(value))}"
    if isinstance(value, str):
        escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, float) and value in {float("inf"), -float("inf")}:
        return "##Inf" if value > 0 else "##-Inf"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Decimal):
        return f"{value}M"
    if isinstance(value, tuple):
        return f"[{' '.join(map(edn_text, value))}]"
    if isinstance(value, frozenset):
        return "#{" + " ".join(sorted(map(edn_text, value))) + "}"
    if isinstance(value, EdnMap):
        return "{" + ", ".join(f"{edn_text(key)} {edn_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Tagged):
        return f"#{value.tag} {edn_text(value.content)}"
    raise TypeError(f"EDN has no value like {value!r}")
