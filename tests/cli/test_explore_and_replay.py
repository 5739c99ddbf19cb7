"""`explore`, `replay`, `shrink`, `trace` and the lists: what they print, refuse, write and return."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynaproof import cli
from dynaproof.checkers import campaign
from dynaproof.checkers.campaign import exploring, schedules, state
from dynaproof.checkers.campaign.levers import LEVERS
from dynaproof.checkers.runs.run_file import RUN_FORMAT, load, save
from dynaproof.checkers.scenarios.catalogue import SCENARIOS, find
from dynaproof.checkers.scenarios.partition import FAULTS
from dynaproof.specs.sometimes import SOMETIMES

MAIN = "import sys; from dynaproof.cli import main; sys.exit(main())"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "runs" / "ignores_accepted.json"

SHORT = "93"
"""A seed whose first schedules have few clients and end soon."""

SUMMARY = [
    "scenario", "strategy", "seed", "schedules", "events", "seconds", "events_per_second",
    "simulated_seconds", "faults", "sometimes", "seen_in_schedules", "levers",
    "keys", "keys_not_judged_to_the_end", "failures", "digest", "provenance",
]  # fmt: skip
FAILURE = {
    "spec", "run", "schedule", "step", "shrunk_events", "minimal", "unsaved", "contents", "replay",
}  # fmt: skip


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def broken() -> Iterator[None]:
    """Explores the system with a seeded bug."""
    from dynaproof.checkers.mutation.catalogue import MUTANTS
    from dynaproof.checkers.patches import seeded

    with seeded(MUTANTS["ignores_accepted"]):
        yield


def test_explore_prints_one_object_with_the_keys_that_are_promised(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["explore", "--schedules", "4", "--seed", SHORT, "--json", "--out", str(tmp_path)]) == 0
    (found,) = objects(capsys)
    assert list(found) == SUMMARY
    assert (found["scenario"], found["strategy"], found["seed"], found["schedules"]) == (
        "partition", "portfolio", int(SHORT), 4,
    )  # fmt: skip
    assert set(found["faults"]) >= {kind.name for kind in FAULTS}  # type: ignore[call-overload]
    assert list(found["sometimes"]) == list(SOMETIMES)  # type: ignore[call-overload]
    assert list(found["seen_in_schedules"]) == list(SOMETIMES)  # type: ignore[call-overload]
    assert list(found["levers"]) == [lever.name for lever in LEVERS]  # type: ignore[call-overload]
    assert found["failures"] == []
    assert found["provenance"]["configuration"] is not None  # type: ignore[index]
    assert list(tmp_path.iterdir()) == [], "a clean campaign leaves nothing behind"


def test_explore_shrinks_writes_and_reports_a_failure_that_replays(
    broken: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["explore", "--schedules", "2", "--seed", SHORT, "--out", str(tmp_path)]
    assert cli.main([*arguments, "--json"]) == 1
    (found,) = objects(capsys)
    failures = found["failures"]
    assert isinstance(failures, list)
    assert failures
    assert set(failures[0]) == FAILURE
    run = load(Path(failures[0]["run"]), find)
    assert run.result.failure is not None
    assert run.result.failure.step == failures[0]["shrunk_events"] <= failures[0]["step"]
    assert failures[0]["replay"] == f"./run replay {failures[0]['run']}"
    assert cli.main(arguments) == 1
    told = capsys.readouterr().out
    assert "promised: At most one value is chosen per slot." in told
    assert "the last steps" in told
    assert f"replay it: {failures[0]['replay']}" in told


def test_replay_of_an_example_is_the_same_run_and_shows_its_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["replay", str(EXAMPLE)]) == 1
    told = capsys.readouterr().out
    assert "the same run" in told
    assert "FAILED chosen_entries_agree at step" in told
    assert cli.main(["replay", str(EXAMPLE), "--json"]) == 1
    (found,) = objects(capsys)
    assert found["same"] is True
    assert cli.main(["replay", str(EXAMPLE), "--until", "4", "--json"]) == 0
    (found,) = objects(capsys)
    assert (found["until"], found["failure"]) == (4, None)
    assert len(found["last"]) == 4  # type: ignore[arg-type]


def test_replay_of_a_run_that_is_not_possible_any_more_names_the_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import msgspec

    run = load(EXAMPLE, find)
    assert run.schedule is not None
    events = (*run.schedule.events[:3], "deliver Vote sa>sb 4711", *run.schedule.events[4:])
    path = tmp_path / "run.json"
    schedule = msgspec.structs.replace(run.schedule, events=events)
    save(path, msgspec.structs.replace(run, schedule=schedule))
    assert cli.main(["replay", str(path)]) == 1
    assert "DIVERGED at step 4: deliver Vote sa>sb 4711 was recorded" in capsys.readouterr().out
    assert cli.main(["replay", str(path), "--json"]) == 1
    assert objects(capsys)[0]["diverged"]["step"] == 4  # type: ignore[index]


EXAMPLES = {
    "campaign_not_journalled": "promises_never_go_back",
    "ignores_accepted": "chosen_entries_agree",
    "lease_not_granted": "one_lease_holder",
    "listed_before_chosen": "listed_configs_were_chosen",
}
"""The runs of seeded bugs in `examples/runs`, and what each breaks."""


@pytest.mark.parametrize("file", sorted(EXAMPLE.parent.iterdir()), ids=lambda file: file.stem)
def test_every_example_of_a_run_comes_out_as_its_file_says(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", str(file), "--json"]) == 1
    (found,) = objects(capsys)
    assert found["same"]
    assert found["failure"]["spec"] == EXAMPLES[file.stem]  # type: ignore[index]


def test_shrink_writes_a_run_that_is_no_longer_and_replays(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "small.json"
    assert cli.main(["shrink", str(EXAMPLE), "--out", str(out), "--json"]) == 0
    (found,) = objects(capsys)
    assert found["shrunk_events"] <= found["events"]  # type: ignore[operator]
    assert found["minimal"] is True
    assert [path.name for path in out.parent.iterdir()] == ["small.json"]
    assert cli.main(["replay", str(out)]) == 1
    assert "the same run" in capsys.readouterr().out


def test_trace_shows_steps_and_one_step_with_all_that_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trace", str(EXAMPLE), "--last", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[-1].startswith("chosen_entries_agree: ")
    assert cli.main(["trace", str(EXAMPLE), "--step", "1"]) == 0
    told = capsys.readouterr().out
    assert "changed" in told
    assert all(f"{name} knew" in told for name in ("sa", "sb", "sc"))
    assert cli.main(["trace", str(EXAMPLE), "--step", "1", "--node", "sb", "--json"]) == 0
    (found,) = objects(capsys)
    assert list(found["known"]) == ["sb"]  # type: ignore[call-overload]
    assert cli.main(["trace", str(EXAMPLE), "--last", "3", "--json"]) == 0
    rows = objects(capsys)
    assert len(rows) == 3
    assert all(row["provenance"] == found["provenance"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["explore", "partitoin"], "there is no scenario 'partitoin'", "did you mean partition or"),
        (["explore", "--strategy", "psc"], "there is no strategy 'psc'", "did you mean pos or pct?"),
        (["explore", "--jobs", "0"], "--jobs is 0; it takes a number above 0", ""),
        (["explore", "--seconds", "-1"], "--seconds is -1.0; it takes a number above 0", ""),
        (["explore", "--seconds", "nan"], "--seconds is nan; it takes a number above 0", ""),
        (
            ["explore", "--schedules", "1", "--seconds", "1"],
            "--schedules and --seconds cannot be combined",
            "",
        ),
        (["explore", "--resume", "--refine", "multi_paxos"], "--resume and --refine cannot be combined", ""),
        (["explore", "--refine", "multi_paxos", "--out", "a"], "--refine of one of our models keeps no", ""),
        (["explore", "--coverage", "multi_paxos", "--out", "a"], "--coverage of one of our models keeps", ""),
        (["explore", "--picture", "a.svg"], "--picture needs --coverage", ""),
        (["explore", "--out", str(EXAMPLE)], "is not a folder", ""),
        (["explore", "--coverage", "multi_paxos", "--picture", "a.png"], "the name must end in .svg", ""),
        (["mutants", "--out", str(EXAMPLE)], "is not a folder", ""),
        (["mutants", "--diff", "--directed"], "--diff and --directed cannot be combined", "give one of them"),
        (["trace", str(EXAMPLE), "--last", "0"], "--last is 0; it takes a number above 0", ""),
        (["shrink", str(EXAMPLE), "--out", "."], "that is a folder", ""),
        (["checker-mutants", "--at-most", "0"], "--at-most is 0; it takes a number above 0", ""),
        (["model", "--bug", "all"], "which model?", "name one of"),
        (["model", "paxos", "--induction", "--bmc", "1"], "--induction and --bmc cannot be combined", ""),
        (
            ["model", "paxos", "--induction", "--symmetry"],
            "--induction explores no states, so --symmetry",
            "",
        ),
        (["model", "paxos", "--bmc", "0", "--max-seconds", "9"], "--bmc explores no states, so --max-s", ""),
        (["model", "paxos", "--bmc", "3", "--threads", "2"], "--bmc explores no states, so --threads", ""),
        (["check", "h", "--budget-mb", "nan"], "--budget-mb is nan; it takes a number above 0", ""),
        (["check", "h", "--promise", "eventual", "--budget-seconds", "1"], "--promise goes with", ""),
        (["fuzz", "--count", "0"], "--count is 0; it takes a number above 0", ""),
        (["fuzz", "--first", "-1"], "--first is -1; histories are counted from 0", ""),
        (["check", "h", "--html", "no folder/x.html"], "there is no folder no folder", ""),
        (["explore", "--resume", "--out", "nowhere"], "there is no interrupted campaign", "without --resume"),
        (["replay", "nowhere.json"], "nowhere.json: no such file or directory", ""),
        (["trace", str(EXAMPLE), "--step", "100000"], "there is no step 100000", ""),
        (["trace", str(EXAMPLE), "--node", "sz"], "there is no node 'sz'", ""),
        (["replay", str(EXAMPLE), "--until", "0"], "--until is 0; steps are counted from 1", ""),
    ],
)
def test_bad_input_is_said_with_what_to_do(
    arguments: list[str],
    message: str,
    hint: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert hint in told.err
    assert list(tmp_path.iterdir()) == []


def test_a_run_file_that_cannot_be_used_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    whole, path = EXAMPLE.read_bytes(), tmp_path / "run.json"
    strange = {"kind": "xcrash", "step": 1, "target": 0, "steps": 1, "amount": 1}
    cases = [
        (whole[: len(whole) // 2], "truncated"),
        (b"\xff\xfe", "truncated"),
        (whole.replace(b'"format": %d' % RUN_FORMAT, b'"format": 99'), "format 99, this version reads"),
        (whole.replace(b'"timer_weight": ', b'"timer_weight": 1'), "its configuration is not the one"),
        (
            whole.replace(b'"scenario": "partition"', b'"scenario": "merge"'),
            "no scenario is named 'merge'",
        ),
        (
            whole.replace(b'"seed": ', b'"seed": "x", "other": '),
            "Expected `int`, got `str` - at `$.config.seed`",
        ),
        (whole.replace(b'"schedule": ', b'"shedule": '), "unknown field `shedule`"),
        (whole.replace(b'"strategy": "', b'"strategy": "x'), "at `$.config.strategy`"),
        (
            whole.replace(b'"faults": []', b'"faults": [%s]' % json.dumps(strange).encode()),
            "there is no fault 'xcrash' - at `$.config.faults[0].kind`",
        ),
        (b"[1, 2]", "not a run file (Expected `object`, got `array`"),
        (whole.replace(b'"events": [', b'"events": ["deliver it",'), "at `$.schedule.events[0]`"),
        (whole.replace(b'"events": [', b'"events": ["deliver Vote sa>sb x",'), "at `$.schedule.events[0]`"),
        (whole.replace(b'"choices": {', b'"choices": {"drop": 1,'), "at `$.schedule.choices`"),
    ]
    for data, message in cases:
        path.write_bytes(data)
        assert cli.main(["replay", str(path)]) == 2, message
        assert message in capsys.readouterr().err


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    shutil.copy(EXAMPLE, path)
    run = load(path, find)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(path, run)
    assert path.read_bytes() == EXAMPLE.read_bytes()
    assert [left.name for left in tmp_path.iterdir()] == ["run.json"]


def test_an_interrupted_campaign_reports_and_goes_on_to_the_same_digest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["explore", "--schedules", "5", "--seed", SHORT, "--json", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    whole = objects(capsys)[0]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        assert cli.main(arguments) == 130
    found = objects(capsys)[0]
    assert (found["schedules"], found["failures"]) == (3, [])
    assert cli.main([*arguments, "--resume"]) == 0
    resumed = objects(capsys)[0]
    for key in ("schedules", "events", "faults", "sometimes", "digest"):
        assert resumed[key] == whole[key]
    assert list(tmp_path.iterdir()) == []


def interrupt_at(monkeypatch: pytest.MonkeyPatch, schedule: int) -> None:
    """Campaigns hear Ctrl-C when they come to this schedule."""
    run_one = schedules.run_one

    def interrupted(scenario: str, strategy: str, base: int, number: int) -> object:
        if number == schedule:
            raise KeyboardInterrupt
        return run_one(scenario, strategy, base, number)

    monkeypatch.setattr(schedules, "run_one", interrupted)


def test_an_interrupted_campaign_outlives_others_of_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["explore", "--seed", SHORT, "--json", "--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)
        assert cli.main([*arguments, "--schedules", "3"]) == 130
    (kept,) = tmp_path.iterdir()
    content = kept.read_bytes()
    capsys.readouterr()
    assert cli.main([*arguments, "--schedules", "1"]) == 0
    assert f"{kept} keeps an interrupted campaign of the same name" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1)
        assert cli.main([*arguments, "--schedules", "3"]) == 130
    assert "it is not kept" in capsys.readouterr().err
    assert kept.read_bytes() == content
    assert cli.main([*arguments, "--schedules", "3", "--resume"]) == 0
    assert objects(capsys)[0]["schedules"] == 3
    assert list(tmp_path.iterdir()) == []


def test_a_failure_that_is_interrupted_while_it_is_shrunk_is_found_again(
    broken: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object) -> object:
        raise KeyboardInterrupt

    settings = {"seed": int(SHORT), "schedules": 2, "folder": tmp_path}
    with monkeypatch.context() as patch:
        patch.setattr(exploring, "smallest", interrupted)
        first = campaign.explore("partition", **settings)  # type: ignore[arg-type]
    assert (first.ended, first.state.failures) == ("interrupted", [])
    second = campaign.explore("partition", **settings, resume=True)  # type: ignore[arg-type]
    assert second.state.failures[0].schedule == first.state.totals.schedules


def test_a_campaign_says_that_it_stopped_after_its_failures(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from msgspec import structs

    from dynaproof.checkers.runs.config import Failure
    from dynaproof.checkers.scenarios.catalogue import execute

    broken = Failure(campaign.REPRODUCIBLE, "made to fail", 7)
    monkeypatch.setattr(schedules, "execute", lambda one: structs.replace(execute(one), failure=broken))
    arguments = ["explore", "--schedules", "20", "--strategy", "timed", "--out", str(tmp_path), "--json"]
    assert cli.main(arguments) == 1
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert (found["schedules"], len(found["failures"])) == (5, 5)
    assert "stopped after 5 failures, 5 schedules" in told.err


def test_explore_the_function_does_what_the_command_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["explore", "--schedules", "4", "--seed", SHORT, "--json", "--out", str(tmp_path)]) == 0
    told = objects(capsys)[0]
    found = campaign.explore("partition", seed=int(SHORT), schedules=4, jobs=2)
    assert (found.ended, found.kept, found.other) == ("limit", None, None)
    totals = found.state.totals
    assert (totals.schedules, totals.events, totals.digest()) == (4, told["events"], told["digest"])


def test_a_campaign_of_another_version_is_not_resumed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    begun = state.begun("partition", "portfolio", 2, "dynaproof 0.0.1")
    assert state.StateFile(tmp_path, begun).save(begun)
    assert cli.main(["explore", "--seed", "2", "--resume", "--out", str(tmp_path)]) == 2
    assert "begun by dynaproof 0.0.1" in capsys.readouterr().err


# Where the tests run in the background the shell has told their children to ignore the signal.
COUNTED = """
import signal, sys
from dynaproof.checkers.campaign.schedules import Totals

signal.signal(signal.SIGINT, signal.default_int_handler)
add = Totals.add

def counted(totals, outcome):
    add(totals, outcome)
    if totals.schedules == 1:
        print("a run is counted", file=sys.stderr, flush=True)

Totals.add = counted
"""


def test_ctrl_c_ends_a_campaign_of_two_processes_with_a_report(tmp_path: Path, root: Path) -> None:
    # A process that is interrupted ends the runs that it has, and those of the ring are short.
    command = [sys.executable, "-c", COUNTED + MAIN, "explore", "ring.py:RING", "--seconds", "60"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    running = subprocess.Popen(
        [*command, "--jobs", "2", "--json", "--out", str(tmp_path)],
        cwd=root / "examples" / "protocols",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert running.stderr is not None
    assert "a run is counted\n" in iter(running.stderr.readline, "")
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert json.loads(out)["failures"] == []
    assert "goes on" in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["campaign-ring.py-RING-portfolio-1.json"]


def test_a_run_that_comes_out_differently_the_second_time_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import msgspec

    from dynaproof.checkers.scenarios.catalogue import execute

    runs = 0

    def unsteady(config: object) -> object:
        nonlocal runs
        runs += 1
        outcome = execute(config)  # type: ignore[arg-type]
        return msgspec.structs.replace(outcome, events=outcome.events + runs)

    monkeypatch.setattr(schedules, "execute", unsteady)
    failure = schedules.run_one("partition", "portfolio", int(SHORT), 0).failure
    assert failure is not None
    assert failure.spec == campaign.REPRODUCIBLE
    assert schedules.run_one("partition", "portfolio", int(SHORT), 1).failure is None


@pytest.mark.parametrize("name", ["scenarios", "specs", "strategies"])
def test_lists_print_one_object_per_item(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--json"]) == 0
    rows = objects(capsys)
    assert rows
    assert all(row["name"] and row["sentence"] for row in rows)
    if name == "scenarios":
        assert [row["name"] for row in rows] == list(SCENARIOS)
    if name == "strategies":
        assert all(row["source"] for row in rows)
    if name == "specs":
        judged = {row["name"]: row["judged"] for row in rows}
        assert judged["chosen_entries_agree"] == judged["no_idle_elections"] == "runs"
        assert judged["one_owner_per_key"] == judged["every_partition_regains_its_voters"] == "runs"
        assert judged["restore_is_exact"] == judged["transactions_serializable"] == "models"
        assert judged["dead node that lives"] == "runs"
