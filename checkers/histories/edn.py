r"""A reader of EDN, and of whatever else Clojure's printer writes into histories.

Maps become `EdnMap`s, vectors and lists tuples, sets frozensets, `nil` None, ratios `Fraction`s, numbers that
end in `M` `Decimal`s; keywords, symbols and characters types of their own. A tagged element keeps its tag
(`Tagged`), so `#inst "x"` is not the string; `#jepsen.history.Op{...}` is one like all others. Beside EDN:
namespaced maps (`#:a{:b 1}` is `{:a/b 1}`), `##Inf`, `##-Inf` and `##NaN`, `0x1f` and `36rZZ`, `#"pattern"`,
`#'var`, `#object[...]` and the older `#<...>`.

Sources: the EDN specification, github.com/edn-format/edn; clojure.org/reference/reader.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dynaproof.checkers.histories.edn_values import (
    CHARACTER_NAMES,
    Character,
    EdnMap,
    Keyword,
    Symbol,
    Tagged,
)
from dynaproof.specs.booleans import FALSE, TRUE


class EdnError(ValueError):
    """Text that is not EDN; `offset` is where, `truncated` whether only its end is missing."""

    def __init__(self, message: str, offset: int, truncated: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.truncated = truncated


_TOKEN = re.compile(
    r"""[\s,]*(?:;[^\n]*[\s,]*)*(?:
      (?P<open>\#\{|[\[({]) | (?P<close>[\])}])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<discard>\#_) | \#(?P<tag>[A-Za-z][\w.*+!?$%&=<>/-]*)
    | :(?P<keyword>[^\s,;"\[\](){}]+)
    | (?P<integer>[+-]?(?:0|[1-9]\d*))N?(?=[\s,;"\[\](){}]|$)
    | (?P<decimal>[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?)M(?=[\s,;"\[\](){}]|$)
    | (?P<float>[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?)(?=[\s,;"\[\](){}]|$)
    | (?P<ratio>[+-]?\d+/\d+)(?=[\s,;"\[\](){}]|$)
    | (?P<hex>[+-]?0[xX][0-9a-fA-F]+)N?(?=[\s,;"\[\](){}]|$)
    | (?P<radix>[+-]?\d{1,2}[rR][0-9a-zA-Z]+)(?=[\s,;"\[\](){}]|$)
    | \#\#(?P<symbolic>-?Inf|NaN)(?=[\s,;"\[\](){}]|$)
    | \#:(?P<namespace>:?[^\s,;"\[\](){}]*)(?=[\s,]*\{)
    | \#(?P<pattern>"(?:[^"\\]|\\.)*")
    | \#'(?P<var>[^\s,;"\[\](){}]+)
    | \#<(?P<unreadable>[^>]*)>
    | \\(?P<character>\S[^\s,;"\[\](){}]*)
    | (?P<symbol>(?![+-]\d)[^\s,;"\[\](){}\#\\:\d^'`@~][^\s,;"\[\](){}]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"[\s,]*(?:;[^\n]*[\s,]*)*\Z")
_CLOSERS = {"[": "]", "(": ")", "{": "}", "#{": "}"}
_NAMED = {"nil": None, "true": TRUE, "false": FALSE}
_SYMBOLIC = {"Inf": float("inf"), "-Inf": -float("inf"), "NaN": Symbol("##NaN")}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CODED = re.compile(r"u[0-9a-fA-F]{4}|o[0-7]{1,3}")
DEEPEST = 100
LONGEST_INTEGER = 1_000
LARGEST_RADIX = 36
SURROGATES = range(0xD800, 0xE000)


def elements(text: str) -> Iterator[tuple[int, Any]]:
    """Yield each element at the top level with its offset; of a vector there, its elements.

    Raises EdnError.
    """
    offset = 0
    inside: str | None = None
    while not _BLANK.match(text, offset):
        token = _next(text, offset)
        start = token.start(token.lastgroup or 0)
        if token["open"] in {"[", "("} and inside is None:
            inside, offset = _CLOSERS[token["open"]], token.end()
            continue
        if token["close"] is not None:
            if token["close"] != inside:
                raise EdnError(f"{token['close']!r} closes nothing", start)
            inside, offset = None, token.end()
            continue
        if token["discard"] is not None:
            _, offset = _element(text, _next(text, token.end()), 1)
            continue
        value, offset = _element(text, token, 0)
        yield start, value
    if inside is not None:
        raise EdnError(f"the end is missing: {inside!r} was expected", len(text), truncated=True)


def element(text: str) -> Any:
    """The one element in `text`; raises EdnError."""
    value, end = _element(text, _next(text, 0), 0)
    if not _BLANK.match(text, end):
        raise EdnError("more than one value", end)
    return value


def _next(text: str, offset: int) -> re.Match[str]:
    token = _TOKEN.match(text, offset)
    if token is None:
        blank = re.compile(r"[\s,]*").match(text, offset)
        at = blank.end() if blank else offset
        if at == len(text) or text[at] == '"':
            raise EdnError("the end is missing", at, truncated=True)
        raise EdnError(f"not EDN: {text[at : at + 20]!r}", at, truncated="\n" not in text[at:].rstrip())
    return token


def _element(text: str, token: re.Match[str], depth: int) -> tuple[Any, int]:
    kind = token.lastgroup
    end = token.end()
    if depth > DEEPEST:
        raise EdnError("nested too deeply", token.start())
    if kind == "open":
        return _collection(text, token["open"], token.start("open"), end, depth)
    if kind == "tag":
        content, end = _element(text, _next(text, end), depth + 1)
        return Tagged(token["tag"], content), end
    if kind == "namespace":
        content, end = _element(text, _next(text, end), depth + 1)
        space = token["namespace"].lstrip(":")
        return EdnMap({_qualified(key, space): value for key, value in content.items()}), end
    if kind in {"discard", "close"} or kind is None:
        raise EdnError(f"unexpected {token.group().strip()!r}", token.start(kind or 0))
    return _scalar(kind, token[kind], token.start(kind)), end


def _scalar(kind: str, text: str, start: int) -> Any:
    """What a single token stands for."""
    if kind in {"integer", "ratio", "hex", "radix"} and len(text) > LONGEST_INTEGER:
        raise EdnError(f"an integer of more than {LONGEST_INTEGER} digits", start)
    match kind:
        case "keyword":
            return Keyword(text)
        case "integer":
            return int(text)
        case "string":
            return _string(text, start)
        case "symbol":
            return _NAMED[text] if text in _NAMED else Symbol(text)
        case "float":
            return float(text)
        case "decimal":
            return Decimal(text)
        case "ratio":
            return _ratio(text, start)
        case "hex":
            return int(text, 16)
        case "radix":
            return _in_radix(text, start)
        case "symbolic":
            return _SYMBOLIC[text]
        case "character":
            return _character(text, start)
        case "pattern":
            return Tagged("regex", text[1:-1])
        case "var":
            return Tagged("var", Symbol(text))
        case _:
            return Tagged("object", text)


def _ratio(text: str, start: int) -> Fraction:
    above, _, below = text.partition("/")
    if not int(below):
        raise EdnError("a ratio over 0", start)
    return Fraction(int(above), int(below))


def _in_radix(text: str, start: int) -> int:
    radix, _, digits = text.lower().partition("r")
    sign, base = (-1 if radix.startswith("-") else 1), abs(int(radix))
    try:
        return sign * int(digits, base if 2 <= base <= LARGEST_RADIX else 0)
    except ValueError as error:
        raise EdnError(f"not a number: {text!r}", start) from error


def _character(text: str, start: int) -> Character:
    if len(text) == 1:
        return Character(text)
    if text in CHARACTER_NAMES:
        return Character(CHARACTER_NAMES[text])
    if _CODED.fullmatch(text):
        code = int(text[1:], 16 if text[0] == "u" else 8)
        if code not in SURROGATES:
            return Character(chr(code))
    raise EdnError(f"not a character: \\{text}", start)


def _qualified(key: Any, space: str) -> Any:
    """A key of a namespaced map: in its namespace unless it has one itself (`_`: none)."""
    if not isinstance(key, Keyword | Symbol):
        return key
    own, slash, name = key.partition("/")
    if slash and name:
        return type(key)(name) if own == "_" else key
    return type(key)(f"{space}/{key}")


def _collection(text: str, opener: str, start: int, offset: int, depth: int) -> tuple[Any, int]:
    closer = _CLOSERS[opener]
    items: list[Any] = []
    while True:
        token = _next(text, offset)
        if token["close"] is not None:
            if token["close"] != closer:
                raise EdnError(f"{token['close']!r} where {closer!r} was expected", token.start("close"))
            break
        if token["discard"] is not None:
            _, offset = _element(text, _next(text, token.end()), depth + 1)
            continue
        item, offset = _element(text, token, depth + 1)
        items.append(item)
    if opener == "#{":
        return frozenset(items), token.end()
    if opener != "{":
        return tuple(items), token.end()
    if len(items) % 2:
        raise EdnError("a map with a key that has no value", start)
    made = dict(zip(items[::2], items[1::2], strict=True))
    if 2 * len(made) < len(items):
        raise EdnError("a map that has a key twice", start)
    return EdnMap(made), token.end()


def _string(text: str, start: int) -> str:
    """What stands between the quotes; two escaped surrogates are one character, as in Java."""
    if "\\" not in text:
        return text[1:-1]
    escaped = _ESCAPE.sub(_unescape, text[1:-1])
    try:
        return escaped.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise EdnError("half of a surrogate pair in a string", start) from error


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)
