"""The promises about tables under global admission: tokens are handed out once, and no request is served
without them.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.specs.spec import AnySpec, Violation, spec
from dynaproof.specs.views.capacity_facts import MICRO
from dynaproof.specs.views.region import RegionView
from dynaproof.specs.views.token_facts import (
    RequestPaid,
    TokensGranted,
    TokensHeld,
    TokensShort,
    WritePaid,
)

PAPER = "Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 4.3; impl/capacity/global_admission.py"


@spec("always", source=PAPER, over=RegionView, on=(TokensGranted,))
def tokens_are_granted_once(view: RegionView) -> Iterable[Violation]:
    """The service grants what a table's bucket holds, at a rate that the table was given, or, where it is
    full, what is asked for; each draw once, whatever is repeated, late or restarted; and a router never gets
    more than it may hold.
    """
    for fact in view.take(TokensGranted):
        where = f"{fact.bucket} grants {fact.router} {fact.grant} micro-units"
        if fact.level != fact.expected // MICRO:
            yield Violation(
                f"{where} of {fact.level}, and what it has granted leaves {fact.expected // MICRO}"
            )
        elif fact.grant * MICRO > max(0, fact.expected) and fact.expected < fact.capacity:
            yield Violation(f"{where}, and holds {fact.expected // MICRO}")
        elif fact.grant and fact.held + fact.grant > fact.most:
            yield Violation(f"{where}, which holds {fact.held} and may hold {fact.most}")
        elif fact.again:
            yield Violation(f"{where} for a draw that was granted before")
        elif not fact.given:
            yield Violation(f"{where} at a rate that the table was never given")


@spec("always", source=PAPER, over=RegionView, on=(TokensGranted, TokensShort))
def never_short_of_tokens_under_rate(view: RegionView) -> Iterable[Violation]:
    """A router throttles for want of tokens only if it holds less than the request costs, and the service has
    said that the bucket is short, or nothing for as long as it waits; and it says so only if it is.
    """
    for fact in view.take(TokensGranted):
        wanted = min(fact.asked, max(0, fact.most - fact.held))
        if fact.grant < wanted and fact.grant < fact.expected // MICRO:
            yield Violation(
                f"{fact.bucket} grants {fact.router} {fact.grant} micro-units of {wanted}, and holds "
                f"{fact.expected // MICRO}"
            )
    for short in view.take(TokensShort):
        if short.held >= short.cost:
            yield Violation(
                f"{short.router} throttles what costs {short.cost} micro-units, and holds {short.held} of "
                f"{short.bucket}"
            )
        elif not short.said and short.waited_us < short.draw_us:
            yield Violation(
                f"{short.router} throttles for want of tokens after {short.waited_us} us, "
                f"and is to wait {short.draw_us}"
            )


@spec("always", source=PAPER, over=RegionView, on=(TokensHeld,))
def routers_hold_what_they_were_granted(view: RegionView) -> Iterable[Violation]:
    """What a router holds is what it was granted, each answer once, less what it took for requests, owes and
    let go of: and never more than it may.
    """
    for fact in view.take(TokensHeld):
        where = f"{fact.router} holds {fact.held} micro-units of {fact.bucket} once some are {fact.what}"
        if fact.held != fact.expected:
            yield Violation(f"{where}, and should hold {fact.expected}")
        elif fact.held > fact.most:
            yield Violation(f"{where}, and may hold {fact.most}")
        elif fact.wrong:
            yield Violation(f"{where}: {fact.wrong}")


@spec("always", source=PAPER, over=RegionView, on=(RequestPaid, WritePaid))
def requests_are_paid_for(view: RegionView) -> Iterable[Violation]:
    """No write takes effect in a table under global admission without tokens that its router took for it; and
    what a request is answered to have cost is taken, or owed.
    """
    for fact in view.take(RequestPaid):
        if fact.paid < fact.consumed:
            yield Violation(
                f"{fact.request} has consumed {fact.consumed} micro-units, "
                f"and {fact.router} has paid {fact.paid}"
            )
    for write in view.take(WritePaid):
        if write.paid is None:
            yield Violation(f"{write.request} is chosen in {write.table}, and no router has paid for it")


SPECS: tuple[AnySpec, ...] = (
    tokens_are_granted_once,
    never_short_of_tokens_under_rate,
    routers_hold_what_they_were_granted,
    requests_are_paid_for,
)
"""The specs of this module, in the order in which they are listed."""
