"""JSON values as values of a history: hashable, and equal exactly if they are the same JSON."""

from typing import Any

import msgspec


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


_ENCODER = msgspec.json.Encoder(order="deterministic")


def freeze(value: Any) -> Any:
    """The hashable form of a decoded JSON value."""
    if isinstance(value, list | dict):
        return Json(_ENCODER.encode(value).decode())
    return value


def thaw(value: Any) -> Any:
    """What `freeze` was given; an encoder writes it as the same JSON."""
    return msgspec.Raw(value.text.encode()) if isinstance(value, Json) else value
