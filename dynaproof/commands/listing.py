"""`dynaproof scenarios`, `specs` and `strategies`: what there is."""

from dynaproof import console
from dynaproof.commands import Flag

STRATEGY_SENTENCES = {
    "timed": "latencies and deadlines decide; chance draws the latencies",
    "random": "uniform over the enabled events, timers now and then",
    "pct": "a random priority per link and per node, a few demotions",
    "pos": "a random priority per event, drawn anew for those that race with what happened",
}


def scenarios(*, json: Flag = False) -> int:
    """List the scenarios.

    Args:
        json: Print one JSON object per scenario.
    """
    from dynaproof.commands.explore import SCENARIOS

    return listed([{"name": name, "sentence": sentence} for name, sentence in SCENARIOS.items()], json)


def strategies(*, json: Flag = False) -> int:
    """List the strategies.

    Args:
        json: Print one JSON object per strategy.
    """
    return listed(
        [{"name": name, "sentence": sentence} for name, sentence in STRATEGY_SENTENCES.items()], json
    )


def specs(*, json: Flag = False) -> int:
    """List the specs that are checked at every step, each with its sentence and source.

    Args:
        json: Print one JSON object per spec.
    """
    from checkers.simulator.partition import specs_by_topic
    from specs.promise import ALL

    specs_by_topic()
    rows = [
        {"name": s.name, "kind": s.kind, "sentence": s.sentence, "source": s.source} for s in ALL.values()
    ]
    return listed(rows, json)


def listed(rows: list[dict[str, str]], json: bool) -> int:
    """Print rows, for programs or for people."""
    for row in rows:
        if json:
            console.emit(row)
        else:
            console.results().print(f"{row['name']:32} {row['sentence']}", markup=False, soft_wrap=True)
    return 0
