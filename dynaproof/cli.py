"""The command line: a table of commands and one boundary for errors.

`dynaproof.exits` has the exit codes. Bad input gives one line on standard error (and a hint), never a
traceback; `DYNAPROOF_TRACEBACK=1` shows where one of dynaproof's own errors comes from.

How to add a command:

1. Write it as a function in `dynaproof/commands/<family>.py`, with its parameters annotated. The first line
   of its docstring says what it does, a Google-style `Args:` section what each parameter means. It returns
   its exit code::

       def explore(scenario: str = "partition", /, *, seed: int = 0, json: Flag = False) -> int:

   `dynaproof.commands.Flag` is a switch without a `--no-` form; parameters before `/` are positional, those
   after `*` options.
2. Import engines inside the function, not at the top of the module: `--help` reads every signature of its
   family.
3. Add one row to `COMMANDS`: name, where it is, what it does in a line. Nothing is imported before the
   command runs.
4. Print results with `dynaproof.console` (`emit` under `--json`, else `show`), with
   `dynaproof.provenance` in each object that reports one. Raise `dynaproof.errors.UserError` for bad input,
   `unknown_name` for unknown names.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple, TextIO, get_args

from dynaproof import __version__, exits
from dynaproof.errors import UserError

if TYPE_CHECKING:
    import cyclopts

HELP_HINT = "dynaproof --help lists the commands, dynaproof COMMAND --help the options of one"

STREAMS = 3
"""Standard input, output and error have the first file descriptors."""


class Command(NamedTuple):
    """A row of the table: the command's name, `module:function`, and its help line."""

    name: str
    target: str
    help: str


COMMANDS = (
    Command("explore", "dynaproof.commands.explore:explore", "Run a campaign, with every promise checked."),
    Command("replay", "dynaproof.commands.replay:replay", "Replay a run file exactly."),
    Command("shrink", "dynaproof.commands.replay:shrink", "Make a failing run smaller."),
    Command("trace", "dynaproof.commands.replay:trace", "Print the last events of a run."),
    Command(
        "load", "dynaproof.commands.load:load", "Issue requests at a rate, and report latencies and costs."
    ),
    Command("mutants", "dynaproof.commands.mutants:mutants", "Hunt seeded bugs: which spec kills which."),
    Command(
        "power", "dynaproof.commands.power:power", "Measure how soon each strategy kills each seeded bug."
    ),
    Command("reach", "dynaproof.commands.reach:reach", "Name the branches that a campaign does not take."),
    Command("scenarios", "dynaproof.commands.listing:scenarios", "List what can be explored."),
    Command("specs", "dynaproof.commands.listing:specs", "List the promises."),
    Command("strategies", "dynaproof.commands.listing:strategies", "List the strategies."),
    Command("model", "dynaproof.commands.model:model", "Explore a model exhaustively, or prove it."),
    Command(
        "prove", "dynaproof.commands.prove:prove", "Prove what holds for all numbers, and refute its bugs."
    ),
    Command(
        "capacity", "dynaproof.commands.capacity:capacity", "Simulate hours of a table's load under a policy."
    ),
    Command("check", "dynaproof.commands.check:check", "Say whether recorded histories are linearizable."),
    Command("fuzz", "dynaproof.commands.fuzz:fuzz", "Compare the linearizability checkers with each other."),
    Command(
        "verify-certificate",
        "dynaproof.commands.verify_certificate:verify_certificate",
        "Replay an order that shows a history to be linearizable.",
    ),
    Command(
        "checker-mutants",
        "dynaproof.commands.checker_mutants:checker_mutants",
        "Hunt seeded bugs in the linearizability checkers.",
    ),
    Command(
        "new", "dynaproof.commands.beginnings:new", "Begin a protocol of your own: a file, and a test of it."
    ),
    Command("examples", "dynaproof.commands.beginnings:examples", "Copy the examples into a folder."),
    Command(
        "claims", "dynaproof.commands.claims:claims", "Make the figures of the documents again, and compare."
    ),
    Command("version", "dynaproof.commands.version:version", "Print the version and where it comes from."),
)


def make_app() -> "cyclopts.App":
    """The parser of the whole command line; raises `cyclopts.CycloptsError` on what it cannot parse."""
    import cyclopts

    app = cyclopts.App(
        name="dynaproof",
        help="Drive a replicated store through orders, crashes and partitions, with every promise checked.",
        help_epilogue=exits.listed(),
        version=__version__,
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
        config=_whole_numbers,
    )
    for command in COMMANDS:
        app.command(command.target, name=command.name, help=command.help)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` without a name: the process's own) and return its exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # A name that the terminal cannot show is no reason to stop.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _called(tokens)
        sys.stdout.flush()
    except UserError as error:
        return _refuse(error.message, error.hint)
    except BrokenPipeError:
        # The reader of our output is gone (`| head`). Nothing may be flushed into the pipe at exit.
        _leave_unread(sys.stdout)
        return exits.NOBODY_READS
    except OSError as error:
        from dynaproof.checkers.whole_file import file_problem

        return _refuse(file_problem(error), "")
    except KeyboardInterrupt:
        _complain("interrupted")
        return exits.INTERRUPTED
    except Exception as error:  # The last boundary: whatever reaches it is a bug of ours.
        from dynaproof.checkers.user_file import UsersCodeError

        if isinstance(error, UsersCodeError):
            return _refuse(str(error), "")
        if _is_interruption(error):
            _complain("interrupted")
            return exits.INTERRUPTED
        if os.environ.get("DYNAPROOF_TRACEBACK"):
            raise
        _complain(f"a bug in dynaproof: {type(error).__name__}: {_one_line(str(error))}")
        _complain("hint: set DYNAPROOF_TRACEBACK=1 to see where, and report it, please")
        return exits.BUG
    except BaseException as error:  # noqa: BLE001 No command of ours ends the process: the user's code does.
        said = f"the user's code ended the process: {type(error).__name__}: {error}"
        return _refuse(said, "it must return, or raise")
    return code if isinstance(code, int) else 0


def _open_closed_streams() -> None:
    """Have what is written to a closed stream (`>&-`) go nowhere, instead of into the next file opened."""
    while (opened := os.open(os.devnull, os.O_RDWR)) < STREAMS:
        pass
    os.close(opened)
    # Python has None in place of a stream that was closed when it began, whatever its types say.
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _is_interruption(error: BaseException | None) -> bool:
    """Whether an error comes from Ctrl-C: what it hits while a module is imported may raise another one."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _whole_numbers(_app: object, _command: object, arguments: "cyclopts.ArgumentCollection") -> None:
    """Reject 1.5 where a whole number is taken, which the parser would round."""
    for argument in arguments:
        if int not in {argument.hint, *get_args(argument.hint)}:
            continue
        for token in argument.tokens:
            try:
                whole = "." not in token.value or float(token.value).is_integer()
            except ValueError:  # The parser says what is wrong with it.
                continue
            if not whole:
                raise UserError(f"{argument.name} is {token.value}; it takes a whole number")


def _called(tokens: list[str]) -> object:
    """What the command returns. The parser is imported here, where interruptions are already handled."""
    import cyclopts

    app = make_app()
    if not tokens or not {*app.help_flags, *app.version_flags}.isdisjoint(tokens):
        # The parser prints only help and the version, and rich takes longer to load than most checks.
        from dynaproof import console

        app.console = console.results()
    try:
        return app(tokens)
    except cyclopts.CycloptsError as error:
        raise UserError(str(error), HELP_HINT) from error


def _refuse(message: str, hint: str) -> int:
    _complain(_one_line(message))
    if hint:
        _complain(f"hint: {_one_line(hint)}")
    return exits.BAD_INPUT


def _complain(text: str) -> None:
    from dynaproof.console import visible

    try:
        sys.stderr.write(f"dynaproof: {visible(text)}\n")
    except BrokenPipeError:  # Nobody reads the errors either; the exit status still tells which it was.
        _leave_unread(sys.stderr)


def _leave_unread(stream: TextIO) -> None:
    """Give a stream whose reader is gone something to be flushed into."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _one_line(text: str) -> str:
    return " ".join(text.split())
