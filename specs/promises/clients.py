"""What clients see, each in every state of a run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import (
    Acknowledged,
    EventualReadUnchosen,
    Forgot,
    PageApart,
    Reconfigured,
    Repeated,
    Spoke,
    UnchosenShown,
    Unheld,
    Unlinearizable,
)


@spec(
    "always",
    source="DynamoDB (ATC 2022), 4 (durability)",
    over=GroupView,
    on=(Acknowledged, Forgot, Spoke, Reconfigured, Unheld),
)
def acknowledged_writes_survive(view: GroupView) -> Iterable[Violation]:
    """Every quorum of trusted voters contains one that holds an acknowledged write, in its log or a
    checkpoint; and as many replicas as a quorum has hold it, who has left and is not dropped among them, but
    for the voters that are lost, or one that is not admitted yet.
    """
    fresh = {fact.slot: fact.request for fact in view.take(Acknowledged)}
    unheld = [fact.slot for fact in view.take(Unheld)]
    fresh |= {slot: view.acknowledged[slot] for slot in unheld if slot in view.acknowledged}
    if any(view.take(kind) for kind in (Forgot, Spoke, Reconfigured)):  # The quorums have changed.
        fresh = view.acknowledged
    newest = view.configs[-1][1]
    voters = view.trusted()
    lost = sum(voter in view.forgetful for voter in newest)
    needed = len(newest) // 2 + 1 - min(len(newest) - len(voters), max(1, lost))
    for slot, request in fresh.items():
        chosen = view.chosen.get(slot)
        if slot > view.chosen_through:
            yield Violation(f"{request} was acknowledged in slot {slot}, which no quorum holds")
        elif chosen is not None:
            for quorum in combinations(voters, len(newest) // 2 + 1):
                if not any(_holds(view, voter, slot, chosen.entry.identity) for voter in quorum):
                    yield Violation(f"{request} was acknowledged in slot {slot}, and a quorum lacks it")
                    break
            else:
                known = dict.fromkeys((*view.spoken, *newest))  # A child's voters hold it before they speak.
                holders = [name for name in known if _holds(view, name, slot, chosen.entry.identity)]
                kept = sum(name not in view.forgetful for name in holders)
                if kept < needed:
                    yield Violation(f"{request} was acknowledged in slot {slot}, and {kept} replicas hold it")


def _holds(view: GroupView, voter: object, slot: int, identity: object) -> bool:
    entry = view.accepted.get(slot, {}).get(voter)
    return (entry is not None and entry.identity == identity) or view.checkpoints.get(voter, 0) >= slot


@spec("always", source="Herlihy and Wing, Linearizability, 1990", over=GroupView, on=(Unlinearizable,))
def strong_reads_linearizable(view: GroupView) -> Iterable[Violation]:
    """Per key, strong reads and writes are linearizable; a failed condition is a read of what it saw."""
    for fact in view.take(Unlinearizable):
        yield Violation(f"key {fact.key!r}: {fact.sentence}")


@spec(
    "always", source="DynamoDB developer guide, read consistency", over=GroupView, on=(EventualReadUnchosen,)
)
def eventual_reads_were_committed(view: GroupView) -> Iterable[Violation]:
    """An eventual read returns a value that stood at some slot chosen before it returned."""
    for fact in view.take(EventualReadUnchosen):
        yield Violation(
            f"{fact.request} read a value of slot {fact.slot} that was not chosen there before it returned"
        )


@spec("always", source="docs/replication.md, rule 7", over=GroupView, on=(UnchosenShown,))
def no_uncommitted_state_visible(view: GroupView) -> Iterable[Violation]:
    """No answer shows a mutation that is not chosen."""
    for fact in view.take(UnchosenShown):
        yield Violation(
            f"the answer to {fact.request} shows a mutation of slot {fact.slot} that is not chosen there"
        )


@spec(
    "always",
    source="docs/table.md, R8; Herlihy and Wing, Linearizability, 1990",
    over=GroupView,
    on=(PageApart,),
)
def pages_show_one_state(view: GroupView) -> Iterable[Violation]:
    """A page shows what the records through one chosen slot left, all of it as far as it is complete, and
    nothing else; for a strong one that slot is at least the newest acknowledged before it was asked for.
    How old an eventual one may be is not promised here.
    """
    for fact in view.take(PageApart):
        yield Violation(f"{fact.request} {fact.sentence}")


@spec("always", source="docs/replication.md, exactly once", over=GroupView, on=(Repeated,))
def retries_apply_once(view: GroupView) -> Iterable[Violation]:
    """One effective record per request id; all its answers agree; nothing takes effect after a definite
    failure.
    """
    for fact in view.take(Repeated):
        yield Violation(f"{fact.request} {fact.sentence}")


SPECS: tuple[AnySpec, ...] = (
    acknowledged_writes_survive,
    strong_reads_linearizable,
    eventual_reads_were_committed,
    no_uncommitted_state_visible,
    pages_show_one_state,
    retries_apply_once,
)
"""The specs of this module, in the order in which they are listed."""
