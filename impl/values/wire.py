"""DynamoDB's JSON: items and values as requests and answers carry them, `{"S": "abc"}`.

Reading takes what a JSON parser made of a request and gives values, or an `InvalidValue` with the service's
words and the path to the culprit. Writing gives what a JSON encoder takes. Numbers travel as texts, binary as
base64.

*Invariant.* Reading what was written gives an equal value, and nothing is read that breaks a rule of values.

Sources: API reference, AttributeValue; developer guide, *Constraints* (depth, names). The messages are the
service's, as recorded by the test suites of dynalite and dynoxide; for a name of the wrong length, and a
string that is not Unicode, the words are our own.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dynaproof.impl.values.attribute import (
    BOOL,
    BS,
    NS,
    NULL,
    SS,
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
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.number import canonical_number, parse_number
from dynaproof.impl.values.size import MAX_DEPTH, too_deep

MAX_NAME_BYTES = 65_535
"""Longest attribute name, in bytes of UTF-8: the guide says less than 64 KB."""

_INVALID = "One or more parameter values were invalid: "
_PACKAGE = "com.amazonaws.dynamodb.v20120810."

T = TypeVar("T")


# ---- writing


def value_to_wire(value: AttributeValue) -> dict[str, Any]:
    """The DynamoDB JSON of a value, `{"S": "abc"}`; binary as base64."""
    match value:
        case NULL():
            return {"NULL": True}
        case B():
            return {"B": b64encode(value.value).decode("ascii")}
        case BS():
            return {"BS": [b64encode(element).decode("ascii") for element in value.value]}
        case SS() | NS():
            return {value.type_name: list(value.value)}
        case L():
            return {"L": [value_to_wire(element) for element in value.value]}
        case M():
            return {"M": item_to_wire(value.value)}
        case _:
            return {value.type_name: value.value}


def item_to_wire(item: Mapping[str, AttributeValue]) -> dict[str, Any]:
    """The DynamoDB JSON of an item or a map: names to values."""
    return {name: value_to_wire(value) for name, value in item.items()}


# ---- reading


def item_from_wire(wire: object) -> Item:
    """The item whose DynamoDB JSON this is, as a JSON parser gives it.

    Raises:
        InvalidValue: with DynamoDB's words, and the path of the first value that breaks a rule.
    """
    return _map_from_wire(wire, 0)


def value_from_wire(wire: object) -> AttributeValue:
    """The value whose DynamoDB JSON this is. Raises as `item_from_wire` does."""
    return _value_from_wire(wire, 1)


def _value_from_wire(wire: object, level: int) -> AttributeValue:
    if level > MAX_DEPTH:
        raise too_deep()
    if not isinstance(wire, dict):
        raise _misshapen(wire, f"class {_PACKAGE}AttributeValue", "Unexpected value type in payload")
    found: AttributeValue | None = None
    several = False
    for type_name, content in wire.items():
        reader = _READERS.get(type_name)
        if reader is None or content is None:
            continue  # Members that the API does not know, and JSON nulls, count as absent.
        value = reader(content, level)
        several = several or found is not None
        found = value
    if found is None:
        raise InvalidValue(
            "no_type", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    if several:
        raise InvalidValue(
            "several_types",
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes",
        )
    return found


def _map_from_wire(wire: object, level: int) -> dict[str, AttributeValue]:
    if not isinstance(wire, dict):
        raise _misshapen(wire, f"java.util.Map<java.lang.String, {_PACKAGE}AttributeValue>")
    values: dict[str, AttributeValue] = {}
    for name, content in wire.items():
        try:
            _check_name(name)
            values[name] = _value_from_wire(content, level + 1)
        except InvalidValue as error:
            raise error.inside(name) from None
    return values


def _check_name(name: str) -> None:
    size = len(name) if name.isascii() else len(_utf8(name))
    if not 1 <= size <= MAX_NAME_BYTES:
        raise InvalidValue(
            "name_length", f"{_INVALID}Attribute names have 1 to {MAX_NAME_BYTES} bytes, this one has {size}"
        )


def _read_string(content: object, _level: int) -> S:
    return S(_string(content))


def _read_number(content: object, _level: int) -> N:
    return N(canonical_number(_string(content)))


def _read_binary(content: object, _level: int) -> B:
    return B(_bytes(content))


def _read_bool(content: object, _level: int) -> BOOL:
    return BOOL(_bool(content))


def _read_null(content: object, _level: int) -> NULL:
    if not _bool(content):
        raise InvalidValue("null_value", f"{_INVALID}Null attribute value types must have the value of true")
    return NULL()


def _read_map(content: object, level: int) -> M:
    return M(_map_from_wire(content, level))


def _read_list(content: object, level: int) -> L:
    return L(_elements(content, lambda element: _value_from_wire(element, level + 1)))


def _read_string_set(content: object, _level: int) -> SS:
    given = _elements(content, _string)
    made = string_set(given)
    if len(made.value) < len(given):
        raise InvalidValue(
            "duplicates", f"{_INVALID}Input collection [{', '.join(given)}] contains duplicates."
        )
    return made


def _read_number_set(content: object, _level: int) -> NS:
    given = _elements(content, lambda element: parse_number(_string(element)))
    made = number_set(given)
    if len(made.value) < len(given):
        raise InvalidValue("duplicates", "Input collection contains duplicates")
    return made


def _read_binary_set(content: object, _level: int) -> BS:
    given = _elements(content, _bytes)
    made = binary_set(given)
    if len(made.value) < len(given):
        texts = ", ".join(b64encode(element).decode("ascii") for element in given)
        raise InvalidValue(
            "duplicates", f"{_INVALID}Input collection [{texts}]of type BS contains duplicates."
        )
    return made


_READERS: dict[object, Callable[[object, int], AttributeValue]] = {
    "S": _read_string,
    "N": _read_number,
    "B": _read_binary,
    "BOOL": _read_bool,
    "NULL": _read_null,
    "M": _read_map,
    "L": _read_list,
    "SS": _read_string_set,
    "NS": _read_number_set,
    "BS": _read_binary_set,
}


# ---- JSON's own types


def _elements(content: object, read: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(content, list):
        raise _misshapen(content, "java.util.List")
    elements = []
    for index, element in enumerate(content):
        try:
            elements.append(read(element))
        except InvalidValue as error:
            raise error.inside(index) from None
    return tuple(elements)


def _string(content: object) -> str:
    if not isinstance(content, str):
        raise _misshapen(
            content, "class java.lang.String", f"{_token(content)} cannot be converted to String"
        )
    if not content.isascii():
        _utf8(content)
    return content


def _bool(content: object) -> bool:
    if not isinstance(content, bool):
        words = "Unexpected token received from parser"
        if not isinstance(content, str):
            words = f"{_token(content)} cannot be converted to Boolean"
        raise _misshapen(content, "class java.lang.Boolean", words)
    return content


def _bytes(content: object) -> bytes:
    if not isinstance(content, str):
        words = "only base-64-encoded strings are convertible to bytes"
        raise _misshapen(content, "class java.nio.ByteBuffer", words)
    if len(content) % 4:
        raise InvalidValue(
            "base64",
            f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(content)}",
            "SerializationException",
        )
    try:
        decoded = b64decode(content, validate=True)
    except ValueError:
        decoded = None
    # Bits beyond the last byte must be zero, so that one byte string has one text.
    if decoded is None or b64encode(decoded).decode("ascii") != content:
        raise InvalidValue(
            "base64", "Invalid last non-pad Base64 character dectected", "SerializationException"
        )
    return decoded


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(
            "unicode",
            "Strings and names are Unicode; this one holds half of a surrogate pair",
            "SerializationException",
        ) from None


def _token(content: object) -> str:
    """What the service's parser calls a JSON scalar."""
    if content is None:
        return "NULL_VALUE"
    if isinstance(content, bool):
        return "TRUE_VALUE" if content else "FALSE_VALUE"
    return "NUMBER_VALUE" if isinstance(content, int) else "DECIMAL_VALUE"


def _misshapen(content: object, java_class: str, words: str = "Unexpected field type") -> InvalidValue:
    """The error for a JSON value of the wrong kind; lists and maps have words of their own."""
    if isinstance(content, list):
        words = f"Unrecognized collection type {java_class}"
    elif isinstance(content, dict):
        words = "Start of structure or map found where not expected"
    return InvalidValue("shape", words, "SerializationException")
