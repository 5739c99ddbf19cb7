"""`dynaproof scenarios`, `specs` and `strategies`: lists of names."""

from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.errors import UserError

if TYPE_CHECKING:
    from dynaproof.checkers.runs.scenario import Scenario


def scenarios(file: Path | None = None, /, *, json: Flag = False) -> int:
    """List the scenarios.

    Args:
        file: A FILE.py of your own; without it, ours.
        json: Print one JSON object per scenario.
    """
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS

    known = SCENARIOS if file is None else scenarios_in(file)
    return listed([{"name": name, "sentence": one.sentence} for name, one in known.items()], json)


def scenarios_in(file: Path) -> "dict[str, Scenario]":
    """The scenarios of a user's file, as `FILE.py:NAME`."""
    from dynaproof.checkers.runs.scenario import Scenario
    from dynaproof.checkers.user_file import UserFileError, imported

    try:
        module = imported(file)
    except UserFileError as error:
        raise UserError(str(error)) from error
    found = {f"{file}:{name}": one for name, one in vars(module).items() if isinstance(one, Scenario)}
    if not found:
        raise UserError(f"{file} has no scenario", "NAME = Scenario(name=..., sentence=..., kinds=(...))")
    return found


def strategies(*, json: Flag = False) -> int:
    """List the strategies.

    Args:
        json: Print one JSON object per strategy.
    """
    from dynaproof.checkers.strategies.catalogue import PORTFOLIO, STRATEGIES

    rows = [{"name": one.name, "sentence": one.sentence, "source": one.source} for one in STRATEGIES.values()]
    taken = f"{', '.join(PORTFOLIO[:-1])} and {PORTFOLIO[-1]} in turn"
    rows.append({"name": "portfolio", "sentence": taken, "source": "no strategy dominates"})
    return listed(rows, json)


def specs(file: Path | None = None, /, *, json: Flag = False) -> int:
    """List the specs, each with its kind, sentence and source, and what is judged by it.

    An `always` spec is checked at every step and an `eventually` spec in the fair end of a run; a `sometimes`
    spec is counted over a campaign. A spec of a part that no scenario has yet is checked on the models only.

    Args:
        file: A FILE.py of your own, whose scenarios' specs are listed; without it, ours.
        json: Print one JSON object per spec.
    """
    if file is not None:
        return listed(specs_in(file), json)
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS
    from dynaproof.specs.promises import PROMISES
    from dynaproof.specs.sometimes import EVERY

    in_runs = {spec.name for one in SCENARIOS.values() for spec in one.specs}
    rows = [
        {"name": s.name, "kind": s.kind, "sentence": s.sentence, "source": s.source}
        | {"judged": "runs" if s.name in in_runs else "models"}
        for s in PROMISES.values()
    ]
    rows += [
        {"name": s.name, "kind": s.kind, "sentence": s.sentence, "source": s.source, "judged": "runs"}
        for s in EVERY.values()
    ]
    return listed(rows, json)


def specs_in(file: Path) -> list[dict[str, str]]:
    """The specs of a user's scenarios, each once."""
    found = {spec.name: spec for one in scenarios_in(file).values() for spec in one.specs}
    return [
        {"name": s.name, "kind": s.kind, "sentence": s.sentence, "source": s.source, "judged": "runs"}
        for s in found.values()
    ]


def listed(rows: list[dict[str, str]], json: bool) -> int:
    """Print rows, for programs or for people."""
    for row in rows:
        if json:
            console.emit(row)
        else:
            kind = f"{row['kind']:11}" if "kind" in row else ""
            described = (
                f"{kind}{row['name']:44}{row['sentence']}" if kind else f"{row['name']:32} {row['sentence']}"
            )
            if row.get("judged") == "models":
                described += " (on models only, so far)"
            console.show(described)
    return 0
