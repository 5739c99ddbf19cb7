"""What must happen once the faults have stopped, within a bound from the run's time constants.

Judged in the fair end of a run: faults off, every enabled event happens when it is due. The run's driver
waits for the bound and files what did not happen by then; the bound is part of the fact.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Behind, IdleElection, Stalled, Unanswered, Uncut, Unequal


@spec(
    "eventually",
    source="Lampson, How to Build a Highly Available System, 1996",
    over=GroupView,
    on=(Stalled,),
)
def progress_after_faults_stop(view: GroupView) -> Iterable[Violation]:
    """A fresh write and a strong read succeed."""
    for fact in view.take(Stalled):
        yield Violation(f"{fact.what}, {fact.bound_us} us after the faults had stopped")


@spec("eventually", source="docs/replication.md, exactly once (deadlines)", over=GroupView, on=(Unanswered,))
def operations_are_answered(view: GroupView) -> Iterable[Violation]:
    """Every operation is answered, be it with an error, by its deadline plus a bound."""
    for fact in view.take(Unanswered):
        yield Violation(f"{fact.request} was not answered in {fact.waited_us} us of fair time")


@spec("eventually", source="Schneider, State Machine Approach, 1990, 2", over=GroupView, on=(Unequal,))
def replicas_equal_when_quiet(view: GroupView) -> Iterable[Violation]:
    """Items, requests, config and applied slot of every replica equal the fold of the chosen entries."""
    for fact in view.take(Unequal):
        yield Violation(f"{fact.name} has other {fact.what} than the fold of the chosen entries")


@spec(
    "eventually", source="Chandra et al., Paxos Made Live, 2007, 5.2 (catch-up)", over=GroupView, on=(Behind,)
)
def laggards_catch_up(view: GroupView) -> Iterable[Violation]:
    """Every live replica reaches the commit index."""
    for fact in view.take(Behind):
        yield Violation(
            f"{fact.name} is at slot {fact.commit} of {fact.chosen}, "
            f"{fact.bound_us} us after the faults had stopped"
        )


@spec("eventually", source="Ongaro and Ousterhout, Raft, 7 (log compaction)", over=GroupView, on=(Uncut,))
def logs_get_cut(view: GroupView) -> Iterable[Violation]:
    """Logs do not grow for ever: a quiet replica retains a bounded number of applied slots."""
    for fact in view.take(Uncut):
        yield Violation(f"{fact.name} retains {fact.retained} applied slots; at most {fact.bound} are needed")


@spec("eventually", source="DynamoDB (ATC 2022), 5 (failure detection)", over=GroupView, on=(IdleElection,))
def no_idle_elections(view: GroupView) -> Iterable[Violation]:
    """Without faults no leader changes; one gray link does not depose a leader."""
    for fact in view.take(IdleElection):
        yield Violation(f"{fact.ballot} began to lead although nothing was wrong any more")


SPECS: tuple[AnySpec, ...] = (
    progress_after_faults_stop,
    operations_are_answered,
    replicas_equal_when_quiet,
    laggards_catch_up,
    logs_get_cut,
    no_idle_elections,
)
"""The specs of this module, in the order in which they are listed."""
