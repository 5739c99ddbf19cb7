"""The promises of consensus, each in every state of a run."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import (
    Accepted,
    AppliedApart,
    Ballot,
    Chosen,
    Committed,
    ConfigJoined,
    EpochApart,
    FellSilent,
    ForgetfulVote,
    FrameTooLarge,
    LeaseHeld,
    Led,
    LogCut,
    MessageTooLarge,
    ProposalChanged,
    QueueOverfull,
    Raised,
    RecordAltered,
    Recovered,
    Serving,
    TailTooLong,
    Uncovered,
    Vanished,
    WasShed,
)


@spec(
    "always",
    source="Lamport, Paxos Made Simple, 2.2",
    over=GroupView,
    on=(Led, ProposalChanged, RecordAltered),
)
def one_leader_per_ballot(view: GroupView) -> Iterable[Violation]:
    """One incarnation completes phase 1 of a ballot, once, and proposes one value per slot in it."""
    for led in view.take(Led):
        leaders = view.led[led.ballot]
        if len(leaders) > 1:
            yield Violation(f"ballot {led.ballot} was led {len(leaders)} times, by {_names(leaders)}")
    for changed in view.take(ProposalChanged):
        values = view.proposed[changed.ballot, changed.slot]
        yield Violation(f"ballot {changed.ballot} proposed {len(values)} values for slot {changed.slot}")
    for altered in view.take(RecordAltered):
        yield Violation(
            f"what ballot {altered.identity} proposed first for slot {altered.slot} "
            "is another value somewhere"
        )


@spec("always", source="docs/replication.md, rule 9", over=GroupView, on=(ConfigJoined,))
def configs_are_proposed_alone(view: GroupView) -> Iterable[Violation]:
    """A leader proposes a config when all below it is chosen, and nothing above it before it is."""
    for fact in view.take(ConfigJoined):
        yield Violation(
            f"{fact.ballot} proposed a config for slot {fact.slot} and something for slot {fact.other}, "
            "and the lower of them was not chosen yet"
        )


@spec("always", source="Lamport, Paxos Made Simple, 2.1 (P2)", over=GroupView, on=(Accepted,))
def chosen_entries_agree(view: GroupView) -> Iterable[Violation]:
    """At most one value is chosen per slot."""
    for fact in view.take(Accepted):
        slot = fact.slot
        if len(view.voters_at.get(slot, ())) < 2:
            continue  # The usual case: nobody has accepted anything else there.
        identities = []
        for entry in view.quorum_entry(slot):
            if entry.identity not in identities:
                identities.append(entry.identity)
        if len(identities) > 1:
            yield Violation(f"slot {slot} has {len(identities)} chosen values: {_names(identities)}")


@spec(
    "always",
    source="Newcombe et al., CACM 2015 (replication); docs/replication.md, invariant 2",
    over=GroupView,
    on=(Chosen,),
)
def chosen_entries_follow(view: GroupView) -> Iterable[Violation]:
    """A chosen slot was computed on the chosen slots below it: each old image is the item that they left."""
    for fact in view.take(Chosen):
        for key, expected, found in fact.record.surprises:
            yield Violation(
                f"slot {fact.slot} was computed on {found} under key {key!r}, but {expected} was there"
            )


@spec(
    "always",
    source="Ongaro and Ousterhout, Raft, 5.3 (state machine safety)",
    over=GroupView,
    on=(Committed,),
)
def logs_agree_up_to_commit(view: GroupView) -> Iterable[Violation]:
    """Every retained slot at or below a replica's commit index equals the chosen value."""
    for fact in view.take(Committed):
        slot = fact.slot
        chosen = view.chosen.get(slot)
        if chosen is None:
            if slot > view.chosen_through:
                yield Violation(f"{fact.name} holds slot {slot} for chosen, and no quorum has it")
        elif chosen.entry.identity != fact.identity:
            yield Violation(
                f"{fact.name} committed {fact.identity} in slot {slot}, but {chosen.entry.identity} is chosen"
            )


@spec(
    "always",
    source="Lamport, Paxos Made Simple, 2.2 (P1a); 3 (stable storage)",
    over=GroupView,
    on=(Recovered,),
)
def promises_never_go_back(view: GroupView) -> Iterable[Violation]:
    """A recovered promise is at least every ballot that this incarnation ever let out."""
    for fact in view.take(Recovered):
        let_out = view.let_out.get(fact.name)
        if let_out is not None and fact.promised < let_out:
            yield Violation(
                f"{fact.name} came back with promise {fact.promised} after it had let out {let_out}"
            )


@spec(
    "always",
    source="Chandra et al., Paxos Made Live, 5.1; the boundary's rule 1",
    over=GroupView,
    on=(Uncovered,),
)
def durable_before_visible(view: GroupView) -> Iterable[Violation]:
    """When a message leaves, every byte that its node wrote before it is synced."""
    for fact in view.take(Uncovered):
        yield Violation(f"a {fact.message} left {fact.name} before what the node had written was synced")


@spec("always", source="the boundary's rule 2", over=GroupView, on=(WasShed, Vanished))
def sheds_are_noted(view: GroupView) -> Iterable[Violation]:
    """While a node lives, what it sends leaves it, or is noted as shed; a message to itself is never shed."""
    for shed in view.take(WasShed):
        if shed.own:
            yield Violation(f"{shed.node} shed a {shed.message} to itself, which nobody sends again")
    for gone in view.take(Vanished):
        yield Violation(f"a {gone.message} of {gone.node} is gone, and nobody noted that")


@spec(
    "always", source="Alagappan et al., FAST 2018; replication rule 13", over=GroupView, on=(ForgetfulVote,)
)
def forgetful_never_vote(view: GroupView) -> Iterable[Violation]:
    """An incarnation that lost synced state is counted in no quorum afterwards."""
    for fact in view.take(ForgetfulVote):
        yield Violation(
            f"{fact.name} lost synced state, and let out a promise, vote or grant at {fact.ballot} afterwards"
        )


@spec(
    "always",
    source="Alagappan et al., FAST 2018, 3.3 (crash or corruption)",
    over=GroupView,
    on=(FellSilent,),
)
def only_the_damaged_fall_silent(view: GroupView) -> Iterable[Violation]:
    """An incarnation gives itself up only if synced state of it was damaged."""
    for fact in view.take(FellSilent):
        yield Violation(f"{fact.name} fell silent, and nothing that it had synced was damaged")


@spec(
    "always",
    source="Lamport, Paxos Made Simple, 2.2 (P2c); Lamport, Malkhi and Zhou, Reconfiguring a State Machine",
    over=GroupView,
    on=(Led, Accepted),
)
def quorums_overlap(view: GroupView) -> Iterable[Violation]:
    """Of the voters whose votes chose a slot, at one of the ballots at which they did, one has promised each
    later ballot that is led, before it lost anything, unless that ballot's leader knew the slot to be chosen.
    Quorums of consecutive configs need not meet.
    """
    for led in view.take(Led):
        known = view.known_by.get(led.ballot)
        if known is not None:
            for slot in range(max(known, view.pruned_through) + 1, view.chosen_through + 1):
                yield from _apart(view, slot, led.ballot)
    for fact in view.take(Accepted):
        # The usual case: the newest leader's own.
        if any(entry.ballot < view.newest_led for entry in view.voters_at.get(fact.slot, ())):
            for ballot, known in view.known_by.items():
                if known < fact.slot:
                    yield from _apart(view, fact.slot, ballot)


def _apart(view: GroupView, slot: int, ballot: Ballot) -> Iterable[Violation]:
    """Where a slot was chosen below a ballot, and no voter for it has promised the ballot."""
    promised = view.promises.get(ballot, {})
    voters_of = {
        entry: [v for v in view.config_at(slot) if v in view.voters_at[slot][entry]]
        for entry in view.quorum_entry(slot)
        if entry.ballot < ballot
    }
    # What was chosen may be chosen again at later ballots, by others: one quorum that is met will do.
    met = {entry.identity for entry, voters in voters_of.items() if any(one in promised for one in voters)}
    for entry, voters in voters_of.items():
        if entry.identity not in met:
            yield Violation(
                f"{ballot} is led with the promises of {_names(promised)}, and slot {slot} was chosen at "
                f"{entry.ballot} by {_names(voters)}"
            )


@spec("always", source="DynamoDB (ATC 2022), 5; replication rule 7", over=GroupView, on=(Serving,))
def leader_applied_before_serving(view: GroupView) -> Iterable[Violation]:
    """A serving leader has applied every slot that was chosen at a lower ballot."""
    for fact in view.take(Serving):
        for slot in range(max(fact.applied, view.pruned_through) + 1, view.chosen_through + 1):
            if view.chosen[slot].entry.ballot < fact.ballot:
                yield Violation(
                    f"{fact.name} served at {fact.ballot} with {fact.applied} slots applied; "
                    f"slot {slot} is older"
                )
                break


@spec(
    "always",
    source="Gray and Cheriton, Leases; replication rule 15",
    over=GroupView,
    on=(LeaseHeld, Chosen, Led),
)
def one_lease_holder(view: GroupView) -> Iterable[Violation]:
    """At most one replica may serve by lease at a time; meanwhile no later ballot is led, and no other one
    gets anything chosen, whatever the configs are.
    """
    live = [(name, ballot) for name, (ballot, until) in view.holders.items() if view.tau < until]
    if len(live) > 1:
        yield Violation(
            f"{_names(f'{name} at {ballot}' for name, ballot in live)} may serve at the same time"
        )
    for led in view.take(Led):
        for name, ballot in live:
            if led.ballot > ballot:
                yield Violation(f"{led.ballot} is led in the lease of {name} at {ballot}")
    for fact in view.take(Chosen):
        for name, ballot in live:
            if fact.entry.ballot != ballot:
                yield Violation(
                    f"slot {fact.slot} was chosen at {fact.entry.ballot} in the lease of {name} at {ballot}"
                )


@spec(
    "always",
    source="DynamoDB transactions (ATC 2023), 3; docs/replication.md, commit timestamps",
    over=GroupView,
    on=(Chosen,),
)
def commit_timestamps_increase(view: GroupView) -> Iterable[Violation]:
    """Commit timestamps increase strictly over all slots, no-ops included."""
    for fact in view.take(Chosen):
        before = view.chosen.get(fact.slot - 1)
        if before is not None and fact.record.timestamp <= before.record.timestamp:
            yield Violation(
                f"slot {fact.slot} has timestamp {fact.record.timestamp}, not above its predecessor's"
            )


@spec("always", source="docs/replication.md, rule 7", over=GroupView, on=(AppliedApart,))
def chosen_is_applied(view: GroupView) -> Iterable[Violation]:
    """Between two handlers a replica has applied all that it knows to be chosen, and nothing else."""
    for fact in view.take(AppliedApart):
        yield Violation(
            f"{fact.name} has applied slots through {fact.applied}, and knows that all through "
            f"{fact.commit} are chosen"
        )


@spec("always", source="docs/replication.md, rules 9 and 11", over=GroupView, on=(EpochApart,))
def records_name_their_config(view: GroupView) -> Iterable[Violation]:
    """A chosen record carries the epoch of the config that governs its slot."""
    for fact in view.take(EpochApart):
        yield Violation(
            f"the record chosen in slot {fact.slot} carries epoch {fact.epoch}, and the config of epoch "
            f"{fact.governing} governs that slot"
        )


@spec("always", source="Ongaro and Ousterhout, Raft, 7 (log compaction)", over=GroupView, on=(LogCut,))
def log_cut_is_covered(view: GroupView) -> Iterable[Violation]:
    """Nothing is cut above the durable checkpoint or a cursor."""
    for fact in view.take(LogCut):
        name, first = fact.name, fact.first
        covered = view.checkpoints.get(name, 0)
        if first > covered + 1:
            yield Violation(
                f"{name} keeps its log from slot {first} on, and its durable checkpoint ends at {covered}"
            )
        for reader, through in view.holds.items():
            if fact.held and first > through + 1:
                yield Violation(
                    f"{name} keeps its log from slot {first} on, and {reader} has read through {through} only"
                )


@spec(
    "always",
    source="docs/replication.md, rules W1 to W6",
    over=GroupView,
    on=(MessageTooLarge, TailTooLong),
)
def tails_fit(view: GroupView) -> Iterable[Violation]:
    """Every message between replicas, a promise with its tail and the first accept of a ballot among them, is
    within its bound in bytes, or has one record, or one and a no-op; and so has whatever a candidate finds
    above what an acceptor's journal knows chosen. A page has room for one item, or is within that bound.
    """
    for fact in view.take(MessageTooLarge):
        yield Violation(
            f"a {fact.message} of {fact.name} has {fact.size} bytes of records; it has room for {fact.bound}"
        )
    for long in view.take(TailTooLong):
        yield Violation(
            f"{long.name} came back with {long.records} records of {long.size} bytes above what its journal "
            f"knows chosen, and a message has room for {long.bound}"
        )


@spec("always", source="docs/replication.md, rules W6 and C6", over=GroupView, on=(FrameTooLarge,))
def frames_fit(view: GroupView) -> Iterable[Violation]:
    """Every record of a replica's journal is within the bound of a message, or has one record of the log, or
    one and a no-op; a head has none.
    """
    for fact in view.take(FrameTooLarge):
        yield Violation(
            f"a record {fact.record} in the journal of {fact.name} takes {fact.size} bytes; its bound is "
            f"{fact.bound}"
        )


@spec("always", source="the boundary's rule 7", over=GroupView, on=(QueueOverfull,))
def queues_stay_bounded(view: GroupView) -> Iterable[Violation]:
    """Every queue is within its named bound."""
    for fact in view.take(QueueOverfull):
        yield Violation(f"{fact.queue} of {fact.name} has {fact.length} elements; its bound is {fact.bound}")


@spec("always", source="the boundary's rule 9", over=GroupView, on=(Raised,))
def handlers_never_raise(view: GroupView) -> Iterable[Violation]:
    """No handler raises on anything that a peer, a client or a disk can give."""
    for fact in view.take(Raised):
        yield Violation(f"{fact.name} raised {fact.error} on {fact.message}")


def _names(things: Iterable[object]) -> str:
    return " and ".join(str(thing) for thing in things)


SPECS: tuple[AnySpec, ...] = (
    one_leader_per_ballot,
    configs_are_proposed_alone,
    chosen_entries_agree,
    chosen_entries_follow,
    logs_agree_up_to_commit,
    promises_never_go_back,
    durable_before_visible,
    sheds_are_noted,
    forgetful_never_vote,
    only_the_damaged_fall_silent,
    quorums_overlap,
    leader_applied_before_serving,
    one_lease_holder,
    commit_timestamps_increase,
    chosen_is_applied,
    records_name_their_config,
    log_cut_is_covered,
    tails_fit,
    frames_fit,
    queues_stay_bounded,
    handlers_never_raise,
)
"""The specs of this module, in the order in which they are listed."""
