"""What a client reports of its operations, so that what all clients saw makes a history.

A client notes `Called` when an operation begins and `Returned` when it ends; one operation of a client is
under way at a time. An operation that never returns has an unknown outcome: it may take effect at any time
after its call, or never.
"""

from __future__ import annotations

from typing import Any

from dynaproof.impl.node import Note


class Called(Note, frozen=True, gc=False):
    """An operation begins: what is asked (`read`, `write`, `cas`, ... of the object), and for which key."""

    function: str
    key: str = "key"
    value: Any = None
    """What is written; for a `cas`, what it leaves."""
    expected: Any = None
    """What a `cas` compares with."""


class Returned(Note, frozen=True, gc=False):
    """The operation ends, and has taken effect if `ok`; `value` is what was read, or what a failed condition
    saw.
    """

    value: Any = None
    ok: bool = True
