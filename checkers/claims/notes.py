"""Notes as commands, and what each command must say.

`command` is one of `./run`, `commit` the version that gave the figures, `seconds` how long it took. What it
must say:

- `check: distinct=185,369 "in # steps"=9`: a place of the last JSON object of the output (`a.b.0`), or a
  phrase of the output with `#` in place of the figure.
- `prints: 56 events; the same run`: texts of the output; one space is as good as several.
- `lines: yes`: each line of the block is a line of the output (in a fenced text, each that does not begin
  with `$`; in a table, each row); in a fenced text, a line `...` stands for others.
- `rows: steps = "in # steps"`: each row of the table below has a command of its own, with `{head of a
  column}` replaced by that cell's names in backticks; the numbers of the cell under `steps` are judged in
  order. Several columns are separated by `; `.

`cannot: why` says that the command is not run here (it needs a peer, or days); it is listed. What a note
says is also in its block, so that the two cannot drift apart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dynaproof.checkers.claims.documents import BadNoteError, Block, Document, Note
from dynaproof.checkers.claims.figures import NUMBER, figures_of

_SOURCE = r'("[^"]+"|[A-Za-z_][\w.\-]*)'
_PAIR = re.compile(rf"{_SOURCE}=(\S+)")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_PLACE = re.compile(r"\{([^}]+)\}")
_NUMBER = re.compile(NUMBER)
_NAME = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Expected:
    """What one figure must be: where it stands in the output, what the document says, and on which line.

    `source` is a place of the JSON object, a phrase in quotes with `#`, or empty: the output has `said`.
    """

    line: int
    source: str
    said: str


@dataclass(frozen=True)
class Claim:
    """Figures that one command makes; `cannot`: why the command is not run here (empty: it is)."""

    document: str
    line: int
    command: str
    commit: str
    seconds: float
    cannot: str
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class Unjudged:
    """A figure that has a command but is compared with nothing, and why."""

    document: str
    line: int
    number: str
    why: str


def claims_of(document: Document) -> tuple[list[Claim], list[Unjudged]]:
    """What a document claims, and which of its figures are only reported.

    Raises `BadNoteError` for the first figure without a note, or the first note that cannot be followed.
    """
    covered: dict[Note, list[Block]] = {}
    for block in document.blocks:
        for note in block.notes:
            covered.setdefault(note, []).append(block)
        if not block.notes:
            for figure in figures_of(block):
                raise BadNoteError(
                    f"{document.name}:{figure.line}: the figure {figure.number} has no note "
                    "with its command and commit"
                )
    claims: dict[Note, list[Claim]] = {
        note: _claims(document.name, note, blocks) for note, blocks in covered.items() if not note.reason
    }
    unjudged = [
        one
        for block in document.blocks
        if not any(note.reason for note in block.notes)
        for one in _unjudged(document.name, block, [claim for note in block.notes for claim in claims[note]])
    ]
    return [claim for made in claims.values() for claim in made], unjudged


def _unjudged(name: str, block: Block, claims: list[Claim]) -> list[Unjudged]:
    """The figures of a block that no claim about it names."""
    said = {number for claim in claims for one in claim.expected for number in _NUMBER.findall(one.said)}
    cannot = "; ".join(sorted({claim.cannot for claim in claims if claim.cannot}))
    return [
        Unjudged(name, figure.line, figure.number, cannot or _why(figure.on_machine))
        for figure in figures_of(block)
        if figure.number not in said
    ]


def _why(on_machine: bool) -> str:
    return "depends on the machine" if on_machine else "no check names it"


def _claims(name: str, note: Note, blocks: list[Block]) -> list[Claim]:
    where = f"{name}:{note.line}"
    fields = note.fields
    for key in ("command", "commit"):
        if not fields.get(key):
            raise BadNoteError(f"{where}: the note has no {key}")
    if not _COMMIT.fullmatch(fields["commit"]):
        raise BadNoteError(f"{where}: {fields['commit']!r} is no commit (7 to 40 digits of its hash)")
    cannot = " ".join(fields.get("cannot", "").split())
    judged = [key for key in ("check", "prints", "lines", "rows") if key in fields]
    if bool(cannot) == bool(judged):
        raise BadNoteError(
            f"{where}: a note has 'cannot', or something to compare (check, prints, lines or rows)"
        )
    if not cannot and not fields["command"].startswith("./run "):
        raise BadNoteError(f"{where}: only commands of ./run are run; say 'cannot: why' of another")
    expected = () if cannot else tuple(_expected(where, fields, blocks))
    command = " ".join(fields["command"].split())
    whole = Claim(
        name, blocks[0].line, command, fields["commit"], _seconds(where, fields, ""), cannot, expected
    )
    return list(_rows(where, note, blocks, whole)) if "rows" in fields else [whole]


def _seconds(where: str, fields: dict[str, str], command: str) -> float:
    """How long a command takes: `seconds: 2 split:200` means 200 for each command with the word `split`."""
    words = command.split()
    seconds = fields.get("seconds", "1").split()
    try:
        own = [float(time) for word, _, time in (one.rpartition(":") for one in seconds) if word in words]
        return own[0] if own else float(seconds[0])
    except (ValueError, IndexError):
        raise BadNoteError(
            f"{where}: seconds is {fields['seconds']!r}, not a number and WORD:NUMBER"
        ) from None


def _expected(where: str, fields: dict[str, str], blocks: list[Block]) -> list[Expected]:
    first = blocks[0].line
    pairs = fields.get("check", "")
    if _PAIR.sub("", pairs).split():
        raise BadNoteError(
            f"{where}: check is pairs PLACE=FIGURE; this is none: {_PAIR.sub('', pairs).split()[0]}"
        )
    texts = [" ".join(text.split()) for text in fields.get("prints", "").split(";")]
    expected = [Expected(first, source, said) for source, said in _PAIR.findall(pairs)]
    expected += [Expected(first, "", text) for text in texts if text]
    shown = " ".join(block.text() for block in blocks)
    for one in expected:
        if one.said not in shown:
            raise BadNoteError(f"{where}: the note has {one.said}, which does not stand in what it covers")
    if fields.get("lines", "yes") != "yes":
        raise BadNoteError(f"{where}: lines is 'yes' or left out")
    return expected + (_all_lines(where, blocks) if "lines" in fields else [])


def _all_lines(where: str, blocks: list[Block]) -> list[Expected]:
    """Each row of a table, and each line of a fenced text except those that begin with $."""
    found: list[Expected] = []
    for block in blocks:
        if block.is_table or block.fenced:
            inside = block.lines[2:] if block.is_table else block.lines[1:-1]
            for offset, line in enumerate(inside, 2 if block.is_table else 1):
                if line.strip() not in {"", "..."} and not line.startswith("$"):
                    found.append(Expected(block.line + offset, "", " ".join(line.split())))
    if not found:
        raise BadNoteError(f"{where}: lines compares tables and fenced texts, and there is none")
    return found


def _rows(where: str, note: Note, blocks: list[Block], whole: Claim) -> Iterator[Claim]:
    """One claim for each row of the table (for each name in the row's cell, if it has several)."""
    table = next((block for block in blocks if block.is_table), None)
    if table is None:
        raise BadNoteError(f"{where}: rows needs a table below the note")
    heads = _cells(table.lines[0])
    columns = [_column(where, part, heads) for part in note.fields["rows"].split(";")]
    for place in _PLACE.findall(whole.command):
        if place not in heads:
            raise BadNoteError(f"{where}: the table has no column {place!r}")
    for offset, line in enumerate(table.lines[2:], 2):
        cells = dict(zip(heads, _cells(line), strict=False))
        commands = _filled(whole.command, cells)
        for place, command in enumerate(commands):
            expected = []
            for column, sources in columns:
                numbers = _NUMBER.findall(cells.get(column, ""))
                if len(numbers) != len(commands) * len(sources):
                    raise BadNoteError(
                        f"{whole.document}:{table.line + offset}: under {column!r} stand {len(numbers)} "
                        f"numbers, and the note asks for {len(commands) * len(sources)}"
                    )
                own = numbers[place * len(sources) : (place + 1) * len(sources)]
                said = zip(sources, own, strict=True)
                expected += [Expected(table.line + offset, source, number) for source, number in said]
            seconds = _seconds(where, note.fields, command)
            yield replace(
                whole, line=table.line + offset, command=command, seconds=seconds, expected=tuple(expected)
            )


def _column(where: str, part: str, heads: list[str]) -> tuple[str, list[str]]:
    column, _, sources = (piece.strip() for piece in part.partition("="))
    if column not in heads:
        raise BadNoteError(f"{where}: the table has no column {column!r}")
    return column, re.findall(_SOURCE, sources)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _filled(command: str, cells: dict[str, str]) -> list[str]:
    """The command with each place filled by the cell's names (the cell itself, if it has none), in turn."""
    commands = [command]
    for place in _PLACE.findall(command):
        names = _NAME.findall(cells.get(place, "")) or [cells.get(place, "")]
        commands = [one.replace(f"{{{place}}}", name) for one in commands for name in names]
    return commands
