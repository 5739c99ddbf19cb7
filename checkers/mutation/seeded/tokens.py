"""Bugs of global admission: what the token service grants, what routers hold, and what they forward. Those of
the arithmetic are the ones that the proofs refute (`capacity_controllers`), hunted here where they show.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.mutation.seeded import capacity_controllers as arithmetic
from dynaproof.checkers.patches import Bug, Edit, bug

SERVICE = "dynaproof.impl.tokens.service"
PURSES = "dynaproof.impl.router.tokens"
FORWARDING = "dynaproof.impl.router.forwarding"

GLOBAL = "global-admission"


def in_the_system(found: Bug) -> Bug:
    """A bug of the arithmetic, hunted in a run."""
    return structs.replace(found, scenario=GLOBAL)


BUGS = (
    in_the_system(arithmetic.GRANTS_WHAT_IS_ASKED),
    in_the_system(arithmetic.HOARDS),
    in_the_system(arithmetic.GRANT_NOT_CHARGED),
    in_the_system(arithmetic.EXPIRED_AND_KEPT),
    in_the_system(arithmetic.RETURNED_TWICE),
    in_the_system(arithmetic.USED_AND_KEPT),
    in_the_system(arithmetic.SETTLED_FOR_NOTHING),
    bug(
        "draws_granted_again",
        "The service grants a copy of a draw once more.",
        Edit(
            SERVICE,
            "if last is not None and (m.boot, m.number) <= (last.boot, last.number):",
            "if last is not None and m.number < 0:",
        ),
        scenario=GLOBAL,
        breaks=("tokens_are_granted_once",),
    ),
    bug(
        "returned_to_another_life",
        "What a draw carries back counts, whichever life of the bucket it was drawn of.",
        Edit(SERVICE, "m.returned if m.life == tokens.life else 0", "m.returned"),
        scenario=GLOBAL,
        breaks=("tokens_are_granted_once",),
    ),
    bug(
        "bucket_begins_full",
        "A bucket at the service begins full, whenever the service starts.",
        Edit(SERVICE, "level = succeeded(False, 0, 0, fill.rate, fill.capacity)", "level = fill.capacity"),
        scenario=GLOBAL,
        breaks=("tokens_are_granted_once",),
    ),
    bug(
        "older_rate_stands",
        "A router that knows an older version of what the table is given changes its bucket back.",
        Edit(SERVICE, "if m.version > tokens.version:", "if m.version != tokens.version:"),
        scenario=GLOBAL,
        breaks=("tokens_are_granted_once",),
    ),
    bug(
        "late_answers_credited",
        "A router takes each answer of the service for one to the draw that is under way.",
        Edit(PURSES, "if (m.boot, m.number) != (purse.draw.boot, purse.draw.number):", "if m.number < 0:"),
        scenario=GLOBAL,
        breaks=("routers_hold_what_they_were_granted",),
    ),
    bug(
        "throttles_before_it_hears",
        "A router throttles who waits for tokens when a draw has to be sent again.",
        Edit(
            PURSES,
            "if self.env.now < purse.until:\n    self.send_again",
            "if self.env.now < 0:\n    self.send_again",
        ),
        scenario=GLOBAL,
        breaks=("never_short_of_tokens_under_rate",),
    ),
    bug(
        "goes_on_without_tokens",
        "A router that hears nothing from the service forwards what waits.",
        Edit(
            PURSES,
            "self.refuse(timer.of, purse, number, index, cost, 0)",
            "self.spenders.has_tokens(number, index, Paid(timer.of, cost))",
        ),
        scenario=GLOBAL,
        breaks=("routers_hold_what_they_were_granted",),
    ),
    bug(
        "writes_need_no_tokens",
        "Routers forward writes without tokens.",
        Edit(
            PURSES,
            'if given is None or given.adapts != "global":',
            'if given is None or given.adapts != "global" or not isinstance(operation, READS):',
        ),
        scenario=GLOBAL,
        breaks=("requests_are_paid_for",),
    ),
    bug(
        "estimate_is_final",
        "A router never settles: a request has cost what was taken for it.",
        Edit(FORWARDING, "elif consumed > paid.cost:", "elif consumed < 0:"),
        scenario=GLOBAL,
        breaks=("requests_are_paid_for",),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""
