"""The states of models seen through a `View`: what makes a model's invariant and a spec the same promise.

A model's invariant that names a spec (`@always(spec="...")`) must agree with it on every state. A single
state has no steps, so all of its facts are fresh. Who leads a ballot is not kept in the models, so a ballot's
leader is named by it.

Source: DESIGN, 6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from model.language import Model
from model.lease import Lease
from model.multi_paxos import MultiPaxos
from model.paxos import Paxos
from model.request_id import RequestId
from specs.view import Entry, View

Observe: TypeAlias = Callable[[Any, dict[str, Any]], View]


def view_of(model: Model, state: tuple[Any, ...]) -> View:
    """The facts of one state of a model; KeyError where the model has no view."""
    values = dict(zip(model.types, state, strict=True))
    return next(see for kind, see in VIEWS if isinstance(model, kind))(model, values)


def observable(model: type[Model]) -> bool:
    """Whether a model has a view."""
    return any(issubclass(model, kind) for kind, _ in VIEWS)


def see_multi_paxos(model: MultiPaxos, values: dict[str, Any]) -> View:
    """Votes as durable entries, what acceptors know chosen as commits, leaderships by ballot."""
    view = View(tuple(model.Acceptor))
    records = {(b, n): values["records"][b - 1][n - 1] for b in model.Ballot for n in model.Slot}
    for b in model.Ballot:
        for _ in range(values["leaderships"][b - 1]):
            view.lead((b,), f"the leader of {b}")
    file_votes(view, {(a, n, b, records[b, n]) for a, b, n in values["votes"]})
    for a in model.Acceptor:
        for n in range(1, values["known"][a] + 1):
            view.file("committed", (a, n, values["log"][a][n - 1]))
    return view


def see_paxos(model: Paxos, values: dict[str, Any]) -> View:
    """Votes for a value as durable entries of slot 1."""
    view = View(tuple(model.Acceptor))
    voted = [message[1:] for message in values["msgs"] if message[0] == "voted"]
    file_votes(view, {(a, 1, b, v) for a, b, v in voted})
    return view


def see_lease(model: Lease, values: dict[str, Any]) -> View:
    """The ballots that may serve by a lease now, by the model's own word for it."""
    view = View(tuple(model.Grantor))
    model.begin(values)
    for b in model.Ballot:
        if model.may_serve(b):
            view.hold(f"the leader of {b}", (b,), view.tau + 1)
    return view


def see_request_id(_: RequestId, values: dict[str, Any]) -> View:
    """The chosen records of requests, in the order of the log: a request's second one is a repeat."""
    view = View(())
    applied = set()
    for record in values["log"][: values["chosen"]]:
        if record[1] is not None:
            if record[1] in applied:
                view.file("repeated", (record[1], "has another chosen record"))
            applied.add(record[1])
    return view


def file_votes(view: View, votes: set[tuple[int, int, int, Any]]) -> None:
    """Votes of (acceptor, slot, ballot, identity); every slot with one is fresh."""
    for a, n, b, identity in sorted(votes, key=repr):
        view.accept(a, n, Entry((b,), identity), None)
    view.fresh["accepted"] = sorted({n for _, n, _, _ in votes})


VIEWS: tuple[tuple[type[Model], Observe], ...] = (
    (MultiPaxos, see_multi_paxos),
    (Paxos, see_paxos),
    (Lease, see_lease),
    (RequestId, see_request_id),
)
"""Each model that has a view, with how it is seen."""
