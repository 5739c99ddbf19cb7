"""The pytest plugin, as a user's tests meet it: a pass, a failure, and that nobody else pays."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "protocols" / "tickets.py"

TESTS = """
from tickets import FORGETFUL, TICKETS


def test_tickets(explore):
    assert explore(TICKETS, schedules=4).state.totals.schedules == 4


def test_forgetful(explore):
    explore(FORGETFUL, schedules=60)
"""


@pytest.fixture
def own(pytester: pytest.Pytester) -> pytest.Pytester:
    """A user's folder with the example and tests of it."""
    pytester.path.joinpath("tickets.py").write_bytes(EXAMPLE.read_bytes())
    pytester.makepyfile(test_tickets=TESTS)
    return pytester


def test_a_promise_that_is_kept_passes_and_leaves_nothing(own: pytest.Pytester) -> None:
    own.runpytest_subprocess("-q", "-k", "test_tickets and not forgetful").assert_outcomes(
        passed=1, deselected=1
    )
    assert not (own.path / ".dynaproof").exists()


def test_a_broken_promise_is_told_with_its_steps_replayed_by_the_line_and_alone_the_last_failed(
    own: pytest.Pytester,
) -> None:
    told = own.runpytest_subprocess("-q")
    told.assert_outcomes(passed=1, failed=1)
    told.stdout.fnmatch_lines(
        [
            "no_ticket_is_handed_out_twice at step *",
            "  promised: No ticket is handed out twice.",
            "  found: ticket * was taken by person-* and by person-*",
            "the last steps",
            "* s  person-* gets Ticket (number *, ticket *",
            "replay it: dynaproof replay .dynaproof/test_tickets.test_forgetful/*.json",
        ]
    )
    assert "Traceback" not in told.stdout.str()
    assert "pytest_plugin.py" not in told.stdout.str()
    line = re.search(r"^replay it: (dynaproof replay \S+)$", told.stdout.str(), re.MULTILINE)
    assert line is not None
    _, *arguments = shlex.split(line[1])
    replayed = own.run(sys.executable, "-m", "dynaproof", *arguments)
    assert replayed.ret == 1
    replayed.stdout.fnmatch_lines(["the same run", "FAILED no_ticket_is_handed_out_twice at step *"])
    assert (own.path / ".dynaproof" / ".gitignore").read_text().endswith("*\n")
    again = own.runpytest_subprocess("-q", "--lf")
    again.assert_outcomes(failed=1)
    replay = re.compile(r"^replay it: .*$", re.MULTILINE)
    assert replay.findall(again.stdout.str()) == replay.findall(told.stdout.str())


def test_tests_spread_over_processes_tell_the_same(own: pytest.Pytester) -> None:
    told = own.runpytest_subprocess("-q", "-n", "2")
    told.assert_outcomes(passed=1, failed=1)
    told.stdout.fnmatch_lines(["replay it: dynaproof replay .dynaproof/test_tickets.test_forgetful/*.json"])


REFUSED = {
    "'nowhere.py:TICKETS'": "nowhere.py: there is no such file",
    "'tickets.py:WANTED'": "tickets.py:WANTED is a int, and a scenario is a Scenario (tickets.py has *",
    "'tickits'": "no scenario is named 'tickits' (there are *)",
    "TICKETS, schedules=0": "schedules is 0; it takes a number above 0",
    "TICKETS, strategies='psc'": "there is no strategy 'psc'; did you mean pos or pct?",
    "TICKETS.kinds": "explore takes a Scenario or FILE.py:NAME, not a tuple; *",
}


def test_a_scenario_that_cannot_be_explored_is_one_sentence(own: pytest.Pytester) -> None:
    tests = [f"def test_{at}(explore):\n    explore({asked})\n" for at, asked in enumerate(REFUSED)]
    own.makepyfile(test_wrong="\n".join(["from tickets import TICKETS\n", *tests]))
    told = own.runpytest_subprocess("-q", "test_wrong.py")
    told.assert_outcomes(failed=len(REFUSED))
    headers = [*(f"*_ test_{at} _*" for at in range(len(REFUSED))), "*= short test summary info =*"]
    for header, sentence, following in zip(headers, REFUSED.values(), headers[1:], strict=False):
        told.stdout.fnmatch_lines([header, sentence, following], consecutive=True)


def test_who_does_not_explore_loads_the_plugin_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_ours_is_loaded():
            ours = {name for name in sys.modules if name.partition(".")[0] == "dynaproof"}
            assert ours == {"dynaproof", "dynaproof.pytest_plugin"}
            assert not {"numba", "numpy", "z3", "msgspec", "rich", "cyclopts"} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_the_fixture_is_listed_with_what_it_does(pytester: pytest.Pytester) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "--fixtures", "-q"],
        cwd=pytester.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Explore a scenario: `explore(SCENARIO, schedules=200, seed=1)`" in told.stdout


def test_pytest_rewrites_no_assertion_of_dynaproof():
    """Else what runs is not what the files say, and no program of a model would be kept."""
    from importlib.machinery import SourceFileLoader

    from dynaproof.impl.paxos import log

    assert isinstance(log.__spec__.loader, SourceFileLoader)
