"""`dynaproof checker-mutants`: which seeded bugs in the linearizability checkers are noticed, and when."""

from pathlib import Path

from dynaproof import console
from dynaproof.arguments import above_zero, file_to_write
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

BEGIN, END = "<!-- checker-mutants begin -->", "<!-- checker-mutants end -->"


def checker_mutants(
    *names: str,
    seed: int = 7,
    at_most: int = 20_000,
    table: Path | None = None,
    diff: Flag = False,
    json: Flag = False,
) -> int:
    """Hunt seeded bugs in the linearizability checkers by fuzzing; exit status 1 if one survives.

    Args:
        names: Which bugs; all of them if none is named.
        seed: The seed of the random histories.
        at_most: Histories per bug, at the most.
        table: A Markdown file, in which to replace the table between the `checker-mutants` marks.
        diff: Print what each bug changes, and nothing else.
        json: Print one JSON object per bug.
    """
    from dynaproof.checkers.mutation.checker_bugs import CHECKER_BUGS, hunt
    from dynaproof.checkers.patches import difference

    for name in names:
        if name not in CHECKER_BUGS:
            raise unknown_name("seeded bug", name, list(CHECKER_BUGS))
    above_zero({"--at-most": at_most})
    file_to_write("--table", table, ".md")
    if table is not None and not {BEGIN, END} <= set(table.read_text(encoding="utf-8").splitlines()):
        raise UserError(f"{table}: has no lines {BEGIN} and {END}", "")
    out = console.show
    rows, survivors = [], 0
    for name in names or tuple(CHECKER_BUGS):
        bug = CHECKER_BUGS[name]
        if diff:
            if json:
                console.emit({"name": name, "diff": difference(bug)})
            else:
                out(difference(bug))
            continue
        caught = hunt(bug, seed, at_most)
        survivors += caught.histories is None
        rows.append(f"| {name} | {bug.part} | `{bug.place}` | {caught.histories or 'survived'} |")
        if json:
            row = {"name": name, "part": bug.part, "place": bug.place, "histories": caught.histories}
            extra = {"how": caught.how, "seconds": caught.seconds, "provenance": provenance(seed=seed)}
            console.emit({**row, **extra})
        else:
            out(f"{name:40} {caught.histories or 'SURVIVED':>8}  {caught.how}")
    if table is not None and rows:
        _write(table, rows, seed, at_most, survivors)
    return 1 if survivors else 0


def _write(table: Path, rows: list[str], seed: int, at_most: int, survivors: int) -> None:
    from dynaproof.checkers.whole_file import write_whole

    text = table.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    head = [
        f"{len(rows)} seeded bugs, {len(rows) - survivors} caught; seed {seed}, at most {at_most} histories.",
        "",
        "| bug | part | place below `checkers` | caught by history |",
        "| --- | --- | --- | --- |",
    ]
    write_whole(table, "\n".join([before + BEGIN, *head, *rows, END + after]).encode())
