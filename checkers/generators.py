"""Hypothesis strategies for values, items and keys: what the tests of every part draw from.

Every strategy gives only what the service accepts, reaches the edges (the empty string, the NUL character,
the longest and the smallest number), and shrinks towards the smallest: "", 0, no attribute.

Sources: the limits are those of `dynaproof.impl.values`; Hypothesis, *What you can generate and how*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from dynaproof.impl.values.attribute import (
    BOOL,
    NULL,
    AttributeValue,
    B,
    Item,
    L,
    M,
    N,
    S,
    binary_set,
    number_set,
    string_set,
)
from dynaproof.impl.values.key import KeyAttribute, KeySchema, KeyType, KeyValue
from dynaproof.impl.values.key_range import KeyRange, position
from dynaproof.impl.values.number import (
    MAX_DIGITS,
    MAX_MAGNITUDE,
    MIN_MAGNITUDE,
    Number,
    number_text,
    parse_number,
)

T = TypeVar("T")

# Few letters, so that equal and nearly equal texts meet; key bytes escape NUL and 01, the rest has
# two, three and four bytes in UTF-8.
_ALPHABET = "ab\x00\x01\x7f\xffé\u07ff\uffff𐀀😀"

texts: st.SearchStrategy[str] = st.text(st.sampled_from(_ALPHABET), max_size=6) | st.text(max_size=8)
"""Strings, the empty one included."""

byte_strings: st.SearchStrategy[bytes] = st.lists(
    st.sampled_from([0x00, 0x01, 0xFE, 0xFF, 0x61]), max_size=6
).map(bytes) | st.binary(max_size=8)
"""Byte strings, the empty one included."""

names: st.SearchStrategy[str] = st.sampled_from("abc") | st.text(min_size=1, max_size=6)
"""Names of attributes."""


@st.composite
def numbers(draw: st.DrawFn) -> Number:
    """Numbers over the whole range and precision, short ones and near ones more often."""
    digits = draw(st.sampled_from([1, 2, 3, 4, MAX_DIGITS - 1, MAX_DIGITS]))
    coefficient = draw(st.integers(0, 10**digits - 1))
    if coefficient == 0:
        return Number(0, 0)
    magnitude = draw(
        st.integers(-4, 4)
        | st.sampled_from([MIN_MAGNITUDE, MAX_MAGNITUDE])
        | st.integers(MIN_MAGNITUDE, MAX_MAGNITUDE)
    )
    sign = draw(st.sampled_from(["", "-"]))
    return parse_number(f"{sign}{coefficient}e{magnitude - len(str(coefficient)) + 1}")


@st.composite
def number_texts(draw: st.DrawFn) -> str:
    """Ways to write a number: with an exponent or without, signs and needless zeros."""
    number = draw(numbers())
    sign = "-" if number.coefficient < 0 else draw(st.sampled_from(["", "+"]))
    if draw(st.booleans()):
        plain = number_text(number).removeprefix("-")
        tail = draw(st.sampled_from(["", "0", "00"]))
        return sign + draw(st.sampled_from(["", "0", "00"])) + plain + (tail if "." in plain else f".{tail}0")
    shift = draw(st.integers(-5, 5))
    digits = str(abs(number.coefficient)) + "0" * max(shift, 0)
    point = len(digits) + min(shift, 0)
    mantissa = f"{digits[:point]}.{digits[point:]}" if 0 <= point < len(digits) else digits
    exponent = number.exponent - (shift if mantissa != digits or shift > 0 else 0)
    return f"{sign}{mantissa}{draw(st.sampled_from('eE'))}{exponent:{draw(st.sampled_from(['', '+']))}d}"


def _sets_of(
    elements: st.SearchStrategy[T], make: Callable[[list[T]], AttributeValue]
) -> st.SearchStrategy[AttributeValue]:
    return st.lists(elements, min_size=1, max_size=4).map(make)


scalars: st.SearchStrategy[AttributeValue] = st.one_of(
    texts.map(S),
    numbers().map(lambda number: N(number_text(number))),
    byte_strings.map(B),
    st.booleans().map(BOOL),
    st.just(NULL()),
)
"""Values that hold no others and are not sets."""

sets: st.SearchStrategy[AttributeValue] = st.one_of(
    _sets_of(texts, string_set), _sets_of(numbers(), number_set), _sets_of(byte_strings, binary_set)
)
"""Sets of each type."""


def _documents(inner: st.SearchStrategy[AttributeValue]) -> st.SearchStrategy[AttributeValue]:
    return st.lists(inner, max_size=4).map(lambda elements: L(tuple(elements))) | st.dictionaries(
        names, inner, max_size=4
    ).map(M)


values: st.SearchStrategy[AttributeValue] = st.recursive(scalars | sets, _documents, max_leaves=8)
"""Attribute values of all ten types; nested, but far from the limit (`nested`)."""

items: st.SearchStrategy[Item] = st.dictionaries(names, values, max_size=5)
"""Items without regard to a key; may be empty."""


@st.composite
def nested(draw: st.DrawFn, levels: int) -> AttributeValue:
    """A value with `levels` maps and lists around a scalar."""
    value = draw(scalars)
    for _ in range(levels):
        value = L((value,)) if draw(st.booleans()) else M({"a": value})
    return value


# ---- keys

key_types: st.SearchStrategy[KeyType] = st.sampled_from(("S", "N", "B"))


def key_values(key_type: KeyType) -> st.SearchStrategy[KeyValue]:
    """Values of a key attribute of this type: never empty."""
    strings: dict[KeyType, st.SearchStrategy[KeyValue]] = {
        "S": texts.filter(bool).map(S),
        "N": numbers().map(lambda number: N(number_text(number))),
        "B": byte_strings.filter(bool).map(B),
    }
    return strings[key_type]


@st.composite
def key_schemas(draw: st.DrawFn) -> KeySchema:
    """Schemas with and without a sort key, of all types; the attributes are called pk and sk."""
    sort = KeyAttribute("sk", draw(key_types)) if draw(st.booleans()) else None
    return KeySchema(KeyAttribute("pk", draw(key_types)), sort)


def keys(schema: KeySchema) -> st.SearchStrategy[dict[str, KeyValue]]:
    """The key attributes of an item of a table with this schema."""
    attributes = (schema.partition,) if schema.sort is None else (schema.partition, schema.sort)
    return st.fixed_dictionaries({attribute.name: key_values(attribute.type) for attribute in attributes})


@st.composite
def keyed_items(draw: st.DrawFn, schema: KeySchema) -> Item:
    """Items that a table with this schema takes."""
    return {**draw(items), **draw(keys(schema))}


# ---- ranges

# Few positions, so that ranges touch; and all of them.
positions: st.SearchStrategy[bytes] = (
    st.integers(0, 8).map(position)
    | st.integers(2**128 - 4, 2**128 - 1).map(position)
    | st.integers(0, 2**128 - 1).map(position)
)
"""Positions of the hash space."""


@st.composite
def key_ranges(draw: st.DrawFn) -> KeyRange:
    """Ranges of the hash space, of one position up to all of it."""
    ends = draw(st.lists(positions, min_size=1, max_size=2, unique=True).map(sorted))
    return KeyRange(ends[0], ends[1] if len(ends) == 2 else None)
