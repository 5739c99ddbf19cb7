"""Routers' orders, as admins answer them, seen through a `RegionView`: whether a copy of an answered order
gets the answer again, and whether an order is given in one session at a time.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from dynaproof.impl.kept import keep_newest
from dynaproof.impl.metadata.orders import Declined, NotActive, Obeyed, Order
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.sessions import Session
from dynaproof.specs.observe.impl.place import Place, given, sent
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import CopyUnanswered, OrderedTwice, RegionView

Answer: TypeAlias = Obeyed | Declined | NotActive


class OrderObserver:
    """Files facts about the orders that one life of an admin takes; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (CopyUnanswered,)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView, most: int) -> None:
        self.view = view
        self.most = most
        """How many answers an admin keeps."""
        self.taken: dict[tuple[Session, int], bool] = {}
        self.answers: dict[RequestId, Answer] = {}
        """The newest answers, as an admin should have them."""

    def handled(self, place: Place, has_room: bool) -> None:
        """A handler of the admin has run. An admin without room leaves it to the router to order again."""
        order = given(place)
        if isinstance(order, Order) and has_room:
            said = self.answers.get(order.request)
            copy = (order.session, order.number) in self.taken
            self.taken[order.session, order.number] = True
            if copy and said is not None and said not in sent(place):
                self.view.file(CopyUnanswered(place.name, str(order.request)))
        for message in sent(place):
            if isinstance(message, (Obeyed, Declined, NotActive)):
                self.answers[message.request] = message
                keep_newest(self.answers, self.most)


class SessionObserver:
    """Files facts about the sessions in which all admins are given orders; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (OrderedTwice,)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView) -> None:
        self.view = view
        self.given: dict[RequestId, dict[tuple[str, Session], bool]] = {}
        """By order: which admins were given it in which sessions, and whether it may have an effect there."""

    def handled(self, place: Place) -> None:
        """A handler of an admin has run."""
        order = given(place)
        if isinstance(order, Order):
            there = self.given.setdefault(order.request, {})
            if (place.name, order.session) not in there:
                for (admin, _), may_act in there.items():
                    if may_act:
                        self.view.file(OrderedTwice(place.name, str(order.request), admin))
                there[place.name, order.session] = True
        for message in sent(place):
            if isinstance(message, NotActive):
                self.given.setdefault(message.request, {})[place.name, message.session] = False
