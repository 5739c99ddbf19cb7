"""A kind of node in a file of its own, and a line that registers it: its bug is found, shrunk, replayed and
traced.

So is a failure in the setup of such a scenario.
"""

from pathlib import Path
from types import ModuleType

import pytest
from msgspec import structs

from dynaproof import cli
from dynaproof.checkers import campaign
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.exploring import execute, record
from dynaproof.checkers.runs.run_file import RunFile, load, rerun, save
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.schedule import follow
from dynaproof.checkers.runs.shrink import smallest
from dynaproof.checkers.runs.trace import Step, trace
from dynaproof.checkers.scenarios import catalogue
from dynaproof.checkers.scenarios.catalogue import config_of, drawn, find
from dynaproof.checkers.strategies.catalogue import STRATEGIES
from dynaproof.checkers.user_file import imported

FILE = Path(__file__).resolve().parents[2] / "examples" / "protocols" / "tickets.py"
SEEDS = 40


@pytest.fixture
def tickets() -> ModuleType:
    return imported(FILE)


def first_failure(scenario: Scenario) -> tuple[object, RunResult]:
    for seed in range(SEEDS):
        config = drawn(scenario, seed, tuple(STRATEGIES)[seed % 4])
        result = execute(scenario, config)
        if result.failure is not None:
            return config, result
    raise AssertionError("no run fails")


def test_the_nodes_keep_their_promises_under_every_fault_that_they_can_have(tickets: ModuleType) -> None:
    fell: set[str] = set()
    for seed in range(2 * SEEDS):
        result = execute(tickets.TICKETS, drawn(tickets.TICKETS, seed, tuple(STRATEGIES)[seed % 4]))
        assert result.failure is None, (seed, result.failure)
        fell |= set(result.faults)
    assert {"crash", "crash in sync", "failed sync", "recount", "partition", "slow node"} <= fell
    assert "gray link" not in fell, "a counter has no peers"


def test_its_bug_is_found_shrunk_replayed_and_traced(tickets: ModuleType, tmp_path: Path) -> None:
    scenario = find(f"{FILE}:FORGETFUL")
    config, result = first_failure(scenario)
    assert result.failure is not None
    assert result.failure.spec == "no_ticket_is_handed_out_twice"
    small = smallest(scenario, config, result)
    assert small.result.failure is not None
    assert small.result.failure.step <= 20 < result.failure.step
    path = tmp_path / "run.json"
    save(path, small)
    kept = load(path, find)
    assert kept.config == small.config
    assert rerun(kept, find(kept.config.scenario)) == kept.result
    steps: list[Step] = []
    assert trace(kept, scenario, steps.append, wanted=1) == kept.result
    assert [step.number for step in steps] == list(range(1, small.result.failure.step + 1))
    assert set(steps[0].everyone) == {"counter", "person-b", "person-c"}
    assert {step.sentence for step in steps} & {one.sentence.format("counter") for one in scenario.faults}
    assert "gets Ticket (number " in steps[-1].sentence
    assert any(change.startswith("tickets: ") for change in steps[-1].changes())
    recorded = kept.recorded()
    assert recorded is not None
    assert follow(tickets.TICKETS, kept.config, recorded, lenient=True)[0].failure is None


def test_one_line_registers_it(tickets: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.SCENARIOS, "tickets", tickets.TICKETS)
    assert find("tickets") is tickets.TICKETS
    assert config_of("tickets", "portfolio", 1, 2).strategy == "pct"
    assert campaign.explore("tickets", schedules=8).state.totals.schedules == 8


def test_the_command_line_takes_the_file_and_its_processes_import_it_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["--schedules", "12", "--jobs", "2", "--json", "--out", str(tmp_path)]
    assert cli.main(["explore", f"{FILE}:FORGETFUL", *arguments]) == 1
    (run,) = list(tmp_path.glob("*.json"))[:1]
    capsys.readouterr()
    assert cli.main(["replay", str(run)]) == 1
    told = capsys.readouterr().out
    assert "the same run" in told
    assert "promised: No ticket is handed out twice." in told
    assert cli.main(["trace", str(run), "--step", "2", "--node", "counter"]) == 0
    assert "given" in capsys.readouterr().out
    assert cli.main(["trace", str(run), "--node", "sa"]) == 2
    assert "person-b" in capsys.readouterr().err


def test_a_file_that_is_of_no_use_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import json\n\nSCENARIO = json.nothing\n", encoding="utf-8")
    for name, said in (
        (f"{wrong}:SCENARIO", f"{wrong}, line 3: AttributeError: "),
        (f"{FILE}:NOTHING", "has no NOTHING"),
        ("nowhere.py:TICKETS", "nowhere.py: there is no such file"),
        (f"{FILE}:WANTED", "is a int, and a scenario is a Scenario"),
    ):
        assert cli.main(["explore", name, "--schedules", "1"]) == 2
        assert said in capsys.readouterr().err


def setup_that_fails(tickets: ModuleType) -> Scenario:
    """The people get some tickets before the run begins; the counter raises on the third question."""

    class Raising(tickets.Counter):  # type: ignore[misc, name-defined]
        def on_message(self, sender: object, message: object) -> None:
            super().on_message(sender, message)
            if self.given == 3:
                raise ValueError("three is too many")

    def ready(run: object) -> bool:
        return all(person.node.tickets for person in run.places_of("person"))  # type: ignore[attr-defined]

    kinds = (structs.replace(tickets.COUNTERS, make=lambda env, _config: Raising(env)), tickets.PERSONS)
    return structs.replace(tickets.TICKETS, kinds=kinds, ready=ready)


def test_a_failure_in_the_setup_is_shrunk_replayed_and_traced(tickets: ModuleType, tmp_path: Path) -> None:
    scenario = setup_that_fails(tickets)
    config, result = next(
        (config, result)
        for config in (drawn(scenario, seed, "timed") for seed in range(SEEDS))
        for result in [execute(scenario, config)]
        if result.failure is not None and result.failure.in_setup
    )
    assert result.failure is not None
    assert result.failure.spec == "handlers_never_raise"
    again, recorded = record(scenario, config)
    assert again == result
    assert len(recorded.events) == result.failure.step > 0
    assert follow(scenario, config, recorded, in_setup=True) == (result, recorded)
    small = smallest(scenario, config, result)
    assert small.result.failure is not None
    assert small.result.failure.in_setup
    assert small.result.failure.step <= result.failure.step
    assert small.schedule is not None
    save(tmp_path / "run.json", small)
    kept: RunFile = load(tmp_path / "run.json", lambda _name: scenario)
    assert kept.in_setup
    assert rerun(kept, scenario) == small.result
    steps: list[Step] = []
    assert trace(kept, scenario, steps.append) == small.result
    assert [step.number for step in steps] == list(range(1, small.result.failure.step + 1))
    assert steps[-1].sentence.startswith("counter gets Ask (number ")
