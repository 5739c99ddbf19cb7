"""Which numbers of a document are figures, that is, were measured.

A figure is a number with thousands separators, a number with a unit or with the name of what was counted, and
a cell of a table that is only numbers. What stands in backticks is a name or an option, not a figure. A
constant of a rule looks like one ("a lease of 1.5 s"): the document says so in a note.
"""

import re
from dataclasses import dataclass

from dynaproof.checkers.claims.documents import Block

MACHINE = (
    "s",
    "ms",
    "us",
    "µs",
    "ns",
    "KB",
    "MB",
    "GB",
    "%",
    "percent",
    "times",
    "seconds",
    "minutes",
    "hours",
)
"""Units of what depends on the machine, and is therefore reported, not judged."""
COUNTED = (
    "states",
    "steps",
    "schedules",
    "histories",
    "bugs",
    "events",
    "transitions",
    "disagreements",
    "samples",
    "levels",
    "operations",
    "runs",
    "keys",
)
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_FIGURE = re.compile(
    rf"(?<![\w.,/-])({NUMBER})(?![\w,.]*[\w])"
    rf"(?:\s?({'|'.join(map(re.escape, (*MACHINE, *COUNTED)))})(?![\w]))?"
)
_GLUED = re.compile(rf"(?<![\w.,])({NUMBER})(%|ms|us|µs|ns|KB|MB|GB|s)(?![\w])")
_CELL = re.compile(rf"(?:over )?({NUMBER})(?:[ /(),]+({NUMBER}))*[)]?")
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Figure:
    """A number of a document, as it is written; `on_machine`: it says how fast or large, not how many."""

    line: int
    number: str
    on_machine: bool


def figures_of(block: Block) -> list[Figure]:
    """The figures of a block, in order, each with its line."""
    found: list[Figure] = []
    for offset, line in enumerate(block.lines):
        shown = line if block.fenced else _CODE.sub("", line)
        following = block.lines[offset + 1].lstrip() if offset + 1 < len(block.lines) else ""
        found += _in_line(block.line + offset, shown, "" if block.is_table else following)
        if block.is_table and offset > 1:
            known = {figure.number for figure in found if figure.line == block.line + offset}
            for cell in shown.strip().strip("|").split("|"):
                if _CELL.fullmatch(cell.strip()):
                    numbers = re.findall(NUMBER, cell)
                    found += [Figure(block.line + offset, n, "." in n) for n in numbers if n not in known]
    return found


def _in_line(line: int, shown: str, following: str) -> list[Figure]:
    """The figures that begin in a line; a unit may stand at the beginning of the following one."""
    glued = [Figure(line, match[1], True) for match in _GLUED.finditer(shown)]
    return glued + [
        Figure(line, match[1], match[2] in MACHINE)
        for match in _FIGURE.finditer(f"{shown.rstrip()} {following}")
        if match.start() < len(shown.rstrip()) and (match[2] or "," in match[1])
    ]
