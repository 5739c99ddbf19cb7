"""Certificates as files: one JSON object, kept beside the history that it is about.

`{"certificate":"linearizable","version":2,"object":NAME,"initial":TEXT|null,"operations":N,"order":[...]}`:
`initial` is what every key is at first, as the history writes values (null: absent, empty or 0), and `order`
numbers the operations of the history from 0, in the order in which their calls stand in its file, key after
key.

The verifier, beside it, replays the order.
"""

from typing import Any

import msgspec
import numpy as np

from dynaproof.specs.history import Column

VERSION = 2


class CertificateFileError(ValueError):
    """Content that is not a certificate."""


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a certificate's file says."""

    certificate: str
    version: int
    object: str
    operations: int
    order: list[int]
    initial: str | None = None


def encode(order: Column, object_name: str, operations: int, initial: str | None) -> bytes:
    """The content of a certificate's file, for a history of this many operations."""
    numbers: list[Any] = order.tolist()
    made = Certificate("linearizable", VERSION, object_name, operations, numbers, initial)
    return msgspec.json.encode(made) + b"\n"


def decode(data: bytes) -> Certificate:
    """What a file says; raises CertificateFileError if it is no certificate."""
    try:
        found = msgspec.json.decode(data, type=Certificate)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CertificateFileError(f"not a certificate ({error})") from error
    if found.certificate != "linearizable" or found.version != VERSION:
        raise CertificateFileError(
            f"a certificate of another kind or version ({found.certificate!r}, {found.version})"
        )
    limit = np.iinfo(np.int64).max
    if any(not 0 <= number <= limit for number in found.order):
        raise CertificateFileError("not a certificate: its order has a number that is no operation's")
    return found
