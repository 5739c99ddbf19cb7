"""A story: a function that tells a stage what happens, and the spec that a broken replica violates in it.

A system without the bug goes through every story to its end; where a story cannot go on as told, that is an
error of the story (or a bug that makes it take another course, which kills nothing).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct

from dynaproof.checkers.mutation.directed.cast import Broken, StoryError
from dynaproof.checkers.mutation.directed.stage import Stage
from dynaproof.checkers.runs.config import Failure
from dynaproof.impl.storage.host import StorageNode

Tell: TypeAlias = Callable[[Stage], None]


class Story(Struct, frozen=True):
    """One directed scenario: its name and sentence, how to tell it, and how to set the stage."""

    name: str
    sentence: str
    tell: Tell
    kills: tuple[str, ...]
    rates: dict[str, float]
    without: tuple[str, ...]
    settings: dict[str, Any]


class Told(Struct, frozen=True):
    """What became of a story: the promise that broke, or where it got stuck; and its steps, as sentences."""

    failure: Failure | None
    stuck: str | None
    steps: tuple[str, ...]


STORIES: dict[str, Story] = {}
"""Every story by name, in the order of definition."""


def story(
    *kills: str, rates: dict[str, float] | None = None, without: tuple[str, ...] = (), **settings: Any
) -> Callable[[Tell], Tell]:
    """Register a story under its own name; `kills` are the seeded bugs that it is told for.

    The specs in `without` are not judged: what the story supposes breaks them already.
    """

    def register(tell: Tell) -> Tell:
        sentence = " ".join((tell.__doc__ or "").split())
        STORIES[tell.__name__] = Story(tell.__name__, sentence, tell, kills, rates or {}, without, settings)
        return tell

    return register


def perform(told: Story, node_class: type[StorageNode] = StorageNode) -> Told:
    """Tell a story on a new stage."""
    stage = Stage(node_class, told.rates, told.without, **told.settings)
    stuck = None
    try:
        stage.begin()
        told.tell(stage)
    except Broken:
        pass
    except StoryError as error:
        stuck = str(error)
    return Told(stage.failure, stuck, tuple(stage.told))
