"""`dynaproof scenarios`, `specs` and `strategies`: what there is."""

from dynaproof import console
from dynaproof.commands import Flag

STRATEGIES = {
    "timed": ("latencies and deadlines decide; chance draws the latencies", "DESIGN, section 5"),
    "random": (
        "uniform over the enabled events, timers now and then",
        "Thomson et al., Concurrency Testing Using Controlled Schedulers, TOPC 2016",
    ),
    "pct": (
        "a random priority per link and per node, a few demotions",
        "Burckhardt et al., ASPLOS 2010; chains as in Ozkan et al., OOPSLA 2018",
    ),
    "pos": (
        "a random priority per event, drawn anew for those that race with what happened",
        "Yuan et al., Partial Order Aware Concurrency Sampling, CAV 2018",
    ),
    "portfolio": ("the four above in turn", "no strategy dominates"),
}
"""The strategies of a campaign: what each does, and whose idea it is."""


def scenarios(*, json: Flag = False) -> int:
    """List the scenarios.

    Args:
        json: Print one JSON object per scenario.
    """
    from dynaproof.checkers.simulator.scenarios import SCENARIOS

    return listed([{"name": one.name, "sentence": one.sentence} for one in SCENARIOS.values()], json)


def strategies(*, json: Flag = False) -> int:
    """List the strategies.

    Args:
        json: Print one JSON object per strategy.
    """
    rows = [
        {"name": name, "sentence": sentence, "source": source}
        for name, (sentence, source) in STRATEGIES.items()
    ]
    return listed(rows, json)


def specs(*, json: Flag = False) -> int:
    """List the specs, each with its kind, sentence and source, and what is judged by it.

    What holds always is checked at every step, what must happen eventually in the fair end of a run; what a
    campaign should see sometimes, it counts. A spec of a part that no scenario has yet is held against the
    models only.

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
            told = (
                f"{kind}{row['name']:44}{row['sentence']}" if kind else f"{row['name']:32} {row['sentence']}"
            )
            if row.get("judged") == "models":
                told += " (on models only, so far)"
            console.tell(told)
    return 0
