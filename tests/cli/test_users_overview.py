"""`trace RUN --step N` prints the tables that a user's scenario brings."""

import json
from pathlib import Path

import pytest

from dynaproof import cli

USERS = """
from dynaproof import Kind, Message, Node, NodeId, Overview, Scenario, Timer


class Tick(Timer):
    pass


class Hello(Message):
    pass


class Talker(Node):
    heard = 0

    def on_start(self) -> None:
        self.env.set_timer(1_000, Tick())

    def on_tick(self, timer: Tick) -> None:
        self.send("b" if self.name == "a" else "a", Hello())
        self.env.set_timer(1_000, Tick())

    def on_hello(self, sender: NodeId, message: Hello) -> None:
        self.heard += 1
        assert self.heard < 3, "it talks"


def talkers(run):
    rows = tuple((place.name, place.up, place.node.heard) for place in run.places_of("Talker"))
    return [Overview("talkers", ("node", "up", "times_heard"), rows)]


TALK = Scenario(
    name="talk",
    sentence="two nodes talk",
    kinds=(Kind(node=Talker, names=("a", "b")),),
    most_faults=0,
    overview=talkers,
)
"""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def failing_run(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The file of a failing run of a user's scenario; what explores asks for no overview."""
    Path("talk.py").write_text(text)
    arguments = ["explore", "talk.py:TALK", "--schedules", "1", "--strategy", "timed", "--out", "runs"]
    assert cli.main([*arguments, "--json"]) == 1
    (failure,) = json.loads(capsys.readouterr().out)["failures"]
    run: str = failure["run"]
    return run


def test_trace_prints_the_table_that_a_users_scenario_brings(capsys: pytest.CaptureFixture[str]) -> None:
    run = failing_run(USERS, capsys)
    assert cli.main(["trace", run, "--step", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("talkers")
    assert lines[at + 1].split() == ["node", "up", "times", "heard"]
    assert [line.split()[:2] for line in lines[at + 2 : at + 4]] == [["a", "yes"], ["b", "yes"]]
    assert cli.main(["trace", run, "--step", "1", "--json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)["overview"].values()
    assert table == [{"node": name, "up": True, "times_heard": 0} for name in ("a", "b")]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("place.node.heard)", "place.node.spoken)", "no attribute 'spoken' (talk.py, line"),
        (', "times_heard")', ")", "a row of the overview talkers has 3 cells for 2 columns"),
        ("return [Overview", "return rows or [Overview", "which is no Overview"),
    ],
)
def test_an_overview_that_cannot_be_made_is_told_in_a_sentence(
    right: str, wrong: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert right in USERS
    run = failing_run(USERS.replace(right, wrong), capsys)
    assert cli.main(["trace", run, "--step", "1"]) == 2
    told = capsys.readouterr()
    assert (told.out, "the overview of talk" in told.err) == ("", True)
    assert said in told.err
    assert cli.main(["trace", run, "--last", "3"]) == 0
