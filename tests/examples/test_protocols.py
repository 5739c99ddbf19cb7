"""The protocols of `examples/protocols` keep their promises, and their seeded bugs are found and shrunk.

Bounds are in schedules. The seed of the fast suite is the last of those of the slow one.
"""

from pathlib import Path

import pytest

import dynaproof
from dynaproof.checkers.mutation.hunt import hunt
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.refinement.following import AbstractionError
from dynaproof.checkers.runs.run_file import load, save
from dynaproof.checkers.scenarios.bugs import bugs_of
from dynaproof.checkers.scenarios.catalogue import find
from dynaproof.checkers.user_file import imported

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PROTOCOLS = EXAMPLES / "protocols"
RAFT = f"{PROTOCOLS / 'raft.py'}:RAFT"

SCENARIOS = {
    "ring": "RING",
    "abd": "ABD",
    "raft": "RAFT",
    "two_phase_commit": "TWO_PHASE_COMMIT",
    "gossip_counter": "GOSSIP",
}

HUNTS = (
    # File, bug, spec, schedules and shrunk steps at the most: as measured with seeds 1 to 5, and some more.
    ("ring", "passes-every-number", "only_the_greatest_leads", 10, 10),
    ("ring", "asks-once", "everybody_knows_the_leader", 50, 500),
    ("abd", "no-write-back", "clients_see_one_object", 2_000, 900),
    ("abd", "older-value-overwrites", "clients_see_one_object", 50, 900),
    ("raft", "votes-for-short-logs", "leader_completeness", 50, 100),
    ("raft", "counts-old-votes", "election_safety", 100, 400),
    ("two_phase_commit", "blocked-participant-aborts", "all_decide_alike", 100, 100),
    ("two_phase_commit", "outcome-not-journalled", "all_decide_alike", 1_000, 100),
    ("gossip_counter", "adds-what-it-hears", "never_counts_too_much", 10, 12),
    ("gossip_counter", "writes-clicks-in-pairs", "no_acknowledged_click_is_forgotten", 200, 700),
)

SEEDS = (1, 2, 3, 4, 5)


def name_of(file: str) -> str:
    return f"{PROTOCOLS / file}.py:{SCENARIOS[file]}"


@pytest.mark.parametrize("file", SCENARIOS)
def test_a_protocol_keeps_its_promises_and_sees_what_it_should(file: str) -> None:
    campaign = dynaproof.explore(name_of(file), schedules=30, seed=7)
    assert campaign.failures == ()
    assert campaign.schedules == 30
    assert campaign.sometimes
    assert all(campaign.sometimes.values()), campaign.sometimes
    assert {"crash", "partition", "lost message", "repeated message"} <= set(campaign.faults)


def found(file: str, bug: str, spec: str, schedules: int, steps: int, seed: int, folder: Path) -> None:
    """The bug is found within so many schedules, shrunk, kept in a file, and replayed and told from there."""
    scenario = name_of(file)
    kill, run = hunt(bugs_of(scenario)[bug], "portfolio", schedules, seed, scenario=scenario)
    assert run is not None
    assert kill.spec == spec
    assert kill.shrunk_events is not None
    assert kill.shrunk_events <= steps
    path = folder / "run.json"
    save(path, run)
    replayed = dynaproof.replay(path)
    assert replayed.same
    assert replayed.failure is not None
    assert replayed.failure.spec == spec
    told = dynaproof.trace(path).steps
    assert len(told) == load(path, find).result.failure.step  # type: ignore[union-attr]
    assert replayed.last == told[-len(replayed.last) :]


@pytest.mark.parametrize(
    ("file", "bug", "spec", "schedules", "steps"), HUNTS, ids=[hunt[1] for hunt in HUNTS]
)
def test_a_seeded_bug_is_found_shrunk_and_replayed(
    file: str, bug: str, spec: str, schedules: int, steps: int, tmp_path: Path
) -> None:
    found(file, bug, spec, schedules, steps, SEEDS[-1], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "bug", "spec", "schedules", "steps"), HUNTS, ids=[hunt[1] for hunt in HUNTS]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeded_bug_is_found_for_each_seed(
    file: str, bug: str, spec: str, schedules: int, steps: int, seed: int, tmp_path: Path
) -> None:
    found(file, bug, spec, schedules, steps, seed, tmp_path)


def test_each_protocol_has_two_bugs_and_all_are_hunted() -> None:
    stated = [(file, bug) for file in SCENARIOS for bug in bugs_of(name_of(file))]
    assert stated == [(file, bug) for file, bug, *_ in HUNTS]
    assert len(stated) == 2 * len(SCENARIOS)


def test_raft_has_at_most_300_lines() -> None:
    assert len((PROTOCOLS / "raft.py").read_text().splitlines()) <= 300


@pytest.mark.parametrize("file", SCENARIOS)
def test_a_protocol_imports_public_names_only(file: str) -> None:
    lines = (PROTOCOLS / f"{file}.py").read_text().splitlines()
    imports = [line.split()[1] for line in lines if line.startswith(("import ", "from "))]
    assert set(imports) <= {"__future__", "collections.abc", "itertools", "msgspec", "dynaproof"}


# --- Raft's elections against their model ---


def test_runs_of_raft_are_behaviours_of_its_election_model() -> None:
    model = imported(EXAMPLES / "models" / "raft_election.py")
    runs = dynaproof.follow(RAFT, model.RaftElection(max_term=150), model.abstract, schedules=3)
    assert [run.difference for run in runs] == [None] * 3
    taken = {action for run in runs for action in run.actions}
    assert taken == {"time_out", "learn", "vote_for", "win", "step_down"}


def test_a_leader_by_old_votes_is_no_behaviour_of_the_model() -> None:
    model = imported(EXAMPLES / "models" / "raft_election.py")
    with seeded(bugs_of(RAFT)["counts-old-votes"]):
        runs = dynaproof.follow(RAFT, model.RaftElection(max_term=150), model.abstract, schedules=8)
    difference = runs[-1].difference
    assert difference is not None
    assert "'leader'" in repr(difference.after["role"])
    assert "is no step of the model: role from (" in str(difference)


def test_an_abstraction_gives_the_variables_of_its_model() -> None:
    model = imported(EXAMPLES / "models" / "raft_election.py")
    with pytest.raises(
        AbstractionError, match="the abstraction gives term; the model has term, vote, role, votes"
    ):
        dynaproof.follow(RAFT, model.RaftElection(), lambda _nodes: {"term": (0, 0, 0)}, schedules=1)
