"""Numbers as the service shows them: texts, messages, sizes."""

import pytest

from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.number import (
    add,
    canonical_number,
    number_size_bytes,
    number_text,
    parse_number,
    subtract,
)

NINES = "9" * 38
LARGEST = f"{NINES}e88"


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0e1000", "0"),
        ("-0.000", "0"),
        ("+3", "3"),
        ("0001.23", "1.23"),
        (".123", "0.123"),
        ("5.", "5"),
        ("1e+5", "100000"),
        ("-17.4E37", "-174000000000000000000000000000000000000"),
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E2", "100"),
        ("12345e-3", "12.345"),
        ("0.00001000", "0.00001"),
        ("1.00000000000000007629769841092E+50", "100000000000000007629769841092000000000000000000000"),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("1e125", "1" + "0" * 125),
        (LARGEST, NINES + "0" * 88),
        ("0." + "0" * 500 + "0", "0"),
        ("1" + "0" * 100, "1" + "0" * 100),
    ],
)
def test_a_number_comes_back_plain_and_trimmed(given, returned):
    assert canonical_number(given) == returned


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("", "number_syntax", "The parameter cannot be converted to a numeric value"),
        ("dog", "number_syntax", "The parameter cannot be converted to a numeric value: dog"),
        (" 1", "number_syntax", "The parameter cannot be converted to a numeric value:  1"),
        ("1 ", "number_syntax", "The parameter cannot be converted to a numeric value: 1 "),
        ("NaN", "number_syntax", "The parameter cannot be converted to a numeric value: NaN"),
        ("-Infinity", "number_syntax", "The parameter cannot be converted to a numeric value: -Infinity"),
        ("1e", "number_syntax", "The parameter cannot be converted to a numeric value: 1e"),
        (".", "number_syntax", "The parameter cannot be converted to a numeric value: ."),
        ("\u0661", "number_syntax", "The parameter cannot be converted to a numeric value: \u0661"),
        (
            "1e126",
            "number_overflow",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            "-11e125",
            "number_overflow",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            "1e" + "9" * 5000,
            "number_overflow",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            "1e-131",
            "number_underflow",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
        (
            "0.9e-130",
            "number_underflow",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
        (
            "123456789012345678901234567890123456789",
            "number_precision",
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            "-1.23456789012345678901234567890123456789",
            "number_precision",
            "Attempting to store more than 38 significant digits in a Number",
        ),
    ],
)
def test_a_bad_number_is_refused_in_the_words_of_the_service(text, rule, message):
    with pytest.raises(InvalidValue) as caught:
        parse_number(text)
    assert (caught.value.rule, caught.value.message) == (rule, message)
    assert caught.value.kind == "ValidationException"


def test_arithmetic_is_exact_beyond_the_precision_of_floats():
    total = add(parse_number("1"), parse_number("1e22"))
    assert number_text(total) == "10000000000000000000001"
    assert number_text(subtract(parse_number("1e22"), parse_number("1"))) == "9999999999999999999999"
    assert number_text(add(parse_number("0.1"), parse_number("0.2"))) == "0.3"


@pytest.mark.parametrize(
    ("a", "b", "rule", "word"),
    [
        (LARGEST, "1e125", "number_overflow", "overflow"),
        ("-9e125", "-9e125", "number_overflow", "overflow"),
        ("1.5e-130", "-1.4e-130", "number_underflow", "underflow"),
        ("1e50", "1", "number_precision", "overflow"),  # The service says overflow here too.
        (NINES, "0.1", "number_precision", "overflow"),
    ],
)
def test_a_sum_out_of_range_or_precision_is_refused(a, b, rule, word):
    with pytest.raises(InvalidValue, match=f"Number {word}") as caught:
        add(parse_number(a), parse_number(b))
    assert caught.value.rule == rule


def test_a_sum_may_carry_into_a_39th_digit_that_is_zero():
    assert number_text(add(parse_number(NINES), parse_number("1"))) == "1" + "0" * 38


@pytest.mark.parametrize(
    ("text", "size"), [("0", 1), ("7", 2), ("-7", 2), ("42", 2), ("100", 2), ("123.45", 4), (NINES, 20)]
)
def test_a_number_counts_a_byte_per_two_digits_and_one_more(text, size):
    assert number_size_bytes(parse_number(text)) == size
