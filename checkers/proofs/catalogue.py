"""All obligations, by name; and users' own, by `FILE.py:NAME`."""

from __future__ import annotations

from types import FunctionType
from typing import Any, Final

from dynaproof.checkers.proofs import admissions, buckets, controllers, lease, scaling, shares, tokens
from dynaproof.checkers.proofs.obligation import Obligation
from dynaproof.checkers.user_file import fitting

MODULES = (buckets, admissions, shares, controllers, tokens, scaling, lease)

OBLIGATIONS: Final[dict[str, Obligation]] = {
    one.name: one for module in MODULES for one in module.OBLIGATIONS
}
"""Our obligations, in the order of the modules."""


def obligation_named(name: str) -> Obligation:
    """One of ours, or one from a user's file: an obligation, or a function that states one.

    Raises:
        LookupError: there is none.
    """
    if ".py:" not in name:
        return OBLIGATIONS[name]
    found = fitting(name, _says, "an obligation is a function that returns Said(given=..., then=...)")
    if isinstance(found, Obligation):
        return found
    return Obligation(found.__name__, found, (found.__name__,), "", name)


def _says(found: Any) -> bool:
    return isinstance(found, Obligation | FunctionType)
