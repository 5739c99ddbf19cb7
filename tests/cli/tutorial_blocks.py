"""The blocks of a document, followed in order: files are written, changed and compared, commands are run.

- ` ```console `: each line after `$ ` is run in the current folder; what stands below it is its output, with
  standard error. `...`, with the blanks before it, stands for any characters of a line: seconds, and speeds.
- ` ```python FILE `: the file is written, or, where it is there, has exactly this text.
- ` ```diff FILE `: the old lines stand in the file once, and are replaced by the new ones.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, the file that it is about, its text, and the line at which it begins."""

    language: str
    file: str | None
    text: str
    line: int


class Command(NamedTuple):
    """A command of a document with the output that is shown, and the one that came."""

    line: int
    command: str
    shown: str
    came: str

    def is_as_shown(self) -> bool:
        """Whether every line is as shown, where `...` stands for anything."""
        parts = re.split(r"( *\.\.\.)", self.shown)
        pattern = "".join(".*" if at % 2 else re.escape(part) for at, part in enumerate(parts))
        return re.fullmatch(pattern, self.came) is not None


def blocks(text: str) -> list[Block]:
    """All blocks of a document, in order."""
    return [
        Block(found[1], found[2], found[3], text.count("\n", 0, found.start()) + 1)
        for found in BLOCK.finditer(text)
    ]


def follow(text: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Command]:
    """Do what the blocks of a document say, beginning in this folder; each command with what came of it."""
    status = 0
    for block in blocks(text):
        if block.language == "console":
            for command, shown in commands(block.text):
                if command.startswith("cd "):
                    folder /= command[3:]
                    came = ""
                elif command == "echo $?":
                    came = f"{status}\n"
                else:
                    done = run(command, folder, environment)
                    status, came = done.returncode, done.stdout
                yield Command(block.line, command, shown, plain(came))
        elif block.language == "diff" and block.file is not None:
            change(folder / block.file, block.text)
        elif block.file is not None:
            write(folder / block.file, block.text)


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the output that stands below it."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    assert parts[0] == "", f"a block of commands begins with one, not with {parts[0]!r}"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run(command: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command without a shell; standard error goes where output goes, in the order of a terminal."""
    return subprocess.run(
        shlex.split(command), cwd=folder, env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False,
    )  # fmt: skip


def plain(output: str) -> str:
    """Output without the blanks at the ends of lines, which no editor keeps."""
    return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


def change(file: Path, text: str) -> None:
    """Replace the old lines of a diff by the new ones."""
    lines = text.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    before = file.read_text(encoding="utf-8")
    assert before.count(old) == 1, f"{file.name} has not once:\n{old}"
    file.write_text(before.replace(old, new), encoding="utf-8")


def write(file: Path, text: str) -> None:
    """Write a file; one that is there must be the same already."""
    if file.exists():
        assert file.read_text(encoding="utf-8") == text, f"{file.name} is not as it is shown"
    file.write_text(text, encoding="utf-8")


def masked(output: str) -> str:
    """Output with `...` for what another machine would say otherwise."""
    output = re.sub(
        r"(│ (?:seconds|events per second) +│)(.*) │",
        lambda row: f"{row[1]}{'...'.rjust(len(row[2]))} │",
        output,
    )
    output = re.sub(r"( in )[\d.]+(s)$", r"\1...\2", output, flags=re.MULTILINE)
    return re.sub(r"(is not what wrote the file: ).*", r"\1...", output)


def rewritten(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The document with the outputs that its commands have now."""
    came = iter(list(follow(text, folder, environment)))

    def told(block: re.Match[str]) -> str:
        if block[1] != "console":
            return block[0]
        outputs = [f"$ {command}\n{masked(next(came).came)}" for command, _ in commands(block[3])]
        return f"```console\n{''.join(outputs)}```"

    return BLOCK.sub(told, text)


if __name__ == "__main__":
    # After a change of the simulator: `./run python tests/cli/tutorial_blocks.py docs/tutorial.md`, and read
    # the diff.
    document = Path(sys.argv[1])
    called = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    called.pop("COLUMNS", None)
    with tempfile.TemporaryDirectory() as empty:
        document.write_text(rewritten(document.read_text(encoding="utf-8"), Path(empty), called), "utf-8")
