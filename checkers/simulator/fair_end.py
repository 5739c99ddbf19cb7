"""The fair end of a run: the faults have stopped, time is fair, and what must happen eventually is judged.

All bounds are in simulated time and come from the run's own constants; `STEPS` only ends a run in which
events go on without time. The facts go to `specs/promises/liveness.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dynaproof.checkers.simulator.faults import SLOWNESS
from dynaproof.checkers.simulator.workload import WorkloadClient
from dynaproof.checkers.simulator.world import LATE_COPY
from dynaproof.impl.storage.records import CursorMoved
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group_facts import Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal

if TYPE_CHECKING:
    from dynaproof.checkers.simulator.partition import PartitionRun

PROVIDES: tuple[type[Fact], ...] = (Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal)
"""The types of all facts that are filed here."""

STEPS = 60_000
"""Events of one phase of the end, at the most."""

SETTLING_LEASES = 60
"""Leases within which all becomes quiet: elections, the replacement of a voter, a copy."""

WATCHED_LEASES = 10
"""Leases for which what is quiet must stay so; and before that, for what began in time to end."""


def judge_end(run: PartitionRun) -> None:
    """Answers, then quiet, then progress, then nothing more."""
    run.heal()
    for judge in (answers, quiet, progress, idleness):
        if run.failure is None:
            judge(run)
            run.check()


def answers(run: PartitionRun) -> None:
    """Every client works off its operations, each within its time."""
    config = run.config
    # A client's clock may be slow by the drift, and an operation waits for the one before it.
    bound = (config.operations + 1) * config.client.timeout_us * 2
    run.advance_until(run.clients_done, bound, STEPS)
    for name in run.clients if run.failure is None else ():
        client = workload(run, name)
        if client.left or client.request is not None:
            run.watcher.view.file(Unanswered(client.request or name, bound))


def quiet(run: PartitionRun) -> None:
    """A leader serves, laggards have caught up, all states equal the fold of what is chosen."""
    settings, view = run.config.settings, run.watcher.view
    bound = SETTLING_LEASES * settings.lease_us
    run.advance_until(run.quiet, bound, STEPS)
    if run.failure is not None or run.quiet():
        return
    if run.leader() is None:
        view.file(Stalled("no leader serves", bound))
        return
    # Who lags at this instant may only have to hear of what was just chosen; what differs for good is told
    # from that at a moment at which nobody lags.
    run.advance_until(run.caught_up, bound, STEPS)
    replicas = run.replicas()
    for replica in replicas:
        if not replica.admitted or replica.log.commit < view.chosen_through:
            view.file(Behind(replica.member, replica.log.commit, view.chosen_through, bound))
    for replica in replicas:
        what = run.differs(replica)
        if what is not None:
            view.file(Unequal(replica.member, what))
    if len(replicas) < run.expected_replicas():
        view.file(Stalled("a lost voter is not replaced", bound))


def progress(run: PartitionRun) -> None:
    """A client writes afresh, and reads what it wrote; and logs are cut."""
    view = run.watcher.view
    before = errors(run)
    key = run.probe()
    bound = run.config.client.timeout_us * 2
    run.advance_until(run.clients_done, bound, STEPS)
    if run.failure is not None:
        return
    done = run.clients_done() and workload(run, run.clients[0]).seen.get(key)
    if errors(run) > before or not done:
        view.file(Stalled("a fresh write and a strong read of it did not succeed", bound))
    for replica in run.replicas():
        retained, most = replica.state.applied + 1 - replica.log.first, most_retained(run, replica)
        if retained > most:
            view.file(Uncut(replica.member, retained, most))


def most_retained(run: PartitionRun, replica: Any) -> int:
    """How many applied slots the last cut may have left: those that laggards may ask for, and those that any
    reader's hold asked for that stood at the checkpoint or was placed since. Checkpoints come in time.
    """
    settings, snapshot = run.config.settings, replica.log.head.snapshot
    covered = 0 if snapshot is None else snapshot.slot
    holds = [hold.through for hold in snapshot.holds] if snapshot is not None else []
    for slot in range(covered + 1, replica.state.applied + 1):
        fact = run.watcher.view.chosen.get(slot)
        if fact is not None and isinstance(fact.record.record, CursorMoved):
            holds.append(fact.record.record.hold.through)
    return 4 * settings.checkpoint_slots + max(settings.retained_slots, covered - min(holds, default=covered))


def idleness(run: PartitionRun) -> None:
    """Nothing changes any more."""
    leases, watcher = WATCHED_LEASES * run.config.settings.lease_us, run.watcher
    run.advance_until(never, leases + straggling_us(run), STEPS)
    before = watcher.leader_changes
    run.advance_until(never, leases, STEPS)
    if run.failure is None and watcher.leader_changes != before:
        watcher.view.file(IdleElection(list(watcher.view.led)[-1]))


def straggling_us(run: PartitionRun) -> int:
    """How long a message that left before the faults stopped may still be on its way: it may start an
    election when it arrives (an old answer that nobody hears the leader; seed 2026, schedule 14260).
    """
    config = run.config
    slow = SLOWNESS if any(fault.kind == "slow node" for fault in config.faults) else 1
    late = LATE_COPY if config.duplication else 1
    return max(config.options.latencies) * slow * late


def errors(run: PartitionRun) -> int:
    """How many operations have ended with an error."""
    endings = run.watcher.endings
    return endings.get("definite", 0) + endings.get("indefinite", 0)


def never() -> bool:
    """Wait for nothing but time."""
    return False


def workload(run: PartitionRun, name: str) -> Any:
    """A client of the run."""
    client = run.world.slots[name].node
    assert isinstance(client, WorkloadClient)
    return client
