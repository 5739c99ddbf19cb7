"""Counts of states are the published ones: distinct, generated, depth."""

from pathlib import Path

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of
from dynaproof.checkers.state_space.catalogue import find
from dynaproof.checkers.state_space.explore import Exploration, explore
from dynaproof.model.language import Expected

LARGE = 500_000
"""Models of more states than this are counted in the slow suite."""

LONG_TO_COMPILE = {"register_paxos"}

STANDARD = (
    "two_phase_commit",
    "paxos",
    *sorted(str(file) for file in (Path(__file__).parents[2] / "examples/models").glob("*.py")),
)


def counts(names):
    """A test case for every count that a model states."""
    for name in names:
        for one in find(name).expected:
            large = (one.distinct is not None and one.distinct > LARGE) or Path(name).stem in LONG_TO_COMPILE
            label = ",".join([Path(name).stem, *(f"{key}={value}" for key, value in one.constants.items())])
            if one.symmetry:
                label += ",symmetry"
            yield pytest.param(name, one, id=label, marks=[pytest.mark.slow] if large else [])


def agree(name: str, one: Expected) -> None:
    result = explore(find(name)(**one.constants), symmetry=one.symmetry)
    assert result.exhausted, result.violation
    found = {"distinct": result.distinct, "generated": result.generated, "depth": result.depth}
    stated = {key: getattr(one, key) for key in found if getattr(one, key) is not None}
    assert stated
    assert {key: found[key] for key in stated} == stated


@pytest.mark.parametrize(("name", "one"), list(counts(STANDARD)))
def test_counts_are_the_published_ones(name: str, one: Expected) -> None:
    agree(name, one)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            id=Path(name).stem,
            marks=[pytest.mark.slow] if Path(name).stem in {"paxos_commit", *LONG_TO_COMPILE} else [],
        )
        for name in STANDARD
    ],
)
def test_every_action_fires_and_every_sometimes_is_reached(name: str) -> None:
    result = explore(find(name)())
    assert (result.not_fired, result.not_reached) == ((), ())


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(
    ("name", "constants"), [("two_phase_commit", {"rms": 6}), ("paxos", {"max_ballot": 2})]
)
def test_threads_find_the_same(name: str, constants: dict[str, int], threads: int) -> None:
    exploration = Exploration(find(name)(**constants))
    one = exploration.run()
    for _ in range(10):  # Where two threads meet at a new state differs from run to run.
        several = exploration.run(threads=threads)
        assert several.exhausted
        for field in ("distinct", "generated", "depth", "levels", "fired", "reached"):
            assert getattr(several, field) == getattr(one, field), field


@pytest.mark.parametrize("name", STANDARD)
def test_each_seeded_bug_breaks_its_invariant_by_a_shortest_trace(name: str) -> None:
    for bug in bugs_of(find(name)):
        exploration = Exploration(bug())
        result = exploration.run()
        assert result.violation is not None, bug.__name__
        assert result.violation.name == bug.violates
        assert len(result.violation.trace) == result.depth
        several = exploration.run(threads=2)
        assert several.violation is not None
        assert len(several.violation.trace) == result.depth
