"""Storage keys: the primary key of an item as bytes that sort as DynamoDB's keys do.

    storage key = hash of the partition key (16 bytes) | partition key | sort key, if the table has one

The hash comes first, so that a partition owns a range of hashes (`key_range.py`) and a table spreads over its
partitions; the items of one partition key then lie together, sorted by sort key: strings by their UTF-8
bytes, numbers by value, binary as unsigned bytes. The hash is BLAKE2b of the encoded partition key, under a
fixed personalisation, so it is the same for ever and everywhere.

A component is encoded so that its bytes sort as the values do, and show by themselves where they end:

- S and B: the bytes, each 00 as 00 FF, then 00 01. No encoding is a prefix of another, and since 01 < FF a
  string sorts before its extensions.
- N: a class byte (01 negative, 02 zero, 03 positive), the power of ten of the leading digit plus 130 in one
  byte, the digits two to a byte, each pair plus 1, and 00. For negative numbers all but the class byte is
  inverted. Zero is its class byte alone.

*Invariant.* For a fixed schema: different keys have different bytes, no key is a prefix of another, and
`decode_key(encode_key(item))` gives the key attributes back.

Sources: developer guide, *Core components* (hash, order), *Constraints* (2,048 and 1,024 bytes; not empty).
The messages are the service's, as recorded by the test suites of moto, dynalite and paritysuite.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal, TypeAlias

from msgspec import Struct

from dynaproof.impl.values.attribute import AttributeValue, B, N, S
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.key_range import HASH_BYTES
from dynaproof.impl.values.number import MAX_DIGITS, MIN_MAGNITUDE, ZERO, Number, number_text

MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024

KeyType: TypeAlias = Literal["S", "N", "B"]
KeyValue: TypeAlias = S | N | B

_PERSON = b"dynaproof.key.1"

_TERMINATOR = b"\x00\x01"
_ESCAPED_ZERO = b"\x00\xff"

_NEGATIVE, _ZERO, _POSITIVE = 1, 2, 3
_LONGEST_NUMBER = 1 + MAX_DIGITS // 2 + 1  # Magnitude, pairs of digits and terminator.
_INVERT = bytes(255 - byte for byte in range(256))


class KeyAttribute(Struct, frozen=True, gc=False, array_like=True):
    """An attribute that is part of the primary key, and the one type that it has."""

    name: str
    type: KeyType


class KeySchema(Struct, frozen=True, gc=False, array_like=True):
    """The primary key of a table or an index: a partition key, and a sort key or none."""

    partition: KeyAttribute
    sort: KeyAttribute | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key attributes, partition key first."""
        return (self.partition.name,) if self.sort is None else (self.partition.name, self.sort.name)


# ---- encoding


def encode_key(schema: KeySchema, item: Mapping[str, AttributeValue]) -> bytes:
    """The storage key of an item.

    Raises:
        InvalidValue: by the rules key_missing, key_type, key_empty, partition_key_size, sort_key_size.
    """
    encoded = _encode(schema.partition, item, MAX_PARTITION_KEY_BYTES)
    if schema.sort is None:
        return key_hash(encoded) + encoded
    return key_hash(encoded) + encoded + _encode(schema.sort, item, MAX_SORT_KEY_BYTES)


def encode_exact_key(schema: KeySchema, key: Mapping[str, AttributeValue]) -> bytes:
    """The storage key of a request's `Key`, which holds the key attributes and nothing else.

    Raises:
        InvalidValue: key_schema when names or types differ from the schema's, else as `encode_key` does.
    """
    try:
        if len(key) == len(schema.names):
            return encode_key(schema, key)
    except InvalidValue as error:
        if error.rule not in {"key_missing", "key_type"}:
            raise
    raise InvalidValue("key_schema", "The provided key element does not match the schema")


def partition_prefix(schema: KeySchema, value: AttributeValue) -> bytes:
    """The prefix that the storage keys of all items of one partition key have, and no others.

    Raises:
        InvalidValue: by the rules key_type, key_empty, partition_key_size.
    """
    encoded = _encode(schema.partition, {schema.partition.name: value}, MAX_PARTITION_KEY_BYTES)
    return key_hash(encoded) + encoded


def key_hash(encoded: bytes) -> bytes:
    """The position in the hash space of an encoded partition key."""
    return blake2b(encoded, digest_size=HASH_BYTES, person=_PERSON).digest()


def _encode(attribute: KeyAttribute, item: Mapping[str, AttributeValue], limit: int) -> bytes:
    value = item.get(attribute.name)
    if value is None:
        raise InvalidValue(
            "key_missing",
            f"One or more parameter values were invalid: Missing the key {attribute.name} in the item",
        )
    if value.type_name != attribute.type:
        raise InvalidValue(
            "key_type",
            f"One or more parameter values were invalid: Type mismatch for key {attribute.name} "
            f"expected: {attribute.type} actual: {value.type_name}",
        )
    if isinstance(value, N):
        return encode_number(value.number)
    if isinstance(value, S):
        content = value.value.encode()
    else:
        assert isinstance(value, B)  # The schema knows three types.
        content = value.value
    if not content:
        kind = "string" if attribute.type == "S" else "binary"
        raise InvalidValue(
            "key_empty",
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty {kind} value. Key: {attribute.name}",
        )
    if len(content) > limit:
        raise _too_long(limit)
    return content.replace(b"\x00", _ESCAPED_ZERO) + _TERMINATOR


def _too_long(limit: int) -> InvalidValue:
    if limit == MAX_PARTITION_KEY_BYTES:
        return InvalidValue(  # The service leaves out the space before the number.
            "partition_key_size",
            "One or more parameter values were invalid: "
            f"Size of hashkey has exceeded the maximum size limit of{limit} bytes",
        )
    return InvalidValue(
        "sort_key_size",
        "One or more parameter values were invalid: "
        f"Aggregated size of all range keys has exceeded the size limit of {limit} bytes",
    )


def encode_number(number: Number) -> bytes:
    """A number as bytes that sort by value; at most 22 of them, none a prefix of another's."""
    coefficient = number.coefficient
    if coefficient == 0:
        return bytes((_ZERO,))
    digits = str(abs(coefficient))
    magnitude = number.exponent + len(digits) - 1
    if len(digits) % 2:
        digits += "0"
    pairs = (int(digits[at : at + 2]) + 1 for at in range(0, len(digits), 2))
    body = bytes((magnitude - MIN_MAGNITUDE, *pairs, 0))
    if coefficient < 0:
        return bytes((_NEGATIVE,)) + body.translate(_INVERT)
    return bytes((_POSITIVE,)) + body


# ---- decoding


def decode_key(schema: KeySchema, key: bytes) -> dict[str, KeyValue]:
    """The key attributes that a storage key was made of.

    Raises:
        InvalidValue: key_bytes, when these bytes are no key of this schema, its hash included.
    """
    value, at = _decode(schema.partition.type, key, HASH_BYTES)
    if key[:HASH_BYTES] != key_hash(key[HASH_BYTES:at]):
        raise _not_a_key()
    values: dict[str, KeyValue] = {schema.partition.name: value}
    if schema.sort is not None:
        values[schema.sort.name], at = _decode(schema.sort.type, key, at)
    if at != len(key):
        raise _not_a_key()
    return values


def _decode(key_type: KeyType, key: bytes, start: int) -> tuple[KeyValue, int]:
    """The component that begins at `start`, and where it ends."""
    if key_type == "N":
        number, end = _decode_number(key, start)
        return N(number_text(number)), end
    content, end = _decode_bytes(key, start)
    if not content:
        raise _not_a_key()
    if key_type == "B":
        return B(content), end
    try:
        return S(content.decode()), end
    except UnicodeDecodeError:
        raise _not_a_key() from None


def _decode_bytes(key: bytes, start: int) -> tuple[bytes, int]:
    zero = key.find(b"\x00", start)
    while zero >= 0 and key[zero + 1 : zero + 2] == b"\xff":
        zero = key.find(b"\x00", zero + 2)
    if zero < 0 or key[zero : zero + 2] != _TERMINATOR:
        raise _not_a_key()
    return key[start:zero].replace(_ESCAPED_ZERO, b"\x00"), zero + 2


def _decode_number(key: bytes, start: int) -> tuple[Number, int]:
    if start >= len(key):
        raise _not_a_key()
    if key[start] == _ZERO:
        return ZERO, start + 1
    if key[start] not in {_NEGATIVE, _POSITIVE}:
        raise _not_a_key()
    body = key[start + 1 : start + 1 + _LONGEST_NUMBER]
    if key[start] == _NEGATIVE:
        body = body.translate(_INVERT)
    stop = body.find(b"\x00", 1)  # The byte before is the magnitude, which may be 00 itself.
    if stop < 2 or max(body[1:stop]) > 100:
        raise _not_a_key()
    digits = "".join(f"{pair - 1:02d}" for pair in body[1:stop])
    significant = digits.rstrip("0")
    # Only what `encode_number` writes is a key: the leading digit is not 0, and the last pair not 00.
    if digits[0] == "0" or len(digits) - len(significant) > 1:
        raise _not_a_key()
    coefficient = -int(significant) if key[start] == _NEGATIVE else int(significant)
    magnitude = body[0] + MIN_MAGNITUDE
    return Number(coefficient, magnitude - len(significant) + 1), start + 1 + stop + 1


def _not_a_key() -> InvalidValue:
    return InvalidValue("key_bytes", "These bytes are not a storage key of this schema")
