"""The runs of a campaign, each followed through a user's model, and how often each action of it was taken."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.runs.refining import (
    MOST_ACTIONS,
    Abstraction,
    AbstractionError,
    Difference,
    Follower,
    Refinement,
)
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.scenarios.given import name_of
from dynaproof.model.language import Model


class Followed(Struct, frozen=True):
    """The outcome of following one run."""

    steps: int
    """How often the abstract state changed."""
    actions: Mapping[str, int]
    """How often each action of the model was taken."""
    difference: Difference | None


def follow(
    scenario: Scenario | str,
    model: Model,
    abstract: Abstraction,
    *,
    schedules: int,
    seed: int = 1,
    strategy: str = "portfolio",
    most_actions: int = MOST_ACTIONS,
) -> tuple[Followed, ...]:
    """Follow the runs of a campaign through a model: each change of state is a few of its actions.

    `abstract` is given the nodes by name, each with its public state (`running`, None while it is down) and
    what is durable on its disk (`durable(log)`), and gives the values of the model's variables by name. The
    model's constants must be large enough for what the runs reach. The last run followed is the first that
    differs, if one does.

    Raises:
        AbstractionError: the abstraction does not give the model's variables.
    """
    name = scenario if isinstance(scenario, str) else name_of(scenario)
    refinement = Refinement(model, abstract, most_actions)
    found: list[Followed] = []
    for number in range(schedules):
        follower = Follower(refinement)
        execute(find(name), config_of(name, strategy, seed, number), (follower,))
        if follower.problem is not None:
            raise AbstractionError(follower.problem)
        found.append(Followed(follower.steps, follower.actions, follower.difference))
        if follower.difference is not None:
            break
    return tuple(found)
