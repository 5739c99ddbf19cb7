"""JSON values as values of a history: hashable, and equal exactly if they are the same JSON."""

from typing import Any

import msgspec


class Json(msgspec.Struct, frozen=True):
    """A list or an object, by its canonical text; scalars stand for themselves."""

    text: str


_ENCODER = msgspec.json.Encoder(order="deterministic")


def freeze(value: Any) -> Any:
    """The hashable form of a decoded JSON value."""
    if isinstance(value, list | dict):
        return Json(_ENCODER.encode(value).decode())
    return value


def thaw(value: Any) -> Any:
    """What `freeze` was given; an encoder writes it as the same JSON."""
    return msgspec.Raw(value.text.encode()) if isinstance(value, Json) else value
