"""What clients see, each in every state of a run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from dynaproof.specs.promise import Violation, spec
from dynaproof.specs.view import View


@spec(
    "always",
    source="DynamoDB (ATC 2022), 4 (durability)",
    on=("acknowledged", "lost", "spoke", "config", "unheld"),
)
def acknowledged_writes_survive(view: View) -> Iterable[Violation]:
    """Every quorum of trusted voters contains one that holds an acknowledged write, in its log or a
    checkpoint.
    """
    fresh = {slot: request for request, slot in view.take("acknowledged")}
    fresh |= {slot: view.acknowledged[slot] for slot in view.take("unheld") if slot in view.acknowledged}
    if any(view.take(topic) for topic in ("lost", "spoke", "config")):  # The quorums are others now.
        fresh = view.acknowledged
    for slot, request in fresh.items():
        chosen = view.chosen.get(slot)
        if slot > view.chosen_through:
            yield Violation(f"{request} was acknowledged in slot {slot}, which no quorum holds")
        elif chosen is not None:
            voters = view.trusted()
            for quorum in combinations(voters, len(view.configs[-1][1]) // 2 + 1):
                if not any(_holds(view, voter, slot, chosen.entry.identity) for voter in quorum):
                    yield Violation(f"{request} was acknowledged in slot {slot}, and a quorum lacks it")
                    break


def _holds(view: View, voter: object, slot: int, identity: object) -> bool:
    entry = view.accepted.get(slot, {}).get(voter)
    return (entry is not None and entry.identity == identity) or view.checkpoints.get(voter, 0) >= slot


@spec("always", source="Herlihy and Wing, Linearizability, 1990", on=("unlinearizable",))
def strong_reads_linearizable(view: View) -> Iterable[Violation]:
    """Per key, strong reads and writes are linearizable; a failed condition is a read of what it saw."""
    for key, sentence in view.take("unlinearizable"):
        yield Violation(f"key {key!r}: {sentence}")


@spec("always", source="DynamoDB developer guide, read consistency", on=("eventual",))
def eventual_reads_were_committed(view: View) -> Iterable[Violation]:
    """An eventual read returns a value that stood at some slot chosen before it returned."""
    for request, slot in view.take("eventual"):
        yield Violation(f"{request} read a value of slot {slot} that was not chosen there before it returned")


@spec("always", source="DESIGN, Multi-Paxos (replies)", on=("uncommitted",))
def no_uncommitted_state_visible(view: View) -> Iterable[Violation]:
    """No answer shows a mutation that is not chosen."""
    for request, slot in view.take("uncommitted"):
        yield Violation(f"the answer to {request} shows a mutation of slot {slot} that is not chosen there")


@spec("always", source="DESIGN, exactly-once requests", on=("repeated",))
def retries_apply_once(view: View) -> Iterable[Violation]:
    """One effective record per request id; all its answers agree; nothing takes effect after a definite
    failure.
    """
    for request, sentence in view.take("repeated"):
        yield Violation(f"{request} {sentence}")
