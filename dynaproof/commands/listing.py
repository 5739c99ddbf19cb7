"""`dynaproof scenarios`, `specs` and `strategies`: lists of names."""

from dynaproof import console
from dynaproof.commands import Flag


def scenarios(*, json: Flag = False) -> int:
    """List the scenarios.

    Args:
        json: Print one JSON object per scenario.
    """
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS

    return listed([{"name": one.name, "sentence": one.sentence} for one in SCENARIOS.values()], json)


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


def specs(*, json: Flag = False) -> int:
    """List the specs, each with its kind, sentence and source, and what is judged by it.

    An `always` spec is checked at every step and an `eventually` spec in the fair end of a run; a `sometimes`
    spec is counted over a campaign. A spec of a part that no scenario has yet is checked on the models only.

    Args:
        json: Print one JSON object per spec.
    """
    from dynaproof.specs.promises import OF_A_GROUP, PROMISES
    from dynaproof.specs.sometimes import SOMETIMES

    rows = [
        {"name": s.name, "kind": s.kind, "sentence": s.sentence, "source": s.source}
        | {"judged": "runs" if s in OF_A_GROUP else "models"}
        for s in PROMISES.values()
    ]
    rows += [
        {"name": s.name, "kind": s.kind, "sentence": s.sentence, "source": s.source, "judged": "runs"}
        for s in SOMETIMES.values()
    ]
    return listed(rows, json)


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
