"""The model of the replication log: its counts, and its seeded bugs with the lengths of their traces."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of
from dynaproof.checkers.state_space.explore import explore
from dynaproof.model.language import Expected, Model
from dynaproof.model.multi_paxos import MultiPaxos

TRACES = {
    "SlotBySlotAdoption": 15,
    "NoCutOnAccept": 15,
    "TailSlotBySlot": 19,
    "BatchTorn": 17,
    "CutsItsOwnBallot": 14,
    "AcceptedFromRetained": 16,
    "NoBehindRule": 10,
    "AcceptsAgainstTheChosen": 10,
    "LearningCutsTheEqual": 14,
    "LearningAccepts": 18,
    "CutsTheChosen": 11,
    "RottedVotesOn": 11,
    "BallotReused": 6,
    "OutdatedPromisesCounted": 16,
}
"""Steps of the shortest trace to each bug's violation."""
Search = Callable[[type[Model]], Any]

LONG_TRACES = {"KnownChosenInsideTail": 21, "CutsByEntryBallot": 24}
"""The same, of those that need three slots."""


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(one, id=str(dict(one.constants)), marks=[] if one.constants else [pytest.mark.slow])
        for one in MultiPaxos.expected
    ],
)
def test_expected_counts_come_out_and_nothing_is_idle(expected: Expected) -> None:
    result = explore(MultiPaxos(**expected.constants), symmetry=expected.symmetry)
    assert result.exhausted
    assert (result.distinct, result.generated, result.depth) == (
        expected.distinct,
        expected.generated,
        expected.depth,
    )
    assert (result.not_fired, result.not_reached) == ((), ())


def test_symmetry_agrees_with_the_full_run() -> None:
    model = MultiPaxos(slots=2, ballots=1)
    full, reduced = explore(model), explore(model, symmetry=True)
    assert full.exhausted
    assert reduced.exhausted
    assert reduced.distinct < full.distinct <= 6 * reduced.distinct
    assert full.depth == reduced.depth


def test_documented_variants_of_the_rules_have_the_lengths_of_their_traces() -> None:
    text = Path("docs/system-models.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| .* \| `multi_paxos` \| `(\w+)` \| (\d+)", text, re.MULTILINE))
    assert len(rows) == 9
    lengths = TRACES | LONG_TRACES
    assert {name: int(steps) for name, steps in rows.items()} == {name: lengths[name] for name in rows}


def bugs(names: dict[str, int]) -> list[type[Model]]:
    return [bug for bug in bugs_of(MultiPaxos) if bug.__name__ in names]


def test_every_seeded_bug_has_a_length() -> None:
    assert {bug.__name__ for bug in bugs_of(MultiPaxos)} == {*TRACES, *LONG_TRACES}


@pytest.mark.parametrize("bug", bugs(TRACES), ids=lambda bug: bug.__name__)
def test_seeded_bug_is_caught_by_a_shortest_trace(bug: type[Model], searched: Search) -> None:
    result = searched(bug).result
    assert result.violation is not None
    assert result.violation.name == bug.violates
    assert len(result.violation.trace) - 1 == TRACES[bug.__name__]


@pytest.mark.slow
@pytest.mark.parametrize("bug", bugs(LONG_TRACES), ids=lambda bug: bug.__name__)
def test_seeded_bug_that_needs_three_slots_is_caught(bug: type[Model]) -> None:
    result = explore(bug(), symmetry=True)
    assert result.violation is not None
    assert result.violation.name == bug.violates
    assert len(result.violation.trace) - 1 == LONG_TRACES[bug.__name__]
