"""Compiling Python functions to machine code, once: the result is cached beside the source.

Needs nothing but what pip installs (numba). Functions that are compiled release the interpreter's lock, so
that keys can be decided in threads.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
from numba.core import event

Cell: TypeAlias = Any
"""An element of a column: machine code sees an integer, the type checkers an array of unknown depth."""

F = TypeVar("F", bound=Callable[..., object])


class _Announcer(event.Listener):
    """Says once that the first use takes longer; on standard error if logging is not set up."""

    said = False

    def on_start(self, event: Any) -> None:
        if not self.said:
            self.said = True
            logging.getLogger(__name__).warning("compiling the checkers, once: this takes up to a minute")

    def on_end(self, event: Any) -> None:
        """The end is not announced."""


_register: Any = event.register
_register("numba:compile", _Announcer())


def compiled(function: F) -> F:
    """The function as machine code, compiled on its first call with these types and cached on disk."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def inner(function: F) -> F:
    """Like `compiled`, for what only compiled functions call: it has no entry from Python.

    The entry takes longer to compile than most functions.
    """
    njit: Any = numba.njit  # Its stub does not know all options.
    return cast(F, njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function))
