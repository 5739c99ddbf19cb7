"""The promises of consensus, each in every state of a run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from dynaproof.specs.promise import Violation, spec
from dynaproof.specs.view import View


@spec("always", source="Lamport, Paxos Made Simple, 2.2", on=("led", "proposed", "altered"))
def one_leader_per_ballot(view: View) -> Iterable[Violation]:
    """One incarnation completes phase 1 of a ballot, once, and proposes one value per slot in it."""
    for ballot in view.take("led"):
        if len(view.led[ballot]) > 1:
            yield Violation(
                f"ballot {ballot} was led {len(view.led[ballot])} times, by {_names(view.led[ballot])}"
            )
    for ballot, slot in view.take("proposed"):
        yield Violation(f"ballot {ballot} proposed {len(view.proposed[ballot, slot])} values for slot {slot}")
    for slot, ballot in view.take("altered"):
        yield Violation(f"what ballot {ballot} proposed first for slot {slot} is another value somewhere")


@spec("always", source="Lamport, Paxos Made Simple, 2.1 (P2)", on=("accepted",))
def chosen_entries_agree(view: View) -> Iterable[Violation]:
    """At most one value is chosen per slot."""
    for slot in view.take("accepted"):
        if len(view.voters_at.get(slot, ())) < 2:
            continue  # The usual case: nobody ever accepted anything else there.
        identities = []
        for entry in view.quorum_entry(slot):
            if entry.identity not in identities:
                identities.append(entry.identity)
        if len(identities) > 1:
            yield Violation(f"slot {slot} has {len(identities)} chosen values: {_names(identities)}")


@spec(
    "always",
    source="Newcombe et al., CACM 2015 (replication); replication rules, invariant 2",
    on=("chosen",),
)
def chosen_entries_follow(view: View) -> Iterable[Violation]:
    """A chosen slot was computed on the chosen slots below it: each old image is the item that they left."""
    for fact in view.take("chosen"):
        for key, expected, found in getattr(fact.record, "surprises", ()):
            yield Violation(
                f"slot {fact.slot} was computed on {found} under key {key!r}, but {expected} was there"
            )


@spec("always", source="Ongaro and Ousterhout, Raft, 5.3 (state machine safety)", on=("committed",))
def logs_agree_up_to_commit(view: View) -> Iterable[Violation]:
    """Every retained slot at or below a replica's commit index equals the chosen value."""
    for name, slot, identity in view.take("committed"):
        chosen = view.chosen.get(slot)
        if chosen is None:
            if slot > view.chosen_through:
                yield Violation(f"{name} holds slot {slot} for chosen, and no quorum has it")
        elif chosen.entry.identity != identity:
            yield Violation(
                f"{name} committed {identity} in slot {slot}, but {chosen.entry.identity} is chosen"
            )


@spec("always", source="Lamport, Paxos Made Simple, 2.2 (P1a); 3 (stable storage)", on=("recovered",))
def promises_never_go_back(view: View) -> Iterable[Violation]:
    """A recovered promise is at least every ballot that this incarnation ever let out."""
    for name, promised in view.take("recovered"):
        let_out = view.let_out.get(name)
        if let_out is not None and promised < let_out:
            yield Violation(f"{name} came back with promise {promised} after it had let out {let_out}")


@spec("always", source="Chandra et al., Paxos Made Live, 5.1; the boundary's rule 1", on=("uncovered",))
def durable_before_visible(view: View) -> Iterable[Violation]:
    """When a message leaves, every byte that its node wrote before it is synced."""
    for name, message in view.take("uncovered"):
        yield Violation(f"a {message} left {name} before what the node had written was synced")


@spec("always", source="Alagappan et al., FAST 2018; replication rule 13", on=("voted",))
def forgetful_never_vote(view: View) -> Iterable[Violation]:
    """An incarnation that lost synced state is counted in no quorum afterwards."""
    for name, ballot in view.take("voted"):
        yield Violation(
            f"{name} lost synced state, and let out a promise, vote or grant at {ballot} afterwards"
        )


@spec("always", source="Alagappan et al., FAST 2018, 3.3 (crash or corruption)", on=("silent",))
def only_the_damaged_fall_silent(view: View) -> Iterable[Violation]:
    """An incarnation gives itself up only if synced state of it was damaged."""
    for name in view.take("silent"):
        yield Violation(f"{name} fell silent, and nothing that it had synced was damaged")


@spec("always", source="Lamport, Malkhi and Zhou, Reconfiguring a State Machine", on=("config",))
def quorums_overlap(view: View) -> Iterable[Violation]:
    """Quorums of consecutive configs intersect in a voter that forgot nothing."""
    for (_, old), (slot, new) in zip(view.configs, view.configs[1:], strict=False):
        if slot not in view.take("config"):
            continue
        for one in combinations([v for v in old if v not in view.forgetful], len(old) // 2 + 1):
            for other in combinations(new, len(new) // 2 + 1):
                if not any(voter in other for voter in one):
                    yield Violation(
                        f"the config of slot {slot} has a quorum {_names(other)} apart from {_names(one)}"
                    )


@spec("always", source="DynamoDB (ATC 2022), 5; replication rule 7", on=("served",))
def leader_applied_before_serving(view: View) -> Iterable[Violation]:
    """A serving leader has applied every slot that was chosen at a lower ballot."""
    for name, ballot, applied in view.take("served"):
        for slot in range(max(applied, view.pruned_through) + 1, view.chosen_through + 1):
            if view.chosen[slot].entry.ballot < ballot:
                yield Violation(
                    f"{name} served at {ballot} with {applied} slots applied; slot {slot} is older"
                )
                break


@spec("always", source="Gray and Cheriton, Leases; replication rule 15", on=("lease", "chosen"))
def one_lease_holder(view: View) -> Iterable[Violation]:
    """At most one replica may serve by lease at a time, and no other ballot gets anything chosen
    meanwhile.
    """
    live = [(name, ballot) for name, (ballot, until) in view.holders.items() if view.tau < until]
    if len(live) > 1:
        yield Violation(
            f"{_names(f'{name} at {ballot}' for name, ballot in live)} may serve at the same time"
        )
    for fact in view.take("chosen"):
        for name, ballot in live:
            if fact.entry.ballot != ballot:
                yield Violation(
                    f"slot {fact.slot} was chosen at {fact.entry.ballot} in the lease of {name} at {ballot}"
                )


@spec("always", source="DynamoDB transactions (ATC 2023), 3; DESIGN, commit timestamps", on=("chosen",))
def commit_timestamps_increase(view: View) -> Iterable[Violation]:
    """Commit timestamps increase strictly over all slots, no-ops included."""
    for fact in view.take("chosen"):
        before = view.chosen.get(fact.slot - 1)
        if before is not None and fact.record.timestamp <= before.record.timestamp:
            yield Violation(
                f"slot {fact.slot} has timestamp {fact.record.timestamp}, not above its predecessor's"
            )


@spec("always", source="Ongaro and Ousterhout, Raft, 7 (log compaction)", on=("cut",))
def log_cut_is_covered(view: View) -> Iterable[Violation]:
    """Nothing is cut above the durable checkpoint or a cursor."""
    for name, first, held in view.take("cut"):
        covered = view.checkpoints.get(name, 0)
        if first > covered + 1:
            yield Violation(
                f"{name} keeps its log from slot {first} on, and its durable checkpoint ends at {covered}"
            )
        for reader, (through, _) in view.holds.items():
            if held and first > through + 1:
                yield Violation(
                    f"{name} keeps its log from slot {first} on, and {reader} has read through {through} only"
                )


@spec("always", source="DESIGN section 4 (retention holds)", on=("given_up",))
def held_log_is_never_given_up(view: View) -> Iterable[Violation]:
    """No reader is told that the log is gone from a place that its hold protects."""
    for name, reader, place in view.take("given_up"):
        yield Violation(f"{name} told {reader} that slot {place} is gone, which a hold protects")


@spec("always", source="the boundary's rule 7", on=("queue",))
def queues_stay_bounded(view: View) -> Iterable[Violation]:
    """Every queue is within its named bound."""
    for name, queue, length, bound in view.take("queue"):
        yield Violation(f"{queue} of {name} has {length} elements; its bound is {bound}")


@spec("always", source="the boundary's rule 9", on=("raised",))
def handlers_never_raise(view: View) -> Iterable[Violation]:
    """No handler raises on anything that a peer, a client or a disk can give."""
    for name, message, error in view.take("raised"):
        yield Violation(f"{name} raised {error} on {message}")


def _names(things: Iterable[object]) -> str:
    return " and ".join(str(thing) for thing in things)
