"""The states of models seen through views: what makes a model's invariant and a spec the same promise.

A model's invariants that name a spec (`@always(spec="...")`) must together agree with it on every state. A
single state has no steps, so all of its facts are fresh. Models do not record who leads a ballot, so the
leader gets the ballot's name.

A `GroupView` is of one log; a state with several logs has a view of each, and breaks a promise where any of
its views does. Where a model abstracts consensus to a chosen prefix, one voter stands for its quorums. What a
model itself decides (who may serve, what a restore gives) is taken from the model, so that a seeded bug is
seen; what the promise compares it with is computed by the spec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from dynaproof.model.admin_split import AdminSplit
from dynaproof.model.catch_up import CatchUp
from dynaproof.model.delete_split import DeleteSplit
from dynaproof.model.hosting import Hosting
from dynaproof.model.language import Model
from dynaproof.model.lease import Lease
from dynaproof.model.multi_paxos.promises import MultiPaxosPromises
from dynaproof.model.paxos import Paxos
from dynaproof.model.request_id import RequestId
from dynaproof.model.restore import Restore
from dynaproof.model.shard import Shard
from dynaproof.model.split import Split
from dynaproof.model.two_phase_commit import TwoPhaseCommit
from dynaproof.specs.views.base import View
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Accepted, Committed, Entry, FellSilent, Repeated, Unequal
from dynaproof.specs.views.lineage import (
    Descent,
    LineageCommitted,
    LineageView,
    MetadataCommitted,
    Owner,
    Restored,
)
from dynaproof.specs.views.region import RegionView, Removed
from dynaproof.specs.views.stream import Change, StreamShard, StreamView
from dynaproof.specs.views.transaction import TransactionView

Observe: TypeAlias = Callable[[Any, dict[str, Any]], Sequence[View[Any]]]

QUORUM = "a quorum"
"""The voter that stands for the quorums of a log whose consensus is abstracted."""


class Stamped(NamedTuple):
    """A chosen record of which only the commit timestamp matters."""

    timestamp: int
    surprises: tuple[()] = ()


def views_of(model: Model, state: tuple[Any, ...]) -> Sequence[View[Any]]:
    """The facts of one state of a model; StopIteration where the model has no view."""
    values = dict(zip(model.types, state, strict=True))
    model.begin(values)
    return next(see for kind, see in VIEWS if isinstance(model, kind))(model, values)


def observable(model: type[Model]) -> bool:
    """Whether a model has a view."""
    return any(issubclass(model, kind) for kind, _ in VIEWS)


def see_multi_paxos(model: MultiPaxosPromises, values: dict[str, Any]) -> list[GroupView]:
    """Votes as durable entries, what acceptors know chosen as commits, leaderships by ballot."""
    view = GroupView(tuple(model.Acceptor))
    records = {(b, n): values["records"][b - 1][n - 1] for b in model.Ballot for n in model.Slot}
    for b in model.Ballot:
        for _ in range(values["leaderships"][b - 1]):
            view.lead((b,), f"the leader of {b}")
    file_votes(view, {(a, n, b, records[b, n]) for a, b, n in values["votes"]})
    for a in model.Acceptor:
        for n in range(1, values["known"][a] + 1):
            view.file(Committed(a, n, values["log"][a][n - 1]))
    return [view]


def see_paxos(model: Paxos, values: dict[str, Any]) -> list[GroupView]:
    """Votes for a value as durable entries of slot 1."""
    view = GroupView(tuple(model.Acceptor))
    voted = [message[1:] for message in values["msgs"] if message[0] == "voted"]
    file_votes(view, {(a, 1, b, v) for a, b, v in voted})
    return [view]


def see_lease(model: Lease, _: dict[str, Any]) -> list[GroupView]:
    """The ballots that may serve by a lease now, as the model itself decides."""
    view = GroupView(tuple(model.Grantor))
    for b in model.Ballot:
        if model.may_serve(b):
            view.hold(f"the leader of {b}", (b,), view.tau + 1)
    return [view]


def see_request_id(_: RequestId, values: dict[str, Any]) -> list[GroupView]:
    """The chosen records of requests, in the order of the log: a request's second one is a repeat."""
    view = GroupView(())
    file_repeats(view, (record[1] for record in values["log"][: values["chosen"]]))
    return [view]


def see_catch_up(model: CatchUp, values: dict[str, Any]) -> list[GroupView]:
    """What replicas have on disk, readers' places, and the ids that replicas remember.

    Every chosen record counts as acknowledged. A replica is compared with the fold through the slot that it
    has applied, as if all were quiet there.
    """
    view = GroupView(tuple(model.Replica))
    for r in model.Replica:
        view.let_go(r, (1,))
        for n in range(1, values["last"][r] + 1):
            view.accept(r, n, Entry((1,), f"record {n}"), Stamped(n))
    for r in model.Replica:
        for n in range(1, values["cut"][r] + 1):
            del view.accepted[n][r]
        view.checkpoint(r, 0 if values["named_in_doubt"][r] else values["named"][r])
        view.cut(r, values["cut"][r] + 1, held=True)
        fold = {n for n in view.chosen if n <= values["applied"][r]}
        if len(fold) < values["applied"][r] or values["remembered"][r] != fold:
            view.file(Unequal(r, "remembered ids"))
    for k in model.Reader:
        view.holds[k] = values["cursor"][k]
    for n in view.chosen:
        view.acknowledge(f"the request of slot {n}", n)
    return [view]


def see_split(model: Split, values: dict[str, Any]) -> list[View[Any]]:
    """Who accepts writes, and the metadata; for each key the log of its line, parent's and child's as one.

    A child's leader begins with a no-op, behind the slot at which it thinks that its parent ended.
    """
    system = LineageView()
    system.key_space = (0, model.keys)
    parent = [("parent", 0, model.keys)] if values["parent_listed"] else []
    children = [(k, k, k + 1) for k in values["child_listed"]]
    system.file(MetadataCommitted("the table", (*parent, *children)))
    if model.parent_serves():
        system.own("parent", Owner(0, model.keys, system.tau + 1))
    for k in values["leads"]:
        system.own(k, Owner(k, k + 1, system.tau + 1))
    return [system, *(see_line(values, k) for k in model.Key)]


def see_line(values: dict[str, Any], k: int) -> GroupView:
    """The lineage of one key as a log, with the requests for the key and their acknowledgements."""
    ends = values["chosen"] if values["barrier"] is None else min(values["chosen"], values["barrier"])
    line = [(n, values["log"][n - 1]) for n in range(1, ends + 1)]
    if k in values["leads"]:
        at = values["base"][k] + 1
        line.append((at, None))
        line += [(at + j, (k, i)) for j, i in enumerate(sorted(i for c, i in values["written"] if c == k), 1)]
    view = GroupView((QUORUM,))
    view.let_go(QUORUM, (1,))
    for slot, (stamp, request) in enumerate(line, 1):
        view.accept(QUORUM, slot, Entry((1,), request), Stamped(stamp))
    requests = [request if request is not None and request[0] == k else None for _, request in line]
    file_repeats(view, requests)
    for request in sorted(one for one in values["acknowledged"] if one[0] == k):
        found = requests.index(request) + 1 if request in requests else len(line) + 1
        view.acknowledge(request, found)
    return view


def see_hosting(model: Hosting, values: dict[str, Any]) -> list[View[Any]]:
    """Who serves the keys of the child: it or its parent; and what its replicas have sent, recovered and
    given up.
    """
    system = LineageView()
    if model.parent_may_serve():
        system.own("parent", Owner(0, 1, system.tau + 1))
    if model.child_is_led():
        system.own("child", Owner(0, 1, system.tau + 1))
    child = GroupView(tuple(model.Node))
    for n in sorted(values["said"]):
        child.promise(n, (1,))
    for n in sorted(values["twice"]):
        child.recover(n, (0,))
    for n in sorted(values["silent"] - values["rotted"]):
        child.file(FellSilent(n))
    return [system, child]


def see_admin_split(model: AdminSplit, values: dict[str, Any]) -> list[View[Any]]:
    """The metadata with its lineage; and of each partition the voters, and those that have lost it: one write
    that was acknowledged before the split stands for all.
    """
    system = LineageView()
    system.key_space = (0, len(model.Key))
    keys = {p: [k for k in model.Key if model.in_range(p, k)] for p in model.Partition}
    ranges = {p: (keys[p][0], keys[p][-1] + 1) for p in model.Partition}
    listed, closed = values["listed"], values["closed"]
    system.file(MetadataCommitted("the table", tuple((p, *ranges[p]) for p in sorted(listed))))
    lineage = [Descent(p, p // 2 or None, *ranges[p], p in closed) for p in sorted(listed | closed)]
    system.file(LineageCommitted("the table", tuple(lineage)))
    views: list[View[Any]] = [system]
    for p in model.Partition:
        hosts = GroupView(tuple(model.Node))
        for q, n in sorted(values["gone"]):
            if q == p:
                hosts.forget(n)
        for q, n in sorted(values["there"]):
            if q == p:
                hosts.let_go(n, (1,))
        views.append(hosts)
    for p in sorted(listed):
        voters = tuple(n for n in model.Node if model.votes(p, n))
        group = GroupView(voters)
        for n in voters:
            group.let_go(n, (1,))
            if model.holds(p, n):
                group.accept(n, 1, Entry((1,), "a write"), Stamped(1))
        group.acknowledge("a write", 1)
        views.append(group)
    return views


def see_delete_split(model: DeleteSplit, values: dict[str, Any]) -> list[RegionView]:
    """The partitions of a table whose record is removed, each with the nodes that have a replica of it."""
    view = RegionView()
    for p in model.Partition if values["status"] == "gone" else ():
        left = tuple(f"node {n}" for n in model.Node if (p, n) in values["has"])
        view.file(Removed(p, model.nodes, left, ""))
    return [view]


def see_shard(model: Shard, values: dict[str, Any]) -> list[View[Any]]:
    """Each partition's log, whose only reader is its shard; the shards of the line, and the consumer.

    Every change is of the same item, and an image of it is the change that made it.
    """
    system = StreamView()
    views: list[View[Any]] = [system]
    split = next((n for n in model.Slot if values["log"][0][n - 1] == "split"), None)
    for p in model.Partition:
        image = system.changes[0][-1].new if p > 0 and system.changes[0] else None
        system.changes[p] = []
        for n in model.Slot:
            if values["log"][p][n - 1] == "change":
                system.changes[p].append(Change(n, "item", image, (p, n)))
                image = (p, n)
        if p == 0 and split is not None:
            system.log_ends[p] = split
        if values["opened"][p]:
            views.append(see_reader(f"shard {p}", values["cut"][p], values["last"][p]))
            kept = {change.slot: change for change in system.changes[p]}
            records = tuple(kept[n] for n in values["records"][p])
            closed = p == 0 and values["closed"]
            system.stream(p, StreamShard(None if p == 0 else 0, records, values["last"][p], closed))
            system.consume(p, values["processed"][p])
    return views


def see_reader(name: str, cut: int, through: int) -> GroupView:
    """A log of which only its beginning and its reader's place matter."""
    view = GroupView((QUORUM,))
    view.checkpoint(QUORUM, cut)
    view.holds[name] = through
    view.cut(QUORUM, cut + 1, held=True)
    return view


def see_restore(model: Restore, values: dict[str, Any]) -> list[LineageView]:
    """The chosen writes of the lineage, and what, by the model, a restore to every T on offer gives."""
    view = LineageView()
    view.descend(0, None, 0)
    for p in model.Partition:
        chosen = [(n, values["log"][p][n - 1]) for n in range(1, values["chosen"][p] + 1)]
        view.writes[p] = [(stamp, (p, n)) for n, (what, stamp) in chosen if what == "write"]
        for _, (what, stamp) in chosen:
            if what == "split":
                view.descend(1, 0, stamp)
                view.descend(2, 0, stamp)
    for t in model.Time:
        if t <= model.latest():
            writes = {
                leaf: tuple(
                    (p, n) for p in sorted({0, leaf}) for n in model.Slot if model.restored(p, n, t, leaf)
                )
                for leaf in model.Partition
                if model.is_leaf(leaf, t)
            }
            view.file(Restored(t, writes))
    return [view]


def see_two_phase_commit(model: TwoPhaseCommit, values: dict[str, Any]) -> list[TransactionView]:
    """One transaction, and the resource managers that have finished it."""
    view = TransactionView()
    for r in model.RM:
        if values["rm_state"][r] in {"committed", "aborted"}:
            view.decide("the transaction", r, values["rm_state"][r] == "committed")
    return [view]


def file_votes(view: GroupView, votes: set[tuple[int, int, int, Any]]) -> None:
    """Votes of (acceptor, slot, ballot, identity); every slot with one is fresh."""
    for a, n, b, identity in sorted(votes, key=repr):
        view.accept(a, n, Entry((b,), identity), None)
    view.fresh[Accepted] = [Accepted(n) for n in sorted({n for _, n, _, _ in votes})]


def file_repeats(view: GroupView, requests: Iterable[Any]) -> None:
    """The requests of chosen records in order, None where there is none: a second one is a repeat."""
    applied = []
    for request in requests:
        if request is not None and request in applied:
            view.file(Repeated(request, "has another chosen record"))
        applied.append(request)


VIEWS: tuple[tuple[type[Model], Observe], ...] = (
    (MultiPaxosPromises, see_multi_paxos),
    (Paxos, see_paxos),
    (Lease, see_lease),
    (RequestId, see_request_id),
    (CatchUp, see_catch_up),
    (Split, see_split),
    (Hosting, see_hosting),
    (AdminSplit, see_admin_split),
    (DeleteSplit, see_delete_split),
    (Shard, see_shard),
    (Restore, see_restore),
    (TwoPhaseCommit, see_two_phase_commit),
)
"""Each model that has a view, with how it is seen."""
