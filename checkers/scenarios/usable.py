"""Whether a scenario can be run at all, checked before a campaign: if not, a sentence says what is wrong."""

from __future__ import annotations

from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.user_code import described
from dynaproof.specs.spec import SpecError


def require_usable(name: str) -> None:
    """Make the nodes of the scenario's first run, and check its specs against what is filed in it.

    Raises:
        LookupError: there is no such scenario, a spec of it would never be judged, or its nodes cannot be
            made; the message is a sentence.
    """
    scenario = find(name)
    try:
        config = config_of(name, "portfolio", 1, 0)
        Run(scenario, config, Timed(config.seed))
    except SpecError as error:
        raise LookupError(f"{name}: {error}") from error
    except Exception as error:
        if not any(kind.node is not None for kind in scenario.kinds):
            raise
        raise LookupError(f"{name}: its nodes cannot be made: {described(error)}") from error
