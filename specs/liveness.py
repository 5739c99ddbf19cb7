"""What must happen once the faults have stopped, within a bound from the run's time constants.

Judged in the fair end of a run: faults off, every enabled event happens when it is due. Whoever drives the
run waits for the bound and files what did not happen by then; a bound is part of the fact.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.promise import Violation, spec
from dynaproof.specs.view import View


@spec("eventually", source="Lampson, How to Build a Highly Available System, 1996", on=("stalled",))
def progress_after_faults_stop(view: View) -> Iterable[Violation]:
    """A fresh write and a strong read succeed."""
    for what, bound in view.take("stalled"):
        yield Violation(f"{what}, {bound} us after the faults had stopped")


@spec("eventually", source="DESIGN, exactly-once requests (deadlines)", on=("unanswered",))
def operations_are_answered(view: View) -> Iterable[Violation]:
    """Every operation is answered, be it with an error, by its deadline plus a bound."""
    for request, bound in view.take("unanswered"):
        yield Violation(f"{request} was not answered within {bound} us of fair time")


@spec("eventually", source="Schneider, State Machine Approach, 1990, 2", on=("unequal",))
def replicas_equal_when_quiet(view: View) -> Iterable[Violation]:
    """Items, requests, config and applied slot of every replica equal the fold of the chosen entries."""
    for name, what in view.take("unequal"):
        yield Violation(f"{name} has other {what} than the fold of the chosen entries")


@spec("eventually", source="Chandra et al., Paxos Made Live, 2007, 5.2 (catch-up)", on=("behind",))
def laggards_catch_up(view: View) -> Iterable[Violation]:
    """Every live replica reaches the commit index."""
    for name, commit, chosen, bound in view.take("behind"):
        yield Violation(f"{name} is at slot {commit} of {chosen}, {bound} us after the faults had stopped")


@spec("eventually", source="Ongaro and Ousterhout, Raft, 7 (log compaction)", on=("uncut",))
def logs_get_cut(view: View) -> Iterable[Violation]:
    """Logs do not grow for ever: a quiet replica retains a bounded number of applied slots."""
    for name, retained, bound in view.take("uncut"):
        yield Violation(f"{name} retains {retained} applied slots; at most {bound} are needed")


@spec("eventually", source="DynamoDB (ATC 2022), 5 (failure detection)", on=("deposed",))
def no_idle_elections(view: View) -> Iterable[Violation]:
    """Without faults no leader changes; one gray link does not depose a leader."""
    for ballot in view.take("deposed"):
        yield Violation(f"{ballot} began to lead although nothing was wrong any more")
