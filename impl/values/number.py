"""DynamoDB's numbers: decimal, exact, up to 38 significant digits, from 1E-130 to 9.99...E+125, and zero.

A number is `coefficient` times ten to the `exponent`, as two integers; no float and no rounding anywhere.

*Invariant.* A `Number` has no trailing zero in its coefficient, and zero is (0, 0). So equal numbers are
equal structs, and have one text, the one in which DynamoDB returns them: without an exponent, without a plus
sign, without leading or trailing zeros ("1E2" comes back as "100", "1.50" as "1.5", "-0" as "0"). The text
is what is stored and sent (`attribute.N`); a `Number` is what one calculates with.

Sources: developer guide, *Supported data types and naming rules* (range, precision, trimming of zeros) and
*Item sizes and formats* (size); API reference, TransactWriteItems (the words of the overflow). The other
messages, the accepted syntax and the plain text of what was given with an exponent are what the service was
seen to answer, by the test suites of dynalite and ScyllaDB and in boto3's issue 2500.
"""

from __future__ import annotations

import re

from msgspec import Struct

from dynaproof.impl.values.errors import InvalidValue

MAX_DIGITS = 38
"""Significant digits, leading and trailing zeros not counted."""

MAX_MAGNITUDE = 125
"""Largest power of ten of a leading digit: 9.99...E+125."""

MIN_MAGNITUDE = -130
"""Smallest power of ten of a leading digit: 1E-130."""

NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
TOO_PRECISE = "Attempting to store more than 38 significant digits in a Number"

_SYNTAX = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?)([0-9]+))?")

# An exponent longer than this cannot be brought back into range by any text that fits into an item.
_LONGEST_EXPONENT = 9


class Number(Struct, frozen=True, gc=False):
    """coefficient * 10 ** exponent; made by the functions below, which keep the invariant."""

    coefficient: int
    exponent: int

    @property
    def digits(self) -> int:
        """How many significant digits; 0 for zero."""
        return len(str(abs(self.coefficient))) if self.coefficient else 0

    @property
    def magnitude(self) -> int:
        """Power of ten of the leading digit: 2 for 100, -1 for 0.25; 0 for zero."""
        return self.exponent + self.digits - 1 if self.coefficient else 0


ZERO = Number(0, 0)


def parse_number(text: str) -> Number:
    """The number that `text` writes, in the syntax `[+-]digits[.digits][e[+-]digits]`, ASCII only.

    Raises:
        InvalidValue: by the rules number_syntax, number_overflow, number_underflow, number_precision.
    """
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise InvalidValue("number_syntax", f"{NOT_NUMERIC}: {text}" if text else NOT_NUMERIC)
    sign, whole, tail, bare_tail, exponent_sign, exponent_text = match.groups()
    fraction = tail or bare_tail or ""
    digits = (whole or "") + fraction
    significant = digits.rstrip("0")
    dropped = len(digits) - len(significant)
    significant = significant.lstrip("0")
    if not significant:
        return ZERO
    exponent = dropped - len(fraction)
    if exponent_text:
        exponent_digits = exponent_text.lstrip("0") or "0"
        if len(exponent_digits) > _LONGEST_EXPONENT:
            raise _out_of_range(small=exponent_sign == "-")
        exponent += -int(exponent_digits) if exponent_sign == "-" else int(exponent_digits)
    magnitude = exponent + len(significant) - 1
    if not MIN_MAGNITUDE <= magnitude <= MAX_MAGNITUDE:
        raise _out_of_range(small=magnitude < 0)
    if len(significant) > MAX_DIGITS:
        raise InvalidValue("number_precision", TOO_PRECISE)
    coefficient = int(significant)
    return Number(-coefficient if sign == "-" else coefficient, exponent)


def number_text(number: Number) -> str:
    """The one text of a number, as DynamoDB returns it: plain, with no exponent and no needless zero."""
    coefficient, exponent = number.coefficient, number.exponent
    if exponent >= 0:
        return str(coefficient) + "0" * exponent
    sign, digits = ("-", str(-coefficient)) if coefficient < 0 else ("", str(coefficient))
    point = len(digits) + exponent
    if point > 0:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    return f"{sign}0.{'0' * -point}{digits}"


def canonical_number(text: str) -> str:
    """The canonical text of the number that `text` writes. Raises as `parse_number` does."""
    return number_text(parse_number(text))


def add(a: Number, b: Number) -> Number:
    """The exact sum.

    Raises:
        InvalidValue: number_overflow or number_underflow when the sum is out of range, number_precision when
            it needs more than 38 digits; the service uses the words of the overflow for that too.
    """
    exponent = min(a.exponent, b.exponent)
    total = a.coefficient * 10 ** (a.exponent - exponent) + b.coefficient * 10 ** (b.exponent - exponent)
    if total == 0:
        return ZERO
    digits = str(abs(total))
    significant = digits.rstrip("0")
    magnitude = exponent + len(digits) - 1
    if not MIN_MAGNITUDE <= magnitude <= MAX_MAGNITUDE:
        raise _out_of_range(small=magnitude < 0)
    if len(significant) > MAX_DIGITS:
        raise InvalidValue("number_precision", OVERFLOW)
    dropped = len(digits) - len(significant)
    return Number(total // 10**dropped, exponent + dropped)


def negate(number: Number) -> Number:
    """The number with the other sign; the range is symmetric, so there always is one."""
    return Number(-number.coefficient, number.exponent)


def subtract(a: Number, b: Number) -> Number:
    """The exact difference. Raises as `add` does."""
    return add(a, negate(b))


def compare(a: Number, b: Number) -> int:
    """-1, 0 or 1 as `a` is less than, equal to or greater than `b`."""
    exponent = min(a.exponent, b.exponent)
    left: int = a.coefficient * 10 ** (a.exponent - exponent)
    right: int = b.coefficient * 10 ** (b.exponent - exponent)
    return (left > right) - (left < right)


def number_size_bytes(number: Number) -> int:
    """Bytes that a number counts in an item: one per two significant digits, begun pairs included, plus one.

    The guide calls its rule approximate and says nothing of zero and of signs: here zero has no significant
    digit, so it counts 1, and a sign counts nothing. The largest size is 20.
    """
    return (number.digits + 1) // 2 + 1


def _out_of_range(*, small: bool) -> InvalidValue:
    return InvalidValue("number_underflow", UNDERFLOW) if small else InvalidValue("number_overflow", OVERFLOW)
