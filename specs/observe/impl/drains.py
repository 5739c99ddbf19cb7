"""Orders to drain nodes, or no longer, and the records of these nodes, seen through a `RegionView`."""

from __future__ import annotations

from typing import ClassVar

from dynaproof.impl.metadata.orders import Declined, DrainNode, NotActive, Obeyed, Order
from dynaproof.impl.metadata.records import NodeRecord
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.sessions import Session
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.observe.impl.place import Place, given, sent
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import DrainChanged, DrainObeyed, RegionView


class DrainObserver:
    """Files facts about nodes that are drained; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (DrainChanged, DrainObeyed)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView, metadata: MetadataObserver) -> None:
        self.view = view
        self.metadata = metadata
        self.under_way: dict[tuple[RequestId, str, Session], tuple[DrainNode, int]] = {}
        """By request, admin and session: an order that the admin was given in that session, and what was
        acknowledged before; until it is answered for good, or had no effect in that session.
        """
        self.over: dict[RequestId, bool] = {}
        """Orders that were obeyed or declined."""
        self.said: dict[str, list[tuple[int, bool]]] = {}
        """By node: whether its record says that it is drained, and from which slot on."""

    def handled(self, place: Place) -> None:
        """A handler of an admin has run."""
        m = given(place)
        if isinstance(m, Order) and isinstance(m.action, DrainNode) and m.request not in self.over:
            asked = (m.action, self.metadata.acknowledged())
            self.under_way.setdefault((m.request, place.name, m.session), asked)
        for message in sent(place) if self.under_way else ():
            if isinstance(message, Obeyed | Declined):
                self.answered(message)
            elif isinstance(message, NotActive):
                self.under_way.pop((message.request, place.name, message.session), None)

    def answered(self, m: Obeyed | Declined) -> None:
        """An order is answered for good."""
        found = [key for key in self.under_way if key[0] == m.request]
        asked = [self.under_way.pop(key) for key in found]
        if not asked:
            return
        self.over[m.request] = True
        if isinstance(m, Obeyed):
            order, since = asked[0]
            said = self.said.get(order.name, [])
            first = sum(slot <= since for slot, _ in said) - 1
            done = any(draining == order.draining for _, draining in said[max(first, 0) :])
            self.view.file(DrainObeyed(order.name, order.draining, done))

    def changed(self, before: NodeRecord | None, after: NodeRecord | None) -> None:
        """The record of a node is made, becomes another, or is removed."""
        record = after or before
        assert record is not None, "it is made or removed"
        was, now = before is not None and before.draining, after is not None and after.draining
        if was != now:
            ordered = any(order == DrainNode(record.name, now) for order, _ in self.under_way.values())
            self.view.file(DrainChanged(record.name, now, ordered))
        if was != now or before is None:
            self.said.setdefault(record.name, []).append((self.metadata.slot, now))
