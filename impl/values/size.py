"""Sizes of items and values, in bytes, by the documented rules; and the limits of an item.

An item is the sum of its attributes, an attribute its name plus its value: strings and names in bytes of
UTF-8, binary in raw bytes, numbers by `number_size_bytes`, null and bool 1, a set the sum of its elements, a
list or a map 3 plus 1 per element (and in a map each element's name). These sizes are what the 400 KB limit,
the page limits and the capacity units count; the 100 bytes of overhead per item that are billed are not.

Source: developer guide, *Item sizes and formats*; *Constraints* for the limits.
"""

from __future__ import annotations

from collections.abc import Mapping

from dynaproof.impl.values.attribute import BOOL, BS, NS, NULL, SS, AttributeValue, B, L, M, N, S
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.number import number_size_bytes, parse_number

MAX_ITEM_BYTES = 400 * 1024
"""Largest item, names included."""

MAX_DEPTH = 32
"""Levels of an item: the value of an attribute is at level 1, what its map or list holds at level 2."""

_CONTAINER_BYTES = 3
_ELEMENT_BYTES = 1


def item_size_bytes(item: Mapping[str, AttributeValue]) -> int:
    """Size of an item: of all its names and values."""
    return sum(_text_size(name) + value_size_bytes(value) for name, value in item.items())


def value_size_bytes(value: AttributeValue) -> int:
    """Size of a value, without the name of the attribute that holds it."""
    match value:
        case S():
            return _text_size(value.value)
        case N():
            return number_size_bytes(parse_number(value.value))
        case B():
            return len(value.value)
        case BOOL() | NULL():
            return 1
        case M():
            return _CONTAINER_BYTES + _ELEMENT_BYTES * len(value.value) + item_size_bytes(value.value)
        case L():
            elements = sum(value_size_bytes(element) for element in value.value)
            return _CONTAINER_BYTES + _ELEMENT_BYTES * len(value.value) + elements
        case SS():
            return sum(_text_size(element) for element in value.value)
        case NS():
            return sum(number_size_bytes(parse_number(element)) for element in value.value)
        case BS():
            return sum(len(element) for element in value.value)


def check_item_size(item: Mapping[str, AttributeValue]) -> int:
    """The size of an item, if it is not too large.

    Raises:
        InvalidValue: item_size, beyond MAX_ITEM_BYTES.
    """
    size = item_size_bytes(item)
    if size > MAX_ITEM_BYTES:
        raise InvalidValue("item_size", "Item size has exceeded the maximum allowed size")
    return size


def check_item_depth(item: Mapping[str, AttributeValue]) -> None:
    """Check level by level, so that no depth is too much for the check itself.

    Raises:
        InvalidValue: depth, where an item has more than MAX_DEPTH levels.
    """
    level = list(item.values())
    for _ in range(MAX_DEPTH):
        inner: list[AttributeValue] = []
        for value in level:
            if isinstance(value, M):
                inner += value.value.values()
            elif isinstance(value, L):
                inner += value.value
        level = inner
    if level:
        raise too_deep()


def too_deep() -> InvalidValue:
    """The error of an item with more than MAX_DEPTH levels."""
    return InvalidValue(
        "depth",
        "Nesting Levels have exceeded supported limits: "
        "Attributes in the item have nested levels beyond supported limit",
    )


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
