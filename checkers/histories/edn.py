"""A reader of EDN, as much of it as histories are written in.

Maps become dicts, vectors and lists tuples, sets frozensets, keywords `Keyword`, symbols and characters plain
strings, tagged elements their content (so `#jepsen.history.Op{...}` is the map), `nil` None.

Source: the EDN specification, github.com/edn-format/edn.
"""

import re
from collections.abc import Iterator
from typing import Any


class EdnError(ValueError):
    """Text that is not EDN; `offset` is where, `truncated` whether only its end is missing."""

    def __init__(self, message: str, offset: int, truncated: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.truncated = truncated


class Keyword(str):
    """A keyword, without its colon; not equal to the string of the same letters."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyword) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((":", str(self)))

    def __repr__(self) -> str:
        return f":{self}"


_TOKEN = re.compile(
    r"""[\s,]*(?:;[^\n]*[\s,]*)*(?:
      (?P<open>\#\{|[\[({]) | (?P<close>[\])}])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<discard>\#_) | \#(?P<tag>[A-Za-z][\w.*+!?$%&=<>/-]*)
    | :(?P<keyword>[^\s,;"\[\](){}]+)
    | (?P<integer>[+-]?\d+)N?(?=[\s,;"\[\](){}]|$)
    | (?P<float>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)M?(?=[\s,;"\[\](){}]|$)
    | \\(?P<character>\S[^\s,;"\[\](){}]*)
    | (?P<symbol>[^\s,;"\[\](){}\#\\:\d][^\s,;"\[\](){}]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"[\s,]*(?:;[^\n]*[\s,]*)*\Z")
_CLOSERS = {"[": "]", "(": ")", "{": "}", "#{": "}"}
_NAMED = {"nil": None, "true": True, "false": False}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
DEEPEST = 100
LONGEST_INTEGER = 1_000


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
    if kind == "keyword":
        return Keyword(token["keyword"]), end
    if kind == "integer":
        if len(token["integer"]) > LONGEST_INTEGER:
            raise EdnError(f"an integer of more than {LONGEST_INTEGER} digits", token.start("integer"))
        return int(token["integer"]), end
    if kind == "string":
        return _ESCAPE.sub(_unescape, token["string"][1:-1]), end
    if kind == "symbol":
        return _NAMED.get(token["symbol"], token["symbol"]), end
    if kind == "float":
        return float(token["float"]), end
    if kind == "character":
        return token["character"], end
    if kind == "tag":
        return _element(text, _next(text, end), depth + 1)
    raise EdnError(f"unexpected {token.group().strip()!r}", token.start(kind or 0))


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
    if opener == "{":
        if len(items) % 2:
            raise EdnError("a map with a key that has no value", start)
        try:
            return dict(zip(items[::2], items[1::2], strict=True)), token.end()
        except TypeError as error:
            raise EdnError("a map as the key of a map", start) from error
    if opener != "#{":
        return tuple(items), token.end()
    try:
        return frozenset(items), token.end()
    except TypeError as error:
        raise EdnError("a map in a set", start) from error


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)
