"""Storage keys and ranges: fixed bytes, order, messages, limits, bytes that are no keys."""

import msgspec
import pytest

from dynaproof.impl.values.attribute import (
    Item,
    N,
    S,
    number,
)
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.key import (
    KeyAttribute,
    KeySchema,
    decode_key,
    encode_exact_key,
    encode_key,
    partition_prefix,
)
from dynaproof.impl.values.key_range import InvalidRange, KeyRange, equal_parts, position, whole
from dynaproof.impl.values.wire import item_from_wire

INVALID = "One or more parameter values were invalid: "

HASH_ONLY = KeySchema(KeyAttribute("pk", "S"))
COMPOSITE = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
BINARY = KeySchema(KeyAttribute("pk", "B"), KeyAttribute("sk", "B"))

# Hash, partition key with its escaped NUL and terminator, then sort key: class, magnitude, pairs, end.
GOLDEN_COMPOSITE = "d2 9e 95 4b 44 bf ec 1a 33 13 aa c1 1b ec 96 5b 61 00 ff 62 00 01 01 7d ef ff"
GOLDEN_HASH_ONLY = "92 9f ce cc 55 92 38 62 1e ec d3 a5 35 a5 12 95 75 73 65 72 2d 31 00 01"


def test_the_bytes_of_keys_stay_what_they_are():
    """Keys lie on disks: a change of these bytes is a new format, not an edit."""
    key = encode_key(COMPOSITE, {"pk": S("a\x00b"), "sk": N("-1.5")})
    assert key.hex(" ") == GOLDEN_COMPOSITE
    assert encode_key(HASH_ONLY, {"pk": S("user-1")}).hex(" ") == GOLDEN_HASH_ONLY


def test_sort_keys_of_numbers_sort_by_value():
    written = [
        "-1e125",
        "-10",
        "-9.5",
        "-9",
        "-1e-130",
        "0",
        "1e-130",
        "0.5",
        "1",
        "1.01",
        "1.1",
        "9",
        "10",
        "99",
        "100",
    ]
    keys = [encode_key(COMPOSITE, {"pk": S("p"), "sk": number(text)}) for text in written]
    assert keys == sorted(keys)
    assert [decode_key(COMPOSITE, key)["sk"] for key in keys] == [number(text) for text in written]


def test_the_items_of_a_partition_key_lie_together():
    ours = {encode_key(COMPOSITE, {"pk": S("p"), "sk": number(str(n))}) for n in range(20)}
    others = {
        encode_key(COMPOSITE, {"pk": S(pk), "sk": number("1")}) for pk in ("", "o", "q", "p\x00", "pp") if pk
    }
    placed = sorted(ours | others)
    first = placed.index(min(ours))
    assert set(placed[first : first + 20]) == ours
    prefix = partition_prefix(COMPOSITE, S("p"))
    assert {key for key in placed if key.startswith(prefix)} == ours


@pytest.mark.parametrize(
    ("schema", "item", "rule", "message"),
    [
        (COMPOSITE, {"pk": S("a")}, "key_missing", INVALID + "Missing the key sk in the item"),
        (
            COMPOSITE,
            {"pk": N("1"), "sk": N("1")},
            "key_type",
            INVALID + "Type mismatch for key pk expected: S actual: N",
        ),
        (
            HASH_ONLY,
            {"pk": S("")},
            "key_empty",
            (
                "One or more parameter values are not valid. The AttributeValue for a key attribute "
                "cannot contain an empty string value. Key: pk"
            ),
        ),
        (
            BINARY,
            item_from_wire({"pk": {"B": "AA=="}, "sk": {"B": ""}}),
            "key_empty",
            (
                "One or more parameter values are not valid. The AttributeValue for a key attribute "
                "cannot contain an empty binary value. Key: sk"
            ),
        ),
        (
            HASH_ONLY,
            {"pk": S("é" * 1024 + "x")},
            "partition_key_size",
            INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "S")),
            {"pk": S("a"), "sk": S("x" * 1025)},
            "sort_key_size",
            INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
    ],
)
def test_a_bad_key_is_refused_in_the_words_of_the_service(schema, item, rule, message):
    with pytest.raises(InvalidValue) as caught:
        encode_key(schema, item)
    assert (caught.value.rule, caught.value.message) == (rule, message)


@pytest.mark.parametrize(
    "tail",
    [
        [],  # No sort key.
        [3],  # Nothing after the class.
        [4, 130, 11, 0],  # No such class.
        [3, 130, 0],  # No digits.
        [3, 130, 11],  # No end.
        [3, 130, 2, 0],  # 01: the leading digit is 0.
        [3, 130, 11, 1, 0],  # 1000: the last pair is 00.
        [3, 130, 102, 0],  # A pair of 101.
        [3, 130, *[11] * 20, 0],  # 40 digits.
        [1, 125, 11, 255],  # Negative, but not inverted: a pair of 243.
        [2, 0],  # More after zero.
        [3, 130, 11, 0, 0],  # More after a number.
    ],
)
def test_bytes_that_no_number_encodes_to_are_no_sort_key(tail):
    prefix = partition_prefix(COMPOSITE, S("p"))
    assert decode_key(COMPOSITE, prefix + bytes([3, 130, 11, 0])) == {"pk": S("p"), "sk": N("1")}
    with pytest.raises(InvalidValue) as caught:
        decode_key(COMPOSITE, prefix + bytes(tail))
    assert caught.value.rule == "key_bytes"


@pytest.mark.parametrize(
    "content", ["00 01", "61 00 02", "61 00", "61", "ff 00 01", "c3 00 01", "61 00 01 61"]
)
def test_bytes_that_no_string_encodes_to_are_no_sort_key(content):
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "S"))
    prefix = partition_prefix(schema, S("p"))
    assert decode_key(schema, prefix + b"a\x00\x01") == {"pk": S("p"), "sk": S("a")}
    with pytest.raises(InvalidValue) as caught:
        decode_key(schema, prefix + bytes.fromhex(content))
    assert caught.value.rule == "key_bytes"


def test_keys_may_be_as_long_as_their_limits_in_bytes_of_the_value():
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "S"))
    item: Item = {"pk": S("\x00" * 2048), "sk": S("é" * 512)}
    assert decode_key(schema, encode_key(schema, item)) == item


@pytest.mark.parametrize(
    "key", [{}, {"pk": S("a")}, {"pk": S("a"), "x": N("1")}, {"pk": N("1"), "sk": N("1")}]
)
def test_a_key_that_is_not_of_the_schema_is_refused_as_such(key):
    with pytest.raises(InvalidValue, match="The provided key element does not match the schema"):
        encode_exact_key(COMPOSITE, key)


def test_an_exact_key_that_is_empty_is_refused_for_that():
    with pytest.raises(InvalidValue, match="cannot contain an empty string value"):
        encode_exact_key(HASH_ONLY, {"pk": S("")})


# ---- ranges


def test_the_whole_space_is_halved_in_its_middle():
    left, right = whole().split(whole().midpoint())
    assert left.end == right.start == bytes([0x80] + [0] * 15)
    assert right.end is None
    assert (left, right) == equal_parts(2)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (position(5), position(5)),
        (position(6), position(5)),
        (b"short", None),
        (position(0), b"short"),
    ],
)
def test_a_range_that_is_empty_or_no_range_is_refused(start, end):
    with pytest.raises(InvalidRange):
        KeyRange(start, end)


def test_a_range_from_a_peer_is_checked_when_it_is_decoded():
    packed = msgspec.msgpack.encode(KeyRange(position(1), position(2)))
    assert msgspec.msgpack.decode(packed, type=KeyRange) == KeyRange(position(1), position(2))
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode([position(2), position(1)]), type=KeyRange)


def test_a_range_of_one_position_has_no_middle():
    with pytest.raises(InvalidRange):
        KeyRange(position(2**128 - 1), None).midpoint()
    with pytest.raises(InvalidRange):
        position(2**128)
    with pytest.raises(InvalidRange):
        equal_parts(0)
