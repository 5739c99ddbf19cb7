"""A Markdown document as blocks, each with the notes that say where its figures come from.

A block is a paragraph, a list, a table or a fenced text: lines without an empty one between them. A note is a
comment, so that a reader does not see it, and stands above what it covers::

    <!-- figures
      command: ./run model paxos --json
      commit: 30f8342
      seconds: 1
      check: distinct=185,369 generated=1,361,380
    -->

<!-- no figures: bounds of the scenario, not measured -->

It covers the next block; with `covers: section`, everything up to the next heading of its level or above;
with `covers: document`, the whole document (`no figures in this section: ...`, `no figures in this document:
...`). `notes` explains the other keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KEYS = ("command", "commit", "seconds", "check", "prints", "lines", "rows", "cannot", "covers")
SCOPES = ("block", "section", "document")
_KEY = re.compile(r"\s*([a-z]+):\s?(.*)")
_NO_FIGURES = re.compile(r"no figures(?: in this (section|document))?:\s*(\S.*)", re.DOTALL)
_HEADING = re.compile(r"(#{1,6}) ")


class BadNoteError(Exception):
    """A note or a figure that must be mended in its document; the text names file and line."""


@dataclass(frozen=True, eq=False)
class Note:
    """Where figures come from (`fields`, by key), or, with `reason`, why what looks like a figure is none."""

    line: int
    scope: str
    fields: dict[str, str]
    reason: str = ""


@dataclass
class Block:
    """Lines that stand together, the number of the first line, and the notes of the narrowest scope over
    them.
    """

    line: int
    lines: list[str]
    fenced: bool = False
    notes: list[Note] = field(default_factory=list)

    @property
    def is_table(self) -> bool:
        """Whether it is a table: a head, a rule and rows."""
        return len(self.lines) > 2 and self.lines[1].startswith("| ---")

    def text(self) -> str:
        """Its words in one line, as a reader sees them."""
        return " ".join(" ".join(self.lines).split())


@dataclass(frozen=True)
class Document:
    """A document's blocks, in order; `name` is what messages call it."""

    name: str
    blocks: tuple[Block, ...]


def read_document(path: Path, name: str) -> Document:
    """The document in a file; raises `BadNoteError`."""
    return parse(path.read_text(encoding="utf-8"), name)


def parse(text: str, name: str) -> Document:
    """The document that a text makes; raises `BadNoteError`."""
    blocks: list[Block] = []
    waiting: list[Note] = []
    open_sections: list[tuple[int, Note]] = []
    everywhere: list[Note] = []
    level = 0
    for line, kind, lines in _pieces(text.split("\n"), name):
        if kind == "comment":
            note = _note("\n".join(lines), line, name)
            if note is None:
                continue
            if note.scope == "section":
                open_sections.append((level, note))
            elif note.scope == "document":
                everywhere.append(note)
            else:
                waiting.append(note)
        elif kind == "heading":
            _refuse_waiting(waiting, name)
            level = len(lines[0].split(" ", 1)[0])
            open_sections = [(above, note) for above, note in open_sections if above < level]
        else:
            innermost = [note for above, note in open_sections if above == open_sections[-1][0]]
            blocks.append(Block(line, lines, kind == "fence", waiting or innermost))
            waiting = []
    _refuse_waiting(waiting, name)
    for block in blocks:
        block.notes = block.notes or everywhere
    return Document(name, tuple(blocks))


def _refuse_waiting(waiting: list[Note], name: str) -> None:
    if waiting:
        raise BadNoteError(f"{name}:{waiting[0].line}: nothing stands below this note")


def _pieces(lines: list[str], name: str) -> Iterator[tuple[int, str, list[str]]]:
    """Each comment, heading, fenced text and block: its first line's number, its kind, its lines."""
    at = 0
    while at < len(lines):
        begin, line = at, lines[at]
        if line.startswith("<!--"):
            while "-->" not in lines[at]:
                at += 1
                if at == len(lines):
                    raise BadNoteError(f"{name}:{begin + 1}: this comment has no end")
            yield begin + 1, "comment", lines[begin : at + 1]
            at += 1
        elif line.startswith("```"):
            at += 1
            while at < len(lines) and not lines[at].startswith("```"):
                at += 1
            at = min(at + 1, len(lines))
            yield begin + 1, "fence", lines[begin:at]
        elif _HEADING.match(line):
            at += 1
            yield begin + 1, "heading", [line]
        elif line.strip():
            while at < len(lines) and lines[at].strip() and not lines[at].startswith(("```", "<!--")):
                at += 1
            yield begin + 1, "block", lines[begin:at]
        else:
            at += 1


def _note(comment: str, line: int, name: str) -> Note | None:
    """The note that a comment is; None: a comment of another kind."""
    body = comment.removeprefix("<!--").rpartition("-->")[0].strip()
    without = _NO_FIGURES.fullmatch(body)
    if without:
        return Note(line, without[1] or "block", {}, " ".join(without[2].split()))
    if body.partition("\n")[0].strip() != "figures":
        if body.startswith(("figures", "no figures")):
            raise BadNoteError(
                f"{name}:{line}: a note is 'figures' and lines 'key: value', or 'no figures: why'"
            )
        return None
    fields: dict[str, str] = {}
    key = ""
    for written in body.split("\n")[1:]:
        named = _KEY.fullmatch(written)
        if named and named[1] in KEYS:
            key = named[1]
            if key in fields:
                raise BadNoteError(f"{name}:{line}: the note has {key!r} twice")
            fields[key] = named[2].strip()
        elif key:
            fields[key] += "\n" + written.strip()
        else:
            raise BadNoteError(
                f"{name}:{line}: {written.strip()!r} is no 'key: value' with a key of {', '.join(KEYS)}"
            )
    scope = fields.pop("covers", "block")
    if scope not in SCOPES:
        raise BadNoteError(f"{name}:{line}: covers is {scope!r}, not one of {', '.join(SCOPES)}")
    return Note(line, scope, fields)
