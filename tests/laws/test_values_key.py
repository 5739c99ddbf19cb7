"""Storage keys: order, round trips, prefixes, and bytes that are no keys."""

from functools import cmp_to_key

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dynaproof.checkers.generators import (
    key_schemas,
    key_types,
    key_values,
    keyed_items,
    keys,
    numbers,
)
from dynaproof.impl.values.attribute import N, S
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.key import (
    KeyAttribute,
    KeySchema,
    decode_key,
    encode_exact_key,
    encode_key,
    encode_number,
    partition_prefix,
)
from dynaproof.impl.values.key_range import HASH_BYTES, equal_parts, whole
from dynaproof.impl.values.number import compare

ONE_PARTITION = S("p")


def rank(value):
    """What a key value sorts by in DynamoDB."""
    if isinstance(value, N):
        return cmp_to_key(compare)(value.number)
    return value.value.encode() if isinstance(value, S) else value.value


def is_refused_or_read_exactly(schema, data):
    """Whether the bytes are refused as documented, or are what `encode_key` writes."""
    try:
        read = decode_key(schema, data)
    except InvalidValue as error:
        return error.rule == "key_bytes"
    return encode_key(schema, read) == data


@st.composite
def schema_and(draw, *strategies):
    schema = draw(key_schemas())
    return schema, *(draw(strategy(schema)) for strategy in strategies)


@given(schema_and(keyed_items))
def test_a_key_is_decoded_into_the_key_attributes_of_its_item(drawn):
    schema, item = drawn
    assert decode_key(schema, encode_key(schema, item)) == {name: item[name] for name in schema.names}


@given(schema_and(keys))
def test_an_exact_key_is_encoded_like_an_item(drawn):
    schema, key = drawn
    assert encode_exact_key(schema, key) == encode_key(schema, key)


@given(schema_and(keyed_items))
def test_an_exact_key_holds_the_key_attributes_and_nothing_else(drawn):
    schema, item = drawn
    assume(len(item) > len(schema.names))
    with pytest.raises(InvalidValue) as caught:
        encode_exact_key(schema, item)
    assert caught.value.rule == "key_schema"


@given(st.data(), key_types)
def test_keys_of_one_partition_key_sort_by_sort_key(data, key_type):
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", key_type))
    a, b = data.draw(key_values(key_type)), data.draw(key_values(key_type))
    key_a = encode_key(schema, {"pk": ONE_PARTITION, "sk": a})
    key_b = encode_key(schema, {"pk": ONE_PARTITION, "sk": b})
    assert (key_a < key_b) == (rank(a) < rank(b))
    assert (key_a == key_b) == (a == b)


@given(schema_and(keys, keys))
def test_keys_sort_by_hash_then_partition_key_then_sort_key(drawn):
    schema, a, b = drawn
    key_a, key_b = encode_key(schema, a), encode_key(schema, b)
    ranks_a = (key_a[:HASH_BYTES], *(rank(a[name]) for name in schema.names))
    ranks_b = (key_b[:HASH_BYTES], *(rank(b[name]) for name in schema.names))
    assert (key_a < key_b) == (ranks_a < ranks_b)


@given(numbers(), numbers())
def test_number_bytes_sort_by_value(a, b):
    bytes_a, bytes_b = encode_number(a), encode_number(b)
    assert (bytes_a > bytes_b) - (bytes_a < bytes_b) == compare(a, b)
    assert len(bytes_a) <= 22


@given(schema_and(keys, keys))
def test_no_key_is_a_prefix_of_another(drawn):
    schema, a, b = drawn
    assume(a != b)
    assert not encode_key(schema, a).startswith(encode_key(schema, b))


@given(schema_and(keys, keys))
def test_keys_share_the_prefix_of_a_partition_key_exactly_when_they_have_it(drawn):
    schema, a, b = drawn
    prefix = partition_prefix(schema, a["pk"])
    assert encode_key(schema, a).startswith(prefix)
    assert encode_key(schema, b).startswith(prefix) == (a["pk"] == b["pk"])


@given(schema_and(keys), st.integers(1, 9))
def test_a_key_belongs_to_one_part_of_the_space_and_its_partition_key_too(drawn, count):
    schema, key = drawn
    owners = [part for part in equal_parts(count) if part.contains(encode_key(schema, key))]
    assert len(owners) == 1
    assert owners[0].contains(partition_prefix(schema, key["pk"])[:HASH_BYTES])
    assert whole().contains(encode_key(schema, key))


@given(schema_and(keys), st.data())
def test_bytes_that_are_no_key_are_refused_and_never_read_as_another(drawn, data):
    schema, key = drawn
    encoded = bytearray(encode_key(schema, key))
    how = data.draw(st.sampled_from(["cut", "changed", "longer"]))
    if how == "cut":
        del encoded[data.draw(st.integers(0, len(encoded) - 1)) :]
    elif how == "longer":
        encoded += data.draw(st.binary(min_size=1, max_size=3))
    else:
        encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    assert is_refused_or_read_exactly(schema, bytes(encoded))


@given(key_schemas(), st.binary(max_size=60))
def test_any_bytes_are_a_key_or_refused(schema, data):
    assert is_refused_or_read_exactly(schema, data)


@given(st.binary(max_size=24))
def test_any_bytes_are_a_sort_key_exactly_when_they_encode_one(tail):
    """The hash guards the partition key, so the decoder of numbers is tried behind a right one."""
    for key_type in ("S", "N", "B"):
        schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", key_type))
        data = partition_prefix(schema, ONE_PARTITION) + tail
        assert is_refused_or_read_exactly(schema, data)


@given(st.lists(st.sampled_from([0, 1, 2, 3, 10, 100, 101, 102, 130, 155, 254, 255]), max_size=8).map(bytes))
def test_bytes_like_those_of_numbers_are_read_as_what_encodes_to_them(tail):
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
    data = partition_prefix(schema, ONE_PARTITION) + tail
    assert is_refused_or_read_exactly(schema, data)
