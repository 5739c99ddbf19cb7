"""Attribute values: the wire, the log's encoding, equality, sizes; boto3's converters as a peer."""

import json
from base64 import b64decode, b64encode
from decimal import Decimal

import msgspec
import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import assume, given
from hypothesis import strategies as st

from dynaproof.checkers.generators import items, names, nested, number_texts, values
from dynaproof.impl.values.attribute import BOOL, BS, NS, NULL, SS, AttributeValue, B, Item, L, M, N, S
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.size import item_size_bytes, value_size_bytes
from dynaproof.impl.values.wire import item_from_wire, item_to_wire, value_from_wire, value_to_wire

pack = msgspec.msgpack.Encoder(order="deterministic").encode
unpack = msgspec.msgpack.Decoder(AttributeValue).decode
unpack_item = msgspec.msgpack.Decoder(Item).decode


@given(items)
def test_an_item_is_read_back_from_its_json(item):
    assert item_from_wire(json.loads(json.dumps(item_to_wire(item)))) == item


@given(items)
def test_an_item_is_read_back_from_its_log_bytes(item):
    assert unpack_item(pack(item)) == item


@given(values, values)
def test_equal_values_have_equal_bytes_and_others_have_not(a, b):
    assert (a == b) == (pack(a) == pack(b))


@given(values, st.randoms(use_true_random=False))
def test_the_order_of_sets_and_maps_means_nothing(value, random):
    def shuffled(wire):
        ((kind, content),) = wire.items()
        if kind in {"SS", "NS", "BS"}:
            return {kind: random.sample(content, len(content))}
        if kind == "L":
            return {kind: [shuffled(element) for element in content]}
        if kind == "M":
            names = random.sample(sorted(content), len(content))
            return {kind: {name: shuffled(content[name]) for name in names}}
        return wire

    same = value_from_wire(shuffled(value_to_wire(value)))
    assert same == value
    assert pack(same) == pack(value)


@given(number_texts(), number_texts())
def test_numbers_are_equal_by_value(a, b):
    assert (value_from_wire({"N": a}) == value_from_wire({"N": b})) == (Decimal(a) == Decimal(b))


@given(st.integers(0, 40).flatmap(lambda levels: st.tuples(st.just(levels), nested(levels))))
def test_nesting_is_refused_beyond_32_levels(drawn):
    levels, value = drawn
    wire = {"a": value_to_wire(value)}
    if levels <= 31:
        assert item_from_wire(wire) == {"a": value}
        return
    with pytest.raises(InvalidValue) as caught:
        item_from_wire(wire)
    assert caught.value.rule == "depth"
    assert len(caught.value.path) == 33  # The first value too deep, reached by 33 steps from the item.


# JSON of every kind, types mistaken, values malformed.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("1a=\ud800", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS", "X", "", "\ud800"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=10,
)


@given(json_values)
def test_any_json_is_an_item_or_refused_and_what_is_read_keeps_the_rules(wire):
    try:
        item = item_from_wire(wire)
    except InvalidValue:
        return
    assert item_from_wire(item_to_wire(item)) == item
    assert unpack_item(pack(item)) == item


# ---- sizes


def expected_size(value: AttributeValue) -> int:
    """The rules of the developer guide, from the JSON rather than from the structs."""
    ((kind, content),) = value_to_wire(value).items()
    return {
        "S": lambda: len(content.encode()),
        "N": lambda: -(-len(content.lstrip("-").replace(".", "").strip("0")) // 2) + 1,
        "B": lambda: len(b64decode(content)),
        "BOOL": lambda: 1,
        "NULL": lambda: 1,
        "L": lambda: 3 + sum(1 + expected_size(value_from_wire(element)) for element in content),
        "M": lambda: (
            3
            + sum(
                1 + len(name.encode()) + expected_size(value_from_wire(element))
                for name, element in content.items()
            )
        ),
        "SS": lambda: sum(expected_size(S(element)) for element in content),
        "NS": lambda: sum(expected_size(N(element)) for element in content),
        "BS": lambda: sum(len(b64decode(element)) for element in content),
    }[kind]()


@given(values)
def test_a_size_follows_the_documented_rule_of_its_type(value):
    assert value_size_bytes(value) == expected_size(value)


@given(items, names, values)
def test_an_attribute_adds_its_name_and_its_value_to_an_item(item, name, value):
    assume(name not in item)
    grown = {**item, name: value}
    assert item_size_bytes(grown) - item_size_bytes(item) == len(name.encode()) + value_size_bytes(value)


@given(st.lists(values, max_size=4), values)
def test_an_element_adds_one_byte_and_its_value_to_a_list(elements, value):
    grown, before = L((*elements, value)), L(tuple(elements))
    assert value_size_bytes(grown) - value_size_bytes(before) == 1 + value_size_bytes(value)


# ---- boto3 as a peer


def python(value: AttributeValue):
    """A value as boto3's converters take and give it."""
    match value:
        case N():
            return Decimal(value.value)
        case B():
            return Binary(value.value)
        case NULL():
            return None
        case M():
            return {name: python(each) for name, each in value.value.items()}
        case L():
            return [python(each) for each in value.value]
        case SS():
            return set(value.value)
        case NS():
            return set(map(Decimal, value.value))
        case BS():
            return set(map(Binary, value.value))
        case S() | BOOL():
            return value.value


def with_binary(wire, convert):
    """boto3 leaves base64 to botocore: the same JSON with its binary values converted."""
    ((kind, content),) = wire.items()
    if kind == "B":
        return {kind: convert(content)}
    if kind == "BS":
        return {kind: [convert(element) for element in content]}
    if kind == "L":
        return {kind: [with_binary(element, convert) for element in content]}
    if kind == "M":
        return {kind: {name: with_binary(element, convert) for name, element in content.items()}}
    return wire


def boto3_takes(value: AttributeValue) -> bool:
    """boto3 refuses some numbers that DynamoDB takes: texts of more than 38 digits, magnitudes below -128."""
    match value:
        case N():
            number = value.number
            return number.exponent >= -128 and number.magnitude < 38
        case NS():
            return all(boto3_takes(N(each)) for each in value.value)
        case L():
            return all(map(boto3_takes, value.value))
        case M():
            return all(map(boto3_takes, value.value.values()))
    return True


@given(values.filter(boto3_takes))
def test_boto3_reads_what_is_written(value):
    wire = with_binary(value_to_wire(value), b64decode)
    assert TypeDeserializer().deserialize(wire) == python(value)


@given(values.filter(boto3_takes))
def test_what_boto3_writes_is_read_as_the_same_value(value):
    wire = with_binary(
        TypeSerializer().serialize(python(value)), lambda each: b64encode(bytes(each)).decode()
    )
    assert value_from_wire(wire) == value
