r"""Our own format: one operation per line, lines in any order.

`{"process":int,"f":"read|write|cas|delete","key":str,"value":X,"call":ns,"return":ns|null,"ok":bool,"seen":X}`

- `null` is absent; every key starts absent. For `read` value is what was read; for `cas` it is `[old, new]`,
  either may be `null`, so a put-if-absent is `[null, v]` and a conditional delete `[v, null]`.
- `return` null: the outcome is unknown, and that process issues nothing more; a `read` needs no value then.
- `ok` (of a cas that returned, where it must stand): whether it applied. `seen`: what a failed one observed;
  `null` saw absent, missing was not recorded.
- Also read: `append` (of the object `string`) and the functions of a user's own object, whose value is taken
  as it is; `"ok":true` on what returned, which says nothing new; `"ok":false` on a read, write, delete or
  append, which is a definite failure: the operation certainly did not happen.

Anything else is an error with its line: other fields, a cas without a pair, `seen` where nothing failed.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from checkers.histories.values import freeze
from specs.history import FUNCTIONS, UNRECORDED, History, HistoryBuilder, HistoryError

LARGEST = 2**63 - 2


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    process: int
    f: str
    key: str
    call: int
    ret: int | None = msgspec.field(name="return")
    value: Any = UNSET
    ok: bool | UnsetType | None = UNSET
    seen: Any = UNSET


_DECODER = msgspec.json.Decoder(_Line)


def parse(data: bytes, file: str, functions: Sequence[str] = FUNCTIONS) -> History:
    """The history in `data`; raises `HistoryError` with the line that is wrong."""
    builder = HistoryBuilder(functions=functions, file=file)
    allowed = frozenset(functions)
    for number, text in enumerate(data.split(b"\n"), 1):
        if not text or text.isspace():
            continue
        try:
            _add(builder, _DECODER.decode(text), number, allowed)
        except (msgspec.DecodeError, UnicodeDecodeError, _WrongError) as error:
            raise HistoryError(_reason(error, text, number, data), number, file) from error
    return builder.build()


class _WrongError(ValueError):
    """What is wrong with a line that is JSON of the right types."""


def _add(builder: HistoryBuilder, line: _Line, number: int, allowed: frozenset[str]) -> None:
    if line.f not in allowed:
        raise _WrongError(f"unknown function {line.f!r}; known: {', '.join(sorted(allowed))}")
    if not all(-LARGEST <= n <= LARGEST for n in (line.process, line.call, line.ret or 0)):
        raise _WrongError("a process or a time that does not fit in 63 bits")
    ok = line.ok if isinstance(line.ok, bool) else None
    if line.ret is None and ok is not None:
        raise _WrongError("ok without a return: either the outcome is known, and when, or it is not")
    failed_cas = line.f == "cas" and ok is False
    if not failed_cas and line.seen is not UNSET and line.seen is not None:
        raise _WrongError("seen is for a failed cas only")
    value, expected = line.value, None
    if line.f == "cas":
        if not isinstance(value, list) or len(value) != 2:
            raise _WrongError("the value of a cas is [old, new]")
        expected, value = value
        if line.ret is not None and ok is None:
            raise _WrongError("a cas that returned needs ok: whether it applied")
    elif line.f == "delete":
        if value is not UNSET and value is not None:
            raise _WrongError("a delete has no value")
        value = None
    elif value is UNSET:
        if line.f != "read" or (line.ret is not None and ok is not False):
            raise _WrongError(f"a {line.f} needs a value")
        value = None
    builder.add(
        line.process,
        line.f,
        line.key,
        freeze(value),
        line.call,
        line.ret,
        expected=freeze(expected),
        ok=ok is not False,
        seen=freeze(line.seen) if failed_cas and line.seen is not UNSET else UNRECORDED,
        line=number,
    )


def _reason(error: Exception, text: bytes, number: int, data: bytes) -> str:
    if isinstance(error, msgspec.ValidationError | _WrongError):
        return str(error)
    last = data.count(b"\n", 0, len(data.rstrip())) + 1
    if number == last and not text.rstrip().endswith(b"}"):
        return "the last line is truncated"
    return f"not JSON ({error})"
