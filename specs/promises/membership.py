"""The promises of replacing voters, each in every state of a run."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.base import Name
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import ActedWithoutTree, LacksTree, Reconfigured, WasDropped


@spec("always", source="docs/replication.md, rule M7", over=GroupView, on=(WasDropped,))
def voters_are_not_dropped(view: GroupView) -> Iterable[Violation]:
    """Nobody drops a voter of the newest chosen config, nor one that has left before all voters of that one,
    or of one that was chosen since it left, are admitted; or all but one, and the others hold the log through
    the config.
    """
    voters = view.configs[-1][1]
    waiting = [voter for voter in voters if voter not in view.spoken and voter not in view.forgetful]
    for fact in view.take(WasDropped):
        if fact.name in voters:
            yield Violation(f"{fact.name} was dropped, and has a vote")
        elif waiting and not _replaced(view, fact.name) and not _others_hold(view, waiting):
            yield Violation(
                f"{fact.name} was dropped, and {' and '.join(map(str, waiting))} may lack what it holds"
            )


def _replaced(view: GroupView, name: object) -> bool:
    """Whether it never had a vote, or all voters of a config chosen since it left were admitted: they held
    what it does, whichever voters were added or lost after that.
    """
    named = [at for at, (_, voters) in enumerate(view.configs) if name in voters]
    since = view.configs[named[-1] + 1 :] if named else []
    return not named or any(all(voter in view.spoken for voter in voters) for _, voters in since)


def _others_hold(view: GroupView, waiting: list[Name]) -> bool:
    """Whether one voter is not admitted, and all others hold the newest config durably."""
    slot, voters = view.configs[-1]
    return len(waiting) == 1 and all(
        voter in waiting
        or slot <= max(view.pruned_through, view.checkpoints.get(voter, 0), view.bare.get(voter, 0))
        or voter in view.accepted.get(slot, {})
        for voter in voters
        if voter not in view.forgetful
    )


@spec(
    "always",
    source="Liskov et al., Harp, SOSP 1991 (witnesses); docs/replication.md, rule M5",
    over=GroupView,
    on=(ActedWithoutTree,),
)
def log_replicas_only_vote(view: GroupView) -> Iterable[Violation]:
    """A replica without a tree neither campaigns nor leads, and answers no client."""
    for fact in view.take(ActedWithoutTree):
        yield Violation(f"{fact.name} has no tree, and {fact.what}")


@spec("always", source="docs/replication.md, rule M5", over=GroupView, on=(LacksTree, Reconfigured))
def one_log_replica_at_a_time(view: GroupView) -> Iterable[Violation]:
    """At most one voter of the newest chosen config has no tree."""
    bare = [voter for voter in view.configs[-1][1] if voter in view.bare and voter not in view.forgetful]
    if len(bare) > 1:
        yield Violation(f"{' and '.join(map(str, bare))} have votes, and no trees")


SPECS: tuple[AnySpec, ...] = (voters_are_not_dropped, log_replicas_only_vote, one_log_replica_at_a_time)
