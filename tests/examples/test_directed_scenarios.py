"""Directed scenarios: the system goes through each of them, and the bugs that they are told for do not."""

import pytest

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.directed.catalogue import STORIES, perform

TOLD_FOR = [(story.name, name) for story in STORIES.values() for name in story.kills]


@pytest.mark.parametrize("name", STORIES)
def test_the_system_survives_every_directed_scenario_to_its_end(name: str) -> None:
    told = perform(STORIES[name])
    assert told.failure is None
    assert told.stuck is None


@pytest.mark.parametrize(("story", "name"), TOLD_FOR)
def test_a_directed_scenario_kills_the_bug_that_it_is_told_for(story: str, name: str) -> None:
    failure = perform(STORIES[story], MUTANTS[name].node_class).failure
    assert failure is not None
    assert MUTANTS[name].counts(failure.spec)


@pytest.mark.parametrize("name", STORIES)
def test_a_directed_scenario_is_told_in_sentences_and_the_same_each_time(name: str) -> None:
    one, other = perform(STORIES[name]), perform(STORIES[name])
    assert one == other
    assert one.steps
    assert STORIES[name].sentence.endswith(".")
