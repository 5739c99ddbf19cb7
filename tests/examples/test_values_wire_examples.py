"""Values as the documentation shows them: JSON, messages, paths, sizes and limits."""

import msgspec
import pytest

from dynaproof.impl.values.attribute import (
    BS,
    NS,
    NULL,
    SS,
    Item,
    L,
    M,
    N,
    S,
    binary_set,
    number,
    number_set,
    string_set,
)
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.number import parse_number
from dynaproof.impl.values.size import MAX_ITEM_BYTES, check_item_size, item_size_bytes
from dynaproof.impl.values.wire import (
    MAX_NAME_BYTES,
    item_from_wire,
    item_to_wire,
    value_from_wire,
    value_to_wire,
)

INVALID = "One or more parameter values were invalid: "


def test_the_examples_of_the_api_reference_are_read_and_written():
    wire = {
        "S": {"S": "Hello"},
        "N": {"N": "123.45"},
        "B": {"B": "dGhpcyB0ZXh0IGlzIGJhc2U2NC1lbmNvZGVk"},
        "SS": {"SS": ["Giraffe", "Hippo", "Zebra"]},
        "NS": {"NS": ["-19", "3.14", "7.5", "42.2"]},
        "BS": {"BS": ["UmFpbnk=", "U25vd3k=", "U3Vubnk="]},
        "M": {"M": {"Name": {"S": "Joe"}, "Age": {"N": "35"}}},
        "L": {"L": [{"S": "Cookies"}, {"S": "Coffee"}, {"N": "3.14159"}]},
        "NULL": {"NULL": True},
        "BOOL": {"BOOL": True},
    }
    item = item_from_wire(wire)
    assert [value.type_name for value in item.values()] == list(wire)
    assert item_to_wire(item) == wire


def test_values_that_look_alike_are_equal_only_within_their_type():
    assert S("1") != N("1")
    assert value_from_wire({"BOOL": True}) != value_from_wire({"N": "1"})
    assert value_from_wire({"SS": ["b", "a"]}) == SS(("a", "b"))
    assert value_from_wire({"NS": ["10", "9.0", "-1E1"]}) == NS(("-10", "9", "10"))
    assert value_from_wire({"L": [{"N": "1.0"}]}) == L((number("1"),))
    assert L((NULL(),)) != L(())


def test_empty_strings_and_binaries_are_values_even_in_sets():
    for wire in ({"S": ""}, {"B": ""}, {"SS": ["", "a"]}, {"BS": ["", "YQ=="]}, {"M": {}}, {"L": []}):
        assert value_to_wire(value_from_wire(wire)) == wire


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"X": "a"}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            {"S": None},
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            {"S": "a", "BOOL": True},
            (
                "Supplied AttributeValue has more than one datatypes set, "
                "must contain exactly one of the supported datatypes"
            ),
        ),
        ({"S": "a", "N": "b"}, "The parameter cannot be converted to a numeric value: b"),
        ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
        ({"SS": []}, INVALID + "An string set  may not be empty"),
        ({"NS": []}, INVALID + "An number set  may not be empty"),
        ({"BS": []}, INVALID + "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"BS": ["Yg==", "Yg=="]}, INVALID + "Input collection [Yg==, Yg==]of type BS contains duplicates."),
    ],
)
def test_a_broken_rule_is_named_in_the_words_of_the_service(wire, message):
    with pytest.raises(InvalidValue) as caught:
        value_from_wire(wire)
    assert (caught.value.kind, caught.value.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"S": True}, "TRUE_VALUE cannot be converted to String"),
        ({"S": 23}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": 34.56}, "DECIMAL_VALUE cannot be converted to String"),
        ({"S": []}, "Unrecognized collection type class java.lang.String"),
        ({"S": {}}, "Start of structure or map found where not expected"),
        ({"B": 5}, "only base-64-encoded strings are convertible to bytes"),
        ({"B": "23456"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        ({"B": "=+/="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "YR=="}, "Invalid last non-pad Base64 character dectected"),
        ({"BS": [True]}, "only base-64-encoded strings are convertible to bytes"),
        ({"BOOL": "23"}, "Unexpected token received from parser"),
        ({"BOOL": 0}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"NULL": []}, "Unrecognized collection type class java.lang.Boolean"),
        ({"L": "23"}, "Unexpected field type"),
        ({"L": {}}, "Start of structure or map found where not expected"),
        ({"L": [5]}, "Unexpected value type in payload"),
        ({"SS": [None]}, "NULL_VALUE cannot be converted to String"),
        ({"M": "23"}, "Unexpected field type"),
        (
            {"M": []},
            (
                "Unrecognized collection type "
                "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
            ),
        ),
        ([], "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
    ],
)
def test_json_of_the_wrong_shape_is_a_serialization_error(wire, message):
    with pytest.raises(InvalidValue) as caught:
        value_from_wire(wire)
    assert (caught.value.kind, caught.value.message) == ("SerializationException", message)


def test_half_a_surrogate_pair_is_refused_in_strings_and_names():
    for wire in ({"a": {"S": "\ud800"}}, {"\ud800": {"S": "a"}}):
        with pytest.raises(InvalidValue, match="surrogate") as caught:
            item_from_wire(wire)
        assert caught.value.rule == "unicode"


def test_an_error_names_the_path_to_the_culprit():
    with pytest.raises(InvalidValue) as caught:
        item_from_wire({"a": {"M": {"b": {"L": [{"S": "x"}, {"NS": ["1", "two"]}]}}}})
    assert caught.value.path == ("a", "b", 1, 1)
    assert caught.value.where == "a.b[1][1]"
    assert str(caught.value) == "a.b[1][1]: The parameter cannot be converted to a numeric value: two"


def test_a_name_has_one_to_65535_bytes():
    item_from_wire({"é" * (MAX_NAME_BYTES // 2) + "x": {"S": ""}})
    for name in ("", "é" * (MAX_NAME_BYTES // 2 + 1)):
        with pytest.raises(InvalidValue) as caught:
            item_from_wire({name: {"S": ""}})
        assert caught.value.rule == "name_length"


def wrapped(levels, kind):
    value = {"S": "leaf"}
    for _ in range(levels):
        value = {"M": {"n": value}} if kind == "M" else {"L": [value]}
    return value


@pytest.mark.parametrize("kind", ["M", "L"])
def test_a_leaf_lies_at_most_at_level_32(kind):
    item_from_wire({"a": wrapped(31, kind)})
    with pytest.raises(InvalidValue, match="Nesting Levels have exceeded supported limits"):
        item_from_wire({"a": wrapped(32, kind)})
    with pytest.raises(InvalidValue, match="Nesting Levels have exceeded supported limits"):
        item_from_wire({"a": wrapped(500, kind)})


def test_sets_made_by_code_are_sorted_without_duplicates_and_never_empty():
    assert string_set(["b", "a", "b", "😀", "\uffff"]) == SS(("a", "b", "\uffff", "😀"))
    assert number_set(map(parse_number, ["10", "9", "1e1", "-1"])) == NS(("-1", "9", "10"))
    assert binary_set([b"\xff", b"\x00", b"\xff"]) == BS((b"\x00", b"\xff"))
    for make in (string_set, number_set, binary_set):
        with pytest.raises(InvalidValue) as caught:
            make([])
        assert caught.value.rule == "empty_set"


def test_a_value_in_the_log_is_a_small_array():
    item: Item = {"a": S("x"), "b": M({"c": NULL()})}
    assert msgspec.to_builtins(item) == {"a": ["S", "x"], "b": ["M", {"c": ["NULL"]}]}


# ---- sizes


def test_the_size_of_an_item_is_that_of_its_names_and_values():
    item = item_from_wire(
        {
            "id": {"S": "abc"},  # 2 + 3
            "é": {"S": "é"},  # 2 + 2
            "n": {"N": "12345"},  # 1 + 3 + 1
            "flag": {"BOOL": True},  # 4 + 1
            "bin": {"B": "AAAA"},  # 3 + 3
            "l": {"L": [{"S": "xy"}]},  # 1 + 3 + 1 + 2
            "m": {"M": {"k": {"NULL": True}}},  # 1 + 3 + 1 + 1 + 1
            "ss": {"SS": ["a", "bc"]},  # 2 + 3
        }
    )
    assert item_size_bytes(item) == 5 + 4 + 5 + 5 + 6 + 7 + 7 + 5


def test_an_item_has_at_most_400_kilobytes():
    item: Item = {"a": S("x" * (MAX_ITEM_BYTES - 1))}
    assert check_item_size(item) == MAX_ITEM_BYTES == 409_600
    with pytest.raises(InvalidValue, match="Item size has exceeded the maximum allowed size"):
        check_item_size({**item, "b": NULL()})
