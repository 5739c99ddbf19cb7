"""Every checker can fail: seeded bugs are killed by the violation of a named spec."""

import builtins
import dis
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS, MUTANTS, UNREACHED
from dynaproof.checkers.mutation.hunt import broken_directed, broken_in, explore, hunt, shrunk
from dynaproof.checkers.patches import active, difference, seeded, texts
from dynaproof.checkers.runs.run_file import rerun
from dynaproof.checkers.scenarios.catalogue import SCENARIOS, execute, find
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.cli import main

SCHEDULES = 150
SEED = 3

SAMPLE = {
    "quorum_of_one": "logs_agree_up_to_commit",
    "ignores_accepted": "chosen_entries_agree",
    "timestamp_from_wall": "commit_timestamps_increase",
    "acknowledged_before_peers": "acknowledged_writes_survive",
    "conditions_ignore_flights": "chosen_entries_follow",
    "campaign_not_journalled": "promises_never_go_back",
    "sent_at_sync_start": "durable_before_visible",
    "two_voters_replaced_at_once": "progress_after_faults_stop",
    "condition_ignored": "strong_reads_linearizable",
    "old_ballot_led_again": "one_leader_per_ballot",
}
"""Bugs that a few schedules find, each by another promise."""


@pytest.mark.parametrize(("name", "spec"), SAMPLE.items())
def test_seeded_bug_is_killed_by_its_spec_where_the_original_survives(
    name: str, spec: str, killed: Callable[[str, str, int, int], Any]
) -> None:
    assert execute(killed(name, spec, 30, SEED)).failure is None


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_every_seeded_bug_is_killed(name: str) -> None:
    kill, _ = hunt(MUTANTS[name], "portfolio", SCHEDULES, SEED)
    assert kill.killed


@pytest.mark.slow
def test_the_system_without_a_bug_survives_the_same_effort() -> None:
    for scenario in dict.fromkeys(mutant.scenario for mutant in MUTANTS.values()):
        assert broken_in(scenario, "portfolio", SCHEDULES, SEED, 1) is None
    assert broken_directed() is None


def test_a_shrunk_run_breaks_the_same_spec_and_is_smaller() -> None:
    mutant = MUTANTS["ignores_accepted"]
    found = explore(mutant, "portfolio", 20, SEED)
    assert found is not None
    _, config, outcome = found
    assert outcome.failure is not None
    run = shrunk(mutant, config, outcome)
    assert run.result.failure is not None
    assert run.result.failure.spec == outcome.failure.spec
    assert run.result.failure.step <= outcome.failure.step
    assert len(run.config.faults) <= len(config.faults)
    with seeded(mutant):
        assert rerun(run, PARTITION) == run.result


@pytest.mark.parametrize("name", MUTANTS)
def test_a_seeded_bug_fits_the_source_says_what_it_breaks_and_shows_it(name: str) -> None:
    mutant = MUTANTS[name]
    with seeded(mutant):
        assert active() == (mutant,)
    assert mutant.sentence.endswith(".")
    assert difference(mutant).count("\n@@ ") >= 1


@pytest.mark.parametrize("name", UNREACHED)
def test_a_bug_that_was_not_reached_yet_fits_the_source(name: str) -> None:
    bug = UNREACHED[name]
    assert name not in MUTANTS
    with seeded(bug):
        assert active() == (bug,)


def names_of_the_module(code: CodeType) -> Iterator[str]:
    """What a function, and those within it, look up in their module."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_of_the_module(constant)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_seeded_bug_names_nothing_that_its_module_lacks(name: str) -> None:
    """A name that went away with an import would raise, which counts as no kill: the bug would survive."""
    for module, _, changed in texts(MUTANTS[name]):
        known = {*vars(module), *vars(builtins)}
        code = compile(changed, module.__name__, "exec", dont_inherit=True)
        assert [used for used in names_of_the_module(code) if used not in known] == []


def test_a_seeded_bug_is_hunted_in_the_scenario_that_it_names() -> None:
    named = structs.replace(MUTANTS["quorum_of_one"], scenario="endurance")
    found = explore(named, "portfolio", 1, SEED)
    assert found is not None
    _, config, outcome = found
    assert config.scenario == "endurance"
    assert shrunk(named, config, outcome).config.scenario == "endurance"
    assert all(mutant.scenario in SCENARIOS for mutant in MUTANTS.values())


@pytest.mark.parametrize("name", MUTANTS)
def test_a_seeded_bug_says_which_promises_it_breaks_by_itself(name: str) -> None:
    mutant = MUTANTS[name]
    known = {spec.name for spec in find(mutant.scenario).specs}
    assert mutant.breaks
    assert [promise for promise in mutant.breaks if promise not in known] == []
    assert all(mutant.counts(promise) for promise in mutant.breaks)


def test_the_document_names_every_seeded_bug_once_with_what_it_breaks_and_where_it_is_hunted() -> None:
    text = (Path(__file__).parents[2] / "docs" / "mutants.md").read_text(encoding="utf-8")
    table = text[text.index("| bug | breaks | hunted in |") :].split("\n\n", 1)[0].split("\n<!--", 1)[0]
    rows = [
        [re.findall(r"`([\w-]+)`", cell) for cell in row.split(" | ")[:3]] for row in table.splitlines()[2:]
    ]
    assert rows == [[[name], [*mutant.breaks], [mutant.scenario]] for name, mutant in KNOWN_BUGS.items()], (
        "`./run power --only-write --table docs/mutants.md --state FILE` writes it"
    )


def test_a_bug_that_no_hunt_has_killed_is_hunted_by_name_and_is_alive_afterwards(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["mutants", "split_at_an_end", "--schedules", "1", "--jobs", "1"]) == 1
    assert "SURVIVED" in capsys.readouterr().out


def test_an_exception_is_no_kill() -> None:
    assert not MUTANTS["quorum_of_one"].counts("handlers_never_raise")


def test_mutants_shows_what_happens_with_a_bug_in_its_directed_scenario(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["mutants", "old_ballot_led_again", "--directed"]) == 0
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert first.startswith("old_ballot_led_again in a_promise_comes_late: ")
    assert "      sa holds slots 1 to 1, leads ballot 1.sa.1" in lines
    assert last.startswith("one_leader_per_ballot: ")


def test_mutants_prints_one_object_per_bug(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["quorum_of_one", "drift_ignored"]
    status = main(["mutants", *names, "--schedules", "2", "--jobs", "1", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == names
    assert [row["how"] for row in rows] == ["explored", "directed"]
    fields = [
        "name",
        "killed",
        "how",
        "spec",
        "scenario",
        "strategy",
        "schedules",
        "seconds",
        "shrunk_events",
        "levers",
        "uncounted",
    ]
    assert [list(row) for row in rows] == [[*fields, "provenance"]] * 2
    assert status == 0


def test_an_interrupted_hunt_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, effort = tmp_path / "hunt.jsonl", ["--schedules", "2", "--jobs", "1", "--json"]

    def hunted(*names: str) -> list[tuple[str, float]]:
        assert main(["mutants", *names, *effort, "--state", str(state)]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [(row["name"], row["seconds"]) for row in rows]

    first = hunted("quorum_of_one")
    state.write_bytes(state.read_bytes() + b'{"subject":"an interru')
    both = hunted("quorum_of_one", "drift_ignored")
    assert both[0] == first[0], "it is not hunted again"
    assert hunted("drift_ignored", "quorum_of_one") == [both[1], both[0]]
    subjects = [json.loads(line)["subject"] for line in state.read_text().splitlines()]
    assert subjects == ["partition", "the directed scenarios", "quorum_of_one", "drift_ignored"]
    status = main(["mutants", "quorum_of_one", "--schedules", "3", "--state", str(state)])
    assert status == 2
    assert "and this is --strategy portfolio --schedules 3" in capsys.readouterr().err
