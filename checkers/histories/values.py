"""JSON values as values of a history: hashable, and equal exactly if they are the same JSON.

Numbers are the same if they are equal, as JSON has no kinds of them: `1.0` is `1`, alone and inside a list.
"""

import re
from typing import Any

import msgspec

from dynaproof.specs.booleans import Boolean, distinct


class Json(msgspec.Struct, frozen=True):
    """A list or an object, by its canonical text; scalars stand for themselves."""

    text: str

    @property
    def items_of_list(self) -> tuple[Any, ...] | None:
        """The frozen elements of a list, or of a set as our writer writes it (`{"set":[...]}`); else None."""
        value = msgspec.json.decode(self.text)
        if isinstance(value, dict) and list(value) == ["set"]:
            value = value["set"]
        return tuple(map(freeze, value)) if isinstance(value, list) else None


_MAYBE_A_FLOAT = re.compile(rb"\d[.eE]")
_ENCODER = msgspec.json.Encoder(order="deterministic")


def freeze(value: Any) -> Any:
    """The hashable form of a decoded JSON value."""
    if isinstance(value, list | dict):
        text = _ENCODER.encode(value)
        if _MAYBE_A_FLOAT.search(text):
            text = _ENCODER.encode(_whole_numbers(value))
        return Json(text.decode())
    return distinct(value)


def _whole_numbers(value: Any) -> Any:
    """A decoded value whose floats are integers where they are whole."""
    if isinstance(value, list):
        return [_whole_numbers(one) for one in value]
    if isinstance(value, dict):
        return {key: _whole_numbers(one) for key, one in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def thaw(value: Any) -> Any:
    """What `freeze` was given; an encoder writes it as the same JSON."""
    if isinstance(value, Boolean):
        return bool(value)
    return msgspec.Raw(value.text.encode()) if isinstance(value, Json) else value
