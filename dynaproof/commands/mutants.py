"""`dynaproof mutants`: which seeded bug is killed, by which spec, after how many schedules."""

from pathlib import Path

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.errors import unknown_name
from dynaproof.provenance import provenance


def mutants(
    *names: str,
    strategy: str = "portfolio",
    schedules: int = 200,
    seed: int = 3,
    out: Path | None = None,
    diff: Flag = False,
    json: Flag = False,
) -> int:
    """Hunt seeded bugs by exploration; exit status 1 if one survives.

    Args:
        names: Which; all without a name.
        strategy: Who decides what happens next; see `dynaproof strategies`.
        schedules: Schedules per bug, at the most.
        seed: Where the seeds of the runs begin.
        out: Folder for the shrunk run of each kill; without it nothing is shrunk or written.
        diff: Print what each bug overrides, and nothing else.
        json: Print one JSON object per bug.
    """
    from checkers.mutation.catalogue import MUTANTS
    from checkers.mutation.hunt import difference, hunt, shrunk
    from checkers.simulator.run import STRATEGIES
    from checkers.simulator.run_file import save

    for name in names:
        if name not in MUTANTS:
            raise unknown_name("mutant", name, list(MUTANTS))
    if strategy not in (*STRATEGIES, "portfolio"):
        raise unknown_name("strategy", strategy, [*STRATEGIES, "portfolio"])
    survivors = 0
    for name in names or tuple(MUTANTS):
        mutant = MUTANTS[name]
        if diff:
            console.results().print(difference(mutant), markup=False, soft_wrap=True)
            continue
        kill, config, outcome = hunt(mutant, strategy, schedules, seed)
        survivors += not kill.killed
        events = kill.step
        if out is not None and config is not None and outcome is not None:
            run = shrunk(mutant, config, outcome)
            save(out / f"{name}.json", run)
            assert run.outcome.failure is not None
            events = run.outcome.failure.step
        row = {
            "name": name,
            "killed": kill.killed,
            "how": kill.how,
            "spec": kill.spec,
            "strategy": kill.strategy,
            "schedules": kill.schedules,
            "seconds": kill.seconds,
            "shrunk_events": events,
        }
        if json:
            console.emit({**row, "provenance": provenance(seed=seed)})
        else:
            how = f"{kill.spec}, {kill.strategy}, schedule {kill.schedules}" if kill.killed else "SURVIVED"
            console.results().print(f"{name:28} {how}", markup=False, soft_wrap=True)
    return 1 if survivors else 0
