"""The end of a run of many groups: no leader changes once all is calm."""

from __future__ import annotations

from collections.abc import Sequence

from dynaproof.checkers.kinds.group import Group
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import SETTLING_LEASES, never
from dynaproof.specs.views.group_facts import IdleElection, Stalled

SETTLED_LEASES = 2
"""For how many leases what has become quiet must stay quiet."""


def judge_calm(run: Run, groups: Sequence[Group], steps: int) -> None:
    """No leader changes in a group once it was calm. Before that, an election may be under way because of
    what was lost earlier, and it has its time to end: candidates that outbid each other, or wait for a lease,
    try more than once. If a group is no longer calm, another election has begun, and its end is waited for
    too. A group with a damaged voter, which may fall silent at any time, is not judged. A wait takes at most
    this many steps.
    """
    lease, led = run.config.settings.lease_us, dict[int, int]()
    for _ in range(SETTLING_LEASES // SETTLED_LEASES):
        was_calm = all(group.number in led for group in groups)
        run.advance_until(never, SETTLED_LEASES * lease, steps)
        if run.failure is not None:
            return
        groups = [group for group in groups if not (group.is_over() or group.is_damaged())]
        calm = [group for group in groups if group.calm()]
        for group in calm:
            led.setdefault(group.number, group.observation.leader_changes)
        if was_calm and len(calm) == len(groups):
            break
    for group in groups:
        view = group.observation.view
        if group.number not in led:
            view.file(Stalled("its elections go on", SETTLING_LEASES * lease))
        elif group.observation.leader_changes != led[group.number]:
            view.file(IdleElection(list(view.led)[-1]))
