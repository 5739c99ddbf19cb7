"""Attribute values: what an attribute of an item holds.

Ten immutable structs, one per type of the API and named like it, in one tagged union. As messages and log
records carry them they are small arrays, `["S", "abc"]`; `wire.py` has their shape in DynamoDB's JSON.

*Invariant.* A value has one form: numbers are canonical texts (`number.py`), sets are sorted and hold no
element twice. So `==` is DynamoDB's equality: sets and maps regardless of order, numbers by value, no two
types ever equal. What comes from outside goes through `wire.py`; code that makes numbers and sets uses
`number`, `string_set`, `number_set` and `binary_set`, which keep the invariant. Items and maps are `dict`s
that nobody changes after they are made; their order means nothing, so bytes that will be compared are
encoded with `order="deterministic"`.

Sources: API reference, AttributeValue; developer guide, *Supported data types and naming rules* (empty
strings and empty binary are values, also inside sets; empty sets are not). The messages are the service's, as
recorded by the test suite of dynalite.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cmp_to_key
from typing import ClassVar, Literal, TypeAlias

from msgspec import Struct

from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.number import Number, canonical_number, compare, number_text, parse_number

_INVALID = "One or more parameter values were invalid: "

TypeName: TypeAlias = Literal["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"]


# No value can hold itself, so none needs the cycle collector (gc=False), containers included.
class S(Struct, frozen=True, gc=False, array_like=True, tag="S"):
    """A string; may be empty."""

    type_name: ClassVar[TypeName] = "S"
    value: str


class N(Struct, frozen=True, gc=False, array_like=True, tag="N"):
    """A number, as its canonical text."""

    type_name: ClassVar[TypeName] = "N"
    value: str

    @property
    def number(self) -> Number:
        """The number, to calculate and compare with."""
        return parse_number(self.value)


class B(Struct, frozen=True, gc=False, array_like=True, tag="B"):
    """Bytes; may be empty."""

    type_name: ClassVar[TypeName] = "B"
    value: bytes


class BOOL(Struct, frozen=True, gc=False, array_like=True, tag="BOOL"):
    """True or false."""

    type_name: ClassVar[TypeName] = "BOOL"
    value: bool


class NULL(Struct, frozen=True, gc=False, array_like=True, tag="NULL"):
    """The null value: an attribute that is there and holds nothing."""

    type_name: ClassVar[TypeName] = "NULL"


class M(Struct, frozen=True, gc=False, array_like=True, tag="M"):
    """A map from names to values, in no order."""

    type_name: ClassVar[TypeName] = "M"
    value: dict[str, AttributeValue]


class L(Struct, frozen=True, gc=False, array_like=True, tag="L"):
    """A list of values of any types."""

    type_name: ClassVar[TypeName] = "L"
    value: tuple[AttributeValue, ...]


class SS(Struct, frozen=True, gc=False, array_like=True, tag="SS"):
    """A set of strings, sorted by their UTF-8 bytes; never empty."""

    type_name: ClassVar[TypeName] = "SS"
    value: tuple[str, ...]


class NS(Struct, frozen=True, gc=False, array_like=True, tag="NS"):
    """A set of numbers as canonical texts, sorted by value; never empty."""

    type_name: ClassVar[TypeName] = "NS"
    value: tuple[str, ...]


class BS(Struct, frozen=True, gc=False, array_like=True, tag="BS"):
    """A set of byte strings, sorted as unsigned bytes; never empty."""

    type_name: ClassVar[TypeName] = "BS"
    value: tuple[bytes, ...]


AttributeValue: TypeAlias = S | N | B | BOOL | NULL | M | L | SS | NS | BS

Item: TypeAlias = dict[str, AttributeValue]
"""An item: its attributes by name. Immutable by convention."""


# ---- values made by code


def number(text: str) -> N:
    """The number value that `text` writes. Raises InvalidValue by the rules of `parse_number`."""
    return N(canonical_number(text))


def string_set(elements: Iterable[str]) -> SS:
    """The set of these strings, equal ones once. Raises InvalidValue (empty_set) if there are none."""
    ordered = tuple(sorted(set(elements)))  # Code points sort as their UTF-8 bytes do.
    if not ordered:
        raise InvalidValue("empty_set", f"{_INVALID}An string set  may not be empty")
    return SS(ordered)


def number_set(elements: Iterable[Number]) -> NS:
    """The set of these numbers, equal ones once. Raises InvalidValue (empty_set) if there are none."""
    ordered = sorted(dict.fromkeys(elements), key=cmp_to_key(compare))
    if not ordered:
        raise InvalidValue("empty_set", f"{_INVALID}An number set  may not be empty")
    return NS(tuple(number_text(element) for element in ordered))


def binary_set(elements: Iterable[bytes]) -> BS:
    """The set of these byte strings, equal ones once. Raises InvalidValue (empty_set) if there are none."""
    ordered = tuple(sorted(set(elements)))
    if not ordered:
        raise InvalidValue("empty_set", f"{_INVALID}Binary sets should not be empty")
    return BS(ordered)
