"""The promises about routers' orders, as admins are given them and answer them."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.region import CopyUnanswered, OrderedTwice, RegionView

RPC = "Birrell and Nelson, Implementing RPC, 1984"


@spec("always", source=RPC, over=RegionView, on=(CopyUnanswered,))
def copies_of_orders_are_answered(view: RegionView) -> Iterable[Violation]:
    """A copy of an order is answered as it was: an admin keeps no fewer answers than its bound says."""
    for fact in view.take(CopyUnanswered):
        yield Violation(f"{fact.admin} had answered {fact.order}, and gave a copy of it no answer")


@spec("always", source=RPC, over=RegionView, on=(OrderedTwice,))
def orders_are_in_one_session(view: RegionView) -> Iterable[Violation]:
    """An order is given in another session only once it was answered that it had no effect in the one before:
    otherwise it might be obeyed twice, or its user be told too soon that it had no effect.
    """
    for fact in view.take(OrderedTwice):
        yield Violation(
            f"{fact.admin} was given {fact.order} in a new session, and {fact.before} had not said that"
            " it had no effect before"
        )


SPECS: tuple[AnySpec, ...] = (copies_of_orders_are_answered, orders_are_in_one_session)
"""The specs of this module."""
