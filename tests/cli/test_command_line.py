"""The command line: results on standard output, errors as one clear line, exit codes that mean one thing."""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys

import pytest

import dynaproof
from dynaproof import cli, console, exits
from dynaproof.errors import UserError, nearest_names, unknown_name
from dynaproof.provenance import provenance

MAIN = "import sys; from dynaproof.cli import main; sys.exit(main())"


def command_line(*arguments, **environment):
    """Run `dynaproof` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def failing(monkeypatch):
    """Makes the command `version` raise the given error."""

    def set_up(error):
        def version():
            raise error

        monkeypatch.setattr("dynaproof.commands.version.version", version)

    return set_up


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_command_of_the_table_exists_and_has_help(capsys, command):
    assert cli.main([command.name, "--help"]) == 0
    assert command.help.rstrip(".")[:40] in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_parameter_of_a_command_is_explained_on_a_line_of_its_own(command):
    module, name = command.target.split(":")
    function = getattr(importlib.import_module(module), name)
    explained = re.findall(r"^        (\w+): \S", function.__doc__, re.MULTILINE)
    assert sorted(explained) == sorted(inspect.signature(function).parameters)


IMPORTED_BY = """
import sys
from dynaproof.cli import main
main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
"""
ENGINES = {f"dynaproof.{room}" for room in ("model", "impl", "specs", "checkers")}
MACHINERY = {"hypothesis", "networkx", "numba", "numpy", "z3"}


def imported_by(*arguments):
    """The modules that a process has imported when this command line ends."""
    command = [sys.executable, "-c", IMPORTED_BY, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "dynaproof.cli" in modules
    return modules


def test_help_imports_no_engine():
    assert imported_by("--help") & (ENGINES | MACHINERY) == set()


def test_verification_of_a_certificate_imports_no_decider(tmp_path):
    history, order = tmp_path / "history.json", tmp_path / "order.json"
    history.write_text('{"process":0,"f":"write","key":"k","value":1,"call":0,"return":10}\n')
    assert cli.main(["check", str(history), "--certificate", str(order)]) == 0
    modules = imported_by("verify-certificate", str(history), str(order))
    assert "dynaproof.checkers.certificates" in modules
    deciders = {name for name in modules if name.startswith("dynaproof.checkers.linearizability")}
    assert deciders | (modules & {"numba", "llvmlite", "z3"}) == set()


def test_version_as_json_is_one_object_with_provenance(root):
    done = command_line("version", "--json")
    (line,) = done.stdout.splitlines()
    shown = json.loads(line)
    assert done.stderr == ""
    assert shown["version"] == dynaproof.__version__
    assert set(shown["provenance"]) == {
        "version",
        "commit",
        "modified",
        "python",
        "seed",
        "configuration",
        "machine",
    }
    assert (shown["provenance"]["commit"] is not None) == (root / ".git").exists()


@pytest.mark.parametrize(
    "arguments", [["versoin"], ["--nonsense"], ["version", "--nonsense"], ["version", "more"]]
)
def test_bad_arguments_are_one_line_and_a_hint_never_a_traceback(arguments):
    done = command_line(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    message, hint = done.stderr.splitlines()
    assert message.startswith("dynaproof: ")
    assert hint.startswith("dynaproof: hint: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["explore", "--schedules", "1.5"],
        ["capacity", "diurnal", "--seconds=60.5"],
        ["model", "--bmc", "-0.5"],
    ],
)
def test_a_number_with_a_fraction_is_never_rounded_to_a_whole_one(arguments, capsys):
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.endswith(".5; it takes a whole number\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["capacity", "--plot", "curve.svg"], "which scenario?"),
        (["capacity", "--demand", "mine.csv"], "which scenario?"),
        (["capacity", "--policy", "all", "--drained"], "which scenario?"),
        (["trace", "RUN", "--step", "3", "--last", "4"], "--step and --last cannot be combined"),
        (["replay", "RUN", "--until", "17"], "there is no step 17: the run has 16 after its setup"),
    ],
)
def test_an_option_is_obeyed_or_refused(arguments, told, root, capsys):
    run = str(root / "examples" / "runs" / "ignores_accepted.json")
    assert cli.main([run if one == "RUN" else one for one in arguments]) == 2
    assert told in capsys.readouterr().err


def test_bad_input_found_by_a_command_exits_with_2(failing, capsys):
    failing(UserError("the file is\ntruncated", "run it again"))
    assert cli.main(["version"]) == 2
    assert capsys.readouterr().err == "dynaproof: the file is truncated\ndynaproof: hint: run it again\n"


def test_a_file_that_cannot_be_read_is_named(failing, capsys):
    failing(FileNotFoundError(2, "No such file or directory", "a.run"))
    assert cli.main(["version"]) == 2
    assert capsys.readouterr().err == "dynaproof: a.run: no such file or directory\n"


def test_an_interruption_exits_with_130_and_says_so(failing, capsys):
    failing(KeyboardInterrupt())
    assert cli.main(["version"]) == 130
    assert capsys.readouterr().err == "dynaproof: interrupted\n"


def test_an_interruption_that_an_import_turned_into_another_error_is_one(failing, capsys):
    error = RuntimeError("Error calling __set_name__ on 'Field'")
    error.__cause__ = KeyboardInterrupt()
    failing(error)
    assert cli.main(["version"]) == 130
    assert capsys.readouterr().err == "dynaproof: interrupted\n"


@pytest.mark.parametrize(
    ("command", "status"), [("version >&-", 0), ("scenarios --json >&- 2>&- <&-", 0), ("nothing >&- 2>&-", 2)]
)
def test_a_closed_stream_swallows_what_is_written_to_it(command, status, tmp_path):
    shell = ["sh", "-c", f'exec "{sys.executable}" -m dynaproof {command}']
    done = subprocess.run(shell, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


@pytest.mark.parametrize("place", ["/dev/full", "a pipe"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("reach", "--state"),
        ("power --only-write", "--state"),
        ("mutants", "--state"),
        ("claims", "--results"),
    ],
)
def test_a_state_that_could_be_read_for_ever_is_refused(command, option, place, tmp_path, capsys):
    if place == "a pipe":
        place = str(tmp_path / "pipe")
        os.mkfifo(place)
    assert cli.main([*command.split(), option, place]) == 2
    assert capsys.readouterr().err.startswith(f"dynaproof: {option} {place}: that is not a plain file\n")


def test_a_bug_is_called_a_bug_and_shown_whole_only_on_demand(failing, capsys, monkeypatch):
    monkeypatch.delenv("DYNAPROOF_TRACEBACK", raising=False)
    failing(ZeroDivisionError("division by zero"))
    assert cli.main(["version"]) == 70
    assert "dynaproof: a bug in dynaproof: ZeroDivisionError: division by zero" in capsys.readouterr().err
    monkeypatch.setenv("DYNAPROOF_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["version"])


HELPS = [[command.name, "--help"] for command in cli.COMMANDS]


@pytest.mark.parametrize(
    "arguments", [["version", "--json"], ["version"], ["--help"], ["--version"], *HELPS], ids=" ".join
)
def test_a_reader_that_leaves_early_is_no_error_of_ours(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_error_that_nobody_reads_keeps_its_exit_status():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", MAIN, "versoin"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=writer, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stdout) == (2, "")


def test_exit_statuses_are_listed_in_every_help_and_in_the_readme(root, capsys):
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert list(exits.MEANINGS) == sorted(codes)
    assert exits.listed() in " ".join((root / "README.md").read_text("utf-8").split())
    for command in ([], *([command.name] for command in cli.COMMANDS)):
        assert cli.main([*command, "--help"]) == 0
        assert exits.listed() in " ".join(capsys.readouterr().out.split())


def test_nearest_names_come_best_first_and_do_not_mind_dashes():
    known = ["one_leader_per_ballot", "one_lease_holder", "logs_agree_up_to_commit"]
    assert nearest_names("One-Leader-per-balot", known)[0] == "one_leader_per_ballot"
    assert nearest_names("zzz", known) == []


def test_an_unknown_name_is_answered_with_what_there_is():
    assert str(unknown_name("strategy", "psc", ["pct", "pos"])) == "there is no strategy 'psc'"
    assert unknown_name("scenario", "partitoin", ["partition", "split"]).hint == "did you mean partition?"
    assert unknown_name("scenario", "zzz", ["partition", "split"]).hint == "known: partition, split"
    many = [f"name-{number:02}" for number in range(20)]
    assert unknown_name("mutant", "zzz", many).hint.endswith("name-11 and 8 more")
    assert unknown_name("scenario", "zzz", []).hint == "there is no scenario at all"


def test_each_emitted_object_is_one_line_in_its_own_order(capsys):
    console.emit({"b": 1, "a": "two\nlines"})
    console.emit(provenance(seed=7, configuration="abc"))
    first, second = capsys.readouterr().out.splitlines()
    assert first == '{"b":1,"a":"two\\nlines"}'
    assert (json.loads(second)["seed"], json.loads(second)["configuration"]) == (7, "abc")


def test_progress_is_silent_where_standard_error_is_no_terminal(capsys):
    with console.progress("exploring", total=2) as advance:
        advance(1, "1 schedule")
    assert capsys.readouterr().out == ""
