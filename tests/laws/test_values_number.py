"""Numbers against `decimal.Decimal` in a context that is exact for them."""

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from functools import cmp_to_key

from hypothesis import example, given
from hypothesis import strategies as st

from dynaproof.checkers.generators import number_texts, numbers
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.number import (
    MAX_DIGITS,
    MAX_MAGNITUDE,
    MIN_MAGNITUDE,
    ZERO,
    Number,
    add,
    canonical_number,
    compare,
    negate,
    number_size_bytes,
    number_text,
    parse_number,
    subtract,
)

# Digits enough for every sum of two numbers, from 10**125 down to 10**-167; exponents as far as they go.
EXACT = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation])


def decimal(number: Number) -> Decimal:
    return EXACT.scaleb(Decimal(number.coefficient), number.exponent)


def verdict(value: Decimal) -> str:
    """Which rule a decimal breaks, or "" if it is a number of DynamoDB's."""
    value = EXACT.normalize(value)
    if not value:
        return ""
    if value.adjusted() > MAX_MAGNITUDE:
        return "number_overflow"
    if value.adjusted() < MIN_MAGNITUDE:
        return "number_underflow"
    return "number_precision" if len(value.as_tuple().digits) > MAX_DIGITS else ""


def outcome(calculate) -> Decimal | str:
    try:
        return decimal(calculate())
    except InvalidValue as error:
        return error.rule


@given(number_texts())
def test_every_way_to_write_a_number_gives_its_value(text):
    assert decimal(parse_number(text)) == Decimal(text)


@given(st.text("0123456789+-.eE ", max_size=12) | number_texts() | st.text(max_size=4))
@example("1E10000")
@example("-1e-9999999999")
def test_a_text_is_a_number_exactly_when_decimal_reads_a_number_in_range(text):
    try:
        read = Decimal(text)
    except InvalidOperation:
        read = None
    # Decimal also takes what is no number of DynamoDB's: spaces around, underscores, other scripts' digits.
    if read is None or not read.is_finite() or set(text) - set("0123456789+-.eE"):
        expected = "number_syntax"
    else:
        expected = verdict(read) or EXACT.normalize(read)
    assert outcome(lambda: parse_number(text)) == expected


@given(st.integers(-(10**41), 10**41), st.integers(-180, 140))
def test_range_and_precision_are_judged_by_value(coefficient, exponent):
    value = EXACT.scaleb(Decimal(coefficient), exponent)
    assert outcome(lambda: parse_number(f"{coefficient}e{exponent}")) == (verdict(value) or value)


@given(numbers())
def test_a_number_is_read_back_from_its_text(number):
    text = number_text(number)
    assert parse_number(text) == number
    assert canonical_number(text) == text


@given(numbers())
def test_a_text_is_plain_and_has_no_needless_zero(number):
    text = number_text(number)
    assert set(text) <= set("-0123456789.")
    assert text == format(EXACT.normalize(decimal(number)), "f")


@given(number_texts(), number_texts())
def test_texts_are_canonical_so_equal_values_have_equal_texts(a, b):
    assert (canonical_number(a) == canonical_number(b)) == (Decimal(a) == Decimal(b))


@given(numbers(), numbers())
def test_sums_and_differences_are_exact_or_refused_for_the_reason_that_decimal_shows(a, b):
    total = EXACT.add(decimal(a), decimal(b))
    assert outcome(lambda: add(a, b)) == (verdict(total) or total)
    difference = EXACT.subtract(decimal(a), decimal(b))
    assert outcome(lambda: subtract(a, b)) == (verdict(difference) or difference)


@given(numbers(), numbers())
def test_results_of_arithmetic_are_in_the_one_form(a, b):
    try:
        total = add(a, b)
    except InvalidValue:
        return
    assert total == parse_number(number_text(total))


@given(numbers())
def test_a_number_less_itself_is_zero(number):
    assert subtract(number, number) == ZERO
    assert negate(negate(number)) == number


@given(numbers(), numbers())
def test_comparison_is_that_of_the_values(a, b):
    assert compare(a, b) == int(decimal(a).compare(decimal(b)))
    assert (compare(a, b) == 0) == (a == b)


@given(numbers())
def test_a_size_is_one_and_a_byte_per_two_significant_digits(number):
    digits = number_text(number).replace("-", "").replace(".", "").strip("0")
    size = number_size_bytes(number)
    assert 2 * (size - 1) - len(digits) in {0, 1}
    assert 1 <= size <= 20


@given(st.lists(numbers(), min_size=2, max_size=20))
def test_sorting_by_comparison_is_sorting_by_value(drawn):
    assert [decimal(n) for n in sorted(drawn, key=cmp_to_key(compare))] == sorted(map(decimal, drawn))
