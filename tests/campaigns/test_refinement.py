"""Runs of the replica are behaviours of its model, and its seeded bugs are not."""

import re
from pathlib import Path

import pytest

from dynaproof.checkers.kinds.group import GroupConfig, first_config
from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.refinement.caught import CAUGHT, HEAD, HUNTED, caught
from dynaproof.checkers.refinement.checking import Refinement
from dynaproof.checkers.refinement.covering import COLD, Coverage, Seen, small
from dynaproof.checkers.refinement.picture import picture
from dynaproof.checkers.refinement.recording import Behaviour
from dynaproof.checkers.refinement.running import REFINEMENT, RefinedTotals, execute_refined, run_refined
from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import perform
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.checkers.state_space.explore import Exploration
from dynaproof.checkers.strategies.catalogue import PORTFOLIO
from dynaproof.model.multi_paxos.one_no_op import OneNoOp

REACHABLE_WITH_TWO_BALLOTS = 65_475
SCHEDULES, AT_LEAST = 24, 12
QUICK = ("no_promise_check", "own_vote_before_sync", "accept_raises_no_promise", "no_cut_on_accept")
"""Of `CAUGHT` the default run catches these again; the first three break no spec in those schedules."""


def test_explored_runs_are_behaviours_of_the_model() -> None:
    """So many schedules as it takes to see every action of the model, and `AT_LEAST`."""
    totals, runs, actions = RefinedTotals(), 0, {action.name for action in OneNoOp().actions}
    while runs < AT_LEAST or (runs < SCHEDULES and set(totals.actions) != actions):
        one = run_refined(config_of("partition", "portfolio", 7, runs))
        assert one.refined.difference is None, one.refined.difference.sentence()
        totals.add(one)
        runs += 1
    assert totals.whole > runs // 2
    assert totals.whole + sum(totals.left.values()) == runs
    assert set(totals.left) <= {"a config", "a new incarnation"}
    assert set(totals.actions) == actions


@pytest.mark.slow
def test_a_thousand_runs_are_behaviours_of_the_model() -> None:
    for number in range(1_000):
        one = run_refined(config_of("partition", "portfolio", 8, number))
        assert one.refined.difference is None, one.refined.difference.sentence()


def test_refining_changes_no_run() -> None:
    config = config_of("partition", "pct", 3, 2)
    assert run_refined(config).result == execute(config)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in CAUGHT]
)
def test_seeded_bug_is_caught_with_its_step(name: str) -> None:
    found = caught(name)
    assert found is not None, f"{name} survives {HUNTED} schedules"
    assert found.difference.step > 0
    assert found.difference.differs
    assert found.difference.nearest


def test_claims_list_what_is_caught_with_step_and_what_differs() -> None:
    text = Path("docs/claims.md").read_text(encoding="utf-8")
    assert all(line in text for line in HEAD)
    listed = re.findall(
        r"^\| `(\w+)` \| (\d+): (\d+) \| [^|]+, at \w+ \| [^|]+ \| [^|]+ \| (?:`\w+`|none) \|$",
        text,
        re.MULTILINE,
    )
    assert tuple(name for name, _, _ in listed) == CAUGHT
    assert all(int(schedule) < HUNTED and int(step) > 0 for _, schedule, step in listed)


def test_difference_fails_the_run_where_no_spec_does() -> None:
    for number in range(HUNTED):
        with seeded(MUTANTS["no_promise_check"]):
            failure = execute_refined(config_of("partition", "portfolio", 1, number)).failure
        if failure is not None and failure.spec == REFINEMENT:
            assert "is no step of multi_paxos; nearest: " in failure.sentence
            return
    raise AssertionError("no difference fails a run")


def seen_by(config: GroupConfig, slots: int, ballots: int) -> Seen:
    """The states within these bounds that a small run has seen."""
    behaviour = Behaviour(first_config().voters, lambda: 0.0)
    perform(PARTITION, small(config), Exploring(), (behaviour,))
    seen = Seen(slots, ballots)
    Refinement(behaviour, seen.visit).check()
    return seen


def test_states_seen_within_the_bounds_are_states_of_the_model() -> None:
    exploration = Exploration(OneNoOp(slots=2, ballots=2), symmetry=True)
    found = exploration.run()
    reachable = {exploration.words_of(at): None for at in range(found.distinct)}  # Kept as representatives.
    seen: dict[tuple[int, ...], None] = {}
    for number in range(12):
        for state in seen_by(config_of("partition", "portfolio", 9, number), 2, 2).states:
            seen[exploration.representative(state)] = None
    assert len(seen) > 30
    assert all(words in reachable for words in seen)


def grows(coverage: Coverage, reachable: int) -> None:
    """Each of four strategies has seen something, and more with its second schedule; so the picture shows."""
    summary = coverage.summary()
    assert summary["reachable"] == reachable
    curves = summary["curves"]
    assert isinstance(curves, dict)
    assert sorted(curves) == ["pct", "pos", "random", "timed"]
    assert all(curve == sorted(curve) and curve[0] > 0 for curve in curves.values())
    drawn = picture(curves, reachable, "States")
    assert drawn.count("<polyline") == 4
    assert f"pct: {curves['pct'][-1]}" in drawn


def test_coverage_of_smaller_bounds_grows_with_schedules_and_counts_by_strategy() -> None:
    coverage = Coverage(2, 2)
    for number in range(8):
        seen = seen_by(config_of("partition", "portfolio", 4, number), 2, 2)
        coverage.add(PORTFOLIO[number % len(PORTFOLIO)], seen.states)
    grows(coverage, REACHABLE_WITH_TWO_BALLOTS)


@pytest.mark.slow
def test_coverage_grows_with_schedules_and_counts_by_strategy() -> None:
    coverage = Coverage()
    for number in range(8):
        one = run_refined(small(config_of("partition", "portfolio", 4, number)))
        assert one.result.failure is None
        coverage.add(PORTFOLIO[number % len(PORTFOLIO)], one.seen)
    grows(coverage, 6_009_492)


def test_crash_before_a_replica_is_made_forgets_nothing() -> None:
    one = run_refined(small(config_of("partition", "portfolio", 1, 479)))
    assert one.refined.difference is None
    assert one.seen


def test_small_configurations_are_cold() -> None:
    assert small(config_of("partition", "timed", 1, 0)).scenario == COLD
