"""The schedules of a campaign, on one core or several, in an order that does not depend on the number of
cores.

Schedule k of a campaign has the seed `base * 1_000_003 + k`; a portfolio takes the strategies in turn. The
digest is SHA-256 over the runs' digests in schedule order, so two campaigns of the same seed and length are
equal if and only if all their runs are. One run in `SAMPLED` is run twice and compared, in every campaign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from msgspec import Struct, field, structs

from dynaproof.checkers.campaign.contents import Contents
from dynaproof.checkers.campaign.errors import CampaignError
from dynaproof.checkers.campaign.fresh import COMPARED, digests_elsewhere
from dynaproof.checkers.patches import active
from dynaproof.checkers.processes import in_order
from dynaproof.checkers.runs.config import Failure, RunResult
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.strategies.catalogue import GIVEN
from dynaproof.checkers.user_code import outside_calls
from dynaproof.checkers.user_file import file_of, imported
from dynaproof.checkers.world.world import BY_ITSELF

SAMPLED = 50

REPRODUCIBLE = "runs_are_reproducible"
"""What a campaign itself promises: the same configuration gives the same run. Not a spec of the system."""


class Totals(Struct):
    """What a campaign has seen so far; lists are by schedule."""

    schedules: int = 0
    events: int = 0
    simulated_us: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    sometimes: dict[str, int] = field(default_factory=dict)
    operations: list[int] = field(default_factory=list)
    """Client operations that were answered with a result."""
    faults_per_run: list[int] = field(default_factory=list)
    """Faults that fell by the configuration; what the network does by itself is not counted here."""
    digests: list[str] = field(default_factory=list)
    keys: int = 0
    """Keys that clients used, over all runs,"""
    unjudged: int = 0
    """and how many of them were not judged to the end."""

    def add(self, outcome: RunResult) -> None:
        """Count one run."""
        self.schedules += 1
        self.events += outcome.events
        self.simulated_us += outcome.simulated_us
        for found, totals in ((outcome.faults, self.faults), (outcome.reached, self.sometimes)):
            for name, times in found.items():
                totals[name] = totals.get(name, 0) + times
        self.operations.append(outcome.endings.get("ok", 0) + outcome.endings.get("condition_failed", 0))
        fell = [times for name, times in outcome.faults.items() if name not in BY_ITSELF]
        self.faults_per_run.append(sum(fell))
        self.digests.append(outcome.digest)
        self.keys += outcome.keys
        self.unjudged += outcome.unjudged

    def digest(self) -> str:
        """SHA-256 over the runs' digests, in the order of the schedules."""
        found = hashlib.sha256()
        for digest in self.digests:
            found.update(bytes.fromhex(digest))
        return found.hexdigest()


def run_one(scenario: str, strategy: str, base: int, schedule: int) -> RunResult:
    """One schedule; one in `SAMPLED` twice, and a difference is a failure."""
    config = config_of(scenario, strategy, base, schedule)
    outcome = execute(config)
    if schedule % SAMPLED == 0 and outcome.failure is None:
        again = execute(config)
        if again != outcome:
            then = f"then {again.digest[:12]}"
            outcome = differing(scenario, outcome, outcome.digest, then, BY_THE_PROCESS)
    return outcome


def digest_of(scenario: str, strategy: str, base: int, schedule: int) -> str:
    """The digest of one schedule, of what its messages say, and of the promise that it breaks."""
    contents = Contents()
    outcome = execute(config_of(scenario, strategy, base, schedule), (contents,))
    found = hashlib.sha256(bytes.fromhex(outcome.digest + contents.digest()))
    if outcome.failure is not None:
        found.update(f"{outcome.failure.spec} {outcome.failure.step}".encode())
    return found.hexdigest()


def differing(scenario: str, outcome: RunResult, gave: str, then: str, reason: str) -> RunResult:
    """A run that differed when it was run again, and what in the user's file may have made it differ: the
    calls that no node may make, if it makes such, else the `reason`.
    """
    sentence = f"the same configuration gave {gave[:12]}, {then}"
    if outcome.failure is not None:
        sentence = f"{outcome.failure.spec} was broken once ({outcome.failure.sentence}), but {sentence}"
    file = file_of(scenario)
    calls = outside_calls(imported(Path(file))) if file else []
    if calls:
        sentence += f"; {file}: {', '.join(calls)}: a node takes time and chance from its env only"
    elif file:
        sentence += f": it depends on {reason}"
    return structs.replace(outcome, failure=Failure(REPRODUCIBLE, sentence, 0))


BY_HASH = "the order of a set, on hash() or on id()"
BY_WHAT_IS_LEFT = "what earlier runs left behind, in a global or a class attribute"
BY_THE_PROCESS = f"{BY_WHAT_IS_LEFT}, or on id()"


def differing_there(scenario: str, outcome: RunResult, here: str, there: Sequence[str]) -> RunResult:
    """A run that differed in fresh processes. If they agree, it is not their hashes that made it differ."""
    words = " and ".join(one[:12] for one in dict.fromkeys(there))
    if len(set(there)) > 1:
        return differing(scenario, outcome, here, f"and {words} under other PYTHONHASHSEEDs", BY_HASH)
    return differing(scenario, outcome, here, f"and {words} in fresh processes", BY_WHAT_IS_LEFT)


def runs_elsewhere(scenario: str, strategy: str) -> bool:
    """Whether fresh processes can run a scenario again: a user's, as its file has it."""
    return ".py:" in scenario and not any(name in GIVEN for name in strategy.split(",")) and not active()


def differs_elsewhere(
    scenario: str, strategy: str, base: int, schedules: int
) -> tuple[int, RunResult] | None:
    """The first schedule that is another run in a fresh process; only of a user's scenario."""
    if not schedules or not runs_elsewhere(scenario, strategy):
        return None
    compared = range(min(schedules, COMPARED))
    for number, there in enumerate(digests_elsewhere(scenario, strategy, base, compared)):
        here = digest_of(scenario, strategy, base, number)
        if any(one != here for one in there):
            outcome = execute(config_of(scenario, strategy, base, number))
            return number, differing_there(scenario, outcome, here, there)
    return None


def confirmed(scenario: str, strategy: str, base: int, schedule: int, outcome: RunResult) -> RunResult:
    """The outcome of a schedule that failed; or that it does not fail so again, here or elsewhere."""
    failure = outcome.failure
    assert failure is not None
    if failure.spec == REPRODUCIBLE:
        return outcome
    if runs_elsewhere(scenario, strategy):
        here = digest_of(scenario, strategy, base, schedule)
        try:
            (there,) = digests_elsewhere(scenario, strategy, base, [schedule])
        except CampaignError:  # Whatever hinders the other processes, the failure is reported.
            there = ()
        if any(one != here for one in there):
            return differing_there(scenario, outcome, here, there)
    again = execute(config_of(scenario, strategy, base, schedule))
    if seen(again) != seen(outcome):
        return differing(scenario, outcome, outcome.digest, f"then {again.digest[:12]}", BY_THE_PROCESS)
    return outcome


def seen(outcome: RunResult) -> tuple[object, ...]:
    """What a run that is the same has in common: all but a sentence, whose words no promise is about."""
    failure = outcome.failure
    return outcome.digest, None if failure is None else (failure.spec, failure.step)


def outcomes(
    scenario: str, strategy: str, base: int, schedules: Iterator[int], jobs: int
) -> Iterator[tuple[int, RunResult]]:
    """Run schedules and give their outcomes in order, each as soon as it and all before it are known.

    `schedules` is asked for no more than the processes can take soon, so it may end when time is up.
    """
    yield from in_order(partial(run_one, scenario, strategy, base), schedules, jobs)


def numbers(
    first: int, schedules: int | None, seconds: float | None, clock: Callable[[], float]
) -> Iterator[int]:
    """Schedules from `first` on, below `schedules`, and for `seconds` from now (None: without end)."""
    began = clock()
    for number in count(first):
        if schedules is not None and number >= schedules:
            return
        if seconds is not None and clock() - began > seconds:
            return
        yield number
