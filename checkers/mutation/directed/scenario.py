"""A directed scenario: a script of steps, and the seeded bugs whose broken promise it shows.

The system without a bug goes through every script to its end, and its log lines are the scenario's golden
trace (`traces/`). A script that cannot continue as written has an error (or a bug makes the run take another
course, which does not kill the bug).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct

from dynaproof.checkers.mutation.directed.fixture import Broken, ScriptError
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.runs.config import Failure

Script: TypeAlias = Callable[[Harness], None]


class Scenario(Struct, frozen=True):
    """One directed scenario: its name and sentence, its script, and how to set the harness up."""

    name: str
    sentence: str
    script: Script
    kills: tuple[str, ...]
    rates: dict[str, float]
    settings: dict[str, Any]


class Trace(Struct, frozen=True):
    """The result of a script: the promise that broke, or where it got stuck; and what happened, in lines."""

    failure: Failure | None
    stuck: str | None
    lines: tuple[str, ...]


DIRECTED: dict[str, Scenario] = {}
"""Every directed scenario by name, in the order of definition."""


def scenario(
    *kills: str, rates: dict[str, float] | None = None, **settings: Any
) -> Callable[[Script], Script]:
    """Register a script under its own name; `kills` are the seeded bugs that it is written for."""

    def register(script: Script) -> Script:
        name, sentence = script.__name__, " ".join((script.__doc__ or "").split())
        DIRECTED[name] = Scenario(name, sentence, script, kills, rates or {}, settings)
        return script

    return register


def trace_of(scenario: Scenario) -> Trace:
    """Run a script in a new harness."""
    harness = Harness(scenario.rates, **scenario.settings)
    stuck = None
    try:
        harness.begin()
        scenario.script(harness)
    except Broken:
        pass
    except ScriptError as error:
        stuck = str(error)
    harness.log.changes()
    return Trace(harness.failure, stuck, tuple(harness.log.lines))
