"""`load`: what it prints, writes, refuses and returns, for our scenarios and for a user's own."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import dynaproof
from dynaproof import cli
from dynaproof.commands import load as command
from dynaproof.errors import UserError

MAIN = "import sys; from dynaproof.cli import main; sys.exit(main())"
CLERK = Path(__file__).resolve().parents[1] / "examples" / "clerk.py"
SHOP, STRICT, CLOSED = (f"{CLERK}:{name}" for name in ("SHOP", "STRICT", "CLOSED"))
ABD = Path(__file__).resolve().parents[2] / "examples" / "protocols" / "abd.py"
SHORT = ("--seconds", "0.3", "--warm-up", "0.1")

SUMMARY = [
    "scenario", "arrivals", "seed", "seconds", "warm_up_seconds", "keys", "item_bytes", "reads_percent",
    "most_sessions", "mean_round_trip_us", "most_round_trips", "rows", "saturation", "ended", "provenance",
]  # fmt: skip


def test_load_of_our_group_prints_one_object_whose_counts_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["load", "partition", "--rate", "400,200", "--reads", "25", "--json", *SHORT]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == SUMMARY
    assert (found["scenario"], found["seconds"], found["reads_percent"]) == ("partition", 0.3, 25)
    assert [row["rate"] for row in found["rows"]] == [200, 400]
    for row in found["rows"]:
        assert row["due"] == row["answered"] + row["refused"] + row["unanswered"] > 0
        assert row["unanswered"] == row["refused"] == 0
        assert row["latency"]["p50_us"] <= row["latency"]["p99_us"] <= row["latency"]["max_us"]
        assert row["latency"]["max_us"] <= 8 * found["mean_round_trip_us"]
        assert row["writes"]["p50_us"] > row["reads"]["p50_us"]  # A read under a lease waits for nobody.
        assert row["messages_per_write"] > 4
        assert row["syncs_per_write"] > 2
        assert row["bytes_per_byte_put"] > 3  # Three replicas write it.
    assert found["saturation"] == {"sustained": 400, "saturated": None}


@pytest.mark.parametrize("scenario", ["busy", "large-items", "copy-under-load", "slow-reader"])
def test_every_kind_of_our_scenarios_can_be_loaded(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["load", scenario, "--rate", "100", *SHORT]) == 0
    assert "not saturated at 100 requests/s" in capsys.readouterr().out


def test_a_users_own_protocol_is_loaded_and_what_its_clients_see_is_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["load", f"{ABD}:ABD", "--rate", "300", "--reads", "50", *SHORT]
    assert cli.main([*arguments, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["answered"] == row["due"] > 50
    assert row["messages_per_request"] > 11  # Two rounds to three servers, and the answers.
    assert row["bytes_per_byte_put"] is None, "values of this register have no size"
    assert dynaproof.load(f"{ABD}:ABD", 300, reads=50, seconds=0.3, warm_up=0.1).rows[0].answered > 50


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    arguments = ["load", SHOP, "--rate", "200", "--rate", "300", "--reads", "30", "--json", *SHORT]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", MAIN, *arguments],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            check=True,
        ).stdout
        for hashes in ("1", "2")
    ]
    assert outputs[0] == outputs[1] != b""


def test_the_picture_has_a_point_for_every_rate_and_percentile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "curve.svg"
    assert cli.main(["load", SHOP, "--rate", "100,400,1600", "--plot", str(plot), *SHORT]) == 0
    root = ElementTree.fromstring(plot.read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f".//{space}circle")) == 3 * 5 + 3
    texts = [text.text for text in root.iter(f"{space}text")]
    assert {"p50", "p90", "p99", "p99.9", "max", "answered", "offered"} <= set(texts)
    assert "clerk.py:SHOP: latency from when due (ms)" in texts
    size = [float(number) for number in root.attrib["viewBox"].split()]
    for circle in root.iter(f"{space}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= size[2]
        assert 0 <= float(circle.attrib["cy"]) <= size[3]


def test_the_saturation_point_is_said_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["load", SHOP, "--rate", "700", "--until-saturated", "--arrivals", "even", *SHORT]) == 0
    told = capsys.readouterr()
    (line,) = [line for line in told.out.splitlines() if line.startswith("keeps up with ")]
    sustained = int(line.split()[3].replace(",", ""))
    assert 900 <= sustained <= 1_100, line
    assert "p99.9" in told.out
    assert "messages/write" in told.out
    assert f"{sustained:,} requests/s" in told.err, "each rate is said when it is measured"


@pytest.mark.parametrize("more", [[], ["--until-saturated"]])
def test_a_rate_at_which_nothing_was_due_is_no_rate_that_is_kept_up_with(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["load", SHOP, "--rate", "1", "--seconds", "0.0001", *more]
    assert cli.main(arguments) == 3
    told = capsys.readouterr()
    assert "nothing was measured at the rate of 1: no request was due in this time" in told.out
    assert "keeps up" not in told.out + told.err
    assert "not saturated" not in told.out
    assert cli.main([*arguments, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["saturation"] == {"sustained": None, "saturated": None}


def test_a_broken_promise_is_told_with_the_line_that_runs_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["load", STRICT, "--rate", "200,2000,100", *SHORT]) == 1
    told = capsys.readouterr().out
    assert "FAILED few_wait at step " in told
    assert "40 customers wait" in told
    (line,) = [line for line in told.splitlines() if line.startswith("run it again: ")]
    arguments = shlex.split(line.removeprefix("run it again: "))[1:]
    assert cli.main(arguments) == 1
    again = capsys.readouterr().out
    failed = [line for line in told.splitlines() if line.startswith("FAILED ")]
    assert failed[0] in again.splitlines()
    assert cli.main(["load", STRICT, "--rate", "200", *SHORT]) == 0, "what settles is not judged under load"


def test_an_interrupted_load_reports_the_rates_that_were_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begins(self: command.Progress, rate: int) -> None:
        if rate == 300:
            raise KeyboardInterrupt

    monkeypatch.setattr(command.Progress, "begins", begins)
    assert cli.main(["load", SHOP, "--rate", "200,300,400", "--json", *SHORT]) == 130
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert [row["rate"] for row in found["rows"]] == [200]
    assert found["ended"] == "interrupted"
    assert "interrupted after 1 rate" in told.err


BAD = {
    "--rate is 0;": [SHOP, "--rate", "0"],
    "--rate is -5;": [SHOP, "--rate=-5"],
    "--rate is 2000000;": [SHOP, "--rate", "2000000"],
    "--rate is 'many';": [SHOP, "--rate", "many"],
    "--rate is '';": [SHOP, "--rate", "100,"],
    "--rate is '1.5';": [SHOP, "--rate", "1.5"],
    "--seconds is nan;": [SHOP, "--seconds", "nan"],
    "--seconds is 0.0;": [SHOP, "--seconds", "0"],
    "--seconds is 1e-09;": [SHOP, "--seconds", "1e-9"],
    "--warm-up is -1.0;": [SHOP, "--warm-up=-1"],
    "--warm-up is inf;": [SHOP, "--warm-up", "inf"],
    "--reads is 101;": [SHOP, "--reads", "101"],
    "--keys is 0;": [SHOP, "--keys", "0"],
    "--item-bytes is -3;": [SHOP, "--item-bytes=-3"],
    "--sessions is 0;": [SHOP, "--sessions", "0"],
    "--most-round-trips is 0;": [SHOP, "--most-round-trips", "0"],
    "--plot curve.txt: the name must end in .svg": [SHOP, "--plot", "curve.txt"],
    "there is no scenario 'partitoin'": ["partitoin"],
    "there is no such file": ["nowhere.py:SHOP"],
    "CLOSED offers no requests to issue": [CLOSED],
    "has no NOTHING": [f"{CLERK}:NOTHING"],
    "drawn": [SHOP, "--arrivals", "drawn"],
}


@pytest.mark.parametrize(("told", "arguments"), BAD.items(), ids=BAD)
def test_bad_input_is_one_sentence(
    told: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["load", *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert len([line for line in error.splitlines() if "hint:" not in line]) == 1


SESSIONS = {
    "Mute has no handler for Due": "Requests(sessions=Kind(node=Mute, names=('mute',)))",
    "it must be a Kind": "Requests(sessions=Mute)",
    "it is a tuple of names, ('Mute',)": "Requests(sessions=KIND, instead_of='Mute')",
    "no kind 'Other' to leave out under load; it has Mute": "Requests(sessions=KIND, instead_of=('Other',))",
    "a tuple of whole microseconds above 0": "Requests(sessions=KIND, latencies=(0.5,))",
    "which is no Requests": "Mute",
}


@pytest.mark.parametrize(("told", "requests"), SESSIONS.items(), ids=SESSIONS)
def test_requests_that_cannot_be_issued_are_refused_with_a_reason(
    told: str, requests: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mute.py"
    file.write_text(f"""\
from dynaproof import Due, Kind, Node, Requests, Scenario

class Mute(Node):
    pass

class Asks(Node):
    def on_due(self, due: Due) -> None:
        self.due = due

KIND = Kind(node=Asks, names=("asks",))
MUTE = Scenario(name="mute", sentence="m", kinds=(Kind(node=Mute, names=("m",)),), requests={requests})
""")
    assert cli.main(["load", f"{file}:MUTE"]) == 2
    assert told in capsys.readouterr().err


def test_sessions_that_never_end_a_request_leave_all_unanswered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deaf.py"
    file.write_text("""\
from dynaproof import Due, Kind, Node, Requests, Scenario

class Deaf(Node):
    def on_due(self, due: Due) -> None:
        self.due = due

SESSIONS = Kind(node=Deaf, names=("deaf",))
DEAF = Scenario(name="deaf", sentence="d", kinds=(SESSIONS,), requests=Requests(sessions=SESSIONS))
""")
    arguments = ["load", f"{file}:DEAF", "--rate", "100", "--sessions", "5", "--json", *SHORT]
    assert cli.main(arguments) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["answered"], row["sessions"], row["saturated"]) == (0, 5, "throughput")
    assert row["due"] == row["unanswered"] > 10
    assert row["latency"] is None
    assert cli.main([*arguments[:-5], *SHORT, "--plot", str(tmp_path / "none.svg")]) == 0
    assert (tmp_path / "none.svg").exists()


def test_the_function_measures_what_the_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["load", SHOP, "--rate", "300", "--json", *SHORT]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    done = dynaproof.load(SHOP, [300], seconds=0.3, warm_up=0.1)
    assert printed["rows"][0]["digest"] == done.rows[0].digest
    assert done.failure is None
    assert "300" in str(done)
    assert "<svg" in done._repr_html_()
    with pytest.raises(UserError, match=r"^rates is 0; it takes whole numbers"):
        dynaproof.load(SHOP, 0)
    with pytest.raises(UserError, match=r"^load takes a Scenario or FILE\.py:NAME, not a int"):
        dynaproof.load(3)  # type: ignore[arg-type]
