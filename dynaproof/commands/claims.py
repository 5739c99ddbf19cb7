"""`dynaproof claims`: the figures of the documents, measured again."""

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof import console, exits
from dynaproof.arguments import file_to_write, state_to_read
from dynaproof.commands import Flag
from dynaproof.errors import UserError
from dynaproof.provenance import ROOT, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.claims.notes import Claim, Unjudged
    from dynaproof.checkers.claims.running import Output, Verdict

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def claims(
    *documents: Path,
    budget: str = "10m",
    only: str | None = None,
    results: Path | None = None,
    resume: Flag = False,
    json: Flag = False,
) -> int:
    """Rerun every figure of the documents that a command can make within a budget.

    Exit status 1 if one differs, 2 if one has no command and commit, 3 if the budget has left some out.

    Args:
        documents: Which; README.md and all below docs/ without one.
        budget: How long it may take, as 600, 90s, 10m or 2h; the cheapest run, the others are listed.
        only: Only figures whose document or command has this word in it.
        results: Where outputs are kept as they come; runs/claims.json of the checkout by default.
        resume: Go on with the outputs that are kept there, if the sources are still the same.
        json: Print one JSON object per figure, and one for all.
    """
    from dynaproof.checkers.claims.running import judge, plan, run_all

    seconds = _seconds(budget)
    if not (ROOT / "run").is_file():
        raise UserError("figures are made by ./run of a checkout, and this is an installed copy")
    made, unjudged = read_claims(documents or tuple(documents_of_checkout()))
    made = [one for one in made if only is None or only in f"{one.document} {one.command}"]
    unjudged = [one for one in unjudged if only is None or only in one.document]
    if not made:
        raise UserError("no note asks for a command" + (f" with {only!r} in it" if only else ""))
    if results is not None:
        state_to_read("--results", results)
        file_to_write("--results", results)
    chosen, reasons = plan(made, seconds)
    outputs: dict[str, Output] = {}
    code = exits.CLEAN
    try:
        kept = results or ROOT / "runs" / "claims.json"
        # One after the other, so that an interruption keeps those that have ended.
        outputs.update(run_all(chosen, ROOT, seconds, kept, resume, console.say))
    except KeyboardInterrupt:
        console.say("interrupted: --resume goes on from here")
        code = exits.INTERRUPTED
        reasons |= {command: "interrupted" for command in chosen if command not in outputs}
    verdicts = [
        verdict
        for claim in made
        for verdict in judge(claim, outputs.get(claim.command), reasons.get(claim.command, ""))
    ]
    _report(verdicts, unjudged, json)
    if code:
        return code
    if any(one.verdict == "differs" for one in verdicts):
        return exits.FAILED
    made_again = {command for command, output in outputs.items() if output.status is not None}
    left_out = any(not one.cannot and one.command not in made_again for one in made)
    return exits.UNKNOWN if left_out else exits.CLEAN


def documents_of_checkout() -> list[Path]:
    """The documents whose figures are rerun if none is named."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read_claims(documents: tuple[Path, ...]) -> "tuple[list[Claim], list[Unjudged]]":
    """What all documents claim; a figure without a note is for the user to fix."""
    from dynaproof.checkers.claims.documents import BadNoteError, read_document
    from dynaproof.checkers.claims.notes import claims_of

    made: list[Claim] = []
    unjudged: list[Unjudged] = []
    for path in documents:
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        try:
            some, left = claims_of(read_document(path, name))
        except BadNoteError as error:
            raise UserError(str(error), "CONTRIBUTING.md says what a note is") from error
        made += some
        unjudged += left
    return made, unjudged


def _seconds(budget: str) -> float:
    written = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", budget)
    if written is None or not float(written[1]):
        raise UserError(f"--budget is {budget!r}; it takes a time such as 90s, 10m or 2h")
    return float(written[1]) * UNITS[written[2]]


def _report(verdicts: "list[Verdict]", unjudged: "list[Unjudged]", json: bool) -> None:
    counts = Counter(one.verdict for one in verdicts)
    if json:
        for verdict in verdicts:
            console.emit(verdict)
        for one in unjudged:
            console.emit(
                {
                    "document": one.document,
                    "line": one.line,
                    "said": one.number,
                    "verdict": "not judged",
                    "why": one.why,
                }
            )
        summary = {"same": counts["same"], "differs": counts["differs"], "not_run": counts["not run"]}
        console.emit({**summary, "not_judged": len(unjudged), "provenance": provenance()})
        return
    for (document, command), own in _by_command(verdicts).items():
        differing = [one for one in own if one.verdict == "differs"]
        said = f"{document}:{own[0].line}  {command}  "
        if own[0].verdict == "not run":
            console.show(f"{said}not run: {own[0].got} (commit {own[0].commit})")
        elif not differing:
            console.show(f"{said}same ({len(own)})")
        for verdict in differing:
            figure = f"{verdict.figure} is {verdict.said} of commit {verdict.commit}; got {verdict.got}"
            console.show(f"{document}:{verdict.line}  {command}  DIFFERS: {figure}")
    for (document, why), number in Counter((one.document, one.why) for one in unjudged).items():
        console.show(f"{document}  not judged: {number} ({why})")
    console.show(
        f"{counts['same']} same, {counts['differs']} differ, {counts['not run']} not run, "
        f"{len(unjudged)} not judged"
    )


def _by_command(verdicts: "list[Verdict]") -> "dict[tuple[str, str], list[Verdict]]":
    """The verdicts of each document and command, in order."""
    found: dict[tuple[str, str], list[Verdict]] = {}
    for one in verdicts:
        found.setdefault((one.document, one.command), []).append(one)
    return found
